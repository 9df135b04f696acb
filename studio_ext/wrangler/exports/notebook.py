"""A flow as a notebook: its steps as cells, and what is to be done with it.

Every notebook makes the flow again by code, so that it needs no other file, and runs top to bottom
against Studio and against SageMaker; jobs and endpoints are asked for by boto3.
"""

from __future__ import annotations

import hashlib
import textwrap
from typing import TYPE_CHECKING, Any, Literal

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from ..errors import FlowError, ParameterError
from ..flow import Document
from . import cells
from .literals import literal
from .python import IMPORT, Script

if TYPE_CHECKING:
    from nbformat import NotebookNode

Target = Literal["python", "processing", "training", "inference", "feature-store"]
TITLES: dict[str, str] = {
    "python": "A flow of Data Wrangler, step by step",
    "processing": "Run a flow as a processing job",
    "training": "Train a model on what a flow prepares",
    "inference": "An inference pipeline: a flow prepares the records that a model predicts",
    "feature-store": "Ingest what a flow prepares into the Feature Store",
}
_NEEDS_LABEL = ("training", "inference")


def to_notebook(
    document: Document,
    target: Target = "python",
    *,
    node: str | None = None,
    label: str | None = None,
    record_id: str | None = None,
) -> NotebookNode:
    """A notebook that makes the flow and uses the result of ``node`` (by default the last).

    ``label`` names the column to predict (training, inference), ``record_id`` that of the Feature
    Store's record identifiers. Raises ParameterError where one is missing, FlowError where a job
    cannot read what the flow begins with.
    """
    if target not in TITLES:
        raise ParameterError("target", target, f"is none of {', '.join(TITLES)}")
    if target in _NEEDS_LABEL and not label:
        raise ParameterError("label", label, "must name the column to predict")
    if target == "feature-store" and not record_id:
        raise ParameterError(
            "record_id", record_id, "must name the column that tells records apart"
        )
    script = Script(document)
    if target != "python" and script.sources:
        raise FlowError(
            f"A job cannot read the table {script.sources[0]!r} of a program: save it as a file, "
            "and begin the flow with that"
        )
    book = _Book(TITLES[target])
    _steps(book, script)
    last = node or document.last().id
    variable = next(each.variable for each in script.steps if each.node.id == last)
    names = {"node": variable, "label": literal(label), "record_id": literal(record_id)}
    for text, code in _rest(script, target):
        book.told(text)
        book.code(cells.filled(code, names))
    return book.made


class _Book:
    """A notebook under construction; cells get identifiers that follow from their content."""

    def __init__(self, title: str) -> None:
        kernel = {"name": "python3", "display_name": "Python 3"}
        # nbformat's constructors are not typed.
        self.made = new_notebook(metadata={"kernelspec": kernel})  # type: ignore[no-untyped-call]
        self.told(f"# {title}")

    def told(self, text: str) -> None:
        """A cell of text."""
        self._add(new_markdown_cell, textwrap.dedent(text).strip())

    def code(self, text: str) -> None:
        """A cell of code."""
        self._add(new_code_cell, text.strip("\n"))

    def _add(self, make: Any, text: str) -> None:
        cell = make(text)
        digest = hashlib.sha256(f"{len(self.made.cells)}{text}".encode()).hexdigest()
        cell["id"] = digest[:12]
        self.made.cells.append(cell)


def _steps(book: _Book, script: Script) -> None:
    """The flow itself, a cell a step."""
    book.code(f"{IMPORT}\n\n{script.head}")
    for step in script.steps:
        book.told(f"**{_plain(step.title)}**" + (f"  \n{_plain(step.help)}" if step.help else ""))
        book.code("\n".join(each for each in (step.code, step.learned) if each))


def _plain(text: str) -> str:
    """A person's words without a meaning in Markdown."""
    return "".join(
        f"\\{sign}" if sign in "\\`*_[]<>#|$" else sign for sign in " ".join(text.split())
    )


def _rest(script: Script, target: Target) -> list[tuple[str, str]]:
    """Texts and code behind the steps."""
    if target == "python":
        return [("## Run it", f"{script.run}\n{script.result}.to_pandas()")]
    parts = [cells.CLIENTS, cells.FLOW if target != "processing" else cells.FILE]
    if target in _NEEDS_LABEL:
        parts.append(cells.LABEL)
    parts.append(cells.JOB)
    return (
        parts
        + {
            "processing": [cells.RESULT],
            "training": [cells.TRAINING],
            "inference": [cells.TRAINING, cells.PIPELINE, cells.ASK, cells.CLEAN],
            "feature-store": [cells.GROUP, cells.INGEST],
        }[target]
    )
