"""Groups of schedules: Create, Get, List, Delete, and their tags."""

from __future__ import annotations

import contextlib
from typing import Any

from ..control import paging, tags
from ..control.verbs import jsonable
from ..control.world import World
from ..store.listing import SORTS, Query
from ..store.resources import NameTaken, Resource
from ..wire.dispatch import Call, Registry
from ..wire.errors import ApiError, ValidationException
from ..wire.identity import Caller
from .kinds import (
    ACTIVE,
    DEFAULT_GROUP,
    DELETING,
    GROUP,
    SCHEDULE,
    Conflict,
    NotFound,
    arn,
    group_kind,
    group_view,
)

DEFAULT_PAGE = 100
_BATCH = 100


class Groups:
    """Operations of groups. Every account has the one called default, made when it is needed."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._resources = world.store.resources
        world.add_kind(group_kind(self.reconcile))

    def register(self, registry: Registry) -> None:
        """Add the seven operations."""
        registry.add("scheduler", "CreateScheduleGroup", self.create)
        registry.add("scheduler", "GetScheduleGroup", self.get)
        registry.add("scheduler", "ListScheduleGroups", self.list)
        registry.add("scheduler", "DeleteScheduleGroup", self.delete)
        registry.add("scheduler", "TagResource", self.tag)
        registry.add("scheduler", "UntagResource", self.untag)
        registry.add("scheduler", "ListTagsForResource", self.tags)

    def find(self, caller: Caller, name: str) -> Resource:
        """The caller's group of a name; NotFound."""
        found = self._resources.get(GROUP, caller.account_id, name)
        if found is None and name == DEFAULT_GROUP:
            with contextlib.suppress(NameTaken):  # by whoever asked at the same time
                self._make(caller, name, {}, "")
            found = self._resources.get(GROUP, caller.account_id, name)
        if found is None:
            raise NotFound(f"Schedule group {name} does not exist.")
        return found

    # --- operations

    def create(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """An empty group; the same request again is no conflict."""
        name, token = params["Name"], params.get("ClientToken", "")
        try:
            labels = tags.checked(params.get("Tags", []))
            if name == DEFAULT_GROUP:
                raise NameTaken(name)
            return {"ScheduleGroupArn": self._make(call.caller, name, labels, token).arn}
        except NameTaken:
            found = self.find(call.caller, name)
            if token and found.state.get("client_token") == token:
                return {"ScheduleGroupArn": found.arn}
            raise Conflict(f"Schedule group {name} already exists.") from None

    def get(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """A group."""
        return group_view(self.find(call.caller, params["Name"]))

    def list(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """A page of the caller's groups, by name."""
        self.find(call.caller, DEFAULT_GROUP)
        query = Query(GROUP, call.caller.account_id, name_starts=params.get("NamePrefix"))
        return page(self._world, query, params, "ScheduleGroups", group_view)

    def delete(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Delete a group with its schedules, which may take a while."""
        name = params["Name"]
        found = self.find(call.caller, name)
        if name == DEFAULT_GROUP:
            raise ValidationException("Name: the default schedule group cannot be deleted.")
        actor = call.caller.user_profile
        with self._resources.edit(found.id, actor=actor, wake=True) as edited:
            if edited is not None:
                edited.status = DELETING
        self._world.notify()
        return {}

    def tag(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Add or replace tags of a group."""
        added = tags.checked(params["Tags"])
        try:
            self._resources.add_tags(self._by_arn(call, params).id, added, tags.MAX_TAGS)
        except ValueError as error:
            raise ApiError("ServiceQuotaExceededException", f"Tags: {error}.", 402) from None
        return {}

    def untag(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Remove tags of a group."""
        self._resources.delete_tags(self._by_arn(call, params).id, params["TagKeys"])
        return {}

    def tags(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """The tags of a group."""
        found = self._resources.tags(self._by_arn(call, params).id)
        return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(found.items())]}

    # --- parts

    def reconcile(self, world: World, resource_id: int) -> float | None:
        """Delete what is in a group that is to go, some of it at a time, and then the group."""
        found = self._resources.by_id(resource_id)
        if found is None or found.status != DELETING:
            return None
        inside = Query(
            SCHEDULE, found.account, spec_equals={("GroupName",): found.name}, limit=_BATCH
        )
        schedules = self._resources.list(inside)
        for one in schedules:
            self._resources.delete(one.id, "controller")
        if schedules:
            return 0.0
        self._resources.delete(found.id, "controller")
        return None

    def _make(self, caller: Caller, name: str, labels: dict[str, str], token: str) -> Resource:
        return self._resources.create(
            kind=GROUP,
            account=caller.account_id,
            domain=caller.domain,
            name=name,
            arn=arn(self._world.config, caller.account_id, f"{GROUP}/{name}"),
            owner=caller.user_profile,
            status=ACTIVE,
            spec={"Name": name},
            state={"client_token": token},
            resource_tags=labels,
        )

    def _by_arn(self, call: Call, params: dict[str, Any]) -> Resource:
        """The caller's own group of an ARN: what is in one is never shared."""
        account, name = call.caller.account_id, params["ResourceArn"].rpartition("/")[2]
        if params["ResourceArn"] != arn(self._world.config, account, f"{GROUP}/{name}"):
            raise NotFound(f"Schedule group {params['ResourceArn']} does not exist.")
        return self.find(call.caller, name)


def page(
    world: World, query: Query, params: dict[str, Any], items: str, view: Any
) -> dict[str, Any]:
    """One page of a caller's own resources, by name."""
    asked = jsonable({k: v for k, v in params.items() if k not in ("NextToken", "MaxResults")})
    limit = params.get("MaxResults") or DEFAULT_PAGE
    query.sort_by, query.limit = "name", limit + 1
    if params.get("NextToken"):
        query.after = paging.position(params["NextToken"], asked, SORTS[query.order])
    found = world.store.resources.list(query)
    answer: dict[str, Any] = {items: [view(one) for one in found[:limit]]}
    if len(found) > limit:
        answer["NextToken"] = paging.encode(query.position(found[limit - 1]), asked)
    return answer
