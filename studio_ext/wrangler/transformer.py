"""A flow as a transformer of scikit-learn's: it learns of a table and changes others alike.

It works on tables with named columns (pandas, Polars, Arrow); an array's columns are called ``x0``,
``x1``... What it has learned is a flow document, plain JSON: joblib and pickle keep no code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data
from sqlglot import exp

from .engines.duckdb import DIALECT
from .errors import FlowError, shown
from .flow import Document, variables
from .inference import Fitted
from .tables import arrow, column, is_table, like, names, of_array

if TYPE_CHECKING:
    import pyarrow as pa

    from .api import Flow

PREFIX = "parameters__"


class FlowTransformer(TransformerMixin, BaseEstimator):
    """The steps of a flow from one source to one node.

    ``flow``: a Flow, or a flow's JSON text; None hands tables on as they are. ``node``: up to which
    node (its identifier); by default the last transform. ``parameters``: values of the flow's own
    ``{{name}}``, which a grid search sets as ``parameters__name``. ``target``: the column's name
    under which steps that learn of it find ``y``; it is never part of the result.

    ``fit`` runs every step and learns anew. ``transform`` leaves steps for training rows out
    (balancing, samples, splits) and refuses what a row alone does not decide, by its name; rows go
    in and come out one for one.
    """

    def __init__(
        self,
        flow: Flow | str | None = None,
        *,
        node: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        target: str | None = None,
    ) -> None:
        self.flow = flow
        self.node = node
        self.parameters = parameters
        self.target = target

    # -- scikit-learn's protocol --------------------------------------------------------------

    def fit(self, X: Any, y: Any = None) -> FlowTransformer:
        """Learn of the rows of ``X`` (n rows, named columns), and of ``y`` where ``target`` is set.

        Raises StepError where a step fails, or cannot be used for single rows.
        """
        from .api import Flow

        self._drop()
        table = self._table(X, reset=True)
        if self.target is not None:
            if y is None:
                raise ValueError(f"target: the steps learn of {self.target!r}, but y is None")
            table = table.append_column(self.target, column(y))
        self.flow_: str | None = None
        self.schema_: dict[str, str] = {}
        if self.flow is None:
            self._out = list(self.feature_names_)
            return self
        document = Document.parse(self._text())
        node = self.node or document.last().id
        sources = [each for each in document.upstream(node) if each.type == "SOURCE"]
        if len(sources) != 1:
            raise FlowError("A transformer has one source: name a node that follows from one alone")
        flow = Flow(document)
        fitted = flow.fitted(
            node,
            inputs={sources[0].id: table},
            parameters=self.parameters or {},
            refit=True,
            target=self.target,
        )
        return self._adopt(fitted)

    def transform(self, X: Any) -> Any:
        """The steps applied to ``X``: a table of its kind with as many rows."""
        check_is_fitted(self)
        table = self._table(X, reset=False)
        if self.flow_ is None:
            return X if is_table(X) else like(None, table)
        made = self._rows().apply(table, whole=True)
        return like(X, made)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray[Any, Any]:
        """Names of the result's columns; ``input_features`` must be those that ``fit`` saw."""
        check_is_fitted(self)
        if input_features is not None and list(input_features) != self.feature_names_:
            raise ValueError("input_features is not equal to feature_names_in_")
        return np.asarray(self._out, dtype=object)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The constructor's, and with ``deep`` the flow's own (``parameters__name``)."""
        found: dict[str, Any] = super().get_params(deep=False)
        if deep:
            given = self.parameters if isinstance(self.parameters, Mapping) else {}
            values = {**self._declared(), **given}
            found |= {f"{PREFIX}{name}": value for name, value in values.items()}
        return found

    def set_params(self, **params: Any) -> FlowTransformer:
        """Set the constructor's parameters and the flow's."""
        own = {name: value for name, value in params.items() if not name.startswith(PREFIX)}
        super().set_params(**own)
        flows = {n.removeprefix(PREFIX): v for n, v in params.items() if n.startswith(PREFIX)}
        if flows:
            known = {n.removeprefix(PREFIX) for n in self.get_params() if n.startswith(PREFIX)}
            unknown = sorted(set(flows) - known)
            if unknown:
                raise ValueError(f"The flow has no parameter {unknown[0]!r}: {sorted(known)}")
            self.parameters = {**(self.parameters or {}), **flows}
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.target_tags.required = self.target is not None
        tags.transformer_tags.preserves_dtype = []
        return tags

    # -- what it keeps ------------------------------------------------------------------------

    def adopt(self, fitted: Fitted) -> FlowTransformer:
        """Take over what ``fitted`` has learned in the place of a fit."""
        self._drop()
        self.feature_names_ = list(fitted.schema)
        self.n_features_in_ = len(self.feature_names_)
        self.feature_names_in_ = np.asarray(self.feature_names_, dtype=object)
        return self._adopt(fitted)

    def _adopt(self, fitted: Fitted) -> FlowTransformer:
        self._fitted = fitted
        self.flow_ = fitted.document.text()
        self.schema_ = {name: each.sql(DIALECT) for name, each in fitted.whole.items()}
        self._out = list(fitted.columns)
        return self

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        state.pop("_fitted", None)
        return state

    def _rows(self) -> Fitted:
        """The steps, ready; made again where this object was unpickled."""
        if getattr(self, "_fitted", None) is None:
            assert self.flow_ is not None
            schema = {n: exp.DataType.build(t, dialect=DIALECT) for n, t in self.schema_.items()}
            self._fitted = Fitted(
                Document.parse(self.flow_),
                schema,
                self.node,
                values=self.parameters or {},
                target=self.target,
            )
        return self._fitted

    def _drop(self) -> None:
        if getattr(self, "_fitted", None) is not None:
            self._fitted.close()
            del self._fitted

    def _text(self) -> str:
        """The flow's JSON; raises FlowError for what is no flow."""
        if isinstance(self.flow, str):
            return self.flow
        document = getattr(self.flow, "document", None)
        if document is None:
            raise FlowError(f"flow: {shown(self.flow)} is no Flow, nor the text of one")
        return str(document.text())

    def _declared(self) -> dict[str, str]:
        """The flow's own parameters; none where ``flow`` is no flow: a fit says so."""
        try:
            return (
                {} if self.flow is None else variables.defaults(Document.parse(self._text()).data)
            )
        except FlowError:
            return {}

    def _table(self, X: Any, *, reset: bool) -> pa.Table:
        """``X`` as Arrow; its columns are checked as every transformer of scikit-learn's does."""
        if is_table(X):
            import pandas as pd

            empty = pd.DataFrame(columns=names(X))
            validate_data(self, empty, reset=reset, skip_check_array=True)
            if not len(X):
                raise ValueError("Found array with 0 sample(s) while a minimum of 1 is required.")
            table = arrow(X)
        else:
            given = validate_data(self, X, reset=reset, dtype=None, ensure_all_finite="allow-nan")
            table = of_array(given, () if reset else self.feature_names_)
        if reset:
            self.feature_names_ = table.column_names
        return table
