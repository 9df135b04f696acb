"""Search, for every kind of resource that SageMaker's own finds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from botocore.model import StructureShape
from sqlalchemy import ColumnElement, func, select, tuple_

from ..store.labels import tags_of
from ..store.listing import SORTS
from ..store.resources import Resource
from ..store.tables import resources, tags
from ..wire import models
from ..wire.dispatch import Call, Caller, Registry
from ..wire.errors import NotImplementedOperation, ValidationException
from . import paging
from .criteria import Criteria
from .kinds import Kind
from .verbs import jsonable, view
from .world import World

DEFAULT_PAGE = 10
#: Matches are counted up to here; that there are more is all that is said then.
MOST_COUNTED = 100
#: Of so few candidates each is looked at, and they are put in order afterwards.
FEW = 200
SUGGESTIONS = 20
_BY_INDEX = {"CreationTime": "created", "LastModifiedTime": "modified"}


class Search:
    """Search and GetSearchSuggestions."""

    def __init__(self, world: World) -> None:
        self._world = world

    def register(self, registry: Registry) -> None:
        """Add the operations."""
        registry.add("sagemaker", "Search", self.search)
        registry.add("sagemaker", "GetSearchSuggestions", self.suggestions)

    def search(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """One page of the caller's resources that satisfy an expression."""
        if "VisibilityConditions" in params:
            raise ValidationException("VisibilityConditions: not supported; leave it out.")
        kind = self._kind(params["Resource"])
        criteria = Criteria(kind, _shape(kind), self._world.store.engine.dialect.name)
        conditions = [
            resources.c.kind == kind.name,
            resources.c.account == call.caller.account_id,
        ]
        expression = params.get("SearchExpression")
        if expression is not None:
            conditions.append(criteria.condition(expression))
            conditions += self._candidates(kind, call.caller, criteria.exact(expression))
        limit = params.get("MaxResults") or DEFAULT_PAGE
        asked = jsonable({k: v for k, v in params.items() if k not in ("NextToken", "MaxResults")})
        page = _Page(kind, criteria, params)
        if "NextToken" in params:
            page.go_on(params["NextToken"], asked)
        found, labels, count = self._read(page, conditions, limit)
        answer: dict[str, Any] = {
            "Results": [self._record(kind, one, labels.get(one.id, {})) for one in found[:limit]],
            "TotalHits": {
                "Value": count,
                "Relation": "GreaterThanOrEqualTo" if count == MOST_COUNTED else "EqualTo",
            },
        }
        if len(found) > limit:
            answer["NextToken"] = paging.encode(page.position(found[limit - 1], limit), asked)
        return answer

    def _candidates(
        self, kind: Kind, caller: Caller, exact: list[tuple[str, str]]
    ) -> list[ColumnElement[bool]]:
        """The only resources there can be, if an index says that they are few.

        SQLite keeps no statistics of its own accord: to give the first page in order it would look
        through all there are, in that order, for the one of that name.
        """
        store = self._world.store
        for name, value in exact:
            if name.startswith("Tags."):
                ids = select(tags.c.resource_id).where(
                    tags.c.key == name.removeprefix("Tags."), tags.c.value == value
                )
            else:
                column = resources.c.name if name == kind.name_field else resources.c.arn
                ids = select(resources.c.id).where(
                    resources.c.kind == kind.name,
                    resources.c.account == caller.account_id,
                    column == value,
                )
            with store.read() as connection:
                found = list(connection.scalars(ids.limit(FEW + 1)))
            if len(found) <= FEW:
                return [resources.c.id.in_(found)]
        return []

    def _read(
        self, page: _Page, conditions: list[ColumnElement[bool]], limit: int
    ) -> tuple[Sequence[Resource], dict[int, dict[str, str]], int]:
        store = self._world.store.resources
        some = select(resources.c.id).where(*conditions)
        with self._world.store.read() as connection:
            chosen = some.where(*page.after).order_by(*page.order)
            ids = list(connection.scalars(chosen.limit(limit + 1).offset(page.offset)))
            counted = select(func.count()).select_from(some.limit(MOST_COUNTED).subquery())
            count = connection.scalar(counted) or 0
            found = store.by_ids(connection, ids)
            labels = tags_of(connection, ids[:limit])
        return found, labels, count

    def _record(self, kind: Kind, resource: Resource, labels: dict[str, str]) -> dict[str, Any]:
        record = view(self._world, kind, resource)
        record["Tags"] = [{"Key": key, "Value": value} for key, value in labels.items()]
        return {kind.api: {kind.api: record} if _is_wrapped(kind) else record}

    def _kind(self, name: str) -> Kind:
        for kind in self._world.kinds.values():
            if kind.api == name:
                return kind
        raise NotImplementedOperation(f"sagemaker.Search for {name}")

    def suggestions(self, _call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Names of properties that begin with what was typed, in any letter case."""
        kind = self._kind(params["Resource"])
        query = params.get("SuggestionQuery", {}).get("PropertyNameQuery", {})
        hint = query.get("PropertyNameHint", "").lower()
        names = [name for name in sorted(_shape(kind).members) if name.lower().startswith(hint)]
        return {"PropertyNameSuggestions": [{"PropertyName": n} for n in names[:SUGGESTIONS]]}


class _Page:
    """Which part of the matches, in which order.

    What an index orders is sought from the position of the last match; other orders are cut by
    number, since each match is looked at anyway.
    """

    def __init__(self, kind: Kind, criteria: Criteria, params: dict[str, Any]) -> None:
        name = params.get("SortBy", "LastModifiedTime")
        by_index = {**_BY_INDEX, kind.name_field: "name"}
        self._descending = params.get("SortOrder", "Descending") == "Descending"
        self._columns = SORTS[by_index[name]] if name in by_index else None
        keys = self._columns or (criteria.sort(name), resources.c.id)
        self.order = [key.desc() if self._descending else key.asc() for key in keys]
        self.after: list[ColumnElement[bool]] = []
        self.offset = 0

    def go_on(self, token: str, asked: Any) -> None:
        """Begin where a token says; ValidationException for one that is none of ours."""
        if self._columns is None:
            offset = paging.decode(token, asked)
            if not isinstance(offset, int) or not 0 <= offset < 2**31:
                raise ValidationException("Invalid pagination token: NextToken")
            self.offset = offset
            return
        here = tuple_(*self._columns)
        there = tuple_(*paging.position(token, asked, self._columns))
        self.after = [here < there if self._descending else here > there]

    def position(self, last: Resource, limit: int) -> Any:
        """Where the page ended."""
        if self._columns is None:
            return self.offset + limit
        return [getattr(last, column.name) for column in self._columns]


def _shape(kind: Kind) -> StructureShape:
    """The model of what Search finds of a kind."""
    shape = models.service_model("sagemaker").shape_for("SearchRecord").members.get(kind.api)
    if shape is None:
        raise NotImplementedOperation(f"sagemaker.Search for {kind.api}")
    return shape.members.get(kind.api, shape)


def _is_wrapped(kind: Kind) -> bool:
    """Whether the record has the resource in a member of its name, as the model's has."""
    record = models.service_model("sagemaker").shape_for("SearchRecord").members[kind.api]
    return kind.api in record.members
