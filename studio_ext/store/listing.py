"""Lists of resources: filters, orders and pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, func, select, tuple_

from .tables import resources


@dataclass
class Query:
    """What a List call asks for; times are epoch seconds, inclusive bounds.

    ``after`` is the position of the last resource of the page before: (sort value, id).
    """

    kind: str
    account: str
    name_contains: str | None = None
    created_after: float | None = None
    created_before: float | None = None
    modified_after: float | None = None
    modified_before: float | None = None
    statuses: list[str] | None = None
    spec_equals: Mapping[tuple[str, ...], Any] = field(default_factory=dict)
    sort_by: str = "created"
    descending: bool = False
    limit: int = 10
    after: tuple[Any, int] | None = None


_SORTS = {
    "created": resources.c.created,
    "modified": resources.c.modified,
    "name": resources.c.name,
    "status": resources.c.status,
}


def page(query: Query) -> Select[Any]:
    """The statement for one page of resources: found by index, not by offset."""
    column = _SORTS[query.sort_by]
    statement = select(resources).where(
        resources.c.kind == query.kind, resources.c.account == query.account
    )
    if query.name_contains:
        statement = statement.where(
            func.lower(resources.c.name).contains(query.name_contains.lower(), autoescape=True)
        )
    bounds = [
        (query.created_after, resources.c.created.__ge__),
        (query.created_before, resources.c.created.__le__),
        (query.modified_after, resources.c.modified.__ge__),
        (query.modified_before, resources.c.modified.__le__),
    ]
    for value, compare in bounds:
        if value is not None:
            statement = statement.where(compare(value))
    if query.statuses is not None:
        statement = statement.where(resources.c.status.in_(query.statuses))
    for path, value in query.spec_equals.items():
        statement = statement.where(resources.c.spec[path].as_string() == str(value))
    if query.after is not None:
        position = tuple_(column, resources.c.id)
        after = tuple_(*query.after)
        statement = statement.where(position < after if query.descending else position > after)
    order = [column.desc(), resources.c.id.desc()] if query.descending else [column, resources.c.id]
    return statement.order_by(*order).limit(query.limit)
