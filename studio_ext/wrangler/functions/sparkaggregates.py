"""Aggregates that Spark SQL puts together of several functions: of groups, rows and windows."""

from __future__ import annotations

from sqlglot import exp

from . import sparklists as lists
from .building import E
from .sparkcalls import call

_LISTED = "COLLECT_LIST"


def pushed(node: exp.Filter | exp.Window) -> exp.Expr:
    """FILTER or OVER at the aggregate itself, where functions of its value are around that."""
    value = node.this
    listed = [each for each in value.find_all(exp.Anonymous) if each.name.upper() == _LISTED]
    if not listed or value in listed:
        return node
    for each in listed:
        inner = _whole(each)
        around = node.copy()
        around.set("this", inner.copy())
        inner.replace(around)
    return value


def counted(select: exp.Select) -> None:
    """``histogram`` as a query of its own over the same rows, grouped by value."""
    alone = False
    for each in list(select.expressions):
        for found in list(each.find_all(exp.Anonymous)):
            if found.name != "histogram" or found.parent_select is not select:
                continue
            (x,) = found.expressions
            if select.args.get("group") or _whole(found) is not found:
                listed = call(_LISTED, x.copy())
                found.replace(listed)
                whole = _whole(listed)
                whole.replace(lists.histogram(whole.copy()))
                continue
            alone = True
            found.replace(_counts(select, x).subquery())
    others = (
        node.parent_select is select
        for each in select.expressions
        for node in each.find_all(exp.Column, exp.AggFunc)
    )
    if alone and not any(others):
        # No aggregate is left that would make one row of them all.
        select.set("from_", None)
        select.set("where", None)


def _counts(select: exp.Select, x: E) -> exp.Select:
    """Value -> how often it is in the rows of ``select``, by value, as one map."""
    inner = exp.select(exp.alias_(x.copy(), "value"), exp.alias_(exp.Count(this=exp.Star()), "n"))
    inner.set("from_", select.args["from_"].copy())
    where = select.args.get("where")
    there = x.copy().is_(exp.null()).not_()
    inner = inner.where(*([where.this.copy()] if where else []), there).group_by(x.copy())
    pair = call("struct", exp.column("value"), exp.column("n"))
    entries = call("array_sort", call("collect_list", pair))
    return exp.select(call("map_from_entries", entries)).from_(inner.subquery("studio_counts"))


def _whole(aggregate: E) -> E:
    """An aggregate with the FILTER and OVER that are its own."""
    parent = aggregate.parent
    own = isinstance(parent, exp.Filter | exp.Window) and parent.this is aggregate
    return _whole(parent) if own and parent is not None else aggregate
