"""Schedules and their groups as resources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..config import Config
from ..control.kinds import Kind
from ..control.world import Reconcile
from ..store.resources import Resource
from ..wire.errors import ApiError

DEFAULT_GROUP = "default"
ENABLED, DISABLED = "ENABLED", "DISABLED"
ACTIVE, DELETING = "ACTIVE", "DELETING"
SCHEDULE, GROUP = "schedule", "schedule-group"
#: What EventBridge keeps of a target that says nothing of it.
RETRIES = {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}


def schedule_kind(reconcile: Reconcile) -> Kind:
    """Schedules, driven by a controller."""
    return Kind(
        name=SCHEDULE,
        api="Schedule",
        label="schedule",
        items="Schedules",
        status=ENABLED,
        name_member="Name",
        status_member="State",
        reconcile=reconcile,
    )


def group_kind(reconcile: Reconcile) -> Kind:
    """Groups of schedules, driven by a controller when they are deleted."""
    return Kind(
        name=GROUP,
        api="ScheduleGroup",
        label="schedule group",
        items="ScheduleGroups",
        status=ACTIVE,
        unfinished=(DELETING,),
        name_member="Name",
        status_member="State",
        reconcile=reconcile,
    )


def key(group: str, name: str) -> str:
    """What a schedule is called among all of an account's: its own name first, so that names that
    begin alike stand together whatever their groups."""
    return f"{name}/{group}"


def arn(config: Config, account: str, resource: str) -> str:
    """``arn:aws:scheduler:<region>:<account>:<resource>``."""
    return f"arn:aws:scheduler:{config.region}:{account}:{resource}"


def schedule_view(found: Resource) -> dict[str, Any]:
    """A schedule as GetSchedule shows it."""
    target = found.spec["Target"]
    return {
        **found.spec,
        "Arn": found.arn,
        "State": found.status,
        "Target": {**target, "RetryPolicy": RETRIES | target.get("RetryPolicy", {})},
        **_dates(found),
    }


def schedule_summary(found: Resource) -> dict[str, Any]:
    """A schedule as ListSchedules shows it."""
    return {
        "Arn": found.arn,
        "Name": found.spec["Name"],
        "GroupName": found.spec["GroupName"],
        "State": found.status,
        "Target": {"Arn": found.spec["Target"]["Arn"]},
        **_dates(found),
    }


def group_view(found: Resource) -> dict[str, Any]:
    """A group as GetScheduleGroup and ListScheduleGroups show it."""
    return {"Arn": found.arn, "Name": found.name, "State": found.status, **_dates(found)}


def _dates(found: Resource) -> Mapping[str, float]:
    return {"CreationDate": found.created, "LastModificationDate": found.modified}


class Conflict(ApiError):
    """The name is taken, or the state forbids the change."""

    def __init__(self, message: str) -> None:
        super().__init__("ConflictException", message, 409)


class NotFound(ApiError):
    """There is no such schedule or group that the caller may know of."""

    def __init__(self, message: str) -> None:
        super().__init__("ResourceNotFoundException", message, 404)
