"""What a job is: the description a runner takes, the status it gives, and SageMaker's files.

Pure data and pure functions on the standard library alone, because the job's supervisor, which
must start fast and survive the server, reads them too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

ML = "/opt/ml"
CODE = "/opt/ml/code"
HOST = "algo-1"
GROUP = "homogeneousCluster"
REASON_LIMIT = 1024


@dataclass(frozen=True)
class Channel:
    """Files that a job finds in one folder.

    ``files`` pairs an absolute source path with a path relative to ``destination``. Inputs are
    shared with the object store and protected from the script; a ``writable`` channel
    (checkpoints to go on from) is copied and belongs to the job. In a ``scratch`` one the job may
    write; what it does there is for itself alone.
    """

    name: str
    destination: str
    files: list[tuple[str, str]] = field(default_factory=list)
    writable: bool = False
    scratch: bool = False


@dataclass(frozen=True)
class Pack:
    """A folder to pack into ``packs/<archive>`` when the job ends.

    An empty folder gives an archive only with ``keep_empty``; a failed job only with
    ``on_failure``.
    """

    source: str
    archive: str
    keep_empty: bool = False
    on_failure: bool = False


@dataclass(frozen=True)
class JobSpec:
    """All that a runner needs to know of a job; paths in it are the job's own (``/opt/ml/...``).

    ``toolkit`` asks for what SageMaker's framework images do around a script: ``SM_*`` variables
    and, when ``command`` is empty, running the entry point that ``sagemaker_program`` names.
    ``config`` maps a path relative to ``config_folder`` to a JSON value. ``archives`` are
    pairs of a tar.gz path and the folder to extract it in. ``cpus`` sets the thread counts of
    numeric libraries, it does not pin cores. ``hidden`` are folders of this machine in which the
    job finds nothing but what is its own. ``memory_bytes`` is checked about once a second.
    ``request_id`` is that of the API request the job runs for, ``version`` Studio's.
    """

    id: str
    name: str
    python: str
    command: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict, repr=False)  # holds a key
    channels: list[Channel] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    config_folder: str = "/opt/ml/input/config"
    archives: list[tuple[str, str]] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    toolkit: bool = False
    requirements: bool = False
    packs: list[Pack] = field(default_factory=list)
    max_runtime_s: float | None = None
    stop_grace_s: float = 120
    memory_bytes: int | None = None
    hidden: list[str] = field(default_factory=list)
    cpus: float | None = None
    request_id: str = ""
    version: str = ""

    def to_json(self) -> dict[str, Any]:
        """The spec as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> JobSpec:
        """Read back what :meth:`to_json` gave."""
        values = dict(data)
        values["channels"] = [
            Channel(**{**item, "files": [(source, path) for source, path in item["files"]]})
            for item in values.get("channels", [])
        ]
        values["packs"] = [Pack(**item) for item in values.get("packs", [])]
        values["archives"] = [(source, folder) for source, folder in values.get("archives", [])]
        return cls(**values)


@dataclass(frozen=True)
class Transition:
    """One secondary status of a job; times in seconds since the epoch, ``end`` None while in it."""

    status: str
    start: float
    end: float | None
    message: str


@dataclass(frozen=True)
class JobStatus:
    """What is known of a job.

    ``phase``: Starting, Downloading, Training, Uploading or Done. ``outcome`` (once Done):
    Completed, Failed, Stopped or MaxRuntimeExceeded. ``alive``: its supervisor runs. A status
    that is neither Done nor alive belongs to a job whose supervisor was killed. ``packs`` maps
    an archive name to ``{"path", "size", "md5"}`` (md5 in hex).
    """

    phase: str
    transitions: list[Transition]
    pid: int
    alive: bool = True
    outcome: str | None = None
    exit_code: int | None = None
    failure_class: str | None = None
    failure: str | None = None
    exit_message: str | None = None
    packs: dict[str, dict[str, Any]] = field(default_factory=dict)
    stopping: bool = False

    @property
    def failure_reason(self) -> str | None:
        """``FailureReason`` as SageMaker words it, at most 1,024 characters."""
        if self.failure is None:
            return None
        ending = "" if self.exit_code is None else f", exit code: {self.exit_code}"
        text = f"{self.failure_class or 'AlgorithmError'}: {self.failure}"
        return text[: REASON_LIMIT - len(ending)] + ending

    def failed(self, kind: str, reason: str) -> JobStatus:
        """This status with a failure as its outcome."""
        reason = reason[:REASON_LIMIT]
        return replace(self, outcome="Failed", failure_class=kind, failure=reason)

    def to_json(self) -> dict[str, Any]:
        """The status as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any], alive: bool) -> JobStatus:
        """Read back what :meth:`to_json` gave; ``alive`` is for the reader to find out."""
        transitions = [Transition(**item) for item in data["transitions"]]
        return cls(**{**data, "transitions": transitions, "alive": alive})


def training_config(request: Mapping[str, Any]) -> dict[str, Any]:
    """Files of ``/opt/ml/input/config`` for a ``CreateTrainingJob`` request."""
    config = {
        "hyperparameters.json": hyperparameters(request),
        "resourceconfig.json": resource_config(request),
        "inputdataconfig.json": input_data_config(request),
    }
    if "CheckpointConfig" in request:
        local = request["CheckpointConfig"].get("LocalPath", f"{ML}/checkpoints")
        config["checkpointconfig.json"] = {**request["CheckpointConfig"], "LocalPath": local}
    return config


def hyperparameters(request: Mapping[str, Any]) -> dict[str, str]:
    """The flat map of strings, exactly as it was sent."""
    return {key: str(value) for key, value in request.get("HyperParameters", {}).items()}


def resource_config(request: Mapping[str, Any]) -> dict[str, Any]:
    """The cluster as a job sees it: one host, since the process runner has one machine."""
    resources = request.get("ResourceConfig", {})
    groups = resources.get("InstanceGroups") or [
        {"InstanceGroupName": GROUP, "InstanceType": resources.get("InstanceType", "local")}
    ]
    group = groups[0]
    return {
        "current_host": HOST,
        "current_instance_type": group["InstanceType"],
        "current_group_name": group["InstanceGroupName"],
        "hosts": [HOST],
        "instance_groups": [
            {
                "instance_group_name": group["InstanceGroupName"],
                "instance_type": group["InstanceType"],
                "hosts": [HOST],
            }
        ],
        "network_interface_name": "eth0",
    }


def input_data_config(request: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """How each channel is delivered, by channel name."""
    default_mode = request.get("AlgorithmSpecification", {}).get("TrainingInputMode", "File")
    return {
        channel["ChannelName"]: _channel_config(channel, default_mode)
        for channel in request.get("InputDataConfig", [])
    }


def _channel_config(channel: Mapping[str, Any], default_mode: str) -> dict[str, str]:
    source = channel.get("DataSource", {}).get("S3DataSource", {})
    config = {
        "TrainingInputMode": channel.get("InputMode", default_mode),
        "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
        "RecordWrapperType": channel.get("RecordWrapperType", "None"),
    }
    if channel.get("ContentType"):
        config["ContentType"] = channel["ContentType"]
    return config


def platform_environment(name: str, arn: str, region: str) -> dict[str, str]:
    """Variables SageMaker sets in every training container."""
    return {"TRAINING_JOB_NAME": name, "TRAINING_JOB_ARN": arn, "AWS_REGION": region}
