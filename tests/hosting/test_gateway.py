"""The gateway as clients see it: real boto3, real workers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError
from model_servers import ECHO, Instance, runtime_client, wait_for

from studio_ext.config import Config
from studio_ext.hosting.gateway import client
from studio_ext.store import Store

Serve = Callable[..., Instance]


def echo(serve: Serve, name: str = "model", **options: Any) -> Instance:
    instance = serve({"name": name, "code/inference.py": ECHO}, **options)
    instance.wait()
    return instance


def invoke(runtime: Any, body: Any = b"{}", **options: Any) -> dict[str, Any]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    options = {"ContentType": "application/json", **options}
    answer = runtime.invoke_endpoint(EndpointName="e", Body=data, **options)
    return {**json.loads(answer.pop("Body").read()), "answer": answer}


def error_of(call: Callable[[], Any]) -> tuple[int, dict[str, Any]]:
    with pytest.raises(ClientError) as raised:
        call()
    response = raised.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response


def test_invoke(serve: Serve, publish: Any, runtime: Any) -> None:
    publish({"A": (1.0, [echo(serve)])})
    result = invoke(runtime, {"x": 1}, CustomAttributes="trace=7", Accept="application/json")
    assert (result["model"], result["body"], result["custom"]) == ("model", '{"x": 1}', "trace=7")
    assert result["answer"]["InvokedProductionVariant"] == "A"
    assert result["answer"]["ContentType"] == "application/json"
    large = b"x" * 3_000_000
    assert invoke(runtime, large, ContentType="application/octet-stream")["body"] == len(large)


def test_errors_have_the_form_of_sagemaker(serve: Serve, publish: Any, runtime: Any) -> None:
    status, error = error_of(lambda: invoke(runtime))
    assert (status, error["Error"]["Code"]) == (400, "ValidationError")
    assert error["Error"]["Message"] == "Endpoint e of account 000000000000 not found."
    publish({"A": (1.0, [echo(serve)])})
    status, error = error_of(lambda: invoke(runtime, {"raise": "no luck"}))
    assert (status, error["Error"]["Code"]) == (424, "ModelError")
    assert error["OriginalStatusCode"] == 500
    assert error["OriginalMessage"] == "ValueError: no luck"
    assert error["LogStreamArn"].endswith("/e")
    status, error = error_of(lambda: invoke(runtime, TargetVariant="Z"))
    assert (status, error["Error"]["Code"]) == (400, "ValidationError")
    status, error = error_of(lambda: invoke(runtime, TargetModel="m.tar.gz"))
    assert status == 400 and "TargetModel" in error["Error"]["Message"]
    status, error = error_of(lambda: invoke(runtime, b"x" * (6 * 1024 * 1024 + 1)))
    assert status == 400 and "6291456" in error["Error"]["Message"]
    publish({"A": (1.0, [])})
    status, error = error_of(lambda: invoke(runtime))
    assert (status, error["Error"]["Code"]) == (503, "ServiceUnavailable")


def test_not_built_operations_say_so(gateway: client.GatewayInfo, runtime: Any) -> None:
    status, error = error_of(
        lambda: runtime.invoke_endpoint_async(EndpointName="e", InputLocation="s3://b/k")
    )
    assert (status, error["Error"]["Code"]) == (501, "NotImplemented")
    assert "InvokeEndpointAsync" in error["Error"]["Message"]


def test_only_the_owner_may_invoke(
    serve: Serve, publish: Any, gateway: client.GatewayInfo, store: Store
) -> None:
    publish({"A": (1.0, [echo(serve)])})
    store.accounts.open("default", "ben")
    key = store.credentials.issue("test", user_profile="ben")
    other = runtime_client(gateway.port, key)
    assert "not found" in error_of(lambda: invoke(other))[1]["Error"]["Message"]
    temporary = runtime_client(gateway.port, store.credentials.issue("test", lifetime_s=60))
    assert invoke(temporary)["model"] == "model"
    wrong = store.credentials.default()
    wrong = type(wrong)(**{**vars(wrong), "secret_access_key": "wrong"})
    status, error = error_of(lambda: invoke(runtime_client(gateway.port, wrong)))
    assert (status, error["Error"]["Code"]) == (403, "SignatureDoesNotMatch")
    url = f"http://127.0.0.1:{gateway.port}"
    assert httpx.post(f"{url}/endpoints/e/invocations", content=b"{}").status_code == 403
    assert httpx.get(f"{url}/-/routes").status_code == 403
    assert httpx.get(f"{url}/nothing").status_code == 404
    assert httpx.get(f"{url}/ping").status_code == 200


def test_traffic_follows_weights(serve: Serve, publish: Any, runtime: Any) -> None:
    one, two = echo(serve, "one"), echo(serve, "two")
    publish({"A": (3.0, [one]), "B": (1.0, [two]), "C": (0.0, [two])})
    counts = Counter(invoke(runtime)["model"] for _ in range(400))
    assert 240 < counts["one"] < 360 and counts["one"] + counts["two"] == 400
    assert invoke(runtime, TargetVariant="C")["answer"]["InvokedProductionVariant"] == "C"


def test_busy_workers_queue_requests(serve: Serve, publish: Any, runtime: Any) -> None:
    publish({"A": (1.0, [echo(serve, workers=2)])})
    with ThreadPoolExecutor(8) as threads:
        started = time.monotonic()
        results = list(threads.map(lambda _: invoke(runtime, {"sleep": 0.2}), range(8)))
    assert len({result["pid"] for result in results}) == 2
    assert 0.75 < time.monotonic() - started < 3


def test_no_request_is_dropped_while_routes_change(
    serve: Serve, publish: Any, runtime: Any, config: Config
) -> None:
    old, new = echo(serve, "old"), echo(serve, "new")
    publish({"A": (1.0, [old])})
    stop = threading.Event()
    seen: Counter[str] = Counter()

    def load() -> None:
        while not stop.is_set():
            seen[invoke(runtime, {"sleep": 0.01})["model"]] += 1

    with ThreadPoolExecutor(8) as threads:
        jobs = [threads.submit(load) for _ in range(8)]
        time.sleep(0.5)
        publish({"A": (1.0, [new])})
        wait_for(lambda: client.in_flight(config)[1].get(old.folder.name, 0) == 0)
        old.process.terminate()
        old.process.wait(60)
        time.sleep(0.3)
        publish({"B": (1.0, [new])})
        time.sleep(0.3)
        stop.set()
        for job in jobs:
            job.result()  # raises what an invocation raised
    assert seen["old"] > 10 and seen["new"] > 10


def test_removed_endpoint(serve: Serve, publish: Any, runtime: Any, store: Store) -> None:
    publish({"A": (1.0, [echo(serve)])})
    invoke(runtime)
    store.routes.remove("000000000000", "e")
    wait_for(lambda: _is_unknown(runtime))


def _is_unknown(runtime: Any) -> bool:
    try:
        invoke(runtime)
    except ClientError as error:
        return "not found" in str(error)
    return False


def test_worker_that_dies_in_a_request(serve: Serve, publish: Any, runtime: Any) -> None:
    publish({"A": (1.0, [echo(serve)])})
    status, error = error_of(lambda: invoke(runtime, {"exit": 3}))
    assert (status, error["Error"]["Code"]) == (424, "ModelError")
    assert "ended while it processed" in error["OriginalMessage"]
    assert invoke(runtime)["model"] == "model"  # waits for the new worker


def test_killed_idle_workers_cost_no_request(serve: Serve, publish: Any, runtime: Any) -> None:
    instance = echo(serve, workers=2)
    publish({"A": (1.0, [instance])})
    for _ in range(3):
        victim = invoke(runtime)["pid"]
        os.kill(victim, signal.SIGKILL)
        assert invoke(runtime)["pid"] != victim


def test_request_that_a_dead_worker_never_read_is_tried_again(
    serve: Serve, publish: Any, runtime: Any
) -> None:
    one, two = echo(serve), echo(serve)
    publish({"A": (1.0, [one, two])})
    victim = invoke(runtime)["pid"]  # the last used is the next to be used
    os.kill(victim, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(invoke, runtime)
        time.sleep(0.3)
        assert not answer.done()
        os.kill(victim, signal.SIGKILL)
        assert answer.result(60)["pid"] != victim


def test_restart_keeps_port_and_routes(
    serve: Serve, publish: Any, gateway: client.GatewayInfo, runtime: Any, config: Config
) -> None:
    publish({"A": (1.0, [echo(serve)])})
    os.kill(gateway.pid, signal.SIGKILL)
    wait_for(lambda: client.info(config) is None)
    again = client.ensure(config)
    assert again.port == gateway.port and again.pid != gateway.pid
    assert invoke(runtime)["model"] == "model"


def test_sigterm_lets_requests_finish(
    serve: Serve, publish: Any, gateway: client.GatewayInfo, runtime: Any, config: Config
) -> None:
    publish({"A": (1.0, [echo(serve)])})
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(invoke, runtime, {"sleep": 1.0})
        wait_for(lambda: client.in_flight(config)[1].get("instance-0"))
        os.kill(gateway.pid, signal.SIGTERM)
        assert answer.result(60)["model"] == "model"
    wait_for(lambda: client.info(config) is None)


def test_routes_and_keys_outlive_the_database(
    serve: Serve, publish: Any, runtime: Any, config: Config
) -> None:
    publish({"A": (1.0, [echo(serve)])})
    invoke(runtime)
    database = config.path / "studio.db"
    for suffix in ("", "-wal", "-shm"):
        path = database.with_name(database.name + suffix)
        if path.exists():
            path.unlink()
    database.mkdir()  # opening it fails now
    time.sleep(0.5)
    for _ in range(6):  # longer than a key is taken as fresh
        assert invoke(runtime)["model"] == "model"
        time.sleep(1)


def test_metrics(serve: Serve, publish: Any, runtime: Any, store: Store) -> None:
    publish({"A": (1.0, [echo(serve)])})
    for _ in range(5):
        invoke(runtime, {"sleep": 0.01})
    error_of(lambda: invoke(runtime, {"raise": "x"}))

    def total(name: str) -> float:
        return sum(
            p[2] for s in store.metrics.series("000000000000/endpoint/e", [name]) for p in s.points
        )

    wait_for(lambda: total("Invocations") == 6)
    assert total("Invocation5XXErrors") == 1 and total("Invocation4XXErrors") == 0
    latency = [
        p[2]
        for s in store.metrics.series("000000000000/endpoint/e", ["ModelLatency"])
        for p in s.points
    ]
    assert latency and max(latency) > 8_000  # microseconds


def test_one_gateway_for_a_home(gateway: client.GatewayInfo, config: Config) -> None:
    assert client.ensure(config).pid == gateway.pid


def test_the_gateway_loads_nothing_of_botocore() -> None:
    """It takes 15 MB and a tenth of a second, which every start and every home would pay."""
    code = (
        "import sys, studio_ext.hosting.gateway.process\n"
        "print(sorted(name for name in sys.modules if name.startswith('boto')))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
