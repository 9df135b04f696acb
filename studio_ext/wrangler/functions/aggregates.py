"""Aggregates of all rows, or of groups."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from .building import E, call, literal
from .numbers import Numbers


class Aggregates(Numbers):
    """Aggregates; what is missing does not count."""

    def mean(self, x: E) -> E:
        """The mean, as a float."""
        return exp.Avg(this=self.number(x))

    def deviation(self, x: E) -> E:
        """Standard deviation of a sample."""
        return call("stddev_samp", self.number(x))

    def variance(self, x: E) -> E:
        """Variance of a sample."""
        return call("var_samp", self.number(x))

    def population_variance(self, x: E) -> E:
        """Variance of the population."""
        return call("var_pop", self.number(x))

    def covariance(self, x: E, y: E) -> E:
        """Covariance of a sample, of the rows in which neither is missing."""
        return call("covar_samp", self.number(x), self.number(y))

    def count(self, x: E | None = None) -> E:
        """How many rows have a value; without ``x``, how many there are."""
        return exp.Count(this=exp.Star() if x is None else x.copy())

    def count_where(self, condition: E) -> E:
        """How many rows the condition is true for."""
        return exp.Count(this=exp.case().when(condition.copy(), exp.Literal.number(1)))

    def total(self, x: E) -> E:
        """The sum, as a float; missing where there is no value."""
        return exp.Sum(this=self.number(x))

    def distinct(self, x: E) -> E:
        """How many different values there are, exactly."""
        return exp.Count(this=exp.Distinct(expressions=[x.copy()]))

    def frequencies(self, x: E) -> E:
        """Value -> how often it occurs, as a map; what is missing does not count."""
        return call("histogram", x)

    def listed(self, x: E, *, distinct: bool = False) -> E:
        """The values in a list, missing ones left out; an empty list of none."""
        values: E = exp.Distinct(expressions=[x.copy()]) if distinct else x.copy()
        there = exp.Where(this=exp.not_(x.copy().is_(exp.null())))
        found = exp.Filter(this=exp.ArrayAgg(this=values), expression=there)
        return exp.Coalesce(this=found, expressions=[exp.Array(expressions=[])])

    def least(self, x: E) -> E:
        """The smallest value."""
        return exp.Min(this=x.copy())

    def most(self, x: E) -> E:
        """The largest value."""
        return exp.Max(this=x.copy())

    def quantile(self, x: E, q: float) -> E:
        """The interpolated quantile ``q`` of 0 to 1."""
        return call("quantile_cont", self.number(x), q)

    def correlation(self, x: E, y: E) -> E:
        """Pearson's correlation of two numbers; missing where one of them does not vary."""
        return self.finite(call("corr", self.number(x), self.number(y)))

    def gathered(self, x: E, *order: E) -> E:
        """A list of the group's values in that order."""
        keys = [exp.Ordered(this=each.copy(), nulls_first=False) for each in order]
        return call("list", exp.Order(this=x.copy(), expressions=keys) if keys else x)

    def quantiles(self, x: E, qs: Sequence[float]) -> E:
        """Interpolated quantiles, as a list; missing where there is no value."""
        return call("quantile_cont", self.number(x), exp.array(*(literal(q) for q in qs)))

    def roughly_distinct(self, x: E) -> E:
        """How many different values there are, within some per cent (HyperLogLog)."""
        return call("approx_count_distinct", x)

    def skewness(self, x: E) -> E:
        """Skewness of the population; missing where there are fewer than three values."""
        # The engine's is a sample's, corrected by sqrt(n (n - 1)) / (n - 2).
        n = self.number(exp.Count(this=x.copy()))
        corrected = self.divide(
            self.subtract(n, 2.0), call("sqrt", self.multiply(n, self.subtract(n, 1.0)))
        )
        return self.finite(self.multiply(call("skewness", self.number(x)), corrected))

    def kurtosis(self, x: E) -> E:
        """Kurtosis of the population in excess of a normal distribution's."""
        return self.finite(call("kurtosis_pop", self.number(x)))

    def deviation_of_all(self, x: E) -> E:
        """Standard deviation of a population."""
        return call("stddev_pop", self.number(x))

    def variance_of_all(self, x: E) -> E:
        """Variance of a population."""
        return call("var_pop", self.number(x))

    def median(self, x: E) -> E:
        """The interpolated median."""
        return self.quantile(x, 0.5)

    def mode(self, x: E) -> E:
        """The value that occurs most often, of several the smallest."""
        return self.most_frequent(self.frequencies(x))

    def most_frequent(self, counts: E) -> E:
        """Of ``frequencies``: the value that occurs most often, of several the smallest."""
        numbers = call("map_values", counts)
        place = call("list_position", numbers, call("list_max", numbers))
        return call("list_extract", call("map_keys", counts), place)

    def earliest(self, x: E, order: E) -> E:
        """The value of the row that comes first in order, of those that have one."""
        return call("arg_min", x, order)

    def latest(self, x: E, order: E) -> E:
        """The value of the row that comes last in order, of those that have one."""
        return call("arg_max", x, order)
