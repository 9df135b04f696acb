"""Filter patterns over unstructured text: terms, phrases, `-excluded` and `?optional` ones."""

from __future__ import annotations

import re
from collections.abc import Callable

from .source import invalid

_TERM = re.compile(r'\s*([?-]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))(?=\s|$)')
Matches = Callable[[str], bool]


def compile_pattern(pattern: str) -> Matches:
    """A test for a message; terms are matched anywhere in it and with their letter case.

    All plain terms must be there and no excluded one. Of optional terms one must be there,
    unless there are plain or excluded terms, beside which they do not count.
    """
    pattern = pattern.strip()
    if pattern[:1] in ("{", "["):
        kind = "JSON" if pattern[0] == "{" else "space-delimited"
        raise invalid(f"Studio does not evaluate {kind} filter patterns; use terms and phrases.")
    if re.match(r"[?-]?%", pattern):
        raise invalid("Studio does not evaluate regular expressions in filter patterns.")
    terms = _terms(pattern)
    wanted = [text for sign, text in terms if sign == ""]
    excluded = [text for sign, text in terms if sign == "-"]
    optional = [text for sign, text in terms if sign == "?"]
    if wanted or excluded or not optional:
        return lambda message: (
            all(text in message for text in wanted)
            and not any(text in message for text in excluded)
        )
    return lambda message: any(text in message for text in optional)


def _terms(pattern: str) -> list[tuple[str, str]]:
    """(sign, text) of each term."""
    terms: list[tuple[str, str]] = []
    position = 0
    while position < len(pattern):
        match = _TERM.match(pattern, position)
        if match is None:
            raise invalid(f"Invalid filter pattern: {pattern[position:].strip()}")
        sign, quoted, plain = match.groups()
        terms.append((sign, plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)))
        position = match.end()
    return terms
