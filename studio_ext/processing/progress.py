"""How far a job's program is, read from the file that it writes while it runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..control.world import World
from ..jobs.outputs import real_path
from ..store.resources import Resource

FILE = "/opt/ml/output/progress.jsonl"
#: Lines beyond are those of a program that is none of ours.
MOST_BYTES = 4 << 20
_MEMBERS = {
    "node": "NodeId",
    "output": "OutputName",
    "label": "Label",
    "type": "Type",
    "seconds": "Seconds",
    "rows_in": "RowsIn",
    "rows_out": "RowsOut",
    "reused": "Reused",
    "error": "Message",
    "field": "Field",
    "cause": "CauseNodeId",
}


def progress_of(world: World, resource: Resource) -> dict[str, Any]:
    """The job's steps in the order in which they began, each as it was told of last."""
    steps: dict[str, dict[str, Any]] = {}
    for line in _lines(real_path(world, resource, FILE)):
        key = f"node {line['node']}" if "node" in line else f"output {line['output']}"
        step = {member: line[name] for name, member in _MEMBERS.items() if name in line}
        begun = line["at"] - line.get("seconds", 0)
        steps[key] = {**step, "State": line["state"].capitalize(), "StartTime": begun}
        if line["state"] != "running":
            steps[key]["EndTime"] = line["at"]
    if resource.status not in ("InProgress", "Stopping"):
        for step in steps.values():  # its program was killed before it could say so
            step["State"] = "Stopped" if step["State"] == "Running" else step["State"]
    return {
        "ProcessingJobName": resource.name,
        "ProcessingJobArn": resource.arn,
        "ProcessingJobStatus": resource.status,
        "Steps": list(steps.values()),
    }


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """Whole lines that are what ours are; the job may have written anything."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES)
    except OSError:
        return
    for text in data.split(b"\n")[:-1]:
        try:
            line = json.loads(text)
            if _is_step(line):
                yield line
        except ValueError:
            continue


_KINDS: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("node", "output", "label", "type", "state", "error", "field", "cause"), str),
    **dict.fromkeys(("at", "seconds"), (int, float)),
    **dict.fromkeys(("rows_in", "rows_out"), int),
    "reused": bool,
}


def _is_step(line: Any) -> bool:
    return (
        isinstance(line, dict)
        and {"state", "at"} <= set(line)
        and bool({"node", "output"} & set(line))
        and all(isinstance(line[name], kind) for name, kind in _KINDS.items() if name in line)
    )
