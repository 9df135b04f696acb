"""Lists of resources: filters, orders and pages, each found by an index.

A page is chosen from indexes alone, and only then are its rows read: a row carries its spec and
its state, and reading 100,000 of them to find ten would take a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, bindparam, func, select, tuple_

from .tables import resources

_C = resources.c
#: What each order compares. The last column decides between equals; an index has them all.
SORTS: dict[str, tuple[Column[Any], ...]] = {
    "created": (_C.created, _C.id),
    "modified": (_C.modified, _C.id),
    "name": (_C.name, _C.version),
    "status": (_C.status, _C.created, _C.id),
}
#: Members of a list's items: a column, or a path into one that is JSON.
Fields = Mapping[str, tuple[str, ...]]


@dataclass
class Query:
    """What a List call asks for; times are epoch seconds, inclusive bounds.

    ``after`` is the position of the last resource of the page before, as :meth:`position` gives
    it.
    """

    kind: str
    account: str
    name_contains: str | None = None
    name_starts: str | None = None
    created_after: float | None = None
    created_before: float | None = None
    modified_after: float | None = None
    modified_before: float | None = None
    status: str | None = None
    spec_equals: Mapping[tuple[str, ...], Any] = field(default_factory=dict)
    sort_by: str = "created"
    descending: bool = False
    limit: int = 10
    after: tuple[Any, ...] | None = None
    #: ids to choose from, whoever has them, instead of what the account has
    among: tuple[int, ...] | None = None

    @property
    def order(self) -> str:
        """The order among what is asked for: of one status, all are equal by status."""
        return "created" if self.sort_by == "status" and self.status else self.sort_by

    def position(self, found: Any) -> tuple[Any, ...]:
        """Where a resource (or a row of one) stands in this query's order."""
        return tuple(getattr(found, column.name) for column in SORTS[self.order])


_FILTERS: dict[str, ColumnElement[bool]] = {
    "name_contains": func.lower(_C.name).like(bindparam("name_contains"), escape="/"),
    "name_starts": _C.name >= bindparam("name_starts"),
    "name_ends": _C.name < bindparam("name_ends"),
    "created_after": _C.created >= bindparam("created_after"),
    "created_before": _C.created <= bindparam("created_before"),
    "modified_after": _C.modified >= bindparam("modified_after"),
    "modified_before": _C.modified <= bindparam("modified_before"),
    "status_is": _C.status == bindparam("status_is"),
}


def page(query: Query, fields: Fields | None = None) -> tuple[Select[Any], dict[str, Any]]:
    """The statement for one page and its parameters.

    It gives whole rows, or with ``fields`` only those (beside what :meth:`Query.position` needs).
    """
    values: dict[str, Any] = {
        "kind_is": query.kind,
        **({"account_is": query.account} if query.among is None else {"among": query.among}),
        "most": query.limit,
        **_given(query),
    }
    paths = tuple(query.spec_equals)
    values.update({f"equal_{n}": str(query.spec_equals[path]) for n, path in enumerate(paths)})
    if query.after is not None:
        values.update({f"after_{number}": value for number, value in enumerate(query.after)})
    statement = _statement(
        frozenset(_FILTERS.keys() & values.keys()),
        paths,
        query.order,
        query.descending,
        query.after is not None,
        query.among is not None,
        tuple(fields.items()) if fields is not None else None,
    )
    return statement, values


def _given(query: Query) -> dict[str, Any]:
    """The filters that are given, and their values."""
    names = ("created_after", "created_before", "modified_after", "modified_before")
    found = {name: value for name in names if (value := getattr(query, name)) is not None}
    if query.name_contains:
        found["name_contains"] = f"%{_escaped(query.name_contains.lower())}%"
    if query.name_starts:
        found["name_starts"] = query.name_starts
        # Names are ASCII letters, digits and hyphens: a tilde sorts behind all of them.
        found["name_ends"] = f"{query.name_starts}~"
    if query.status is not None:
        found["status_is"] = query.status
    return found


def _escaped(text: str) -> str:
    for special in "/%_":
        text = text.replace(special, f"/{special}")
    return text


@lru_cache(maxsize=256)
def _statement(
    filters: frozenset[str],
    paths: tuple[tuple[str, ...], ...],
    sort_by: str,
    descending: bool,
    goes_on: bool,
    chooses: bool,
    fields: tuple[tuple[str, tuple[str, ...]], ...] | None,
) -> Select[Any]:
    """Put together once for each form of question: that takes longer than answering it."""
    columns = SORTS[sort_by]
    among = _C.id.in_(bindparam("among", expanding=True))
    whose = among if chooses else _C.account == bindparam("account_is")
    chosen = select(_C.id).where(_C.kind == bindparam("kind_is"), whose)
    chosen = chosen.where(*(_FILTERS[name] for name in sorted(filters)))
    for number, path in enumerate(paths):
        chosen = chosen.where(_C.spec[path].as_string() == bindparam(f"equal_{number}"))
    if goes_on:
        position = tuple_(*columns)
        after = tuple_(*(bindparam(f"after_{number}") for number in range(len(columns))))
        chosen = chosen.where(position < after if descending else position > after)
    order = [column.desc() if descending else column.asc() for column in columns]
    ids = chosen.order_by(*order).limit(bindparam("most")).subquery("page")
    wanted = [resources] if fields is None else _columns(dict(fields), sort_by)
    return select(*wanted).join(ids, ids.c.id == _C.id).order_by(*order)


def _columns(fields: Fields, sort_by: str) -> list[ColumnElement[Any]]:
    found: dict[str, ColumnElement[Any]] = {column.name: column for column in SORTS[sort_by]}
    for name, (column, *path) in fields.items():
        found[name] = (_C[column][tuple(path)] if path else _C[column]).label(name)
    return list(found.values())
