"""What each operation does, in the process of the flow."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import duckdb

from ...wrangler.engines.duckdb import explained
from ...wrangler.errors import FlowError, ParameterError, WranglerError
from ...wrangler.flow import Document, Input, Node
from ...wrangler.insights.report import insights
from ...wrangler.operators import Operator
from ...wrangler.operators.parameters import parse
from ...wrangler.relation import Relation
from ...wrangler.running import Outcome
from . import catalogue as forms
from .describing import declared, described, described_step, problem
from .findings import found_by
from .pages import Page, columns_of
from .profiling import profiles
from .question import Question
from .session import Kept, Lane, Session

#: An answer, and bytes beside it.
Answer = tuple[dict[str, Any], bytes | None]
PAGES, PROFILES, FITS, ANALYSES, REPORTS = "pages", "profiles", "fits", "analyses", "reports"
#: ValidateFlow learns of so many rows, unless it is told.
VALIDATED_ROWS = 10_000


def _transforms(session: Session, question: Question) -> Answer:
    return forms.transforms(), None


def _analyses(session: Session, question: Question) -> Answer:
    return forms.all_analyses(), None


def _describe(session: Session, question: Question) -> Answer:
    given = question.params.get("Parameters") or {}
    return described(question.params["Document"], given), None


def _describe_step(session: Session, question: Question) -> Answer:
    return described_step(question.params), None


def _validate(session: Session, question: Question) -> Answer:
    told = described(question.params["Document"], question.params.get("Parameters") or {})
    problems = list(told["Problems"])
    if told["Nodes"]:
        document = Document.parse(question.params["Document"])
        question.params = {"SampleRows": VALIDATED_ROWS, **question.params}
        lane = session.lane(FITS)
        with lane.held(question):
            made = lane.outcomes(question, document, document.order())
        known = {each.get("NodeId") for each in problems}
        for name, kept in made.items():
            error = kept.outcome.error
            if error is not None and error.node == name and name not in known:
                problems.append(problem(error))
    return {"Valid": not problems, "Problems": problems}, None


def _describe_node(session: Session, question: Question) -> Answer:
    document = Document.parse(question.params["Document"])
    lane = session.lane(PAGES)
    with lane.held(question):
        kept, relation = _given(lane, question, document, question.params["NodeId"])
        columns = columns_of(relation.schema)
    learned = kept.outcome.learned or document[question.params["NodeId"]].trained
    return {"Columns": columns, "Learned": learned, **_said(kept.outcome)}, None


def _preview(session: Session, question: Question) -> Answer:
    document = Document.parse(question.params["Document"])
    return _page(session.lane(PAGES), question, document, question.params["NodeId"])


def _page(lane: Lane, question: Question, document: Document, node: str) -> Answer:
    with lane.held(question):
        kept, relation = _given(lane, question, document, node)
        page = Page(lane, question, relation, kept.key + output_of(question, kept.outcome))
    answer, content = _read(page, kept, node)
    return {**answer, **_said(kept.outcome)}, content


def _read(page: Page, kept: Kept, node: str) -> Answer:
    """The page; what is wrong with a file is only found when it is read, and is its source's."""
    try:
        return page.run()
    except duckdb.Error as error:
        raise kept.blamed(node, explained(error)) from error
    except WranglerError as error:
        raise kept.blamed(node, error) from error


def _said(outcome: Outcome) -> dict[str, Any]:
    return {"Printed": outcome.printed, "Notes": list(outcome.notes)}


def _try(session: Session, question: Question) -> Answer:
    params = question.params
    document, lane = Document.parse(params["Document"]), session.lane(PAGES)
    operator = declared(params["Key"])[1]
    if not isinstance(operator, Operator):
        raise ParameterError("Key", params["Key"], "is an analysis, no transform")
    values = params["StepParameters"]
    if not isinstance(values, Mapping):
        raise ParameterError("StepParameters", values, "is no JSON object")
    parse(operator.Parameters, values)
    node = _put(document, operator, operator.form.write(values), params)
    with lane.held(question):
        before = _given(lane, question, document, node.inputs[0].node, node.inputs[0].output)[1]
        kept, after = _given(lane, question, document, node.id)
        page = Page(lane, question, after, kept.key + output_of(question, kept.outcome))
        changes = _changes(before, after)
    answer, content = _read(page, kept, node.id)
    told = {
        "Page": {**answer, **_said(kept.outcome)},
        "Changes": changes,
        "NodeOperator": node.operator,
        "NodeParameters": node.parameters,
        "NodeOutputs": list(kept.outcome.outputs),
    }
    return told, content


def _put(
    document: Document,
    operator: Operator[Any],
    parameters: dict[str, Any],
    params: Mapping[str, Any],
) -> Node:
    """The step in the document: in the place of a node, or a further one."""
    replaced = params.get("ReplaceNodeId")
    if replaced:
        node = document[replaced]
        node.data |= {"type": "TRANSFORM", "operator": operator.form.operator}
        node.data["parameters"] = parameters
        node.trained = None
        if params.get("Inputs"):
            node.data["inputs"] = _inputs(params)
            document.validate()
        if not node.inputs:
            raise FlowError(f"ReplaceNodeId: the node {replaced!r} reads no table")
        return node
    if not params.get("Inputs"):
        raise ParameterError("Inputs", None, "must name what the step reads")
    given = [Input(each["node_id"], each["output_name"], each["name"]) for each in _inputs(params)]
    return document.add(operator.form.operator, parameters, given)


def _inputs(params: Mapping[str, Any]) -> list[dict[str, str]]:
    return [
        {
            "name": "df" if not place else f"df_{place}",
            "node_id": each["NodeId"],
            "output_name": each.get("OutputName", "default"),
        }
        for place, each in enumerate(params["Inputs"])
    ]


def _changes(before: Relation, after: Relation) -> dict[str, list[str]]:
    old, new = before.schema, after.schema
    return {
        "Added": [each for each in new if each not in old],
        "Removed": [each for each in old if each not in new],
        "Retyped": [each for each in new if each in old and new[each] != old[each]],
    }


def _given(
    lane: Lane, question: Question, document: Document, node: str, output: str | None = None
) -> tuple[Kept, Relation]:
    """What a node gives; raises FlowError where it has no table or no such output."""
    document[node]
    kept = lane.outcome(question, document, node)
    outputs = kept.outcome.outputs
    if not outputs:
        raise FlowError(f"NodeId: {kept.outcome.node.label!r} gives no table")
    name = output if output is not None else output_of(question, kept.outcome)
    if name not in outputs and len(outputs) != 1:
        there = ", ".join(outputs)
        raise FlowError(f"OutputName: there is no output {name!r}: there are {there}")
    return kept, outputs[name] if name in outputs else next(iter(outputs.values()))


def output_of(question: Question, outcome: Outcome) -> str:
    """The output that is asked for; of several the first, where none is named."""
    return question.params.get("OutputName") or next(iter(outcome.outputs), "default")


def _profile(session: Session, question: Question) -> Answer:
    document = Document.parse(question.params["Document"])
    lane = session.lane(PROFILES)
    names = question.params.get("Columns") or []
    with lane.held(question):
        kept, relation = _given(lane, question, document, question.params["NodeId"])
        key = ("profiles", kept.key, output_of(question, kept.outcome), tuple(names))
        return lane.remembered(key, lambda: profiles(relation, names)), None


def _fit(session: Session, question: Question) -> Answer:
    document = Document.parse(question.params["Document"])
    lane, nodes = session.lane(FITS), document.order()
    with lane.held(question):
        made = lane.outcomes(
            question,
            document,
            nodes,
            _watched(question, len(nodes)),
            bool(question.params.get("Refit")),
        )
    learned = []
    for name, kept in made.items():
        if kept.outcome.error:
            raise kept.outcome.error
        if kept.outcome.learned is not None:
            document[name].trained = copy.deepcopy(dict(kept.outcome.learned))
            learned.append(name)
    return {"Document": document.text(), "Learned": learned}, None


def _watched(question: Question, total: int) -> Callable[[Outcome], None]:
    done: set[str] = set()

    def watch(outcome: Outcome) -> None:
        if outcome.state != "running":
            done.add(outcome.node.id)
        question.tell({"NodeId": outcome.node.id, "Done": len(done), "Total": total})

    return watch


def _analyse(session: Session, question: Question) -> Answer:
    params = question.params
    document, lane = Document.parse(params["Document"]), session.lane(ANALYSES)
    name = params["NodeId"]
    if params.get("Key"):
        kind, analysis = declared(params["Key"])
        if kind != "VISUALIZATION":
            raise ParameterError("Key", params["Key"], "is a transform, no analysis")
        form, values = analysis.form, params.get("StepParameters") or {}
        given = [Input(name, params.get("OutputName", "default"))]
        node = document.add(form.operator, form.write(values), given, type="VISUALIZATION")
        name = node.id
    elif document[name].type != "VISUALIZATION":
        raise ParameterError("NodeId", name, "is no analysis: name one by Key")
    with lane.held(question):
        return found_by(lane, question, document, document[name]), None


def _report(session: Session, question: Question) -> Answer:
    params = question.params
    document, lane = Document.parse(params["Document"]), session.lane(REPORTS)
    node = params.get("NodeId") or _last(document)
    with lane.held(question):
        relation = _given(lane, question, document, node)[1]
        problem_type = params.get("ProblemType", "auto")
        report = insights(relation, params.get("TargetColumn"), problem_type)
    notes = [each.message for each in report.remarks if each.severity == "high"]
    return {"Data": report.to_json(), "Html": report.to_html(), "Notes": notes}, None


def _last(document: Document) -> str:
    tables = [each for each in document.order() if each.type in ("SOURCE", "TRANSFORM", "DATASET")]
    if not tables:
        raise FlowError("The flow has no table")
    return tables[-1].id


ANSWERS: Mapping[str, Callable[[Session, Question], Answer]] = {
    "ListTransforms": _transforms,
    "ListAnalyses": _analyses,
    "DescribeFlow": _describe,
    "ValidateFlow": _validate,
    "DescribeNode": _describe_node,
    "DescribeStep": _describe_step,
    "PreviewFlow": _preview,
    "TryStep": _try,
    "ProfileColumns": _profile,
    "FitFlow": _fit,
    "RunAnalysis": _analyse,
    "Report": _report,
}
