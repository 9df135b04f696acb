"""Tables of many columns: a question about some of them names no others."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest
from sqlglot import exp

from studio_ext.wrangler.engines import DuckDB
from studio_ext.wrangler.relation import Relation

WIDE = 300


@pytest.fixture(scope="module")
def levels() -> Iterator[Relation]:
    """Each column plus one three times, on levels of their own, of two rows of three."""
    with DuckDB() as engine:
        relation = engine.from_arrow(pa.table({f"c{n}": [n, n + 1, None] for n in range(WIDE)}))
        f = relation.functions
        for _ in range(3):
            more = {name: f.add(relation[name], 1) for name in relation.columns}
            relation = relation.with_columns(more)
        yield relation.filter(relation["c1"].is_(exp.null()).not_())


def test_a_question_about_a_column_names_no_others(levels: Relation) -> None:
    sql = levels.select(["c7"]).query().sql("duckdb")
    assert '"c7"' in sql
    assert '"c1"' in sql  # rows go by it
    assert '"c8"' not in sql
    assert len(sql) < 1_000
    assert levels.select(["c7"]).rows() == [(10,), (11,)]


def test_aggregates_of_some_columns_and_of_none(levels: Relation) -> None:
    f = levels.functions
    assert levels.aggregate({"most": f.most(levels["c9"]), "n": f.count()}) == {"most": 13, "n": 2}
    assert levels.count() == 2


def test_all_columns_still_come_out(levels: Relation) -> None:
    assert levels.to_arrow().column_names == [f"c{n}" for n in range(WIDE)]
    assert levels.sort(levels["c0"]).limit(1).rows()[0][-1] == WIDE + 2


def test_a_column_called_as_the_table_is_one() -> None:
    with DuckDB() as engine:
        relation = engine.from_arrow(pa.table({"t": [1, 2], "u": [3, 4]}))
        f = relation.functions
        deeper = relation.with_columns({"t": f.add(relation["t"], 1)})
        deeper = deeper.with_columns({"t": f.add(deeper["t"], deeper["u"])})
        assert deeper.select(["t"]).rows() == [(5,), (7,)]
