"""Queries over registered tables, as Athena runs them: Presto's SQL, read by DuckDB.

Every table is one that is listed, by ``database.table`` or its own name; no file, no function that
gives a table, and no table of anyone else's can be named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlglot import exp, parse
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import traverse_scope

from ..engines import DuckDB
from ..errors import DataError, ParameterError
from ..relation import Base, Relation, distinct_names

ATHENA = "Athena"
DIALECT = "athena"
_FIELD = "queryString"


def read_query(
    engine: DuckDB,
    definition: Mapping[str, Any],
    tables: Mapping[str, Any],
    read: Callable[[Mapping[str, Any]], Relation],
) -> Relation:
    """What ``queryString`` gives; ``read`` opens a table's ``dataset_definition``.

    Raises ParameterError for what is no query, DataError for a table that is not listed.
    """
    text = str(definition.get(_FIELD) or "")
    tree = _parsed(text)
    opened: dict[str, Relation] = {}
    for scope in traverse_scope(tree):
        for source in list(scope.sources.values()):
            if isinstance(source, exp.Table):
                name = _listed_name(source, definition, tables)
                if name not in opened:
                    opened[name] = read(_definition(name, tables[name]))
                inner = distinct_names(opened[name].columns)
                plain = opened[name].select({inner[n]: opened[name][n] for n in inner})
                replaced = plain.query().subquery(source.alias_or_name, copy=False)
                source.replace(replaced)
    schema = engine.bind_query(tree)
    return Relation.of(engine, Base(tree, schema), distinct_names(schema))


def named(definition: Mapping[str, Any], tables: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The ``dataset_definition`` of each table that ``queryString`` names, once."""
    names = {
        _listed_name(source, definition, tables): None
        for scope in traverse_scope(_parsed(str(definition.get(_FIELD) or "")))
        for source in scope.sources.values()
        if isinstance(source, exp.Table)
    }
    return (_definition(name, tables[name]) for name in names)


def _parsed(text: str) -> exp.Query:
    try:
        trees = [each for each in parse(text, dialect=DIALECT) if each is not None]
    except SqlglotError as error:
        told = str(error).splitlines()[0]
        raise ParameterError(_FIELD, text, f"is no query of Athena's: {told}") from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise ParameterError(_FIELD, text, "is not one SELECT")
    tree = trees[0]
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            raise ParameterError(_FIELD, text, "reads what a function gives: name a listed table")
    if tree.find(exp.Into, exp.Command):
        raise ParameterError(_FIELD, text, "does more than read")
    return tree


def _listed_name(table: exp.Table, definition: Mapping[str, Any], tables: Mapping[str, Any]) -> str:
    database = table.db or str(definition.get("databaseName") or "")
    wanted = [f"{database}.{table.name}"] if database else []
    if not table.db:
        wanted.append(table.name)
    # Athena does not tell names apart by case.
    known = {name.casefold(): name for name in tables}
    for each in wanted:
        if each.casefold() in known:
            return known[each.casefold()]
    there = ", ".join(sorted(tables)) or "none"
    raise DataError(f"{_FIELD}: there is no table {wanted[0]!r}: there are {there}", field=_FIELD)


def _definition(name: str, place: Any) -> Mapping[str, Any]:
    context = place if isinstance(place, Mapping) else {"s3Uri": place}
    return {"datasetSourceType": "S3", "name": name, "s3ExecutionContext": context}
