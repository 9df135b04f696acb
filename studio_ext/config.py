"""Where Studio keeps its things and how much of the machine it may use."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import Any

from traitlets import Bool, Float, Int, TraitError, Unicode, default, validate
from traitlets.config import Configurable

DEFAULT_DOMAIN = "default"
DEFAULT_USER_PROFILE = "default"
_PROFILE = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")


class Config(Configurable):
    """Settings of one Studio home; every process of a Studio reads the same ones."""

    home = Unicode(help="Folder that holds the database, objects, jobs and endpoints.").tag(
        config=True
    )
    database_url = Unicode(
        help="URL of the metadata database, postgresql://user@host/database; SQLite in the home "
        "by default. One with a password is better set as STUDIO_DATABASE_URL: command lines show."
    ).tag(config=True)
    object_store_url = Unicode(
        help="URL of an S3-compatible store to use instead of local files: s3+http://host:port."
    ).tag(config=True)
    host = Unicode("127.0.0.1", help="Address the API listens on.").tag(config=True)
    port = Int(0, help="Port of the API; 0 takes a free one once and keeps it.").tag(config=True)
    region = Unicode("us-east-1", help="Region name that ARNs and clients carry.").tag(config=True)
    account_id = Unicode(
        "000000000000", help="Account id of the default user profile, which its ARNs carry."
    ).tag(config=True)
    user_profile = Unicode(
        help="User profile of the default domain that the panels and kernels of this server are."
    ).tag(config=True)
    max_cores = Float(help="Cores that running jobs may use together.").tag(config=True)
    max_memory_bytes = Int(help="Memory that running jobs may take together.").tag(config=True)
    max_job_memory_bytes = Int(
        help="The most memory a job gets, whatever its instance type; past its share it is ended, "
        "with a clear reason."
    ).tag(config=True)

    audit_data_events = Bool(
        help="Whether the audit log has calls for objects, metrics and log events too."
    ).tag(config=True)
    audit_days = Int(365, min=90, help="For how many days the audit log is kept.").tag(config=True)
    flow_root = Unicode(
        help="Folder below which the flows of this server's user profile may read files; "
        "JupyterLab's root there. Empty: flows read s3:// addresses alone."
    ).tag(config=True)
    flow_processes = Int(
        8, min=1, help="How many flows may be worked on at once, each by a process of its own."
    ).tag(config=True)
    flow_memory_bytes = Int(
        min=256 << 20, help="The most memory that the process of a flow gets."
    ).tag(config=True)
    flow_idle_s = Float(
        600.0, min=1.0, help="After so many seconds without a request a flow's process ends."
    ).tag(config=True)
    flow_request_s = Float(
        120.0, min=1.0, help="A request about a flow that takes longer is ended; runs are not."
    ).tag(config=True)
    flow_run_s = Float(
        3600.0, min=1.0, help="A run of a flow (StartFlowRun) that takes longer is ended."
    ).tag(config=True)

    share_home = Bool(
        True,
        help="Whether to work beside another control plane of this home, sharing its work by "
        "leases; `studio serve` refuses unless it is told --share or STUDIO_SHARED=1.",
    ).tag(config=True)

    @default("home")
    def _default_home(self) -> str:
        return os.environ.get("STUDIO_HOME") or str(Path.home() / ".studio")

    @validate("home")
    def _absolute_home(self, proposal: Any) -> str:
        return str(Path(proposal["value"]).expanduser().absolute())

    @default("database_url")
    def _default_database_url(self) -> str:
        return default_database_url(self.path)

    @default("object_store_url")
    def _default_object_store_url(self) -> str:
        return os.environ.get("STUDIO_OBJECT_STORE_URL", "")

    @default("user_profile")
    def _default_user_profile(self) -> str:
        return os.environ.get("STUDIO_USER_PROFILE") or DEFAULT_USER_PROFILE

    @validate("user_profile")
    def _named_user_profile(self, proposal: Any) -> str:
        name = str(proposal["value"])
        if not _PROFILE.fullmatch(name):
            raise TraitError(f"user_profile: {name!r} is not the name of a user profile")
        return name

    @default("audit_data_events")
    def _default_audit_data_events(self) -> bool:
        return os.environ.get("STUDIO_AUDIT_DATA_EVENTS", "") not in ("", "0")

    @default("max_cores")
    def _default_max_cores(self) -> float:
        return float(os.environ.get("STUDIO_MAX_CORES") or len(os.sched_getaffinity(0)))

    @default("max_job_memory_bytes")
    def _default_max_job_memory_bytes(self) -> int:
        return self.max_memory_bytes

    @default("flow_memory_bytes")
    def _default_flow_memory_bytes(self) -> int:
        return max(min(4 << 30, self.max_memory_bytes // 2), 512 << 20)

    @default("max_memory_bytes")
    def _default_max_memory_bytes(self) -> int:
        if (set_to := os.environ.get("STUDIO_MAX_MEMORY_GB")) is not None:
            return int(float(set_to) * 2**30)
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * 9 // 10

    @property
    def path(self) -> Path:
        """The home as a path."""
        return Path(self.home)

    def credentials_path(self, user_profile: str) -> Path:
        """The file with the access key that the home keeps for a user profile."""
        if user_profile == DEFAULT_USER_PROFILE:
            return self.path / "credentials.json"
        return self.path / "users" / f"{user_profile}.json"

    @property
    def objects_dir(self) -> Path:
        """Data files of the object store."""
        return self.path / "objects"

    @property
    def jobs_dir(self) -> Path:
        """One folder for each job."""
        return self.path / "jobs"

    @property
    def endpoints_dir(self) -> Path:
        """One folder for each model server instance."""
        return self.path / "endpoints"

    @property
    def environments_dir(self) -> Path:
        """Cached environments made from requirements files."""
        return self.path / "environments"

    @property
    def flows_dir(self) -> Path:
        """What the processes of flows work with, and what came of their runs."""
        return self.path / "flows"

    @property
    def run_dir(self) -> Path:
        """What running processes say of themselves (ports, process ids)."""
        return self.path / "run"

    @property
    def logs_dir(self) -> Path:
        """Logs of Studio's own processes."""
        return self.path / "logs"

    @property
    def socket_dir(self) -> Path:
        """A short folder for Unix sockets, whose paths are limited to 108 bytes."""
        digest = hashlib.sha256(self.home.encode()).hexdigest()[:8]
        return Path(tempfile.gettempdir()) / f"studio-{os.getuid()}" / digest

    @property
    def role_arn(self) -> str:
        """ARN of the default user profile's execution role."""
        return role_of(self.account_id)

    @property
    def default_bucket(self) -> str:
        """The bucket the SageMaker SDK uses for the default user profile when none is named."""
        return self.bucket_of(self.account_id)

    def bucket_of(self, account: str) -> str:
        """The bucket the SageMaker SDK uses for an account when none is named."""
        return f"sagemaker-{self.region}-{account}"

    def arn(self, resource: str, account: str) -> str:
        """``arn:aws:sagemaker:<region>:<account>:<resource>``."""
        return f"arn:aws:sagemaker:{self.region}:{account}:{resource}"

    def make_folders(self) -> None:
        """Create the home, readable by its owner alone."""
        for folder in (
            self.path,
            self.objects_dir,
            self.jobs_dir,
            self.endpoints_dir,
            self.environments_dir,
            self.run_dir,
            self.logs_dir,
        ):
            folder.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)
        make_private(self.socket_dir.parent)
        make_private(self.socket_dir)


def role_of(account: str) -> str:
    """ARN of the one execution role that an account's jobs take."""
    return f"arn:aws:iam::{account}:role/StudioExecutionRole"


def default_database_url(home: Path) -> str:
    """The database of a home for which no other is set."""
    return os.environ.get("STUDIO_DATABASE_URL") or f"sqlite:///{home / 'studio.db'}"


def make_private(folder: Path) -> None:
    """Create a folder that only this user can enter; refuse one that another user owns."""
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if status.st_uid != os.getuid() or not folder.is_dir() or folder.is_symlink():
        raise PermissionError(f"{folder} belongs to another user; remove it or set TMPDIR")
    folder.chmod(0o700)
