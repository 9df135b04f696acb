"""Unnest and explode: members of JSON, structs and maps as columns, items of lists as rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from sqlglot import exp

from .. import types
from ..errors import ColumnError, DataError, ParameterError
from ..relation import ALIAS, Relation, column
from .base import Form, Operator, Trained, Traits
from .catalogue import catalogue
from .parameters import NewColumn, OfColumn, Parameters, field

GROUP = "Unnest and explode"
#: Columns that one step may make: what has more keys has data for keys.
MOST = 1_000
_ITEM = "studio_item"


def _texts(value: Any) -> Any:
    return [value] if isinstance(value, str) and value else value or []


NestedColumn = Annotated[str, OfColumn(("string", "struct", "map")), Field(min_length=1)]
ListColumn = Annotated[str, OfColumn(("string", "array")), Field(min_length=1)]


class _Flattened(Parameters):
    input_column: NestedColumn = field("Column", "JSON objects in text, structs or maps.")
    keys: Annotated[list[str], BeforeValidator(_texts)] = field(
        "Keys to flatten on", "Empty: all first-level keys of the training rows.", default=[]
    )
    output_prefix: NewColumn = field(
        "Prefix of the new columns", "Empty: the column's name and _.", default=""
    )


def _members(datatype: exp.DataType) -> list[str]:
    """Names of a struct's fields."""
    return [each.name for each in datatype.expressions]


@catalogue.add
class FlattenStructured(Operator[_Flattened]):
    """A column for each first-level key of a nested value.

    Of JSON in text a key's type is learned: long, float or bool where all values are, else text;
    objects and lists stay JSON. What is no JSON object has none of the keys.
    """

    number, group, label = "T096", GROUP, "Flatten structured"
    form = Form("sagemaker.spark.flatten_0.1")
    variants = ("listed keys", "all keys")

    def fit(self, relation: Relation, p: _Flattened) -> Trained | None:
        datatype = relation.schema[p.input_column]
        kind = types.kind_of(datatype)
        if kind == "struct":
            return {"keys": dict.fromkeys(p.keys or _members(datatype), "")}
        keys = p.keys or self._found(relation, p.input_column, kind)
        if kind == "map":
            return {"keys": dict.fromkeys(keys, "")}
        return {"keys": self._kinds(relation, p.input_column, keys)}

    def _found(self, relation: Relation, name: str, kind: str) -> list[str]:
        """All keys: those that stand further ahead first, then by name."""
        f = relation.functions
        keys = f.json_keys(relation[name]) if kind == "string" else f.map_keys(relation[name])
        listed = relation.with_columns({_ITEM: keys}).select([_ITEM])

        def exploded(table: exp.Subquery) -> exp.Select:
            each = column(_ITEM, ALIAS)
            return exp.select(each, exp.alias_(f.exploded(each), "key")).from_(table)

        def grouped(table: exp.Subquery) -> exp.Select:
            key = column("key", ALIAS)
            place = f.least(f.place(column(_ITEM, ALIAS), key))
            found = exp.select(key, exp.alias_(place, "place")).from_(table).group_by(key.copy())
            return found.order_by(place.copy(), key.copy()).limit(MOST + 1)

        rows = listed.derive(exploded).derive(grouped).rows()
        if len(rows) > MOST:
            raise DataError(f"input_column: {name!r} has more than {MOST} keys: list those to keep")
        return [str(key) for key, _ in rows]

    def _kinds(self, relation: Relation, name: str, keys: list[str]) -> dict[str, str]:
        f, x = relation.functions, relation[name]
        wanted = {
            f"{index}/{kind}": exp.Max(
                this=exp.case()
                .when(exp.EQ(this=f.json_kind(x, key), expression=f.constant(kind)), "1")
                .else_("0")
            )
            for index, key in enumerate(keys)
            for kind in ("long", "float", "bool", "string")
        }
        found = relation.aggregate(wanted)
        return {key: self._common(found, index) for index, key in enumerate(keys)}

    def _common(self, found: Mapping[str, Any], index: int) -> str:
        kinds = {k for k in ("long", "float", "bool", "string") if found[f"{index}/{k}"]}
        if kinds <= {"long", "float"} and kinds:
            return "float" if "float" in kinds else "long"
        return kinds.pop() if len(kinds) == 1 else "string"

    def apply(self, relation: Relation, p: _Flattened, trained: Trained | None) -> Relation:
        assert trained
        prefix = p.output_prefix or f"{p.input_column}_"
        new = {
            f"{prefix}{key}": self._member(relation, p, key, kind)
            for key, kind in trained["keys"].items()
        }
        return relation.with_columns(new)

    def _member(self, relation: Relation, p: _Flattened, key: str, kind: str) -> exp.Expr:
        f, x = relation.functions, relation[p.input_column]
        datatype = relation.schema[p.input_column]
        nested = types.kind_of(datatype)
        if nested == "map":
            wanted = f.to(f.constant(key), datatype.expressions[0], types.STRING)
            return f.map_value(x, wanted)
        if nested == "struct":
            if key not in _members(datatype):
                there = ", ".join(_members(datatype))
                raise ParameterError("keys", key, f"is none of the struct's fields: {there}")
            return f.member(x, key)
        return f.parsed(f.json_text(x, key), kind)


class _Exploded(Parameters):
    input_column: ListColumn = field("Column", "Lists, or JSON lists in text.")
    output_column: NewColumn = field("Output column", "Empty: COLUMN_flatten.", default="")
    keep_empty: bool = field(
        "Keep rows without items", "With a missing value; else they are left out.", default=False
    )


@catalogue.add
class ExplodeArray(Operator[_Exploded]):
    """A row for each item of a list, the other columns repeated."""

    number, group, label = "T097", GROUP, "Explode array"
    form = Form("sagemaker.spark.explode_0.1")
    variants = ("explode", "keep rows without items")
    traits = Traits(row_local=False)

    def apply(self, relation: Relation, p: _Exploded, trained: Trained | None) -> Relation:
        output = p.output_column or f"{p.input_column}_flatten"
        if output in relation:
            raise ColumnError(
                f"output_column: there is a column {output!r} already", field="output_column"
            )
        f, x = relation.functions, relation[p.input_column]
        listed = types.kind_of(relation.schema[p.input_column]) == "array"
        items = x if listed else f.json_items(x)
        if p.keep_empty:
            there = exp.GT(this=f.size(items), expression=f.constant(0))
            items = f.when(there, items, f.nothing())
        prepared = relation.with_columns({_ITEM: items})
        exploded = prepared.derive(
            lambda table: exp.select(
                *(column(each, ALIAS) for each in relation.columns),
                exp.alias_(f.exploded(column(_ITEM, ALIAS)), _ITEM),
            ).from_(table)
        )
        names = zip(relation.columns, exploded.columns, strict=False)
        return exploded.select(
            {**{own: exploded[made] for own, made in names}, output: exploded[_ITEM]}
        )
