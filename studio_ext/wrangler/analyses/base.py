"""What an analysis is: a declaration as operators have, and findings: data, and a chart of them.

A chart is a plotly figure as plain JSON (``{"data": [...], "layout": {...}}``): JupyterLab draws
it, no chart library is needed to make it. Colours and fonts are the viewer's, so that themes fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

from sqlglot import exp

from ..errors import UnsupportedError
from ..operators.base import Form
from ..operators.parameters import Declared, Parameters
from ..relation import Relation, column
from ..sources.sampling import SEED, at_random

P = TypeVar("P", bound=Parameters)
A = TypeVar("A", bound="type[Analysis[Any]]")
#: Analyses that look at rows, not at aggregates, take so many of them at most, chosen by chance.
MOST_ROWS = 100_000


@dataclass(frozen=True)
class Findings:
    """``data`` is plain JSON, ``figure`` a plotly figure, ``notes`` what a person should read."""

    data: Mapping[str, Any]
    figure: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = field(default=())


class Analysis(Declared, Generic[P]):
    """One analysis. Subclasses declare the class variables, and ``compute``."""

    #: The row of the reference, ``A01`` to ``A13``.
    number: ClassVar[str]
    label: ClassVar[str]
    form: ClassVar[Form]

    def compute(self, relation: Relation, p: P) -> Findings:
        """Look at the rows; raises DataError where there is nothing to be found out."""
        raise NotImplementedError(type(self).__name__)


class Analyses:
    """All analyses, by key."""

    def __init__(self) -> None:
        self._by_key: dict[str, Analysis[Any]] = {}

    def add(self, kind: A) -> A:
        """Enter a class (a decorator)."""
        analysis = kind()
        self._by_key[analysis.form.key] = analysis
        return kind

    def __iter__(self) -> Iterator[Analysis[Any]]:
        return iter(sorted(self._by_key.values(), key=lambda each: (each.number, each.form.key)))

    def __getitem__(self, key: str) -> Analysis[Any]:
        return self._by_key[key]

    def find(self, operator: str, parameters: Mapping[str, Any]) -> Analysis[Any]:
        """The analysis of a node; raises UnsupportedError where Studio knows none."""
        for each in self._by_key.values():
            if each.form.matches(operator, parameters):
                return each
        raise UnsupportedError(f"Studio does not know the analysis {operator!r}")


analyses = Analyses()


def some_rows(relation: Relation, most: int = MOST_ROWS) -> Relation:
    """``relation``, or ``most`` of its rows chosen by chance, the same ones each time."""
    return relation if relation.count() <= most else at_random(relation, most, SEED)


def counted(relation: Relation) -> list[tuple[Any, ...]]:
    """Each row that there is once, with how often it is there at its end; in no order."""
    keys = [column(name, "t") for name in relation.columns]
    count = exp.alias_(relation.functions.count(), "rows")
    return relation.derive(
        lambda table: exp.select(*keys, count).from_(table).group_by(*keys)
    ).rows()


def figure(*traces: Mapping[str, Any], **layout: Any) -> dict[str, Any]:
    """A plotly figure; ``x`` and ``y`` in ``layout`` are titles of the axes."""
    axes = {
        f"{axis}axis": {"title": {"text": layout.pop(axis)}, "automargin": True}
        for axis in ("x", "y")
        if axis in layout
    }
    margin = {"l": 48, "r": 16, "t": 24, "b": 48}
    return {"data": [dict(each) for each in traces], "layout": {"margin": margin, **axes, **layout}}
