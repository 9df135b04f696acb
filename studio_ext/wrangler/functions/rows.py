"""Chance that comes out the same every time, the order of rows, and windows."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from ..types import FLOAT, LONG, STRING
from .building import E, call, literal
from .numbers import Numbers

#: Digits of an MD5 sum that are used as a number below one: 52 bits fit a float exactly.
HEX_DIGITS = 13


#: From and to which row a window goes, counted from its own: None is its partition's end.
Frame = tuple[int | None, int | None]


class Rows(Numbers):
    """Chance by hash, places of rows, and windows."""

    def uniform(self, seed: int, *key: E) -> E:
        """A number from 0 to below 1 that follows from ``seed`` and ``key`` alone (MD5)."""
        parts = [exp.cast(self.coalesce(exp.cast(each.copy(), STRING), ""), STRING) for each in key]
        digest = call("md5", call("concat_ws", "|", str(seed), *parts))
        number = exp.cast(call("concat", "0x", call("substr", digest, 1, HEX_DIGITS)), LONG)
        return exp.Div(this=exp.cast(number, FLOAT), expression=literal(float(16**HEX_DIGITS)))

    def row_number(self, *order: E) -> E:
        """Rows counted from one, in the order given, or in the order that they have."""
        window = exp.Window(this=exp.RowNumber())
        if order:
            window.set("order", exp.Order(expressions=[each.copy() for each in order]))
        return window

    def ordered(self, x: E, *, descending: bool = False, missing_first: bool = False) -> E:
        """A key to order by; what is missing comes last unless it is to come first."""
        return exp.Ordered(this=x.copy(), desc=descending, nulls_first=missing_first)

    def over(
        self,
        x: E,
        partition: Sequence[E] = (),
        order: Sequence[E] = (),
        frame: Frame | None = None,
    ) -> E:
        """An aggregate or a function of windows, over the rows of its partition.

        Without a frame: all of the partition where there is no order, else up to the row and those
        that are equal in order.
        """
        window = exp.Window(this=x.copy(), partition_by=[each.copy() for each in partition])
        if order:
            window.set("order", exp.Order(expressions=[each.copy() for each in order]))
        if frame:
            window.set("spec", _spec(frame))
        return window

    def lag(self, x: E, count: int, partition: Sequence[E], order: Sequence[E]) -> E:
        """The value ``count`` rows before (after, where it is negative); missing past the end."""
        name = "lag" if count >= 0 else "lead"
        return self.over(call(name, x, abs(count)), partition, order)

    def known_before(self, x: E, partition: Sequence[E], order: Sequence[E]) -> E:
        """The last value that is not missing, up to the row itself."""
        last = exp.IgnoreNulls(this=exp.LastValue(this=x.copy()))
        return self.over(last, partition, order, (None, 0))

    def known_after(self, x: E, partition: Sequence[E], order: Sequence[E]) -> E:
        """The first value that is not missing, from the row itself on."""
        first = exp.IgnoreNulls(this=exp.FirstValue(this=x.copy()))
        return self.over(first, partition, order, (0, None))


def _spec(frame: Frame) -> exp.WindowSpec:
    (start, start_side), (end, end_side) = (
        _bound(offset, side) for offset, side in zip(frame, ("PRECEDING", "FOLLOWING"), strict=True)
    )
    return exp.WindowSpec(
        kind="ROWS", start=start, start_side=start_side, end=end, end_side=end_side
    )


def _bound(offset: int | None, side: str) -> tuple[str | E, str | None]:
    if offset is None:
        return "UNBOUNDED", side
    if offset == 0:
        return "CURRENT ROW", None
    return literal(abs(offset)), "PRECEDING" if offset < 0 else "FOLLOWING"
