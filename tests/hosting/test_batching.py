"""Requests predicted together get the very bytes that each would get alone."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import ensemble, linear_model, preprocessing, svm, tree
from sklearn.datasets import make_classification
from sklearn.impute import SimpleImputer
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from studio_ext.algorithms.xgboost import Predictor, train
from studio_ext.hosting.modelserver import codecs, many
from studio_ext.hosting.modelserver.batching import MOST_REQUESTS, group
from studio_ext.hosting.modelserver.handlers.scikit_learn import Handler
from studio_ext.hosting.modelserver.handlers.xgboost_algorithm import AlgorithmService
from studio_ext.hosting.modelserver.service import BATCH_VARIABLE, Service

X, Y = make_classification(200, 7, n_informative=5, n_classes=3, random_state=0)
PAIR = Y > 0
TARGET = X @ np.arange(7.0) + np.sin(X[:, 0])

MODELS = {
    "tree": tree.DecisionTreeClassifier(random_state=0).fit(X, Y),
    "extra tree": tree.ExtraTreeRegressor(random_state=0).fit(X, TARGET),
    "forest": ensemble.RandomForestClassifier(5, random_state=0).fit(X, Y),
    "forest of numbers": ensemble.RandomForestRegressor(5, random_state=0).fit(X, TARGET),
    "gradient boosting": ensemble.GradientBoostingClassifier(n_estimators=9).fit(X, Y),
    "boosted numbers": ensemble.GradientBoostingRegressor(n_estimators=9).fit(X, TARGET),
    "histograms": ensemble.HistGradientBoostingRegressor(max_iter=9).fit(X, TARGET),
    "logistic": linear_model.LogisticRegression().fit(X, PAIR),
    "logistic of three": linear_model.LogisticRegression().fit(X, Y),
    "least squares": linear_model.LinearRegression().fit(X, TARGET),
    "two targets": linear_model.LinearRegression().fit(X, np.c_[TARGET, X[:, 1]]),
    "ridge": linear_model.Ridge().fit(X, TARGET),
    "lasso": linear_model.Lasso(0.01).fit(X, TARGET),
    "gradient descent": linear_model.SGDRegressor(random_state=0).fit(X, TARGET),
    "support vectors": svm.LinearSVC().fit(X, Y),
    "pipeline": make_pipeline(
        SimpleImputer(), preprocessing.StandardScaler(), linear_model.Ridge()
    ).fit(X, TARGET),
    "labels": linear_model.LogisticRegression().fit(X, np.array(["a", "b", "c"])[Y]),
}

_numbers = st.floats(-1e6, 1e6, width=32) | st.floats(-3, 3)
_row = st.lists(_numbers, min_size=7, max_size=7)
_request = st.lists(_row, min_size=1, max_size=4)


def npy(array: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def service(model: Any, **environment: str) -> Service:
    made = Service(Handler(), "/nowhere", environment)
    made._find = lambda name: (  # type: ignore[method-assign]
        (lambda _: model) if name == "model_fn" else getattr(made._default, f"default_{name}", None)
    )
    made.load()
    return made


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=15, deadline=None)
@given(requests=st.lists(_request, min_size=2, max_size=12), dtype=st.sampled_from("fd"))
def test_together_as_alone(name: str, requests: list[Any], dtype: str) -> None:
    together = service(MODELS[name])
    assert together.room == MOST_REQUESTS
    header = {"content_type": "application/x-npy", "accept": "application/x-npy"}
    asked = [(header, npy(np.array(rows, dtype=dtype))) for rows in requests]
    answers = together.answer_all(asked)
    alone = service(MODELS[name], **{BATCH_VARIABLE: "0"})
    assert answers == [together.answer(*one) for one in asked]
    assert answers == [alone.answer(*one) for one in asked]
    assert {head["status"] for head, _ in answers} == {200}


@pytest.mark.parametrize("name", ["logistic of three", "two targets", "pipeline", "tree"])
def test_they_really_are_predicted_by_one_call(name: str, monkeypatch: Any) -> None:
    made = service(MODELS[name])
    monkeypatch.setattr(made, "_predict_one", None)  # who is predicted singly fails
    asked = [({"content_type": "text/csv"}, b"1,2,3,4,5,6,%d" % n) for n in range(9)]
    assert {head["status"] for head, _ in made.answer_all(asked)} == {200}


_field = st.text("0123456789.+-eE", max_size=8) | _numbers.map(str)
_line = st.lists(_field, min_size=1, max_size=4).map(",".join)


@settings(max_examples=300, deadline=None)
@given(
    lines=st.lists(st.tuples(_line, st.sampled_from(["", "\n", "\r\n"])), min_size=1, max_size=4)
)
def test_rows_read_at_once_are_those_read_singly(lines: list[tuple[str, str]]) -> None:
    bodies = [(line + end).encode() for line, end in lines]
    found = many.csv_rows(bodies)
    if found is not None:
        singly = [codecs.decode(body, codecs.CSV) for body in bodies]
        assert [row.tobytes() for row in found] == [row.tobytes() for row in singly]


@pytest.mark.parametrize(
    "bodies",
    [
        [b""], [b"1,2", b""], [b"1,2", b"1"], [b"1,2,", b"3"], [b"1,,2"], [b"1,x"], [b"1,nan"],
        [b"1,2\n3,4"], [b"1 2,3"], [b"1_0,2"], [b"0x10,2"], [b"1e,2"], [b"1-2,3"], [b"\xff,1"],
    ],
)  # fmt: skip
def test_what_is_no_plain_row_is_read_singly(bodies: list[bytes]) -> None:
    assert many.csv_rows(bodies) is None
    assert many.csv_rows([b"1,-2e3", b" .5,+6\r\n"]).tolist() == [[1, -2e3], [0.5, 6]]


@pytest.mark.parametrize(
    "shape", [(4,), (4, 1), (3, 2), (2, 3, 2), (1, 1, 1), (2, 0), (2, 1, 2, 1)]
)
@pytest.mark.parametrize("dtype", ["int64", "float32", "float64", "bool", "U3"])
@pytest.mark.parametrize("kind", [codecs.JSON, codecs.CSV, codecs.NPY])
def test_answers_written_at_once_are_those_written_singly(
    shape: tuple[int, ...], dtype: str, kind: str
) -> None:
    numbers = np.random.default_rng(0).standard_normal(shape)
    numbers[numbers > 1] = np.nan
    if dtype == "int64":
        numbers = np.nan_to_num(numbers * 10)
    array = numbers.astype(dtype)
    if kind == codecs.CSV and array.ndim > 3:
        return  # of three dimensions and more, CSV has none
    assert many.encode_each(array, kind) == [codecs.encode_as(one, kind) for one in array]


def test_models_that_mix_rows_are_left_alone() -> None:
    class Own(linear_model.LinearRegression):  # type: ignore[misc]
        pass

    unknown = [
        KNeighborsClassifier().fit(X, Y),
        Own().fit(X, TARGET),
        make_pipeline(preprocessing.Normalizer(), linear_model.Ridge()).fit(X, TARGET),
        ensemble.RandomForestRegressor(5, n_jobs=2).fit(X, TARGET),
    ]
    assert [service(model).room for model in unknown] == [1] * len(unknown)


def test_who_errs_is_told_alone() -> None:
    made = service(MODELS["logistic of three"])
    csv = {"content_type": "text/csv", "accept": "application/json"}
    good = b"1,2,3,4,5,6,7"
    asked = [
        (csv, good),
        (csv, b"1,2"),  # too few features
        (csv, b"1,2,3,4,5,6,nan"),
        ({**csv, "content_type": "text/foo"}, good),
        ({**csv, "accept": "text/foo"}, good),
        (csv, b"\xff"),
        (csv, good + b"\n" + good),
    ]
    answers = made.answer_all(asked)
    assert [head["status"] for head, _ in answers] == [200, 500, 500, 415, 406, 400, 200]
    assert b"7 features" in answers[1][1] and b"NaN" in answers[2][1]
    assert len(json.loads(answers[6][1])) == 2
    assert answers == [made.answer(*one) for one in asked]
    alone = service(MODELS["logistic of three"], **{BATCH_VARIABLE: "0"})
    assert answers == [alone.answer(*one) for one in asked]


def test_a_library_that_computes_otherwise_is_asked_itself(monkeypatch: Any) -> None:
    model = linear_model.LinearRegression().fit(X, TARGET)
    plain = type(model).predict
    monkeypatch.setattr(type(model), "predict", lambda self, rows: plain(self, rows) * 2)
    made = service(model)
    assert made.room == 1
    rows = X[:1].astype(np.float32)
    _, body = made.answer({"content_type": "application/x-npy"}, npy(rows))
    assert json.loads(body) == model.predict(rows).tolist()


def test_batching_by_request_and_by_refusal() -> None:
    neighbours = KNeighborsClassifier().fit(X, Y)
    asked = service(neighbours, **{BATCH_VARIABLE: "1"})
    assert asked.room == MOST_REQUESTS
    requests = [({"content_type": "text/csv"}, b"1,2,3,4,5,6,%d" % n) for n in range(5)]
    assert asked.answer_all(requests) == [service(neighbours).answer(*one) for one in requests]
    assert service(MODELS["tree"], **{BATCH_VARIABLE: "0"}).room == 1
    with pytest.raises(Exception, match="0 or 1"):
        service(neighbours, **{BATCH_VARIABLE: "yes"})


def test_only_equal_values_share_a_call() -> None:
    same = np.zeros((2, 3))
    values = [same, same.astype("f4"), np.zeros((1, 4)), "text", same, np.zeros((0, 3)), [1, 2]]
    assert group(values) == [[0, 4], [1], [2], [3], [5], [6]]


@pytest.fixture(scope="module", params=["reg:squarederror", "multi:softprob", "binary:logistic"])
def algorithm(request: Any, tmp_path_factory: Any) -> AlgorithmService:
    folder: Path = tmp_path_factory.mktemp("xgboost")
    target = {"reg:squarederror": TARGET, "multi:softprob": Y, "binary:logistic": PAIR}
    np.savetxt(folder / "t.csv", np.c_[target[request.param], X], delimiter=",")
    settings: dict[str, Any] = {"num_round": 20, "objective": request.param}
    if request.param == "multi:softprob":
        settings["num_class"] = 3
    train(settings, folder / "t.csv", model_dir=folder)
    assert Predictor(folder).features == 7
    made = AlgorithmService(str(folder), {"OMP_NUM_THREADS": "2"})
    made.load()
    return made


@settings(max_examples=12, deadline=None)
@given(requests=st.lists(_request, min_size=2, max_size=12))
def test_xgboost_together_as_alone(algorithm: AlgorithmService, requests: list[Any]) -> None:
    asked = []
    for rows in requests:
        text = "\n".join(",".join(map(repr, row)) for row in rows).encode()
        asked.append(({"content_type": "text/csv", "accept": "text/csv"}, text))
    asked.insert(1, ({"content_type": "text/csv"}, b"1,2"))
    asked.insert(2, ({"content_type": "text/libsvm"}, b"0:1 3:2"))
    asked.insert(3, ({"content_type": "text/csv"}, b" "))
    answers = algorithm.answer_all(asked)
    assert answers == [algorithm.answer(*one) for one in asked]
    assert [head["status"] for head, _ in answers[:4]] == [200, 400, 200, 400]
