"""Means and covariances of columns, in one scan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from ..errors import ParameterError
from ..relation import Relation

if TYPE_CHECKING:
    import numpy as np

#: Pairs of so many columns are as many aggregates as one query bears.
MOST = 200


@dataclass(frozen=True)
class Scatter:
    """What second moments tell of columns, of the rows in which none of them is missing."""

    rows: int
    means: np.ndarray[Any, Any]
    #: Of a sample.
    covariance: np.ndarray[Any, Any]

    @classmethod
    def of(cls, relation: Relation, names: Sequence[str], most: int | None = MOST) -> Scatter:
        """One query; raises ParameterError for more than ``most`` columns (None: no limit)."""
        import numpy as np

        if most is not None and len(names) > most:
            right = f"are more columns than {most}: choose fewer, or reduce them in groups"
            raise ParameterError("input_column", f"{len(names)} names", right)
        f = relation.functions
        columns = {str(i): f.figure(relation[name]) for i, name in enumerate(names)}
        whole = relation.select(columns).nested()
        whole = whole.filter(*(whole[each].is_(exp.null()).not_() for each in columns))
        wanted = {f"m{each}": f.mean(whole[each]) for each in columns}
        pairs = list(combinations_with_replacement(columns, 2))
        wanted |= {f"{a},{b}": f.covariance(whole[a], whole[b]) for a, b in pairs}
        values = whole.aggregate({"rows": f.count(), **wanted})
        means = np.array([_float(values[f"m{each}"]) for each in columns])
        covariance = np.zeros((len(names), len(names)))
        for a, b in pairs:
            covariance[int(a), int(b)] = covariance[int(b), int(a)] = _float(values[f"{a},{b}"])
        return cls(int(values["rows"]), means, covariance)

    @property
    def correlation(self) -> np.ndarray[Any, Any]:
        """Pearson's; NaN for columns that do not vary."""
        import numpy as np

        deviations = np.sqrt(np.diag(self.covariance))
        with np.errstate(divide="ignore", invalid="ignore"):
            found = self.covariance / np.outer(deviations, deviations)
        return np.clip(found, -1.0, 1.0)


def inflation(correlation: Any) -> Any:
    """Variance inflation factors; infinite for a column that others make up exactly.

    They are the diagonal of the inverse correlation matrix (Belsley, Kuh and Welsch, 1980).
    """
    import numpy as np

    values, vectors = np.linalg.eigh(correlation)
    # A column has no finite factor where it has a part in a combination that does not vary.
    flat = values < len(values) * np.finfo(float).eps * max(values.max(), 1.0)
    lost = (vectors[:, flat] ** 2).sum(axis=1) > 1e-9
    factors = (vectors[:, ~flat] ** 2 / values[~flat]).sum(axis=1)
    return np.where(lost, np.inf, np.maximum(factors, 1.0))


def _float(value: Any) -> float:
    return float("nan") if value is None else float(value)
