"""How often: units of time as flows name them, and bins of a quantity of them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field
from sqlglot import exp

from .. import types
from ..errors import ColumnError
from ..functions import Functions
from ..functions.times import MICROSECONDS, MONTHS
from ..relation import Relation
from .parameters import field

UNITS = (*MICROSECONDS, *MONTHS)
_NAMES = {
    **{unit: unit for unit in UNITS},
    **{f"{unit}s": unit for unit in UNITS},
    **{f"{unit}ly": unit for unit in UNITS},
    "daily": "day",
    "annual": "year",
    "annually": "year",
}


def _unit(value: Any) -> Any:
    name = str(value).strip().lower()
    if name not in _NAMES:
        raise ValueError(f"it is none of {', '.join(UNITS)}")
    return _NAMES[name]


#: ``Hourly``, ``hours`` and ``hour`` are one.
Unit = Annotated[str, BeforeValidator(_unit), Field(json_schema_extra={"enum": list(UNITS)})]


class Frequency(BaseModel):
    """A quantity of a unit of time."""

    quantity: int = field("Every", default=1, ge=1)
    offset_description: Unit = field("Unit", default="hour")

    def origin(self, f: Functions, first: exp.Expr) -> exp.Expr:
        """Where the bins of a series begin that begins with ``first``.

        With the day, for units within a day (as pandas does), else with the unit itself; weeks
        begin on Monday.
        """
        unit = self.offset_description
        return f.truncated(first, unit if unit in ("week", *MONTHS) else "day")

    def bin(self, f: Functions, x: exp.Expr, origin: exp.Expr) -> exp.Expr:
        """The number of the bin that a datetime falls into, counted from 0 at ``origin``."""
        unit = self.offset_description
        if unit in MONTHS:
            gone = f.subtract(_month(f, x), _month(f, origin))
            length = MONTHS[unit] * self.quantity
        else:
            gone = f.subtract(f.microseconds(x), f.microseconds(origin))
            length = MICROSECONDS[unit] * self.quantity
        return exp.cast(f.floor(f.divide(gone, length)), types.LONG)

    def start(self, f: Functions, number: exp.Expr, origin: exp.Expr) -> exp.Expr:
        """When a bin begins."""
        count = f.multiply(number, self.quantity)
        return f.moved(origin, count, self.offset_description)


def _month(f: Functions, x: exp.Expr) -> exp.Expr:
    return f.add(f.multiply(f.part(x, "year"), 12), f.part(x, "month"))


def time_column(relation: Relation, name: str, field: str) -> exp.Expr:
    """A column as a datetime; raises ColumnError where it is no date, datetime or text."""
    kind = types.kind_of(relation.schema[name])
    if kind not in (*types.TEMPORAL, "string"):
        raise ColumnError(
            f"{field}: the column {name!r} is {kind}, not datetime or date", field=field
        )
    return relation[name] if kind == "datetime" else relation.functions.time(relation[name])
