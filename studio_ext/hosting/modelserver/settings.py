"""What ``instance.json`` says of a model server, and where its files are."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...files import read_json
from ...run.layout import temporary

STARTUP_TIMEOUT_S = 600.0
INVOCATION_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Settings:
    """One instance. ``environment`` is the container's; paths are of archives on this machine.

    ``image`` is the image's URI, whose tag decides how old images answered. Times in seconds.
    ``hidden`` are folders in which the model finds nothing but what is its own. ``request_id`` is
    that of the API request that had it started.
    """

    id: str
    python: str
    framework: str
    workers: int
    socket_dir: str
    endpoint: str = ""
    variant: str = ""
    image: str = ""
    model_archive: str | None = None
    code_archive: str | None = None
    environment: dict[str, str] = field(default_factory=dict, repr=False)  # may hold a key
    environments: str | None = None
    startup_timeout_s: float = STARTUP_TIMEOUT_S
    invocation_timeout_s: float = INVOCATION_TIMEOUT_S
    request_id: str = ""
    hidden: list[str] = field(default_factory=list)

    @property
    def tag(self) -> str:
        """``1.7-1`` of ``.../sagemaker-xgboost:1.7-1``."""
        return self.image.rsplit(":", 1)[1] if ":" in self.image.rsplit("/", 1)[-1] else ""

    def socket(self, number: int) -> str:
        """Socket of a worker; short, because such paths are limited to 108 bytes."""
        return socket_path(self.socket_dir, self.id, number)


def socket_path(folder: str | os.PathLike[str], identity: str, number: int) -> str:
    """Socket of worker ``number`` of an instance, which has a folder of its own for them."""
    digest = hashlib.sha256(identity.encode()).hexdigest()[:12]
    return os.path.join(folder, digest, f"{number}.sock")


class Folder:
    """Paths of one instance below its folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.instance = root / "instance.json"
        self.status = root / "status.json"
        self.lock = root / "lock"
        self.log = root / "log"
        self.index = root / "log.index"
        self.journal = root / "supervisor.log"
        self.ml = root / "opt" / "ml"
        self.layer = root / "env"
        self.home = root / "home"
        self.tmp = temporary(root)

    def settings(self) -> Settings:
        """Read ``instance.json``; keys that are not known are for others."""
        document: dict[str, Any] = read_json(self.instance) or {}
        known = {k: v for k, v in document.items() if k in Settings.__dataclass_fields__}
        known["workers"] = max(1, int(known.get("workers") or os.cpu_count() or 1))
        return Settings(**known)
