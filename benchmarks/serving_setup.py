"""The model and the servers of :mod:`.serving`, each with the requests that it takes."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from studio_ext.config import Config
from studio_ext.hosting.gateway import client as gateway

from .measure import family, free_port, process
from .peers import python_of
from .studios import processes_of, serving

ROWS = 500
FEATURES = 20
HERE = Path(__file__).with_name("serving_peers")
REGISTRY = "683313688378.dkr.ecr.us-east-1.amazonaws.com"
IMAGES = {"sklearn": "sagemaker-scikit-learn:1.2-1-cpu-py3", "xgboost": "sagemaker-xgboost:1.7-1"}
COLD_STARTS = 3
#: Shown, but no peer in the claims: it has no worker.
IN_ONE_PROCESS = "mlserver in one process batching"


@dataclass
class Model:
    """A trained model: its file, rows of CSV to ask it, and its own answers."""

    library: str
    path: Path
    rows: list[str]
    predict: Callable[[Sequence[str]], Any]
    more: list[str] = field(default_factory=list)  # what a peer has to install for it


@dataclass
class Server:
    """A running server; ``read`` gives the predictions in a JSON answer."""

    name: str
    port: int
    pids: list[int]
    messages: list[bytes]
    read: Callable[[Any], list[Any]] = list


Started = Iterator[tuple[Server, float]]


def train(library: str, folder: Path) -> Model:
    """A small classifier, by scikit-learn or by XGBoost, and rows it has not seen."""
    random = np.random.default_rng(0)
    data = random.random((500, FEATURES))
    target = data[:, 0] + data[:, 1] > 1
    rows = [",".join(f"{value:.6f}" for value in row) for row in random.random((ROWS, FEATURES))]
    import sklearn

    more = [_same(sklearn, "scikit-learn")]  # both libraries in any case: one environment a peer
    if library == "sklearn":
        import joblib
        from sklearn.linear_model import LogisticRegression

        path = folder / "model.joblib"
        model = LogisticRegression().fit(data, target.astype(int))
        joblib.dump(model, path)
        return Model(library, path, rows, _on_text(model.predict), more)
    import xgboost

    path = folder / "xgboost-model"
    settings = {"objective": "binary:logistic", "nthread": 1}
    booster = xgboost.train(settings, xgboost.DMatrix(data, target), 50)
    booster.save_model(path.with_suffix(".ubj"))
    path = path.with_suffix(".ubj").rename(path)
    return Model(library, path, rows, _on_text(booster.inplace_predict), more)


def _same(module: Any, name: str) -> str:
    return f"{name}=={module.__version__}"


def _on_text(predict: Callable[[Any], Any]) -> Callable[[Sequence[str]], Any]:
    return lambda rows: predict(
        np.array([row.split(",") for row in rows], dtype=np.float64).astype(np.float32)
    )


def import_seconds(model: Model) -> float:
    """How long a fresh Python takes to import the library and to load the model."""
    code = {
        "sklearn": "import sklearn.linear_model, joblib; joblib.load({path!r})",
        "xgboost": "import xgboost; xgboost.Booster(model_file={path!r})",
    }[model.library]
    started = time.perf_counter()
    command = [sys.executable, "-c", code.format(path=str(model.path))]
    subprocess.run(command, check=True)
    return time.perf_counter() - started


# --- ours


@contextlib.contextmanager
def studio(model: Model, home: Path) -> Started:
    """An endpoint of two weighted variants, created by boto3 as anybody would."""
    config = Config(home=str(home))
    with serving(home) as server:
        sagemaker, s3 = server.client("sagemaker"), server.client("s3")
        runtime = server.client("sagemaker-runtime")
        s3.create_bucket(Bucket="models")
        s3.put_object(Bucket="models", Key="model.tar.gz", Body=_archive(model.path))
        sagemaker.create_model(
            ModelName="m",
            ExecutionRoleArn="arn:aws:iam::123456789012:role/r",
            PrimaryContainer={
                "Image": f"{REGISTRY}/{IMAGES[model.library]}",
                "ModelDataUrl": "s3://models/model.tar.gz",
                "Environment": {"SAGEMAKER_MODEL_SERVER_WORKERS": "1"},
            },
        )
        variants = [
            {
                "VariantName": name,
                "ModelName": "m",
                "InitialInstanceCount": 1,
                "InstanceType": "ml.m5.large",
                "InitialVariantWeight": 1.0,
            }
            for name in ("A", "B")
        ]
        for name, chosen in (("one", variants[:1]), ("two", variants)):
            sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=chosen)
        cold = []
        for number in range(COLD_STARTS):
            name = f"cold-{number}"
            started = time.perf_counter()
            sagemaker.create_endpoint(EndpointName=name, EndpointConfigName="one")
            _until_answered(runtime, name, model.rows[0])
            cold.append(time.perf_counter() - started)
            sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name)
            sagemaker.delete_endpoint(EndpointName=name)
            sagemaker.get_waiter("endpoint_deleted").wait(
                EndpointName=name, WaiterConfig={"Delay": 1}
            )
        sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="two")
        _until_answered(runtime, "e", model.rows[0])
        running = gateway.info(config)
        assert running is not None
        keys = Credentials(server.key, server.secret)
        messages = [_signed(keys, running.port, row) for row in model.rows]
        name = "studio_ext.hosting.modelserver"
        supervisors = [p.pid for p in processes_of(home) if name in p.cmdline()]
        read = _scores if model.library == "xgboost" else list
        pids = [running.pid, *supervisors]
        yield Server("studio", running.port, pids, messages, read), median(cold)


def _archive(path: Path) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        archive.add(path, path.name)
    return stream.getvalue()


def _until_answered(runtime: Any, endpoint: str, row: str) -> None:
    end = time.monotonic() + 120
    while True:
        try:
            runtime.invoke_endpoint(EndpointName=endpoint, Body=row, ContentType="text/csv")
            return
        except ClientError:
            if time.monotonic() > end:
                raise
        time.sleep(0.01)


def _scores(document: Any) -> list[Any]:
    return [each["score"] for each in document["predictions"]]


def _signed(keys: Credentials, port: int, row: str) -> bytes:
    """A request as boto3 sends it, with a number of its own, so that no two are the same."""
    headers = {
        "Content-Type": "text/csv",
        "Accept": "application/json",
        "User-Agent": "Boto3/1.44 md/Botocore#1.44 ua/2.1 os/linux lang/python#3.11",
        "amz-sdk-invocation-id": os.urandom(16).hex(),
        "amz-sdk-request": "attempt=1",
    }
    url = f"http://127.0.0.1:{port}/endpoints/e/invocations"
    request = AWSRequest("POST", url, data=row.encode(), headers=headers)
    SigV4Auth(keys, "sagemaker", "us-east-1").add_auth(request)
    return _message(port, "/endpoints/e/invocations", row.encode(), dict(request.headers))


def _message(port: int, path: str, body: bytes, headers: dict[str, str]) -> bytes:
    lines = [f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


# --- theirs


@contextlib.contextmanager
def _served(
    name: str,
    model: Model,
    home: Path,
    command: Callable[[int], list[Any]],
    path: str,
    body: Callable[[str], bytes],
    *,
    read: Callable[[Any], list[Any]] = list,
    kind: str = "application/json",
    folder: Path = HERE,
) -> Started:
    port = free_port()
    messages = [_message(port, path, body(row), {"Content-Type": kind}) for row in model.rows]
    environment = {
        "MODEL": str(model.path),
        "BATCH": str(int(name.endswith("batching"))),
        "PYTHONPATH": str(HERE),
        "BENTOML_DO_NOT_TRACK": "True",
        "OMP_NUM_THREADS": "1",
    }

    def answers() -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        with contextlib.closing(connection):
            connection.request("POST", path, body(model.rows[0]), {"Content-Type": kind})
            return connection.getresponse().status == 200

    started = time.perf_counter()
    log = home / f"{name.replace(' ', '-')}.log"
    with process(command(port), answers, environment=environment, folder=folder, log=log) as peer:
        cold = time.perf_counter() - started
        pids = [each.pid for each in family(peer.pid)][:1]
        yield Server(name, port, pids, messages, read), cold


def bare(model: Model, home: Path) -> Any:
    """uvicorn with uvloop and httptools, and an application of a dozen lines."""
    options = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--lifespan", "off"]
    python = python_of("uvicorn", *model.more, *_library(model))
    return _served(
        "bare",
        model,
        home,
        lambda port: [python, "-m", "uvicorn", "bare:app", "--port", str(port), *options],
        "/",
        str.encode,
        kind="text/csv",
    )


def litserve(model: Model, home: Path, batching: bool) -> Any:
    """LitServe: one API process and one worker."""
    python = python_of("litserve", *model.more, *_library(model))
    return _served(
        f"litserve{' batching' if batching else ''}",
        model,
        home,
        lambda port: [python, "lit.py", str(port)],
        "/predict",
        lambda row: json.dumps({"csv": row}).encode(),
    )


def bentoml(model: Model, home: Path, batching: bool) -> Any:
    """BentoML: one worker."""
    python = python_of("bentoml", *model.more, *_library(model))
    command = [python, "-m", "bentoml", "serve", "bento:Predictor", "--production", "--port"]
    return _served(
        f"bentoml{' batching' if batching else ''}",
        model,
        home,
        lambda port: [*command, str(port)],
        "/predict",
        lambda row: json.dumps({"rows": [row]}).encode(),
    )


def mlserver(model: Model, home: Path, batching: bool, workers: int = 1) -> Any:
    """MLServer with its scikit-learn runtime and, as it comes, one worker; 0 is none: the server
    itself predicts, so that it is no longer there while a model loads, hangs or dies."""
    # Its worker asks for the current event loop, which newer versions of uvloop do not make.
    python = python_of("mlserver", "uvloop<0.22", *model.more, *_library(model))
    name = f"mlserver{'' if workers else ' in one process'}{' batching' if batching else ''}"
    folder = home / name.replace(" ", "-")
    folder.mkdir()
    document: dict[str, Any] = {
        "name": "m",
        "implementation": "mlserver_sklearn.SKLearnModel"
        if model.library == "sklearn"
        else "ml.Booster",
        "parameters": {"uri": str(model.path)},
    }
    if batching:
        document.update(max_batch_size=64, max_batch_time=0.001)
    (folder / "model-settings.json").write_text(json.dumps(document))

    def command(port: int) -> list[Any]:
        ports = {"http_port": port, "grpc_port": free_port(), "metrics_port": free_port()}
        settings = {**ports, "parallel_workers": workers, "debug": False, "metrics_endpoint": None}
        (folder / "settings.json").write_text(json.dumps(settings))
        return [python.with_name("mlserver"), "start", str(folder)]

    return _served(
        name, model, home, command, "/v2/models/m/infer", _tensor,
        read=lambda document: document["outputs"][0]["data"], folder=folder,
    )  # fmt: skip


def _tensor(row: str) -> bytes:
    data = [float(value) for value in row.split(",")]
    tensor = {"name": "x", "shape": [1, len(data)], "datatype": "FP32", "data": data}
    return json.dumps({"inputs": [tensor]}).encode()


def _library(model: Model) -> list[str]:
    """XGBoost without what it needs for graphics cards, in the version that trained the model."""
    import xgboost

    return [_same(xgboost, "xgboost-cpu")]


PEERS: dict[str, Callable[[Model, Path], Any]] = {
    "bare": bare,
    "litserve": lambda model, home: litserve(model, home, False),
    "litserve batching": lambda model, home: litserve(model, home, True),
    "bentoml": lambda model, home: bentoml(model, home, False),
    "bentoml batching": lambda model, home: bentoml(model, home, True),
    "mlserver": lambda model, home: mlserver(model, home, False),
    "mlserver batching": lambda model, home: mlserver(model, home, True),
    IN_ONE_PROCESS: lambda model, home: mlserver(model, home, True, workers=0),
}
