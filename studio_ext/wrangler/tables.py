"""Tables of a program (pandas, Polars, Arrow, arrays) as Arrow, and back in their own kind.

What a program hands over has NaN where a value is missing, for numbers of pandas and NumPy have no
other word for it: whatever it comes in, table, stream or record, NaN is missing. In files it is a
number, as Spark has it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .errors import DataError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


def arrow(table: Any) -> pa.Table | pa.RecordBatchReader:
    """The table as Arrow, without a copy where that is possible; an index of pandas' is left out.

    NaN is missing. Raises DataError for what is no table, and for columns of values without a
    common type.
    """
    made = _arrow(table)
    if not made.schema.names:
        raise DataError("The table has no columns: a table has one at least")
    return made


def _arrow(table: Any) -> pa.Table | pa.RecordBatchReader:
    import pyarrow as pa

    if isinstance(table, pa.Table):
        return _without_nan(table)
    if isinstance(table, pa.RecordBatchReader):
        batches = (_without_nan(each) for each in table)
        return pa.RecordBatchReader.from_batches(table.schema, batches)
    try:
        if _is(table, "pandas", "DataFrame"):
            return pa.Table.from_pandas(table, preserve_index=False)
        if hasattr(table, "__arrow_c_stream__"):
            return _without_nan(pa.table(table))
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise DataError(f"The table cannot be read: {error}") from error
    raise DataError(f"{type(table).__name__} is no table of pandas', Polars' or Arrow's")


def _without_nan(rows: Any) -> Any:
    """A table or batch with null for NaN; itself where it has none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for place, field in enumerate(rows.schema):
        if pa.types.is_floating(field.type):
            values = rows.column(place)
            found = pc.is_nan(values)
            if pc.any(found).as_py():
                rows = rows.set_column(
                    place, field, pc.if_else(found, pa.scalar(None, field.type), values)
                )
    return rows


def is_missing(value: Any) -> bool:
    """Whether a record's value is missing: ``None``, NaN, and pandas' NaT and NA."""
    if value is None:
        return True
    if isinstance(value, str | int) or hasattr(value, "__len__"):
        return False
    try:
        return bool(value != value)
    except TypeError:
        return type(value).__name__ == "NAType"


def is_table(value: Any) -> bool:
    """Whether :func:`arrow` can take it: a table with named columns."""
    return hasattr(value, "__arrow_c_stream__") and not _is(value, "pandas", "Series")


def names(table: Any) -> list[str]:
    """The names of a table's columns."""
    columns = table.column_names if hasattr(table, "column_names") else table.columns
    return [str(each) for each in columns]


def column(values: Any) -> pa.ChunkedArray:
    """A Series or a list as a column; NaN is missing. Raises DataError where types are mixed."""
    import pyarrow as pa

    try:
        made = pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise DataError(f"The values have no common type: {error}") from error
    return made if isinstance(made, pa.ChunkedArray) else pa.chunked_array([made])


def of_array(values: np.ndarray[Any, Any], names: Sequence[str] = ()) -> pa.Table:
    """An array of n rows and m columns as a table; without names they are ``x0`` to ``x<m-1>``."""
    import pyarrow as pa

    named = names or [f"x{index}" for index in range(values.shape[1])]
    return pa.table([column(each) for each in values.T], names=list(named))


def like(given: Any, made: pa.Table) -> Any:
    """``made`` as a table of the kind of ``given``; rows keep the index of a pandas table.

    What is no table (an array) becomes an array.
    """
    import pyarrow as pa

    if isinstance(given, pa.Table):
        return made
    if _is(given, "polars", "DataFrame"):
        return sys.modules["polars"].from_arrow(made)
    frame = made.to_pandas()
    if not _is(given, "pandas", "DataFrame"):
        return frame.to_numpy()
    if len(given) == len(frame):
        frame.index = given.index
    return frame


def _is(value: Any, library: str, name: str) -> bool:
    """Whether it is of a library's class; one that was never imported has made no value."""
    module = sys.modules.get(library)
    kind = getattr(module, name, None) if module else None
    return kind is not None and isinstance(value, kind)
