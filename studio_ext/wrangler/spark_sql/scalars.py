"""What differs silently between Spark SQL and others: division, casts, text, patterns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from .. import types
from ..functions import patterns
from ..functions.building import call
from .calendar import DATES, DATES_NAMED
from .translating import E, Handler, Translator, kind

_GROUP = re.compile(r"\\(.)|\$(\d)", re.DOTALL)


def _literal(t: Translator, node: exp.Literal) -> E:
    if node.is_string:
        return t.f.constant(str(node.this))
    text = str(node.this)
    # As floats, not decimals; whole numbers stay short, or functions do not take them.
    return node.copy() if text.isdigit() else t.f.constant(float(text))


def _long(made: E) -> E:
    """A whole number's literal in arithmetic is long: 32 bits overflow."""
    whole = isinstance(made, exp.Literal) and made.is_int
    return exp.cast(made, types.LONG.copy()) if whole else made


def _arithmetic(t: Translator, node: exp.Binary) -> E:
    if kind(node.this) in types.TEMPORAL or isinstance(node.expression, exp.Interval):
        return _shifted(t, node)
    left, right = (_long(t.number(each)) for each in (node.this, node.expression))
    return type(node)(this=left, expression=right)


def _shifted(t: Translator, node: exp.Binary) -> E:
    if not isinstance(node.expression, exp.Interval):
        return t.refuse("adds to or takes from a date: write an INTERVAL, or datediff")
    made = type(node)(this=t.moment(node.this), expression=t(node.expression))
    unit = str(node.expression.args.get("unit") or "").upper().rstrip("S")
    whole = kind(node.this) == "date" and unit in ("DAY", "WEEK", "MONTH", "YEAR", "QUARTER")
    return exp.cast(made, types.DATE.copy()) if whole else made


def _divided(t: Translator, node: exp.Div) -> E:
    return t.f.divide(t(node.this), t(node.expression))


def _nonzero(t: Translator, node: E) -> E:
    return call("nullif", t.number(node), 0)


def _whole_division(t: Translator, node: exp.IntDiv) -> E:
    left = exp.cast(t.number(node.this), types.LONG.copy())
    right = exp.cast(_nonzero(t, node.expression), types.LONG.copy())
    rest = exp.Mod(this=left.copy(), expression=right.copy())
    # Without the rest it comes out even, and so cut off towards zero on every engine.
    even = exp.paren(exp.Sub(this=left, expression=exp.paren(rest)))
    return exp.cast(exp.IntDiv(this=even, expression=right), types.LONG.copy())


def _rest(t: Translator, node: exp.Mod) -> E:
    left = t.number(node.this.unnest())
    return exp.paren(
        exp.Mod(this=exp.paren(left), expression=_nonzero(t, node.expression.unnest()))
    )


def _positive_rest(t: Translator, arguments: Sequence[E]) -> E:
    x, n = arguments
    below = _nonzero(t, n)
    rest = exp.paren(exp.Mod(this=exp.paren(t.number(x)), expression=below))
    again = exp.paren(exp.Add(this=rest, expression=below.copy()))
    return exp.paren(exp.Mod(this=again, expression=below.copy()))


def _compared(t: Translator, node: exp.Binary) -> E:
    kinds = {kind(node.this), kind(node.expression)}
    read: Any = t
    if "string" in kinds and kinds & set(types.NUMERIC):
        read = t.number
    elif "string" in kinds and kinds & set(types.TEMPORAL):
        read = t.moment
    return type(node)(this=read(node.this), expression=read(node.expression))


def _between(t: Translator, node: exp.Between) -> E:
    low = exp.GTE(this=node.this, expression=node.args["low"])
    high = exp.LTE(this=node.this, expression=node.args["high"])
    return exp.paren(exp.and_(_compared(t, low), _compared(t, high)))


def _cast(t: Translator, node: exp.Cast) -> E:
    target = types.kind_of(node.to)
    if target not in types.NAMED:
        return t.refuse(f"casts to {node.to.sql()}: Studio casts to {', '.join(types.NAMED)}")
    made, source = t(node.this), kind(node.this)
    if source == target:
        return made
    if source == "string":
        return t.f.parsed(t.f.blank(made), target)
    if source in types.TEMPORAL and target in types.NUMERIC:
        return exp.cast(t.f.epoch(made), types.NAMED[target].copy())
    if source in types.NUMERIC and target in types.TEMPORAL:
        return exp.cast(t.f.from_epoch(made), types.NAMED[target].copy())
    known = types.NAMED.get(source, types.STRING if source == "other" else types.NAMED[target])
    if source == "other":
        return exp.TryCast(this=made, to=types.NAMED[target].copy())
    return t.f.to(made, types.NAMED[target], known)


def _concatenated(t: Translator, node: exp.Concat) -> E:
    return t.f.concat(*(t.words(each) for each in node.expressions))


def _joined(t: Translator, node: exp.ConcatWs) -> E:
    first, *rest = node.expressions
    separator = t(first)
    parts = (
        t.f.join(t(each), separator) if kind(each) == "array" else t.words(each) for each in rest
    )
    return t.f.joined_texts(separator, list(parts))


def _not_below_zero(t: Translator, node: E) -> E:
    count = t(node)
    below = exp.LT(this=count, expression=t.f.constant(0))
    return exp.case().when(below, t.f.constant(0)).else_(count.copy())


def _substring(t: Translator, node: exp.Substring) -> E:
    start, length = node.args["start"], node.args.get("length")
    x = t.words(node.this)
    # Spark counts from one, takes zero for one, and a negative place from the end.
    n = t.f.length(x)
    given = exp.paren(t(start))
    back = exp.Add(this=exp.Add(this=n, expression=given), expression=t.f.constant(1))
    place = exp.case().when(exp.LT(this=given.copy(), expression=t.f.constant(0)), back)
    place = place.when(exp.EQ(this=given.copy(), expression=t.f.constant(0)), t.f.constant(1))
    begin = place.else_(given.copy())
    if length is None:
        return t.f.substring(x, t.f.greatest(begin, 1))
    # What lies before the first character counts towards the length.
    lost = t.f.greatest(t.f.subtract(1, begin), 0)
    width = t.f.greatest(t.f.subtract(t(length), lost), 0)
    return t.f.substring(x, t.f.greatest(begin, 1), width)


def _left(t: Translator, node: exp.Left) -> E:
    return t.f.substring(t.words(node.this), 1, _not_below_zero(t, node.expression))


def _right(t: Translator, node: exp.Right) -> E:
    x = t.words(node.this)
    begin = t.f.add(t.f.subtract(t.f.length(x), t(node.expression)), 1)
    count = _not_below_zero(t, node.expression)
    return t.f.substring(x, t.f.greatest(begin, 1), count)


def _trimmed(t: Translator, node: exp.Trim) -> E:
    side = {"LEADING": "left", "TRAILING": "right"}.get(node.args.get("position") or "", "both")
    given = node.args.get("expression")
    characters = t.string(given, "characters to trim") if given is not None else " "
    return t.f.strip(t.words(node.this), characters, side)


def _padded(t: Translator, node: exp.Pad) -> E:
    fill = t.string(node.args.get("fill_pattern") or exp.Literal.string(" "), "a fill")
    width = t.whole(node.expression, "a width")
    side = "left" if node.args["is_left"] else "right"
    return t.f.pad(t.words(node.this), max(width, 0), fill or " ", side)


def _position(t: Translator, node: exp.StrPosition) -> E:
    if node.args.get("position") is not None:
        return t.refuse("looks for a text from a place on: cut the text with substring before")
    return t.f.position(t(node.this), t(node.args["substr"]))


def _pattern(t: Translator, node: E) -> str:
    pattern = t.string(node, "a pattern")
    if wrong := patterns.problem(pattern):
        t.refuse(f"has a pattern that {wrong}")
    return pattern


def _regexp_like(t: Translator, node: exp.RegexpLike) -> E:
    return t.f.regexp_matches(t(node.this), _pattern(t, node.expression))


def _regexp_replaced(t: Translator, node: exp.RegexpReplace) -> E:
    given = t.string(node.args["replacement"], "a replacement")
    # Java: $1 is a group, \ takes the next character as it is.
    made = _GROUP.sub(lambda m: f"\\{m[2]}" if m[2] else ("\\\\" if m[1] == "\\" else m[1]), given)
    pattern = _pattern(t, node.expression)
    if wrong := patterns.problem(pattern, made):
        return t.refuse(f"has a replacement that does not fit its pattern: {wrong}")
    return t.f.regexp_replace(t(node.this), pattern, made)


def _regexp_extracted(t: Translator, node: exp.RegexpExtract) -> E:
    x, group = t(node.this), t.whole(node.args.get("group") or exp.convert(1), "a group")
    pattern = _pattern(t, node.expression)
    if group > (there := patterns.groups(pattern)):
        return t.refuse(f"asks for group {group} of a pattern that has {there}")
    found = t.f.coalesce(t.f.regexp_extract(x, pattern, group), "")
    return exp.case().when(exp.not_(x.copy().is_(exp.null())), found)


def _split(t: Translator, node: exp.RegexpSplit) -> E:
    return t.f.regexp_split(t(node.this), _pattern(t, node.expression))


def _log(t: Translator, node: exp.Log) -> E:
    if node.args.get("expression") is None:
        return t.f.ln(t.number(node.this))
    base, x = t.number(node.this), t.number(node.expression)
    above = [exp.GT(this=each, expression=t.f.constant(0)) for each in (base, x)]
    return exp.case().when(exp.and_(*above), t.f.figure(call("log", base.copy(), x.copy())))


def _power(t: Translator, node: exp.Pow) -> E:
    return t.f.figure(call("pow", t.number(node.this), t.number(node.expression)))


def _inverse(name: str) -> Handler:
    def translated(t: Translator, node: E) -> E:
        x = t.number(node.this)
        within = exp.LTE(this=exp.Abs(this=x), expression=t.f.constant(1))
        return exp.case().when(within, call(name, x.copy()))

    return translated


def _nvl2(t: Translator, node: exp.Nvl2) -> E:
    there = exp.not_(t(node.this).is_(exp.null()))
    return exp.case().when(there, t(node.args["true"])).else_(t(node.args["false"]))


def _sha2(t: Translator, node: exp.SHA2) -> E:
    length = t.whole(node.args.get("length") or exp.convert(256), "a length")
    return (
        t.f.sha256(t.words(node.this))
        if length in (0, 256)
        else t.refuse("takes a SHA-2 sum of other than 256 bits")
    )


def _item(t: Translator, node: exp.Bracket) -> E:
    (index,) = node.expressions
    if kind(node.this) == "map":
        return t.f.map_value(t(node.this), t(index))
    # Spark counts arr[0] from zero and element_at(arr, 1) from one.
    place = t(index)
    return t.f.item(t(node.this), place if node.args.get("offset") else t.f.add(place, 1))


def _groups(t: Translator, node: exp.Rollup | exp.Cube) -> E:
    if not node.expressions:
        return t.refuse(f"groups WITH {node.key.upper()}: write {node.key.upper()} (columns)")
    return t.children(node)


HANDLERS: dict[type[E], Handler] = {
    exp.Literal: _literal,
    exp.RawString: lambda t, n: t.f.constant(str(n.this)),
    exp.Add: _arithmetic, exp.Sub: _arithmetic, exp.Mul: _arithmetic,
    exp.Div: _divided, exp.IntDiv: _whole_division, exp.Mod: _rest,
    exp.EQ: _compared, exp.NEQ: _compared, exp.LT: _compared, exp.LTE: _compared,
    exp.GT: _compared, exp.GTE: _compared, exp.Between: _between,
    exp.Cast: _cast, exp.TryCast: _cast,
    exp.Concat: _concatenated, exp.ConcatWs: _joined,
    exp.Substring: _substring, exp.Left: _left, exp.Right: _right, exp.Trim: _trimmed,
    exp.Pad: _padded, exp.StrPosition: _position,
    exp.Upper: lambda t, n: t.f.upper(t.words(n.this)),
    exp.Lower: lambda t, n: t.f.lower(t.words(n.this)),
    exp.Initcap: lambda t, n: t.f.initcap(t.words(n.this)),
    exp.Reverse: lambda t, n: t.f.reverse(t.words(n.this)),
    exp.Repeat: lambda t, n: t.f.repeated(t.words(n.this), _not_below_zero(t, n.args["times"])),
    exp.Contains: lambda t, n: t.f.contains(t(n.this), t(n.expression)),
    exp.StartsWith: lambda t, n: t.f.starts_with(t(n.this), t(n.expression)),
    exp.EndsWith: lambda t, n: t.f.ends_with(t(n.this), t(n.expression)),
    exp.RegexpLike: _regexp_like, exp.RegexpReplace: _regexp_replaced,
    exp.RegexpExtract: _regexp_extracted, exp.RegexpSplit: _split,
    exp.SHA2: _sha2, exp.Bracket: _item, exp.Rollup: _groups, exp.Cube: _groups,
    exp.ArrayAgg: lambda t, n: t.f.listed(t(n.this)),
    exp.ArrayUniqueAgg: lambda t, n: t.f.listed(t(n.this), distinct=True),
    exp.ApproxDistinct: lambda t, n: exp.Count(this=exp.Distinct(expressions=[t(n.this)])),
    exp.Quantile: lambda t, n: t.f.quantile(t(n.this), float(n.args["quantile"].to_py())),
    exp.Floor: lambda t, n: exp.TryCast(this=t.f.floor(t.number(n.this)), to=types.LONG.copy()),
    exp.Ceil: lambda t, n: exp.TryCast(this=t.f.ceiling(t.number(n.this)), to=types.LONG.copy()),
    exp.Sign: lambda t, n: t.f.sign(t.number(n.this)),
    exp.Sqrt: lambda t, n: t.f.sqrt(t.number(n.this)),
    exp.Exp: lambda t, n: t.f.exp(t.number(n.this)),
    exp.Ln: lambda t, n: t.f.ln(t.number(n.this)),
    exp.Log: _log, exp.Pow: _power, exp.Asin: _inverse("asin"), exp.Acos: _inverse("acos"),
    exp.IsNan: lambda t, n: t.f.coalesce(call("isnan", t.f.number(t(n.this))), False),
    exp.Nvl2: _nvl2,
    exp.CurrentTimestamp: lambda t, n: exp.cast(exp.CurrentTimestamp(), types.DATETIME.copy()),
    **DATES,
}  # fmt: skip

#: Functions that sqlglot has no node for.
NAMED: dict[str, Any] = {
    "isnull": lambda t, a: exp.paren(t(a[0]).is_(exp.null())),
    "isnotnull": lambda t, a: exp.not_(t(a[0]).is_(exp.null())),
    "pmod": _positive_rest,
    "now": lambda t, a: exp.cast(exp.CurrentTimestamp(), types.DATETIME.copy()),
    "e": lambda t, a: t.f.constant(2.718281828459045),
    "bigint": lambda t, a: _cast(t, exp.Cast(this=a[0], to=types.LONG.copy())),
    **DATES_NAMED,
}
