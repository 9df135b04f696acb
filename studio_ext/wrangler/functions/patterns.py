"""Regular expressions: RE2's, on every engine.

No look-around and no back-references in the pattern, so that each takes time linear in its text.
``\\d``, ``\\w`` and ``\\s`` mean ASCII; ``.`` is no line's end, and ``$`` is the end of the text
alone.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from sqlglot import exp

from .building import Builder, E, call

if TYPE_CHECKING:
    import duckdb

_LOOK = re.compile(r"(?<!\\)(?:\\\\)*\(\?(?:<?[=!]|>)")
_REFERENCE = re.compile(r"(?<!\\)(?:\\\\)*\\(?:[1-9]|k<)")
_ESCAPED = re.compile(r"\\([^\w\s])", re.ASCII)
_DOLLAR = re.compile(r"\\\\|\\\$|\$([0-9])")
_SPECIAL = re.compile(r"[\\^$.|?*+(){}\[\]]")


@functools.cache
def _connection() -> duckdb.DuckDBPyConnection:
    import duckdb

    return duckdb.connect()


def problem(pattern: str, replacement: str = "") -> str | None:
    """What is wrong with a pattern, or with a replacement for what it matches; nothing: None."""
    import duckdb

    if _LOOK.search(pattern):
        return "looks around or ahead: RE2's regular expressions cannot ((?=, (?!, (?<=, (?<!, (?>)"
    if _REFERENCE.search(pattern):
        return "refers back to a group: RE2's regular expressions cannot within the pattern"
    try:
        with _connection().cursor() as cursor:
            cursor.execute("SELECT regexp_replace('', ?, ?, 'g')", [pattern, replacement])
    except duckdb.Error as error:
        return f"is no regular expression of RE2: {str(error).partition(': ')[2]}"
    return None


def quoted(text: str) -> str:
    """A pattern that matches just this text."""
    return re.escape(text)


def dollars(replacement: str) -> str:
    """A replacement whose groups are Java's, ``$1``, with RE2's, ``\\1``; ``\\$`` is a dollar."""

    def one(match: re.Match[str]) -> str:
        if match[1]:
            return rf"\{match[1]}"
        return "$" if match[0] == r"\$" else match[0]

    return _DOLLAR.sub(one, replacement)


def groups(pattern: str) -> int:
    """How many groups a pattern has that has no ``problem``; RE2 takes back nine at most."""
    return max((each for each in range(1, 10) if problem(pattern, f"\\{each}") is None), default=0)


def plain(pattern: str) -> str | None:
    """The text that a pattern matches where it matches just one; None for any other.

    >>> plain(r"emp\\.var"), plain("a|b")
    ('emp.var', None)
    """
    text = _ESCAPED.sub(r"\1", pattern)
    return text if text and not _SPECIAL.search(_ESCAPED.sub("", pattern)) else None


class Patterns(Builder):
    """Regular expressions."""

    def regexp_replace(self, x: E, pattern: str, replacement: str) -> E:
        """Every match replaced; ``\\1`` stands for the first group."""
        text = plain(pattern)
        if text is not None and "\\" not in replacement:
            # A tenth of a pattern's time, and once for each entry of a column's dictionary.
            return call("replace", x, text, replacement)
        return call("regexp_replace", x, pattern, replacement, "g")

    def regexp_matches(self, x: E, pattern: str) -> E:
        """Whether some part matches."""
        return call("regexp_matches", x, pattern)

    def regexp_all(self, x: E, pattern: str) -> E:
        """All matches that do not overlap, as a list of texts."""
        return call("regexp_extract_all", x, pattern)

    def regexp_split(self, x: E, pattern: str) -> E:
        """A list of the parts between matches; some may be empty."""
        return call("string_split_regex", x, pattern)

    def regexp_count(self, x: E, pattern: str) -> E:
        """How many matches there are that do not overlap."""
        return call("len", self.regexp_all(x, pattern))

    def regexp_extract(self, x: E, pattern: str, group: int = 0) -> E:
        """The first match, or a group of it; missing where nothing matches."""
        found = call("regexp_extract", x, pattern, group)
        return exp.case().when(self.regexp_matches(x, pattern), found).else_(exp.null())
