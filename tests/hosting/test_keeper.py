"""The gateway is there again soon, whatever becomes of it."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError
from model_servers import ECHO, Instance, is_alive, runtime_client, wait_for
from urllib3.exceptions import HTTPError

from studio_ext.config import Config
from studio_ext.hosting.gateway import client, keeper, listening
from studio_ext.hosting.gateway.keeper import Keeper
from studio_ext.store import Store


@pytest.fixture
def gateway(config: Config, store: Store) -> Iterator[client.GatewayInfo]:
    """A gateway that is kept."""
    found = client.ensure(config)
    kept = Keeper(config)
    kept.start()
    yield found
    kept.stop()
    kept.stop()  # harmless
    left = client.info(config)
    assert left is not None, "a gateway outlives who keeps it"
    os.kill(left.pid, signal.SIGTERM)
    wait_for(lambda: not is_alive(left.pid))


def another(config: Config, pid: int) -> client.GatewayInfo | None:
    found = client.info(config)
    return found if found and found.pid != pid and client.answers(config, found.port) else None


def test_one_that_was_killed_is_replaced_on_its_port(
    config: Config, gateway: client.GatewayInfo
) -> None:
    for _ in range(2):  # the second one was started by the keeper
        before = client.info(config)
        assert before is not None
        os.kill(before.pid, signal.SIGKILL)
        after = wait_for(lambda pid=before.pid: another(config, pid))
        assert after.port == gateway.port


def test_one_that_was_stopped_goes_on(config: Config, gateway: client.GatewayInfo) -> None:
    os.kill(gateway.pid, signal.SIGSTOP)
    wait_for(lambda: psutil.Process(gateway.pid).status() != psutil.STATUS_STOPPED)
    assert client.answers(config, gateway.port)


def test_one_that_does_not_answer_is_replaced(
    config: Config, gateway: client.GatewayInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = client.answers

    def silent(config: Config, port: int) -> bool:
        found = client.info(config)
        return bool(found and found.pid != gateway.pid and answers(config, port))

    monkeypatch.setattr(client, "answers", silent)
    monkeypatch.setattr(keeper, "SILENT_S", 0.5)
    monkeypatch.setattr(keeper, "ASK_S", 0.1)
    wait_for(lambda: not is_alive(gateway.pid))
    wait_for(lambda: another(config, gateway.pid))


def test_a_gateway_that_cannot_start_says_so_at_once(
    config: Config, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    popen = client.subprocess.Popen

    def broken(command: list[str], **options: Any) -> Any:
        return popen([command[0], "-c", "raise SystemExit(3)"], **options)

    monkeypatch.setattr(client.subprocess, "Popen", broken)
    with pytest.raises(OSError, match="ended with 3"):
        client.ensure(config)


def test_one_that_is_slow_to_start_is_waited_for(config: Config, store: Store) -> None:
    before = len(psutil.Process().children())
    for _ in range(3):
        with pytest.raises(TimeoutError):
            client.ensure(config, timeout_s=0.01)
    assert len(psutil.Process().children()) == before + 1
    found = client.ensure(config)
    assert client.starting(config) is None
    os.kill(found.pid, signal.SIGTERM)
    wait_for(lambda: not is_alive(found.pid))


def test_one_that_was_stopped_while_it_started_goes_on(
    config: Config, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "START_S", 0.5)
    with pytest.raises(TimeoutError):
        client.ensure(config, timeout_s=0.0)
    pid = client.starting(config)
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    kept = Keeper(config)
    kept.start()
    assert wait_for(lambda: client.info(config)).pid == pid
    kept.stop()
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not is_alive(pid))


class Visits:
    """Clients that ask one after the other and try nothing twice; counts what became of it.

    Two connect each time; two invoke an endpoint by boto3, which keeps its connections.
    """

    def __init__(self, config: Config, store: Store, port: int) -> None:
        self._address = config.host, port
        self._credential = store.credentials.default()
        self._ended = threading.Event()
        work = [self._connect, self._connect, self._invoke, self._invoke]
        self._threads = [threading.Thread(target=each) for each in work]
        self.answered = self.cut = self.refused = self.invoked = 0
        self.failed: list[ClientError] = []
        for thread in self._threads:
            thread.start()

    def _connect(self) -> None:
        while not self._ended.is_set():
            connection = http.client.HTTPConnection(*self._address, timeout=60)
            try:
                connection.request("GET", "/ping")
                self.answered += connection.getresponse().status == 200
            except ConnectionRefusedError:
                self.refused += 1
            except (OSError, http.client.HTTPException):
                self.cut += 1  # its gateway was killed while it answered
            finally:
                connection.close()

    def _invoke(self) -> None:
        runtime = runtime_client(self._address[1], self._credential)
        while not self._ended.is_set():
            try:
                runtime.invoke_endpoint(EndpointName="e", Body=b"{}")["Body"].read()
                self.invoked += 1
            except EndpointConnectionError:
                self.refused += 1
            except ClientError as error:
                self.failed.append(error)
            except (BotoCoreError, HTTPError):
                self.cut += 1

    def end(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()


def test_clients_wait_while_one_is_replaced(
    config: Config,
    store: Store,
    gateway: client.GatewayInfo,
    serve: Callable[..., Instance],
    publish: Callable[..., None],
) -> None:
    instance = serve({"code/inference.py": ECHO})
    instance.wait()
    publish({"A": (1.0, [instance])})
    wait_for(lambda: holds(config, gateway.port))
    visits = Visits(config, store, gateway.port)
    try:
        before = gateway
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
            seen = visits.answered, visits.invoked
            wait_for(lambda seen=seen: visits.answered > seen[0] and visits.invoked > seen[1])
            os.kill(before.pid, number)
            before = wait_for(lambda pid=before.pid: another(config, pid))
            assert before.port == gateway.port
        seen = visits.answered, visits.invoked
        wait_for(lambda: visits.answered > seen[0] and visits.invoked > seen[1])
    finally:
        visits.end()
    assert visits.refused == 0 and visits.failed == []
    assert visits.cut <= 3 * 4


#: Answers when a file is beside the model.
WAITS = """
import os, time
def model_fn(model_dir):
    return model_dir
def transform_fn(model, body, content_type, accept):
    while not os.path.exists(os.path.join(model, "go")):
        time.sleep(0.02)
    return "waited", accept
"""


def test_the_next_one_does_not_wait_for_the_last_request(
    config: Config,
    store: Store,
    gateway: client.GatewayInfo,
    serve: Callable[..., Instance],
    publish: Callable[..., None],
) -> None:
    instance = serve({"code/inference.py": WAITS})
    instance.wait()
    publish({"A": (1.0, [instance])})
    wait_for(lambda: holds(config, gateway.port))
    idle = http.client.HTTPConnection(config.host, gateway.port, timeout=120)
    idle.request("GET", "/ping")
    assert idle.getresponse().read() == b"pong\n"
    runtime = runtime_client(gateway.port, store.credentials.default())
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(runtime.invoke_endpoint, EndpointName="e", Body=b"x")
        wait_for(lambda: any((client.in_flight(config) or (0, {}))[1].values()))
        os.kill(gateway.pid, signal.SIGTERM)
        assert idle.sock.recv(1) == b"", "who asks nothing is let go at once"
        after = wait_for(lambda: another(config, gateway.pid), 120)
        assert after.port == gateway.port
        assert is_alive(gateway.pid) and not slow.done()
        (instance.folder / "opt/ml/model/go").touch()
        assert slow.result(120)["Body"].read() == b"waited"
    wait_for(lambda: not is_alive(gateway.pid))


def test_a_second_keeper_has_the_socket_of_a_gateway_that_it_found(
    config: Config, gateway: client.GatewayInfo
) -> None:
    wait_for(lambda: holds(config, gateway.port))
    listening.release(config)  # as by a control plane that was killed
    assert not holds(config, gateway.port)
    listening.hold(config, gateway.port)
    assert holds(config, gateway.port)
    listening.hold(config, gateway.port + 1)  # a gateway on another port has another socket
    assert not holds(config, gateway.port)


def test_nobody_waits_for_one_that_never_starts(
    config: Config, gateway: client.GatewayInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for(lambda: holds(config, gateway.port))
    popen = client.subprocess.Popen
    broken = True

    def start(command: list[str], **options: Any) -> Any:
        return popen([command[0], "-c", "raise SystemExit(3)"] if broken else command, **options)

    monkeypatch.setattr(client.subprocess, "Popen", start)
    monkeypatch.setattr(keeper, "RETRY_S", 0.05)
    os.kill(gateway.pid, signal.SIGKILL)
    wait_for(lambda: not holds(config, gateway.port))
    broken = False
    assert wait_for(lambda: another(config, gateway.pid)).port == gateway.port
    wait_for(lambda: holds(config, gateway.port))


def holds(config: Config, port: int) -> bool:
    """Whether this process has a copy of the gateway's socket."""
    with listening.inheritable(config) as descriptors:
        for descriptor in descriptors:
            with socket.socket(fileno=os.dup(descriptor)) as copy:
                return bool(copy.getsockname()[1] == port)
    return False
