"""Filter rows by conditions on columns, which Data Wrangler has only as code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict
from sqlglot import exp

from .. import types
from ..errors import ColumnError, DataError, ParameterError
from ..functions import Functions
from ..relation import Relation
from .base import Form, Operator, Trained
from .catalogue import catalogue
from .parameters import AnyColumn, Parameters, When, field, spelled

CONDITIONS = (
    "=",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "between",
    "contains",
    "starts with",
    "ends with",
    "is missing",
    "is outlier",
)
_NEGATED = ("not between", "does not contain", "is not missing", "is not outlier", "is one of")
_COMPARED: Mapping[str, type[exp.Binary]] = {
    "=": exp.EQ,
    "!=": exp.NEQ,
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
}
_TEXT = ("contains", "does not contain", "starts with", "ends with")
#: Conditions on one value.
_VALUED = (*_COMPARED, "between", "not between", *_TEXT)


class Condition(BaseModel):
    """One condition on one column."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    column: AnyColumn = field("Column")
    condition: str = field("Condition", json_schema_extra={"enum": [*CONDITIONS, *_NEGATED]})
    value: str = field("Value", default="", when=When("condition", _VALUED))
    upper: str = field("and", default="", when=When("condition", ("between", "not between")))
    values: list[str] = field("Values", default=[], when=When("condition", ("is one of",)))
    standard_deviations: float = field(
        "Standard deviations",
        "From the mean; what is farther is an outlier.",
        default=3.0,
        gt=0,
        when=When("condition", ("is outlier", "is not outlier")),
    )


class _Filtered(Parameters):
    conditions: list[Condition] = field("Conditions", min_length=1)
    combine: Annotated[Literal["and", "or"], spelled("and", "or")] = field(
        "Combine by", "Whether all conditions have to be true, or one.", default="and"
    )
    keep: bool = field("Keep", "Else the rows for which they are true go.", default=True)

    def check(self, relations: Iterable[Relation]) -> None:
        (relation,) = relations
        for index, each in enumerate(self.conditions):
            where = f"conditions.{index}"
            if each.column not in relation:
                raise ColumnError.missing(each.column, relation.columns, f"{where}.column")
            if each.condition not in (*CONDITIONS, *_NEGATED):
                right = f"is none of {', '.join((*CONDITIONS, *_NEGATED))}"
                raise ParameterError(f"{where}.condition", each.condition, right)
            kind = types.kind_of(relation.schema[each.column])
            wanted = types.NUMERIC if "outlier" in each.condition else ("string",)
            if ("outlier" in each.condition or each.condition in _TEXT) and kind not in wanted:
                raise ColumnError(
                    f"{where}.column: {each.column!r} is {kind}, not {' or '.join(wanted)}",
                    field=f"{where}.column",
                )


def _value(relation: Relation, each: Condition, text: str, field: str) -> exp.Expr:
    """A parameter as a value of the column's type; raises ParameterError where it is none."""
    datatype = relation.schema[each.column]
    value = relation.functions.to(relation.functions.constant(text), datatype, types.STRING)
    if types.is_numeric(datatype):
        # 2.5 is a fair bound for longs, which a cast would cut off.
        value = relation.functions.number(relation.functions.constant(text))
    if relation.engine.evaluate(value) is None:
        kind = types.kind_of(datatype)
        raise ParameterError(field, text, f"is no {kind}, as {each.column!r} is")
    return value


@catalogue.add
class FilterRows(Operator[_Filtered]):
    """Keep, or remove, the rows for which conditions are true; missing values meet none but theirs.

    ``between`` has both bounds in it. An outlier is farther from the mean than so many standard
    deviations, both learned. Removing keeps the rows for which it cannot be told.
    """

    number, group, label = "X601", "Filter rows", "Filter rows"
    form = Form("studio.filter_rows_0.1")
    variants = (*CONDITIONS, *_NEGATED, "and", "or", "keep", "remove")

    def aggregates(self, relation: Relation, p: _Filtered) -> Mapping[str, exp.Expr]:
        f = relation.functions
        wanted: dict[str, exp.Expr] = {}
        for index, each in enumerate(p.conditions):
            if "outlier" in each.condition:
                x = relation[each.column]
                wanted |= {f"{index}/mean": f.mean(x), f"{index}/deviation": f.deviation(x)}
        return wanted

    def learned(self, values: Mapping[str, Any], p: _Filtered) -> Trained:
        found: dict[str, dict[str, float]] = {}
        for key, value in values.items():
            index, name = key.split("/")
            if value is None and name == "mean":
                column = p.conditions[int(index)].column
                raise DataError(f"conditions.{index}: {column!r} has no value to learn from")
            found.setdefault(index, {})[name] = float(value or 0.0)
        return {"outliers": found}

    def apply(self, relation: Relation, p: _Filtered, trained: Trained | None) -> Relation:
        told = [
            self._told(relation, each, index, trained) for index, each in enumerate(p.conditions)
        ]
        whole = exp.and_(*told) if p.combine == "and" else exp.or_(*told)
        if p.keep:
            return relation.filter(whole)
        return relation.filter(relation.functions.coalesce(whole, False).not_())

    def _told(
        self, relation: Relation, each: Condition, index: int, trained: Trained | None
    ) -> exp.Expr:
        f, x = relation.functions, relation[each.column]
        where = f"conditions.{index}"
        if each.condition in ("is missing", "is not missing"):
            missing = x.is_(exp.null())
            return missing if each.condition == "is missing" else missing.not_()
        if "outlier" in each.condition:
            assert trained
            outlier = _outlier(f, x, trained["outliers"][str(index)], each.standard_deviations)
            return outlier if each.condition == "is outlier" else outlier.not_()
        if each.condition == "is one of":
            items = [_value(relation, each, v, f"{where}.values") for v in each.values]
            if not items:
                raise ParameterError(f"{where}.values", [], "must hold a value")
            return exp.or_(*(exp.EQ(this=x.copy(), expression=item) for item in items))
        if each.condition in _TEXT:
            return _matches(f, x, each)
        value = _value(relation, each, each.value, f"{where}.value")
        if each.condition in _COMPARED:
            return _COMPARED[each.condition](this=x, expression=value)
        upper = _value(relation, each, each.upper, f"{where}.upper")
        within = exp.and_(
            exp.GTE(this=x.copy(), expression=value), exp.LTE(this=x.copy(), expression=upper)
        )
        return within if each.condition == "between" else exp.paren(within).not_()


def _outlier(f: Functions, x: exp.Expr, kept: Mapping[str, float], deviations: float) -> exp.Expr:
    far = f.constant(deviations * kept["deviation"])
    return exp.GT(this=exp.Abs(this=f.subtract(x, kept["mean"])), expression=far)


def _matches(f: Functions, x: exp.Expr, each: Condition) -> exp.Expr:
    if each.condition == "starts with":
        return f.starts_with(x, each.value)
    if each.condition == "ends with":
        return f.ends_with(x, each.value)
    found = f.contains(x, each.value)
    return found if each.condition == "contains" else found.not_()
