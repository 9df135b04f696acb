"""Defaults common to every framework: arrays in, arrays out; the user loads the model."""

from __future__ import annotations

from typing import Any

from .. import codecs
from ..batching import Together


class Handler:
    """Functions used in place of those that the user's module does not have."""

    def default_input_fn(self, input_data: Any, content_type: str) -> Any:
        """The body as an array."""
        return codecs.decode(input_data, content_type)

    def default_predict_fn(self, data: Any, model: Any) -> Any:
        """``model.predict``, or the model itself when it is a function."""
        return model.predict(data) if hasattr(model, "predict") else model(data)

    def default_output_fn(self, prediction: Any, accept: str) -> Any:
        """The prediction as the first accepted type that is known."""
        kind = codecs.choose(accept, (codecs.JSON, codecs.CSV, codecs.NPY))
        return codecs.encode_as(prediction, kind), kind

    def together(self, model: Any) -> Together | None:
        """How ``default_predict_fn`` predicts several requests at once with the very bits of each
        alone; None where that cannot be known."""
        return None
