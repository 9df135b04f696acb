"""Joins to the nearest row before, which Spark SQL has none for."""

from __future__ import annotations

from sqlglot import exp

from ..relation import column
from .building import E, literal
from .sparkcalls import call

_BOTH, _AT, _RIGHT, _KEY = "studio_both", "studio_at", "studio_right", "studio_key"


def asof(select: exp.Select) -> exp.Select:
    """``t ASOF LEFT JOIN t1`` as one pass over the rows of both, sorted by their time.

    Each row of ``t`` takes the last of ``t1`` before it. Rows of both are structs under the names
    of their tables, so that what reads ``t.x`` goes on to.
    """
    joins = select.args.get("joins") or []
    if len(joins) != 1 or joins[0].method != "ASOF":
        return select
    left, right = select.args["from_"].this, joins[0].this
    on = joins[0].args["on"]
    conditions = list(on.flatten()) if isinstance(on, exp.And) else [on]
    time = next(each for each in conditions if isinstance(each, exp.GTE))
    keys = [each for each in conditions if isinstance(each, exp.EQ)]
    rows = exp.union(
        _side(left, 1, time.left, [each.left for each in keys], right.alias),
        _side(right, 0, time.right, [each.right for each in keys], left.alias),
        distinct=False,
    ).subquery(_BOTH)
    names = [f"{_KEY}{index}" for index in range(len(keys))]
    last = exp.Window(
        this=exp.IgnoreNulls(this=exp.LastValue(this=column(right.alias))),
        partition_by=[column(each) for each in names],
        order=exp.Order(
            expressions=[exp.Ordered(this=column(each), nulls_first=False) for each in (_AT, _SIDE)]
        ),
        spec=exp.WindowSpec(
            kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW"
        ),
    )
    known = exp.and_(*(_there(column(each)) for each in (_AT, *names)))
    found = exp.select(
        column(left.alias),
        exp.alias_(exp.case().when(known, last), right.alias, quoted=True),
        column(_SIDE),
    ).from_(rows)
    ofleft = exp.EQ(this=column(_SIDE), expression=literal(1))
    made = select.copy()
    made.set("joins", None)
    made.set("from_", None)
    return made.from_(found.subquery(_BOTH)).where(ofleft)


_SIDE = "studio_side"


def _side(table: E, side: int, at: E, keys: list[E], other: str) -> exp.Select:
    row = call("struct", exp.Column(this=exp.Star(), table=exp.to_identifier(table.alias)))
    outputs = {table.alias: row, other: exp.null()}
    outputs = {name: outputs[name] for name in sorted(outputs)}
    outputs |= {_AT: at, _SIDE: literal(side)}
    outputs |= {f"{_KEY}{index}": each for index, each in enumerate(keys)}
    made = exp.select(*(exp.alias_(each.copy(), n, quoted=True) for n, each in outputs.items()))
    made = made.from_(table.copy())
    # Of the right table only what can be found.
    return made if side else made.where(*(_there(each.copy()) for each in (at, *keys)))


def _there(x: E) -> E:
    return x.is_(exp.null()).not_()
