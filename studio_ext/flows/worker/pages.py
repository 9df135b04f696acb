"""A page of a table: the rows that a grid shows, and no more of the table than they need.

Pages near the beginning are a LIMIT on the query, which then reads no further. For pages far down
the table is written once, beside the answers, as a Parquet file of small row groups, of which any
page reads one or two. A Parquet source that no step has changed is such a file already.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from ...wrangler import types
from ...wrangler.operators import catalogue
from ...wrangler.operators.parameters import parse
from ...wrangler.places import numbered
from ...wrangler.relation import Relation, column
from .plain import cells
from .question import Question
from .rowgroups import RowGroups, Written, direct, parquet_files
from .session import Lane

if TYPE_CHECKING:
    import pyarrow as pa

ROWS, LONGEST = 100, 1000
#: Rows that are passed over by reading them, before an index is made.
FAR = 20_000


class Page:
    """One question for a page; made while the lane is held, run when it is free again."""

    def __init__(self, lane: Lane, question: Question, relation: Relation, key: str) -> None:
        self._started = time.perf_counter()
        self._question = question
        params = self._params = question.params
        self._offset, self._limit = params.get("Offset", 0), params.get("Limit", ROWS)
        shape = [params.get(each) for each in ("Sort", "Filters", "Search")]
        self._key = (key, str(shape)) if any(shape) else (key, "")
        whole = _shaped(relation, params)
        shown = whole.select(params["Columns"]) if params.get("Columns") else whole
        self._names = shown.columns
        self._schema = dict(shown.schema)
        self._lane = lane
        self._groups: RowGroups | None = self._index(whole)
        self._total = len(self._groups) if self._groups else lane.known.get(("rows", *self._key))
        engine = lane.engine
        query = shown.nested().query().limit(self._limit + 1).offset(self._offset)
        self._sql = engine.sql(query)
        self._count = self._counting(whole)
        self._cursor = lane.cursor()

    def _index(self, whole: Relation) -> RowGroups | None:
        """A way to any row of the table; far down one is begun where there is none."""
        key = ("index", *self._key)
        known = self._lane.known.get(key)
        if known is None:
            known = direct(whole)
            if known is None and self._offset >= FAR:
                known = Written(self._lane, whole)
            if known is not None:
                self._lane.known[key] = known
        return known.ready() if known is not None else None

    def _counting(self, whole: Relation) -> str | None:
        """The query that counts the rows, where it is asked for or takes nothing."""
        if self._total is not None or not (self._params.get("CountRows") or _is_told(whole)):
            return None
        count = exp.select(exp.Count(this=exp.Star())).from_(whole.nested().query().subquery("t"))
        return self._lane.engine.sql(count)

    def run(self) -> tuple[dict[str, Any], bytes | None]:
        """The page as the API tells it, and its Arrow stream where that was asked for."""
        with self._question.on(self._cursor):
            table = self._table()
            if self._count is not None:
                self._total = int(self._cursor.execute(self._count).fetchall()[0][0])
                self._lane.known[("rows", *self._key)] = self._total
        rows = min(table.num_rows, self._limit)
        more = table.num_rows > rows
        table = table.slice(0, rows)
        if not more and (rows or not self._offset):
            self._total = self._offset + rows
            self._lane.known[("rows", *self._key)] = self._total
        answer: dict[str, Any] = {
            "Columns": columns_of(self._schema),
            "Offset": self._offset,
            "RowCount": rows,
            "HasMore": more,
            "TotalRows": self._total,
            "Indexed": self._groups is not None,
        }
        content = None
        longest = self._params.get("MaxTextLength", LONGEST)
        if self._params.get("Format") == "ARROW":
            content = _stream(table)
        else:
            kinds = [types.kind_of(each) for each in self._schema.values()]
            answer["Data"] = [
                cells(table.column(place), kind, longest) for place, kind in enumerate(kinds)
            ]
        spent = time.perf_counter() - self._started
        return {**answer, "ElapsedMilliseconds": round(1000 * spent)}, content

    def _table(self) -> pa.Table:
        """The rows, and one more where there is one."""
        import pyarrow as pa

        if self._groups is not None:
            found = self._groups.rows(self._offset, self._limit + 1, self._names)
        else:
            found = self._cursor.sql(self._sql).to_arrow_table()
        fields = [
            pa.field(name, _ARROW[kind]() if (kind := types.kind_of(datatype)) in _ARROW else each)
            for (name, datatype), each in zip(self._schema.items(), found.schema.types, strict=True)
        ]
        return found.rename_columns(self._names).cast(pa.schema(fields))


def columns_of(schema: types.Schema) -> list[dict[str, str]]:
    """Columns as the API tells them."""
    return [
        {"Name": name, "Type": each.sql("duckdb"), "Kind": types.kind_of(each)}
        for name, each in schema.items()
    ]


def _lazy(name: str, *arguments: Any) -> Any:
    def make() -> Any:
        import pyarrow as pa

        return getattr(pa, name)(*arguments)

    return make


#: A kind has one type in pages, however they were read.
_ARROW: Mapping[str, Any] = {
    "long": _lazy("int64"),
    "float": _lazy("float64"),
    "string": _lazy("string"),
    "bool": _lazy("bool_"),
    "date": _lazy("date32"),
    "datetime": _lazy("timestamp", "us"),
}


def _stream(table: pa.Table) -> bytes:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _is_told(relation: Relation) -> bool:
    """Whether the engine knows the number of rows without reading them: plain Parquet."""
    return not relation.conditions and bool(parquet_files(relation))


def _shaped(relation: Relation, params: Mapping[str, Any]) -> Relation:
    """Filtered, searched and sorted as the grid asks; rows that tie keep their order."""
    if conditions := params.get("Filters"):
        operator = catalogue["filter_rows"]
        lower = [{name.lower(): value for name, value in each.items()} for each in conditions]
        p = parse(operator.Parameters, {"conditions": lower}, "Filters")
        p.check([relation])
        relation = operator.apply(relation, p, None)
    if text := params.get("Search"):
        f = relation.functions
        wanted = f.constant(text.lower())
        found = [
            exp.Contains(this=exp.Lower(this=f.text(relation[each])), expression=wanted.copy())
            for each in relation.columns
        ]
        relation = relation.filter(exp.or_(*found))
    if keys := params.get("Sort"):
        for each in keys:
            relation[each["Column"]]
        rows, row = numbered(relation)
        order = [
            exp.Ordered(
                this=column(each["Column"], "t"),
                desc=each.get("Order") == "Descending",
                nulls_first=False,
            )
            for each in keys
        ]
        relation = rows.sort(*order, column(row, "t")).drop([row])
    return relation
