"""Who calls: access keys, and the caller behind one. No imports, so any process can afford it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class CredentialLike(Protocol):
    """An issued access key. `expires` is in epoch seconds; None lasts until revoked.

    `scope` names what the key is limited to; None is all that its holder may do.
    """

    @property
    def access_key_id(self) -> str: ...
    @property
    def secret_access_key(self) -> str: ...
    @property
    def session_token(self) -> str | None: ...
    @property
    def domain(self) -> str: ...
    @property
    def user_profile(self) -> str: ...
    @property
    def role_arn(self) -> str: ...
    @property
    def account_id(self) -> str: ...
    @property
    def expires(self) -> float | None: ...
    @property
    def scope(self) -> str | None: ...


class CredentialSource(Protocol):
    """Looks up access keys; the store provides one."""

    def get(self, access_key_id: str) -> CredentialLike | None: ...


@dataclass(frozen=True)
class Credential:
    """A plain `CredentialLike`, for callers that keep keys without a store."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None
    domain: str
    user_profile: str
    role_arn: str
    account_id: str = "000000000000"
    expires: float | None = None
    scope: str | None = None

    def __repr__(self) -> str:  # keeps secrets out of logs and tracebacks
        return f"Credential({self.access_key_id}, {self.domain}/{self.user_profile})"


@dataclass(frozen=True)
class Caller:
    """The one identity every kind of client resolves to.

    `scope` narrows what it may do (the key of a job); None does not.
    """

    access_key: str
    user_profile: str
    domain: str
    role_arn: str
    account_id: str = "000000000000"
    scope: str | None = None

    @classmethod
    def of(cls, credential: CredentialLike) -> Caller:
        """The caller that signs with `credential`."""
        return cls(
            access_key=credential.access_key_id,
            user_profile=credential.user_profile,
            domain=credential.domain,
            role_arn=credential.role_arn,
            account_id=credential.account_id,
            scope=credential.scope,
        )
