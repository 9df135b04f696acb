"""Letters: their case, and what kinds of characters a text is made of.

The meaning is that of Python's ``str`` methods, for all of Unicode.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping

from sqlglot import exp

from . import characters
from .building import Builder, E, call

_SWAPPED = string.ascii_lowercase + string.ascii_uppercase
_ASCII = string.ascii_uppercase + string.ascii_lowercase


def _any(characters: str) -> str:
    return f"[{characters}]"


class Letters(Builder):
    """Case, and kinds of characters."""

    def upper(self, x: E) -> E:
        """Capitals; a letter without one may become two: ``ß`` is ``SS``."""
        special = call("regexp_matches", x, _any("".join(characters.upper_as())))
        spelled = self.each_character(x, lambda c: self._mapped(c, characters.upper_as()))
        return exp.case().when(special, spelled).else_(call("upper", x))

    def lower(self, x: E) -> E:
        """Small letters; a sigma at the end of a word is ``ς``, and ``İ`` keeps its dot."""
        dotted = call("replace", x, "\u0130", "i\u0307")
        ended = call("regexp_replace", dotted, characters.LAST_SIGMA, "\\1\u03c2\\2", "g")
        # Not a pattern: the engine looks for a plain text in a tenth of the time.
        special = exp.or_(call("contains", x, "\u0130"), call("contains", x, "\u03a3"))
        return exp.case().when(special, call("lower", ended)).else_(call("lower", x))

    def capitalize(self, x: E) -> E:
        """The first character as a title has it, the rest small."""
        first = call("substr", x, 1, 1)
        rest = call("substr", self.lower(x), self._after(self.lower(first)))
        return exp.paren(
            exp.DPipe(this=self._mapped(first, characters.title_as()), expression=rest, safe=True)
        )

    def initcap(self, x: E) -> E:
        """Every word with a capital first, the rest small; words are parted by blanks."""
        c = exp.to_identifier("w")
        words = exp.Lambda(this=self.capitalize(c), expressions=[c.copy()])
        parts = call("list_transform", call("string_split", x, " "), words)
        return call("array_to_string", parts, " ")

    def swapcase(self, x: E) -> E:
        """Small letters for capitals and capitals for small letters; every sigma becomes ``σ``."""

        def swapped(c: E) -> E:
            upper = call("regexp_matches", c, _any(characters.UPPER))
            lower = call("regexp_matches", c, _any(characters.LOWER))
            small = call("lower", call("replace", c, "\u0130", "i\u0307"))
            big = self._mapped(c, characters.upper_as())
            return exp.case().when(upper, small).when(lower, big).else_(c.copy())

        plain = call("regexp_full_match", x, r"[\x{0}-\x{7F}]*")
        spelled = self.each_character(x, swapped)
        return exp.case().when(plain, call("translate", x, _ASCII, _SWAPPED)).else_(spelled)

    def only(self, x: E, characters: str) -> E:
        """Whether there are characters, and all are of a class (:mod:`.characters`)."""
        return call("regexp_full_match", x, f"[{characters}]+")

    def is_upper(self, x: E) -> E:
        """Whether some letter is a capital, and none is another that has a case."""
        return self._cased(x, characters.UPPER, characters.LOWER)

    def is_lower(self, x: E) -> E:
        """Whether some letter is small, and none is another that has a case."""
        return self._cased(x, characters.LOWER, characters.UPPER)

    def is_title(self, x: E) -> E:
        """Whether there are words, and each has a capital at its beginning and nowhere else."""
        first = _any(characters.UPPER + characters.TITLE)
        other = f"[^{characters.UPPER}{characters.LOWER}{characters.TITLE}]"
        word = f"{first}[{characters.LOWER}]*"
        return call("regexp_full_match", x, f"{other}*{word}(?:{other}+{word})*{other}*")

    def each_character(self, x: E, build: Callable[[E], E]) -> E:
        """Text put together of what ``build`` makes of each character."""
        c = exp.to_identifier("c")
        made = exp.Lambda(this=build(c), expressions=[c.copy()])
        parts = call("list_transform", call("string_split", x, ""), made)
        return call("array_to_string", parts, "")

    def reverse(self, x: E) -> E:
        """The characters backwards."""
        return call("array_to_string", call("list_reverse", call("string_split", x, "")), "")

    def _cased(self, x: E, wanted: str, other: str) -> E:
        there = call("regexp_matches", x, _any(wanted))
        wrong = call("regexp_matches", x, _any(other + characters.TITLE))
        return exp.and_(there, exp.not_(wrong))

    def _mapped(self, c: E, special: Mapping[str, str]) -> E:
        keys, values = (
            exp.Array(expressions=[exp.convert(e) for e in each])
            for each in (special, special.values())
        )
        found = call("map_extract_value", call("map", keys, values), c)
        return exp.Coalesce(this=found, expressions=[call("upper", c)])

    def _after(self, x: E) -> E:
        return exp.Add(this=call("length", x), expression=exp.convert(1))
