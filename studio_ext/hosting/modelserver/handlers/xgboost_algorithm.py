"""The XGBoost built-in: no user code, the engine answers."""

from __future__ import annotations

import os
import traceback
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from ..engines import engine
from ..errors import ConfigurationError


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

    def answer(self, header: Mapping[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """Header and body of the answer to one request; never raises an Exception."""
        try:
            answer, kind = self._predictor.invoke(
                body, header.get("content_type"), header.get("accept")
            )
        except self._errors.InferenceError as error:
            return {"status": error.status, "content_type": "text/plain"}, error.message.encode()
        except Exception as error:  # the library refused what looked right
            traceback.print_exc()
            text = f"Unable to evaluate payload provided: {error}"
            return {"status": 400, "content_type": "text/plain"}, text.encode()
        return {"status": 200, "content_type": kind}, answer
