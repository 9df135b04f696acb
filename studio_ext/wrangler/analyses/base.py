"""What an analysis is: a declaration as operators have, and findings: data, and a chart of them.

A chart is a plotly figure as plain JSON (``{"data": [...], "layout": {...}}``): JupyterLab draws
it, no chart library is needed to make it. Colours and fonts are the viewer's, so that themes fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar, get_args

from ..errors import UnsupportedError
from ..operators.base import Form
from ..operators.parameters import Parameters
from ..relation import Relation
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


class Analysis(Generic[P]):
    """One analysis. Subclasses declare the class variables, and ``compute``."""

    #: The row of the reference, ``A01`` to ``A13``.
    number: ClassVar[str]
    label: ClassVar[str]
    form: ClassVar[Form]
    Parameters: ClassVar[type[Parameters]]

    def __init_subclass__(cls) -> None:
        for base in cls.__dict__.get("__orig_bases__", ()):
            for argument in get_args(base):
                if isinstance(argument, type) and issubclass(argument, Parameters):
                    cls.Parameters = argument

    @property
    def help(self) -> str:
        """The first paragraph of the class's docstring."""
        return " ".join((type(self).__doc__ or "").split("\n\n")[0].split())

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


def figure(*traces: Mapping[str, Any], **layout: Any) -> dict[str, Any]:
    """A plotly figure; ``x`` and ``y`` in ``layout`` are titles of the axes."""
    axes = {
        f"{axis}axis": {"title": {"text": layout.pop(axis)}, "automargin": True}
        for axis in ("x", "y")
        if axis in layout
    }
    margin = {"l": 48, "r": 16, "t": 24, "b": 48}
    return {"data": [dict(each) for each in traces], "layout": {"margin": margin, **axes, **layout}}
