"""A function of one column: ``custom_func`` gets a pandas Series at a time, or one value."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, Any

import pyarrow as pa

from .code import Code, Refusal
from .tables import TYPES, from_series, old_pandas, series_of

NAME = "custom_func"


def run(code: Code, header: dict[str, Any], source: IO[bytes], target: IO[bytes]) -> None:
    """Batch in, batch out; the functions's module is run once."""
    by_series = header["by"] == "series"
    if by_series:
        old_pandas()
    function = code.run().get(NAME)
    if not callable(function):
        raise Refusal(f"The code defines no function {NAME}")
    batches = pa.ipc.open_stream(source)
    kind = TYPES[header["type"]]
    apply = _by_series if by_series else _by_value
    rows = 0
    with pa.ipc.new_stream(target, pa.schema([("y", kind)])) as stream:
        for batch in batches:
            made = apply(function, batch.column(0), kind, rows)
            stream.write_batch(pa.RecordBatch.from_arrays([made], ["y"]))
            target.flush()
            rows += batch.num_rows


def _by_series(function: Callable[[Any], Any], x: pa.Array, kind: pa.DataType, start: int) -> Any:
    import pandas as pd

    made = function(series_of(x))
    if not isinstance(made, pd.Series):
        try:
            made = pd.Series(made)
        except (TypeError, ValueError) as error:
            raise Refusal(f"{NAME} gave {type(made).__name__}, no pandas Series") from error
    if len(made) != len(x):
        raise Refusal(f"{NAME} gave {len(made)} values for {len(x)} rows")
    return from_series(made, NAME, kind)


def _by_value(function: Callable[[Any], Any], x: pa.Array, kind: pa.DataType, start: int) -> Any:
    made = [function(each) for each in x.to_pylist()]
    try:
        return pa.array(made, kind, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        for index, each in enumerate(made):
            try:
                pa.array([each], kind, from_pandas=True)
            except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
                raise Refusal(
                    f"row {start + index + 1}: {NAME} gave {each!r:.200}, which is no {kind}"
                ) from error
        raise
