"""Defaults common to every framework: arrays in, arrays out; the user loads the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import codecs, many
from ..batching import Together

_WRITTEN = (codecs.JSON, codecs.CSV, codecs.NPY)


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
        kind = codecs.choose(accept, _WRITTEN)
        return codecs.encode_as(prediction, kind), kind

    def stack(self, bodies: Sequence[bytes], content_type: str | None) -> Any:
        """What ``default_input_fn`` makes of bodies of one type, as one array of shape (bodies,
        rows, columns); None where each has to be read by itself."""
        return None

    def write_all(self, predictions: Sequence[Any], accept: str) -> tuple[list[bytes], str]:
        """What ``default_output_fn`` makes of each prediction, and its type; ServiceError 406."""
        kind = codecs.choose(accept, _WRITTEN)
        return many.encode_each(predictions, kind), kind

    def together(self, model: Any) -> Together | None:
        """How ``default_predict_fn`` predicts several requests at once with the very bits of each
        alone; None where that cannot be known."""
        return None
