"""Model servers: loading, the handler contract, crashes, hangs, stops."""

from __future__ import annotations

import io
import json
import os
import pickle
import signal
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from model_servers import ECHO, Instance, is_alive, pack, wait_for

from studio_ext.config import Config
from studio_ext.run.logs import LogReader

Serve = Callable[..., Instance]
JSON = {"content_type": "application/json", "accept": "application/json"}


def failure(serve: Serve, files: dict[str, str | bytes], **options: object) -> str:
    instance = serve(files, **options)
    reason = instance.wait("Failed")["reason"]
    assert instance.process.wait(60) == 1
    return reason


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def test_scikit_learn_with_defaults(serve: Serve) -> None:
    joblib = pytest.importorskip("joblib")
    from sklearn.linear_model import LinearRegression

    rows = np.arange(12.0).reshape(6, 2) ** 1.5
    model = LinearRegression().fit(rows, rows @ [1, 2])
    stream = io.BytesIO()
    joblib.dump(model, stream)
    code = (
        "import joblib, os\n"
        "def model_fn(model_dir): return joblib.load(os.path.join(model_dir, 'model.joblib'))\n"
    )
    instance = serve(
        {"model.joblib": stream.getvalue(), "code/serve.py": code},
        framework="sklearn",
        environment={"SAGEMAKER_PROGRAM": "serve.py"},
        workers=2,
    )
    status = instance.wait()
    assert len({worker["pid"] for worker in status["workers"]}) == 2
    expected = model.predict(rows)
    _, body = instance.ask(npy(rows), content_type="application/x-npy", accept="application/x-npy")
    np.testing.assert_allclose(np.load(io.BytesIO(body)), expected)
    text = "\n".join(",".join(map(str, row)) for row in rows)
    header, body = instance.ask(text.encode(), content_type="text/csv", accept="text/csv")
    np.testing.assert_allclose([float(x) for x in body.split()], expected, rtol=1e-5)
    header, body = instance.ask(b"[1, 2]", 1, **JSON)  # one row
    np.testing.assert_allclose(json.loads(body), [5.0], rtol=1e-5)
    assert header == {"status": 200, "content_type": "application/json"}
    statuses = [
        instance.ask(b"1,2", content_type="text/foo")[0]["status"],
        instance.ask(b"1,2", content_type="text/csv", accept="text/foo")[0]["status"],
        instance.ask(b"{", **JSON)[0]["status"],
        instance.ask(pickle.dumps(1), content_type="application/x-npy")[0]["status"],
    ]
    assert statuses == [415, 406, 400, 400]
    header, body = instance.ask(b"[1, 2, 3]", **JSON)
    assert header["status"] == 500 and b"features" in body


def test_scikit_learn_needs_a_model_fn(serve: Serve) -> None:
    reason = failure(serve, {"a.joblib": b"x", "b.pkl": b"x"}, framework="sklearn")
    assert "Please provide a model_fn" in reason and "a.joblib, b.pkl" in reason


def test_scikit_learn_finds_the_only_model(serve: Serve) -> None:
    """A training script that is no inference script is enough to deploy with."""
    joblib = pytest.importorskip("joblib")
    from sklearn.dummy import DummyRegressor

    stream = io.BytesIO()
    joblib.dump(DummyRegressor().fit([[0]], [4.0]), stream)
    instance = serve(
        {"model.joblib": stream.getvalue(), "code/train.py": "import joblib\n"},
        framework="sklearn",
        environment={"SAGEMAKER_PROGRAM": "train.py"},
    )
    instance.wait()
    assert json.loads(instance.ask(b"[[1]]", **JSON)[1]) == [4.0]


def test_pytorch_with_defaults(serve: Serve) -> None:
    torch = pytest.importorskip("torch")
    stream = io.BytesIO()
    layer = torch.nn.Linear(2, 1)
    torch.jit.save(torch.jit.script(layer), stream)
    instance = serve({"net.pt": stream.getvalue()}, framework="pytorch")
    instance.wait()
    expected = layer(torch.tensor([[1.0, 2.0]])).tolist()
    np.testing.assert_allclose(
        json.loads(instance.ask(b"[[1, 2]]", **JSON)[1]), expected, rtol=1e-6
    )
    _, body = instance.ask(
        npy(np.array([[1, 2]], dtype=np.float32)),
        content_type="application/x-npy",
        accept="text/csv",
    )
    assert float(body) == pytest.approx(expected[0][0])


def test_pytorch_with_two_files_says_so(serve: Serve) -> None:
    pytest.importorskip("torch")
    reason = failure(serve, {"a.pt": b"x", "b.pth": b"x"}, framework="pytorch")
    assert "a.pt, b.pth" in reason


@pytest.mark.parametrize("framework", ["xgboost", "xgboost-algorithm"])
def test_xgboost(serve: Serve, framework: str, tmp_path: Path) -> None:
    from studio_ext.algorithms.xgboost import Predictor, train

    rows = np.random.default_rng(0).random((50, 3))
    np.savetxt(tmp_path / "t.csv", np.c_[rows[:, 0] > 0.5, rows], delimiter=",")
    settings = {"num_round": 3, "objective": "binary:logistic"}
    train(settings, tmp_path / "t.csv", model_dir=tmp_path)
    model = (tmp_path / "xgboost-model").read_bytes()
    instance = serve(
        {"xgboost-model": model},
        framework=framework,
        image="683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:0.90-2-cpu-py3",
    )
    instance.wait()
    body = b"0.1,0.2,0.3\n0.9,0.2,0.3"
    _, answer = instance.ask(body, content_type="text/csv", accept="text/csv")
    separator = "," if framework == "xgboost-algorithm" else "\n"
    values = [float(value) for value in answer.decode().strip().split(separator)]
    np.testing.assert_allclose(values, Predictor(tmp_path).predict(np.float32(
        [[0.1, 0.2, 0.3], [0.9, 0.2, 0.3]])), rtol=1e-6)  # fmt: skip
    if framework == "xgboost-algorithm":
        assert instance.ask(b"1,2", content_type="text/csv")[0]["status"] == 400


def test_every_handler_function_and_context(serve: Serve) -> None:
    code = """
import os
from sagemaker_inference import content_types, decoder, encoder
order = []
def pre_model_fn(model_dir): order.append("pre")
def model_fn(model_dir, context):
    order.append("model")
    return context.system_properties["model_dir"]
def model_warmup_fn(model_dir, model): order.append("warm")
def input_fn(body, content_type):
    return decoder.decode(body, content_type) if content_type == content_types.CSV else body
def predict_fn(data, model, context):
    context.set_response_status(201)
    return [order, model, type(data).__name__, os.environ["EXTRA"], os.getcwd()]
def output_fn(prediction, accept):
    return encoder.encode(prediction, content_types.JSON), "application/json"
"""
    instance = serve({"code/inference.py": code}, environment={"EXTRA": "7"})
    instance.wait()
    header, body = instance.ask(b"1,2", content_type="text/csv", accept="*/*")
    assert header == {"status": 201, "content_type": "application/json"}
    assert json.loads(body) == [
        ["pre", "model", "warm"], "/opt/ml/model", "ndarray", "7", "/opt/ml/model/code",
    ]  # fmt: skip
    assert json.loads(instance.ask(b"{}", **JSON)[1])[2] == "str"
    assert json.loads(instance.ask(b"x", content_type="image/png")[1])[2] == "bytes"


def test_code_archive_and_relative_imports(serve: Serve, config: Config) -> None:
    code = pack(
        config.path / "code.tar.gz",
        {"sub/entry.py": "from helper import name\nmodel_fn = lambda d: 1\n"
         "def transform_fn(model, body, content_type, accept): return name, 'text/plain'\n",
         "helper.py": "name = 'helped'\n"},
    )  # fmt: skip
    instance = serve(
        {}, code_archive=str(code), environment={"SAGEMAKER_PROGRAM": "sub/entry.py",
                                                 "SAGEMAKER_SUBMIT_DIRECTORY": "s3://b/code.tar.gz"}
    )  # fmt: skip
    instance.wait()
    assert instance.ask(b"")[1] == b"helped"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("def model_fn(d): raise OSError('no weights')\n", "OSError: no weights"),
        ("import not_there\n", "ModuleNotFoundError: No module named 'not_there'"),
        ("def model_fn(d): import os; os.abort()\n", "SIGABRT"),
        ("model_fn = transform_fn = input_fn = lambda *a: 1\n", "transform_fn cannot be used"),
    ],
)
def test_model_that_does_not_load(serve: Serve, code: str, reason: str) -> None:
    assert reason in failure(serve, {"code/inference.py": code})


def test_missing_entry_point(serve: Serve) -> None:
    environment = {"SAGEMAKER_PROGRAM": "serve.py"}
    assert "serve.py" in failure(serve, {"code/other.py": ""}, environment=environment)


def test_archive_that_leaves_its_folder(serve: Serve, config: Config) -> None:
    path = config.path / "evil.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo("../../../evil")
        member.size = 1
        archive.addfile(member, io.BytesIO(b"x"))
    instance = serve(model_archive=str(path))
    assert "cannot be extracted" in instance.wait("Failed")["reason"]
    assert not list(config.path.rglob("evil"))


def test_damaged_archive(serve: Serve, config: Config) -> None:
    path = pack(config.path / "cut.tar.gz", {"big": os.urandom(100_000)})
    path.write_bytes(path.read_bytes()[:50_000])
    assert "cut.tar.gz" in serve(model_archive=str(path)).wait("Failed")["reason"]


def test_crashed_worker_comes_back(serve: Serve) -> None:
    instance = serve({"code/inference.py": ECHO}, workers=2)
    before = [worker["pid"] for worker in instance.wait()["workers"]]
    with pytest.raises((EOFError, ConnectionError)):
        instance.ask(b'{"exit": 9}', **JSON)
    wait_for(lambda: instance.status["workers"][0]["pid"] != before[0]
             and instance.status["workers"][0]["ready"])  # fmt: skip
    assert instance.status["state"] == "InService"
    assert instance.ask(b"{}", **JSON)[0]["status"] == 200
    assert instance.status["workers"][1]["pid"] == before[1]


def test_hanging_worker_is_replaced_and_says_where_it_hung(serve: Serve) -> None:
    instance = serve({"code/inference.py": ECHO}, invocation_timeout_s=1.0)
    pid = instance.wait()["workers"][0]["pid"]
    with pytest.raises((EOFError, ConnectionError)):
        instance.ask(b'{"sleep": 60}', **JSON)
    wait_for(lambda: not is_alive(pid) and instance.status["workers"][0]["pid"] != pid
             and instance.status["workers"][0]["ready"])  # fmt: skip
    assert instance.ask(b"{}", **JSON)[0]["status"] == 200
    assert "in transform_fn" in instance.log


def test_sigterm_finishes_the_request_at_hand(serve: Serve) -> None:
    from concurrent.futures import ThreadPoolExecutor

    instance = serve({"code/inference.py": ECHO})
    pid = instance.wait()["workers"][0]["pid"]
    sockets = instance.sockets
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(instance.ask, b'{"sleep": 1}', **JSON)
        time.sleep(0.3)
        instance.process.terminate()
        assert answer.result()[0]["status"] == 200
    assert instance.process.wait(60) == 0
    assert instance.status["state"] == "Stopped" and not is_alive(pid)
    assert not any(os.path.exists(path) for path in sockets)


def test_no_orphans_when_the_supervisor_is_killed(serve: Serve) -> None:
    code = ECHO + "\nimport subprocess\nchild = subprocess.Popen(['sleep', '1000'])\n"
    instance = serve({"code/inference.py": code})
    pid = instance.wait()["workers"][0]["pid"]
    child = int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
    instance.process.kill()
    wait_for(lambda: not is_alive(pid))
    again = serve(id=instance.folder.name)
    wait_for(
        lambda: again.status["pid"] == again.process.pid and again.status["state"] == "InService"
    )
    assert again.ask(b"{}", **JSON)[0]["status"] == 200
    assert not is_alive(child)


def test_one_supervisor_for_a_folder(serve: Serve) -> None:
    instance = serve({"code/inference.py": ECHO})
    instance.wait()
    second = serve(id=instance.folder.name)
    assert second.process.wait(60) == 0
    assert instance.status["pid"] == instance.process.pid and instance.process.poll() is None


def test_log_is_read_as_a_jobs_log(serve: Serve) -> None:
    instance = serve({"code/inference.py": ECHO + "\nprint('hello from the model')\n"})
    instance.wait()
    instance.ask(b"not json", **JSON)
    reader = LogReader(instance.folder / "log", instance.folder / "log.index", ended=False)
    wait_for(lambda: any(line.text.startswith("Answered ") for line in reader.read()))
    lines = reader.read()
    texts = [line.text for line in lines]
    assert texts[:2] == ["Loading the model (workers: 1)", "hello from the model"]
    assert any(text.startswith("In service after ") for text in texts)
    assert abs(lines[0].timestamp_ms / 1000 - time.time()) < 30


def test_requirements_are_installed_for_the_model_alone(serve: Serve, config: Config) -> None:
    wheel = config.path / "tiny_model_helper-1.0-py3-none-any.whl"
    _write_wheel(wheel)
    code = "import tiny_model_helper\n" + ECHO
    instance = serve({"code/inference.py": code, "code/requirements.txt": f"{wheel}\n"})
    instance.wait()
    assert instance.ask(b"{}", **JSON)[0]["status"] == 200
    with pytest.raises(ImportError):
        __import__("tiny_model_helper")


def test_requirements_that_cannot_be_installed(serve: Serve) -> None:
    files = {"code/inference.py": ECHO, "code/requirements.txt": "./not-there.whl\n"}
    assert "pip install" in failure(serve, files)


def _write_wheel(path: Path) -> None:
    import zipfile

    info = "tiny_model_helper-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("tiny_model_helper.py", "")
        wheel.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-model-helper\nVersion: 1.0\n"
        )
        wheel.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        wheel.writestr(
            f"{info}/RECORD",
            f"tiny_model_helper.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n",
        )


def test_signals_of_a_terminal_do_not_reach_workers(serve: Serve) -> None:
    instance = serve({"code/inference.py": ECHO})
    instance.wait()
    instance.process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert instance.ask(b"{}", **JSON)[0]["status"] == 200
