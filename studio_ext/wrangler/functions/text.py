"""Text."""

from __future__ import annotations

from .building import Builder, E, call


class Text(Builder):
    """Text; positions are counted from one, expressions are RE2's."""

    def regexp_replace(self, x: E, pattern: str, replacement: str) -> E:
        """Every match replaced; ``\\1`` stands for the first group."""
        return call("regexp_replace", x, pattern, replacement, "g")

    def regexp_matches(self, x: E, pattern: str) -> E:
        """Whether some part matches."""
        return call("regexp_matches", x, pattern)

    def replace(self, x: E, old: str, new: str) -> E:
        """Every occurrence of a plain text replaced."""
        return call("replace", x, old, new)

    def length(self, x: E) -> E:
        """Characters."""
        return call("length", x)
