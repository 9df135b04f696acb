"""Values in place of missing ones, from the rows around them in an order."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from ..functions import Functions

#: What numbers can be filled with; text and others know ``ffill`` and ``bfill``.
WAYS = ("linear", "time", "nearest", "ffill", "bfill")


def filled(
    f: Functions,
    x: exp.Expr,
    way: str,
    partition: Sequence[exp.Expr],
    order: Sequence[exp.Expr],
    place: exp.Expr,
) -> exp.Expr:
    """``x``, with what is missing filled from the rows of its partition.

    ``ffill`` takes the value before, ``bfill`` the one after. ``linear`` and ``time`` go straight
    from one to the other by ``place`` (a number), and on with the last where none follows, as
    pandas' ``interpolate`` does. ``nearest`` takes the nearer of both, of equals the one before,
    and fills nothing before the first and after the last.
    """
    before = f.known_before(x, partition, order)
    after = f.known_after(x, partition, order)
    if way == "ffill":
        return before
    if way == "bfill":
        return after
    known = exp.case().when(x.copy().is_(exp.null()).not_(), place)
    start, end = f.known_before(known, partition, order), f.known_after(known, partition, order)
    if way == "nearest":
        both = exp.and_(start.copy().is_(exp.null()).not_(), end.copy().is_(exp.null()).not_())
        nearer = exp.LTE(this=f.subtract(place, start), expression=f.subtract(end, place))
        return f.when(both, f.when(nearer, before, after))
    part = f.divide(f.subtract(place, start), f.subtract(end, start))
    between = f.add(before, f.multiply(f.subtract(after, before), part))
    return f.coalesce(f.number(x), between, f.number(before))
