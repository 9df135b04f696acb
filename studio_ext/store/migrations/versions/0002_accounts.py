"""Accounts: what was one domain's belongs to the account of its user profile.

Until now a Studio had one user profile, the default one, and the account of the settings, which
its ARNs carry.
"""

from __future__ import annotations

import time

import sqlalchemy as sa
from alembic import op

from studio_ext.store.migrations.tables import altered

revision = "0002"
down_revision = "0001"

_ACCOUNT = sa.String(12)


def upgrade() -> None:
    """Give everything to the one account there was."""
    op.create_table(
        "accounts",
        sa.Column("account", _ACCOUNT, primary_key=True),
        sa.Column("domain", sa.String(63), nullable=False),
        sa.Column("user_profile", sa.String(63), nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("closed", sa.Float),
    )
    op.create_index(
        "accounts_open",
        "accounts",
        ["domain", "user_profile"],
        unique=True,
        sqlite_where=sa.text("closed IS NULL"),
        postgresql_where=sa.text("closed IS NULL"),
    )
    account = _account()
    if account is not None:
        op.execute(
            sa.text(
                "INSERT INTO accounts VALUES (:account, 'default', 'default', :now, NULL)"
            ).bindparams(account=account, now=time.time())
        )
    op.add_column("access_keys", sa.Column("scope", sa.String(64)))
    op.add_column("buckets", sa.Column("policy", sa.JSON(none_as_null=True)))
    op.add_column("resources", sa.Column("shared", sa.String(256)))
    for table in ("access_keys", "resources", "events"):
        op.add_column(table, sa.Column("account", _ACCOUNT))
        _set(table, "account", account)
        with altered(table, autoincrement=table != "access_keys") as batch:
            batch.alter_column("account", existing_type=_ACCOUNT, nullable=False)
    _set("buckets", "account", account)
    _indexes()
    _routes(account)
    op.execute(
        sa.text("UPDATE metric_series SET resource = :account || '/' || resource").bindparams(
            sa.bindparam("account", account, sa.String)
        )
    )


def _account() -> str | None:
    """The account in the newest ARN; None while nothing is stored."""
    for column in ("arn FROM resources ORDER BY id", "role_arn FROM access_keys ORDER BY created"):
        arn = op.get_bind().scalar(sa.text(f"SELECT {column} DESC LIMIT 1"))
        if arn is not None:
            return str(arn).split(":")[4]
    return None


def _set(table: str, column: str, value: str | None) -> None:
    changed = sa.table(table, sa.column(column))
    op.execute(changed.update().values({column: value}))


def _indexes() -> None:
    indexes = {
        "resources_identity": ["kind", "account", "name", "version"],
        "resources_by_created": ["kind", "account", "created", "id"],
        "resources_by_status": ["kind", "account", "status", "created", "id"],
    }
    for name, columns in indexes.items():
        op.drop_index(name, "resources")
        op.create_index(name, "resources", columns, unique=name == "resources_identity")
    op.create_index(
        "resources_shared",
        "resources",
        ["kind", "shared"],
        sqlite_where=sa.text("shared IS NOT NULL"),
        postgresql_where=sa.text("shared IS NOT NULL"),
    )
    op.create_index("ix_access_keys_account", "access_keys", ["account"])


def _routes(account: str | None) -> None:
    """Their key is the account instead of the domain; the documents name both."""
    document = sa.JSON(none_as_null=True)
    routes = sa.table("routes", sa.column("endpoint"), sa.column("document", document))
    connection = op.get_bind()
    for endpoint, found in connection.execute(sa.select(routes)).all():
        if found is not None:
            values = {"document": {**found, "account": account}}
            at = routes.c.endpoint == endpoint
            connection.execute(routes.update().where(at).values(values))
    _set("routes", "domain", account)
    with altered("routes") as batch:
        batch.alter_column(
            "domain",
            new_column_name="account",
            existing_type=sa.String(63),
            existing_nullable=False,
            type_=_ACCOUNT,
        )
