"""Text: finding, cutting, padding, splitting, as Python's ``str`` methods do."""

from __future__ import annotations

from sqlglot import exp

from .building import E, call, literal
from .characters import SPACE, SPACES
from .patterns import Patterns, quoted


def _plus(x: E | int, y: E | int) -> E:
    if isinstance(x, int) and isinstance(y, int):
        return literal(x + y)
    left, right = (literal(each) if isinstance(each, int) else each.copy() for each in (x, y))
    return exp.paren(exp.Add(this=left, expression=right))


class Text(Patterns):
    """Text; a character is a code point, and positions are counted from one."""

    def length(self, x: E) -> E:
        """Characters."""
        return call("length", x)

    def concat(self, *parts: E | str) -> E:
        """One after the other; missing where one is."""
        first, *rest = (literal(each) if isinstance(each, str) else each.copy() for each in parts)
        for each in rest:
            first = exp.DPipe(this=first, expression=each, safe=True)
        return exp.paren(first)

    def replace(self, x: E, old: str, new: str) -> E:
        """Every occurrence of a plain text replaced."""
        return call("replace", x, old, new)

    def remove(self, x: E, characters: str) -> E:
        """Without any of these characters."""
        return call("translate", x, characters, "")

    def strip(self, x: E, characters: str = "", side: str = "both") -> E:
        """Without these characters (none given: white space) at the ``left``, ``right`` or both."""
        name = {"both": "trim", "left": "ltrim", "right": "rtrim"}[side]
        return call(name, x, characters or SPACES)

    def sha256(self, x: E) -> E:
        """The SHA-256 sum of the text's UTF-8, in 64 hexadecimal digits."""
        return call("sha256", x)

    # -- by position --------------------------------------------------------------------------

    def substring(self, x: E, start: E | int, length: E | int | None = None) -> E:
        """From ``start`` (one or more), to the end or so many characters; less where x ends."""
        return call("substr", x, start, *([] if length is None else [length]))

    def pad(self, x: E, width: int, fill: str, side: str) -> E:
        """Filled up at the ``left`` or ``right`` to ``width``, or cut at the right to it."""
        return call("lpad" if side == "left" else "rpad", x, width, fill)

    def center(self, x: E, width: int, fill: str) -> E:
        """Filled up on both sides to ``width`` or cut to it; Python decides on the odd place."""
        length = self.length(x)
        missing = exp.Sub(this=literal(width), expression=length)
        odd = literal(1 if width % 2 else 0)
        # Of an odd number of places, the left gets one more where the width is odd.
        more = exp.Mul(
            this=exp.paren(exp.Mod(this=exp.paren(missing), expression=literal(2))), expression=odd
        )
        half = call("floor", exp.Div(this=exp.paren(missing.copy()), expression=literal(2.0)))
        left = exp.cast(half, "BIGINT")
        filled = call("concat", call("repeat", fill, exp.Add(this=left, expression=more)), x)
        shorter = exp.LT(this=length.copy(), expression=literal(width))
        return self.pad(exp.case().when(shorter, filled).else_(x.copy()), width, fill, "right")

    # -- finding ------------------------------------------------------------------------------

    def contains(self, x: E, part: E | str) -> E:
        """Whether ``part`` occurs."""
        return call("contains", x, part)

    def starts_with(self, x: E, part: E | str) -> E:
        """Whether x begins with ``part``."""
        return call("starts_with", x, part)

    def ends_with(self, x: E, part: E | str) -> E:
        """Whether x ends with ``part``."""
        return call("ends_with", x, part)

    def position(self, x: E, part: E | str) -> E:
        """Where ``part`` first begins; 0 where it does not occur."""
        return call("strpos", x, part)

    def last_position(self, x: E, part: str) -> E:
        """Where ``part`` last begins; 0 where it does not occur."""
        before = call("regexp_extract", x, f"(?s)^(.*){quoted(part)}", 1)
        found = _plus(self.length(before), 1)
        # Not ELSE: what is missing has no position.
        absent = exp.not_(self.contains(x, part))
        return exp.case().when(self.contains(x, part), found).when(absent, literal(0))

    # -- splitting ----------------------------------------------------------------------------

    def split(self, x: E, separator: str, most: int | None = None) -> E:
        """A list of the parts between separators; after ``most`` splits the rest stays whole."""
        parts = call("string_split", x, separator)
        if most is None:
            return parts
        rest = call("array_to_string", call("list_slice", parts, most + 1, -1), separator)
        return self._at_most(parts, rest, most)

    def words(self, x: E, most: int | None = None) -> E:
        """A list of the parts between white space; none is empty."""
        parts = self.regexp_all(x, f"[^{SPACE}]+")
        if most is None:
            return parts
        start = f"^(?:[^{SPACE}]+[{SPACE}]+){{{most}}}" if most else "^"
        rest = call("regexp_replace", self.strip(x, side="left"), start, "")
        return self._at_most(parts, rest, most)

    def _at_most(self, parts: E, rest: E, most: int) -> E:
        more = exp.GT(this=call("len", parts), expression=literal(most))
        first = call("list_slice", parts, 1, most)
        cut = (
            call("list_concat", first, call("list_value", rest))
            if most
            else call("list_value", rest)
        )
        return exp.case().when(more, cut).else_(parts.copy())
