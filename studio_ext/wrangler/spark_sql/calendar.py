"""Spark SQL's dates: text is read as ISO 8601, weeks are ISO 8601's, and Sunday is day one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from .. import types
from .translating import E, Handler, Translator, kind

_UNITS = {
    "YEAR": "year", "YYYY": "year", "YY": "year", "QUARTER": "quarter", "MONTH": "month",
    "MM": "month", "MON": "month", "WEEK": "week", "DAY": "day", "DD": "day", "HOUR": "hour",
    "MINUTE": "minute", "SECOND": "second",
}  # fmt: skip
_PLAIN = "%Y-%m-%d %H:%M:%S"
_PARTS = {
    "DAYOFWEEK_ISO": "day_of_week", "DOY": "day_of_year", "YEAR": "year", "QUARTER": "quarter",
    "MONTH": "month", "WEEK": "week", "DAY": "day", "HOUR": "hour", "MINUTE": "minute",
    "SECOND": "second",
}  # fmt: skip
#: Letters that no code begins: sqlglot hands on what it does not know of Java's patterns.
_STRICT = re.compile(r"(%[A-Za-z])strict")
_UNKNOWN = re.compile(r"(?<!%)(?<!%-)[A-Za-z']")


def _part(name: str) -> Handler:
    return lambda t, node: t.f.part(t.moment(node.this), name)


def _sunday_is_one(t: Translator, node: E) -> E:
    monday_is_one = t.f.part(t.moment(node.this), "day_of_week")
    rest = exp.Mod(this=monday_is_one, expression=t.f.constant(7))
    return exp.paren(exp.Add(this=exp.paren(rest), expression=t.f.constant(1)))


def _extracted(t: Translator, node: exp.Extract) -> E:
    name = node.name.upper()
    if name not in _PARTS:
        return t.refuse(f"extracts {name}: there are {', '.join(sorted(_PARTS))}")
    return t.f.part(t.moment(node.expression), _PARTS[name])


def _added(t: Translator, node: exp.TsOrDsAdd) -> E:
    return t.f.days_later(t.moment(node.this), t.number(node.expression))


def _months_added(t: Translator, node: exp.AddMonths) -> E:
    return t.f.months_later(t.moment(node.this), t.number(node.expression))


def _days_between(t: Translator, node: exp.DateDiff) -> E:
    unit = str(node.args.get("unit") or "DAY").upper()
    if unit != "DAY":
        return t.refuse(f"takes a difference in {unit.lower()}s: datediff(end, start) is in days")
    return t.f.days_between(t.moment(node.expression), t.moment(node.this))


def _unit(t: Translator, node: E) -> str:
    name = node.name.upper()
    if name not in _UNITS:
        t.refuse(f"cuts a time to {name}: there are {', '.join(_UNITS)}")
    return _UNITS[name]


def _date_cut(t: Translator, node: exp.DateTrunc) -> E:
    return t.f.day(t.f.truncated(t.moment(node.this), _unit(t, node.args["unit"])))


def _time_cut(t: Translator, node: exp.TimestampTrunc) -> E:
    return t.f.truncated(t.moment(node.this), _unit(t, node.args["unit"]))


def _form(t: Translator, node: E) -> str:
    # sqlglot marks Java's two-digit codes as strict; strptime takes both.
    form = _STRICT.sub(r"\1", t.string(node, "a format"))
    if _UNKNOWN.search(form):
        t.refuse("has a format with letters that Studio does not know: write yyyy-MM-dd HH:mm:ss")
    return form


def _formatted(t: Translator, node: exp.TimeToStr) -> E:
    return t.f.formatted(t.moment(node.this), _form(t, node.args["format"]))


def _read(t: Translator, node: Any) -> E:
    form = node.args.get("format")
    if form is None or kind(node.this) != "string":
        return t.moment(node.this)
    return t.f.read(t(node.this), _form(t, form))


def _to_date(t: Translator, node: exp.TsOrDsToDate) -> E:
    return t.f.day(_read(t, node))


def _epoch(t: Translator, node: exp.StrToUnix) -> E:
    form = node.args.get("format")
    if form is None or kind(node.this) != "string" or _form(t, form) == _PLAIN:
        return t.f.epoch(t.moment(node.this))
    return t.f.epoch(t.f.read(t(node.this), _form(t, node.args["format"])))


def _from_epoch(t: Translator, node: exp.UnixToStr) -> E:
    form = node.args.get("format")
    codes = _form(t, form) if form is not None else _PLAIN
    return t.f.formatted(t.f.from_epoch(t.number(node.this)), codes)


def _weekday(t: Translator, arguments: Sequence[E]) -> E:
    return t.f.subtract(t.f.part(t.moment(arguments[0]), "day_of_week"), 1)


DATES: dict[type[E], Handler] = {
    exp.Year: _part("year"), exp.Quarter: _part("quarter"), exp.Month: _part("month"),
    exp.Week: _part("week"), exp.WeekOfYear: _part("week"), exp.Day: _part("day"),
    exp.DayOfMonth: _part("day"), exp.DayOfYear: _part("day_of_year"),
    exp.Hour: _part("hour"), exp.Minute: _part("minute"), exp.Second: _part("second"),
    exp.DayOfWeek: _sunday_is_one, exp.Extract: _extracted,
    exp.TsOrDsAdd: _added, exp.AddMonths: _months_added, exp.DateDiff: _days_between,
    exp.LastDay: lambda t, n: t.f.last_day(t.moment(n.this)),
    exp.DateTrunc: _date_cut, exp.TimestampTrunc: _time_cut,
    exp.TimeToStr: _formatted, exp.StrToTime: _read, exp.StrToDate: _to_date,
    exp.TsOrDsToDate: _to_date, exp.StrToUnix: _epoch, exp.UnixToStr: _from_epoch,
    exp.TimeStrToTime: lambda t, n: t.moment(n.this),
    exp.Date: lambda t, n: t.moment(n.this, "date"),
}  # fmt: skip
DATES_NAMED: dict[str, Any] = {
    "weekday": _weekday,
    "current_timestamp": lambda t, a: exp.cast(exp.CurrentTimestamp(), types.DATETIME.copy()),
}
