"""The XGBoost built-in under SageMaker's container contract."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost

from studio_ext.algorithms.xgboost import METRIC_DEFINITIONS, Predictor, UserError, train
from studio_ext.algorithms.xgboost.checkpoints import latest

BINARY = {"num_round": "5", "objective": "binary:logistic"}


@pytest.fixture
def rows() -> np.ndarray:
    """200 rows: label, then 4 features; the label follows the first feature."""
    features = np.random.default_rng(7).random((200, 4)).round(4)
    return np.c_[features[:, 0] + 0.3 * features[:, 1] > 0.6, features]


class Job:
    """A training job's folder."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.channels: dict[str, Any] = {}
        (base / "input" / "config").mkdir(parents=True)

    def channel(self, name: str, kind: str | None = "text/csv") -> Path:
        settings = {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated"}
        self.channels[name] = {**settings, **({"ContentType": kind} if kind else {})}
        folder = self.base / "input" / "data" / name
        folder.mkdir(parents=True)
        return folder

    def start(self, settings: dict[str, str], **environment: str) -> subprocess.Popen[str]:
        config = self.base / "input" / "config"
        (config / "hyperparameters.json").write_text(json.dumps(settings))
        (config / "inputdataconfig.json").write_text(json.dumps(self.channels))
        return subprocess.Popen(
            [sys.executable, "-m", "studio_ext.algorithms.xgboost", "train"],
            env={
                **os.environ,
                "SAGEMAKER_BASE_DIR": str(self.base),
                "SM_NUM_CPUS": "1",
                **environment,
            },
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, settings: dict[str, str], **environment: str) -> tuple[int, str]:
        process = self.start(settings, **environment)
        output = process.communicate(timeout=60)[0]
        return process.returncode, output

    @property
    def failure(self) -> str:
        return (self.base / "output" / "failure").read_text()

    @property
    def model(self) -> Path:
        return self.base / "model" / "xgboost-model"


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path / "ml")


def write_csv(path: Path, rows: np.ndarray) -> None:
    np.savetxt(path, rows, delimiter=",", fmt="%g")


def write_libsvm(path: Path, rows: np.ndarray) -> None:
    lines = (
        f"{row[0]:g} " + " ".join(f"{i}:{value:g}" for i, value in enumerate(row[1:]) if value)
        for row in rows
    )
    path.write_text("\n".join(lines) + "\n")


def test_job_writes_the_model_and_logs_metrics(job: Job, rows: np.ndarray) -> None:
    folder = job.channel("train")
    write_csv(folder / "part-0.csv", rows[:100])
    (folder / "deeper").mkdir()
    write_csv(folder / "deeper" / "part-0.csv", rows[100:150])
    (folder / "_SUCCESS").write_text("")
    write_csv(job.channel("validation") / "v.csv", rows[150:])
    code, output = job.run({**BINARY, "eval_metric": "auc,logloss", "silent": "0", "gamma": "0.1"})
    assert code == 0, output
    assert "Train matrix has 150 rows and 4 columns" in output
    lines = [line for line in output.splitlines() if line.startswith("[")]
    assert re.search(
        r"^\[4\]\ttrain-auc:\S+\ttrain-logloss:\S+\tvalidation-auc:\S+", output, re.MULTILINE
    )
    found = {
        definition["Name"]: match[1]
        for definition in METRIC_DEFINITIONS
        if (match := re.search(definition["Regex"], lines[-1] if "auc" in lines[-1] else lines[-2]))
    }
    assert set(found) == {f"{c}:{m}" for c in ("train", "validation") for m in ("auc", "logloss")}
    assert float(found["validation:auc"]) > 0.9
    booster = xgboost.Booster(model_file=str(job.model))
    assert booster.num_boosted_rounds() == 5


@pytest.mark.parametrize("kind", ["text/libsvm", "text/x-libsvm", "libsvm", None])
def test_libsvm_gives_the_model_of_csv(job: Job, rows: np.ndarray, kind: str | None) -> None:
    write_libsvm(job.channel("train", kind) / "data", rows)
    code, output = job.run(BINARY)
    assert code == 0, output
    expected = xgboost.train(
        {"objective": "binary:logistic", "nthread": 1},
        xgboost.DMatrix(rows[:, 1:].astype(np.float32), label=rows[:, 0]),
        5,
    )
    np.testing.assert_allclose(
        Predictor(job.model.parent).predict(rows[:, 1:].astype(np.float32)),
        expected.predict(xgboost.DMatrix(rows[:, 1:])),
        rtol=1e-5,
    )


def test_parquet(job: Job, rows: np.ndarray) -> None:
    import pyarrow
    from pyarrow import parquet

    columns = {f"c{i}": rows[:, i] for i in range(5)}
    columns["c4"] = rows[:, 4] > 0.5
    parquet.write_table(pyarrow.table(columns), job.channel("train", "application/x-parquet") / "p")
    code, output = job.run(BINARY)
    assert code == 0, output
    columns["c4"] = ["high" if value > 0.5 else "low" for value in rows[:, 4]]
    parquet.write_table(pyarrow.table(columns), job.base / "input/data/train/q")
    code, output = job.run(BINARY)
    assert code == 1 and "column 'c4' of file 'q'" in job.failure


def test_a_csv_channel_without_content_type_is_taken_by_its_names(
    job: Job, rows: np.ndarray
) -> None:
    write_csv(job.channel("train", None) / "train.csv", rows)
    assert job.run(BINARY)[0] == 0


def test_weights_in_the_second_column(tmp_path: Path, rows: np.ndarray) -> None:
    weights = np.where(rows[:, 0] > 0, 1.0, 20.0)
    write_csv(tmp_path / "w.csv", np.c_[rows[:, 0], weights, rows[:, 1:]])
    weighted = train({**BINARY, "csv_weights": 1}, tmp_path / "w.csv")
    features = rows[:, 1:].astype(np.float32)
    expected = xgboost.train(
        {"objective": "binary:logistic"}, xgboost.DMatrix(features, rows[:, 0], weight=weights), 5
    )
    data = xgboost.DMatrix(features)
    np.testing.assert_allclose(weighted.predict(data), expected.predict(data), rtol=1e-5)


def test_libsvm_weights_and_query_groups(tmp_path: Path) -> None:
    path = tmp_path / "d"
    path.write_text("1:5 0:1 2:3\n0:1 1:1 # remark\n\n0 2:1\n1 0:4\n")
    from studio_ext.algorithms.xgboost.data import load_matrix

    matrix = load_matrix(path, "text/libsvm")
    assert matrix.get_weight().tolist() == [5, 1, 1, 1]
    assert (matrix.num_row(), matrix.num_col()) == (4, 3)
    path.write_text("1:5 qid:1 0:1\n0:5 qid:1 1:1\n0:2 qid:2 2:1\n1 qid:2 0:4\n")
    assert load_matrix(path, "text/libsvm").get_weight().tolist() == [5, 2]
    train({"num_round": 1, "objective": "rank:ndcg"}, path, content_type="text/libsvm")


def test_csv_dialects(tmp_path: Path) -> None:
    from studio_ext.algorithms.xgboost.data import load_matrix

    for name, text in {
        "comma": "1,2,\n0,3,4\n",
        "tab": "1\t2\t\n0\t3\t4\n",
        "semicolon": "1;2;\n0;3;4",
        "crlf": "1,2,\r\n0,3,4\r\n",
        "words": "True,2,\nFalse,3,4\n",
        "mark": "\ufeff1,2,nan\n0,3,4\n",
    }.items():
        path = tmp_path / name
        path.write_text(text, newline="", encoding="utf-8")
        matrix = load_matrix(path, "text/csv; label_size=1")
        assert matrix.get_label().tolist() == [1, 0], name
        dense = matrix.get_data().toarray()
        assert dense[:, 0].tolist() == [2, 3], name
        assert matrix.num_nonmissing() == 3, name


@pytest.mark.parametrize(
    ("settings", "text", "reason"),
    [
        ({"objective": "binary:logistic"}, "1,2\n", "Missing required hyperparameter: num_round"),
        ({**BINARY, "depth": "3"}, "1,2\n", "Extraneous hyperparameter found: depth"),
        ({**BINARY, "eta": "high"}, "1,2\n", "Hyperparameter eta: could not parse value 'high'"),
        ({**BINARY, "eta": "2"}, "1,2\n", "Hyperparameter eta: 2.0 is not in [0, 1]"),
        ({**BINARY, "subsample": "0"}, "1,2\n", "subsample: 0.0 is not in (0, 1]"),
        ({**BINARY, "max_depth": "2.5"}, "1,2\n", "max_depth: could not parse"),
        ({**BINARY, "eval_metric": "auc,bad"}, "1,2\n", "eval_metric: value bad"),
        ({**BINARY, "eval_metric": "rmse@3"}, "1,2\n", "'rmse@3' is not supported"),
        ({"num_round": "1", "objective": "multi:softmax"}, "1,2\n", "num_class: required"),
        (
            {"num_round": "1", "objective": "reg:nothing"},
            "1,2\n",
            "objective: reg:nothing is not in",
        ),
        (BINARY, "y,a\n1,2\n", "no header row"),
        (BINARY, "1,2\n0,x\n", "row 2: 'x' is not a number"),
        (BINARY, "1,2\n0,3,4\n", "row 2 has 3 fields"),
        (BINARY, "7,2\n0,3\n", "label must be in [0,1] for logistic regression"),
        (BINARY, ",2\n0,3\n", "Row 1 of the train data has no label"),
        (BINARY, "1\n0\n", "followed by at least one feature"),
        (BINARY, "", "No data in train channel"),
        (
            {"num_round": "1", "objective": "count:poisson"},
            "-1,2\n1,2\n",
            "nonnegative|non-negative",
        ),
    ],
)
def test_mistakes_are_the_customers(
    job: Job, settings: dict[str, str], text: str, reason: str
) -> None:
    from studio_ext.algorithms.xgboost.job import main

    folder = job.channel("train")
    (folder / "train.csv").write_text(text)
    config = job.base / "input" / "config"
    (config / "hyperparameters.json").write_text(json.dumps(settings))
    (config / "inputdataconfig.json").write_text(json.dumps(job.channels))
    assert main({"SAGEMAKER_BASE_DIR": str(job.base)}) == 1
    assert job.failure.startswith("Customer Error: ")
    assert reason in job.failure or re.search(reason, job.failure)
    assert not job.model.exists()


def test_channel_mistakes(job: Job, rows: np.ndarray) -> None:
    assert job.run(BINARY)[0] == 1
    assert job.failure == "Customer Error: Missing required channel: train"
    write_csv(job.channel("train", "image/png") / "a", rows)
    assert job.run(BINARY)[0] == 1
    assert "image/png is not an accepted ContentType" in job.failure
    job.channels["train"]["ContentType"] = "application/x-recordio-protobuf"
    assert job.run(BINARY)[0] == 1
    assert "not supported" in job.failure
    job.channels["train"]["ContentType"] = "text/csv"
    job.channels["test"] = job.channels["train"]
    assert job.run(BINARY)[0] == 1
    assert "Extraneous channel found: test" in job.failure


def test_early_stopping_keeps_the_best_rounds(tmp_path: Path, capfd: Any) -> None:
    random = np.random.default_rng(1)
    rows = np.c_[random.integers(0, 2, 120), random.random((120, 3))]  # nothing to learn
    write_csv(tmp_path / "t.csv", rows[:60])
    write_csv(tmp_path / "v.csv", rows[60:])
    settings = {**BINARY, "num_round": 200, "early_stopping_rounds": 3, "eval_metric": "logloss"}
    booster = train(settings, tmp_path / "t.csv", tmp_path / "v.csv")
    losses = [float(x) for x in re.findall(r"validation-logloss:(\S+)", capfd.readouterr().out)]
    best = int(np.argmin(losses))
    assert len(losses) == best + 4 < 200
    assert booster.num_boosted_rounds() == best + 1


@pytest.mark.parametrize("name", ["accuracy", "f1", "balanced_accuracy", "recall_macro"])
@pytest.mark.parametrize(
    "objective", ["binary:logistic", "binary:logitraw", "multi:softprob", "multi:softmax"]
)
def test_metrics_that_the_library_lacks(
    tmp_path: Path, rows: np.ndarray, name: str, objective: str, capfd: Any
) -> None:
    import sklearn.metrics

    write_csv(tmp_path / "t.csv", rows)
    settings = {"num_round": 1, "max_depth": 1, "objective": objective, "eval_metric": name}
    if "multi" in objective:
        settings["num_class"] = 2
    booster = train(settings, tmp_path / "t.csv")
    margin = booster.predict(xgboost.DMatrix(rows[:, 1:]), output_margin=True)
    predicted = margin.argmax(1) if margin.ndim > 1 else margin > 0
    function, options = {
        "accuracy": (sklearn.metrics.accuracy_score, {}),
        "f1": (sklearn.metrics.f1_score, {"average": "macro"}),
        "balanced_accuracy": (sklearn.metrics.balanced_accuracy_score, {}),
        "recall_macro": (sklearn.metrics.recall_score, {"average": "macro"}),
    }[name]
    expected = function(rows[:, 0], predicted, **options)
    assert 0.5 < expected < 1
    assert f"train-{name}:{expected:.5f}" in capfd.readouterr().out


def test_killed_job_resumes_where_it_was(job: Job, rows: np.ndarray, tmp_path: Path) -> None:
    write_csv(job.channel("train") / "t.csv", rows)
    (job.base / "input/config/checkpointconfig.json").write_text(
        json.dumps({"LocalPath": "/opt/ml/checkpoints"})
    )
    settings = {**BINARY, "num_round": "3000", "max_depth": "6", "eta": "0.01"}
    process = job.start(settings)
    checkpoints = job.base / "checkpoints"
    end = time.monotonic() + 30
    while latest(checkpoints)[1] < 20 and time.monotonic() < end:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    done = latest(checkpoints)[1]
    assert 20 <= done < 3000 and not job.model.exists()
    (checkpoints / f".xgboost-checkpoint.{done}.partial").write_bytes(b"cut off")
    code, output = job.run({**settings, "num_round": str(done + 10)})
    assert code == 0, output
    assert f"Resuming from iteration {done}\n" in output
    rounds = [int(n) for n in re.findall(r"^\[(\d+)\]\t", output, re.MULTILINE)]
    assert rounds == list(range(done, done + 10))
    write_csv(tmp_path / "t.csv", rows)
    whole = train({**settings, "num_round": done + 10, "nthread": 1}, tmp_path / "t.csv")
    np.testing.assert_allclose(
        Predictor(job.model.parent).predict(rows[:, 1:].astype(np.float32)),
        whole.predict(xgboost.DMatrix(rows[:, 1:].astype(np.float32))),
        rtol=1e-4,
    )
    names = [path.name for path in checkpoints.iterdir()]
    assert len(names) <= 5 and all(re.fullmatch(r"xgboost-checkpoint\.\d+", name) for name in names)


def test_damaged_checkpoint_is_passed_over(tmp_path: Path, rows: np.ndarray) -> None:
    write_csv(tmp_path / "t.csv", rows)
    train(BINARY, tmp_path / "t.csv", checkpoint_dir=tmp_path / "c")
    before = latest(tmp_path / "c")[1]
    (tmp_path / "c" / "xgboost-checkpoint.99").write_bytes(b"not a model")
    assert latest(tmp_path / "c")[1] == before > 0


def test_save_model_on_termination(job: Job, rows: np.ndarray) -> None:
    write_csv(job.channel("train") / "t.csv", rows)
    process = job.start({**BINARY, "num_round": "1000000", "save_model_on_termination": "true"})
    assert process.stdout is not None
    while not process.stdout.readline().startswith("[2]"):
        pass
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=120)
    assert process.returncode == 0
    assert xgboost.Booster(model_file=str(job.model)).num_boosted_rounds() >= 3


def test_cross_validation_leaves_an_ensemble(job: Job, rows: np.ndarray) -> None:
    write_csv(job.channel("train") / "t.csv", rows)
    code, output = job.run({**BINARY, "_kfold": "3", "eval_metric": "logloss"})
    assert code == 0, output
    assert sorted(p.name for p in job.model.parent.iterdir()) == [
        f"xgboost-model-{n}" for n in range(3)
    ]
    predictor = Predictor(job.model.parent)
    singles = []
    for path in job.model.parent.iterdir():
        booster = xgboost.Booster(model_file=str(path))
        singles.append(booster.predict(xgboost.DMatrix(rows[:, 1:])))
    np.testing.assert_allclose(
        predictor.predict(rows[:, 1:].astype(np.float32)), np.mean(singles, axis=0), rtol=1e-4
    )


def test_library_use_raises_instead_of_exiting(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No data"):
        train(BINARY, tmp_path)
