"""Jobs and endpoints come to their end wherever the control plane is killed on the way."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from leftovers import end_all_of
from sqlalchemy import event

from studio_ext.config import Config
from studio_ext.plane import ControlPlane
from studio_ext.store.resources import Resource
from studio_ext.wire.identity import Caller
from tests.faults import observing, requests
from tests.faults.contents import JOB, MODEL, archive
from tests.faults.history import State
from tests.faults.steps import Steps, killed

pytestmark = pytest.mark.timeout(900)
#: Every how many steps a kill is tried; 1 tries them all, which takes minutes.
STRIDE = int(os.environ.get("STUDIO_FAULT_STRIDE", "17"))
LINES = 12
RESTING = ("Completed", "Failed", "Stopped", "InService")


@pytest.fixture
def home() -> Iterator[Path]:
    """A short path, as sockets need."""
    home = Path(tempfile.mkdtemp(prefix="se-", dir="/tmp"))
    yield home
    end_all_of(home)
    shutil.rmtree(Config(home=str(home)).socket_dir, ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)


class Plane:
    """A control plane without threads: its controllers run when they are told to."""

    def __init__(self, home: Path) -> None:
        self.plane = ControlPlane(Config(home=str(home)))
        self.plane._announce()

    def ask(self, operation: str, **params: Any) -> dict[str, Any]:
        """Call an operation of SageMaker."""
        caller = Caller.of(self.plane.credential)
        answer = self.plane.dispatcher.invoke("sagemaker", operation, params, caller)
        return asyncio.run(answer)

    def prepare(self) -> None:
        """What jobs and endpoints are made of."""
        objects = self.plane.store.objects
        objects.create_bucket(requests.BUCKET, account="000000000000")
        objects.put(requests.BUCKET, "code/job.py", JOB.encode())
        body = archive({"name": b"first", "code/inference.py": MODEL.encode()})
        objects.put(requests.BUCKET, "models/first.tar.gz", body)
        self.ask("CreateModel", **requests.model("first"))
        self.ask("CreateEndpointConfig", **requests.endpoint_config("first", "first"))

    def resources(self) -> list[Resource]:
        """All there are."""
        found = map(self.plane.store.resources.by_id, range(1, 200))
        return [resource for resource in found if resource is not None]

    def run(self, kind: str, name: str) -> str | None:
        """Let the controller of a resource work until it rests; its status, None when gone."""
        world = self.plane.world
        end = time.monotonic() + 120
        while time.monotonic() < end:
            named = (r for r in self.resources() if (r.kind, r.name) == (kind, name))
            resource = next(named, None)
            if resource is None or resource.status in RESTING:
                return resource.status if resource else None
            reconcile = world.kinds[kind].reconcile
            assert reconcile is not None
            time.sleep(min(0.05, reconcile(world, resource.id) or 0))
        raise AssertionError(f"{kind} {name} never rests: {resource}")


def in_child(home: Path, work: Callable[[Plane], None], deadly: int = 0) -> bool:
    """Do something on a control plane of its own, killed before a step if one is named."""

    def run(steps: Steps) -> None:
        plane = Plane(home)
        event.listen(plane.plane.store.engine, "commit", steps.step)
        steps.install()
        work(plane)

    return killed(run, home, deadly)


def test_a_job_whose_control_plane_is_killed_at_every_step(home: Path) -> None:
    in_child(home, lambda plane: plane.prepare())
    deadly, was_killed = 1, True
    while was_killed:
        name = f"job-{deadly}"
        request = requests.training(name, "works", LINES, pause=0.0)
        in_child(home, lambda plane, r=request: plane.ask("CreateTrainingJob", **r) and None)
        was_killed = in_child(
            home, lambda plane, n=name: plane.run("training-job", n) and None, deadly
        )

        def look(plane: Plane, name: str = name) -> None:
            status = plane.run("training-job", name)
            found = plane.ask("DescribeTrainingJob", TrainingJobName=name)
            assert status == "Completed", found.get("FailureReason")
            artifact = found["ModelArtifacts"]["S3ModelArtifacts"]
            key = artifact.removeprefix(f"s3://{requests.BUCKET}/")
            assert plane.plane.store.objects.stat(requests.BUCKET, key).size > 200_000

        in_child(home, look)
        deadly += STRIDE
    assert deadly > 20, "the steps were not seen"
    _check(home, jobs=(deadly - 1) // STRIDE)


def test_a_processing_job_whose_control_plane_is_killed_at_every_step(home: Path) -> None:
    in_child(home, lambda plane: plane.prepare())
    deadly, was_killed = 1, True
    while was_killed:
        name = f"job-{deadly}"
        request = requests.processing(name)
        in_child(home, lambda plane, r=request: plane.ask("CreateProcessingJob", **r) and None)
        was_killed = in_child(
            home, lambda plane, n=name: plane.run("processing-job", n) and None, deadly
        )

        def look(plane: Plane, name: str = name) -> None:
            status = plane.run("processing-job", name)
            found = plane.ask("DescribeProcessingJob", ProcessingJobName=name)
            assert status == "Completed", found.get("FailureReason")
            for output in ("end", "while"):
                key = f"out/{name}/{output}/job.py"
                assert plane.plane.store.objects.read(requests.BUCKET, key) == JOB.encode()

        in_child(home, look)
        deadly += STRIDE
    assert deadly > 20, "the steps were not seen"
    _check(home, jobs=(deadly - 1) // STRIDE, lines=0)


def test_a_job_whose_deletion_is_killed_at_every_step(home: Path) -> None:
    in_child(home, lambda plane: plane.prepare())
    deadly, was_killed = 1, True
    while was_killed:
        name = f"job-{deadly}"
        request = requests.training(name, "works", LINES, pause=0.0)

        def train(plane: Plane, name: str = name, request: dict[str, Any] = request) -> None:
            plane.ask("CreateTrainingJob", **request)
            assert plane.run("training-job", name) == "Completed"

        def delete(plane: Plane, name: str = name) -> None:
            plane.ask("DeleteTrainingJob", TrainingJobName=name)

        def go_on(plane: Plane, name: str = name) -> None:
            """It is gone, or it is all there, its log as well."""
            if plane.run("training-job", name) is None:
                return
            (number,) = (r.id for r in plane.resources() if r.name == name)
            assert (home / "jobs" / f"training-{number}" / "log").exists()
            delete(plane)

        in_child(home, train)
        was_killed = in_child(home, delete, deadly)
        in_child(home, go_on)
        deadly += max(1, STRIDE // 4)
    assert deadly > 5, "the steps were not seen"
    _check(home, jobs=0)


def test_an_endpoint_whose_control_plane_is_killed_at_every_step(home: Path) -> None:
    in_child(home, lambda plane: plane.prepare())
    deadly, was_killed = 1, True
    while was_killed:
        was_killed = in_child(home, _deploy, deadly)
        in_child(home, _deploy)
        was_killed |= in_child(home, _delete, deadly)
        in_child(home, _delete)
        deadly += 3 * STRIDE
    assert deadly > 20, "the steps were not seen"
    _check(home, jobs=0)


def _deploy(plane: Plane) -> None:
    if plane.run("endpoint", "asked") is None:
        plane.ask("CreateEndpoint", EndpointName="asked", EndpointConfigName="first")
    assert plane.run("endpoint", "asked") == "InService"


def _delete(plane: Plane) -> None:
    names = [e["EndpointName"] for e in plane.ask("ListEndpoints")["Endpoints"]]
    if (
        names
        and plane.ask("DescribeEndpoint", EndpointName="asked")["EndpointStatus"] != "Deleting"
    ):
        plane.ask("DeleteEndpoint", EndpointName="asked")
    assert plane.run("endpoint", "asked") is None


def _check(home: Path, jobs: int, lines: int = LINES) -> None:
    """Each job ran once, and nothing is left of what was begun twice."""
    state = State()
    observing.look_at_processes(home, state)
    end_all_of(home)
    observing.look_at_home(Config(home=str(home)), state)
    assert (state.processes, state.files, state.leases, state.integrity) == ([], [], [], [])
    logs = [path.read_text().splitlines() for path in (home / "jobs").glob("*/log")]
    assert len(logs) == jobs
    for said in logs:
        numbered = [line.split(" of ")[0] for line in said if line.startswith("line ")]
        assert numbered == [f"line {number}" for number in range(lines)]
