"""Aggregates of all rows, or of groups."""

from __future__ import annotations

from sqlglot import exp

from .building import E, call
from .numbers import Numbers


class Aggregates(Numbers):
    """Aggregates; what is missing does not count."""

    def mean(self, x: E) -> E:
        """The mean, as a float."""
        return exp.Avg(this=self.number(x))

    def deviation(self, x: E) -> E:
        """Standard deviation of a sample."""
        return call("stddev_samp", self.number(x))

    def frequencies(self, x: E) -> E:
        """Value -> how often it occurs, as a map; what is missing does not count."""
        return call("histogram", x)

    def least(self, x: E) -> E:
        """The smallest value."""
        return exp.Min(this=x.copy())

    def most(self, x: E) -> E:
        """The largest value."""
        return exp.Max(this=x.copy())

    def quantile(self, x: E, q: float) -> E:
        """The interpolated quantile ``q`` of 0 to 1."""
        return call("quantile_cont", self.number(x), q)
