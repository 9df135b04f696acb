"""The first rows of a flow's table as a notebook shows them: types, missing values, steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from . import types
from .errors import StepError, WranglerError

if TYPE_CHECKING:
    from jinja2 import Template

    from .api import Flow, Result
    from .relation import Relation

ROWS, COLUMNS = 10, 50
#: Longer values are cut.
MOST_SIGNS = 60


@dataclass(frozen=True)
class Column:
    """A column of the page; ``missing`` counts its rows without a value, None: not counted."""

    name: str
    kind: str
    missing: int | None


@dataclass(frozen=True)
class Step:
    """A node of the flow; ``rows`` that it gives, None: not counted."""

    label: str
    rows: int | None
    error: str = ""


@dataclass(frozen=True)
class Page:
    """What is shown of ``total`` rows and the columns ``names``."""

    steps: Sequence[Step]
    columns: Sequence[Column] = ()
    rows: Sequence[Sequence[Any]] = ()
    total: int | None = None
    names: Sequence[str] = ()
    error: str = ""

    def html(self) -> str:
        """As a fragment of HTML, in the notebook's own colours, light and dark."""
        shown = [[_shown(value) for value in row] for row in self.rows]
        return _template().render(page=self, rows=shown)

    def __str__(self) -> str:
        size = f"{_counted(self.total)} rows x {len(self.names)} columns"
        return f"{size} after {' > '.join(each.label for each in self.steps)}"


def page_of(flow: Flow, result: Result | None = None, rows: int = ROWS) -> Page:
    """The page of the last node, with its first ``rows``.

    Rows and missing values are counted where all tables are in memory: nothing of what a file holds
    is read for a page but its beginning. An error of a step is part of the page.
    """
    counting = flow.in_memory
    result = result or flow.run()
    steps: list[Step] = []
    last: Relation | None = None
    error = ""
    for node in flow.document.order():
        if node.type not in ("SOURCE", "TRANSFORM"):
            continue
        try:
            last = _first(result, node.id)
            steps.append(Step(_label(node), last.count() if counting else None))
        except WranglerError as problem:
            own = isinstance(problem, StepError) and problem.node == node.id
            steps.append(Step(_label(node), None, str(problem) if own else "waits"))
            error = error or str(problem)
    if last is None:
        return Page(steps, error=error)
    return _page(last, steps, rows, error)


def _first(result: Result, node: str) -> Relation:
    outputs = result.outcomes[node].outputs
    return result.relation(node, next(iter(outputs), "default"))


def _page(last: Relation, steps: list[Step], rows: int, error: str) -> Page:
    names = last.columns[:COLUMNS]
    total = steps[-1].rows
    missing: dict[str, int] = {}
    found: Sequence[Sequence[Any]] = ()
    try:
        if total is not None and names:
            values = last.aggregate({name: exp.Count(this=last[name]) for name in names})
            missing = {name: total - number for name, number in values.items()}
        found = last.select(names).rows(rows) if names else ()
    except WranglerError as problem:
        error = error or str(problem)
    columns = [Column(n, types.kind_of(last.schema[n]), missing.get(n)) for n in names]
    return Page(steps, columns, found, total, last.columns, error)


def _label(node: Any) -> str:
    if node.type == "SOURCE":
        return str(node.dataset.get("name") or node.label)
    return str(node.label)


def _shown(value: Any) -> str | None:
    if value is None:
        return None
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= MOST_SIGNS else f"{text[:MOST_SIGNS]}…"


def _counted(number: int | None) -> str:
    return "?" if number is None else f"{number:,}"


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader

    environment = Environment(
        loader=PackageLoader("studio_ext.wrangler", "."), autoescape=True, trim_blocks=True
    )
    environment.filters["counted"] = _counted
    return environment.get_template("page.html")
