"""Defaults of the XGBoost image in script mode."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .. import codecs
from ..engines import engine
from ..errors import ConfigurationError, ServiceError
from . import toolkit

_LIBSVM = ("text/libsvm", "text/x-libsvm")


class Handler(toolkit.Handler):
    """Requests become a ``DMatrix``; the default model is the file ``xgboost-model``."""

    def __init__(self) -> None:
        self._engine = engine("xgboost").__name__

    def default_model_fn(self, model_dir: str) -> Any:
        """The booster in ``xgboost-model``; of pickles, only those that hold a booster."""
        model = import_module(f"{self._engine}.model")
        user_error = import_module(f"{self._engine}.errors").UserError
        try:
            return model.load(model.find(model_dir)[0])
        except user_error as error:
            raise ConfigurationError(f"{error}") from error

    def default_input_fn(self, input_data: Any, content_type: str) -> Any:
        """CSV or LIBSVM as a ``DMatrix``."""
        import xgboost

        parsing = import_module(f"{self._engine}.parsing")
        kind = codecs.media_type(content_type)
        text = input_data if isinstance(input_data, str) else bytes(input_data).decode()
        try:
            if kind == codecs.CSV:
                return xgboost.DMatrix(parsing.csv_array(text))
            if kind in _LIBSVM:
                lines = text.strip().split("\n")
                return xgboost.DMatrix(parsing.libsvm(lines, labelled=False).features)
            if kind == codecs.JSON:
                return xgboost.DMatrix(codecs.decode(text, kind))
        except ValueError as error:
            raise ServiceError(400, f"The body is not valid {kind}: {error}") from error
        raise ServiceError(415, f"Content type {content_type} is not supported by this container.")

    def default_predict_fn(self, data: Any, model: Any) -> Any:
        """The booster's prediction."""
        return model.predict(data, validate_features=False)

    def default_output_fn(self, prediction: Any, accept: str) -> Any:
        """The prediction as text, JSON or npy."""
        return super().default_output_fn(prediction, accept or codecs.CSV)
