"""The contract: JSON forms, SageMaker's config files, script mode's variables and commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from studio_ext.run import contract
from studio_ext.run.contract import Channel, JobSpec, JobStatus, Pack, Transition
from studio_ext.run.script_mode import Machine, Toolkit, entry_point

REQUEST = {
    "TrainingJobName": "job-1",
    "HyperParameters": {
        "sagemaker_program": '"train.py"',
        "sagemaker_submit_directory": '"s3://bucket/sourcedir.tar.gz"',
        "sagemaker_job_name": '"job-1"',
        "sagemaker_region": '"us-east-1"',
        "sagemaker_mpi_enabled": "false",
        "_tuning_objective_metric": "acc",
        "max-depth": "3",
        "e": "5",
        "flag": "true",
        "nothing": "null",
        "nested": '{"b": 2, "a": "x"}',
        "items": "[1, 2]",
        "quoted": '"text"',
        "raw": "raw text",
        "empty": "",
    },
    "AlgorithmSpecification": {"TrainingInputMode": "FastFile"},
    "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1},
    "InputDataConfig": [
        {
            "ChannelName": "train",
            "ContentType": "csv",
            "InputMode": "File",
            "DataSource": {"S3DataSource": {"S3DataDistributionType": "ShardedByS3Key"}},
        },
        {"ChannelName": "my-val.x"},
    ],
}


def toolkit(base: str = "/opt/ml", **hyperparameters: str) -> Toolkit:
    request = {**REQUEST, "HyperParameters": {**REQUEST["HyperParameters"], **hyperparameters}}
    config = contract.training_config(request)
    return Toolkit(
        config["hyperparameters.json"],
        config["resourceconfig.json"],
        config["inputdataconfig.json"],
        {"TRAINING_JOB_NAME": "job-1", "AWS_REGION": "eu-west-1"},
        Machine(cpus=2, gpus=0),
        base,
    )


def test_spec_and_status_survive_json() -> None:
    spec = JobSpec(
        id="a",
        name="b",
        python="/p",
        channels=[Channel("train", "/opt/ml/input/data/train", [("/s", "r")], writable=True)],
        archives=[("/a.tar.gz", "/opt/ml/code")],
        packs=[Pack("/opt/ml/model", "model.tar.gz", keep_empty=True)],
        max_runtime_s=3.5,
    )
    assert JobSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec
    status = JobStatus("Done", [Transition("Starting", 1.0, 2.0, "m")], 7, outcome="Completed")
    text = json.dumps(status.to_json())
    assert JobStatus.from_json(json.loads(text), alive=True) == status


def test_training_config() -> None:
    config = contract.training_config(REQUEST)
    assert config["hyperparameters.json"] == REQUEST["HyperParameters"]
    assert config["inputdataconfig.json"] == {
        "train": {
            "ContentType": "csv",
            "TrainingInputMode": "File",
            "S3DistributionType": "ShardedByS3Key",
            "RecordWrapperType": "None",
        },
        "my-val.x": {
            "TrainingInputMode": "FastFile",
            "S3DistributionType": "FullyReplicated",
            "RecordWrapperType": "None",
        },
    }
    assert config["resourceconfig.json"] == {
        "current_host": "algo-1",
        "current_instance_type": "ml.m5.xlarge",
        "current_group_name": "homogeneousCluster",
        "hosts": ["algo-1"],
        "instance_groups": [
            {
                "instance_group_name": "homogeneousCluster",
                "instance_type": "ml.m5.xlarge",
                "hosts": ["algo-1"],
            }
        ],
        "network_interface_name": "eth0",
    }
    assert "checkpointconfig.json" not in config


def test_checkpoints_have_a_default_place() -> None:
    config = contract.training_config({"CheckpointConfig": {"S3Uri": "s3://b/c"}})
    assert config["checkpointconfig.json"] == {
        "S3Uri": "s3://b/c",
        "LocalPath": "/opt/ml/checkpoints",
    }


def test_arguments_are_sorted_and_written_as_python_prints_them() -> None:
    assert toolkit().arguments() == [
        *("-e", "5"),
        *("--empty", ""),
        *("--flag", "True"),
        *("--items", "[1, 2]"),
        *("--max-depth", "3"),
        *("--nested", "a=x,b=2"),
        *("--nothing", ""),
        *("--quoted", "text"),
        *("--raw", "raw text"),
    ]


def test_variables() -> None:
    got = toolkit().variables()
    expected = {
        "CURRENT_HOST": "algo-1",
        "SAGEMAKER_JOB_NAME": "job-1",
        "SAGEMAKER_REGION": "us-east-1",
        "SM_CHANNELS": '["my-val.x","train"]',
        "SM_CHANNEL_TRAIN": "/opt/ml/input/data/train",
        "SM_CHANNEL_MY-VAL.X": "/opt/ml/input/data/my-val.x",
        "SM_CURRENT_HOST": "algo-1",
        "SM_CURRENT_INSTANCE_GROUP": "homogeneousCluster",
        "SM_CURRENT_INSTANCE_GROUP_HOSTS": '["algo-1"]',
        "SM_CURRENT_INSTANCE_TYPE": "ml.m5.xlarge",
        "SM_DISTRIBUTION_INSTANCE_GROUPS": "[]",
        "SM_FRAMEWORK_MODULE": "",
        "SM_FRAMEWORK_PARAMS": '{"sagemaker_mpi_enabled":false}',
        "SM_HOSTS": '["algo-1"]',
        "SM_HP_MAX-DEPTH": "3",
        "SM_HP_FLAG": "true",
        "SM_HP_NOTHING": "",
        "SM_HP_NESTED": '{"a":"x","b":2}',
        "SM_HP_QUOTED": "text",
        "SM_INPUT_CONFIG_DIR": "/opt/ml/input/config",
        "SM_INPUT_DIR": "/opt/ml/input",
        "SM_INSTANCE_GROUPS": '["homogeneousCluster"]',
        "SM_IS_HETERO": "false",
        "SM_LOG_LEVEL": "20",
        "SM_MODEL_DIR": "/opt/ml/model",
        "SM_MODULE_DIR": "s3://bucket/sourcedir.tar.gz",
        "SM_MODULE_NAME": "train",
        "SM_NETWORK_INTERFACE_NAME": "eth0",
        "SM_NUM_CPUS": "2",
        "SM_NUM_GPUS": "0",
        "SM_NUM_NEURONS": "0",
        "SM_OUTPUT_DATA_DIR": "/opt/ml/output/data",
        "SM_OUTPUT_DIR": "/opt/ml/output",
        "SM_OUTPUT_INTERMEDIATE_DIR": "/opt/ml/output/intermediate",
        "SM_USER_ENTRY_POINT": "train.py",
    }
    assert {key: got[key] for key in expected} == expected
    assert json.loads(got["SM_HPS"])["items"] == [1, 2]
    assert "sagemaker_program" not in json.loads(got["SM_HPS"])
    assert json.loads(got["SM_USER_ARGS"]) == toolkit().arguments()
    assert json.loads(got["SM_RESOURCE_CONFIG"])["hosts"] == ["algo-1"]


def test_training_env_has_every_fact_of_the_toolkit() -> None:
    facts = json.loads(toolkit().variables()["SM_TRAINING_ENV"])
    assert set(facts) == {
        "additional_framework_parameters",
        "channel_input_dirs",
        "current_host",
        "current_instance_group",
        "current_instance_group_hosts",
        "current_instance_type",
        "distribution_hosts",
        "distribution_instance_groups",
        "framework_module",
        "hosts",
        "hyperparameters",
        "input_config_dir",
        "input_data_config",
        "input_dir",
        "instance_groups",
        "instance_groups_dict",
        "is_hetero",
        "is_master",
        "is_modelparallel_enabled",
        "is_smddpmprun_installed",
        "is_smddprun_installed",
        "job_name",
        "log_level",
        "master_hostname",
        "model_dir",
        "module_dir",
        "module_name",
        "network_interface_name",
        "num_cpus",
        "num_gpus",
        "num_neurons",
        "output_data_dir",
        "output_dir",
        "output_intermediate_dir",
        "resource_config",
        "topology",
        "user_entry_point",
    }
    assert (facts["job_name"], facts["is_master"], facts["module_name"]) == ("job-1", True, "train")


def test_another_base_moves_every_path() -> None:
    variables = toolkit("/jobs/1/opt/ml").variables()
    assert variables["SM_CHANNEL_TRAIN"] == "/jobs/1/opt/ml/input/data/train"
    assert variables["SM_MODEL_DIR"] == "/jobs/1/opt/ml/model"


def test_distribution_is_seen() -> None:
    on = toolkit(sagemaker_torch_distributed_enabled="true")
    assert on.distribution == ["sagemaker_torch_distributed_enabled"]
    assert on.variables()["SM_DISTRIBUTION_INSTANCE_GROUPS"] == '["homogeneousCluster"]'


def test_program_from_the_environment_wins() -> None:
    own = Toolkit({"sagemaker_program": "a.py"}, {}, {}, {"SAGEMAKER_PROGRAM": "b.py"},
                  Machine(1, 0))  # fmt: skip
    assert own.entry_point == "b.py"


def test_entry_point_kinds(tmp_path: Path) -> None:
    for name in ("train.py", "run.sh", "tool"):
        (tmp_path / name).touch()
    script = entry_point(tmp_path, "train.py", ["--a", "1"])
    assert (script.kind, script.command) == ("script", ["python", "train.py", "--a", "1"])
    shell = entry_point(tmp_path, "run.sh", ["--a", "x y"])
    assert (shell.kind, shell.command) == ("shell", ["/bin/sh", "-c", "./run.sh --a 'x y'"])
    assert entry_point(tmp_path, "tool", []).kind == "shell"
    with pytest.raises(FileNotFoundError, match=r"run\.sh, tool, train\.py"):
        entry_point(tmp_path, "other.py", [])
    (tmp_path / "setup.py").touch()
    package = entry_point(tmp_path, "train.py", [])
    assert (package.kind, package.command) == ("package", ["python", "-m", "train"])
    assert entry_point(tmp_path, "run.sh", []).kind == "shell"


def test_failure_reason_keeps_its_ending() -> None:
    status = JobStatus("Done", [], 1, outcome="Failed", exit_code=3, failure="x" * 2000)
    assert status.failure_reason is not None
    assert len(status.failure_reason) == 1024
    assert status.failure_reason.endswith("xx, exit code: 3")
    assert JobStatus("Done", [], 1).failure_reason is None
