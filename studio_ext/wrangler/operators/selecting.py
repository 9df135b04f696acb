"""Beyond Data Wrangler: leave out columns that say little, or what others say already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from .. import types
from ..errors import DataError
from ..relation import Relation
from .base import Choice, Form, Operator, Trained
from .catalogue import catalogue
from .figures import by_column, counted, of_columns
from .parameters import AnyColumns, NumericColumns, Parameters, field
from .scatter import Scatter, inflation

GROUP = "Select columns"


def _form(label: str) -> Form:
    return Form("studio.select_columns_0.1", (Choice("operator", label),))


class _Any(Parameters):
    input_column: AnyColumns = field("Columns", "Empty: all.", default=[], min_length=0)


class _Numbers(Parameters):
    input_column: NumericColumns = field("Columns", "Empty: all numbers.", default=[], min_length=0)


P = TypeVar("P", bound=Parameters)


class _Dropping(Operator[P]):
    """Learns which columns go."""

    group = GROUP

    def dropped(self, relation: Relation, p: P) -> list[str]:
        """The columns to leave out."""
        raise NotImplementedError(type(self).__name__)

    def fit(self, relation: Relation, p: P) -> Trained:
        return {"dropped": self.dropped(relation, p)}

    def apply(self, relation: Relation, p: P, trained: Trained | None) -> Relation:
        assert trained is not None
        return relation.drop(name for name in trained["dropped"] if name in relation)


def _numeric(relation: Relation, p: _Numbers) -> list[str]:
    return p.input_column or relation.columns_of(*types.NUMERIC)


def _figures(relation: Relation, names: Sequence[str], **wanted: Any) -> dict[str, dict[str, Any]]:
    """Figures of each column, given as functions of its expression."""
    found = of_columns(
        names, lambda name: {key: make(relation[name]) for key, make in wanted.items()}
    )
    return by_column(names, relation.aggregate(found))


class _Varying(_Numbers):
    threshold: float = field("Least variance", "It has to be above it.", default=0.0, ge=0)


@catalogue.add
class DropLowVariance(_Dropping[_Varying]):
    """Leave out columns whose variance (of the population) is not above a threshold.

    As scikit-learn's VarianceThreshold; columns without a value go too.
    """

    number, label = "X311", "Drop columns of low variance"
    form = _form("Drop low variance")
    variants = ("variance threshold",)

    def dropped(self, relation: Relation, p: _Varying) -> list[str]:
        f, names = relation.functions, _numeric(relation, p)
        found = _figures(
            relation,
            names,
            variance=lambda x: f.variance(f.figure(x)),
            n=lambda x: f.count(f.figure(x)),
        )

        def population(each: dict[str, Any]) -> float:
            return (each["variance"] or 0.0) * (each["n"] - 1) / each["n"] if each["n"] else 0.0

        return [name for name in names if population(found[name]) <= p.threshold]


class _Constant(_Any):
    fraction: float = field(
        "Part of the rows that have one value", "1: all of them.", default=1.0, gt=0, le=1
    )


@catalogue.add
class DropConstant(_Dropping[_Constant]):
    """Leave out columns in which one value, or none, is that of so many of the rows.

    Missing counts as a value of its own.
    """

    number, label = "X312", "Drop constant columns"
    form = _form("Drop constant")
    variants = ("constant", "near constant")

    def dropped(self, relation: Relation, p: _Constant) -> list[str]:
        f, names = relation.functions, p.input_column or relation.columns
        found = _figures(
            relation, names, n=lambda x: f.count(x), values=lambda x: f.distinct(f.text(x))
        )
        rows = relation.count()
        gone = []
        for name in names:
            missing, values = rows - found[name]["n"], found[name]["values"]
            if not rows:
                continue
            if p.fraction == 1.0:
                constant = values + (missing > 0) <= 1
            else:
                # What differs in more values than the fraction leaves room for needs no counting.
                many = values - 1 > rows * (1 - p.fraction) + 1e-6
                most = max([missing, *([] if many else _counts(relation, name))])
                constant = most >= p.fraction * rows
            gone += [name] if constant else []
        return gone


def _counts(relation: Relation, name: str) -> list[int]:
    return list(counted(relation, name).values())


class _Missing(_Any):
    threshold: float = field(
        "Largest part missing", "Columns that lack more go.", default=0.5, ge=0, lt=1
    )


@catalogue.add
class DropHighMissing(_Dropping[_Missing]):
    """Leave out columns of which more than a part of the rows is missing."""

    number, label = "X313", "Drop columns with many missing values"
    form = _form("Drop high missing")
    variants = ("missing threshold",)

    def dropped(self, relation: Relation, p: _Missing) -> list[str]:
        f, names = relation.functions, p.input_column or relation.columns
        found = _figures(relation, names, n=lambda x: f.count(x), rows=lambda x: f.count())
        return [
            name
            for name in names
            if found[name]["rows"] - found[name]["n"] > p.threshold * found[name]["rows"]
        ]


@catalogue.add
class DropDuplicateColumns(_Dropping[_Any]):
    """Leave out columns that equal an earlier one of the same type in every row.

    Missing equals missing.
    """

    number, label = "X314", "Drop duplicate columns"
    form = _form("Drop duplicate columns")
    variants = ("duplicates",)

    def dropped(self, relation: Relation, p: _Any) -> list[str]:
        f, names = relation.functions, p.input_column or relation.columns
        # Columns that differ in these can be no copies: few pairs are left to compare.
        found = _figures(
            relation,
            names,
            n=lambda x: f.count(x),
            least=lambda x: f.least(f.text(x)),
            most=lambda x: f.most(f.text(x)),
        )
        alike: dict[Any, list[str]] = {}
        for name in names:
            key = (str(relation.schema[name]), *found[name].values())
            alike.setdefault(key, []).append(name)
        pairs = [(a, b) for group in alike.values() for i, b in enumerate(group) for a in group[:i]]
        differing = {
            str(i): f.count_where(f.differs(relation[a], relation[b]))
            for i, (a, b) in enumerate(pairs)
        }
        counts = relation.aggregate(differing)
        same = {b for i, (_, b) in enumerate(pairs) if counts[str(i)] == 0}
        return [name for name in names if name in same]


class _Correlated(_Numbers):
    threshold: float = field("Largest correlation", "By absolute value.", default=0.95, gt=0, le=1)


@catalogue.add
class DropHighCorrelation(_Dropping[_Correlated]):
    """Leave out columns that correlate with an earlier one that stays by more than a threshold.

    Pearson's, of the rows in which none of the columns is missing.
    """

    number, label = "X315", "Drop columns of high correlation"
    form = _form("Drop high correlation")
    variants = ("correlation threshold",)

    def dropped(self, relation: Relation, p: _Correlated) -> list[str]:
        names = _numeric(relation, p)
        correlation = Scatter.of(relation, names).correlation
        kept: list[int] = []
        for index in range(len(names)):
            if not any(abs(correlation[index, other]) > p.threshold for other in kept):
                kept.append(index)
        return [name for index, name in enumerate(names) if index not in kept]


class _Inflated(_Numbers):
    threshold: float = field("Largest variance inflation factor", default=5.0, ge=1)


@catalogue.add
class DropHighVIF(_Dropping[_Inflated]):
    """Leave out the column of the highest variance inflation factor until all are low enough.

    A column's factor, 1 / (1 - R2) of its regression (with intercept) on the others, is its entry
    on the diagonal of the inverse correlation matrix. Rows that lack a value do not count; columns
    that do not vary, which have no factor, stay. Of equal factors the earlier column goes.
    """

    number, label = "X316", "Drop columns of high VIF"
    form = _form("Drop high VIF")
    variants = ("iterative",)

    def dropped(self, relation: Relation, p: _Inflated) -> list[str]:
        import numpy as np

        names = _numeric(relation, p)
        if not names:
            return []
        scatter = Scatter.of(relation, names)
        if scatter.rows < 2:
            raise DataError("input_column: there are no two rows without a missing value")
        left = [i for i in range(len(names)) if scatter.covariance[i, i] > 0]
        gone = []
        while len(left) > 1:
            factors = inflation(scatter.correlation[np.ix_(left, left)])
            worst = int(factors.argmax())
            if factors[worst] <= p.threshold:
                break
            gone.append(left.pop(worst))
        return [name for index, name in enumerate(names) if index in gone]
