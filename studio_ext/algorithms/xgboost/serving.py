"""Answers to invocations: decode the request, predict, encode the answer."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xgboost

from . import model, parsing, selectable
from .errors import InferenceError

logger = logging.getLogger(__name__)

_CSV, _JSON, _LINES = "text/csv", "application/json", "application/jsonlines"
_FEW_ROWS = 256
_ACCEPTED = (_JSON, _LINES, _CSV)


@dataclass(frozen=True)
class _Predictions:
    values: np.ndarray


class Predictor:
    """The boosters of one model folder, ready to answer requests.

    ``separator`` stands between the values of a CSV answer: a newline, or a comma as images
    before 1.2-2 answered. ``nthread`` is the number of threads of one prediction.
    """

    def __init__(
        self,
        model_dir: str | os.PathLike[str],
        *,
        separator: str = "\n",
        nthread: int | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        files = model.find(model_dir)
        if environment.get("SAGEMAKER_INFERENCE_ENSEMBLE", "true") != "true":
            files = files[:1]
        self._boosters = [model.load(file) for file in files]
        self._nthread = nthread
        self._threads = 0  # of the boosters at the moment; 0 is all of the machine's
        settings = json.loads(self._boosters[0].save_config())["learner"]
        self.objective: str = settings["objective"]["name"]
        self.num_class = int(settings["learner_model_param"].get("num_class", 0))
        self.features: int = self._boosters[0].num_features()
        self._linear = settings["gradient_booster"]["name"] == "gblinear"
        self._separator = separator
        self._default_accept = environment.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", _CSV)
        self._batch = environment.get("SAGEMAKER_BATCH", "").lower() == "true"
        output = environment.get("SAGEMAKER_INFERENCE_OUTPUT", "").replace(" ", "").lower()
        self._selected = output.split(",") if output else []

    def invoke(
        self, body: bytes, content_type: str | None, accept: str | None
    ) -> tuple[bytes, str]:
        """Answer one request: (body, content type). Raises InferenceError."""
        result = self.invoke_all([(body, content_type, accept)])[0]
        if isinstance(result, Exception):
            raise result
        return result

    def invoke_all(
        self, requests: Sequence[tuple[bytes, str | None, str | None]]
    ) -> list[tuple[bytes, str] | Exception]:
        """Answer several requests, given as the arguments of ``invoke``; an error is that of one.

        Dense rows are predicted together: trees look at each row by itself, so that the answers
        are the same to the bit.
        """
        results: list[Any] = [self._attempt(self._rows, *request[:2]) for request in requests]
        alike: dict[int, list[int]] = {}
        for index, rows in enumerate(results):
            if not self._linear and isinstance(rows, np.ndarray) and len(rows):
                alike.setdefault(rows.shape[1], []).append(index)
        for indices in alike.values():
            self._predict_together(results, indices if len(indices) > 1 else [])
        for index, (_, _, accept) in enumerate(requests):
            if not isinstance(results[index], (Exception, _Predictions)):
                results[index] = self._attempt(self._predictions, results[index])
            if isinstance(results[index], _Predictions):
                results[index] = self._attempt(self._finish, results[index].values, accept)
        return results

    def _attempt(self, step: Callable[..., Any], *given: Any) -> Any:
        try:
            return step(*given)
        except Exception as error:  # told to whoever sent the request
            return error

    def _rows(self, body: bytes, content_type: str | None) -> Any:
        if not body.strip():
            raise InferenceError(400, "The request has no body.")
        return self._decode(body, content_type)

    def _predictions(self, rows: Any) -> _Predictions:
        return _Predictions(self.predict(rows))

    def _predict_together(self, results: list[Any], indices: list[int]) -> None:
        """Put predictions in the place of rows; nothing happens when that fails for any."""
        sizes = [len(results[index]) for index in indices]
        if not sizes:
            return
        together = self._attempt(self.predict, np.concatenate([results[i] for i in indices]))
        if isinstance(together, Exception) or len(together) != sum(sizes):
            return
        for index, values in zip(indices, np.split(together, np.cumsum(sizes)[:-1]), strict=True):
            results[index] = _Predictions(values)

    def _finish(self, predictions: np.ndarray, accept: str | None) -> tuple[bytes, str]:
        kind = self._accepted(accept)
        return self._encode(predictions, kind).encode(), kind

    def predict(self, rows: Any) -> np.ndarray:
        """Predictions for an array or CSR matrix of shape (n, features)."""
        width = rows.shape[1]
        if width != self.features:
            raise InferenceError(
                400,
                f"Unable to evaluate payload provided: Feature size of inference data {width} is "
                f"not consistent with feature size of trained model {self.features}.",
            )
        self._use_threads(rows.shape[0])
        answers = [self._predict_one(booster, rows) for booster in self._boosters]
        if len(answers) == 1:
            return answers[0]
        if self.objective in ("multi:softmax", "binary:hinge"):
            votes = np.stack(answers).astype(int)
            return np.apply_along_axis(lambda v: np.bincount(v).argmax(), 0, votes).astype(float)
        return np.asarray(np.mean(answers, axis=0))

    def _use_threads(self, rows: int) -> None:
        """A prediction of few rows is over before a second thread has woken up."""
        threads = 1 if rows <= _FEW_ROWS else self._nthread or 0
        if threads != self._threads:
            for booster in self._boosters:
                booster.set_param({"nthread": threads})
            self._threads = threads

    def _predict_one(self, booster: xgboost.Booster, rows: Any) -> np.ndarray:
        if self._linear:
            return np.asarray(booster.predict(xgboost.DMatrix(rows), validate_features=False))
        return np.asarray(booster.inplace_predict(rows, validate_features=False))

    def _decode(self, body: bytes, content_type: str | None) -> Any:
        kind = (content_type or _CSV).split(";")[0].strip().lower()
        try:
            if kind in (_CSV, "csv"):
                return parsing.csv_array(body.decode("utf-8-sig"))
            if kind in ("text/libsvm", "text/x-libsvm", "libsvm"):
                lines = body.decode().strip().split("\n")
                return parsing.libsvm(lines, columns=self.features, labelled=False).features
            if kind == _JSON:
                return _instances(json.loads(body))
            if kind in (_LINES, "application/x-jsonlines"):
                lines = body.decode().strip().split("\n")
                return _matrix([_features(json.loads(line)) for line in lines])
        except (ValueError, TypeError, UnicodeDecodeError) as error:
            raise InferenceError(
                415, f"Loading data failed, please ensure they are {kind}: {error}"
            ) from error
        raise InferenceError(415, f"Content-type {content_type} is not supported.")

    def _accepted(self, accept: str | None) -> str:
        for offered in (accept or "*/*").split(","):
            kind = offered.split(";")[0].strip().lower()
            if kind in ("", "*/*"):
                return self._default_accept
            if kind in _ACCEPTED:
                return kind
        raise InferenceError(
            406,
            f"Accept type {accept} is not supported. "
            f"Please use supported accept types: {', '.join(_ACCEPTED)}.",
        )

    def _encode(self, predictions: np.ndarray, kind: str) -> str:
        if self._selected:
            rows = selectable.select(predictions, self._selected, self.objective, self.num_class)
            return selectable.encode(rows, self._selected, kind)
        values = predictions.tolist()
        if kind == _JSON:
            return json.dumps({"predictions": [{"score": value} for value in values]})
        if kind == _LINES:
            return "".join(json.dumps({"score": value}) + "\n" for value in values)
        if predictions.ndim == 1:
            texts = [str(value) for value in values]
        elif self._separator == ",":
            texts = [str(value) for value in values]  # "[0.1, 0.9]", as those images answered
        else:
            texts = [",".join(map(str, value)) for value in values]
        if self._batch:
            return "\n".join(texts) + "\n"
        return self._separator.join(texts) + ("\n" if self._separator == "\n" else "")


def separator_of(tag: str) -> str:
    """What stood between the values of a CSV answer in the image of that tag."""
    old = ("1", "latest", "0.90-1", "0.90-2", "1.0-1", "1.2-1")
    return "," if any(tag == name or tag.startswith(f"{name}-") for name in old) else "\n"


def _instances(document: Any) -> Any:
    if isinstance(document, dict):
        if "instances" not in document:
            raise ValueError('a JSON object needs "instances"')
        document = document["instances"]
    if not isinstance(document, list) or not document:
        raise ValueError("expected a list of rows")
    if not isinstance(document[0], (list, dict)):
        document = [document]
    return _matrix([_features(row) for row in document])


def _features(row: Any) -> list[Any]:
    # {"features": [...]}, {"data": {"features": {"values": [...]}}} and bare lists are in use.
    while isinstance(row, dict):
        key = next((name for name in ("data", "features", "values") if name in row), None)
        if key is None:
            raise ValueError('a JSON row must be a list or hold "features"')
        row = row[key]
    if not isinstance(row, list):
        raise ValueError("a JSON row must be a list of numbers")
    return row


def _matrix(rows: list[list[Any]]) -> np.ndarray:
    widths = {len(row) for row in rows}
    if len(widths) > 1:
        raise ValueError(f"rows have different lengths: {sorted(widths)}")
    return np.array(rows, dtype=np.float32)  # None becomes NaN
