"""A chart: ``df`` is the rows, ``chart`` what the code makes of them, given back as its JSON."""

from __future__ import annotations

import contextlib
import json
import sys
from typing import IO, Any

import pyarrow as pa

from .code import Code, Refusal
from .tables import old_pandas, to_pandas

#: A browser draws no more.
MOST_BYTES = 64 << 20
VEGA_LITE = "vega-lite"
WANTED = (
    "an Altair chart, a plotly figure, or a dict: a Vega-Lite specification with its $schema, or "
    "a plotly figure's data and layout"
)


def run(code: Code, header: dict[str, Any], source: IO[bytes], target: IO[bytes]) -> None:
    """Read all, run, write one row: the kind of the chart, and its JSON."""
    old_pandas()
    frame = to_pandas(pa.ipc.open_stream(source).read_all())
    try:
        made = code.run(df=frame).get("chart")
    except ModuleNotFoundError as error:
        if error.name not in ("altair", "plotly"):
            raise
        hint = f"{error.name} is not installed: pip install 'studio-ext[charts]'"
        raise Refusal(hint).with_traceback(error.__traceback__) from error
    text = _text(made)
    kind = _kind(json.loads(text), made)
    if len(text) > MOST_BYTES:
        raise Refusal(
            f"chart has {len(text) >> 20} MB, more than the {MOST_BYTES >> 20} MB that are "
            "shown: aggregate df or take fewer of its rows and columns"
        )
    result = pa.table({"kind": [kind], "chart": [text]})
    with pa.ipc.new_stream(target, result.schema) as stream:
        stream.write_table(result)


def _text(made: Any) -> str:
    """The chart as JSON."""
    if isinstance(made, dict):
        try:
            return json.dumps(made, allow_nan=False, default=_plain)
        except TypeError as error:
            raise Refusal(f"chart is no JSON: {error}") from error
        except ValueError as error:
            raise Refusal(
                "chart holds a number that JSON has not (NaN or infinite): drop it from df, or "
                "put None in its place"
            ) from error
    if not (hasattr(made, "to_json") and hasattr(made, "to_dict")) or hasattr(made, "iloc"):
        there = "None" if made is None else f"of the type {type(made).__name__}"
        raise Refusal(f"chart is {there} at the end: it has to be {WANTED}")
    altair = sys.modules.get("altair")
    # Altair's own limit of 5,000 rows is for notebooks that would keep them.
    free = altair.data_transformers.disable_max_rows() if altair else contextlib.nullcontext()
    with free:
        return str(made.to_json())


def _kind(chart: dict[str, Any], made: Any) -> str:
    schema = str(chart.get("$schema", ""))
    if VEGA_LITE in schema:
        return schema
    if isinstance(chart.get("data"), list):
        return "plotly"
    there = ", ".join(map(repr, list(chart)[:8])) or "nothing"
    raise Refusal(f"chart is a {type(made).__name__} with {there}: it has to be {WANTED}")


def _plain(value: Any) -> Any:
    """numpy's numbers and arrays, pandas's times."""
    for each in ("tolist", "isoformat"):
        if hasattr(value, each):
            return getattr(value, each)()
    raise TypeError(f"{type(value).__name__} is of no type that JSON has")
