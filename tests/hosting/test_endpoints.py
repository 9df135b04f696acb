"""Endpoints from CreateModel to DeleteEndpoint, through real clients."""

from __future__ import annotations

import io
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from botocore.exceptions import ClientError
from studio_plane import SKLEARN, XGBOOST, Studio, archive, running_studio, wait_for

from studio_ext.control.world import World
from studio_ext.hosting import controller, instances
from studio_ext.hosting.gateway import client as gateway
from studio_ext.store.resources import Resource

CODE = """
import json, os, time
def model_fn(model_dir):
    return open(os.path.join(model_dir, "name")).read()
def transform_fn(model, body, content_type, accept):
    request = json.loads(body)
    time.sleep(request.get("sleep", 0))
    if request.get("die"):
        os._exit(1)
    return json.dumps({"model": model, "pid": os.getpid()}), "application/json"
"""


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    with running_studio(max_cores=1) as studio:
        yield studio


@pytest.fixture
def deploy(studio: Studio) -> Iterator[Callable[..., str]]:
    """``deploy("name", A=("model", weight))``: an endpoint with scripted models, waited for."""
    made: list[str] = []

    def run(name: str, /, wait: bool = True, **variants: tuple[str, float]) -> str:
        config = make_config(studio, f"{name}-1", **variants)
        studio.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
        made.append(name)
        if wait:
            studio.serving(name)
        return name

    yield run
    for name in made:
        delete(studio, name)


def delete(studio: Studio, name: str) -> None:
    try:
        studio.sagemaker.delete_endpoint(EndpointName=name)
    except ClientError:
        return  # the test deleted it
    wait_for(lambda: not exists(studio, name))


def exists(studio: Studio, name: str) -> bool:
    try:
        return bool(studio.endpoint(name))
    except ClientError as error:
        assert "Could not find" in str(error)
        return False


def make_model(studio: Studio, name: str, code: str = CODE, image: str = SKLEARN) -> str:
    """A model that answers with its name."""
    studio.sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=studio.config.role_arn,
        PrimaryContainer={
            "Image": image,
            "ModelDataUrl": studio.put(
                f"models/{name}.tar.gz", archive({"name": name, "code/inference.py": code})
            ),
            "Environment": {"SAGEMAKER_PROGRAM": "inference.py"},
        },
    )
    return name


def make_config(studio: Studio, name: str, **variants: tuple[str, float]) -> str:
    """An endpoint configuration; models that do not exist are made."""
    known = [m["ModelName"] for m in studio.sagemaker.list_models(MaxResults=100)["Models"]]
    for model, _ in variants.values():
        if model not in known:
            known.append(make_model(studio, model))
    studio.sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[
            {
                "VariantName": variant,
                "ModelName": model,
                "InstanceType": "ml.m5.large",
                "InitialInstanceCount": 1,
                "InitialVariantWeight": weight,
            }
            for variant, (model, weight) in variants.items()
        ],
    )
    return name


def runtime(studio: Studio) -> Any:
    info = gateway.info(studio.config)
    assert info is not None
    return studio.client("sagemaker-runtime", url=f"http://127.0.0.1:{info.port}")


def ask(client: Any, endpoint: str, request: dict[str, Any] | None = None, **more: Any) -> Any:
    answer = client.invoke_endpoint(
        EndpointName=endpoint,
        Body=json.dumps(request or {}),
        ContentType="application/json",
        **more,
    )
    return json.loads(answer["Body"].read()) | {"variant": answer["InvokedProductionVariant"]}


def processes(studio: Studio, endpoint: str) -> list[psutil.Process]:
    """Supervisors of an endpoint's instances."""
    root = f"{studio.config.endpoints_dir}/endpoint-{resource(studio, endpoint).id}-"
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(part.startswith(root) for part in process.info["cmdline"] or [])
        and "studio_ext.hosting.modelserver" in process.info["cmdline"]
    ]


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def resource(studio: Studio, endpoint: str) -> Resource:
    found = studio.plane.store.resources.get("endpoint", "000000000000", endpoint)
    assert found is not None
    return found


def test_weights_and_target_variant(studio: Studio, deploy: Callable[..., str]) -> None:
    deploy("split", A=("split-a", 3.0), B=("split-b", 1.0))
    client = runtime(studio)
    seen = [ask(client, "split") for _ in range(200)]
    share = sum(answer["variant"] == "A" for answer in seen) / len(seen)
    assert 0.6 < share < 0.9
    assert {(a["variant"], a["model"]) for a in seen} == {("A", "split-a"), ("B", "split-b")}
    only = [ask(client, "split", TargetVariant="B")["model"] for _ in range(20)]
    assert set(only) == {"split-b"}
    # The control plane's own URL passes invocations on.
    assert ask(studio.runtime, "split", TargetVariant="A")["model"] == "split-a"

    studio.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="split",
        DesiredWeightsAndCapacities=[
            {"VariantName": "A", "DesiredWeight": 0},
            {"VariantName": "B", "DesiredInstanceCount": 2},
        ],
    )
    variants = {v["VariantName"]: v for v in studio.serving("split")["ProductionVariants"]}
    assert variants["A"]["CurrentWeight"] == 0
    assert variants["B"]["CurrentInstanceCount"] == 2
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: ask(client, "split", {"sleep": 0.05}), range(12)))
    assert {answer["variant"] for answer in answers} == {"B"}
    assert len({answer["pid"] for answer in answers}) == 2


def test_capacity_down_and_up_at_once(studio: Studio, deploy: Callable[..., str]) -> None:
    """An instance that drains is not taken for the one that is wanted again."""
    deploy("swing", A=("swing-a", 1.0))
    client = runtime(studio)
    errors: list[Exception] = []
    ended = threading.Event()

    def hammer() -> None:
        while not ended.is_set():
            try:
                ask(client, "swing", {"sleep": 0.05})
            except ClientError as error:
                errors.append(error)

    thread = threading.Thread(target=hammer)
    thread.start()
    for count in (2, 1, 2):
        studio.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="swing",
            DesiredWeightsAndCapacities=[{"VariantName": "A", "DesiredInstanceCount": count}],
        )
        studio.serving("swing")
    wait_for(lambda: not resource(studio, "swing").state["retiring"])
    ended.set()
    thread.join()
    assert errors == []
    assert len(processes(studio, "swing")) == 2
    state = resource(studio, "swing").state
    assert not set(state["past"]) & set(controller.instance_ids(resource(studio, "swing"))[:2])


def test_update_drops_no_request(studio: Studio, deploy: Callable[..., str]) -> None:
    deploy("live", A=("live-old", 1.0))
    before = processes(studio, "live")
    client = runtime(studio)
    answers: list[str] = []
    errors: list[Exception] = []
    ended = threading.Event()

    def hammer() -> None:
        while not ended.is_set():
            try:
                answers.append(ask(client, "live", {"sleep": 0.01})["model"])
            except ClientError as error:
                errors.append(error)

    threads = [threading.Thread(target=hammer) for _ in range(3)]
    for thread in threads:
        thread.start()
    config = make_config(studio, "live-2", A=("live-new", 1.0))
    studio.sagemaker.update_endpoint(EndpointName="live", EndpointConfigName=config)
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        studio.sagemaker.update_endpoint(EndpointName="live", EndpointConfigName=config)
    described = studio.endpoint("live")
    assert described["EndpointStatus"] == "Updating"
    assert described["PendingDeploymentSummary"]["EndpointConfigName"] == "live-2"
    assert studio.serving("live")["EndpointConfigName"] == "live-2"
    wait_for(lambda: not any(is_alive(process) for process in before))
    ended.set()
    for thread in threads:
        thread.join()
    assert errors == []
    switch = answers.index("live-new")
    assert set(answers[:switch]) == {"live-old"}
    assert set(answers[switch + len(threads) :]) == {"live-new"}


def test_a_model_that_does_not_load(studio: Studio, deploy: Callable[..., str]) -> None:
    make_model(studio, "broken", "def model_fn(model_dir): raise ValueError('no weights here')")
    deploy("never", wait=False, A=("broken", 1.0))
    failed = studio.serving("never", "Failed")
    assert "no weights here" in failed["FailureReason"]
    assert "The A variant" in failed["FailureReason"]
    with pytest.raises(ClientError, match="never"):
        ask(runtime(studio), "never")
    wait_for(lambda: not processes(studio, "never"))
    groups = studio.logs.describe_log_groups(logGroupNamePrefix="/aws/sagemaker/Endpoints/never")
    assert len(groups["logGroups"]) == 1


def test_an_update_that_fails_leaves_the_old(studio: Studio, deploy: Callable[..., str]) -> None:
    deploy("safe", A=("safe-a", 1.0))
    make_model(studio, "unsafe", "def model_fn(model_dir): raise ValueError('no weights here')")
    config = make_config(studio, "safe-2", A=("unsafe", 1.0))
    studio.sagemaker.update_endpoint(EndpointName="safe", EndpointConfigName=config)
    after = studio.serving("safe")
    assert after["EndpointConfigName"] == "safe-1"
    assert "no weights here" in after["FailureReason"]
    assert ask(runtime(studio), "safe")["model"] == "safe-a"


def test_a_crashed_worker_and_a_killed_supervisor_come_back(
    studio: Studio, deploy: Callable[..., str]
) -> None:
    deploy("sturdy", A=("sturdy-a", 1.0))
    client = runtime(studio)
    first = ask(client, "sturdy")["pid"]
    with pytest.raises(ClientError):
        ask(client, "sturdy", {"die": True})
    second = ask(client, "sturdy")["pid"]
    assert second != first
    (supervisor,) = processes(studio, "sturdy")
    os.kill(supervisor.pid, signal.SIGKILL)
    wait_for(lambda: [p for p in processes(studio, "sturdy") if p.pid != supervisor.pid])
    wait_for(lambda: answers(client, "sturdy"))
    assert ask(client, "sturdy")["pid"] != second


def answers(client: Any, endpoint: str) -> bool:
    try:
        return bool(ask(client, endpoint))
    except ClientError:
        return False


def test_delete_ends_everything_and_frees_the_name(
    studio: Studio, deploy: Callable[..., str]
) -> None:
    deploy("gone", A=("gone-a", 1.0))
    identity = resource(studio, "gone").id
    running = processes(studio, "gone")
    delete(studio, "gone")
    assert not any(is_alive(process) for process in running)
    assert not list(studio.config.endpoints_dir.glob(f"endpoint-{identity}-*"))
    assert studio.plane.store.credentials.of_purpose(f"endpoint {identity}") is None
    with pytest.raises(ClientError, match="gone"):
        ask(runtime(studio), "gone")
    config = make_config(studio, "gone-2", A=("gone-b", 1.0))
    studio.sagemaker.create_endpoint(EndpointName="gone", EndpointConfigName=config)
    studio.serving("gone")
    assert ask(runtime(studio), "gone")["model"] == "gone-b"


def test_delete_while_it_is_created(studio: Studio, deploy: Callable[..., str]) -> None:
    make_model(studio, "slow", "import time\ndef model_fn(model_dir): time.sleep(600)")
    deploy("early", wait=False, A=("slow", 1.0))
    wait_for(lambda: processes(studio, "early"))
    running = processes(studio, "early")
    delete(studio, "early")
    assert not any(is_alive(process) for process in running)


def test_a_new_gateway_serves_on(studio: Studio, deploy: Callable[..., str]) -> None:
    deploy("steady", A=("steady-a", 1.0))
    before = gateway.info(studio.config)
    assert before is not None
    os.kill(before.pid, signal.SIGKILL)
    wait_for(lambda: (gateway.info(studio.config) or before).pid != before.pid)
    wait_for(lambda: answers(runtime(studio), "steady"))
    config = make_config(studio, "steady-2", A=("steady-b", 1.0))
    studio.sagemaker.update_endpoint(EndpointName="steady", EndpointConfigName=config)
    studio.serving("steady")
    assert ask(runtime(studio), "steady")["model"] == "steady-b"


def test_content_types_of_a_builtin_model(studio: Studio) -> None:
    import xgboost

    rows = np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 2.0], [1.0, 3.0]])
    data = xgboost.DMatrix(rows, label=[0, 1, 0, 1])
    booster = xgboost.train({"objective": "reg:squarederror", "min_child_weight": 0}, data, 3)
    model = archive({"xgboost-model": bytes(booster.save_raw())})
    studio.sagemaker.create_model(
        ModelName="trees",
        ExecutionRoleArn=studio.config.role_arn,
        PrimaryContainer={
            "Image": XGBOOST,
            "ModelDataUrl": studio.put("models/trees.tar.gz", model),
        },
    )
    config = make_config(studio, "trees", A=("trees", 1.0))
    studio.sagemaker.create_endpoint(EndpointName="trees", EndpointConfigName=config)
    studio.serving("trees")
    wanted = [float(value) for value in booster.predict(data)]
    client = runtime(studio)

    def send(body: bytes | str, kind: str) -> list[float]:
        answer = client.invoke_endpoint(
            EndpointName="trees", Body=body, ContentType=kind, Accept="text/csv"
        )
        return [float(x) for x in answer["Body"].read().decode().replace("\n", ",").split(",") if x]

    assert send("\n".join(f"{a},{b}" for a, b in rows), "text/csv") == pytest.approx(wanted, 1e-5)
    sparse = "\n".join(f"0 0:{a} 1:{b}" for a, b in rows)
    assert send(sparse, "text/libsvm") == pytest.approx(wanted, 1e-5)
    delete(studio, "trees")


def test_content_types_of_a_scikit_learn_model(studio: Studio) -> None:
    import joblib
    from sklearn.linear_model import LinearRegression

    fitted = LinearRegression().fit([[0.0], [1.0]], [1.0, 3.0])
    buffer = io.BytesIO()
    joblib.dump(fitted, buffer)
    code = (
        "import os, joblib\n"
        "def model_fn(model_dir): return joblib.load(os.path.join(model_dir, 'm.joblib'))\n"
    )
    studio.sagemaker.create_model(
        ModelName="line",
        ExecutionRoleArn=studio.config.role_arn,
        PrimaryContainer={
            "Image": SKLEARN,
            "ModelDataUrl": studio.put(
                "models/line.tar.gz",
                archive({"m.joblib": buffer.getvalue(), "code/inference.py": code}),
            ),
            "Environment": {"SAGEMAKER_PROGRAM": "inference.py"},
        },
    )
    config = make_config(studio, "line", A=("line", 1.0))
    studio.sagemaker.create_endpoint(EndpointName="line", EndpointConfigName=config)
    studio.serving("line")
    client = runtime(studio)

    def send(body: bytes | str, kind: str, accept: str) -> bytes:
        answer = client.invoke_endpoint(
            EndpointName="line", Body=body, ContentType=kind, Accept=accept
        )
        return bytes(answer["Body"].read())

    answer = send("[[2.0]]", "application/json", "application/json")
    assert json.loads(answer) == pytest.approx([5.0])
    lines = send("2.0\n3.0\n", "text/csv", "text/csv").split()
    assert [float(line) for line in lines] == pytest.approx([5.0, 7.0])
    buffer = io.BytesIO()
    np.save(buffer, np.array([[2.0], [3.0]]))
    answer = send(buffer.getvalue(), "application/x-npy", "application/x-npy")
    assert np.load(io.BytesIO(answer)).tolist() == pytest.approx([5.0, 7.0])
    delete(studio, "line")


def test_metrics_and_logs_of_an_endpoint(studio: Studio, deploy: Callable[..., str]) -> None:
    deploy("seen", A=("seen-a", 1.0))
    ask(runtime(studio), "seen")
    streams = studio.logs.describe_log_streams(logGroupName="/aws/sagemaker/Endpoints/seen")
    assert len(streams["logStreams"]) == 1
    assert streams["logStreams"][0]["logStreamName"].startswith("A/i-")
    latest = wait_for(lambda: studio.plane.store.metrics.latest("000000000000/endpoint/seen"))
    assert latest["Invocations", "A"][1] == 1


def test_a_supervisor_that_ends_without_a_word_is_given_up(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, deploy: Callable[..., str]
) -> None:
    monkeypatch.setattr(instances, "BACKOFF_S", (0.0,))
    monkeypatch.setattr(instances, "START_GRACE_S", 0.0)
    starts: list[Path] = []

    class Silent:
        def __init__(self, command: list[str], **_: Any) -> None:
            starts.append(Path(command[-1]))

    monkeypatch.setattr(instances.subprocess, "Popen", Silent)
    deploy("silent", wait=False, A=("silent-a", 1.0))
    failed = studio.serving("silent", "Failed")
    assert "it ended 3 times" in failed["FailureReason"]
    assert len(starts) == controller.MAX_STARTS


def test_restarts_of_what_keeps_dying_are_spaced_out(studio: Studio) -> None:
    world: World = studio.plane.world
    root = instances.folder(world, "endpoint-0-1-A-0")
    root.mkdir()
    for starts, age, due in [(1, 0.5, True), (3, 0.5, False), (3, 3, True), (9, 59, False)]:
        document = {"starts": starts, "started": time.time() - age}
        (root / "instance.json").write_text(json.dumps(document))
        (root / "status.json").write_text(json.dumps({"pid": 2**22 + 1, "state": "Failed"}))
        found = instances.observe(world, root.name)
        assert found is not None
        assert found["due"] is due
        assert found["alive"] is False
    instances.remove(world, root.name)
