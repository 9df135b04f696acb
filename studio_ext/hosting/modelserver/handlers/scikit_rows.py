"""scikit-learn models that predict many rows bit for bit as they predict each row alone.

Two kinds do. Trees, and what only scales, fills or picks values, work through every row by itself.
Linear models multiply by coefficients, and a BLAS sums a product of several rows in another order
than that of one row; so here each request's rows are multiplied by a call of their own, the very
call that ``predict`` would make for them. It leaves out the checks that ``predict`` makes before,
nine tenths of its time, and makes the same ones more cheaply: what they would refuse is left to
``predict``, which says why. Whether the library really computes so is tried on each model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import batching

_ROW_BY_ROW = {
    "sklearn.tree._classes": "DecisionTreeClassifier DecisionTreeRegressor ExtraTreeClassifier "
    "ExtraTreeRegressor",
    "sklearn.ensemble._forest": "RandomForestClassifier RandomForestRegressor ExtraTreesClassifier "
    "ExtraTreesRegressor",
    "sklearn.ensemble._gb": "GradientBoostingClassifier GradientBoostingRegressor",
    "sklearn.ensemble._hist_gradient_boosting.gradient_boosting": "HistGradientBoostingClassifier "
    "HistGradientBoostingRegressor",
}
_LINEAR = {
    "sklearn.linear_model._logistic": "LogisticRegression LogisticRegressionCV",
    "sklearn.linear_model._base": "LinearRegression",
    "sklearn.linear_model._ridge": "Ridge RidgeCV",
    "sklearn.linear_model._coordinate_descent": "Lasso LassoCV ElasticNet ElasticNetCV",
    "sklearn.linear_model._stochastic_gradient": "SGDClassifier SGDRegressor",
    "sklearn.svm._classes": "LinearSVC LinearSVR",
}
_TRANSFORMERS = {
    "sklearn.preprocessing._data": "StandardScaler MinMaxScaler MaxAbsScaler RobustScaler",
    "sklearn.impute._base": "SimpleImputer",
}
_FLOATS = (np.dtype("float32"), np.dtype("float64"))


def together(model: Any) -> batching.Together | None:
    """How the model predicts several requests at once; None when it cannot be known to."""
    last, transform = model, None
    if _is(model, {"sklearn.pipeline": "Pipeline"}):
        *before, (_, last) = model.steps
        if not all(step in (None, "passthrough") or _is(step, _TRANSFORMERS) for _, step in before):
            return None
        transform = model[:-1].transform if before else None
    if _is(last, _ROW_BY_ROW):
        # With several threads a forest sums its trees in whatever order they finish.
        return batching.stacked(model.predict) if _single_threaded(last) else None
    if _is(last, _LINEAR) and type(getattr(last, "coef_", None)) is np.ndarray:
        try:
            linear = Linear(last)
            return _after(transform, linear) if linear.agrees() else None
        except (AttributeError, TypeError, ValueError):  # not fitted, or of some other make
            return None
    return None


class Linear:
    """Predictions of a fitted linear model: the sign or the largest of ``rows @ coef_.T +
    intercept_``, or that itself, as the model's own ``predict`` has them."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._coefficients = model.coef_.T if model.coef_.ndim == 2 else model.coef_
        self._intercept = model.intercept_
        self._classes = getattr(model, "classes_", None)
        self._columns = self._coefficients.shape[0]

    def __call__(self, values: Sequence[Any]) -> Sequence[Any] | None:
        """Predictions of arrays of equal dtype and width; None where ``predict`` is to be asked."""
        first = values[0]
        if first.dtype not in _FLOATS or first.ndim != 2 or first.shape[1] != self._columns:
            return None
        if not _finite(batching.concatenated(values)):
            return None
        if batching.is_stack(values):
            # One call of NumPy's, and in it one of the BLAS for each request.
            products = np.matmul(values, self._coefficients)
            products = products.reshape(-1, *products.shape[2:])
        else:
            products = batching.concatenated([rows @ self._coefficients for rows in values])
        return batching.cut(self._predict(products), values)

    def _predict(self, products: Any) -> Any:
        scores = products + self._intercept
        if self._classes is None:
            return scores
        if scores.ndim == 1 or scores.shape[1] == 1:
            return self._classes.take((scores.ravel() > 0).astype(np.intp))
        return self._classes.take(scores.argmax(axis=1))

    def agrees(self) -> bool:
        """Whether some rows get the bits that the model itself gives them."""
        random = np.random.default_rng(0)
        for dtype in _FLOATS:
            rows: Any = random.standard_normal((24, self._columns)).astype(dtype)
            for value in (rows, rows * 1000, rows[:1], rows[1:2], rows[2:3] * 1e-3):
                if not self._agrees([value]):
                    return False
            if not all(self._agrees(rows.reshape(-1, n, self._columns)) for n in (1, 3)):
                return False
        return True

    def _agrees(self, values: Sequence[Any]) -> bool:
        found, expected = self(values), [self._model.predict(value) for value in values]
        return found is not None and all(
            mine.dtype == its.dtype and mine.tolist() == its.tolist()
            for mine, its in zip(found, expected, strict=True)
        )


def _after(transform: Callable[[Any], Any] | None, linear: Linear) -> batching.Together:
    if transform is None:
        return linear

    def transformed(values: Sequence[Any]) -> Sequence[Any] | None:
        rows = transform(batching.concatenated(values))
        parts = batching.cut(rows, values)
        return None if parts is None else linear(parts)

    return transformed


def _finite(array: Any) -> bool:
    return bool(np.logical_and.reduce(np.isfinite(array), axis=None))


def _single_threaded(model: Any) -> bool:
    return getattr(model, "n_jobs", None) in (None, 1)


def _is(model: Any, known: dict[str, str]) -> bool:
    """Whether a model's class is one of them: itself, because a subclass may do anything."""
    kind = type(model)
    return kind.__name__ in known.get(kind.__module__, "").split()
