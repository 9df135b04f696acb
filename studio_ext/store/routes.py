"""Where invocations go: what hosting publishes and the gateway reads."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Column, Engine, String, Table, func, select

from .database import lookup, metadata, read, write
from .portable import ID, Turn, take_turn
from .prepared import Driven, Prepared

routes = Table(
    "routes",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("endpoint", String(63), primary_key=True),
    # NULL marks a removed endpoint, so that the version never falls
    Column("document", JSON(none_as_null=True)),
    Column("version", ID, nullable=False, index=True),
)


#: The gateway asks it every second.
_VERSION = Prepared(select(func.coalesce(func.max(routes.c.version), 0)))
_DOCUMENTS = (
    select(routes.c.document)
    .where(routes.c.document.is_not(None))
    .order_by(routes.c.account, routes.c.endpoint)
)


class Routes:
    """Versioned routing documents, one for each endpoint."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def version(self) -> int:
        """The newest version of any route; grows with every change."""
        with lookup(self._engine) as connection:
            return _version(connection)

    def all(self) -> list[dict[str, Any]]:
        """The routing documents of every endpoint in service."""
        with read(self._engine) as connection:
            return list(connection.scalars(_DOCUMENTS))

    def snapshot(self) -> tuple[int, list[dict[str, Any]]]:
        """Version and documents as of one moment."""
        with read(self._engine) as connection:
            documents = list(connection.scalars(_DOCUMENTS))
            return _version(connection), documents

    def put(self, document: dict[str, Any]) -> int:
        """Publish an endpoint's routing document; the version that carries it."""
        return self._set(document["account"], document["endpoint"], document)

    def share(self, account: str, endpoint: str, shared: str | None) -> None:
        """Change whom an endpoint is shared with, if it is routed to."""
        at = (routes.c.account == account) & (routes.c.endpoint == endpoint)
        with read(self._engine) as connection:
            document = connection.scalar(select(routes.c.document).where(at))
        if document is not None:
            self._set(account, endpoint, {**document, "shared": shared})

    def remove(self, account: str, endpoint: str) -> int:
        """Stop routing to an endpoint; the version from which on that holds."""
        return self._set(account, endpoint, None)

    def _set(self, account: str, endpoint: str, document: dict[str, Any] | None) -> int:
        at = (routes.c.account == account) & (routes.c.endpoint == endpoint)
        with write(self._engine) as connection:
            take_turn(connection, Turn.ROUTES)
            row = connection.execute(select(routes).where(at)).one_or_none()
            if row is not None and row.document == document:
                return int(row.version)
            version = _version(connection) + 1
            values = {"document": document, "version": version}
            if row is None:
                connection.execute(
                    routes.insert().values(account=account, endpoint=endpoint, **values)
                )
            else:
                connection.execute(routes.update().where(at).values(**values))
        return version


def _version(connection: Driven) -> int:
    return int(_VERSION.one(connection)[0])
