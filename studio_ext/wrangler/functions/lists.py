"""Lists and vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlglot import exp

from ..types import VECTOR
from .building import E, call, literal
from .numbers import Numbers

LONGS = exp.DataType.build("ARRAY<BIGINT>")


class Lists(Numbers):
    """Lists; items are counted from one."""

    def vector(self, items: Sequence[E]) -> E:
        """A list of floats."""
        return call("list_value", *(self.number(each) for each in items))

    def item(self, x: E, position: int | E) -> E:
        """The item at ``position``, counted from one; missing past the end."""
        return call("list_extract", x, position)

    def size(self, x: E) -> E:
        """How many items there are, missing ones among them."""
        return call("len", x)

    def joined(self, lists: Sequence[E]) -> E:
        """Lists of floats one after another; missing where one of them is."""
        whole: E
        whole, *rest = (exp.cast(each.copy(), VECTOR) for each in lists)
        for each in rest:
            both = exp.or_(whole.copy().is_(exp.null()), each.copy().is_(exp.null()))
            whole = exp.case().when(both, exp.null()).else_(call("list_concat", whole, each))
        return whole

    def each(self, x: E, change: Callable[[E], E], name: str = "studio_item") -> E:
        """The list of what ``change`` makes of each item; ``name`` tells it from one around it."""
        item = exp.to_identifier(name)
        return exp.Transform(
            this=x.copy(), expression=exp.Lambda(this=change(item), expressions=[item.copy()])
        )

    def where(self, x: E, condition: Callable[[E], E]) -> E:
        """The items for which the condition is true."""
        item = exp.to_identifier("studio_item")
        return call("list_filter", x, exp.Lambda(this=condition(item), expressions=[item.copy()]))

    def numbers(self, values: Sequence[int]) -> E:
        """A list of longs."""
        return exp.cast(call("list_value", *values), LONGS)

    def smallest(self, x: E) -> E:
        """The smallest item of a list."""
        return call("list_min", x)

    def grams(self, x: E, size: int) -> E:
        """All parts of ``size`` characters of a text; the text itself where it is shorter."""
        end = call("greatest", exp.Add(this=call("length", x), expression=literal(2 - size)), 2)
        return self.each(call("range", 1, end), lambda start: call("substr", x, start, size))

    def occurrences(self, x: E, value: str) -> E:
        """How often a text is in a list of texts, as a float."""
        same = self.where(x, lambda item: exp.EQ(this=item, expression=literal(value)))
        return self.number(self.size(same))

    def counting(self, count: E) -> E:
        """The list 1, 2, ... ``count``."""
        return call("range", 1, exp.Add(this=count.copy(), expression=literal(1)))

    def exploded(self, x: E) -> E:
        """A row for each item of a list; none for an empty or a missing one. In SELECT alone."""
        return call("unnest", x)

    def table(self, columns: Mapping[str, Sequence[str] | Sequence[int]]) -> exp.Select:
        """A small table of texts and longs that is part of the query."""
        lists = {
            name: call("list_value", *values)
            if values
            else exp.cast(call("list_value"), exp.DataType.build("ARRAY<TEXT>"))
            for name, values in columns.items()
        }
        return exp.select(
            *(exp.alias_(call("unnest", each), name, quoted=True) for name, each in lists.items())
        )

    def dense(self, places: E, values: E, size: int) -> E:
        """A vector of ``size`` floats: ``values`` at ``places``, which ascend from zero, else 0.

        Where the lists are missing, all are 0.
        """
        empty = exp.cast(call("list_value"), VECTOR)

        def part(index: E) -> E:
            before = exp.Sub(this=index.copy(), expression=literal(1))
            previous = self.coalesce(self.item(places, before), -1)
            gap = exp.Sub(
                this=exp.Sub(this=self.item(places, index), expression=previous),
                expression=literal(1),
            )
            zeros = call("list_resize", empty, gap, 0.0)
            return call("list_concat", zeros, call("list_value", self.item(values, index)))

        parts = self.each(self.counting(self.size(places)),
                          part)  # fmt: skip
        filled = self.coalesce(call("flatten", parts), empty)
        return call("list_resize", filled, size, 0.0)

    def resized(self, x: E, size: int) -> E:
        """Cut off after ``size`` items, or with missing ones at the end."""
        return call("list_resize", x, size)

    def reduced(self, x: E, aggregate: str) -> E:
        """An aggregate of a list's numbers: ``sum``, ``median``, ``avg``, ``count``, ``min``,

        ``max``, ``stddev_pop`` or ``var_pop``; missing items do not count.
        """
        return call("list_aggregate", x, aggregate)
