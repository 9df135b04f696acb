"""Several requests answered by one call of ``predict``, where that changes no answer.

A prediction's cost is mostly a library's checks before the arithmetic, the same for one row as for
a hundred. So requests that wait at the same moment are predicted together: their rows one below
the other, the predictions cut apart again. Nobody waits for a batch to fill.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

#: How many requests, and bytes of them, one batch may have: a batch takes no time to speak of.
MOST_REQUESTS = 64
MOST_BYTES = 256 * 1024

#: Predictions of several arrays of equal dtype and width; None when they have to be made singly.
#: The arrays may be a stack, one array of shape (requests, rows, columns); predictions too.
Together = Callable[[Sequence[Any]], "Sequence[Any] | None"]


def group(values: Sequence[Any]) -> list[list[int]]:
    """Indices of values whose rows may stand below each other; any other value by itself."""
    groups: dict[Any, list[int]] = {}
    for index, value in enumerate(values):
        shape: tuple[int, ...] = getattr(value, "shape", ())
        alike = len(shape) >= 2 and shape[0] > 0 and hasattr(value, "dtype")
        key = (type(value), value.dtype, tuple(shape[1:])) if alike else index
        groups.setdefault(key, []).append(index)
    return list(groups.values())


def cut(prediction: Any, values: Sequence[Any]) -> Sequence[Any] | None:
    """The part of each request of a prediction with one element a row; None without that."""
    shape: tuple[int, ...] = getattr(prediction, "shape", ())
    if is_stack(values) and shape and shape[0] == len(values) * len(values[0]):
        stack: Sequence[Any] = prediction.reshape(len(values), -1, *shape[1:])
        return stack
    sizes = [len(value) for value in values]
    if not shape or shape[0] != sum(sizes):
        return None
    parts, start = [], 0
    for size in sizes:
        parts.append(prediction[start : start + size])
        start += size
    return parts


def is_stack(values: Sequence[Any]) -> bool:
    """Whether the arrays of several requests are parts of one, none of them empty."""
    return getattr(values, "ndim", 0) == 3 and getattr(values, "size", 0) > 0


def stacked(predict: Callable[[Any], Any]) -> Together:
    """``predict`` on the rows of all requests at once."""

    def together(values: Sequence[Any]) -> Sequence[Any] | None:
        if len(values) == 1:
            return [predict(values[0])]
        return cut(predict(concatenated(values)), values)

    return together


def concatenated(values: Sequence[Any]) -> Any:
    """Arrays or tensors below each other."""
    if len(values) == 1:
        return values[0]
    if is_stack(values):
        return values.reshape(-1, values.shape[-1])  # type: ignore[attr-defined]
    if type(values[0]).__module__.partition(".")[0] == "torch":
        import torch

        return torch.cat(list(values))
    import numpy as np

    return np.concatenate(values)
