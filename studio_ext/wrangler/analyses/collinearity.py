"""How columns depend on each other: correlation, and three looks at multicollinearity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from .. import types
from ..errors import DataError
from ..operators.base import Choice, Form
from ..operators.parameters import AnyColumn, Parameters, field
from ..operators.scatter import Scatter, inflation
from ..relation import Relation
from .base import Analysis, Findings, analyses, figure, some_rows
from .features import PROBLEMS, matrix, target

if TYPE_CHECKING:
    import numpy as np

#: A variance inflation factor above this is shown as this; above ``HIGH`` it is a warning.
MOST_VIF, HIGH = 50.0, 5.0


def varying(relation: Relation, least: int = 2) -> tuple[list[str], np.ndarray, int]:
    """Numeric columns that vary, their correlations, and the rows in which all are known.

    Raises DataError for fewer columns than ``least``.
    """
    import numpy as np

    names = relation.columns_of(*types.NUMERIC)
    scatter = Scatter.of(relation, names, None)
    there = np.flatnonzero(~np.isnan(np.diag(scatter.correlation)))
    if len(there) < least:
        raise DataError(f"At least {least} numeric columns that vary are needed, not {len(there)}")
    kept = scatter.correlation[np.ix_(there, there)]
    return [names[index] for index in there], kept, scatter.rows


class _Nothing(Parameters):
    pass


class _Lasso(Parameters):
    label: AnyColumn = field("Target column")
    problem_type: Literal["auto", "Regression", "Classification"] = field("Problem", default="auto")
    l1: float = field("Strength of the L1 penalty", default=0.01, gt=0)


class _Correlated(Parameters):
    correlation_type: Literal["linear", "non-linear"] = field("Correlation", default="linear")


def _form(analysis: str) -> Form:
    return Form(
        "sagemaker.visualizations.multicolinearity_0.1", (Choice("analysis", analysis, ""),)
    )


@analyses.add
class VarianceInflation(Analysis[_Nothing]):
    """How well each number follows from the others: 1 not at all, 5 and more is high."""

    number, label = "A06", "Multicollinearity: variance inflation factors"
    form = _form("Variance inflation factors")

    def compute(self, relation: Relation, p: _Nothing) -> Findings:
        names, correlation, _ = varying(relation)
        clipped = [min(float(each), MOST_VIF) for each in inflation(correlation)]
        factors = dict(sorted(zip(names, clipped, strict=True), key=lambda each: -each[1]))
        notes = [f"{name} follows from the others" for name, v in factors.items() if v >= HIGH]
        bars = {"type": "bar", "x": list(factors), "y": list(factors.values())}
        return Findings({"factors": factors}, figure(bars, y="VIF"), tuple(notes))


@analyses.add
class SingularValues(Analysis[_Nothing]):
    """Singular values of the standardised numbers, largest first.

    Where few are large, few columns would do.
    """

    number, label = "A07", "Multicollinearity: principal components"
    form = _form("Principal component analysis")

    def compute(self, relation: Relation, p: _Nothing) -> Findings:
        import numpy as np

        _, correlation, rows = varying(relation)
        # The matrix of the rows, each column of deviation one, has these squared over its rows.
        strengths = np.clip(np.linalg.eigvalsh(correlation)[::-1], 0, None)
        values = [float(each) for each in np.sqrt(strengths * rows)]
        explained = [float(each) for each in strengths / strengths.sum()]
        bars = {"type": "bar", "x": list(range(1, len(values) + 1)), "y": values}
        data = {"singular_values": values, "explained_variance_ratio": explained}
        return Findings(data, figure(bars, x="Component", y="Singular value"))


@analyses.add
class LassoSelection(Analysis[_Lasso]):
    """Which numbers a linear model with an L1 penalty keeps for the target."""

    number, label = "A08", "Multicollinearity: Lasso feature selection"
    form = _form("Lasso feature selection")

    def compute(self, relation: Relation, p: _Lasso) -> Findings:
        import numpy as np
        from sklearn.linear_model import Lasso, LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        names = [each for each in relation.columns_of(*types.NUMERIC) if each != p.label]
        if not names:
            raise DataError("There is no numeric column beside the target")
        rows = some_rows(relation)
        y, problem = target(rows, p.label, p.problem_type)
        x = matrix(rows.select(names), names)
        kept = [index for index, each in enumerate(y) if each is not None]
        x, y = x[kept], [y[index] for index in kept]
        if problem == PROBLEMS[0]:
            model: Any = LogisticRegression(
                l1_ratio=1.0,
                C=1 / (p.l1 * len(y)),
                solver="saga",
                max_iter=5000,
                tol=1e-3,
                random_state=0,
            )
        else:
            model = Lasso(alpha=p.l1)
        fitted = make_pipeline(StandardScaler(), model).fit(x, np.asarray(y))
        weights = np.abs(np.atleast_2d(fitted[-1].coef_)).max(axis=0)
        found = {name: float(each) for name, each in zip(names, weights, strict=True)}
        found = dict(sorted(found.items(), key=lambda each: -each[1]))
        bars = {"type": "bar", "x": list(found), "y": list(found.values())}
        data = {"coefficients": found, "problem_type": problem}
        return Findings(data, figure(bars, y="Absolute coefficient"))


@analyses.add
class FeatureCorrelation(Analysis[_Correlated]):
    """Correlation of every pair of numbers: Pearson's, or Spearman's of their ranks."""

    number, label = "A13", "Feature correlation"
    form = Form("sagemaker.visualizations.feature_correlation_0.1")

    def compute(self, relation: Relation, p: _Correlated) -> Findings:
        import numpy as np

        names = relation.columns_of(*types.NUMERIC)
        if len(names) < 2:
            raise DataError(f"At least 2 numeric columns are needed, not {len(names)}")
        if p.correlation_type == "linear":
            found = Scatter.of(relation, names, None).correlation
        else:
            from scipy.stats import spearmanr

            x = matrix(some_rows(relation).select(names), names)
            both = np.atleast_2d(spearmanr(x).statistic)
            found = both if len(names) > 2 else np.array([[1.0, both[0, 0]], [both[0, 0], 1.0]])
        cells = [[None if each != each else float(each) for each in row] for row in found]
        heat = {"type": "heatmap", "x": names, "y": names, "z": cells, "zmin": -1, "zmax": 1}
        return Findings({"columns": names, "correlations": cells}, figure(heat))
