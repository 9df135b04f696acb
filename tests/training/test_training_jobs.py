"""Training jobs from CreateTrainingJob to S3, through a real client."""

from __future__ import annotations

import json
import os
import signal
import zipfile
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from studio_plane import SKLEARN, XGBOOST, Studio, members, wait_for

from studio_ext.control.admission import room_of
from studio_ext.jobs.inputs import staging_folder

TRAIN = """
import argparse, json, os, pathlib, sys
parser = argparse.ArgumentParser()
parser.add_argument("--rounds", type=int)
arguments = parser.parse_args()
for step in range(arguments.rounds):
    print(f"step={step} loss={1 / (step + 1):.4f};", flush=True)
model = pathlib.Path(os.environ["SM_MODEL_DIR"], "model.json")
model.write_text(json.dumps({
    "train": sorted(os.listdir(os.environ["SM_CHANNEL_TRAIN"])),
    "hard": open("/opt/ml/input/data/train/a.csv").read(),
    "color": os.environ["COLOR"],
}))
pathlib.Path("/opt/ml/output/data/report.txt").write_text("fine")
"""


#: Ignores that it is asked to end, when begun with such a handler.
LONG = """
print("begun", flush=True)
for _ in range(600):
    time.sleep(0.1)
"""


def channel(uri: str, name: str = "train", **extra: str) -> dict[str, object]:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}, **extra}


def test_a_job_succeeds(studio: Studio) -> None:
    studio.put("success/data/a.csv", "1,2\n")
    uri = studio.put("success/data/sub/b.csv", "3,4\n").rpartition("/sub")[0]
    definitions = [{"Name": "loss", "Regex": "loss=([0-9.]+);"}]
    done = studio.run(
        "success",
        TRAIN,
        hyperparameters={"rounds": 3},
        InputDataConfig=[channel(uri)],
        Environment={"COLOR": "blue"},
        AlgorithmSpecification={
            "TrainingImage": SKLEARN,
            "TrainingInputMode": "File",
            "MetricDefinitions": definitions,
        },
    )
    assert done["TrainingJobStatus"] == "Completed", studio.log("success")
    model = done["ModelArtifacts"]["S3ModelArtifacts"]
    assert model == f"s3://{studio.bucket}/out/success/output/model.tar.gz"
    written = json.loads(members(studio.get(model))["model.json"])
    assert written == {"train": ["a.csv", "sub"], "hard": "1,2\n", "color": "blue"}
    output = members(studio.get(model.replace("model.tar.gz", "output.tar.gz")))
    assert output == {"report.txt": b"fine"}
    metric = done["FinalMetricDataList"][0]
    assert (metric["MetricName"], round(metric["Value"], 4)) == ("loss", 0.3333)
    series = studio.plane.store.metrics.series("000000000000/training-job/success")
    assert [(step, value) for _, step, value in series[0].points] == [
        (0, 1.0),
        (1, 0.5),
        (2, pytest.approx(0.3333)),
    ]
    statuses = [t["Status"] for t in done["SecondaryStatusTransitions"]]
    assert statuses == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert all("EndTime" in t for t in done["SecondaryStatusTransitions"])
    assert done["TrainingStartTime"] <= done["TrainingEndTime"]
    assert done["TrainingTimeInSeconds"] >= 1
    world = studio.plane.world
    assert not staging_folder(world, studio.job_id("success")).exists()
    assert world.store.credentials.of_purpose(f"job {studio.job_id('success')}") is None
    # What is in the archive is not in the job's folder a second time.
    assert not list((world.config.jobs_dir / studio.job_id("success") / "packs").iterdir())


def test_a_failing_script_says_why(studio: Studio) -> None:
    done = studio.run(
        "fails",
        """
        import pathlib
        pathlib.Path("/opt/ml/output/data/partial.txt").write_text("half")
        raise ValueError("no such column: age")
        """,
    )
    assert done["TrainingJobStatus"] == done["SecondaryStatus"] == "Failed"
    assert done["FailureReason"].startswith("AlgorithmError:")
    assert "no such column: age" in done["FailureReason"]
    assert done["SecondaryStatusTransitions"][-1]["StatusMessage"] == done["FailureReason"]
    assert "ModelArtifacts" not in done
    partial = studio.get(f"s3://{studio.bucket}/out/fails/output/output.tar.gz")
    assert members(partial) == {"partial.txt": b"half"}


def test_missing_input_fails_the_job(studio: Studio) -> None:
    done = studio.run("no-input", InputDataConfig=[channel(f"s3://{studio.bucket}/nothing/here")])
    assert done["TrainingJobStatus"] == "Failed"
    assert "No S3 objects found under" in done["FailureReason"]
    assert "'train'" in done["FailureReason"]
    assert "TrainingStartTime" not in done
    assert "BillableTimeInSeconds" not in done


def test_the_scripts_error_outlives_a_missing_bucket(studio: Studio) -> None:
    studio.s3.create_bucket(Bucket="gone-soon")
    studio.job(
        "lost-bucket",
        """
        import os, time
        while not os.path.exists("/opt/ml/input/data/go"): time.sleep(0.05)
        os.makedirs("/opt/ml/output/data", exist_ok=True)
        open("/opt/ml/output/data/x", "w").close()
        raise ValueError("the script's own")
        """,
        OutputDataConfig={"S3OutputPath": "s3://gone-soon/out"},
    )
    studio.until("lost-bucket", "Training")
    studio.s3.delete_bucket(Bucket="gone-soon")
    folder = studio.config.jobs_dir / studio.job_id("lost-bucket") / "opt/ml/input/data"
    (folder / "go").touch()
    assert "the script's own" in studio.ended("lost-bucket")["FailureReason"]


def test_stop_gives_the_script_time_and_keeps_its_model(studio: Studio) -> None:
    studio.job(
        "stopped",
        """
        import pathlib, signal, sys, time
        def end(*_):
            pathlib.Path("/opt/ml/model/partial").write_text("so far")
            sys.exit(0)
        signal.signal(signal.SIGTERM, end)
        print("ready", flush=True)
        time.sleep(600)
        """,
    )
    wait_for(lambda: "ready" in studio.log("stopped"))
    studio.sagemaker.stop_training_job(TrainingJobName="stopped")
    done = studio.ended("stopped")
    assert done["TrainingJobStatus"] == done["SecondaryStatus"] == "Stopped"
    model = members(studio.get(done["ModelArtifacts"]["S3ModelArtifacts"]))
    assert model == {"partial": b"so far"}
    assert "Stopping" in [t["Status"] for t in done["SecondaryStatusTransitions"]]
    with pytest.raises(ClientError, match="only a job in progress") as caught:
        studio.sagemaker.stop_training_job(TrainingJobName="stopped")
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_a_job_ends_at_its_time_limit(studio: Studio) -> None:
    done = studio.run(
        "too-long",
        "import time; time.sleep(600)",
        StoppingCondition={"MaxRuntimeInSeconds": 1},
    )
    assert (done["TrainingJobStatus"], done["SecondaryStatus"]) == (
        "Stopped",
        "MaxRuntimeExceeded",
    )


def test_jobs_wait_their_turn_and_can_be_stopped_waiting(studio: Studio) -> None:
    script = """
    import os, time
    while not os.path.exists("/opt/ml/output/go"): time.sleep(0.05)
    """
    names = [f"turn-{number}" for number in range(5)]
    for name in names:
        studio.job(name, script)
    studio.until("turn-1", "Training")
    room = room_of(studio.config, "ml.m5.large")
    assert studio.last_word(studio.until("turn-2", "Pending")) == (
        f"Waiting for 2 free cores and {room.memory_bytes / 2**30:.1f} GiB of free memory"
    )
    studio.sagemaker.stop_training_job(TrainingJobName="turn-2")
    stopped = studio.ended("turn-2")
    assert stopped["TrainingJobStatus"] == "Stopped"
    assert "TrainingStartTime" not in stopped
    assert not (studio.config.jobs_dir / studio.job_id("turn-2") / "log").exists()
    for name in ("turn-0", "turn-1", "turn-3", "turn-4"):
        studio.until(name, "Training")
        (studio.config.jobs_dir / studio.job_id(name) / "opt/ml/output/go").touch()
    ended = [studio.ended(name) for name in ("turn-0", "turn-1", "turn-3", "turn-4")]
    assert {job["TrainingJobStatus"] for job in ended} == {"Completed"}
    assert ended[2]["TrainingStartTime"] >= min(j["TrainingEndTime"] for j in ended[:2])


def test_checkpoints_are_stored_and_resumed_from(studio: Studio) -> None:
    script = """
    import pathlib
    folder = pathlib.Path("/opt/ml/checkpoints")
    epoch = max([int(p.name) for p in (folder / "epochs").glob("*")], default=0) + 1
    (folder / "epochs").mkdir(exist_ok=True)
    (folder / "epochs" / str(epoch)).write_text(f"epoch {epoch}")
    pathlib.Path("/opt/ml/output/message").write_text(f"reached {epoch}")
    """
    config = {"S3Uri": f"s3://{studio.bucket}/ckpt"}
    for epoch in (1, 2):
        done = studio.run(f"epoch-{epoch}", script, CheckpointConfig=config)
        assert done["TrainingJobStatus"] == "Completed", studio.log(f"epoch-{epoch}")
        assert studio.last_word(done) == f"reached {epoch}"
        stored = studio.get(f"s3://{studio.bucket}/ckpt/epochs/{epoch}")
        assert stored == f"epoch {epoch}".encode()


def test_an_uncompressed_model(studio: Studio) -> None:
    done = studio.run(
        "plain",
        """
        import pathlib
        pathlib.Path("/opt/ml/model/code").mkdir()
        pathlib.Path("/opt/ml/model/code/x.py").write_text("x = 1")
        """,
        OutputDataConfig={"S3OutputPath": f"s3://{studio.bucket}/out", "CompressionType": "NONE"},
    )
    prefix = f"s3://{studio.bucket}/out/plain/output/model/"
    assert done["ModelArtifacts"]["S3ModelArtifacts"] == prefix
    assert studio.get(f"{prefix}code/x.py") == b"x = 1"


def test_requirements_from_a_local_package(studio: Studio, tmp_path: Path) -> None:
    wheel = tmp_path / "tinypack-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("tinypack.py", "ANSWER = 42")
        info = "tinypack-1.0.dist-info"
        file.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tinypack\nVersion: 1.0\n")
        file.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{info}/RECORD", "")
    done = studio.run(
        "needs-more",
        "import tinypack; open('/opt/ml/output/message', 'w').write(str(tinypack.ANSWER))",
        files={"requirements.txt": f"--no-index\n{wheel}\n"},
    )
    assert done["TrainingJobStatus"] == "Completed", studio.log("needs-more")
    assert studio.last_word(done) == "42"


def test_fast_file_and_a_command_of_its_own(studio: Studio) -> None:
    uri = studio.put("fast/one.txt", "one")
    done = studio.run(
        "fast",
        HyperParameters={},
        AlgorithmSpecification={
            "TrainingImage": SKLEARN,
            "TrainingInputMode": "FastFile",
            "ContainerEntrypoint": ["/bin/sh", "-c"],
            "ContainerArguments": ["cat /opt/ml/input/data/in/one.txt > /opt/ml/output/message"],
        },
        InputDataConfig=[channel(uri, "in")],
    )
    assert studio.last_word(done) == "one", studio.log("fast")


def test_a_killed_supervisor_fails_the_job(studio: Studio) -> None:
    studio.job("killed", "import time; print('on', flush=True); time.sleep(600)")
    wait_for(lambda: "on" in studio.log("killed"))
    status = studio.plane.world.runner.observe(studio.job_id("killed"))
    assert status is not None
    os.kill(status.pid, signal.SIGKILL)
    done = studio.ended("killed")
    assert done["FailureReason"].startswith("InternalServerError: the job's supervisor was killed")


def test_a_job_that_was_being_stopped_when_its_supervisor_was_killed(studio: Studio) -> None:
    studio.job("ending", "import signal, time\nsignal.signal(15, lambda *_: 0)\n" + LONG)
    studio.until("ending", "Training")
    wait_for(lambda: "begun" in studio.log("ending"))
    studio.sagemaker.stop_training_job(TrainingJobName="ending")
    studio.until("ending", "Stopping")
    status = studio.config.jobs_dir / studio.job_id("ending") / "status.json"
    os.kill(json.loads(status.read_text())["pid"], signal.SIGKILL)
    assert studio.ended("ending")["TrainingJobStatus"] == "Stopped"


def test_delete_and_use_the_name_again(studio: Studio) -> None:
    changes = {
        "AlgorithmSpecification": {
            "TrainingImage": SKLEARN,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "m", "Regex": "m=([0-9.]+)"}],
        }
    }
    first = studio.run("again", "print('m=1'); print('m=2')", **changes)
    folder = studio.config.jobs_dir / studio.job_id("again")
    studio.sagemaker.delete_training_job(TrainingJobName="again")
    assert not folder.exists()
    with pytest.raises(ClientError, match="not found"):
        studio.describe("again")
    second = studio.run("again", "print('m=5')", **changes)
    assert second["CreationTime"] > first["CreationTime"]
    points = studio.plane.store.metrics.series("000000000000/training-job/again")[0].points
    assert [value for *_, value in points] == [5.0]


def test_a_job_in_progress_cannot_be_deleted(studio: Studio) -> None:
    studio.job("busy", "import time; time.sleep(600)")
    with pytest.raises(ClientError, match="only a job that has ended"):
        studio.sagemaker.delete_training_job(TrainingJobName="busy")
    studio.sagemaker.stop_training_job(TrainingJobName="busy")
    studio.ended("busy")


def test_the_builtin_algorithm(studio: Studio) -> None:
    rows = "\n".join(f"{int(x > 5)},{x},{x % 3}" for x in range(12))
    uri = studio.put("builtin/train.csv", rows)
    done = studio.run(
        "builtin",
        AlgorithmSpecification={"TrainingImage": XGBOOST, "TrainingInputMode": "File"},
        HyperParameters={
            "num_round": "3",
            "objective": "binary:logistic",
            "eval_metric": "logloss",
            "min_child_weight": "0",
        },
        InputDataConfig=[channel(uri, ContentType="text/csv")],
    )
    assert done["TrainingJobStatus"] == "Completed", studio.log("builtin")
    names = [m["MetricName"] for m in done["FinalMetricDataList"]]
    assert names == ["train:logloss"]
    usual = {each["Name"] for each in done["AlgorithmSpecification"]["MetricDefinitions"]}
    assert {"train:logloss", "validation:auc", "validation:rmse"} <= usual
    again = {k: done[k] for k in ("AlgorithmSpecification", "HyperParameters", "InputDataConfig")}
    studio.job("builtin-again", **again)  # a description is a request
    studio.ended("builtin-again")
    assert members(studio.get(done["ModelArtifacts"]["S3ModelArtifacts"])).keys() == {
        "xgboost-model"
    }


def test_archives_that_cannot_be_read_fail_the_job(studio: Studio) -> None:
    parameters = {
        "sagemaker_program": '"train.py"',
        "sagemaker_submit_directory": f'"s3://{studio.bucket}/code/none.tar.gz"',
    }
    done = studio.run("no-code", HyperParameters=parameters)
    assert "code/none.tar.gz cannot be read" in done["FailureReason"]
