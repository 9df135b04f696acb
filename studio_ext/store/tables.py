"""Tables of resources, their tags and their events."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Float, ForeignKey, Index, Integer, String, Table

from .database import metadata
from .portable import ID

#: Ordered by its bytes: SQLite's own order, and PostgreSQL's "C" collation.
NAME = String(256).with_variant(String(256, collation="C"), "postgresql")

resources = Table(
    "resources",
    metadata,
    Column("id", ID, primary_key=True),
    Column("kind", String(64), nullable=False),
    # the user profile's own: what isolates it, and what names are unique in
    Column("account", String(12), nullable=False),
    Column("domain", String(63), nullable=False),
    Column("name", NAME, nullable=False),
    Column("version", Integer, nullable=False, default=0),
    Column("arn", String(2048), nullable=False),
    Column("owner", String(63), nullable=False),
    # the value of the tag that shares it with others, for lookups and for decisions
    Column("shared", String(256)),
    Column("status", String(64)),
    Column("spec", JSON, nullable=False),
    Column("state", JSON, nullable=False),
    Column("generation", Integer, nullable=False, default=1),
    Column("parent_id", ForeignKey("resources.id", ondelete="SET NULL")),
    Column("created", Float, nullable=False),
    Column("modified", Float, nullable=False),
    Column("wake_at", Float),
    Column("lease_holder", String(64)),
    Column("lease_until", Float),
    # the home whose processes run it; NULL until it is placed, and then no other home's business
    Column("node", String(64)),
    Index("resources_identity", "kind", "account", "name", "version", unique=True),
    # One for each order of a list, with what its filters look at: see listing.py.
    Index("resources_by_created", "kind", "account", "created", "id", "status", "name", "modified"),
    Index(
        "resources_by_modified", "kind", "account", "modified", "id", "status", "name", "created"
    ),
    Index("resources_by_status", "kind", "account", "status", "created", "id", "name", "modified"),
    Index(
        "resources_by_status_modified",
        "kind",
        "account",
        "status",
        "modified",
        "id",
        "name",
        "created",
    ),
    Index("resources_by_status_name", "kind", "account", "status", "name", "version"),
    Index("resources_due", "wake_at"),
    Index("resources_arn", "arn"),
    Index("resources_leased", "lease_holder"),
    sqlite_autoincrement=True,
)

# Few are shared: the index holds those alone.
Index(
    "resources_shared",
    resources.c.kind,
    resources.c.shared,
    sqlite_where=resources.c.shared.is_not(None),
    postgresql_where=resources.c.shared.is_not(None),
)

tags = Table(
    "tags",
    metadata,
    Column("resource_id", ForeignKey("resources.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(128), primary_key=True),
    Column("value", String(256), nullable=False),
    Index("tags_by_value", "key", "value", "resource_id"),
)

# Jobs from when they first ask for room on the machine until they end. `admitted` is when they
# got it (NULL: they wait).
queue = Table(
    "queue",
    metadata,
    Column("resource_id", ForeignKey("resources.id", ondelete="CASCADE"), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("queued", Float, nullable=False),
    Column("cores", Float, nullable=False),
    Column("memory_bytes", BigInteger, nullable=False),
    Column("admitted", Float),
    Column("node", String(64)),  # that has admitted it
    Index("queue_by_turn", "admitted", "account", "queued", "resource_id"),
)

# The homes whose control planes share this database, and when each was last seen at work.
nodes = Table(
    "nodes",
    metadata,
    Column("node", String(64), primary_key=True),
    Column("home", String(4096), nullable=False),
    Column("seen", Float, nullable=False),
)

# When a job of each account was admitted last.
turns = Table(
    "turns",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("admitted", Float, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", ID, primary_key=True),
    Column("at", Float, nullable=False),
    Column("resource_id", ID, nullable=False, index=True),
    Column("kind", String(64), nullable=False),
    Column("account", String(12), nullable=False),
    Column("domain", String(63), nullable=False),
    Column("name", String(256), nullable=False),
    Column("change", String(16), nullable=False),
    Column("status", String(64)),
    Column("actor", String(128), nullable=False),
    sqlite_autoincrement=True,
)
