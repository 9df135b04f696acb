"""Data types: inferring and casting a whole table, parsing one column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from sqlglot import exp
from sqlglot.dialects.spark import Spark
from sqlglot.time import format_time

from .. import types
from ..errors import ParameterError
from ..relation import Relation
from .base import Form, Operator, Trained
from .catalogue import catalogue
from .parameters import AnyColumn, NewText, Parameters, TypeName, When, field

GROUP = "Data types"
#: Types that stay as they are; Data Wrangler calls each of them ``object``.
OTHERS = ("object", "array", "struct", "map", "binary", "other")
#: Ending of the column that keeps what did not fit.
ERROR = "_typecast_error"
#: Tried in this order; a column is the first of which all its values are.
INFERRED = ("bool", "long", "float", "date", "datetime")
_FIRST = 1_000


class _Nothing(Parameters):
    pass


Handling = Literal[
    "replace_null",
    "replace_null_with_new_col",
    "replace_value",
    "replace_value_with_new_col",
    "drop",
]


class _Parsed(Parameters):
    without_effect = frozenset({"original_data_type"})

    column: AnyColumn = field("Column")
    data_type: TypeName = field("Type")
    non_castable_data_handling_method: Handling = field(
        "What does not fit",
        "The new column is called `COLUMN_typecast_error`. Dropping leaves out every row without a "
        "value.",
        default="replace_null",
    )
    replace_value: NewText = field(
        "Value for what does not fit, or is missing",
        default="",
        when=When(
            "non_castable_data_handling_method", ("replace_value", "replace_value_with_new_col")
        ),
    )
    date_formatting: NewText = field(
        "Format of dates",
        "As Java writes it: dd-MM-yyyy. Empty: found out.",
        default="",
        when=When("data_type", ("date",)),
    )
    datetime_formatting: NewText = field(
        "Format of datetimes",
        "As Java writes it: yyyy-MM-dd HH:mm. Empty: found out.",
        default="",
        when=When("data_type", ("datetime",)),
    )


@catalogue.add
class InferAndCast(Operator[_Nothing]):
    """Give every column of text the narrowest type that all its values have."""

    number, group, label = "T001", GROUP, "Infer and cast types"
    form = Form("sagemaker.spark.infer_and_cast_type_0.1", origin="file")
    variants = ("infer", "edit types")

    def fit(self, relation: Relation, p: _Nothing) -> Trained:
        texts = relation.columns_of("string")
        # What is not the type of the first rows is not that of all: there is less to try on all.
        tried = dict.fromkeys(texts, INFERRED)
        first = _fitting(relation.limit(_FIRST), tried)
        left = {
            name: [kind for kind in INFERRED if fits is None or fits[kind]]
            for name, fits in first.items()
        }
        found = {name: "string" for name, kinds in left.items() if not kinds}
        while len(found) < len(texts):
            asked = {
                name: kinds if first[name] is None else kinds[:1]
                for name, kinds in left.items()
                if name not in found
            }
            for name, fits in _fitting(relation, asked).items():
                kinds = [kind for kind in asked[name] if fits and fits[kind]]
                left[name] = left[name][len(asked[name]) :]
                if kinds or fits is None or not left[name]:
                    found[name] = kinds[0] if kinds else "string"
        return {"schema": {**types.describe(relation.schema), **found}}

    def adopt(self, saved: Trained, p: _Nothing) -> Trained:
        return {"schema": dict(saved["schema"])}

    def saved(self, trained: Trained, p: _Nothing) -> dict[str, Any]:
        """As Data Wrangler keeps it: ``{"schema": {column: type}}``."""
        return trained

    def apply(self, relation: Relation, p: _Nothing, trained: Trained | None) -> Relation:
        assert trained
        f = relation.functions
        cast = {}
        for name, written in trained["schema"].items():
            kind = types.named(written)
            if kind not in types.NAMED:
                if kind not in OTHERS:
                    raise ParameterError(f"schema.{name}", written, "is no type of a flow")
                continue
            x, source = relation[name], types.kind_of(relation.schema[name])
            if source == "string" and kind != "string":
                cast[name] = f.parsed(f.blank(x), kind)
            elif source != kind:
                cast[name] = f.to(x, types.NAMED[kind], relation.schema[name])
        return relation.with_columns(cast)


def _fitting(
    relation: Relation, asked: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, bool] | None]:
    """Column -> kind -> whether all values are of it, in one scan; None: there is no value."""
    f = relation.functions
    wanted = {}
    for place, (name, kinds) in enumerate(asked.items()):
        x = f.blank(relation[name])
        wanted[f"{place}/any"] = exp.Count(this=x)
        for kind in kinds:
            fitting = exp.Case().when(f.fits(x, kind), f.constant(1))
            wanted[f"{place}/{kind}"] = exp.Count(this=fitting)
    values = relation.aggregate(wanted)
    return {
        name: {kind: values[f"{place}/{kind}"] == values[f"{place}/any"] for kind in kinds}
        if values[f"{place}/any"]
        else None
        for place, (name, kinds) in enumerate(asked.items())
    }


@catalogue.add
class ParseColumn(Operator[_Parsed]):
    """Read a column as another type; what does not fit becomes missing.

    A float becomes a long by cutting off. Texts are dates and times as ISO 8601 writes them or as
    dd-MM-yyyy, the time with or without seconds; an offset is brought to UTC. Numbers are times in
    seconds since 1970, or in milli-, micro- or nanoseconds where they are too large for that.
    """

    number, group, label = "T002", GROUP, "Parse value as type"
    form = Form("sagemaker.spark.cast_single_data_type_0.1", origin="file")
    variants = ("long", "float", "bool", "date dd-MM-yyyy", "datetime", "string")

    def apply(self, relation: Relation, p: _Parsed, trained: Trained | None) -> Relation:
        f, x = relation.functions, relation[p.column]
        how, kind = p.non_castable_data_handling_method, types.NAMED[p.data_type]
        source = relation.schema[p.column]
        if types.kind_of(source) == p.data_type == "string":
            return relation
        read = found = self._read(relation, p)
        if how.startswith("replace_value"):
            value = f.parsed(f.constant(p.replace_value), p.data_type)
            if not p.replace_value or relation.engine.evaluate(value) is None:
                raise ParameterError("replace_value", p.replace_value, f"is no {p.data_type}")
            read = f.coalesce(read, exp.cast(value, kind))
        new = {p.column: read}
        if how.endswith("_with_new_col"):
            fits = found.copy().is_(exp.null()).not_()
            new[f"{p.column}{ERROR}"] = f.when(fits, f.constant(""), f.text(x))
        made = relation.with_columns(new)
        if how == "drop":
            return made.filter(made[p.column].is_(exp.null()).not_())
        if len(new) == 1:
            return made
        others = [name for name in relation.columns if name != f"{p.column}{ERROR}"]
        place = others.index(p.column) + 1
        return made.select([*others[:place], f"{p.column}{ERROR}", *others[place:]])

    def _read(self, relation: Relation, p: _Parsed) -> exp.Expr:
        f, x = relation.functions, relation[p.column]
        source = relation.schema[p.column]
        if types.kind_of(source) != "string":
            return f.to(x, types.NAMED[p.data_type], source)
        text = f.blank(x)
        if p.data_type not in types.TEMPORAL:
            return f.parsed(text, p.data_type)
        format = p.date_formatting if p.data_type == "date" else p.datetime_formatting
        time = f.parsed_time(text, [_codes(format)]) if format else f.moment(text)
        return f.to(time, types.NAMED[p.data_type], types.DATETIME)


def _codes(format: str) -> str:
    """Java's format in Python's codes (sqlglot's table for Spark)."""
    codes = format_time(format, Spark.TIME_MAPPING, Spark.TIME_TRIE) or format
    return codes.replace("strict", "")
