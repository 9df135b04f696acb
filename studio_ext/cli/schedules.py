"""``studio schedules``: EventBridge Scheduler's schedules, through its own API and Studio's."""

from __future__ import annotations

import argparse
import json
from typing import Any

from ..notebook.jobs import local, table
from .calling import printing

#: Members of GetSchedule that UpdateSchedule does not take.
_ANSWERED = frozenset({"Arn", "CreationDate", "LastModificationDate", "ResponseMetadata"})


def add_commands(commands: Any, home: argparse.ArgumentParser) -> None:
    """Add the command to the parser's, with its actions."""
    help = "What runs at times of its own, such as a training each morning."
    actions = commands.add_parser("schedules", help=help, description=help).add_subparsers(
        required=True, metavar="ACTION"
    )
    for action, do, text in (
        ("list", listed, "Show the schedules, by name."),
        ("show", shown, "Show a schedule and what it runs."),
        ("runs", runs, "Show the last runs of a schedule, the newest first."),
        ("run", run, "Run a schedule now, a paused one too; its times stay as they are."),
        ("pause", pause, "Let a schedule rest; what it has started goes on."),
        ("resume", resume, "Let a paused schedule go on with its next time."),
        ("delete", delete, "Delete a schedule; what it has started goes on."),
    ):
        made = actions.add_parser(action, parents=[home], help=text, description=text)
        if action == "list":
            made.add_argument("--group", metavar="GROUP", help="of this group alone")
            made.set_defaults(command=printing(do, "group"))
            continue
        made.add_argument("name", metavar="NAME")
        made.add_argument("--group", metavar="GROUP", default="default", help="default: default")
        made.set_defaults(command=printing(do, "name", "group"))


def listed(api: Any, group: str | None) -> str:
    """The schedules as a table: when each runs, what, and when next."""
    scheduler, studio = api.client("scheduler"), _studio(api)
    asked = {"GroupName": group} if group else {}
    rows = [
        _row(scheduler, studio, one)
        for page in scheduler.get_paginator("list_schedules").paginate(**asked)
        for one in page["Schedules"]
    ]
    return table(rows, "No schedules.")


def _row(scheduler: Any, studio: Any, one: dict[str, Any]) -> dict[str, str]:
    named = {"Name": one["Name"], "GroupName": one["GroupName"]}
    told = studio.list_schedule_runs(**named)
    last: dict[str, Any] = next(iter(told["Runs"]), {})
    return {
        "name": one["Name"],
        "group": one["GroupName"],
        "when": _when(scheduler.get_schedule(**named)),
        "runs": _operation(one),
        "next": _next(one, told),
        "last": last.get("Status", "-"),
    }


def shown(api: Any, name: str, group: str) -> str:
    """A schedule: its times, and the operation with its parameters."""
    named = {"Name": name, "GroupName": group}
    found = api.client("scheduler").get_schedule(**named)
    told = {
        "Name": name,
        "Group": group,
        "State": _STATES[found["State"]],
        "When": _when(found),
        "Next": _next(found, _studio(api).list_schedule_runs(**named)),
        "Runs": _operation(found),
    }
    text = json.dumps(json.loads(found["Target"].get("Input") or "{}"), indent=2)
    return "\n".join([*(f"{key:6} {value}" for key, value in told.items()), text])


def runs(api: Any, name: str, group: str) -> str:
    """The last runs of a schedule as a table, and when the next one is due."""
    told = _studio(api).list_schedule_runs(Name=name, GroupName=group)
    rows = [
        {
            "time": local(one["ScheduledTime"]),
            "status": one["Status"],
            "attempts": str(one["Attempts"]),
            "outcome": _outcome(one),
        }
        for one in told["Runs"]
    ]
    text = table(rows, f"{name} has not run yet.")
    return f"{text}\nNext: {local(told['NextTime'])}" if "NextTime" in told else text


def run(api: Any, name: str, group: str) -> str:
    """Run a schedule now; what was begun, in words."""
    told = _studio(api).run_schedule(Name=name, GroupName=group)
    return f"{name} runs as {told['ExecutionId']}; studio schedules runs {name} tells how it went."


def pause(api: Any, name: str, group: str) -> str:
    """Disable a schedule; what was done, in words."""
    _set_state(api, name, group, "DISABLED")
    return f"{name} is paused."


def resume(api: Any, name: str, group: str) -> str:
    """Enable a schedule; when it is due, in words."""
    _set_state(api, name, group, "ENABLED")
    told = _studio(api).list_schedule_runs(Name=name, GroupName=group)
    if "NextTime" not in told:
        return f"{name} goes on, but none of its times is to come."
    return f"{name} goes on. Next: {local(told['NextTime'])}"


def delete(api: Any, name: str, group: str) -> str:
    """Delete a schedule; what was done, in words."""
    api.client("scheduler").delete_schedule(Name=name, GroupName=group)
    return f"{name} is gone; what it has started goes on."


_STATES = {"ENABLED": "active", "DISABLED": "paused"}


def _set_state(api: Any, name: str, group: str, state: str) -> None:
    """UpdateSchedule replaces all that was asked for: all of it is told again."""
    scheduler = api.client("scheduler")
    found = scheduler.get_schedule(Name=name, GroupName=group)
    request = {key: value for key, value in found.items() if key not in _ANSWERED}
    scheduler.update_schedule(**request | {"State": state})


def _when(found: dict[str, Any]) -> str:
    zone = found.get("ScheduleExpressionTimezone", "UTC")
    expression = str(found["ScheduleExpression"])
    return expression if expression.startswith("rate") else f"{expression} {zone}"


def _operation(found: dict[str, Any]) -> str:
    return str(found["Target"]["Arn"].partition("aws-sdk:")[2])


def _next(found: dict[str, Any], runs: dict[str, Any]) -> str:
    if found["State"] != "ENABLED":
        return _STATES[found["State"]]
    return local(runs["NextTime"]) if "NextTime" in runs else "over"


def _outcome(one: dict[str, Any]) -> str:
    """What a run made, or why it did not; and since when times were missed before it."""
    text = str(one.get("ErrorMessage") or one.get("Result", ""))
    missed = f" (missed since {local(one['MissedSince'])})" if "MissedSince" in one else ""
    return text + missed


def _studio(api: Any) -> Any:
    from ..wire import models

    return api.client("studio", str(models.DATA))
