"""Script mode: what SageMaker's framework images do between ``train`` and the user's script.

They read the files of ``/opt/ml/input/config``, tell the script about the job in ``SM_*``
variables and in command line arguments, and choose how to start the entry point.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ML = "/opt/ml"
RESERVED = frozenset(
    {
        "sagemaker_program",
        "sagemaker_submit_directory",
        "sagemaker_enable_cloudwatch_metrics",
        "sagemaker_region",
        "sagemaker_container_log_level",
        "sagemaker_job_name",
        "sagemaker_s3_output",
        "default_user_module_name",
        "_tuning_objective_metric",
    }
)
DISTRIBUTION_FLAGS = (
    "sagemaker_mpi_enabled",
    "sagemaker_parameter_server_enabled",
    "sagemaker_distributed_dataparallel_enabled",
    "sagemaker_pytorch_ddp_enabled",
    "sagemaker_pytorch_xla_multi_worker_enabled",
    "sagemaker_multi_worker_mirrored_strategy_enabled",
    "sagemaker_torch_distributed_enabled",
)
INFO = 20


@dataclass(frozen=True)
class Machine:
    """What the job is told of its machine."""

    cpus: int
    gpus: int


@dataclass(frozen=True)
class Toolkit:
    """The contract of one job. ``base`` is the folder that the script knows as ``/opt/ml``."""

    hyperparameters: Mapping[str, str]
    resource_config: Mapping[str, Any]
    input_data_config: Mapping[str, Any]
    environment: Mapping[str, str]
    machine: Machine
    base: str = ML

    @property
    def decoded(self) -> dict[str, Any]:
        """Every hyperparameter; those that are JSON decoded, the others as they are."""
        return {key: _decode(value) for key, value in self.hyperparameters.items()}

    @property
    def settings(self) -> dict[str, Any]:
        """Hyperparameters that speak to the toolkit, not to the script."""
        return {key: value for key, value in self.decoded.items() if _is_setting(key)}

    @property
    def script_hyperparameters(self) -> dict[str, Any]:
        """Hyperparameters of the script."""
        return {key: value for key, value in self.decoded.items() if not _is_setting(key)}

    @property
    def framework_parameters(self) -> dict[str, Any]:
        """Settings beyond the reserved names, such as those of distributed training."""
        return {key: value for key, value in self.settings.items() if key not in RESERVED}

    @property
    def distribution(self) -> list[str]:
        """Switches of distributed training that are on."""
        return [flag for flag in DISTRIBUTION_FLAGS if self.framework_parameters.get(flag)]

    @property
    def entry_point(self) -> str | None:
        """File or module to run, None in algorithm mode."""
        program = self.environment.get("SAGEMAKER_PROGRAM")
        return program or self.settings.get("sagemaker_program")

    @property
    def submit_directory(self) -> str:
        """Where the code came from: an ``s3://`` URI, or a path."""
        return str(self.settings.get("sagemaker_submit_directory", f"{self.base}/code"))

    def arguments(self) -> list[str]:
        """Command line of the script, as ``--key value`` sorted by key (``-k`` for one letter)."""
        arguments: list[str] = []
        for key, value in sorted(self.script_hyperparameters.items()):
            dashes = "" if not key else "-" if len(key) == 1 else "--"
            arguments += [f"{dashes}{key}", _argument(value)]
        return arguments

    def variables(self) -> dict[str, str]:
        """Every ``SM_*`` variable, and the few others the toolkit leaves to the script."""
        facts = self._facts()
        described = {
            **{name: facts[name] for name in _PUBLISHED},
            "hps": self.script_hyperparameters,
            "framework_params": self.framework_parameters,
            "channels": sorted(self.input_data_config),
            "user_args": self.arguments(),
            "training_env": facts,
        }
        for name, path in facts["channel_input_dirs"].items():
            described[f"channel_{name}"] = path
        for key, value in self.script_hyperparameters.items():
            described[f"hp_{key}"] = value
        region = self.settings.get("sagemaker_region") or self.environment.get("AWS_REGION")
        return {
            "SAGEMAKER_JOB_NAME": str(self.settings.get("sagemaker_job_name", "")),
            "SAGEMAKER_REGION": str(region or ""),
            "CURRENT_HOST": self.resource_config["current_host"],
            **{
                f"SM_{name.upper()}": _variable(value)
                for name, value in described.items()
                if "=" not in name  # which no variable's name can have
            },
        }

    def _facts(self) -> dict[str, Any]:
        """What ``SM_TRAINING_ENV`` says, by the toolkit's names."""
        return {**self._paths(), **self._cluster(), **self._job()}

    def _paths(self) -> dict[str, Any]:
        base = self.base
        return {
            "channel_input_dirs": {
                name: f"{base}/input/data/{name}" for name in self.input_data_config
            },
            "input_dir": f"{base}/input",
            "input_config_dir": f"{base}/input/config",
            "model_dir": f"{base}/model",
            "output_dir": f"{base}/output",
            "output_data_dir": f"{base}/output/data",
            "output_intermediate_dir": f"{base}/output/intermediate",
        }

    def _cluster(self) -> dict[str, Any]:
        config = self.resource_config
        groups = {group["instance_group_name"]: group for group in config["instance_groups"]}
        group = config.get("current_group_name", "homogeneousCluster")
        distributed = self.framework_parameters.get(
            "sagemaker_distribution_instance_groups", [group] if self.distribution else []
        )
        hosts = [host for name in groups if name in distributed for host in groups[name]["hosts"]]
        master = (hosts or list(config["hosts"]))[0]
        return {
            "current_host": config["current_host"],
            "current_instance_type": config.get("current_instance_type", "local"),
            "current_instance_group": group,
            "current_instance_group_hosts": groups.get(group, {}).get("hosts", []),
            "distribution_hosts": hosts,
            "distribution_instance_groups": distributed,
            "hosts": config["hosts"],
            "instance_groups": list(groups),
            "instance_groups_dict": groups,
            "is_hetero": len(groups) > 1,
            "is_master": config["current_host"] == master,
            "master_hostname": master,
            "network_interface_name": config.get("network_interface_name", "eth0"),
            "resource_config": dict(config),
            "topology": config.get("topology", []),
        }

    def _job(self) -> dict[str, Any]:
        model_parallel = self.environment.get("SM_HP_MP_PARAMETERS")
        program = self.entry_point
        return {
            "additional_framework_parameters": self.framework_parameters,
            "framework_module": self.environment.get("SAGEMAKER_TRAINING_MODULE"),
            "hyperparameters": self.script_hyperparameters,
            "input_data_config": dict(self.input_data_config),
            "is_modelparallel_enabled": model_parallel and model_parallel != "{}",
            "is_smddpmprun_installed": False,
            "is_smddprun_installed": False,
            "job_name": self.environment.get("TRAINING_JOB_NAME"),
            "log_level": self.settings.get("sagemaker_container_log_level", INFO),
            "module_dir": self.submit_directory,
            # The toolkit says "None", the word, when there is no entry point.
            "module_name": str(program).removesuffix(".py"),
            "num_cpus": self.machine.cpus,
            "num_gpus": self.machine.gpus,
            "num_neurons": 0,
            "user_entry_point": program,
        }


_PUBLISHED = [
    "hosts",
    "network_interface_name",
    "user_entry_point",
    "resource_config",
    "input_data_config",
    "output_data_dir",
    "current_host",
    "current_instance_type",
    "current_instance_group",
    "current_instance_group_hosts",
    "instance_groups",
    "instance_groups_dict",
    "distribution_instance_groups",
    "is_hetero",
    "module_name",
    "log_level",
    "framework_module",
    "input_dir",
    "input_config_dir",
    "output_dir",
    "num_cpus",
    "num_gpus",
    "num_neurons",
    "model_dir",
    "module_dir",
    "output_intermediate_dir",
]


@dataclass(frozen=True)
class EntryPoint:
    """How a script is started; ``kind`` is package, script or shell."""

    kind: str
    command: list[str]


def entry_point(folder: Path, name: str, arguments: list[str]) -> EntryPoint:
    """Choose how to start ``name`` in ``folder``; FileNotFoundError when it is not there."""
    package = not name.endswith(".sh") and (folder / "setup.py").exists()
    if package:
        return EntryPoint("package", ["python", "-m", name.removesuffix(".py"), *arguments])
    if not (folder / name).is_file():
        found = ", ".join(sorted(os.listdir(folder))) or "nothing"
        raise FileNotFoundError(
            f"the entry point {name} is not in the code folder, which has {found}"
        )
    if name.endswith(".py"):
        return EntryPoint("script", ["python", name, *arguments])
    return EntryPoint("shell", ["/bin/sh", "-c", shlex.join([f"./{name}", *arguments])])


def _is_setting(key: str) -> bool:
    return key in RESERVED or key.startswith("sagemaker_")


def _decode(value: Any) -> Any:
    try:
        return json.loads(value)
    except (ValueError, TypeError):
        return value


def _variable(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _argument(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return ",".join(f"{key}={item}" for key, item in sorted(value.items()))
    return str(value)
