"""Lists and vectors."""

from __future__ import annotations

from collections.abc import Sequence

from .building import E, call
from .numbers import Numbers


class Lists(Numbers):
    """Lists; items are counted from one."""

    def vector(self, items: Sequence[E]) -> E:
        """A list of floats."""
        return call("list_value", *(self.number(each) for each in items))

    def item(self, x: E, position: int) -> E:
        """The item at ``position``, counted from one; missing past the end."""
        return call("list_extract", x, position)
