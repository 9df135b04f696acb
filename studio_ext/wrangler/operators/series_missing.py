"""Handle missing values of time series: along a column of rows, or in lists within cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel
from sqlglot import exp

from .. import types
from ..errors import ColumnError, DataError, ParameterError
from ..places import in_place, numbered, unused
from ..relation import Relation, column
from .base import Choice, Operator, Trained, Traits
from .catalogue import catalogue
from .filling import filled
from .frequencies import time_column
from .parameters import AnyColumn, NewColumn, Parameters, When, field, spelled
from .resampling import GROUP, SeriesColumn, series_form
from .series import ListColumn

STRATEGIES = (
    "Constant Value",
    "Most Common Value",
    "Forward Fill",
    "Backward Fill",
    "Interpolate",
    "Drop",
)
Strategy = Annotated[
    Literal[
        "Constant Value",
        "Most Common Value",
        "Forward Fill",
        "Backward Fill",
        "Interpolate",
        "Drop",
    ],
    spelled(*STRATEGIES),
]
LEFTOVERS = ("Fill with Forward/Backward feed", "Fill with Constant Value", "Keep")
Leftovers = Annotated[
    Literal["Fill with Forward/Backward feed", "Fill with Constant Value", "Keep"],
    spelled(*LEFTOVERS),
]
Technique = Annotated[
    Literal["linear", "time", "nearest", "ffill", "bfill"],
    spelled("linear", "time", "nearest", "ffill", "bfill"),
]
_HELP = "What to do where the strategy finds no value, as a forward fill before the first."


def _filling(strategy: str) -> When:
    """Strategies that may find no value."""
    return When(strategy, ("Forward Fill", "Backward Fill", "Interpolate"))


def _variants(where: str) -> tuple[str, ...]:
    return tuple(f"{where}: {each}" for each in (*STRATEGIES, *LEFTOVERS))


class _Plan:
    """How missing values are filled, whatever the fields are called."""

    def __init__(self, strategy: str, value: str, technique: str, leftovers: str) -> None:
        self.strategy = strategy
        self.value = value
        self.technique = technique
        self.leftovers = leftovers

    def expression(
        self,
        relation: Relation,
        x: exp.Expr,
        datatype: exp.DataType,
        within: Sequence[exp.Expr],
        order: Sequence[exp.Expr],
        places: Mapping[str, exp.Expr],
        common: Any,
    ) -> exp.Expr:
        """``x`` filled; ``places`` are where it stands by row and by time."""
        f = relation.functions
        constant = f.to(f.constant(self.value), datatype, types.STRING)
        if self.strategy == "Constant Value":
            return f.coalesce(x, constant)
        if self.strategy == "Most Common Value":
            return f.coalesce(x, f.to(f.constant(common), datatype, types.STRING))
        way = {"Forward Fill": "ffill", "Backward Fill": "bfill"}.get(self.strategy, self.technique)
        place = places["time" if way == "time" else "row"]
        values = [filled(f, x, way, within, order, place)]
        if self.leftovers == "Fill with Forward/Backward feed":
            values += [filled(f, x, each, within, order, place) for each in ("ffill", "bfill")]
        if self.leftovers == "Fill with Constant Value":
            values.append(constant)
        return f.coalesce(*values)

    def check(self, relation: Relation, datatype: exp.DataType, field: str) -> None:
        """Raises ParameterError or ColumnError where the column's type does not fit."""
        f, kind = relation.functions, types.kind_of(datatype)
        constant = f.to(f.constant(self.value), datatype, types.STRING)
        uses = self.strategy == "Constant Value" or (
            self.leftovers == "Fill with Constant Value"
            and self.strategy not in ("Most Common Value", "Drop")
        )
        if uses and relation.engine.evaluate(constant) is None:
            raise ParameterError(field, self.value, f"is no {kind}, as the column is")
        straight = self.strategy == "Interpolate" and self.technique in ("linear", "time")
        if straight and kind not in types.NUMERIC:
            raise ColumnError(f"{field}: a {kind} cannot be interpolated by {self.technique}")


class _AlongConstant(BaseModel):
    hmac_custom_value: str = field(
        "Value", "Read as a value of the column's type.", default="", coerce_numbers_to_str=True
    )


class _AlongInterpolated(BaseModel):
    hmac_interpolation_technique: Technique = field("Interpolation", default="linear")


class _AlongDropped(BaseModel):
    hmac_drop_threshold: float = field(
        "Largest part missing", "Series that lack more are left out.", default=0.5, ge=0, le=1
    )


class _Along(Parameters):
    hmac_sequence_column: AnyColumn = field("Impute missing values of this column")
    hmac_timestamp_column: AnyColumn = field("Timestamp")
    hmac_id_column: SeriesColumn = field("ID", "Empty: there is one series.", default="")
    hmac_output_column: NewColumn = field("Output column", "Empty: in place.", default="")
    hmac_strategy: Strategy = field("Method for imputing values")
    hmac_leftovernans: Leftovers = field(
        "Values still missing",
        _HELP,
        default="Fill with Forward/Backward feed",
        when=_filling("hmac_strategy"),
    )
    constant: _AlongConstant = field(
        "Constant",
        alias="hmac_strategy_Constant Value_parameters",
        default=_AlongConstant(),
        when=(
            When("hmac_strategy", ("Constant Value",)),
            When("hmac_leftovernans", ("Fill with Constant Value",)),
        ),
    )
    interpolation: _AlongInterpolated = field(
        "Interpolation",
        alias="hmac_strategy_Interpolate_parameters",
        default=_AlongInterpolated(),
        when=When("hmac_strategy", ("Interpolate",)),
    )
    dropping: _AlongDropped = field(
        "Dropping",
        alias="hmac_strategy_Drop_parameters",
        default=_AlongDropped(),
        when=When("hmac_strategy", ("Drop",)),
    )

    def plan(self) -> _Plan:
        """What these fields say."""
        value, technique = self.constant.hmac_custom_value, self.interpolation
        return _Plan(
            self.hmac_strategy,
            value,
            technique.hmac_interpolation_technique,
            self.hmac_leftovernans,
        )


def _common(value: Any, name: str) -> Trained:
    if value is None:
        raise DataError(f"{name!r} has no value to learn from")
    return {"value": value}


@catalogue.add
class HandleMissingAlong(Operator[_Along]):
    """Fill missing values of a column from the rows around them, in the order of time.

    With an ID each series is filled from its own rows; the most common value is that of all rows.
    Drop leaves out the series of which a larger part than the threshold is missing.
    """

    number, group, label = "T022", GROUP, "Handle missing along a column"
    form = series_form(
        "Handle missing",
        Choice("hm_input_type", "Along column", "hm_input_type_Along column_parameters"),
        origin="file",
    )
    variants = _variants("along column")
    traits = Traits(row_local=False, ordered=True)

    def aggregates(self, relation: Relation, p: _Along) -> Mapping[str, exp.Expr]:
        if p.hmac_strategy != "Most Common Value":
            return {}
        f = relation.functions
        return {"value": f.mode(f.text(relation[p.hmac_sequence_column]))}

    def learned(self, values: Mapping[str, Any], p: _Along) -> Trained:
        return _common(values["value"], p.hmac_sequence_column)

    def apply(self, relation: Relation, p: _Along, trained: Trained | None) -> Relation:
        name = p.hmac_sequence_column
        datatype = relation.schema[name]
        p.plan().check(relation, datatype, "hmac_sequence_column")
        stamp = time_column(relation, p.hmac_timestamp_column, "hmac_timestamp_column")

        def change(rows: Relation) -> Relation:
            f, row = rows.functions, rows[rows.columns[-1]]
            within = [rows[p.hmac_id_column]] if p.hmac_id_column else []
            order = [f.ordered(stamp), row]
            if p.hmac_strategy == "Drop":
                share = exp.Avg(this=f.when(rows[name].is_(exp.null()), 1.0, 0.0))
                part = unused(rows, "studio_part")
                marked = rows.with_columns({part: f.over(share, within)})
                most = f.constant(p.dropping.hmac_drop_threshold)
                return marked.filter(exp.LTE(this=marked[part], expression=most)).drop([part])
            number = unused(rows, "studio_number")
            rows = rows.with_columns({number: f.over(exp.RowNumber(), within, order)}).nested()
            places = {"row": rows[number], "time": f.microseconds(stamp)}
            common = trained["value"] if trained else None
            x = p.plan().expression(rows, rows[name], datatype, within, order, places, common)
            return rows.with_columns({p.hmac_output_column or name: x}).drop([number])

        return in_place(relation, change)


class _CellConstant(BaseModel):
    hmic_custom_value: str = field(
        "Value", "Read as a value of the column's type.", default="", coerce_numbers_to_str=True
    )


class _CellInterpolated(BaseModel):
    hmic_interpolation_technique: Annotated[
        Literal["linear", "nearest", "ffill", "bfill"],
        spelled("linear", "nearest", "ffill", "bfill"),
    ] = field("Interpolation", default="linear")


class _CellDropped(BaseModel):
    hmic_drop_threshold: float = field(
        "Largest part missing", "Series that lack more are left out.", default=0.5, ge=0, le=1
    )


class _Cell(Parameters):
    hmic_sequence_column: ListColumn = field("Impute missing values of this column", "Of lists.")
    hmic_output_column: NewColumn = field("Output column", "Empty: in place.", default="")
    hmic_strategy: Strategy = field("Method for imputing values")
    hmic_leftovernans: Leftovers = field(
        "Values still missing",
        _HELP,
        default="Fill with Forward/Backward feed",
        when=_filling("hmic_strategy"),
    )
    constant: _CellConstant = field(
        "Constant",
        alias="hmic_strategy_Constant Value_parameters",
        default=_CellConstant(),
        when=(
            When("hmic_strategy", ("Constant Value",)),
            When("hmic_leftovernans", ("Fill with Constant Value",)),
        ),
    )
    interpolation: _CellInterpolated = field(
        "Interpolation",
        alias="hmic_strategy_Interpolate_parameters",
        default=_CellInterpolated(),
        when=When("hmic_strategy", ("Interpolate",)),
    )
    dropping: _CellDropped = field(
        "Dropping",
        alias="hmic_strategy_Drop_parameters",
        default=_CellDropped(),
        when=When("hmic_strategy", ("Drop",)),
    )

    def plan(self) -> _Plan:
        """What these fields say."""
        value, technique = self.constant.hmic_custom_value, self.interpolation
        return _Plan(
            self.hmic_strategy,
            value,
            technique.hmic_interpolation_technique,
            self.hmic_leftovernans,
        )


def _unfolded(rows: Relation, row: str, name: str) -> Relation:
    """``row``, ``place`` (from 1) and ``value`` of each item of a column of lists."""
    f = rows.functions
    x = column(name, "t")
    places = f.numbers_between(1, f.size(x))

    def build(t: exp.Expr) -> exp.Select:
        outputs = [
            exp.alias_(column(row, "t"), "row"),
            exp.alias_(f.exploded(places), "place"),
            exp.alias_(f.exploded(x), "value"),
        ]
        return exp.select(*outputs).from_(t)

    return rows.derive(build).nested()


@catalogue.add
class HandleMissingInCell(Operator[_Cell]):
    """Fill missing items of lists from the items around them in the same list.

    The most common value is that of all lists. Drop leaves out the rows of whose list a larger part
    than the threshold is missing.
    """

    number, group, label = "T022", GROUP, "Handle missing in a cell"
    form = series_form(
        "Handle missing", Choice("hm_input_type", "In cell", "hm_input_type_In cell_parameters")
    )
    variants = _variants("in cell")

    def fit(self, relation: Relation, p: _Cell) -> Trained | None:
        if p.hmic_strategy != "Most Common Value":
            return None
        rows, row = numbered(relation)
        items = _unfolded(rows, row, p.hmic_sequence_column)
        f = items.functions
        found = items.aggregate({"value": f.mode(f.text(items["value"]))})
        return _common(found["value"], p.hmic_sequence_column)

    def apply(self, relation: Relation, p: _Cell, trained: Trained | None) -> Relation:
        name, f = p.hmic_sequence_column, relation.functions
        rows, row = numbered(relation)
        items = _unfolded(rows, row, name)
        datatype = types.element_of(relation.schema[name])
        p.plan().check(relation, datatype, "hmic_sequence_column")
        if p.hmic_strategy == "Drop":
            made: exp.Expr = exp.Avg(this=f.when(column("value", "t").is_(exp.null()), 1.0, 0.0))
        else:
            within, place = [items["row"]], items["place"]
            common = trained["value"] if trained else None
            x = p.plan().expression(
                items, items["value"], datatype, within, [place], {"row": place}, common
            )
            items = items.with_columns({"value": x}).nested()
            made = f.gathered(column("value", "t"), column("place", "t"))
        key, own = column("row", "t"), unused(rows, "studio_value")
        folded = items.derive(
            lambda t: exp.select(key, exp.alias_(made, "value")).from_(t).group_by(key)
        )

        def build(t: exp.Expr, t1: exp.Expr) -> exp.Select:
            same = exp.EQ(this=column(row, "t"), expression=column("row", "t1"))
            outputs = [column(each, "t") for each in rows.columns]
            value = exp.alias_(column("value", "t1"), own)
            return exp.select(*outputs, value).from_(t).join(t1, on=same, join_type="LEFT")

        both = rows.derive(build, folded).sort(column(row, "t"))
        found = both[own]
        if p.hmic_strategy == "Drop":
            most = f.constant(p.dropping.hmic_drop_threshold)
            kept = f.coalesce(exp.LTE(this=found, expression=most), True)
            return both.filter(kept).select(relation.columns)
        # A list without items, or a missing one, has no row to be folded from.
        whole = f.coalesce(found, both[name])
        output = p.hmic_output_column or name
        return both.with_columns({output: whole}).drop([row, own])
