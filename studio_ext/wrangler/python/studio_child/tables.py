"""Arrow to pandas and back, with the types that flows know."""

from __future__ import annotations

import contextlib
import warnings
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from .code import Refusal

#: The names that flows give types.
TYPES = {
    "long": pa.int64(),
    "float": pa.float64(),
    "string": pa.string(),
    "datetime": pa.timestamp("us"),
    "date": pa.date32(),
    "bool": pa.bool_(),
}


def old_pandas() -> None:
    """Texts are of the dtype ``object``, as the code of flows expects (``df.dtypes == object``)."""
    with warnings.catch_warnings(), contextlib.suppress(pd.errors.OptionError):
        warnings.simplefilter("ignore")
        pd.set_option("future.infer_string", False)


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """A frame as Spark's ``toPandas`` gives it: whole numbers with gaps are floats."""
    columns = {index: series_of(table.column(index)) for index in range(table.num_columns)}
    frame = pd.DataFrame(columns, index=pd.RangeIndex(table.num_rows))
    frame.columns = pd.Index(table.column_names, dtype=object)
    return frame


def series_of(x: pa.Array | pa.ChunkedArray) -> pd.Series:
    """One column."""
    if pa.types.is_string(x.type) or pa.types.is_large_string(x.type):
        return pd.Series(x.to_numpy(zero_copy_only=False), dtype=object)
    return x.to_pandas()


def from_pandas(frame: pd.DataFrame, before: pa.Schema) -> pa.Table:
    """A table of what the code has made; its index is left out.

    A column without a value keeps the type that it had ``before``.
    """
    names = [str(name) for name in frame.columns]
    if isinstance(frame.columns, pd.MultiIndex):
        raise Refusal("The columns of df have names of several levels: join them to one text each")
    twice = next((name for index, name in enumerate(names) if name in names[:index]), None)
    if twice is not None:
        raise Refusal(f"df has two columns {twice!r} at the end")
    arrays = []
    for index, name in enumerate(names):
        made = from_series(frame.iloc[:, index], name)
        if pa.types.is_null(made.type):
            known = before.field(name).type if before.get_field_index(name) >= 0 else pa.string()
            made = made.cast(known)
        arrays.append(made)
    return pa.table(arrays, names=names) if names else pa.table({})


def from_series(x: pd.Series, name: str, kind: pa.DataType | None = None) -> pa.Array:
    """A column as Arrow, of ``kind`` or of the type that a flow has for it; NaN is missing."""
    try:
        made = pa.array(x, from_pandas=True)
        if isinstance(made, pa.ChunkedArray):
            made = made.combine_chunks()
        return _plain(made) if kind is None else _plain(made).cast(kind)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        kinds = sorted({type(each).__name__ for each in x if not _missing(each)})
        wanted = f"is no {kind}" if kind else "is of no type that a table can have"
        raise Refusal(
            f"{name}: what the code gives {wanted} (it holds {', '.join(kinds[:8])}): {error}"
        ) from error


def _missing(value: Any) -> bool:
    return value is None or value is pd.NaT or value != value


def _plain(x: pa.Array) -> pa.Array:
    """With one of the types that flows know: no small integers, categories, zones, decimals."""
    kind = plain_type(x.type)
    if kind == x.type:
        return x
    if pa.types.is_duration(x.type):
        microseconds = x.cast(pa.duration("us"), safe=False).cast(pa.int64())
        return pc.divide(microseconds.cast(pa.float64()), 1e6)
    return x.cast(kind, safe=not pa.types.is_timestamp(x.type))


def plain_type(kind: pa.DataType) -> pa.DataType:
    """The flow's type for one of Arrow's; durations are seconds."""
    if pa.types.is_dictionary(kind):
        return plain_type(kind.value_type)
    if pa.types.is_integer(kind):
        return pa.int64()
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind) or pa.types.is_duration(kind):
        return pa.float64()
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us")
    if pa.types.is_date(kind):
        return pa.date32()
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) or pa.types.is_time(kind):
        return pa.string()
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.list_(plain_type(kind.value_type))
    return kind
