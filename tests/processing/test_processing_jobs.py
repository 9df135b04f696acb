"""Processing jobs from CreateProcessingJob to S3, through a real client."""

from __future__ import annotations

import json
import os
import signal
from datetime import datetime

import pytest
from botocore.exceptions import ClientError
from processing_jobs import OUT, Jobs, given, left
from studio_plane import Studio, wait_for

WORK = """
import json, os, pathlib, sys
config = json.load(open("/opt/ml/config/processingjobconfig.json"))
resources = json.load(open("/opt/ml/config/resourceconfig.json"))
data = pathlib.Path("/opt/ml/processing/input/data")
out = pathlib.Path("/opt/ml/processing/output")
(data / "extra").write_text("a job may write beside its inputs")
(out / "deep").mkdir()
(out / "deep" / "seen.json").write_text(json.dumps({
    "files": sorted(str(p.relative_to(data)) for p in data.rglob("*") if p.is_file()),
    "arguments": sys.argv[1:],
    "color": os.environ["COLOR"],
    "job": config["ProcessingJobName"],
    "mode": config["ProcessingInputs"][1]["S3Input"]["S3InputMode"],
    "output": config["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["LocalPath"],
    "hosts": resources["hosts"],
}))
pathlib.Path("/opt/ml/output/message").write_text("all seen")
print("worked", flush=True)
"""
ENDLESS = "import time\nprint('begun', flush=True)\nfor _ in range(6000):\n    time.sleep(0.1)\n"


def test_a_job_finds_its_inputs_and_leaves_its_outputs(studio: Studio, jobs: Jobs) -> None:
    studio.put("work/data/a.csv", "1,2\n")
    uri = studio.put("work/data/sub/b.csv", "3,4\n").rpartition("/sub")[0]
    arguments = ["--rows", "a b", "--config '{\"x\": 1}'"]
    experiment = {"ExperimentName": "e", "TrialName": "t"}
    done = jobs.run(
        "seer",
        WORK,
        inputs=[given(uri, "/opt/ml/processing/input/data", "data")],
        arguments=arguments,
        Environment={"COLOR": "blue"},
        NetworkConfig={"EnableNetworkIsolation": False},
        ExperimentConfig=experiment,
    )
    assert done["ProcessingJobStatus"] == "Completed", jobs.log("seer")
    assert json.loads(studio.get(f"{jobs.uri('seer')}/deep/seen.json")) == {
        "files": ["a.csv", "extra", "sub/b.csv"],
        "arguments": arguments,
        "color": "blue",
        "job": "seer",
        "mode": "File",
        "output": OUT,
        "hosts": ["algo-1"],
    }
    assert jobs.keys("processed/seer/") == ["deep/seen.json"]
    assert jobs.keys("work/data/") == ["a.csv", "sub/b.csv"], "the inputs stay as they are"
    assert done["ExitMessage"] == "all seen"
    assert done["ExperimentConfig"] == experiment
    assert done["AppSpecification"]["ContainerArguments"] == arguments
    assert done["ProcessingInputs"][1]["S3Input"]["S3DataDistributionType"] == "FullyReplicated"
    assert done["CreationTime"] <= done["ProcessingStartTime"] <= done["ProcessingEndTime"]
    folder = studio.config.jobs_dir / jobs.job_id("seer")
    assert not list(folder.rglob("*.csv")), "nothing keeps objects that are deleted"


def test_the_log_has_its_group(studio: Studio, jobs: Jobs) -> None:
    jobs.run("logged", "print('a line')")
    group = "/aws/sagemaker/ProcessingJobs"
    (stream,) = studio.logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="logged/")[
        "logStreams"
    ]
    assert stream["logStreamName"].startswith("logged/algo-1-")
    events = studio.logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])
    assert [event["message"] for event in events["events"]] == ["a line"]


def test_a_failing_script_says_why_and_leaves_nothing(jobs: Jobs) -> None:
    done = jobs.run(
        "fails",
        f"""
        open("{OUT}/half", "w").write("not all of it")
        raise ValueError("no such column: age")
        """,
    )
    assert done["ProcessingJobStatus"] == "Failed"
    assert done["FailureReason"].startswith("AlgorithmError:")
    assert "no such column: age" in done["FailureReason"]
    assert jobs.keys("processed/fails/") == []


def test_what_is_stored_continuously_is_there_while_the_job_runs(jobs: Jobs) -> None:
    jobs.start(
        "streams",
        f"""
        import os, time
        open("{OUT}/first", "w").write("1")
        while not os.path.exists("/opt/ml/processing/go"): time.sleep(0.05)
        open("{OUT}/second", "w").write("2")
        raise SystemExit(3)
        """,
        outputs=[left(jobs.uri("streams"), mode="Continuous")],
    )
    wait_for(lambda: jobs.keys("processed/streams/") == ["first"])
    assert jobs.describe("streams")["ProcessingJobStatus"] == "InProgress"
    folder = jobs.studio.config.jobs_dir / jobs.job_id("streams")
    (folder / "opt/ml/processing/go").touch()
    done = jobs.ended("streams")
    assert (done["ProcessingJobStatus"], "exit code: 3" in done["FailureReason"]) == (
        "Failed",
        True,
    )
    assert jobs.keys("processed/streams/") == ["first", "second"]


def test_stop_gives_the_script_time(jobs: Jobs) -> None:
    script = f"""
    import pathlib, signal, sys
    def end(*_):
        pathlib.Path("/opt/ml/output/message").write_text("asked to end")
        pathlib.Path("{OUT}/half").write_text("x")
        sys.exit(0)
    signal.signal(signal.SIGTERM, end)
    """
    jobs.start("stopped", "\n".join(line[4:] for line in script.splitlines()) + "\n" + ENDLESS)
    wait_for(lambda: "begun" in jobs.log("stopped"))
    stop = jobs.studio.sagemaker.stop_processing_job
    stop(ProcessingJobName="stopped")
    done = jobs.ended("stopped")
    assert (done["ProcessingJobStatus"], done["ExitMessage"]) == ("Stopped", "asked to end")
    assert jobs.keys("processed/stopped/") == []
    with pytest.raises(ClientError, match="only a job in progress"):
        stop(ProcessingJobName="stopped")


def test_a_job_ends_at_its_time_limit(jobs: Jobs) -> None:
    done = jobs.run("too-long", ENDLESS, StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert done["ProcessingJobStatus"] == "Stopped"


def test_missing_input_fails_the_job(jobs: Jobs) -> None:
    uri = f"s3://{jobs.studio.bucket}/nothing/here"
    done = jobs.run("no-input", inputs=[given(uri, "/opt/ml/processing/in", "data")])
    assert "No S3 objects found under" in done["FailureReason"]
    assert "'data'" in done["FailureReason"]


def test_a_manifest_and_an_output_inside_an_input(studio: Studio, jobs: Jobs) -> None:
    for name in ("a", "b", "c"):
        studio.put(f"listed/{name}", name)
    manifest = json.dumps([{"prefix": f"s3://{studio.bucket}/listed/"}, "a", "c"])
    folder = "/opt/ml/processing/listed"
    done = jobs.run(
        "listed",
        f"""
        import os
        names = ",".join(sorted(n for n in os.listdir("{folder}") if n != "made"))
        open("{folder}/made/names", "w").write(names)
        """,
        inputs=[given(studio.put("m.json", manifest), folder, "data", S3DataType="ManifestFile")],
        outputs=[left(jobs.uri("listed"), f"{folder}/made")],
    )
    assert done["ProcessingJobStatus"] == "Completed", jobs.log("listed")
    assert studio.get(f"{jobs.uri('listed')}/names") == b"a,c"
    assert jobs.keys("processed/listed/") == ["names"]


def test_a_killed_supervisor_fails_the_job_and_leaves_no_process(jobs: Jobs) -> None:
    jobs.start("killed", ENDLESS)
    wait_for(lambda: "begun" in jobs.log("killed"))
    status = jobs.studio.plane.world.runner.observe(jobs.job_id("killed"))
    assert status is not None
    os.kill(status.pid, signal.SIGKILL)
    reason = jobs.ended("killed")["FailureReason"]
    assert reason.startswith("InternalServerError: the job's supervisor was killed")


def test_jobs_are_listed_in_every_order(studio: Studio, jobs: Jobs) -> None:
    for name in ("list-b", "list-a", "list-c"):
        jobs.start(name, "raise SystemExit(1)" if name == "list-c" else "pass")
    for name in ("list-b", "list-a", "list-c"):
        jobs.ended(name)
    listed = studio.sagemaker.list_processing_jobs

    def names(**how: object) -> list[str]:
        found = listed(NameContains="list-", **how)["ProcessingJobSummaries"]
        return [each["ProcessingJobName"] for each in found]

    assert names(SortBy="Name", SortOrder="Ascending") == ["list-a", "list-b", "list-c"]
    assert names(SortBy="Name", SortOrder="Descending") == ["list-c", "list-b", "list-a"]
    assert names(SortBy="CreationTime", SortOrder="Ascending") == ["list-b", "list-a", "list-c"]
    assert names(SortBy="Status", SortOrder="Descending")[0] == "list-c"
    assert names(StatusEquals="Failed") == ["list-c"]
    created: datetime = jobs.describe("list-a")["CreationTime"]
    assert set(names(CreationTimeBefore=created)) == {"list-b"}
    assert "list-c" in names(LastModifiedTimeAfter=created)
    first = listed(NameContains="list-", MaxResults=2, SortBy="Name", SortOrder="Ascending")
    rest = listed(
        NameContains="list-",
        MaxResults=2,
        SortBy="Name",
        SortOrder="Ascending",
        NextToken=first["NextToken"],
    )
    assert [each["ProcessingJobName"] for each in rest["ProcessingJobSummaries"]] == ["list-c"]
    (failed,) = rest["ProcessingJobSummaries"]
    assert "exit code: 1" in failed["FailureReason"]
    assert failed["ProcessingEndTime"] >= failed["CreationTime"]


def test_tags_delete_and_the_name_again(studio: Studio, jobs: Jobs) -> None:
    arn = jobs.start("again", Tags=[{"Key": "team", "Value": "data"}])["ProcessingJobArn"]
    with pytest.raises(ClientError, match="already exists") as caught:
        jobs.start("again")
    assert caught.value.response["Error"]["Code"] == "ResourceInUse"
    jobs.ended("again")
    tags = studio.sagemaker.list_tags(ResourceArn=arn)["Tags"]
    assert tags == [{"Key": "team", "Value": "data"}]
    folder = studio.config.jobs_dir / jobs.job_id("again")
    studio.sagemaker.delete_processing_job(ProcessingJobName="again")
    assert not folder.exists()
    with pytest.raises(ClientError, match="Could not find"):
        jobs.describe("again")
    assert jobs.run("again")["ProcessingJobStatus"] == "Completed"
