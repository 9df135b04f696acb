"""Functions of lists as Spark has them, or is told to put them together."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from ..errors import UnsupportedError
from .building import E, literal
from .sparkcalls import call, integer


def _not_negative(x: E) -> E:
    return integer(call("greatest", x, 0))


def item(x: E, position: E) -> E:
    """An item by its place, from 1 on or from the end; missing where there is none."""
    if isinstance(position, exp.Neg):
        return call("try_element_at", x, integer(position))
    return call("get", x, integer(exp.Sub(this=exp.paren(position), expression=literal(1))))


def slice(x: E, start: E, end: E) -> E:
    """The items from a place to another."""
    last = call("array_size", x.copy()) if isinstance(end, exp.Neg) else end
    length = exp.Sub(this=exp.paren(last), expression=exp.paren(start.copy()))
    return call(
        "slice",
        x,
        integer(start),
        _not_negative(exp.Add(this=exp.paren(length), expression=literal(1))),
    )


def resize(x: E, size: E, value: E | None = None) -> E:
    """Cut off, or filled up with a value."""
    count = _not_negative(size)
    longer = call("concat", x, call("array_repeat", value or exp.null(), count))
    return call("slice", longer, 1, count.copy())


def whole_range(start: E, end: E) -> E:
    """The whole numbers from one to before another."""
    last = exp.Sub(this=exp.paren(end), expression=literal(1))
    some = exp.GT(this=exp.paren(end.copy()), expression=exp.paren(start.copy()))
    longs = exp.DataType.build("ARRAY<BIGINT>")
    there = exp.cast(call("sequence", start, last), longs)
    return exp.case().when(some, there).else_(exp.cast(call("array"), longs.copy()))


def series(first: E, last: E) -> E:
    """The whole numbers up to the last; none where it is smaller: Spark's own would go down."""
    longs = exp.DataType.build("ARRAY<BIGINT>")
    up = exp.GTE(this=exp.paren(last), expression=exp.paren(first))
    down = exp.LT(this=exp.paren(last.copy()), expression=exp.paren(first.copy()))
    there = exp.cast(call("sequence", first.copy(), last.copy()), longs)
    return exp.case().when(up, there).when(down, exp.cast(call("array"), longs.copy()))


def aggregate(x: E, name: E) -> E:
    """An aggregate of a list's items that are not missing; missing where there is none."""
    there = call("filter", x, _lambda(lambda e: exp.not_(call("isnull", e)), "e"))
    if name.name in ("min", "max"):
        return call(f"array_{name.name}", x)
    if name.name == "count":
        return exp.cast(call("array_size", there), "BIGINT")
    some = exp.GT(this=call("array_size", there.copy()), expression=literal(0))
    return exp.case().when(some, _of_list(there, name.name))


def histogram(x: E) -> E:
    """Item -> how often it is in the list, by item."""
    keys = call("array_sort", call("array_distinct", x))
    value, other = exp.to_identifier("studio_key"), exp.to_identifier("studio_other")
    same = exp.Lambda(this=exp.EQ(this=other, expression=value), expressions=[other.copy()])
    times = exp.cast(call("array_size", call("filter", x.copy(), same)), "BIGINT")
    counted = exp.Lambda(this=times, expressions=[value.copy()])
    return call("map_from_arrays", keys, call("transform", keys.copy(), counted))


def _of_list(x: E, name: str) -> E:
    if name == "sum":
        return _added(x, lambda e: e)
    count = exp.cast(call("array_size", x.copy()), "DOUBLE")
    if name == "median":
        ordered = call("array_sort", x)
        half = exp.paren(exp.Div(this=count, expression=literal(2.0)))
        middle = [
            call("element_at", ordered, integer(exp.Add(this=each, expression=literal(1))))
            for each in (
                call("ceil", exp.Sub(this=half, expression=literal(1.0))),
                call("floor", half.copy()),
            )
        ]
        both = exp.paren(exp.Add(this=middle[0], expression=middle[1]))
        return exp.Div(this=both, expression=literal(2.0))
    average = exp.paren(exp.Div(this=_added(x, lambda e: e), expression=count))
    if name == "avg":
        return average
    if name not in ("var_pop", "stddev_pop"):
        raise UnsupportedError(f"The {name} of a list is not possible on Spark")
    away = _added(
        x.copy(), lambda e: call("power", exp.Sub(this=e, expression=average.copy()), 2.0)
    )
    variance = exp.Div(this=away, expression=count.copy())
    return variance if name == "var_pop" else call("sqrt", variance)


def _added(x: E, value: Callable[[E], E]) -> E:
    """The sum of a value of each item, as a float."""
    total, item = exp.to_identifier("total"), exp.to_identifier("item")
    number = exp.cast(value(exp.cast(item, "DOUBLE")), "DOUBLE")
    step = exp.Lambda(
        this=exp.Add(this=total, expression=number), expressions=[total.copy(), item.copy()]
    )
    return call("aggregate", x, exp.cast(literal(0.0), "DOUBLE"), step)


def _lambda(build: Callable[[E], E], name: str) -> exp.Lambda:
    item = exp.to_identifier(name)
    return exp.Lambda(this=build(item), expressions=[item.copy()])
