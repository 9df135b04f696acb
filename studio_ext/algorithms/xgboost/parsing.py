"""Text to numbers: CSV and LIBSVM, the same way for training files and for requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

_DELIMITERS = (",", "\t", ";", "|", " ")
_WORDS = {"": "nan", "true": "1", "false": "0", "na": "nan", "null": "nan", "none": "nan"}


def is_number(text: str) -> bool:
    """Whether a CSV field is a number, a truth value or empty (a missing value)."""
    text = text.strip().strip('"').strip()
    if text.lower() in _WORDS:
        return True
    try:
        float(text)
    except ValueError:
        return False
    return True


def sniff_delimiter(line: str) -> str:
    """The delimiter that cuts a line into the most fields; "," where there is none."""
    counts = {delimiter: line.strip("\r\n ").count(delimiter) for delimiter in _DELIMITERS}
    best = max(_DELIMITERS, key=lambda delimiter: counts[delimiter])
    # "1, 2, 3" has as many blanks as commas: the comma comes first and wins.
    return best if counts[best] else ","


def csv_array(text: str) -> np.ndarray:
    """Rows of numbers as float32, shape (rows, columns); empty fields are NaN.

    Raises ValueError that names the row (counted from 1) which does not fit.
    """
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        raise ValueError("there is no row of data")
    delimiter = sniff_delimiter(lines[0])
    rows = [line.rstrip("\r").split(delimiter) for line in lines]
    width = len(rows[0])
    for number, row in enumerate(rows, 1):
        if len(row) != width:
            raise ValueError(f"row {number} has {len(row)} fields, the first row has {width}")
    try:
        return np.array(rows, dtype=np.float32)
    except ValueError:
        return np.array(
            [[_number(field, number) for field in row] for number, row in enumerate(rows, 1)],
            dtype=np.float32,
        )


def _number(field: str, row: int) -> float:
    text = field.strip().strip('"').strip()
    try:
        return float(_WORDS.get(text.lower(), text))
    except ValueError:
        raise ValueError(f"row {row}: {text[:50]!r} is not a number") from None


@dataclass
class Libsvm:
    """Parsed LIBSVM text. ``features`` is a CSR matrix; an index is its column, never shifted."""

    features: Any
    labels: np.ndarray
    weights: np.ndarray | None
    groups: np.ndarray | None


def libsvm(lines: Sequence[str], *, columns: int | None = None, labelled: bool = True) -> Libsvm:
    """Parse ``label[:weight] [qid:n] index:value ...`` lines.

    Where they are not ``labelled``, a line may also begin with its features.

    Column i of the result is index i of the text, in training as in requests: guessing whether
    a text counts from 1 would give a different answer for each request.
    """
    from scipy.sparse import csr_matrix

    heads, bodies = [], []
    for number, line in enumerate(lines, 1):
        head, body = _split_label(line.split("#", 1)[0], number, labelled)
        heads.append(head)
        bodies.append(body)
    counts = np.array([body.count(":") for body in bodies], dtype=np.int64)
    tokens = " ".join(bodies).replace(":", " ").split()
    if len(tokens) != 2 * counts.sum():
        raise ValueError(_bad_line(bodies))
    try:
        pairs = np.array(tokens, dtype=np.float64).reshape(-1, 2)
    except ValueError:
        raise ValueError(_bad_line(bodies)) from None
    indices = pairs[:, 0].astype(np.int64)
    if len(indices) and (indices.min() < 0 or (indices != pairs[:, 0]).any()):
        raise ValueError("a feature index is not a whole number from 0 on")
    width = max(columns or 0, int(indices.max()) + 1 if len(indices) else 0)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    values = pairs[:, 1].astype(np.float32)
    matrix = csr_matrix((values, indices, offsets), shape=(len(bodies), width))
    matrix.sort_indices()
    return Libsvm(matrix, *_label_columns(heads))


def _split_label(line: str, number: int, labelled: bool) -> tuple[list[float | None], str]:
    """([label, weight, group], the index:value text)."""
    first, _, rest = line.strip().partition(" ")
    if ":" in first and not labelled:
        return [None, None, None], line
    label, _, weight = first.partition(":")
    rest = rest.strip()
    group = None
    try:
        if rest.startswith("qid:"):
            query, _, rest = rest.partition(" ")
            group = float(query[4:])
        return [float(label), float(weight) if weight else None, group], rest
    except ValueError:
        raise ValueError(
            f"line {number}: {line.strip()[:50]!r} does not begin with label[:weight]"
        ) from None


def _bad_line(bodies: Sequence[str]) -> str:
    for number, body in enumerate(bodies, 1):
        for token in body.split():
            left, colon, right = token.partition(":")
            if not (colon and left.isdigit() and is_number(right) and right):
                return f"line {number}: {token[:50]!r} is not index:value"
    return "a line is not in LIBSVM format"


def _label_columns(
    heads: Sequence[Sequence[float | None]],
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    table = np.array(heads, dtype=np.float64).reshape(-1, 3)
    labels, weights, groups = table[:, 0], table[:, 1], table[:, 2]
    return (
        labels.astype(np.float32),
        None if np.isnan(weights).all() else np.nan_to_num(weights, nan=1.0).astype(np.float32),
        None if np.isnan(groups).all() else np.nan_to_num(groups).astype(np.int64),
    )
