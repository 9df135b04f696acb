"""What an analysis of a flow finds, with what the lane knows already."""

from __future__ import annotations

from typing import Any

from ...wrangler.analyses import analyses
from ...wrangler.errors import FlowError, WranglerError
from ...wrangler.flow import Document, Node, variables
from ...wrangler.operators.parameters import parse
from .question import Question
from .session import Lane


def found_by(lane: Lane, question: Question, document: Document, node: Node) -> dict[str, Any]:
    """Data, a figure and notes; raises StepError where the analysis or its input fails."""
    if not node.inputs:
        raise FlowError(f"NodeId: the analysis {node.label!r} reads no table")
    given = node.inputs[0]
    kept = lane.outcome(question, document, given.node)
    outputs = kept.outcome.outputs
    relation = outputs.get(given.output) or next(iter(outputs.values()))
    values = {**variables.defaults(document.data), **(question.params.get("Parameters") or {})}
    try:
        parameters = variables.filled(node.parameters, values, "parameters")
        analysis = analyses.find(node.operator, parameters)
        p = parse(analysis.Parameters, analysis.form.read(parameters))
        p.check([relation])
        found = analysis.compute(relation, p)
    except WranglerError as error:
        raise kept.blamed(node.id, error) from error
    return {"Data": found.data, "Figure": found.figure, "Notes": list(found.notes)}
