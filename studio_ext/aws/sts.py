"""STS: who am I, and temporary keys for the same user profile."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Protocol

from ..store.credentials import session_of
from ..wire.dispatch import Call, CredentialLike, Registry
from ..wire.errors import AccessDenied

DEFAULT_LIFETIME_S = 3600


class Issuer(Protocol):
    """Issues access keys; the store's credentials do."""

    def issue(
        self, purpose: str, *, domain: str, user_profile: str, lifetime_s: float | None
    ) -> CredentialLike: ...


def register(registry: Registry, issuer: Issuer) -> None:
    """Adds GetCallerIdentity, GetSessionToken and AssumeRole (of the caller's own role)."""

    def get_session_token(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        return {"Credentials": _issue(issuer, call, params)}

    def assume_role(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        # There is one role per user profile, so assuming it grants nothing new.
        if params["RoleArn"] != call.caller.role_arn:
            text = f"User: {_user_arn(call)} is not authorized to perform: sts:AssumeRole on "
            raise AccessDenied(f"{text}resource: {params['RoleArn']}", "AccessDenied")
        session = params["RoleSessionName"]
        return {
            "Credentials": _issue(issuer, call, params),
            "AssumedRoleUser": {
                "AssumedRoleId": f"{call.caller.access_key}:{session}",
                "Arn": _session_arn(call, session),
            },
        }

    registry.add("sts", "GetCallerIdentity", get_caller_identity)
    registry.add("sts", "GetSessionToken", get_session_token)
    registry.add("sts", "AssumeRole", assume_role)


def get_caller_identity(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The caller as a session of its execution role, the form that SDKs derive the role from."""
    return {
        "Account": call.caller.account_id,
        "UserId": f"{call.caller.access_key}:{call.caller.user_profile}",
        "Arn": _user_arn(call),
    }


def _user_arn(call: Call) -> str:
    return _session_arn(call, call.caller.user_profile)


def _session_arn(call: Call, session: str) -> str:
    role = call.caller.role_arn.rpartition("/")[2]
    return f"arn:aws:sts::{call.caller.account_id}:assumed-role/{role}/{session}"


def _issue(issuer: Issuer, call: Call, params: dict[str, Any]) -> dict[str, Any]:
    caller = call.caller
    credential = issuer.issue(
        session_of(caller.access_key),
        domain=caller.domain,
        user_profile=caller.user_profile,
        lifetime_s=params.get("DurationSeconds", DEFAULT_LIFETIME_S),
    )
    return {
        "AccessKeyId": credential.access_key_id,
        "SecretAccessKey": credential.secret_access_key,
        "SessionToken": credential.session_token,
        "Expiration": datetime.fromtimestamp(credential.expires or 0, UTC),
    }
