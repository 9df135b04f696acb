"""Accounts: every user profile has one of its own, as AWS isolates users of different accounts."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from sqlalchemy import Column, Engine, Float, Index, String, Table, insert, select, update
from sqlalchemy.exc import IntegrityError

from ..config import DEFAULT_DOMAIN, DEFAULT_USER_PROFILE
from .database import metadata, read, write

_TRIES = 20

accounts = Table(
    "accounts",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("domain", String(63), nullable=False),
    Column("user_profile", String(63), nullable=False),
    Column("created", Float, nullable=False),
    Column("closed", Float),
)
# Of the closed ones there may be several: who is created anew does not get what was another's.
Index(
    "accounts_open",
    accounts.c.domain,
    accounts.c.user_profile,
    unique=True,
    sqlite_where=accounts.c.closed.is_(None),
    postgresql_where=accounts.c.closed.is_(None),
)


@dataclass(frozen=True)
class Account:
    """An account and the user profile that it belongs to."""

    account: str
    domain: str
    user_profile: str


class AccountTaken(Exception):
    """The user profile has an account already."""


class AccountMismatch(Exception):
    """The home was made with another account id; the text says what to set."""


class Accounts:
    """Which account id a user profile has; an id is given once and never again."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, domain: str, user_profile: str) -> str | None:
        """The account of a user profile, or None when there is no such profile."""
        query = select(accounts.c.account).where(
            accounts.c.domain == domain,
            accounts.c.user_profile == user_profile,
            accounts.c.closed.is_(None),
        )
        with read(self._engine) as connection:
            return connection.scalar(query)

    def holder(self, account: str) -> Account | None:
        """Whose account it is; None when it is nobody's (any more)."""
        query = select(accounts).where(accounts.c.account == account, accounts.c.closed.is_(None))
        with read(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return Account(row.account, row.domain, row.user_profile) if row else None

    def open(self, domain: str, user_profile: str) -> str:
        """A new account for a user profile; AccountTaken when it has one."""
        for _ in range(_TRIES):
            account = f"{secrets.randbelow(10**12):012d}"
            try:
                self._insert(account, domain, user_profile)
                return account
            except IntegrityError:
                if self.of(domain, user_profile) is not None:
                    raise AccountTaken(f"{domain}/{user_profile}") from None
        raise RuntimeError(f"no free account id was found in {_TRIES} tries")

    def close(self, account: str) -> None:
        """Take an account from its user profile; what is stored under it stays, unreachable."""
        at = (accounts.c.account == account) & accounts.c.closed.is_(None)
        with write(self._engine) as connection:
            connection.execute(update(accounts).where(at).values(closed=time.time()))

    def keep_default(self, account: str) -> None:
        """Note the default user profile's account; AccountMismatch when it has had another."""
        known = self.of(DEFAULT_DOMAIN, DEFAULT_USER_PROFILE)
        if known is None:
            try:
                self._insert(account, DEFAULT_DOMAIN, DEFAULT_USER_PROFILE)
            except IntegrityError:  # another process was faster
                known = self.of(DEFAULT_DOMAIN, DEFAULT_USER_PROFILE)
        if known not in (None, account):
            raise AccountMismatch(
                f"account_id: this home belongs to account {known}, not to {account}; what it "
                f"holds would be out of reach. Set account_id to {known}."
            )

    def _insert(self, account: str, domain: str, user_profile: str) -> None:
        values = {
            "account": account,
            "domain": domain,
            "user_profile": user_profile,
            "created": time.time(),
        }
        with write(self._engine) as connection:
            connection.execute(insert(accounts).values(**values))
