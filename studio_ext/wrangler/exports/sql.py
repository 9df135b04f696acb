"""A fitted flow as SQL: one query for a node, with what its steps have learned written into it.

The query is what Studio itself runs, for DuckDB. Steps that compute in Python (pandas, functions of
people's own, SMOTE) are no SQL: the error names them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from ..engines.duckdb import DIALECT, DuckDB
from ..errors import UnsupportedError
from ..flow import Node
from ..operators.parameters import parse
from ..relation import Relation
from ..targets.destinations import S3, Output

if TYPE_CHECKING:
    from ..running import Run

#: Times have no zone in a flow.
HEAD = "SET TimeZone = 'UTC';"


class Unfolded(DuckDB):
    """A session that keeps no table between steps, so that all of them stay one query."""

    def materialise(self, relation: Relation) -> Relation:
        """The relation as it is: what follows holds its query."""
        return relation


def to_sql(run: Run, node: str, output: str, tables: Mapping[str, Relation]) -> str:
    """The query of a node, or for a destination the statement that writes its file.

    ``run`` is on :class:`Unfolded`; ``tables`` are those of the program, by the names that the
    query gives them. Raises UnsupportedError that names each step that is no SQL.
    """
    asked = run.document[node]
    writes = asked.type == "DESTINATION"
    given = asked.inputs[0] if writes else asked.output(output)
    relation = run.relation(given.node, given.output)
    names = {_table(each): name for name, each in tables.items()}
    _refuse(run, given.node, set(names))
    query = _renamed(relation.query(), names)
    text = query.sql(DIALECT, pretty=True)
    steps = " > ".join(each.label for each in run.document.upstream(given.node))
    written = _copy(asked, text) if writes else f"{text};"
    return f"-- {' '.join(steps.split())}\n{HEAD}\n{written}\n"


def _refuse(run: Run, node: str, known: set[str]) -> None:
    """Raise where a step has put rows of its own into the session: they came out of Python."""
    seen, found = set(known), []
    for each in run.document.upstream(node):
        there = {name for one in run.outcomes[each.id].outputs.values() for name in _tables(one)}
        if there - seen:
            found.append(each.label)
        seen |= there
    if found:
        raise UnsupportedError(
            f"These steps cannot be said in SQL: {', '.join(found)}. Export the flow as Python code"
        )


def _tables(relation: Relation) -> set[str]:
    names = {each.name for each in relation.query().find_all(exp.Table) if each.name}
    return {name for name in names if name.startswith("studio_")}


def _table(relation: Relation) -> str:
    assert isinstance(relation.base.expression, exp.Table)
    return relation.base.expression.name


def _renamed(query: exp.Select, names: Mapping[str, str]) -> exp.Expr:
    for table in query.find_all(exp.Table):
        if table.name in names:
            table.set("this", exp.to_identifier(names[table.name], quoted=True))
    return query


def _copy(node: Node, query: str) -> str:
    """COPY ... TO the file that a destination names."""
    if node.operator != S3:
        raise UnsupportedError(f"Studio does not know the destination {node.operator!r}")
    p = parse(Output, node.parameters.get("output_config") or {}, "output_config")
    if p.compression in ("bzip2", "deflate"):
        raise UnsupportedError(f"compression: DuckDB writes no {p.compression} files")
    options: dict[str, Any] = {"FORMAT": p.output_content_type.upper()}
    if p.output_content_type == "csv":
        options |= {"HEADER": "true", "DELIMITER": _text(p.delimiter)}
    if p.compression != "none":
        options["COMPRESSION"] = p.compression.upper()
    if p.partition_by:
        columns = ", ".join(exp.to_identifier(c, quoted=True).sql(DIALECT) for c in p.partition_by)
        options["PARTITION_BY"] = f"({columns})"
    inner = "\n".join(f"  {line}" for line in query.splitlines())
    listed = ", ".join(f"{name} {value}" for name, value in options.items())
    return f"COPY (\n{inner}\n) TO {_text(p.output_path)} ({listed});"


def _text(value: str) -> str:
    return exp.Literal.string(value).sql(DIALECT)
