"""Spark SQL as a person writes it: parsed, its columns found, and translated.

Only expressions and SELECTs over the one table ``df`` come through: no other table, no file, no
function that is not listed. Columns are found by their exact name first, then whatever their case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from sqlglot import exp, parse
from sqlglot.errors import OptimizeError, SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from .. import types
from ..errors import ColumnError, ParameterError, WranglerError
from ..relation import Relation, column, distinct_names
from .translating import Translator

DIALECT = "spark"
TABLE = "df"
_OUTPUT = "studio_output_"
T = TypeVar("T")


def formula(relation: Relation, text: str, output: str, field: str = "formula") -> Relation:
    """The relation with a column that a Spark SQL expression over its row gives.

    Raises ParameterError for what is no such expression, ColumnError for unknown columns.
    """
    tree = _one(text, field)
    if isinstance(tree, exp.Query) or tree.find(exp.Query, exp.Table):
        raise ParameterError(field, text, "is a query: a formula is an expression over one row")
    for kind, why in (
        (exp.Window, "looks at other rows"),
        (exp.AggFunc, "sums up rows"),
        (exp.Star, "names all columns"),
    ):
        if tree.find(kind):
            raise ParameterError(field, text, f"{why}: use a step of SQL for that")
    names = distinct_names(relation.columns)
    select = exp.select(exp.alias_(tree, output, quoted=True)).from_(TABLE)
    bound = _bound(select, relation, names, text, field).selects[0].unalias()
    own = {inner.lower(): name for name, inner in names.items()}
    translated = Translator(relation.functions, text, field)(bound)

    def place(node: exp.Expr) -> exp.Expr:
        return relation[own[node.name.lower()]] if isinstance(node, exp.Column) else node

    made = relation.with_columns({output: translated.transform(place)})
    return _canonical(made, [output], field)


def query(relation: Relation, text: str, field: str = "code") -> Relation:
    """What a SELECT of Spark SQL over the table ``df`` gives.

    Raises ParameterError for what is no such query, ColumnError for unknown columns.
    """
    tree = _one(text, field)
    if not isinstance(tree, exp.Query):
        raise ParameterError(field, text, "is no SELECT: only SELECT ... FROM df can be run")
    _only_df(tree, text, field)
    names = distinct_names(relation.columns)
    labels = _labels(tree, relation, names)
    bound = _bound(tree, relation, names, text, field)
    translated = Translator(relation.functions, text, field)(bound)
    assert isinstance(translated, exp.Query)
    outputs = _numbered(translated)

    def build(table: exp.Subquery) -> exp.Select:
        def source(node: exp.Expr) -> exp.Expr:
            if isinstance(node, exp.Table) and node.name.lower() == TABLE:
                return table.this.copy().subquery(node.alias or TABLE)
            return node

        inner = translated.copy().transform(source)
        if isinstance(inner, exp.Select):
            return inner
        assert isinstance(inner, exp.Query)
        outer = exp.select(*(column(each, "q") for each in outputs))
        return outer.from_(inner.subquery("q"))

    made = _explained(lambda: relation.derive(build), field)
    shown = [labels.get(each, each) for each in _names(bound)]
    if twice := next((each for each in shown if shown.count(each) > 1), None):
        raise ParameterError(field, text, f"gives two columns {twice!r}: name one with AS")
    given = {name: made[each] for name, each in zip(shown, outputs, strict=True)}
    return _canonical(made.select(given), shown, field)


# -- reading ----------------------------------------------------------------------------------


def _one(text: str, field: str) -> exp.Expr:
    try:
        trees = [each for each in parse(text, read=DIALECT) if each is not None]
    except (SqlglotError, RecursionError) as error:
        first = str(error).splitlines()[0]
        plain = first.replace("\x1b[4m", "").replace("\x1b[0m", "")
        raise ParameterError(field, text, f"is no Spark SQL: {plain}") from error
    if len(trees) != 1:
        raise ParameterError(field, text, f"has {len(trees)} statements, not one")
    for hint in list(trees[0].find_all(exp.Hint)):
        # Advice to Spark's planner changes no result.
        hint.pop()
    return trees[0]


def _only_df(tree: exp.Expr, text: str, field: str) -> None:
    known = {each.alias.lower() for each in tree.find_all(exp.CTE)}
    if TABLE in known:
        raise ParameterError(field, text, "names a part of itself df, as the table is")
    for table in tree.find_all(exp.Table):
        plain = isinstance(table.this, exp.Identifier) and not table.db
        if not plain or table.name.lower() not in {*known, TABLE}:
            shown = table.sql(DIALECT)
            raise ParameterError(field, text, f"reads {shown}: there is only the table df")


def _labels(tree: exp.Query, relation: Relation, names: Mapping[str, str]) -> dict[str, str]:
    """Columns of the result by the names that the binder gives them -> as they were written."""
    labels = {inner.lower(): name for name, inner in names.items()}
    for each in tree.selects:
        if isinstance(each, exp.Alias | exp.Column) and not each.is_star:
            own = names.get(each.name, each.name) if isinstance(each, exp.Column) else each.alias
            exact = isinstance(each, exp.Column) and each.name in relation
            labels[own.lower()] = each.alias_or_name if not exact else each.name
        elif not each.is_star:
            # As Spark does: a column without a name is called what it says.
            said = each.sql(DIALECT, normalize_functions="lower").replace("count(*)", "count(1)")
            each.replace(exp.alias_(each.copy(), said, quoted=True))
            labels[said.lower()] = said
    return labels


def _bound(
    tree: exp.Query, relation: Relation, names: Mapping[str, str], text: str, field: str
) -> exp.Query:
    """With every column's table and type."""
    for each in tree.find_all(exp.Column):
        if names.get(each.name, each.name) != each.name:
            each.set("this", exp.to_identifier(names[each.name], quoted=True))
    columns = {names[name].lower(): kind for name, kind in relation.schema.items()}
    schema = MappingSchema({TABLE: columns}, dialect=DIALECT, normalize=False)
    written = tree.copy()
    try:
        bound = qualify(tree, dialect=DIALECT, schema=schema)
        bound = annotate_types(bound, schema=schema, dialect=DIALECT)
    except OptimizeError as error:
        raise _unknown(written, relation, names, error, field) from error
    except (SqlglotError, RecursionError) as error:
        raise ParameterError(field, text, f"is not right: {error}") from error
    assert isinstance(bound, exp.Query)
    return bound


def _unknown(
    tree: exp.Expr,
    relation: Relation,
    names: Mapping[str, str],
    error: OptimizeError,
    field: str,
) -> WranglerError:
    known = {each.lower() for each in names.values()}
    made = {each.alias.lower() for each in tree.find_all(exp.Alias, exp.TableAlias)}
    for each in tree.find_all(exp.Column):
        dotted = ".".join(part.name for part in each.parts)
        if len(each.parts) > 1 and dotted.lower() in known:
            message = f"{field}: write the column {dotted!r} in backticks: `{dotted}`"
            return ColumnError(message, field=field)
        if each.name.lower() not in known | made and not each.is_star:
            return ColumnError.missing(each.name, relation.columns, field)
    return ColumnError(f"{field}: {error}", field=field)


# -- results ----------------------------------------------------------------------------------


def _names(tree: exp.Query) -> list[str]:
    return [each.alias_or_name for each in tree.selects]


def _numbered(tree: exp.Query) -> list[str]:
    """Gives the query's columns names of which none equals another; for unions, by place."""
    outputs = [f"{_OUTPUT}{index}" for index in range(len(tree.selects))]
    old = dict(zip(_names(tree), outputs, strict=True))
    for each in tree.find_all(exp.Select):
        if each is tree or (isinstance(tree, exp.SetOperation) and _is_part(each, tree)):
            pairs = zip(each.selects, outputs, strict=True)
            each.set("expressions", [exp.alias_(e.unalias(), o, quoted=True) for e, o in pairs])
    order = tree.args.get("order")
    for each in order.find_all(exp.Column) if order else ():
        if not each.table and each.name in old:
            each.replace(column(old[each.name]))
    return outputs


def _is_part(select: exp.Select, tree: exp.SetOperation) -> bool:
    node: exp.Expr | None = select.parent
    while isinstance(node, exp.Subquery) and not node.alias:
        node = node.parent
    while isinstance(node, exp.SetOperation) and node is not tree:
        node = node.parent
    return node is tree


def _canonical(relation: Relation, names: list[str], field: str) -> Relation:
    """These columns in the types that flows know: no narrow whole numbers, no decimals."""
    f = relation.functions
    schema = _explained(lambda: relation.schema, field)
    cast = {}
    for name in names:
        kind = types.kind_of(schema[name])
        target = types.NAMED.get(kind)
        if kind == "other":
            cast[name] = f.to(relation[name], types.STRING, schema[name])
        elif target is not None and schema[name] != target:
            cast[name] = exp.TryCast(this=relation[name], to=target.copy())
    return relation.with_columns(cast) if cast else relation


def _explained(run: Callable[[], T], field: str) -> T:
    """What the engine says against it, said of the field."""
    try:
        return run()
    except WranglerError as error:
        raise type(error)(f"{field}: {error.message}", field=field) from error
