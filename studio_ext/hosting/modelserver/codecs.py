"""NumPy arrays from and to the content types of SageMaker's toolkits."""

from __future__ import annotations

import io
import json
from functools import lru_cache
from typing import Any

from .errors import ServiceError

CSV, JSON, NPY, NPZ = "text/csv", "application/json", "application/x-npy", "application/x-npz"
TEXT = (CSV, JSON)


@lru_cache(maxsize=256)
def media_type(content_type: str | None) -> str:
    """``text/csv`` of ``Text/CSV; charset=utf-8``; "" of None."""
    return (content_type or "").split(";", 1)[0].strip().lower()


def decode(body: str | bytes, content_type: str | None) -> Any:
    """An array of a request's body (a SciPy sparse matrix for npz); ServiceError 415 or 400."""
    kind = media_type(content_type)
    decoder = _DECODERS.get(kind)
    if decoder is None:
        raise ServiceError(415, f"Content type {content_type} is not supported by this container.")
    try:
        return decoder(body)
    except (ValueError, TypeError, UnicodeDecodeError, EOFError, OSError) as error:
        raise ServiceError(400, f"The body is not valid {kind}: {error}") from error


def encode(array: Any, accept: str | None) -> bytes:
    """An array-like as one of the accepted types; ServiceError 406."""
    return encode_as(array, choose(accept, tuple(_ENCODERS)))


def encode_as(array: Any, kind: str) -> bytes:
    """An array-like as the given type, one of csv, json and npy."""
    return _ENCODERS[kind](array)


@lru_cache(maxsize=256)
def choose(accept: str | None, offered: tuple[str, ...]) -> str:
    """The first type of an Accept header that is offered; ServiceError 406 when none is."""
    for part in (accept or offered[0]).split(","):
        kind = media_type(part)
        if kind in offered:
            return kind
        if kind == "*/*":
            return offered[0]
    raise ServiceError(406, f"Accept type {accept} is not supported by this container.")


def _text(body: str | bytes) -> str:
    return body if isinstance(body, str) else bytes(body).decode()


def _from_csv(body: str | bytes) -> Any:
    import numpy as np

    lines = [line for line in _text(body).splitlines() if line.strip()]
    rows = [line.split(",") for line in lines]
    try:
        # Numbers alone, the usual case: many times faster than genfromtxt.
        array = np.array(rows, dtype=np.float64)
    except ValueError:
        return np.genfromtxt(io.StringIO("\n".join(lines)), dtype=None, delimiter=",")
    return array[0] if len(rows) == 1 else array


def _from_json(body: str | bytes) -> Any:
    import numpy as np

    document = json.loads(body)
    if isinstance(document, dict) and "instances" in document:
        document = document["instances"]
    return np.array(document)


def _from_npy(body: str | bytes) -> Any:
    import numpy as np

    return np.load(io.BytesIO(_bytes(body)), allow_pickle=False)  # a pickle could run code


def _from_npz(body: str | bytes) -> Any:
    from scipy import sparse

    return sparse.load_npz(io.BytesIO(_bytes(body)))


def _bytes(body: str | bytes) -> bytes:
    return body.encode() if isinstance(body, str) else body


def _to_csv(array: Any) -> bytes:
    import numpy as np

    stream = io.StringIO()
    np.savetxt(stream, np.atleast_1d(np.asarray(array)), delimiter=",", fmt="%s")
    return stream.getvalue().encode()


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


_json = json.JSONEncoder(default=_plain).encode


def _to_json(array: Any) -> bytes:
    return _json(array).encode()


def _to_npy(array: Any) -> bytes:
    import numpy as np

    stream = io.BytesIO()
    np.save(stream, np.asarray(array), allow_pickle=False)
    return stream.getvalue()


_DECODERS = {CSV: _from_csv, JSON: _from_json, NPY: _from_npy, NPZ: _from_npz}
_ENCODERS = {JSON: _to_json, CSV: _to_csv, NPY: _to_npy}
