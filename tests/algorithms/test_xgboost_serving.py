"""Answers of the XGBoost built-in."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost

from studio_ext.algorithms.xgboost import InferenceError, Predictor, UserError
from studio_ext.algorithms.xgboost.serving import separator_of

ROWS = np.random.default_rng(3).random((100, 3)).astype(np.float32)
ASK = b"0.1,0.2,0.3\n0.9,0.2,0.3"


def fit(objective: str, **settings: Any) -> xgboost.Booster:
    label = (ROWS[:, 0] > 0.5).astype(float)
    return xgboost.train({"objective": objective, **settings}, xgboost.DMatrix(ROWS, label), 3)


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    fit("binary:logistic").save_model(tmp_path / "m.ubj")
    (tmp_path / "m.ubj").rename(tmp_path / "xgboost-model")
    return tmp_path


@pytest.fixture
def expected(binary: Path) -> list[float]:
    booster = xgboost.Booster(model_file=str(binary / "xgboost-model"))
    rows = np.array([[0.1, 0.2, 0.3], [0.9, 0.2, 0.3]], dtype=np.float32)
    return booster.predict(xgboost.DMatrix(rows)).tolist()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (ASK, "text/csv"),
        (ASK + b"\n", "text/csv; charset=utf-8"),
        (ASK.replace(b"\n", b"\r\n") + b"\r\n", "text/csv"),
        (ASK.replace(b",", b"\t"), "text/csv"),
        (ASK.replace(b",", b" "), "text/csv;label_size=0"),
        (b"0:0.1 1:0.2 2:0.3\n0:0.9 1:0.2 2:0.3", "text/libsvm"),
        (b"1 0:0.1 1:0.2 2:0.3\n0 0:0.9 1:0.2 2:0.3\n", "text/x-libsvm"),
        (b"[[0.1,0.2,0.3],[0.9,0.2,0.3]]", "application/json"),
        (
            b'{"instances":[{"features":[0.1,0.2,0.3]},{"features":[0.9,0.2,0.3]}]}',
            "application/json",
        ),
        (b'{"features":[0.1,0.2,0.3]}\n{"features":[0.9,0.2,0.3]}\n', "application/jsonlines"),
    ],
)
def test_every_content_type_gives_the_same_answer(
    binary: Path, expected: list[float], body: bytes, kind: str
) -> None:
    answer, accept = Predictor(binary).invoke(body, kind, None)
    assert accept == "text/csv"
    assert answer.endswith(b"\n")
    np.testing.assert_allclose([float(x) for x in answer.split()], expected, rtol=1e-6)


def test_missing_values(binary: Path) -> None:
    booster = xgboost.Booster(model_file=str(binary / "xgboost-model"))
    want = booster.predict(xgboost.DMatrix(np.array([[np.nan, 0.2, np.nan]])))[0]
    predictor = Predictor(binary)
    for body, kind in [
        (b",0.2,", "text/csv"),
        (b"1:0.2", "text/libsvm"),
        (b"[[null, 0.2, null]]", "application/json"),
    ]:
        assert float(predictor.invoke(body, kind, None)[0]) == pytest.approx(want)


def test_answers(binary: Path, expected: list[float]) -> None:
    predictor = Predictor(binary, separator=",")
    text = predictor.invoke(ASK, "text/csv", "text/csv")[0].decode()
    np.testing.assert_allclose(np.fromstring(text, sep=","), expected, rtol=1e-6)
    document = json.loads(predictor.invoke(ASK, "text/csv", "application/json")[0])
    assert [item["score"] for item in document["predictions"]] == pytest.approx(expected)
    lines = predictor.invoke(ASK, "text/csv", "application/jsonlines")[0].splitlines()
    assert [json.loads(line)["score"] for line in lines] == pytest.approx(expected)
    kind = predictor.invoke(ASK, "text/csv", "image/png;q=1, application/json;q=0.5")[1]
    assert kind == "application/json"


@pytest.mark.parametrize(
    ("body", "kind", "accept", "status"),
    [
        (b"1,2", "text/csv", None, 400),
        (b"0:1 7:2", "text/libsvm", None, 400),
        (b"1,2,x", "text/csv", None, 415),
        (b"1,2,3\n1,2", "text/csv", None, 415),
        (b"\xff\xfe", "text/csv", None, 415),
        (b"{", "application/json", None, 415),
        (b'{"rows": 1}', "application/json", None, 415),
        (ASK, "application/x-parquet", None, 415),
        (ASK, "text/csv", "image/png", 406),
        (b"", "text/csv", None, 400),
    ],
)
def test_refusals(binary: Path, body: bytes, kind: str, accept: str | None, status: int) -> None:
    with pytest.raises(InferenceError) as raised:
        Predictor(binary).invoke(body, kind, accept)
    assert raised.value.status == status


def test_feature_counts_are_named(binary: Path) -> None:
    with pytest.raises(InferenceError, match=r"2 is not consistent .* 3"):
        Predictor(binary).invoke(b"1,2", "text/csv", None)


def test_separators_of_the_images() -> None:
    tags = {
        "1": ",", "latest": ",", "0.90-2-cpu-py3": ",", "1.0-1-cpu-py3": ",", "1.2-1": ",",
        "1.2-2": "\n", "1.5-1": "\n", "1.7-1": "\n", "3.0-5": "\n", "": "\n",
    }  # fmt: skip
    assert {tag: separator_of(tag) for tag in tags} == tags


def test_multiclass_and_linear(tmp_path: Path) -> None:
    for number, settings in enumerate(
        [
            {"objective": "multi:softprob", "num_class": 2},
            {"objective": "reg:squarederror", "booster": "gblinear"},
        ]
    ):
        booster = fit(**settings)
        folder = tmp_path / str(number)
        folder.mkdir()
        booster.save_model(folder / "model.json")
        answer = Predictor(folder).invoke(ASK, "text/csv", None)[0].decode()
        rows = np.array([line.split(",") for line in ASK.decode().split("\n")], dtype=np.float32)
        want = booster.predict(xgboost.DMatrix(rows)).reshape(2, -1)
        got = [[float(x) for x in line.split(",")] for line in answer.split()]
        np.testing.assert_allclose(got, want, rtol=1e-5)


def test_selectable_inference(binary: Path, expected: list[float]) -> None:
    environment = {"SAGEMAKER_INFERENCE_OUTPUT": "predicted_label, probabilities"}
    predictor = Predictor(binary, environment=environment)
    document = json.loads(predictor.invoke(ASK, "text/csv", "application/json")[0])
    first = document["predictions"][0]
    assert first["predicted_label"] == int(expected[0] > 0.5)
    assert first["probabilities"] == pytest.approx([1 - expected[0], expected[0]])
    text = predictor.invoke(ASK, "text/csv", "text/csv")[0].decode()
    assert text.splitlines()[1].startswith('1,"[')


def test_pickled_boosters_are_read_and_other_pickles_are_not(tmp_path: Path) -> None:
    booster = fit("binary:logistic")
    (tmp_path / "xgboost-model").write_bytes(pickle.dumps(booster))
    answer = Predictor(tmp_path).predict(ROWS)
    np.testing.assert_allclose(answer, booster.predict(xgboost.DMatrix(ROWS)), rtol=1e-6)
    proof = tmp_path / "proof"
    (tmp_path / "xgboost-model").write_bytes(pickle.dumps(_Evil(str(proof))))
    with pytest.raises(UserError, match="is a pickle that is not read here"):
        Predictor(tmp_path)
    assert not proof.exists()


class _Evil:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (self.path, "w")


def test_no_model(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no 'xgboost-model'.*found no file"):
        Predictor(tmp_path)
    (tmp_path / "xgboost-model").write_bytes(b"nonsense")
    with pytest.raises(UserError, match="cannot be loaded"):
        Predictor(tmp_path)
