"""pandas: ``df`` is the whole table, and whatever ``df`` is at the end is the result."""

from __future__ import annotations

import warnings
from typing import IO, Any

import pandas as pd
import pyarrow as pa

from .code import Code, Refusal
from .tables import from_pandas, old_pandas, to_pandas


def run(code: Code, header: dict[str, Any], source: IO[bytes], target: IO[bytes]) -> None:
    """Read all, run, write all."""
    old_pandas()
    table = pa.ipc.open_stream(source).read_all()
    frame, schema = to_pandas(table), table.schema
    del table
    with warnings.catch_warnings():
        chained = getattr(pd.errors, "ChainedAssignmentError", None)
        if chained:
            # It would change nothing, in silence.
            warnings.simplefilter("error", chained)
        made = code.run(df=frame).get("df")
    del frame
    if isinstance(made, pd.Series):
        made = made.to_frame()
    if not isinstance(made, pd.DataFrame):
        raise Refusal(f"df is {_article(made)} at the end: it has to be a pandas DataFrame")
    result = from_pandas(made, schema)
    with pa.ipc.new_stream(target, result.schema) as stream:
        stream.write_table(result, max_chunksize=65_536)


def _article(value: Any) -> str:
    return "None" if value is None else f"of the type {type(value).__name__}"
