"""All operators, and which one a node means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from ..errors import UnsupportedError
from .base import Operator

K = TypeVar("K", bound=type[Operator[Any]])


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
        self._by_key[operator.key] = operator
        self._by_operator.setdefault(operator.form.operator, []).append(operator)
        return kind

    def __iter__(self) -> Iterator[Operator[Any]]:
        return iter(sorted(self._by_key.values(), key=lambda each: (each.number, each.key)))

    def __getitem__(self, key: str) -> Operator[Any]:
        return self._by_key[key]

    def find(self, operator: str, parameters: Mapping[str, Any]) -> Operator[Any]:
        """The operator of a node; raises UnsupportedError where Studio knows none."""
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


catalogue = Catalogue()
