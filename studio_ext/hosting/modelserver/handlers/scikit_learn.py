"""Defaults of the scikit-learn image."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .. import codecs, many
from ..batching import Together
from ..errors import ConfigurationError
from . import toolkit

_PICKLES = (".joblib", ".pkl", ".pickle")


class Handler(toolkit.Handler):
    """One row is a batch of one; text becomes float32."""

    def default_model_fn(self, model_dir: str) -> Any:
        """The only joblib or pickle file; where there is no such one, the user must say.

        AWS's image has no default. Unpickling runs what the file says, which is no more than
        the archive's own code may do.
        """
        import joblib

        files = sorted(p for p in Path(model_dir).iterdir() if p.suffix in _PICKLES)
        if len(files) != 1:
            names = ", ".join(path.name for path in files) or "none"
            raise ConfigurationError(
                "Please provide a model_fn implementation, for example: def model_fn(model_dir): "
                "return joblib.load(os.path.join(model_dir, 'model.joblib')). Without one, exactly "
                f"one {', '.join(_PICKLES)} file must be in the model archive; found {names}"
            )
        print(f"The entry point has no model_fn: loading {files[0].name} with joblib", flush=True)
        return joblib.load(files[0])

    def default_input_fn(self, input_data: Any, content_type: str) -> Any:
        """An array of shape (rows, features)."""
        array = super().default_input_fn(input_data, content_type)
        if array.ndim == 1:
            array = array.reshape(1, -1)
        return array.astype("float32") if codecs.media_type(content_type) in codecs.TEXT else array

    def stack(self, bodies: Sequence[bytes], content_type: str | None) -> Any:
        """One row of CSV in each body."""
        if codecs.media_type(content_type) != codecs.CSV:
            return None
        rows = many.csv_rows(bodies)
        return None if rows is None else rows.astype("float32")[:, None, :]

    def together(self, model: Any) -> Together | None:
        """Models whose rows do not influence each other."""
        if not type(model).__module__.startswith("sklearn."):
            return None
        from .scikit_rows import together

        return together(model)
