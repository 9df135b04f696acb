"""AddTags, ListTags and DeleteTags, for resources of every kind."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ..store.resources import SHARED_WITH, Resource
from ..wire.dispatch import Call, Registry
from ..wire.errors import AccessDenied, ResourceLimitExceeded, ResourceNotFound, ValidationException
from . import access, paging
from .access import Action
from .world import World

MAX_TAGS = 50
DEFAULT_PAGE = 50
RESERVED = "aws:"


def checked(tags: list[dict[str, str]]) -> dict[str, str]:
    """Values by key; ValidationException when a key comes twice or belongs to AWS."""
    values: dict[str, str] = {}
    for tag in tags:
        key = tag["Key"]
        if key.lower().startswith(RESERVED):
            raise ValidationException(f"Tags: {key!r} begins with {RESERVED}, which is reserved.")
        if key in values:
            raise ValidationException(f"Tags: the key {key!r} is given twice.")
        values[key] = tag["Value"]
    return values


class Tags:
    """Tags by ARN."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._resources = world.store.resources

    def register(self, registry: Registry) -> None:
        """Add the three operations."""
        registry.add("sagemaker", "AddTags", self.add)
        registry.add("sagemaker", "ListTags", self.list)
        registry.add("sagemaker", "DeleteTags", self.delete)

    def _find(self, call: Call, params: dict[str, Any], action: Action) -> Resource:
        arn = params["ResourceArn"]
        found = self._resources.by_arn(arn)
        if found is None or not access.resource(call.caller, Action.READ, found):
            raise ResourceNotFound(f"ResourceArn: no resource has the ARN {arn}.")
        decision = access.resource(call.caller, action, found)
        if not decision:
            raise AccessDenied(f"ResourceArn {arn}: {decision.reason}.")
        return found

    def _tell(self, resource: Resource, keys: Collection[str]) -> None:
        """Have what runs for a resource learn whom it is shared with."""
        if SHARED_WITH in keys:
            self._world.store.leases.wake(resource.id)
            self._world.notify()

    def add(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Add or replace tags of a resource."""
        added = checked(params["Tags"])
        resource = self._find(call, params, Action.CHANGE)
        try:
            merged = self._resources.add_tags(resource.id, added, MAX_TAGS)
        except ValueError as error:
            raise ResourceLimitExceeded(f"Tags: {error}.") from None
        self._tell(resource, added)
        return {"Tags": _api(merged)}

    def list(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Tags of a resource, by key."""
        asked = params["ResourceArn"]
        after = paging.decode(params["NextToken"], asked) if params.get("NextToken") else ""
        if not isinstance(after, str):
            raise ValidationException("Invalid pagination token: NextToken")
        limit = params.get("MaxResults") or DEFAULT_PAGE
        tags = self._resources.tags(self._find(call, params, Action.READ).id)
        rest = {key: value for key, value in sorted(tags.items()) if key > after}
        page = dict(list(rest.items())[:limit])
        answer: dict[str, Any] = {"Tags": _api(page)}
        if len(rest) > limit:
            answer["NextToken"] = paging.encode(list(page)[-1], asked)
        return answer

    def delete(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Remove tags of a resource."""
        resource = self._find(call, params, Action.CHANGE)
        self._resources.delete_tags(resource.id, params["TagKeys"])
        self._tell(resource, params["TagKeys"])
        return {}


def _api(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
