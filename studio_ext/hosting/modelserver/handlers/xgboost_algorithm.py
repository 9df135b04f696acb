"""The XGBoost built-in: no user code, the engine answers."""

from __future__ import annotations

import os
import traceback
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from .. import batching
from ..engines import engine
from ..errors import ConfigurationError

Answer = tuple[dict[str, Any], bytes]


class AlgorithmService:
    """Hands requests to the engine's Predictor."""

    def __init__(self, model_dir: str, environment: Mapping[str, str]) -> None:
        self._model_dir = model_dir
        self._environment = environment
        name = engine("xgboost").__name__
        self._serving = import_module(f"{name}.serving")
        self._errors = import_module(f"{name}.errors")
        self._predictor: Any = None

    def load(self) -> None:
        """Load the boosters."""
        tag = self._environment.get("STUDIO_IMAGE_TAG", "")
        threads = int(self._environment.get("OMP_NUM_THREADS", 0)) or os.cpu_count()
        try:
            self._predictor = self._serving.Predictor(
                self._model_dir,
                separator=self._serving.separator_of(tag),
                nthread=threads,
                environment=self._environment,
            )
        except self._errors.UserError as error:
            raise ConfigurationError(str(error)) from error

    @property
    def room(self) -> int:
        """How many requests it likes to have at once."""
        return batching.MOST_REQUESTS

    def answer(self, header: Mapping[str, Any], body: bytes) -> Answer:
        """Header and body of the answer to one request; never raises an Exception."""
        return self.answer_all([(header, body)])[0]

    def answer_all(self, requests: Sequence[tuple[Mapping[str, Any], bytes]]) -> list[Answer]:
        """The answers to requests that wait at the same moment, in order."""
        asked = [(body, header.get("content_type"), header.get("accept"))
                 for header, body in requests]  # fmt: skip
        return [self._answer(result) for result in self._predictor.invoke_all(asked)]

    def _answer(self, result: Any) -> Answer:
        if not isinstance(result, Exception):
            answer, kind = result
            return {"status": 200, "content_type": kind}, answer
        if isinstance(result, self._errors.InferenceError):
            return {"status": result.status, "content_type": "text/plain"}, result.message.encode()
        traceback.print_exception(result)  # the library refused what looked right
        text = f"Unable to evaluate payload provided: {result}"
        return {"status": 400, "content_type": "text/plain"}, text.encode()
