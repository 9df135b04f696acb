"""Drives schedules: what is due is invoked once, as its owner.

Before it invokes, a run is written down with an id that follows from the schedule and the time. A
control plane that is killed leaves it pending; whoever goes on with it first looks whether the
request was served, by the id that requests leave with what they make. So no run is lost, and what
an operation makes is made once. What leaves no trace (Stop, Delete) may be asked for twice.

When nobody was there to run it, as while Studio was not running, the latest of the missed times is
run, once, and the run says since when times were missed.

A run that somebody asks for (``Studio.RunSchedule``) is written down likewise; it takes none of the
schedule's times, and is run of a disabled schedule too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from ..control import access
from ..control.world import World
from ..seen import context
from ..seen.subject import subject
from ..store.listing import Query
from ..store.resources import Resource
from ..wire.dispatch import Registry
from ..wire.errors import ApiError
from ..wire.identity import Caller
from . import history, targets
from .history import FAILED, SUCCEEDED
from .kinds import ENABLED, GROUP, RETRIES, SCHEDULE
from .plan import Plan
from .targets import EXECUTION_ID, Execution, Target

log = logging.getLogger(__name__)

#: Calls an operation: service, operation, parameters, caller, id of the request.
Invoke = Callable[[str, str, dict[str, Any], Caller, str], dict[str, Any]]

_LONGEST_RETRY_S = 300.0
#: How far the clocks of control planes may differ from the database's.
_CLOCKS_S = 600.0
_TAKEN = {"ResourceInUse", "ConflictException"}


class Controller:
    """Looks at one schedule and takes a step. ``clock`` gives the time, by default the database's.

    Safe to kill at any line, and to run on several control planes.
    """

    def __init__(
        self,
        registry: Registry,
        invoke: Invoke,
        clock: Callable[[World], float] = lambda world: world.store.now(),
    ) -> None:
        self._registry = registry
        self._invoke = invoke
        self.clock = clock

    def reconcile(self, world: World, resource_id: int) -> float | None:
        """Run what is due; in how many seconds to look again."""
        found = world.store.resources.by_id(resource_id)
        if found is None or world.store.accounts.holder(found.account) is None:
            return None
        if found.state.get("pending"):
            return self._go_on(world, found)
        if found.status != ENABLED:
            return None
        due = found.state["next"]
        if due is None:
            _complete(world, found)
            return None
        now = self.clock(world)
        return due - now if now < due else self._begin(world, found, due, now)

    def _begin(self, world: World, found: Resource, due: float, now: float) -> float | None:
        """Write down the run of the latest time that is past, and when the next one is due."""
        resources = world.store.resources
        if resources.get(GROUP, found.account, found.spec["GroupName"]) is None:
            resources.delete(found.id, "controller")  # made while its group was being deleted
            return None
        plan = Plan(found.spec, found.state["anchor"])
        time = plan.latest(due, now)
        execution = Execution.of(found.id, found.arn, time)
        with resources.edit(found.id, progress=True) as edited:
            if edited is None or edited.generation != found.generation:
                return 0.0
            if edited.state.get("pending") or edited.state["next"] != due:
                return 0.0
            edited.state["next"] = plan.after(time)
            edited.state["pending"] = history.begun(
                execution.id,
                time,
                now,
                found.spec["Target"]["Arn"],
                plan.delay(execution.id),
                **({"missed_since": due} if time > due else {}),
            )
        return self.reconcile(world, found.id)

    def _go_on(self, world: World, found: Resource) -> float | None:
        """Invoke a run that is written down, when its moment has come."""
        pending, now = found.state["pending"], self.clock(world)
        enabled = found.status == ENABLED
        idle = not pending["attempt"] or "error" in pending
        if idle and not enabled and not pending.get("asked"):
            return _end(world, found, pending, FAILED, now, **_SWITCHED_OFF)
        due = found.state["next"] if enabled else None
        retries = "error" in pending
        if retries and due is not None and due <= now:
            text = f"{pending['message']} Given up, for the next run is due."
            return _end(world, found, pending, FAILED, now, message=text)
        wait = pending["not_before"] - now
        if wait > 0:
            return min(wait, due - now) if retries and due is not None else wait
        if _is_too_old(found, pending, now):
            return _end(world, found, pending, FAILED, now, **_TOO_OLD)
        with world.store.resources.edit(found.id, progress=True) as edited:
            if edited is None or not _is_same(edited, pending):
                return 0.0
            edited.state["pending"].update(attempt=pending["attempt"] + 1, begun=now)
            for name in ("error", "message"):
                edited.state["pending"].pop(name, None)
            pending = dict(edited.state["pending"])
        return self._run(world, found, pending)

    def _run(self, world: World, found: Resource, pending: dict[str, Any]) -> float | None:
        execution = Execution(pending["execution"], found.arn, pending["time"])
        try:
            result = self._result(world, found, pending, execution)
        except ApiError as error:
            return self._failed(world, found, pending, error)
        now = self.clock(world)
        log.info("schedule %s ran %s: %s", found.arn, pending["operation"], result)
        return _end(world, found, pending, SUCCEEDED, now, result=result)

    def _result(
        self, world: World, found: Resource, pending: dict[str, Any], execution: Execution
    ) -> str:
        """What the invocation is about: an ARN or a name. Answers may hold more than is to keep."""
        target = targets.resolve(self._registry, found.spec["Target"])
        params = target.params(execution, pending["attempt"])
        again = pending["attempt"] > 1
        if again and (made := _made_by(world, found, execution.request_id, pending["since"])):
            return made
        name = target.operation.name
        try:
            answer = self._invoke(
                target.service, name, params, access.owner_of(found), execution.request_id
            )
        except ApiError as error:
            if again and error.code in _TAKEN and EXECUTION_ID in target.input:
                return subject(name, params, None)  # by an attempt before
            raise _explained(error, target) from error
        return subject(name, params, answer)

    def _failed(
        self, world: World, found: Resource, pending: dict[str, Any], error: ApiError
    ) -> float | None:
        """Try again later what may go better then; note the others."""
        now = self.clock(world)
        log.warning("schedule %s: %s failed: %s", found.arn, pending["operation"], error)
        if not _may_go_better(error) or not _has_attempts(found, pending, now):
            return _end(world, found, pending, FAILED, now, **history.told(error))
        wait = min(2.0 ** min(pending["attempt"], 10), _LONGEST_RETRY_S)
        with world.store.resources.edit(found.id, progress=True) as edited:
            if edited is not None and _is_same(edited, pending):
                edited.state["pending"].update(history.told(error), not_before=now + wait)
        return wait


_SWITCHED_OFF = {"error": "Disabled", "message": "The schedule was disabled before it ran."}
_TOO_OLD = {
    "error": "EventTooOld",
    "message": "Its time is longer ago than RetryPolicy.MaximumEventAgeInSeconds.",
}


def _end(
    world: World,
    found: Resource,
    pending: dict[str, Any],
    status: str,
    now: float,
    **outcome: Any,
) -> float | None:
    """Note the outcome of a run; then it is the next one's turn."""
    with world.store.resources.edit(found.id, progress=True) as edited:
        if edited is not None and _is_same(edited, pending):
            history.add(edited.state, pending, status=status, ended=now, **outcome)
    return 0.0


def _is_same(edited: Resource, pending: dict[str, Any]) -> bool:
    now = edited.state.get("pending") or {}
    return all(now.get(name) == pending[name] for name in ("execution", "attempt"))


def _complete(world: World, found: Resource) -> None:
    """Nothing will be due any more."""
    if found.spec["ActionAfterCompletion"] == "DELETE":
        world.store.resources.delete(found.id, "controller")


def _made_by(world: World, found: Resource, request_id: str, since: float) -> str | None:
    """ARN of what a request of the schedule's owner has made or changed, if it was served."""
    for kind in world.kinds:
        if kind in (SCHEDULE, GROUP):
            continue
        query = Query(
            kind,
            found.account,
            modified_after=since - _CLOCKS_S,
            sort_by="modified",
            descending=True,
            limit=1000,
        )
        for one in world.store.resources.list(query):
            if one.state.get(context.KEY) == request_id:
                return one.arn
    return None


def _may_go_better(error: ApiError) -> bool:
    return error.status in (429, 500) or error.status > 501


def _policy(found: Resource) -> dict[str, int]:
    given: dict[str, int] = found.spec["Target"].get("RetryPolicy", {})
    return given


def _is_too_old(found: Resource, pending: dict[str, Any], now: float) -> bool:
    """Whether its time is too long ago; where no limit was set, a run that was missed is due."""
    age = _policy(found).get("MaximumEventAgeInSeconds")
    return age is not None and now - pending["time"] > age


def _has_attempts(found: Resource, pending: dict[str, Any], now: float) -> bool:
    policy = RETRIES | _policy(found)
    young = now - pending["since"] <= policy["MaximumEventAgeInSeconds"]
    return young and pending["attempt"] <= policy["MaximumRetryAttempts"]


def _explained(error: ApiError, target: Target) -> ApiError:
    """An error with what is to be done when each run wants the same name."""
    if error.code not in _TAKEN or EXECUTION_ID in target.input:
        return error
    text = f"{error.message} With {EXECUTION_ID} in it each run has a name of its own."
    return ApiError(error.code, text, error.status)
