"""Access keys: who may sign requests, as whom and until when."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass

from sqlalchemy import Column, ColumnElement, Engine, Float, String, Table, and_, delete, select

from ..config import DEFAULT_DOMAIN, DEFAULT_USER_PROFILE, Config, role_of
from ..files import read_json, write_json
from ..seen.secrets import new_key, new_token
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


@dataclass(frozen=True)
class Key:
    """A lasting access key without its secret; ``created`` in epoch seconds."""

    access_key_id: str
    created: float


def session_of(access_key_id: str) -> str:
    """The purpose of temporary keys that were made with a key, and end with it."""
    return f"session of {access_key_id}"


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
            new_key(),
            new_token() if temporary else None,
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

    def of_profile(self, domain: str, user_profile: str) -> list[Key]:
        """The lasting keys of a user profile, oldest first."""
        query = (
            select(access_keys)
            .where(
                access_keys.c.domain == domain,
                access_keys.c.user_profile == user_profile,
                access_keys.c.expires.is_(None),
                access_keys.c.scope.is_(None),
            )
            .order_by(access_keys.c.created, access_keys.c.access_key_id)
        )
        with read(self._engine) as connection:
            return [Key(row.access_key_id, row.created) for row in connection.execute(query)]

    def revoke_key(self, access_key_id: str, account: str) -> bool:
        """Delete a key of an account and the temporary ones made with it; whether it was there."""
        with write(self._engine) as connection:
            mine = access_keys.c.account == account
            at = and_(mine, access_keys.c.access_key_id == access_key_id)
            found = bool(connection.execute(delete(access_keys).where(at)).rowcount)
            parents = [access_key_id]
            while parents:
                made = and_(mine, access_keys.c.purpose.in_([session_of(key) for key in parents]))
                gone = delete(access_keys).where(made).returning(access_keys.c.access_key_id)
                parents = list(connection.scalars(gone))
        self._cache.clear()
        return found

    def revoke_account(self, account: str) -> None:
        """Delete every key of an account, those of its jobs too; effective within seconds."""
        with write(self._engine) as connection:
            connection.execute(delete(access_keys).where(access_keys.c.account == account))
        self._cache.clear()

    def revoke(self, purpose: str) -> None:
        """Delete the keys that were issued for ``purpose``; effective within seconds."""
        with write(self._engine) as connection:
            connection.execute(delete(access_keys).where(access_keys.c.purpose == purpose))
        self._cache.clear()

    def default(self) -> Credential:
        """The key of the default user profile, kept in ``credentials.json`` (mode 0600)."""
        return self.kept(DEFAULT_USER_PROFILE)

    def kept(self, user_profile: str) -> Credential:
        """The key of a user profile of the default domain that the home keeps, mode 0600.

        Made anew when it was revoked. Raises UnknownUserProfile.
        """
        path = self._config.credentials_path(user_profile)
        purpose = _DEFAULT if user_profile == DEFAULT_USER_PROFILE else f"kept for {user_profile}"
        try:
            saved = read_json(path) or {}
        except json.JSONDecodeError:
            saved = {}
        credential = self.get(saved.get("access_key_id", ""))
        if credential is None:
            credential = self.of_purpose(purpose) or self.issue(purpose, user_profile=user_profile)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_json(
                path,
                {
                    "access_key_id": credential.access_key_id,
                    "secret_access_key": credential.secret_access_key,
                    "user_profile": credential.user_profile,
                },
            )
        return credential
