"""What a flow consists of, and what is wrong with it, without reading any data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...wrangler.analyses import Analysis, analyses
from ...wrangler.errors import FlowError, ParameterError, StepError, UnsupportedError, WranglerError
from ...wrangler.flow import Document, Node, variables
from ...wrangler.operators import Operator, catalogue
from ...wrangler.operators.parameters import parse

Declaration = Operator[Any] | Analysis[Any]


def described(text: str, given: Mapping[str, str]) -> dict[str, Any]:
    """Nodes, edges, the flow's own parameters, and problems."""
    try:
        document = Document.parse(text)
    except FlowError as error:
        empty: dict[str, Any] = {"Nodes": [], "Edges": [], "Parameters": {}}
        return {**empty, "Valid": False, "Problems": [problem(error)]}
    values = variables.defaults(document.data)
    nodes: list[dict[str, Any]] = []
    problems: list[dict[str, Any]] = []
    for node in document.order():
        told, wrong = _node(node, {**values, **given})
        nodes.append(told)
        if wrong is not None:
            problems.append({**problem(wrong), "NodeId": node.id})
    edges = [
        {"SourceNodeId": each.node, "OutputName": each.output, "TargetNodeId": node.id}
        for node in document
        for each in node.inputs
    ]
    return {
        "Valid": not problems,
        "Nodes": nodes,
        "Edges": edges,
        "Problems": problems,
        "Parameters": values,
    }


def problem(error: WranglerError) -> dict[str, Any]:
    """One thing that is wrong, as the API tells it."""
    from .serving import code_of

    told: dict[str, Any] = {"Message": str(error)}
    if error.field:
        told["Field"] = error.field
    if isinstance(error, StepError):
        told["NodeId"] = error.node
        error = error.cause
    code = code_of(error)
    # The control plane's own codes are for answers, not for what is in them.
    return {**told, "Code": "InvalidData" if code.endswith("Exception") else code}


def declaration(node: Node, parameters: Mapping[str, Any]) -> Declaration | None:
    """What declares a node's form; None for sources, names and destinations.

    Raises UnsupportedError for a step or an analysis that Studio does not know.
    """
    if node.type == "TRANSFORM":
        return catalogue.find(node.operator, parameters)
    if node.type == "VISUALIZATION":
        return analyses.find(node.operator, parameters)
    return None


def described_step(params: Mapping[str, Any]) -> dict[str, Any]:
    """A form's values as a node has them, and what is wrong with them."""
    kind, found = declared(params["Key"])
    values = params["StepParameters"]
    if not isinstance(values, Mapping):
        raise ParameterError("StepParameters", values, "is no JSON object")
    problems = []
    try:
        parse(found.Parameters, values)
    except WranglerError as error:
        problems.append(problem(error))
    return {
        "NodeType": kind,
        "NodeOperator": found.form.operator,
        "NodeParameters": found.form.write(values),
        "Problems": problems,
    }


def declared(key: str) -> tuple[str, Declaration]:
    """A node's type, and what declares its form, by the catalogues' name."""
    known = {each.form.key: each for each in analyses}
    if key in known:
        return "VISUALIZATION", known[key]
    try:
        return "TRANSFORM", catalogue[key]
    except KeyError as error:
        raise ParameterError("Key", key, "is no transform or analysis of Studio's") from error


def _node(node: Node, values: Mapping[str, str]) -> tuple[dict[str, Any], WranglerError | None]:
    was = node.switched_off
    if was is not None:
        # What is wrong with it does not matter until it is switched on again.
        told = _described(was, values)[0]
        return {**told, "Disabled": True, "Outputs": node.outputs, "Status": "Valid"}, None
    return _described(node, values)


def _described(
    node: Node, values: Mapping[str, str]
) -> tuple[dict[str, Any], WranglerError | None]:
    told: dict[str, Any] = {
        "NodeId": node.id,
        "Type": node.type,
        "Operator": node.operator,
        "Label": node.label,
        "Parameters": node.parameters,
        "Trained": bool(node.trained),
        "Learns": False,
        "Inputs": [
            {"NodeId": each.node, "OutputName": each.output, "Name": each.name}
            for each in node.inputs
        ],
        "Outputs": node.outputs,
        "Status": "Valid",
    }
    if (address := _address(node)) is not None:
        told["Address"] = address
    try:
        found = declaration(node, node.parameters)
        if found is not None:
            told |= {"Key": found.form.key, "Label": node.data.get("name") or found.label}
            told["Parameters"] = found.form.read(node.parameters)
            if isinstance(found, Operator):
                told |= {"Group": found.group, "Learns": found.fitted}
            filled = variables.filled(told["Parameters"], values, "parameters")
            parse(found.Parameters, filled)
    except UnsupportedError as error:
        return {**told, "Status": "Unsupported"}, error
    except WranglerError as error:
        return {**told, "Status": "Invalid"}, error
    return told, None


def _address(node: Node) -> str | None:
    """Where a source or a destination lies, as the file has it."""
    definition = node.parameters.get("dataset_definition")
    place = definition.get("s3ExecutionContext") if isinstance(definition, Mapping) else None
    output = node.parameters.get("output_config")
    for level, name in ((place, "s3Uri"), (output, "output_path")):
        if isinstance(level, Mapping) and isinstance(level.get(name), str):
            return str(level[name])
    return None
