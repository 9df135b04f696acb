"""Functions mean the same on every engine, on the values where engines differ by themselves."""

from __future__ import annotations

import datetime as dt
import hashlib
import statistics
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from sqlglot import exp

from studio_ext.wrangler import types
from studio_ext.wrangler.engines import Engine
from studio_ext.wrangler.engines.spark import Spark
from studio_ext.wrangler.errors import ColumnError, WranglerError
from studio_ext.wrangler.functions import Functions

Make = Callable[[Functions, exp.Expr], exp.Expr]
INF = float("inf")
NAN = float("nan")
NUMBERS = [0.0, -2.5, 2.5, 1e30, INF, -INF, NAN, None]
TEXTS = ["Straße a.b", "", "x$1\\", "\u0130ΟΔΟΣ", "🂡é\n", None]


def _made(engine: Engine, values: list[Any], make: Make, kind: pa.DataType) -> list[Any]:
    relation = engine.from_arrow(pa.table({"x": pa.array(values, kind)}))
    made = relation.select({"y": make(relation.functions, relation["x"])})
    return [row[0] for row in made.rows()]


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda f, x: f.divide(1, x), [None, -0.4, 0.4, 1e-30, 0, 0, NAN, None]),
        (lambda f, x: f.finite(x), [0, -2.5, 2.5, 1e30, INF, -INF, None, None]),
        (lambda f, x: f.figure(x), [0, -2.5, 2.5, 1e30, None, None, None, None]),
        (lambda f, x: f.to(x, types.LONG, types.FLOAT), [0, -2, 2, *[None] * 5]),
        (lambda f, x: f.round(f.figure(x), 0), [0, -3, 3, 1e30, *[None] * 4]),
        (lambda f, x: f.ln(f.figure(x)), [None, None, 0.9162907318741551, 69.07755278982137]),
        (lambda f, x: f.sqrt(f.figure(x)), [0, None, 1.5811388300841898, 1e15]),
        (lambda f, x: f.clip(f.figure(x), -1, 1), [0, -1, 1, 1, *[None] * 4]),
    ],
)
def test_numbers(engine: Engine, make: Make, expected: list[Any]) -> None:
    made = _made(engine, NUMBERS, make, pa.float64())[: len(expected)]
    assert made == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda f, x: f.upper(x), [None if e is None else e.upper() for e in TEXTS]),
        (lambda f, x: f.lower(x), [None if e is None else e.lower() for e in TEXTS]),
        (lambda f, x: f.length(x), [None if e is None else len(e) for e in TEXTS]),
        (
            lambda f, x: f.regexp_replace(x, r"([a-z$])\.?", r"<\1>$"),
            ["S<t>$<r>$<a>$ß<e>$ <a>$<b>$", "", "<x>$<$>$1\\", "\u0130ΟΔΟΣ", "🂡é\n", None],
        ),
        (lambda f, x: f.regexp_matches(x, "^.$"), [False, False, False, False, False, None]),
        (lambda f, x: f.regexp_matches(x, "[[:space:]]"), [True, *[False] * 3, True, None]),
        (
            lambda f, x: f.split(x, "."),
            [None if e is None else e.split(".") for e in TEXTS],
        ),
        (
            lambda f, x: f.replace(x, "$1", "\\"),
            [None if e is None else e.replace("$1", "\\") for e in TEXTS],
        ),
        (lambda f, x: f.substring(x, 2, 3), [None if e is None else e[1:4] for e in TEXTS]),
        (
            lambda f, x: f.item(f.split(x, " "), 2),
            ["a.b", None, None, None, None, None],
        ),
        (lambda f, x: f.last_position(x, "a"), [8, 0, 0, 0, 0, None]),
    ],
)
def test_texts(engine: Engine, make: Make, expected: list[Any]) -> None:
    assert _made(engine, TEXTS, make, pa.string()) == expected


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("long", ["2.7", "-2.7", " 3 ", "9007199254740993", "1e3", "x", "", None],
         [2, -2, 3, 9007199254740993, 1000, None, None, None]),
        ("float", ["2.5", ".5", "1e-3", "1d", "2f", "nan", "x", None],
         [2.5, 0.5, 0.001, None, None, None, None, None]),
        ("bool", ["true", "FALSE", "1", "yes", None], [True, False, None, None, None]),
        ("date", ["2024-02-29", "2023-02-29", "2024", "2024-02-29 10:00", None],
         [dt.date(2024, 2, 29), None, None, None, None]),
        ("datetime", ["2024-02-29", "2024-02-29 10:30:00.5", "2024", "x", None],
         [dt.datetime(2024, 2, 29), dt.datetime(2024, 2, 29, 10, 30, 0, 500_000),
          None, None, None]),
    ],
)  # fmt: skip
def test_texts_read_as_values(
    engine: Engine, kind: str, values: list[Any], expected: list[Any]
) -> None:
    assert _made(engine, values, lambda f, x: f.parsed(x, kind), pa.string()) == expected


def test_aggregates(engine: Engine) -> None:
    values = ["b", "a", None, "b", "ß"]
    relation = engine.from_arrow(pa.table({"x": values, "n": [1.0, 2.0, None, 4.0, 8.0]}))
    f = relation.functions
    kept = relation.filter(relation["x"].neq(exp.Literal.string("a")))
    found = kept.aggregate(
        {
            "counts": f.frequencies(relation["x"]),
            "deviation": f.deviation(relation["n"]),
            "distinct": f.distinct(relation["x"]),
            "rows": f.count(),
        }
    )
    deviation = found.pop("deviation")
    assert found == {"counts": {"b": 2, "ß": 1}, "distinct": 2, "rows": 3}
    assert deviation == pytest.approx(statistics.stdev([1, 4, 8]))


def test_frequencies_alone(engine: Engine) -> None:
    relation = engine.from_arrow(pa.table({"x": [2, 1, 2, None]}))
    f = relation.functions
    assert relation.aggregate({"n": f.frequencies(relation["x"])}) == {"n": {1: 1, 2: 2}}


def test_chance_is_the_same_on_every_engine(engine: Engine) -> None:
    keys = ["a", "é", None]
    sums = [hashlib.md5(f"7|{key or ''}".encode()).hexdigest() for key in keys]
    made = _made(engine, keys, lambda f, x: f.uniform(7, x), pa.string())
    assert made == [int(each[:13], 16) / 16**13 for each in sums]


def test_what_does_not_fit_is_an_error_without_sql(engine: Engine) -> None:
    relation = engine.from_arrow(pa.table({"x": ["a"]}))
    with pytest.raises(WranglerError) as caught:
        relation.with_columns({"y": exp.Anonymous(this="no_such_function")}).schema  # noqa: B018
    assert "no_such_function" in str(caught.value).lower()
    assert "SELECT" not in str(caught.value) and "\n" not in str(caught.value)
    with pytest.raises(ColumnError, match="no column 'z'"):
        relation["z"]


def test_streams_and_kept_tables(engine: Engine) -> None:
    table = pa.table(
        {
            "n": pa.array(range(10), pa.int32()),
            "t": pa.array([dt.datetime(2020, 1, 1)] * 10),
            "l": [[1.5, None]] * 5 + [None] * 5,
            "s": [{"a": "x"}] * 10,
            'N "q".': pa.array(["x"] * 10).dictionary_encode(),
            "none": pa.nulls(10),
        }
    )
    relation = engine.from_arrow(table).materialise()
    kinds = [types.kind_of(each) for each in relation.schema.values()]
    assert kinds == ["long", "datetime", "array", "struct", "string", "string"]
    streamed = engine.reader(relation, 4).read_all()
    assert streamed.to_pydict() == relation.to_arrow().to_pydict() == table.to_pydict()


@pytest.mark.spark
def test_quantiles_are_approximate_on_spark(spark: Spark) -> None:
    approximate = Spark(spark.session)
    relation = approximate.from_arrow(pa.table({"x": [float(each) for each in range(1_001)]}))
    f = relation.functions
    found = relation.aggregate({str(q): f.quantile(relation["x"], q) for q in (0, 0.25, 0.5, 1)})
    assert [found[q] for q in ("0", "0.25", "0.5", "1")] == pytest.approx(
        [0, 250, 500, 1000], abs=1
    )


def test_rows_are_counted_where_no_column_is_asked_for(engine: Engine) -> None:
    """A computed column inside is left out of the query when nothing asks for it."""
    relation = engine.from_arrow(pa.table({"a": [1, 2, 3]}))
    f = relation.functions
    for names in ({"b": f.add(relation["a"], 1)}, {"a": f.add(relation["a"], 1)}):
        assert relation.with_columns(names).nested().count() == 3
