"""A query of ours as Spark SQL takes it: its names of functions, orders and windows spelled out.

What is written here holds for every call of a function of DuckDB's in a query, whoever made it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

from ..errors import UnsupportedError
from . import sparkaggregates as aggregates
from . import sparklists as lists
from .building import E, literal
from .sparkcalls import call, integer
from .sparkjoins import asof
from .sparkpatterns import java

_LONG_END = float(2**63)
_DAYS, _LONG_DAYS = "mon|tue|wed|thu|fri|sat|sun", "(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_REPLACED = {"$": r"\$", **{rf"\{group}": f"${group}" for group in range(10)}}
#: Letters that have capitals since Unicode 15 and 16; all that is here goes by Unicode 14.
_NEW_CAPITALS, _WITHOUT = "\ua7cb\ua7d2\ua7d4\ua7dc", "\u0264\ua7d3\ua7d5\u019b"


def said(query: exp.Expr) -> exp.Expr:
    """``query``, which stays as it is, in Spark's terms."""
    query = query.copy()
    for node in reversed(list(query.walk())):
        new = _said(node)
        if new is not node:
            if node is query:
                query = new
            else:
                node.replace(new)
    return query


def _said(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Anonymous):
        change = _CALLS.get(node.name)
        return change(*node.expressions) if change else node
    if isinstance(node, exp.Cast):
        return _cast(node)
    if isinstance(node, exp.DataType) and node.this is exp.DataType.Type.TIMESTAMPTZ:
        # What names a zone is read with it; TIMESTAMP has none.
        return exp.DataType.build("TIMESTAMPLTZ")
    if isinstance(node, exp.Filter | exp.Window):
        node = aggregates.pushed(node)
    if isinstance(node, exp.Window):
        _ordered_window(node)
    if isinstance(node, exp.Order):
        _nulls_last(node)
    if isinstance(node, exp.Select):
        aggregates.counted(node)
        _side_by_side(node)
        return asof(node)
    return node


# -- regular expressions --------------------------------------------------------------------------


def _pattern(node: E, full: bool = False) -> E:
    if not (isinstance(node, exp.Literal) and node.is_string):
        raise UnsupportedError("A pattern that is computed row by row is not possible on Spark")
    made = java(node.name)
    return literal(rf"\A(?:{made})\z" if full else made)


def _replaced(x: E, pattern: E, replacement: E, *options: E) -> E:
    if not options and not pattern.name.startswith("^"):
        raise UnsupportedError("Replacing the first match alone is not possible on Spark")
    # Both know \\ for a backslash; of groups one says \1, and the other $1.
    text = re.sub(
        r"\\\\|\\\d|\$", lambda found: _REPLACED.get(found[0], found[0]), replacement.name
    )
    return call("regexp_replace", x, _pattern(pattern), text)


def _decoded(x: E) -> E:
    """Java refuses codes that are none, and has a blank for a plus."""
    codes = call("regexp_replace", x, "%(?![0-9A-Fa-f]{2})", "%25")
    return call("try_url_decode", call("replace", codes, "+", "%2B"))


def _encoded(x: E) -> E:
    """Java has a plus for a blank, and other characters that stay."""
    made = call("url_encode", x)
    for code, wanted in (("+", "%20"), ("*", "%2A"), ("%7E", "~")):
        made = call("replace", made, code, wanted)
    return made


def _bytes(x: E) -> E:
    """A character for each byte of UTF-8."""
    return call("decode", call("encode", x, "UTF-8"), "ISO-8859-1")


def _split(x: E, separator: E) -> E:
    # \Q...\E would end at a \E within.
    plain = re.escape(separator.name) if separator.name else ""
    return call("split", x, plain, -1)


# -- numbers --------------------------------------------------------------------------------------


def _truncated(x: E) -> E:
    """A long; missing where there is none (Spark gives the largest long, and 0 for NaN)."""
    low = exp.GTE(this=x, expression=literal(-_LONG_END))
    high = exp.LT(this=x.copy(), expression=literal(_LONG_END))
    return exp.case().when(exp.and_(low, high), exp.cast(x.copy(), "BIGINT"))


def _finite(x: E) -> E:
    number = exp.not_(call("isnan", x))
    infinity = literal(float("inf"))
    return exp.paren(exp.and_(number, exp.NEQ(this=call("abs", x.copy()), expression=infinity)))


def _cast(node: exp.Cast) -> exp.Expr:
    """Hexadecimal text as a number: ``0x`` before it is no number to Spark."""
    text = node.this
    if (
        node.to.this is exp.DataType.Type.BIGINT
        and isinstance(text, exp.Anonymous)
        and text.name == "CONCAT_WS"
        and [each.name for each in text.expressions[:2]] == ["", "0x"]
    ):
        number = call("conv", text.expressions[2].copy(), 16, 10)
        return exp.cast(number, "BIGINT")
    return node


# -- times ----------------------------------------------------------------------------------------


def _micros(x: E) -> E:
    return call("unix_micros", exp.cast(x, "TIMESTAMPLTZ"))


def _seconds(x: E) -> E:
    return exp.paren(exp.Div(this=_micros(x), expression=literal(1_000_000.0)))


def _for_micros(x: E) -> E:
    """Microseconds as an interval of days and seconds, which have six decimals."""
    seconds = exp.Div(this=exp.cast(x, "DECIMAL(20, 0)"), expression=literal(1_000_000))
    return call("make_dt_interval", 0, 0, 0, exp.cast(seconds, "DECIMAL(18, 6)"))


def _timestamp(*parts: E) -> E:
    """Of microseconds from 1970 on; or of six numbers, missing where there is no such time."""
    if len(parts) == 1:
        return exp.cast(call("timestamp_micros", *parts), "TIMESTAMP")
    *whole, seconds = parts
    exact = exp.cast(seconds, "DECIMAL(16, 6)")
    made = call("make_timestamp_ntz", *(integer(each) for each in whole), exact)
    # It takes a 60th second for the next minute.
    return exp.case().when(exp.LT(this=seconds.copy(), expression=literal(60)), made)


def _date_sub(unit: E, start: E, end: E) -> E:
    """Whole units between two times."""
    return call("timestampdiff", exp.var(unit.name.upper()), start, end)


def _date_diff(unit: E, start: E, end: E) -> E:
    if unit.name != "day":
        raise UnsupportedError(f"A difference in {unit.name} is not possible on Spark")
    return call("datediff", end, start)


def _read(x: E, form: str) -> E:
    """Text by one format; Java reads no names of days, which the dates say anyhow."""
    first = re.match(r"%([aA])([, ]+)", form)
    if not first:
        return exp.StrToTime(this=x.copy(), format=literal(form))
    name = rf"(?i)^(?:{_DAYS if first[1] == 'a' else _LONG_DAYS}){first[2]}"
    rest = call("regexp_replace", x, name, "")
    there = exp.case().when(call("rlike", x.copy(), name), rest)
    return exp.StrToTime(this=there, format=literal(form[first.end() :]))


def _strptime(x: E, form: E) -> E:
    forms = form.expressions if isinstance(form, exp.Array) else [form]
    read = [exp.cast(_read(x, each.name), "TIMESTAMP") for each in forms]
    return exp.Coalesce(this=read[0], expressions=read[1:])


def _by(name: str) -> Callable[[E, E], E]:
    """The value of the first or last row of those that have one."""
    return lambda x, order: call(
        name, x, exp.case().when(exp.not_(call("isnull", x.copy())), order)
    )


# -- orders and aggregates ------------------------------------------------------------------------


def _nulls_last(order: exp.Order) -> None:
    for each in list(order.expressions):
        if not isinstance(each, exp.Ordered):
            each.replace(exp.Ordered(this=each.copy(), nulls_first=False))
        elif each.args.get("nulls_first") is None:
            each.set("nulls_first", False)


def _ordered_window(window: exp.Window) -> None:
    """Rows in the order that they have: by their partition and place in it."""
    if window.args.get("order") or not isinstance(window.this, exp.RowNumber):
        return
    window.set("order", exp.Order(expressions=[call("monotonically_increasing_id")]))


def _side_by_side(select: exp.Select) -> None:
    """Lists unnested beside one another: Spark pairs each item with each."""
    unnested = [each for each in select.expressions if _is_unnested(each.unalias())]
    if len(unnested) < 2:
        return
    lists_ = [each.unalias().expressions[0] for each in unnested]
    names = [exp.to_identifier(each.alias, quoted=True) for each in unnested]
    rows = exp.Aliases(this=call("inline", call("arrays_zip", *lists_)), expressions=names)
    others = [each for each in select.expressions if not _is_unnested(each.unalias())]
    select.set("expressions", [*others, rows])


def _is_unnested(node: exp.Expr) -> bool:
    return isinstance(node, exp.Anonymous) and node.name == "EXPLODE"


def _named(name: str) -> Callable[..., E]:
    return lambda *arguments: call(name, *arguments)


_CALLS: dict[str, Callable[..., E]] = {
    "TRY": lambda x: x,
    "arg_max": _by("max_by"),
    "arg_min": _by("min_by"),
    "date_diff": _date_diff,
    "date_sub": _date_sub,
    "epoch": _seconds,
    "epoch_us": _micros,
    "generate_series": lists.series,
    "isodow": lambda x: exp.paren(exp.Add(this=call("weekday", x), expression=literal(1))),
    "kurtosis_pop": _named("kurtosis"),
    "list_position": lambda x, item: call("nullif", call("array_position", x, item), 0),
    "list_reverse": _named("reverse"),
    "list_aggregate": lists.aggregate,
    "list_max": _named("array_max"),
    "list_sum": lambda x: lists.aggregate(x, literal("sum")),
    "make_timestamp": _timestamp,
    "sha256": lambda x: call("sha2", x, 256),
    "strftime": lambda x, form: exp.TimeToStr(this=x, format=form),
    "strlen": _named("octet_length"),
    "struct_extract": lambda x, key: exp.Dot(
        this=x, expression=exp.to_identifier(key.name, quoted=True)
    ),
    "to_microseconds": _for_micros,
    "to_months": lambda x: call("make_ym_interval", 0, x),
    "try_strptime": _strptime,
    "damerau_levenshtein": _named("studio_damerau"),
    "jaro_winkler_similarity": _named("studio_jaro"),
    "levenshtein": lambda x, other: call("levenshtein", _bytes(x), _bytes(other)),
    "nfc_normalize": _named("studio_nfc"),
    "strip_accents": _named("studio_bare"),
    "url_decode": _decoded,
    "url_encode": _encoded,
    "upper": lambda x: call("translate", call("upper", x), _NEW_CAPITALS, _WITHOUT),
    "week": _named("weekofyear"),
    "array_to_string": _named("array_join"),
    "concat": lambda *parts: call("concat_ws", "", *parts),
    "ends_with": _named("endswith"),
    "error": _named("raise_error"),
    "isfinite": _finite,
    "len": _named("array_size"),
    "list_concat": _named("concat"),
    "list_extract": lists.item,
    "list_filter": _named("filter"),
    "list_min": _named("array_min"),
    "list_resize": lists.resize,
    "list_slice": lists.slice,
    "list_transform": _named("transform"),
    "list_value": _named("array"),
    "ltrim": lambda x, *c: call("ltrim", *c, x),
    "map": _named("map_from_arrays"),
    "map_extract_value": _named("try_element_at"),
    "pow": _named("power"),
    "range": lists.whole_range,
    "regexp_extract": lambda x, p, *g: call("regexp_extract", x, _pattern(p), *(g or (0,))),
    "regexp_extract_all": lambda x, p, *g: call("regexp_extract_all", x, _pattern(p), *(g or (0,))),
    "regexp_full_match": lambda x, p: call("rlike", x, _pattern(p, full=True)),
    "regexp_matches": lambda x, p: call("rlike", x, _pattern(p)),
    "regexp_replace": _replaced,
    "rtrim": lambda x, *c: call("rtrim", *c, x),
    "starts_with": _named("startswith"),
    "string_split": _split,
    "string_split_regex": lambda x, p: call("split", x, _pattern(p), -1),
    "strpos": _named("instr"),
    "substr": _named("substring"),
    "trim": lambda x, *c: call("btrim", x, *c) if c else call("trim", x),
    "trunc": _truncated,
    "unnest": _named("explode"),
}
