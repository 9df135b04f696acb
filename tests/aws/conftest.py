"""A real server for the services under test, and boto3 clients of it."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import botocore.session
import databases
import pytest
import uvicorn
from botocore.config import Config as ClientConfig
from metric_times import START

from studio_ext.aws import cloudwatch
from studio_ext.store.metrics import Metrics
from studio_ext.wire import models
from studio_ext.wire.dispatch import Credential, Dispatcher, Registry
from studio_ext.wire.server import asgi_app

REGION = "us-east-1"
KEY, SECRET = "AKIATEST", "secret"
ROOT = Path(__file__).resolve().parents[2]


class OneKey:
    """The access keys of one user."""

    credential = Credential(
        KEY, SECRET, None, "default", "default", "arn:aws:iam::000000000000:role/R"
    )

    def get(self, access_key_id: str) -> Credential | None:
        return self.credential if access_key_id == KEY else None


@contextmanager
def _serving(registry: Registry) -> Iterator[str]:
    dispatcher = Dispatcher(registry, OneKey(), REGION)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(asgi_app(dispatcher), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(60)
        dispatcher.close()


def _connected(url: str, service: str) -> Any:
    session = botocore.session.get_session()
    session.get_component("data_loader").search_paths.append(str(models.DATA))
    return session.create_client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        config=ClientConfig(retries={"total_max_attempts": 1}),
    )


@pytest.fixture(scope="module")
def serving() -> Callable[[Registry], Any]:
    """A context manager that serves a registry and gives the URL."""
    return _serving


@pytest.fixture(scope="session")
def connected() -> Callable[[str, str], Any]:
    """Makes a botocore client: `connected(url, service)`."""
    return _connected


@pytest.fixture(scope="session")
def sdk_python() -> str:
    """The interpreter that has the SageMaker SDK."""
    found = os.environ.get("STUDIO_SDK_PYTHON", str(ROOT / ".venv-sdk" / "bin" / "python"))
    if not Path(found).exists():
        pytest.skip(f"the SageMaker SDK is not installed ({found})")
    return found


@pytest.fixture(scope="session")
def sdk_environment() -> Callable[[str], dict[str, str]]:
    """The variables with which the SDK reaches a server at a URL."""

    def environment(url: str) -> dict[str, str]:
        return {
            **os.environ,
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": REGION,
            "PYTHONPATH": "",
        }

    return environment


# --- metrics


@pytest.fixture(scope="module")
def metric_server(
    serving: Callable[[Registry], Any],
    connected: Callable[[str, str], Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[SimpleNamespace]:
    folder = tmp_path_factory.mktemp("metrics")
    engine = databases.fresh_engine(folder)
    store = SimpleNamespace(engine=engine, metrics=Metrics(engine))
    registry = Registry()
    cloudwatch.register(registry, store)
    registry.add("sagemaker", "DescribeTrainingJob", _describe)
    with serving(registry) as url:
        yield SimpleNamespace(
            url=url,
            metrics=store.metrics,
            client=connected(url, "cloudwatch"),
            studio=connected(url, "studio"),
        )
    engine.dispose()


def _describe(call: Any, params: dict[str, Any]) -> dict[str, Any]:
    definitions = [{"Name": "loss", "Regex": "loss=(.*)"}, {"Name": "none", "Regex": "none=(.*)"}]
    return {
        "TrainingJobName": params["TrainingJobName"],
        "AlgorithmSpecification": {"TrainingInputMode": "File", "MetricDefinitions": definitions},
        "TrainingStartTime": START,
        "TrainingEndTime": START + 200,
    }


@pytest.fixture
def metrics(metric_server: SimpleNamespace) -> Metrics:
    return metric_server.metrics


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A resource of the test's own."""
    return request.node.name.replace("_", "-").replace("[", "-").replace("]", "").replace(".", "-")
