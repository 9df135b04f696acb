"""Schedules: Create, Get, Update, Delete, List, and the runs that they made."""

from __future__ import annotations

from typing import Any

from ..control.verbs import jsonable
from ..control.world import World
from ..store.listing import Query
from ..store.resources import NameTaken, Resource
from ..wire.dispatch import Call, Registry
from ..wire.errors import ValidationException
from ..wire.identity import Caller
from . import history, targets
from .controller import Controller, Invoke
from .groups import Groups, page
from .kinds import (
    ACTIVE,
    DEFAULT_GROUP,
    ENABLED,
    SCHEDULE,
    Conflict,
    NotFound,
    arn,
    key,
    schedule_kind,
    schedule_summary,
    schedule_view,
)
from .plan import Plan, check_dates, check_window
from .targets import Execution

#: What decides when a schedule is due.
_TIMING = ("ScheduleExpression", "ScheduleExpressionTimezone", "StartDate", "EndDate")


def register(registry: Registry, world: World, invoke: Invoke) -> Schedules:
    """Add the operations of EventBridge Scheduler; ``invoke`` calls the targets'."""
    schedules = Schedules(world, registry, invoke)
    schedules.groups.register(registry)
    schedules.register(registry)
    return schedules


class Schedules:
    """Operations of schedules, all in the caller's own account."""

    def __init__(self, world: World, registry: Registry, invoke: Invoke) -> None:
        self._world = world
        self._registry = registry
        self._resources = world.store.resources
        self.groups = Groups(world)
        self.controller = Controller(registry, invoke)
        world.add_kind(schedule_kind(self.controller.reconcile))

    def register(self, registry: Registry) -> None:
        """Add the operations."""
        registry.add("scheduler", "CreateSchedule", self.create)
        registry.add("scheduler", "GetSchedule", self.get)
        registry.add("scheduler", "UpdateSchedule", self.update)
        registry.add("scheduler", "DeleteSchedule", self.delete)
        registry.add("scheduler", "ListSchedules", self.list)
        registry.add("studio", "ListScheduleRuns", self.runs)
        registry.add("studio", "RunSchedule", self.run)

    def create(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """A schedule; the same request again is no conflict."""
        caller, token = call.caller, params.get("ClientToken", "")
        spec = _spec(params)
        name, group = spec["Name"], spec["GroupName"]
        if self.groups.find(caller, group).status != ACTIVE:
            raise Conflict(f"Schedule group {group} is being deleted.")
        anchor = float(int(self._world.store.now()))
        identity = arn(self._world.config, caller.account_id, f"{SCHEDULE}/{group}/{name}")
        try:
            self._check(spec, anchor, identity)
            made = self._resources.create(
                kind=SCHEDULE,
                account=caller.account_id,
                domain=caller.domain,
                name=key(group, name),
                arn=identity,
                owner=caller.user_profile,
                status=params.get("State", ENABLED),
                spec=spec,
                state={
                    "anchor": anchor,
                    "next": Plan(spec, anchor).first(anchor),
                    "client_token": token,
                },
                wake=True,
            )
        except (NameTaken, ValidationException):
            found = self._resources.get(SCHEDULE, caller.account_id, key(group, name))
            if found is None:
                raise
            if token and found.state.get("client_token") == token:
                return {"ScheduleArn": found.arn}
            raise Conflict(f"Schedule {name} already exists.") from None
        self._world.notify()
        return {"ScheduleArn": made.arn}

    def get(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """A schedule as it was asked for."""
        return schedule_view(self._find(call.caller, params))

    def update(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Replace all that was asked for; what is left out has its default again.

        With other times it begins anew; otherwise it goes on with the next one.
        """
        found = self._find(call.caller, params)
        spec, now = _spec(params), float(int(self._world.store.now()))
        anew = any(spec.get(name) != found.spec.get(name) for name in _TIMING)
        if anew:
            self._check(spec, now, found.arn)
        else:
            self._check_target(spec, now, found.arn)
        actor = call.caller.user_profile
        with self._resources.edit(found.id, actor=actor, wake=True) as edited:
            if edited is None:
                raise _missing(params)
            edited.spec, edited.status = spec, params.get("State", ENABLED)
            if anew:
                edited.state["anchor"] = now
            plan = Plan(spec, edited.state["anchor"])
            last = history.last_time(edited.state)
            edited.state["next"] = plan.first(now) if anew else plan.after(max(now, last))
        self._world.notify()
        return {"ScheduleArn": found.arn}

    def delete(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Delete a schedule; what it has started goes on."""
        found = self._find(call.caller, params)
        self._resources.delete(found.id, call.caller.user_profile)
        return {}

    def list(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """A page of the caller's schedules, by name."""
        group = params.get("GroupName")
        if group is not None:
            self.groups.find(call.caller, group)
        query = Query(
            SCHEDULE,
            call.caller.account_id,
            name_starts=params.get("NamePrefix"),
            status=params.get("State"),
            spec_equals={} if group is None else {("GroupName",): group},
        )
        return page(self._world, query, params, "Schedules", schedule_summary)

    def runs(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """The last runs of a schedule, the newest first, and when the next is due."""
        found = self._find(call.caller, params)
        return history.view(found)

    def run(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Run a schedule now, a disabled one too, beside the times that it has."""
        found, now = self._find(call.caller, params), self._world.store.now()
        execution = Execution.of(found.id, found.arn, now)
        with self._resources.edit(found.id, progress=True, wake=True) as edited:
            if edited is None:
                raise _missing(params)
            if edited.state.get("pending"):
                raise Conflict(
                    f"Schedule {params['Name']} has a run that has not ended; "
                    "Studio.ListScheduleRuns tells of it."
                )
            edited.state["pending"] = history.begun(
                execution.id, now, now, edited.spec["Target"]["Arn"], asked=True
            )
        self._world.notify()
        return {"ScheduleArn": found.arn, "ExecutionId": execution.id}

    # --- parts

    def _find(self, caller: Caller, params: dict[str, Any]) -> Resource:
        group = params.get("GroupName", DEFAULT_GROUP)
        found = self._resources.get(SCHEDULE, caller.account_id, key(group, params["Name"]))
        if found is None:
            raise _missing(params)
        return found

    def _check(self, spec: dict[str, Any], now: float, identity: str) -> None:
        plan = Plan(spec, now)
        if not plan.once:
            check_dates(spec, now)
        plan.check(now)
        self._check_target(spec, now, identity)

    def _check_target(self, spec: dict[str, Any], now: float, identity: str) -> None:
        check_window(spec["FlexibleTimeWindow"])
        target = targets.resolve(self._registry, spec["Target"])
        targets.check(target, Execution.of(0, identity, now))


def _spec(params: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a Create or Update request, defaults filled in."""
    kept = {name: value for name, value in params.items() if name not in ("ClientToken", "State")}
    return jsonable(
        {
            "GroupName": DEFAULT_GROUP,
            "ScheduleExpressionTimezone": "UTC",
            "ActionAfterCompletion": "NONE",
            **kept,
        }
    )


def _missing(params: dict[str, Any]) -> NotFound:
    return NotFound(f"Schedule {params['Name']} does not exist.")
