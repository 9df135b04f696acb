"""Data types: inferring and casting a whole table, parsing one column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from .. import types
from ..errors import ParameterError
from ..relation import Relation
from .base import Form, Operator, Trained
from .catalogue import catalogue
from .parameters import AnyColumn, Parameters, TypeName, field

GROUP = "Data types"
#: Types that stay as they are; Data Wrangler calls each of them ``object``.
OTHERS = ("object", "array", "struct", "map", "binary", "other")
#: Tried in this order; a column is the first of which all its values are.
INFERRED = ("bool", "long", "float", "date", "datetime")


class _Nothing(Parameters):
    pass


class _Parsed(Parameters):
    without_effect = frozenset({"original_data_type"})

    column: AnyColumn = field("Column")
    data_type: TypeName = field("Type")


@catalogue.add
class InferAndCast(Operator[_Nothing]):
    """Give every column of text the narrowest type that all its values have."""

    number, group, label = "T001", GROUP, "Infer and cast types"
    form = Form("sagemaker.spark.infer_and_cast_type_0.1")
    variants = ("infer", "edit types")

    def aggregates(self, relation: Relation, p: _Nothing) -> Mapping[str, exp.Expr]:
        f = relation.functions
        found = {}
        for index, name in enumerate(relation.columns_of("string")):
            x = relation[name]
            found[f"{index}/any"] = exp.Count(this=f.blank(x))
            for kind in INFERRED:
                fitting = exp.Case().when(f.fits(f.blank(x), kind), f.constant(1))
                found[f"{index}/{kind}"] = exp.Count(this=fitting)
        return found

    def fit(self, relation: Relation, p: _Nothing) -> Trained:
        values = relation.aggregate(self.aggregates(relation, p))
        schema = dict(types.describe(relation.schema))
        for index, name in enumerate(relation.columns_of("string")):
            rows = values[f"{index}/any"]
            fits = (kind for kind in INFERRED if rows and values[f"{index}/{kind}"] == rows)
            schema[name] = next(fits, "string")
        return {"schema": schema}

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


@catalogue.add
class ParseColumn(Operator[_Parsed]):
    """Read a column as another type; what does not fit becomes missing.

    A float becomes a long by cutting off. Texts are dates and times as ISO 8601 writes them or as
    dd-MM-yyyy, the time with or without seconds; an offset is brought to UTC. Numbers are times in
    seconds since 1970, or in milli-, micro- or nanoseconds where they are too large for that.
    """

    number, group, label = "T002", GROUP, "Parse value as type"
    form = Form("sagemaker.spark.cast_single_data_type_0.1")
    variants = ("long", "float", "bool", "date dd-MM-yyyy", "datetime", "string")

    def apply(self, relation: Relation, p: _Parsed, trained: Trained | None) -> Relation:
        f, x = relation.functions, relation[p.column]
        source = relation.schema[p.column]
        if types.kind_of(source) == "string" and p.data_type == "string":
            return relation
        if types.kind_of(source) == "string":
            text = f.blank(x)
            if p.data_type in types.TEMPORAL:
                read = f.to(f.moment(text), types.NAMED[p.data_type], types.DATETIME)
            else:
                read = f.parsed(text, p.data_type)
            return relation.with_columns({p.column: read})
        return relation.with_columns({p.column: f.to(x, types.NAMED[p.data_type], source)})
