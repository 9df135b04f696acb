"""Join and concatenate tables."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator
from sqlglot import exp

from .. import types
from ..errors import ColumnError, ParameterError
from ..places import ROW, first_of_each, unused
from ..relation import Relation, column, distinct_names
from .base import DEFAULT, Form, Operator, Trained, Traits
from .catalogue import catalogue
from .parameters import AnyColumn, NewText, OfColumn, Parameters, When, field

GROUP = "Join and concatenate"
#: A flow's names of the ways to join, as sqlglot says them (side, kind).
JOINS: Mapping[str, tuple[str, str]] = {
    "inner": ("", "INNER"),
    "leftouter": ("LEFT", "OUTER"),
    "rightouter": ("RIGHT", "OUTER"),
    "fullouter": ("FULL", "OUTER"),
    "leftsemi": ("", "SEMI"),
    "leftanti": ("", "ANTI"),
    "cross": ("", "CROSS"),
}
_ALIASES = {
    "left": "leftouter",
    "right": "rightouter",
    "full": "fullouter",
    "outer": "fullouter",
    "semi": "leftsemi",
    "anti": "leftanti",
    "crossjoin": "cross",
    "cartesiancross": "cross",
    "cartesian": "cross",
}


def _join_type(value: Any) -> Any:
    """``Left outer``, ``left_outer`` and ``leftouter`` are one."""
    plain = "".join(each for each in str(value).lower() if each.isalpha())
    known = _ALIASES.get(plain, plain)
    if known not in JOINS:
        raise ValueError(f"it is none of {', '.join(JOINS)}")
    return known


#: A cross join has no keys.
KEYED = When("join_type", tuple(each for each in JOINS if each != "cross"))
JoinType = Annotated[str, BeforeValidator(_join_type)]
#: Empty in a cross join alone.
LeftColumn = Annotated[str, OfColumn()]
RightColumn = Annotated[str, OfColumn(input=1)]


def two(relations: Iterable[Relation]) -> tuple[Relation, Relation]:
    """The left and the right input; raises ParameterError where there are not two."""
    inputs = list(relations)
    if len(inputs) != 2:
        raise ParameterError("inputs", len(inputs), "tables come in: a join takes two")
    return inputs[0], inputs[1]


def comparable(left: Relation, a: str, right: Relation, b: str, field: str) -> None:
    """Raises ColumnError where values of two columns are never equal for their types."""
    kinds = [types.kind_of(left.schema[a]), types.kind_of(right.schema[b])]
    alike = (types.NUMERIC, types.TEMPORAL)
    if kinds[0] != kinds[1] and not any(set(kinds) <= set(group) for group in alike):
        raise ColumnError(
            f"{field}: {a!r} is {kinds[0]} and {b!r} is {kinds[1]}: "
            "parse one as the other's type in a step before",
            field=field,
        )


def both(left: Relation, right: Relation, one: Collection[str] = ()) -> dict[str, exp.Expr]:
    """Output name -> column of ``t`` or ``t1``: what both have becomes ``x_0`` and ``x_1``.

    Where a name made so is taken already, it gets its ending once more. The keys ``one``, which
    have the same name on both sides, become one column.
    """
    taken = {*left.columns, *right.columns}
    outputs: dict[str, exp.Expr] = {}
    for relation, other, table, end in ((left, right, "t", "_0"), (right, left, "t1", "_1")):
        for name in relation.columns:
            output = name
            if name in one:
                outputs[name] = exp.Coalesce(
                    this=column(name, "t"), expressions=[column(name, "t1")]
                )
                continue
            if name in other:
                while output in taken:
                    output += end
                taken.add(output)
            outputs[output] = column(name, table)
    return outputs


def joined(
    left: Relation,
    right: Relation,
    keys: Sequence[tuple[str, str]],
    join_type: str,
    one: Collection[str] = (),
) -> Relation:
    """Rows of both tables that are equal in the keys; what is missing equals nothing.

    The rows come in no stated order. The keys ``one`` become one column each.
    """
    side, kind = JOINS[join_type]
    semi = kind in ("SEMI", "ANTI")
    outputs = {name: column(name, "t") for name in left.columns} if semi else both(left, right, one)
    equal = exp.and_(*(exp.EQ(this=column(a, "t"), expression=column(b, "t1")) for a, b in keys))

    def build(t: exp.Expr, t1: exp.Expr) -> exp.Select:
        select = exp.select(
            *(exp.alias_(each.copy(), name, quoted=True) for name, each in outputs.items())
        ).from_(t)
        if kind == "CROSS":
            return select.join(t1, join_type="CROSS")
        if semi:
            # EXISTS says it on every engine, and knows a missing key as unequal.
            found = exp.Exists(this=exp.select("1").from_(t1).where(equal.copy()))
            return select.where(found if kind == "SEMI" else found.not_())
        return select.join(t1, on=equal.copy(), join_type=f"{side} {kind}".strip())

    return left.derive(build, right)


class _Join(Parameters):
    left_column: LeftColumn = field("Column of the left table", default="", when=KEYED)
    right_column: RightColumn = field("Column of the right table", default="", when=KEYED)
    join_type: JoinType = field(
        "Join type",
        "Which rows stay: those of both tables, all of one or both, or each with each.",
        json_schema_extra={"enum": list(JOINS)},
    )

    def check(self, relations: Iterable[Relation]) -> None:
        left, right = two(relations)
        super().check([left, right])
        if self.join_type != "cross":
            for name in ("left_column", "right_column"):
                if not getattr(self, name):
                    raise ParameterError(name, "", "must name a column, but in a cross join")
            comparable(left, self.left_column, right, self.right_column, "right_column")


@catalogue.add
class Join(Operator[_Join]):
    """Put two tables side by side where a column of each is equal.

    What is missing equals nothing. Columns that both have become ``x_0`` and ``x_1``; semi and anti
    joins give the left table's columns alone.
    """

    number, group, label = "T003", GROUP, "Join"
    tables = 2
    form = Form("sagemaker.spark.join_tables_0.1", origin="file")
    variants = tuple(JOINS)
    traits = Traits(row_local=False)

    def run(
        self, relations: Sequence[Relation], p: _Join, trained: Trained | None
    ) -> Mapping[str, Relation]:
        left, right = two(relations)
        return {DEFAULT: joined(left, right, [(p.left_column, p.right_column)], p.join_type)}


class JoinKey(BaseModel):
    """A column of each table that have to be equal."""

    left: AnyColumn = field("Left table")
    right: RightColumn = field("Right table", min_length=1)


class _JoinMany(Parameters):
    join_keys: list[JoinKey] = field("Keys", "All have to be equal.", default=[], when=KEYED)
    join_type: JoinType = field(
        "Join type",
        "Which rows stay: those of both tables, all of one or both, or each with each.",
        json_schema_extra={"enum": list(JOINS)},
    )

    def check(self, relations: Iterable[Relation]) -> None:
        left, right = two(relations)
        if not self.join_keys and self.join_type != "cross":
            raise ParameterError("join_keys", [], "must hold a key, but in a cross join")
        for index, key in enumerate(self.join_keys):
            for relation, name, side in ((left, key.left, "left"), (right, key.right, "right")):
                if name not in relation:
                    field = f"join_keys.{index}.{side}"
                    raise ColumnError.missing(name, relation.columns, field)
            comparable(left, key.left, right, key.right, f"join_keys.{index}")


@catalogue.add
class JoinManyKeys(Operator[_JoinMany]):
    """Put two tables side by side where several columns of each are equal.

    A key of the same name on both sides becomes one column, as real flows expect of this operator
    (and not of the join on one key); other columns that both have become ``x_0`` and ``x_1``.
    """

    number, group, label = "T004", GROUP, "Join on several keys"
    tables = 2
    form = Form("sagemaker.spark.join_multi_keys_0.1", origin="file")
    variants = tuple(f"several keys: {each}" for each in JOINS)
    traits = Traits(row_local=False)

    def run(
        self, relations: Sequence[Relation], p: _JoinMany, trained: Trained | None
    ) -> Mapping[str, Relation]:
        left, right = two(relations)
        keys = [(each.left, each.right) for each in p.join_keys]
        one = {a for a, b in keys if a == b} if p.join_type != "cross" else set()
        return {DEFAULT: joined(left, right, keys, p.join_type, one)}


#: Names of sources are of use where a column tells them.
NAMED = When("indicator_col_name")


class _Concatenated(Parameters):
    concatenate_type: Literal["row_wise", "column_wise"] = field(
        "Concatenate",
        default="row_wise",
    )  # fmt: skip
    apply_dedupe: bool = field("Remove duplicates after concatenation", default=False)
    indicator_col_name: NewText = field(
        "Column that names the source",
        "Empty: none.",
        default="",
        when=When("concatenate_type", ("row_wise",)),
    )
    df1_indicator: NewText = field(
        "Name of the first source", "Empty: df_0.", default="", when=NAMED
    )
    df2_indicator: NewText = field(
        "Name of the second source", "Empty: df_1.", default="", when=NAMED
    )
    indicators: list[str] = field(
        "Names of all sources",
        "One for each table, in their order; in the place of the names above.",
        default=[],
        when=NAMED,
        rarely=True,
    )

    def names(self, count: int) -> list[str]:
        """What the sources are called, in their order."""
        two = [self.df1_indicator or "df_0", self.df2_indicator or "df_1"]
        return self.indicators or [*two, *(f"df_{index}" for index in range(2, count))]

    def check(self, relations: Iterable[Relation]) -> None:
        count = len(list(relations))
        if count < 2:
            raise ParameterError("inputs", count, "comes in: concatenating takes two or more")
        if self.indicators and len(self.indicators) != count:
            raise ParameterError(
                "indicators", self.indicators, f"is not one name for each of {count} tables"
            )


def beside(left: Relation, right: Relation) -> Relation:
    """The first row of both in one, and so on; where one ends its columns are missing."""
    row = ROW
    while row != (other := unused(left, unused(right, row))):
        row = other
    counted = [
        each.with_columns({row: each.functions.row_number()}).nested() for each in (left, right)
    ]
    both_rows = joined(counted[0], counted[1], [(row, row)], "fullouter", [row])
    return both_rows.nested().sort(column(row, "t")).drop([row])


def stacked(relations: Sequence[Relation]) -> Relation:
    """Rows under rows, columns by name: those that a table lacks are missing there.

    A column of which tables know different types has the type that holds them all: a float where
    long and float meet, else text.
    """
    schema: dict[str, exp.DataType] = {}
    for relation in relations:
        for name, datatype in relation.schema.items():
            schema[name] = _common(schema.get(name, datatype), datatype)

    inner = distinct_names(schema)

    def build(*tables: exp.Expr) -> exp.Select:
        parts = [
            exp.select(
                *(
                    exp.alias_(_of(relation, name, to, alias), inner[name], quoted=True)
                    for name, to in schema.items()
                )
            ).from_(table)
            for relation, table, alias in zip(relations, tables, aliases, strict=True)
        ]
        union: exp.Query = parts[0]
        for part in parts[1:]:
            union = exp.union(union, part, distinct=False, copy=False)
        outputs = [exp.alias_(column(inner[name], "u"), name, quoted=True) for name in schema]
        return exp.select(*outputs).from_(union.subquery("u"))

    aliases = ["t", *(f"t{index}" for index in range(1, len(relations)))]
    return relations[0].derive(build, *relations[1:])


def _of(relation: Relation, name: str, to: exp.DataType, alias: str) -> exp.Expr:
    if name not in relation:
        return exp.cast(exp.null(), to)
    x: exp.Expr = column(name, alias)
    if relation.schema[name] != to:
        x = relation.functions.to(x, to, relation.schema[name])
    return x


def _common(a: exp.DataType, b: exp.DataType) -> exp.DataType:
    if a == b:
        return a
    if types.is_numeric(a) and types.is_numeric(b):
        return types.FLOAT
    if {types.kind_of(a), types.kind_of(b)} <= set(types.TEMPORAL):
        return types.DATETIME
    return types.STRING


@catalogue.add
class Concatenate(Operator[_Concatenated]):
    """Put tables under one another, column by name, or side by side, row by row.

    What one lacks is missing there. Side by side, columns that two have become ``x_0`` and ``x_1``.
    """

    number, group, label = "T005", GROUP, "Concatenate"
    tables = 2
    form = Form("sagemaker.spark.concatenate_datasets_0.1", origin="code")
    variants = ("plain", "remove duplicates", "source indicator", "side by side")
    traits = Traits(row_local=False, ordered=True)

    def run(
        self, relations: Sequence[Relation], p: _Concatenated, trained: Trained | None
    ) -> Mapping[str, Relation]:
        tables, mark = list(relations), p.indicator_col_name
        if p.concatenate_type == "column_wise":
            return {DEFAULT: functools.reduce(beside, tables)}
        if mark:
            for each in tables:
                if unused(each, mark) != mark:
                    raise ParameterError("indicator_col_name", mark, "is a column already")
            tables = [
                each.with_columns({mark: each.functions.constant(name)})
                for each, name in zip(tables, p.names(len(tables)), strict=True)
            ]
        result = stacked(tables)
        if p.apply_dedupe:
            # Equal rows of two sources are one, from the first.
            result = first_of_each(result, [name for name in result.columns if name != mark])
        return {DEFAULT: result}
