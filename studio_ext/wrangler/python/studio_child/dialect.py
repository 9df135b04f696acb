"""What Spark means, where SQLFrame's query would mean something else to DuckDB.

Spark converts texts where numbers or times are wanted, gives NULL where a cast or a division cannot
be done, reads times as seconds since 1970 and has one type of time. Types are found by sqlglot out
of the query and the tables it reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
from sqlframe.base.util import get_column_mapping_from_schema_input
from sqlframe.duckdb import Column, DuckDBDataFrame, DuckDBSession
from sqlframe.duckdb import functions as F
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify

Type = exp.DataType.Type
TIMES = {Type.TIMESTAMPTZ, Type.TIMESTAMPLTZ, Type.TIMESTAMP, Type.TIMESTAMPNTZ, Type.DATETIME}
ZONED = {Type.TIMESTAMPTZ, Type.TIMESTAMPLTZ}
TEXTS = exp.DataType.TEXT_TYPES
WHOLE = exp.DataType.INTEGER_TYPES
REAL = exp.DataType.REAL_TYPES
NUMBERS = WHOLE | REAL
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)
_OF_NUMBERS = (exp.UnixToStr, exp.UnixToTime, exp.Sum, exp.Avg)
#: Whatever they are given Spark reads as text.
_OF_TEXT = (
    exp.Substring,
    exp.Lower,
    exp.Upper,
    exp.Initcap,
    exp.Trim,
    exp.Length,
    exp.Pad,
    exp.RegexpReplace,
    exp.RegexpExtract,
    exp.RegexpLike,
    exp.Like,
    exp.Split,
    exp.RegexpSplit,
    exp.StartsWith,
    exp.EndsWith,
    exp.Replace,
)
_NO_TEXT = NUMBERS | TIMES | {Type.DATE, Type.BOOLEAN}
#: Names keep their case; DuckDB finds them whatever it is.
DIALECT = "spark,normalization_strategy=case_sensitive"
#: More rows than these go to DuckDB as Arrow, not as text of a query.
FEW = 100


def adapted() -> DuckDBSession:
    """The session that PySpark's builder gives, with Spark's meanings."""
    setattr(DuckDBSession, "_to_sql", _to_sql)  # noqa: B010  (mypy minds a plain assignment)
    setattr(DuckDBSession, "createDataFrame", _create)  # noqa: B010
    setattr(DuckDBDataFrame, "fillna", _fillna)  # noqa: B010
    setattr(DuckDBDataFrame, "withColumns", _with_columns)  # noqa: B010
    setattr(DuckDBDataFrame, "withColumn", _with_column)  # noqa: B010
    setattr(DuckDBDataFrame, "withColumnRenamed", _renamed)  # noqa: B010
    setattr(DuckDBDataFrame, "__getitem__", _item)  # noqa: B010
    session = DuckDBSession.builder.getOrCreate()
    # What does not fit is found in the line that asks for it.
    session.eager_validation = True
    return session


# -- queries --------------------------------------------------------------------------------------

_plain_sql = DuckDBSession._to_sql
_plain_create = DuckDBSession.createDataFrame
_plain_columns = DuckDBDataFrame.withColumns
_plain_renamed = DuckDBDataFrame.withColumnRenamed
_plain_item = DuckDBDataFrame.__getitem__


def _to_sql(self: DuckDBSession, sql: Any, **options: Any) -> str:
    if isinstance(sql, exp.Query):
        sql = meant(sql, self.catalog._schema)
    elif isinstance(sql, exp.Create) and isinstance(sql.expression, exp.Query):
        sql = sql.copy()
        sql.set("expression", meant(sql.expression, self.catalog._schema))
    return _plain_sql(self, sql, **options)


def meant(query: exp.Expr, schema: Any) -> exp.Expr:
    """``query`` so that DuckDB does what Spark would."""
    try:
        typed = qualify(
            query.copy(), schema=schema, dialect="duckdb", validate_qualify_columns=False
        )
        typed = annotate_types(typed, schema=schema, dialect="duckdb")
    except SqlglotError:
        typed = query.copy()
    # From the leaves up: a node sees what became of those below it.
    for node in reversed(list(typed.walk())):
        new = _mended(node)
        if new is not node:
            if not isinstance(new, exp.DataType):
                new.type = new.type or node.type
            node.replace(new)
    return typed


def _kind(node: exp.Expr | None) -> Any:
    return node.type.this if node is not None and node.type else None


def _mended(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.DataType) and node.this in ZONED:
        return exp.DataType.build("TIMESTAMP")
    if type(node) is exp.Cast:
        return _cast(node.this, node.to)
    if isinstance(node, exp.TimeToUnix):
        return _cast(node.this, exp.DataType.build("BIGINT"))
    if isinstance(node, exp.CurrentTimestamp):
        return _typed(exp.Cast(this=node.copy(), to=exp.DataType.build("TIMESTAMP")))
    if isinstance(node, _OF_NUMBERS) and _kind(node.this) in TEXTS:
        node.set("this", _number(node.this))
    if _sums_whole(node):
        # DuckDB's is a HUGEINT, which Spark has not.
        return _typed(exp.Cast(this=node.copy(), to=exp.DataType.build("BIGINT")))
    if isinstance(node, _OF_TEXT) and _kind(node.this) in _NO_TEXT:
        node.set("this", _typed(exp.Cast(this=node.this.copy(), to=exp.DataType.build("TEXT"))))
    if isinstance(node, _ARITHMETIC):
        for side in ("this", "expression"):
            if _kind(node.args[side]) in TEXTS:
                node.set(side, _number(node.args[side]))
        if isinstance(node, exp.Div):
            below = exp.Nullif(this=node.expression.copy(), expression=exp.Literal.number(0))
            node.set("expression", below)
    if isinstance(node, exp.EQ | exp.NEQ | exp.GT | exp.GTE | exp.LT | exp.LTE | exp.NullSafeEQ):
        _compare(node, "this", "expression")
        _compare(node, "expression", "this")
    return node


def _sums_whole(node: exp.Expr) -> bool:
    """A sum of whole numbers, with its window where it has one."""
    total = node.this if isinstance(node, exp.Window) else node
    if not isinstance(total, exp.Sum) or (total is node and isinstance(node.parent, exp.Window)):
        return False
    return _kind(total.this) in WHOLE


def _compare(node: exp.Expr, side: str, other: str) -> None:
    """A text beside a number or a time is read as one."""
    text, kind = node.args[side], _kind(node.args[other])
    if _kind(text) in TEXTS and (kind in NUMBERS or kind in TIMES or kind is Type.DATE):
        node.set(side, _typed(exp.TryCast(this=text.copy(), to=exp.DataType(this=kind))))


def _typed(cast: exp.Cast) -> exp.Cast:
    cast.type = cast.to.copy()
    return cast


def _number(x: exp.Expr) -> exp.Expr:
    return _typed(exp.TryCast(this=x.copy(), to=exp.DataType.build("DOUBLE")))


def _cast(x: exp.Expr, to: exp.DataType) -> exp.Expr:
    source, target = _kind(x), to.this
    x = x.copy()
    if source in TIMES and target in NUMBERS:
        seconds = exp.func("epoch", x)
        x = exp.Floor(this=seconds) if target in WHOLE else seconds
    elif source in NUMBERS and target in TIMES:
        microseconds = exp.Mul(this=x, expression=exp.Literal.number(1_000_000))
        x = exp.func("make_timestamp", exp.cast(microseconds, "BIGINT"))
    elif source in TEXTS and target in WHOLE:
        # Cut off, not rounded; as decimal, for a float would not hold all whole numbers.
        decimal = exp.TryCast(this=x, to=exp.DataType.build("DECIMAL(38, 6)"))
        x = exp.func("trunc", decimal)
    elif source in REAL and target in WHOLE:
        x = exp.func("trunc", x)
    return _typed(exp.TryCast(this=x, to=to.copy()))


# -- frames ---------------------------------------------------------------------------------------


def _create(
    self: DuckDBSession, data: Any, schema: Any = None, *more: Any, **options: Any
) -> DuckDBDataFrame:
    """As SQLFrame's, but many rows go in as Arrow; ``verifySchema`` has no meaning here."""
    options.pop("verifySchema", None)
    if hasattr(data, "to_dict") and hasattr(data, "columns"):
        names = [str(each) for each in data.columns] if schema is None else schema
        rows = list(data.astype(object).where(data.notna(), None).itertuples(index=False))
        data, schema = [tuple(each) for each in rows], names
    rows = list(data)
    if len(rows) <= FEW or schema is None or not isinstance(rows[0], tuple | list):
        return _plain_create(self, rows, schema, *more, **options)
    mapping = get_column_mapping_from_schema_input(schema, dialect=self.input_dialect)
    table = _arrow(rows, list(mapping))
    name = self._random_id
    self._conn.register("studio_rows", table)
    self._conn.execute(f'CREATE TABLE "{name}" AS FROM studio_rows')
    self._conn.unregister("studio_rows")
    return self.table(f"`{name}`").select(
        *(_wanted(column, kind) for column, kind in mapping.items())
    )


def _arrow(rows: Sequence[Sequence[Any]], names: Sequence[str]) -> pa.Table:
    columns = zip(*rows, strict=True)
    return pa.table({name: list(each) for name, each in zip(names, columns, strict=True)})


def _wanted(name: str, kind: Any) -> Any:
    column = F.col(f"`{name}`")
    return column if kind is None else column.cast(kind.sql("spark")).alias(name)


def _odd(self: DuckDBDataFrame, names: Iterable[str]) -> bool:
    """Whether SQLFrame would not find these among the columns: quoted names, or of other case."""
    there = {name.casefold(): name for name in self.columns}
    return any(
        not name.isidentifier() or there.get(name.casefold(), name) != name for name in names
    )


def _with_column(self: DuckDBDataFrame, name: str, value: Any) -> DuckDBDataFrame:
    return _with_columns(self, {name: value})


def _with_columns(self: DuckDBDataFrame, new: Mapping[str, Any]) -> DuckDBDataFrame:
    if not _odd(self, new):
        return _plain_columns(self, dict(new))
    wanted = {name.casefold(): F.col(f"`{name}`") for name in self.columns}
    wanted |= {name.casefold(): value.alias(name) for name, value in new.items()}
    return self.select(*wanted.values())


def _renamed(self: DuckDBDataFrame, old: str, new: str) -> DuckDBDataFrame:
    """Without a column of that name nothing happens, as in Spark."""
    if old.casefold() not in (name.casefold() for name in self.columns):
        return self
    if not _odd(self, [old]):
        return _plain_renamed(self, old, new)
    columns = [
        F.col(f"`{name}`").alias(new) if name.casefold() == old.casefold() else F.col(f"`{name}`")
        for name in self.columns
    ]
    return self.select(*columns)


def _item(self: DuckDBDataFrame, key: Any) -> Any:
    """A column by name or place; the rows of a condition; the columns of a list."""
    if isinstance(key, Column):
        return self.where(key)
    if isinstance(key, list | tuple):
        return self.select(*key)
    return _plain_item(self, self.columns[key] if isinstance(key, int) else key)


def _fillna(self: DuckDBDataFrame, value: Any, subset: Any = None) -> DuckDBDataFrame:
    """Missing values replaced where the column's type takes the value, as Spark does."""
    given = value if isinstance(value, Mapping) else None
    wanted = [subset] if isinstance(subset, str) else subset
    columns = []
    for name, each in zip(self.columns, self.schema.fields, strict=True):
        column = F.col(f"`{name}`")
        fill = given.get(name) if given is not None else value
        chosen = given is not None or wanted is None or name in wanted
        if fill is not None and chosen and _takes(each.dataType.typeName(), fill):
            cast = F.lit(fill).cast(each.dataType.simpleString())
            column = F.coalesce(column, cast).alias(name)
        columns.append(column)
    return self.select(*columns)


def _takes(kind: str, value: Any) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if isinstance(value, int | float):
        return kind.startswith(("byte", "short", "int", "long", "float", "double", "decimal"))
    return kind in ("string", "varchar", "char")
