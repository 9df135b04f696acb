"""Access keys: who may sign requests, as whom and until when."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass

from sqlalchemy import Column, ColumnElement, Engine, Float, String, Table, delete, select

from ..config import DEFAULT_DOMAIN, DEFAULT_USER_PROFILE, Config, role_of
from ..files import read_json, write_json
from .accounts import Accounts
from .database import metadata, read, write

access_keys = Table(
    "access_keys",
    metadata,
    Column("access_key_id", String(128), primary_key=True),
    Column("secret_access_key", String(128), nullable=False),
    Column("session_token", String(2048)),
    Column("account", String(12), nullable=False, index=True),
    Column("domain", String(63), nullable=False),
    Column("user_profile", String(63), nullable=False),
    Column("role_arn", String(2048), nullable=False),
    Column("purpose", String(256), nullable=False, index=True),
    # what the key may do beside who holds it: NULL everything, else see control/access.py
    Column("scope", String(64)),
    Column("created", Float, nullable=False),
    Column("expires", Float),
)

_CACHE_S = 5.0
_DEFAULT = "default user profile"


@dataclass(frozen=True)
class Credential:
    """One access key and the caller that it stands for; ``expires`` in epoch seconds.

    ``scope`` narrows what the key may do: see control/access.py.
    """

    access_key_id: str
    secret_access_key: str
    session_token: str | None
    domain: str
    user_profile: str
    role_arn: str
    account_id: str
    expires: float | None = None
    scope: str | None = None

    def __repr__(self) -> str:  # keeps secrets out of logs and tracebacks
        return f"Credential({self.access_key_id}, {self.domain}/{self.user_profile})"


class UnknownUserProfile(Exception):
    """There is no user profile of that name to issue a key to."""


class Credentials:
    """Issues, finds and revokes access keys."""

    def __init__(self, engine: Engine, config: Config) -> None:
        self._engine = engine
        self._config = config
        self._accounts = Accounts(engine)
        self._cache: dict[str, tuple[float, Credential | None]] = {}

    def get(self, access_key_id: str) -> Credential | None:
        """The credential of a key, or None when it is unknown or has expired."""
        now = time.time()
        cached = self._cache.get(access_key_id)
        if cached is None or now - cached[0] > _CACHE_S:
            if len(self._cache) > 10_000:
                self._cache.clear()
            cached = (now, self._load(access_key_id))
            self._cache[access_key_id] = cached
        credential = cached[1]
        if credential and credential.expires is not None and credential.expires <= now:
            return None
        return credential

    def _load(self, access_key_id: str) -> Credential | None:
        return self._select(access_keys.c.access_key_id == access_key_id)

    def of_purpose(self, purpose: str) -> Credential | None:
        """A key that was issued for ``purpose`` before, if there is one."""
        return self._select(access_keys.c.purpose == purpose)

    def _select(self, condition: ColumnElement[bool]) -> Credential | None:
        query = select(access_keys).where(condition).limit(1)
        with read(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return Credential(
            row.access_key_id,
            row.secret_access_key,
            row.session_token,
            row.domain,
            row.user_profile,
            row.role_arn,
            row.account,
            row.expires,
            row.scope,
        )

    def issue(
        self,
        purpose: str,
        *,
        domain: str = DEFAULT_DOMAIN,
        user_profile: str = DEFAULT_USER_PROFILE,
        lifetime_s: float | None = None,
        scope: str | None = None,
    ) -> Credential:
        """A new key; one with a lifetime carries a session token, as AWS's temporary keys do.

        Raises UnknownUserProfile.
        """
        account = self._accounts.of(domain, user_profile)
        if account is None:
            raise UnknownUserProfile(f"{domain}/{user_profile}")
        now = time.time()
        temporary = lifetime_s is not None
        credential = Credential(
            ("ASIA" if temporary else "AKIA") + secrets.token_hex(8).upper(),
            secrets.token_urlsafe(30),
            secrets.token_urlsafe(64) if temporary else None,
            domain,
            user_profile,
            role_of(account),
            account,
            now + lifetime_s if lifetime_s is not None else None,
            scope,
        )
        with write(self._engine) as connection:
            connection.execute(delete(access_keys).where(access_keys.c.expires < now))
            connection.execute(
                access_keys.insert().values(
                    access_key_id=credential.access_key_id,
                    secret_access_key=credential.secret_access_key,
                    session_token=credential.session_token,
                    account=account,
                    domain=domain,
                    user_profile=user_profile,
                    role_arn=credential.role_arn,
                    purpose=purpose,
                    scope=scope,
                    created=now,
                    expires=credential.expires,
                )
            )
        return credential

    def revoke(self, purpose: str) -> None:
        """Delete the keys that were issued for ``purpose``; effective within seconds."""
        with write(self._engine) as connection:
            connection.execute(delete(access_keys).where(access_keys.c.purpose == purpose))
        self._cache.clear()

    def default(self) -> Credential:
        """The key of the default user profile, kept in ``credentials.json`` (mode 0600)."""
        path = self._config.path / "credentials.json"
        try:
            saved = read_json(path) or {}
        except json.JSONDecodeError:
            saved = {}
        credential = self.get(saved.get("access_key_id", ""))
        if credential is None:
            credential = self.of_purpose(_DEFAULT) or self.issue(_DEFAULT)
            write_json(
                path,
                {
                    "access_key_id": credential.access_key_id,
                    "secret_access_key": credential.secret_access_key,
                    "user_profile": credential.user_profile,
                },
            )
        return credential
