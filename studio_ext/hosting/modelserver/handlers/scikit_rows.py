"""scikit-learn models that predict many rows bit for bit as they predict each row alone.

Two kinds do. Trees and what only scales, fills or picks values work through every row by itself.
Linear models multiply by ``coef_``, and a BLAS sums a product of several rows in another order
than that of one row; so their ``coef_`` is shown as a :class:`Coefficients`, which multiplies the
rows of each request by a call of their own, the very call that the request alone would make.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    "sklearn.linear_model._ridge": "Ridge RidgeCV RidgeClassifier RidgeClassifierCV",
    "sklearn.linear_model._coordinate_descent": "Lasso LassoCV ElasticNet ElasticNetCV",
    "sklearn.linear_model._stochastic_gradient": "SGDClassifier SGDRegressor",
    "sklearn.svm._classes": "LinearSVC LinearSVR",
}
_TRANSFORMERS = {
    "sklearn.preprocessing._data": "StandardScaler MinMaxScaler MaxAbsScaler RobustScaler",
    "sklearn.impute._base": "SimpleImputer",
}


class Coefficients(np.ndarray[Any, Any]):
    """Coefficients of a linear model that multiply the rows of each request by themselves."""

    sizes: Sequence[int] = ()  # rows of each request of the batch at hand, set on the class
    products = 0  # how many were split in this batch

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        plain = [np.asarray(value) for value in inputs]
        if "out" in options:
            options["out"] = tuple(np.asarray(value) for value in options["out"])
        if ufunc is not np.matmul or not Coefficients.sizes or options or method != "__call__":
            return getattr(ufunc, method)(*plain, **options)
        Coefficients.products += 1
        rows, start, products = plain[0], 0, []
        for size in Coefficients.sizes:
            products.append(np.matmul(rows[start : start + size], plain[1]))
            start += size
        return np.concatenate(products)


def together(model: Any) -> batching.Together | None:
    """How the model predicts several requests at once; None when it cannot be known to."""
    last = model
    if _is(model, {"sklearn.pipeline": "Pipeline"}):
        *before, (_, last) = model.steps
        if not all(step in (None, "passthrough") or _is(step, _TRANSFORMERS) for _, step in before):
            return None
    if _is(last, _ROW_BY_ROW):
        # With several threads a forest sums its trees in whatever order they finish.
        return batching.stacked(model.predict) if _single_threaded(last) else None
    if _is(last, _LINEAR) and type(getattr(last, "coef_", None)) in (np.ndarray, Coefficients):
        last.coef_ = last.coef_.view(Coefficients)
        return lambda values: _split_products(model, values)
    return None


def _split_products(model: Any, values: Sequence[Any]) -> list[Any] | None:
    sizes = [len(value) for value in values]
    Coefficients.sizes, Coefficients.products = sizes, 0
    try:
        prediction = model.predict(np.concatenate(values))
    finally:
        Coefficients.sizes = ()
    # One that took another way than by a product of the rows and the coefficients may differ.
    return batching.cut(prediction, sizes) if Coefficients.products == 1 else None


def _single_threaded(model: Any) -> bool:
    return getattr(model, "n_jobs", None) in (None, 1)


def _is(model: Any, known: dict[str, str]) -> bool:
    """Whether a model's class is one of them: itself, because a subclass may do anything."""
    kind = type(model)
    return kind.__name__ in known.get(kind.__module__, "").split()
