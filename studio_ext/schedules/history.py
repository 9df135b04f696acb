"""What became of a schedule's runs: kept in its state, the last of them."""

from __future__ import annotations

from typing import Any

from ..store.resources import Resource
from ..wire.errors import ApiError

#: How many runs a schedule remembers.
KEPT = 20
SUCCEEDED, FAILED, WAITING, RETRYING, RUNNING = (
    "Succeeded",
    "Failed",
    "Waiting",
    "Retrying",
    "Running",
)
_MEMBERS = {
    "execution": "ExecutionId",
    "time": "ScheduledTime",
    "begun": "StartTime",
    "ended": "EndTime",
    "attempt": "Attempts",
    "status": "Status",
    "operation": "Operation",
    "result": "Result",
    "error": "ErrorCode",
    "message": "ErrorMessage",
    "missed_since": "MissedSince",
}


def begun(
    execution: str, time: float, now: float, target: str, delay: float = 0.0, **more: Any
) -> dict[str, Any]:
    """A run that is about to be: ``time`` is the schedule's, ``target`` the ARN it invokes."""
    return {
        "execution": execution,
        "time": time,
        "since": now,
        "not_before": time + delay,
        "attempt": 0,
        "operation": target.partition("aws-sdk:")[2],
        **more,
    }


def add(state: dict[str, Any], pending: dict[str, Any], **outcome: Any) -> None:
    """Note the end of a run in the state of its schedule."""
    run = {name: value for name, value in {**pending, **outcome}.items() if name in _MEMBERS}
    state["runs"] = [run, *state.get("runs", [])][:KEPT]
    state["pending"] = None


def told(error: ApiError) -> dict[str, str]:
    """An error as runs keep it."""
    return {"error": error.code, "message": error.message[:1000]}


def last_time(state: dict[str, Any]) -> float:
    """The time of the last run that was begun; 0 when there was none."""
    runs = [*([state["pending"]] if state.get("pending") else []), *state.get("runs", [])]
    return max((float(run["time"]) for run in runs), default=0.0)


def view(found: Resource) -> dict[str, Any]:
    """A schedule's runs as Studio.ListScheduleRuns shows them."""
    runs = list(found.state.get("runs", []))
    pending = found.state.get("pending")
    if pending:
        runs.insert(0, {**pending, "status": _status(pending)})
    answer: dict[str, Any] = {
        "ScheduleArn": found.arn,
        "Runs": [
            {_MEMBERS[name]: value for name, value in run.items() if name in _MEMBERS}
            for run in runs
        ],
    }
    if found.status == "ENABLED" and found.state.get("next") is not None:
        answer["NextTime"] = found.state["next"]
    return answer


def _status(pending: dict[str, Any]) -> str:
    if "error" in pending:
        return RETRYING
    return RUNNING if pending["attempt"] else WAITING
