"""AddTags, ListTags and DeleteTags, for resources of every kind."""

from __future__ import annotations

from typing import Any

from ..store.resources import Resource
from ..wire.dispatch import Call, Registry
from ..wire.errors import ResourceLimitExceeded, ResourceNotFound, ValidationException
from . import paging
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
        self._resources = world.store.resources

    def register(self, registry: Registry) -> None:
        """Add the three operations."""
        registry.add("sagemaker", "AddTags", self.add)
        registry.add("sagemaker", "ListTags", self.list)
        registry.add("sagemaker", "DeleteTags", self.delete)

    def _find(self, call: Call, params: dict[str, Any]) -> Resource:
        arn = params["ResourceArn"]
        found = self._resources.by_arn(arn)
        if found is None or found.account != call.caller.account_id:
            raise ResourceNotFound(f"ResourceArn: no resource has the ARN {arn}.")
        return found

    def add(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Add or replace tags of a resource."""
        added = checked(params["Tags"])
        try:
            merged = self._resources.add_tags(self._find(call, params).id, added, MAX_TAGS)
        except ValueError as error:
            raise ResourceLimitExceeded(f"Tags: {error}.") from None
        return {"Tags": _api(merged)}

    def list(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Tags of a resource, by key."""
        asked = params["ResourceArn"]
        after = paging.decode(params["NextToken"], asked) if params.get("NextToken") else ""
        limit = params.get("MaxResults") or DEFAULT_PAGE
        tags = self._resources.tags(self._find(call, params).id)
        rest = {key: value for key, value in sorted(tags.items()) if key > after}
        page = dict(list(rest.items())[:limit])
        answer: dict[str, Any] = {"Tags": _api(page)}
        if len(rest) > limit:
            answer["NextToken"] = paging.encode(list(page)[-1], asked)
        return answer

    def delete(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Remove tags of a resource."""
        self._resources.delete_tags(self._find(call, params).id, params["TagKeys"])
        return {}


def _api(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
