"""What Spark has learned, out of a flow file: base85 of a ZIP of a saved Spark ML model.

The ZIP holds ``metadata/part-00000`` (JSON: the class, its parameters) and ``data/*.parquet`` (one
row). Nothing of it is run: JSON and Parquet are read, and each known model becomes plain JSON.
"""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

from ..errors import DamagedError, FlowError

PREFIX = "P)h>@6aWAK"
MOST_BYTES = 256 << 20


def decoded(value: Any) -> Any:
    """``trained_parameters`` with each saved model as JSON; everything else as it is.

    Raises DamagedError where a model cannot be read: copies of public files are often damaged.
    """
    if isinstance(value, Mapping):
        return {key: decoded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [decoded(each) for each in value]
    return model(value) if isinstance(value, str) and value.startswith(PREFIX) else value


def model(text: str) -> dict[str, Any]:
    """One saved model: its class (``class``), parameters, and the columns of its data."""
    import pyarrow.parquet as pq

    try:
        archive = zipfile.ZipFile(io.BytesIO(base64.b85decode(text)))
        files = {info.filename: info for info in archive.infolist() if not info.is_dir()}
        if sum(info.file_size for info in files.values()) > MOST_BYTES:
            raise FlowError(f"trained_parameters: a model of more than {MOST_BYTES} bytes")
        metadata = json.loads(archive.read(_only(files, "metadata/part-", "")).splitlines()[0])
        table = pq.read_table(io.BytesIO(archive.read(_only(files, "data/", ".parquet"))))
    except (ValueError, KeyError, IndexError, OSError, zipfile.BadZipFile, RecursionError) as error:
        raise DamagedError(f"trained_parameters: a saved model is damaged: {error}") from error
    (row,) = table.to_pylist() or [{}]
    return {
        "class": metadata["class"].rsplit(".", 1)[-1],
        "parameters": {**metadata.get("defaultParamMap", {}), **metadata.get("paramMap", {})},
        **{name: _plain(each) for name, each in row.items()},
    }


def _only(files: Mapping[str, Any], middle: str, end: str) -> str:
    return next(name for name in sorted(files) if middle in name and name.endswith(end))


def _plain(value: Any) -> Any:
    """Spark's vectors (``{type, size, indices, values}``) as lists of numbers."""
    if not isinstance(value, Mapping) or "values" not in value:
        return value
    if value.get("type") == 1 or value.get("indices") is None:
        return list(value["values"])
    dense = [0.0] * int(value["size"])
    for index, each in zip(value["indices"], value["values"], strict=True):
        dense[index] = each
    return dense
