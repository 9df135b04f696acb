"""All operators, and which one a node means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, TypeVar

from ..errors import UnsupportedError
from .base import Operator, group_of

K = TypeVar("K", bound=type[Operator[Any]])

#: What an operator's key begins with -> the modules of this package that declare such operators.
#: A flow uses a few of them: to import all takes as long as learning from 1,000,000 rows.
MODULES: Mapping[str, tuple[str, ...]] = {
    "age": ("timing",),
    "balance_data": ("balancing", "smote"),
    "cast_single_data_type": ("casting",),
    "clean_text": ("tidying",),
    "concatenate_datasets": ("joining",),
    "cross_range": ("relating",),
    "custom_code": ("custom", "querying"),
    "custom_formula": ("querying",),
    "custom_pandas": ("custom",),
    "custom_pyspark": ("custom",),
    "custom_sql": ("querying",),
    "date_add": ("timing",),
    "date_difference": ("timing",),
    "date_format": ("timing",),
    "date_from_parts": ("timing",),
    "date_parse": ("timing",),
    "date_truncate": ("timing",),
    "difference": ("windowing",),
    "dimensionality_reduction": ("reduction",),
    "encode_categorical": ("encoding", "similarity"),
    "encode_more": ("compact", "target"),
    "explode": ("unnesting",),
    "featurize_date_time": ("datetimes",),
    "featurize_text": ("statistics", "vectorizing"),
    "fill_by_group": ("windowing",),
    "filter_by_table": ("relating",),
    "filter_rows": ("filtering",),
    "flatten": ("unnesting",),
    "format_string": ("strings",),
    "fuzzy_deduplicate": ("relating",),
    "geo_distance": ("timing",),
    "group_by": ("grouping",),
    "handle_missing": ("missing",),
    "handle_outliers": ("outliers",),
    "infer_and_cast_type": ("casting",),
    "is_weekend": ("timing",),
    "join_multi_keys": ("joining",),
    "join_tables": ("joining",),
    "manage_columns": ("columns",),
    "manage_rows": ("rows",),
    "manage_vectors": ("vectors",),
    "percent_change": ("windowing",),
    "pivot": ("grouping",),
    "privacy": ("privacy",),
    "process_numeric": ("numeric",),
    "rolling_join": ("relating",),
    "running_number": ("relating",),
    "sampling": ("sampling",),
    "search_and_edit": ("searching",),
    "select_columns": ("selecting",),
    "split": ("splitting",),
    "time_series": ("datetimes", "resampling", "series", "series_features", "series_missing"),
    "top_rows": ("grouping",),
    "transform_numbers": ("binning", "scaling", "shaping"),
    "unpivot": ("grouping",),
    "validate_string": ("validating",),
    "web": ("addresses",),
    "window": ("windowing",),
    "words": ("wording",),
}


class Catalogue:
    """The operators that are known; modules of this package enter theirs when imported."""

    def __init__(self) -> None:
        self._by_key: dict[str, Operator[Any]] = {}
        self._by_operator: dict[str, list[Operator[Any]]] = {}

    def add(self, kind: K) -> K:
        """Enter a class (a decorator)."""
        operator = kind()
        if operator.key in self._by_key:
            raise ValueError(f"There are two operators {operator.key}")
        group, module = group_of(operator.form.operator), kind.__module__.rpartition(".")[2]
        if module not in MODULES.get(group, ()):
            raise ValueError(f"MODULES does not say that {module} declares {group} operators")
        self._by_key[operator.key] = operator
        self._by_operator.setdefault(operator.form.operator, []).append(operator)
        return kind

    def __iter__(self) -> Iterator[Operator[Any]]:
        for group in MODULES:
            _load(group)
        return iter(sorted(self._by_key.values(), key=lambda each: (each.number, each.key)))

    def __contains__(self, key: object) -> bool:
        _load(str(key).partition("/")[0])
        return key in self._by_key

    def __getitem__(self, key: str) -> Operator[Any]:
        _load(key.partition("/")[0])
        return self._by_key[key]

    def find(self, operator: str, parameters: Mapping[str, Any]) -> Operator[Any]:
        """The operator of a node; raises UnsupportedError where Studio knows none."""
        _load(group_of(operator))
        known = self._by_operator.get(operator, [])
        for each in known:
            if each.form.matches(operator, parameters):
                return each
        chosen = parameters.get("operator")
        if known and chosen:
            there = ", ".join(sorted({each.label for each in known}))
            raise UnsupportedError(
                f"operator: Studio has no {chosen!r} in {operator}; it has {there}",
                field="operator",
            )
        raise UnsupportedError(f"Studio does not know the operator {operator!r}")


def _load(group: str) -> None:
    for module in MODULES.get(group, ()):
        import_module(f"{__package__}.{module}")


catalogue = Catalogue()
