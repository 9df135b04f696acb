"""What code of jobs and models, by its own hand, can do to the server and to others' work."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from people import Person
from studio_plane import SKLEARN, Studio, archive, wait_for
from test_workloads import needs_namespaces, word

from studio_ext.hosting import instances
from studio_ext.run import confine
from studio_ext.store.database import is_sqlite, socket_folder

#: Tries what root could, and whoever shares the server's user; ``GIVEN`` comes before it.
LOOKS = """
import ctypes, json, os, signal, socket
libc = ctypes.CDLL(None, use_errno=True)
home, sockets, victims = GIVEN["home"], GIVEN["sockets"], GIVEN["victims"]

def attempt(do, *arguments):
    try:
        return repr(do(*arguments))
    except OSError as error:
        return type(error).__name__

def read(path):
    with open(path, "rb") as file:
        return file.read()

def uncover():
    if libc.umount2(home.encode(), 2):
        raise OSError(ctypes.get_errno(), "umount2")

def trace(pid):
    if libc.ptrace(16, pid, 0, 0):
        raise OSError(ctypes.get_errno(), "ptrace")

def nested():
    reader, writer = os.pipe()
    if os.fork() == 0:
        libc.unshare(0x10000000 | 0x00020000)
        attempt(uncover)
        os.write(writer, repr(sorted(os.listdir(home))).encode())
        os._exit(0)
    os.close(writer)
    return os.fdopen(reader).read()

def connect(path):
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(path)

def own(number):
    child = os.fork()
    if child == 0:
        signal.pause()
    os.kill(child, number)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines())
before = sorted(os.listdir(home))
found = {
    "capabilities": [status[name] for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")],
    "bounding": status["CapBnd"],
    "privileges": status["NoNewPrivs"],
    "uncover": attempt(uncover),
    "nested": nested() == repr(before),
    "before": before,
    "again": sorted(os.listdir(home)),
    "jobs": attempt(os.listdir, home + "/jobs"),
    "endpoints": attempt(os.listdir, home + "/endpoints"),
    "database": os.path.exists(home + "/studio.db"),
    "sockets": [attempt(connect, path) for path in sockets],
    "temporaries": sorted(attempt(os.listdir, os.path.dirname(each)) for each in GIVEN["tmp"]),
    "looks": [
        attempt(do, f"/proc/{pid}/{what}")
        for pid in victims
        for what, do in (
            ("environ", read), ("root" + home, os.listdir),
            ("cwd", os.listdir), ("fd/1", os.readlink),
        )
    ],
    "traces": [attempt(trace, pid) for pid in victims],
    "signals": [attempt(os.kill, pid, 0) for pid in victims],
    "to its own": own(signal.SIGKILL),
    "itself": len(read("/proc/self/environ")) > 0,
}
"""
MODEL = """
def model_fn(model_dir):
    return model_dir
def transform_fn(model, body, content_type, accept):
    space = {"GIVEN": json.loads(body)}
    exec(LOOKS, space)
    return json.dumps(space["found"]), "application/json"
"""
SLEEPS = "import sys, time\nprint('begun', flush=True)\ntime.sleep(600)"


def of_folder(folder: Path) -> list[int]:
    """Processes that carry the mark of a job or an instance."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("STUDIO_JOB_FOLDER") == str(folder):
                found.append(process.pid)
        except psutil.Error:
            continue  # it ended
    return found


@pytest.fixture(scope="module")
def given(studio: Studio, ben: Person) -> Iterator[dict[str, Any]]:
    """Ben has a job and a model that run: what another's code is to try on them."""
    ben.deploy("bens")
    ben.job("bens-job", SLEEPS)
    wait_for(lambda: "begun" in ben.log("bens-job"))
    found = ben.plane.store.resources.get("endpoint", ben.account, "bens")
    assert found is not None
    model = next(studio.config.endpoints_dir.glob(f"endpoint-{found.id}-*"))
    status = instances.observe(ben.plane.world, model.name)
    assert status is not None
    job = studio.config.jobs_dir / ben.job_id("bens-job")
    supervisors = [status["pid"], json.loads((job / "status.json").read_text())["pid"]]
    workers = [worker["socket"] for worker in status["workers"]]
    folder = socket_folder(studio.config.database_url)
    database = list(map(str, Path(folder).glob(".s.PGSQL.*[0-9]"))) if folder else []
    assert database or is_sqlite(studio.config.database_url)
    yield {
        "home": studio.config.home,
        "victims": [os.getpid(), *supervisors, *of_folder(job), *of_folder(model)],
        "sockets": [*workers, str(studio.config.socket_dir / "gateway.sock"), *database],
        "tmp": [psutil.Process(pid).environ()["TMPDIR"] for pid in of_folder(job)],
    }
    ben.sagemaker.stop_training_job(TrainingJobName="bens-job")
    ben.retire("bens")


def check(found: dict[str, Any], given: dict[str, Any], folder: str, mine: str) -> None:
    none = "0" * 16
    assert found["capabilities"] == [none] * 4
    assert found["bounding"] == none or os.geteuid() != 0
    assert found["privileges"] == "1"
    assert found["uncover"] == "PermissionError" and found["nested"]
    assert set(found["before"]) <= {"environments", folder, "sdk-config.yaml"}
    assert found["again"] == found["before"] and not found["database"]
    assert found[folder] == repr([mine])
    assert "None" not in found["sockets"] and len(found["sockets"]) >= 2
    assert ben_job_unseen(found["temporaries"])
    assert len(given["victims"]) >= 5
    assert found["looks"] == ["PermissionError"] * (4 * len(given["victims"]))
    assert found["traces"] == ["PermissionError"] * len(given["victims"])
    if confine.keeps_signals():
        assert found["signals"] == ["PermissionError"] * len(given["victims"])
    assert found["to its own"] == -9 and found["itself"]


def ben_job_unseen(listed: list[str]) -> bool:
    """Whether of the folder that temporary ones lie in, one's own at most is there."""
    return all(each == "FileNotFoundError" or each.count(",") == 0 for each in listed)


@needs_namespaces
def test_a_training_job_reaches_nobody_elses(ana: Person, given: dict[str, Any]) -> None:
    script = f"GIVEN = {given!r}\n{LOOKS}\nprint('LOOKED', json.dumps(found))"
    ana.run("reaching", script)
    check(word(ana.log("reaching"), "LOOKED"), given, "jobs", ana.job_id("reaching"))


@needs_namespaces
def test_a_processing_job_reaches_nobody_elses(ana: Person, given: dict[str, Any]) -> None:
    name, out = "reaching-too", "/opt/ml/processing/out"
    script = f"GIVEN = {given!r}\n{LOOKS}\nopen('{out}/found', 'w').write(json.dumps(found))"
    ana.sagemaker.create_processing_job(
        ProcessingJobName=name,
        RoleArn=ana.role,
        AppSpecification={
            "ImageUri": SKLEARN,
            "ContainerEntrypoint": ["python", "/opt/ml/processing/in/look.py"],
        },
        ProcessingInputs=[
            {
                "InputName": "in",
                "S3Input": {
                    "S3Uri": ana.put("looks/look.py", script.encode()),
                    "LocalPath": "/opt/ml/processing/in",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
        ],
        ProcessingOutputConfig={
            "Outputs": [
                {
                    "OutputName": "out",
                    "S3Output": {
                        "S3Uri": f"s3://{ana.bucket}/looked",
                        "LocalPath": out,
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
        ProcessingResources={
            "ClusterConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 1,
            }
        },
    )
    ended = ana.sagemaker.describe_processing_job
    wait_for(
        lambda: ended(ProcessingJobName=name)["ProcessingJobStatus"] == "Completed",
        why=lambda: ended(ProcessingJobName=name),
    )
    found = json.loads(ana.get(f"s3://{ana.bucket}/looked/found"))
    mine = ana.plane.store.resources.get("processing-job", ana.account, name)
    assert mine is not None
    check(found, given, "jobs", f"processing-{mine.id}")


@needs_namespaces
def test_a_model_reaches_nobody_elses(ana: Person, studio: Studio, given: dict[str, Any]) -> None:
    code = f"import json\nLOOKS = {LOOKS!r}\n{MODEL}"
    uri = ana.put("looks/model.tar.gz", archive({"code/inference.py": code}))
    ana.model("looks", ModelDataUrl=uri)
    ana.endpoint_config("looks", "looks")
    ana.sagemaker.create_endpoint(EndpointName="looks", EndpointConfigName="looks")
    ana.serving("looks")
    answer = ana.runtime.invoke_endpoint(EndpointName="looks", Body=json.dumps(given))
    found = json.loads(answer["Body"].read())
    mine = ana.plane.store.resources.get("endpoint", ana.account, "looks")
    assert mine is not None
    (folder,) = studio.config.endpoints_dir.glob(f"endpoint-{mine.id}-*")
    check(found, given, "endpoints", folder.name)
    ana.sagemaker.delete_endpoint(EndpointName="looks")
