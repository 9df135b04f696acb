"""The control plane as a whole: its port, its neighbours, its restarts, its answers."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import psutil
import pytest
from studio_plane import SKLEARN, Studio, archive, clean_up, new_home, open_studio, wait_for

from studio_ext.config import Config
from studio_ext.hosting.gateway import client as gateway
from studio_ext.plane import ControlPlane

LOOP = """
import os, time
for number in range(10_000):
    print(f"line {number}", flush=True)
    if os.path.exists("/opt/ml/output/go"):
        break
    time.sleep(0.02)
"""
#: Asks the server for an object, and says each time that it has tried.
ASKS = """
import boto3, os, time
s3 = boto3.client("s3")
s3.meta.events.register("needs-retry", lambda **told: print("tried", flush=True))
print("ready", flush=True)
while not os.path.exists("/opt/ml/output/go"):
    time.sleep(0.02)
print(s3.get_object(Bucket=os.environ["BUCKET"], Key="kept")["Body"].read())
"""


@pytest.fixture
def home() -> Iterator[Path]:
    home = new_home()
    yield home
    clean_up(home)


def test_a_job_goes_on_without_the_control_plane(home: Path) -> None:
    first = open_studio(home)
    first.job("adopted", LOOP)
    first.until("adopted", "Training")
    wait_for(lambda: "line 5" in first.log("adopted"))
    folder = first.config.jobs_dir / first.job_id("adopted")
    server = gateway.info(first.config)
    first.put("kept", b"there again")
    first.job("asking", ASKS, Environment={"BUCKET": first.bucket})
    wait_for(lambda: "ready" in first.log("asking"))
    asking = first.config.jobs_dir / first.job_id("asking")
    first.plane.stop()
    (asking / "opt/ml/output/go").touch()
    wait_for(lambda: "tried" in (asking / "log").read_text())
    seen = first.log("adopted").count("\n")
    wait_for(lambda: (folder / "log").read_text().count("\n") > seen + 10)
    second = open_studio(home)
    assert second.plane.port == first.plane.port
    assert gateway.info(second.config) == server
    assert second.describe("adopted")["TrainingJobStatus"] == "InProgress"
    (folder / "opt/ml/output/go").touch()
    assert second.ended("adopted")["TrainingJobStatus"] == "Completed"
    lines = [line for line in second.log("adopted").splitlines() if line.startswith("line ")]
    assert lines == [f"line {number}" for number in range(len(lines))]
    assert second.ended("asking")["TrainingJobStatus"] == "Completed"
    assert second.log("asking").endswith("b'there again'")
    second.plane.stop()


def test_a_job_that_ended_meanwhile_is_finished(home: Path) -> None:
    first = open_studio(home)
    first.job("alone", "open('/opt/ml/model/m', 'w').write('x')\nimport time; time.sleep(1)")
    first.until("alone", "Training")
    status = first.config.jobs_dir / first.job_id("alone") / "status.json"
    first.plane.stop()
    wait_for(lambda: json.loads(status.read_text())["phase"] == "Done")
    second = open_studio(home)
    done = second.ended("alone")
    assert done["TrainingJobStatus"] == "Completed"
    assert second.get(done["ModelArtifacts"]["S3ModelArtifacts"])
    second.plane.stop()


def test_two_planes_on_one_home(home: Path) -> None:
    first, second = open_studio(home), open_studio(home)
    announced = json.loads((home / "run" / "control.json").read_text())
    assert first.plane.port != second.plane.port
    assert announced["port"] == first.plane.port
    second.job("shared")
    assert first.ended("shared")["TrainingJobStatus"] == "Completed"
    first.plane.stop()
    second.job("after")
    assert second.ended("after")["TrainingJobStatus"] == "Completed"
    second.plane.stop()


def test_a_port_that_is_set_and_taken(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{port}"):
            ControlPlane(Config(home=str(home), port=port)).start()


def test_stop_before_start(home: Path) -> None:
    ControlPlane(Config(home=str(home))).stop()


# --- answers hold what the model requires

#: Required by the model, but absent from the real service's answers until there are artifacts.
UNTIL_LATER = {"ModelArtifacts"}


def missing(shape: Any, value: Any, path: str = "") -> list[str]:
    """Members that an output shape requires and a parsed answer lacks."""
    if shape.type_name == "structure":
        lacking = [f"{path}.{m}" for m in shape.required_members if m not in value]
        inside = [
            found
            for name, member in shape.members.items()
            if name in value
            for found in missing(member, value[name], f"{path}.{name}")
        ]
        return lacking + inside
    if shape.type_name == "list":
        return [f for item in value for f in missing(shape.member, item, f"{path}[]")]
    return []


def test_answers_hold_what_is_required(home: Path) -> None:
    studio = open_studio(home)
    try:
        _make_one_of_each(studio)
        model = botocore.session.get_session().get_service_model("sagemaker")
        for kind, name in [
            ("TrainingJob", "one"),
            ("Model", "one"),
            ("EndpointConfig", "one"),
            ("Endpoint", "one"),
        ]:
            for operation, request in [
                (f"Describe{kind}", {f"{kind}Name": name}),
                (f"List{kind}s", {}),
            ]:
                method = botocore.xform_name(operation)
                answer = getattr(studio.sagemaker, method)(**request)
                lacking = missing(model.operation_model(operation).output_shape, answer)
                assert {m.strip(".") for m in lacking} <= UNTIL_LATER, operation
                for sort_by in _sorts(model.operation_model(f"List{kind}s").input_shape):
                    listed = getattr(studio.sagemaker, botocore.xform_name(f"List{kind}s"))
                    assert listed(SortBy=sort_by, SortOrder="Descending")
    finally:
        studio.plane.stop()


def _sorts(shape: Any) -> list[str]:
    return list(shape.members["SortBy"].enum)


def _make_one_of_each(studio: Studio) -> None:
    studio.run("one")
    api = studio.sagemaker
    archived = studio.put("m.tar.gz", archive({"m": "x"}))
    api.create_model(
        ModelName="one",
        ExecutionRoleArn=studio.config.role_arn,
        PrimaryContainer={"Image": SKLEARN, "ModelDataUrl": archived},
    )
    variant = {
        "VariantName": "A",
        "ModelName": "one",
        "InstanceType": "ml.t2.medium",
        "InitialInstanceCount": 1,
    }
    api.create_endpoint_config(EndpointConfigName="one", ProductionVariants=[variant])
    api.create_endpoint(EndpointName="one", EndpointConfigName="one")


def test_an_idle_control_plane_rests(home: Path) -> None:
    """Two hundred jobs that wait cost next to nothing."""
    studio = open_studio(home, max_cores=1)
    try:
        studio.job("first", "import time; time.sleep(600)")
        studio.until("first", "Training")
        first = studio.plane.store.resources.get("training-job", "000000000000", "first")
        assert first is not None
        for number in range(200):
            studio.plane.store.resources.create(
                kind="training-job",
                account="000000000000",
                domain="default",
                name=f"waits-{number}",
                arn=f"arn:waits-{number}",
                owner="default",
                status="InProgress",
                spec=first.spec,
                state={"secondary": "Starting", "transitions": [], "metric_definitions": []},
                wake=True,
            )
        wait_for(lambda: studio.describe("waits-199")["SecondaryStatus"] == "Pending")
        process = psutil.Process()
        before = process.cpu_times()
        time.sleep(4.0)
        after = process.cpu_times()
        used = after.user + after.system - before.user - before.system
        assert used / 4.0 < 0.15
    finally:
        studio.plane.stop()


def test_without_a_gateway_all_else_works(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: Any) -> None:
        raise TimeoutError("the gateway did not start")

    monkeypatch.setattr(gateway, "ensure", none)
    studio = open_studio(home)
    studio.job("alone")
    assert studio.ended("alone")["TrainingJobStatus"] == "Completed"
    monkeypatch.undo()
    wait_for(lambda: gateway.info(studio.config))
    studio.plane.stop()


def test_stop_while_it_starts(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stops waits for the gateway's start at most; nothing is left that serves."""
    reached, may_go_on = threading.Event(), threading.Event()

    def slow(*_: Any) -> None:
        reached.set()
        may_go_on.wait(30)

    monkeypatch.setattr(gateway, "ensure", slow)
    plane = ControlPlane(Config(home=str(home)))
    starting = threading.Thread(target=plane.start)
    starting.start()
    assert reached.wait(30)
    plane.stop()
    may_go_on.set()
    starting.join(30)
    assert not starting.is_alive()
    monkeypatch.undo()
    open_studio(home).plane.stop()
