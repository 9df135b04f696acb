"""Dimensionality reduction: principal components."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from sqlglot import exp

from ..errors import DataError, ParameterError
from ..relation import Relation
from .base import Choice, Form, Operator, Trained
from .catalogue import catalogue
from .parameters import NewColumn, NumericColumns, Parameters, When, field
from .scatter import Scatter

if TYPE_CHECKING:
    import numpy as np

PREFIX = "pca"


class _Reduced(Parameters):
    input_column: NumericColumns = field("Columns")
    number_of_components: int | None = field(
        "Components", "Empty: as many as the variance threshold needs.", default=None, ge=1
    )
    variance_threshold: float = field(
        "Variance to keep",
        "Percent.",
        default=95.0, gt=0, le=100,
        when=When("number_of_components", given=False),
    )  # fmt: skip
    center: bool = field("Subtract the mean", default=True)
    scale: bool = field("Divide by the standard deviation", default=True)
    output_style: Literal["Vector", "Columns"] = field("Output", default="Columns")
    output_column: NewColumn = field("Output column or prefix", default="")
    keep_input_columns: bool = field("Keep the input columns", default=True)


@catalogue.add
class PCA(Operator[_Reduced]):
    """Replace columns by fewer that do not correlate and keep most of the variance.

    Components are eigenvectors of the covariance (scaled: correlation) matrix of the rows without a
    missing value, by descending eigenvalue; the entry of a component that is largest by absolute
    value is positive. Scaling divides by the deviation of a sample. Rows that are not centered are
    projected on the same components. A row with a missing value has no components.
    """

    number, group, label = "T014", "Dimensionality reduction", "PCA"
    form = Form("sagemaker.spark.dimensionality_reduction_0.1", (Choice("operator", "PCA"),))
    variants = ("k components", "variance threshold", "no center", "no scale", "columns", "vector")

    def fit(self, relation: Relation, p: _Reduced) -> Trained:
        import numpy as np

        if p.number_of_components and p.number_of_components > len(p.input_column):
            right = f"is more than the columns, {len(p.input_column)}"
            raise ParameterError("number_of_components", p.number_of_components, right)
        scatter = Scatter.of(relation, p.input_column)
        if scatter.rows < 2:
            raise DataError("input_column: there are no two rows without a missing value")
        deviations = np.sqrt(np.diag(scatter.covariance))
        scales = np.where(deviations > 0, deviations, 1.0) if p.scale else np.ones_like(deviations)
        values, vectors = np.linalg.eigh(scatter.covariance / np.outer(scales, scales))
        values, vectors = np.clip(values[::-1], 0, None), vectors[:, ::-1]
        kept = vectors[:, : p.number_of_components or _needed(values, p.variance_threshold)]
        signs = np.sign(kept[np.abs(kept).argmax(axis=0), range(kept.shape[1])])
        return {
            "mean": scatter.means.tolist(),
            "scale": scales.tolist(),
            "components": (kept * signs).T.tolist(),
            "explained_variance": values.tolist(),
        }

    def apply(self, relation: Relation, p: _Reduced, trained: Trained | None) -> Relation:
        assert trained
        f = relation.functions
        found = [self._projected(relation, p, trained, each) for each in trained["components"]]
        prefix = p.output_column or PREFIX
        if p.output_style == "Vector":
            there = exp.and_(*(relation[name].is_(exp.null()).not_() for name in p.input_column))
            made = {prefix: f.when(there, f.vector(found))}
        else:
            made = {f"{prefix}_{index}": each for index, each in enumerate(found)}
        wider = relation.with_columns(made)
        gone = [] if p.keep_input_columns else [n for n in p.input_column if n not in made]
        return wider.drop(gone)

    def _projected(
        self, relation: Relation, p: _Reduced, trained: Trained, component: list[float]
    ) -> exp.Expr:
        """Sum of (x - mean) / scale * weight, with all that is constant brought together."""
        f = relation.functions
        weights = [w / scale for w, scale in zip(component, trained["scale"], strict=True)]
        shift = -sum(w * m for w, m in zip(weights, trained["mean"], strict=True))
        total: Any = f.constant(float(shift) if p.center else 0.0)
        for name, weight in zip(p.input_column, weights, strict=True):
            total = f.add(total, f.multiply(f.number(relation[name]), float(weight)))
        return total


def _needed(values: np.ndarray[Any, Any], percent: float) -> int:
    """How many eigenvalues make up so many percent of their sum."""
    total = float(values.sum())
    kept = 0.0
    for index, value in enumerate(values):
        kept += float(value)
        if kept >= total * percent / 100 * (1 - 1e-12):
            return index + 1
    return len(values)
