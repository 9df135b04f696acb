"""IAM: the execution role, which SDKs look up before they create anything, and access keys.

A user is a user profile of the default domain; one of another domain is named ``name@domain``.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from ..config import DEFAULT_DOMAIN
from ..control import access
from ..store.accounts import Accounts
from ..store.credentials import Credentials
from ..wire.dispatch import Call, Registry
from ..wire.errors import ApiError

# The role is not created by anyone; a fixed date keeps answers equal from call to call.
_CREATED = datetime(2017, 11, 29, tzinfo=UTC)
MAX_KEYS = 20
_BY_IAM = "access key"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def register(registry: Registry) -> None:
    """Adds GetRole and ListRoles, which know the caller's execution role."""
    registry.add("iam", "GetRole", get_role)
    registry.add("iam", "ListRoles", list_roles)


class AccessKeys:
    """CreateAccessKey, ListAccessKeys and DeleteAccessKey."""

    def __init__(self, credentials: Credentials, accounts: Accounts) -> None:
        self._credentials = credentials
        self._accounts = accounts

    def register(self, registry: Registry) -> None:
        """Add the three operations."""
        registry.add("iam", "CreateAccessKey", self.create)
        registry.add("iam", "ListAccessKeys", self.list)
        registry.add("iam", "DeleteAccessKey", self.delete)

    def create(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """A lasting key; its secret is told here and never again."""
        domain, name, _ = self._user(call, params)
        if len(self._credentials.of_profile(domain, name)) >= MAX_KEYS:
            text = f"Cannot exceed quota for AccessKeysPerUser: {MAX_KEYS}"
            raise ApiError("LimitExceeded", text, 409)
        key = self._credentials.issue(_BY_IAM, domain=domain, user_profile=name)
        created = {
            "UserName": params.get("UserName", name),
            "AccessKeyId": key.access_key_id,
            "Status": "Active",
            "SecretAccessKey": key.secret_access_key,
            "CreateDate": datetime.now(UTC),
        }
        return {"AccessKey": created}

    def list(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """The lasting keys of a user profile."""
        domain, name, _ = self._user(call, params)
        keys = [
            {
                "UserName": params.get("UserName", name),
                "AccessKeyId": key.access_key_id,
                "Status": "Active",
                "CreateDate": datetime.fromtimestamp(key.created, UTC),
            }
            for key in self._credentials.of_profile(domain, name)
        ]
        return {"AccessKeyMetadata": keys, "IsTruncated": False}

    def delete(self, call: Call, params: dict[str, Any]) -> None:
        """End a key and the temporary ones made with it, within seconds."""
        _, _, account = self._user(call, params)
        identity = params["AccessKeyId"]
        if not self._credentials.revoke_key(identity, account):
            text = f"The Access Key with id {identity} cannot be found."
            raise ApiError("NoSuchEntity", text, 404)

    def _user(self, call: Call, params: dict[str, Any]) -> tuple[str, str, str]:
        """Domain, name and account of the user profile whose keys are meant."""
        caller = call.caller
        if "UserName" not in params:
            return caller.domain, caller.user_profile, caller.account_id
        name, separator, domain = params["UserName"].partition("@")
        domain = domain if separator else DEFAULT_DOMAIN
        account = self._accounts.of(domain, name)
        if account is None or not access.keys(caller, account):
            text = f"The user with name {params['UserName']} cannot be found."
            raise ApiError("NoSuchEntity", text, 404)
        return domain, name, account


def get_role(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The caller's execution role by its name."""
    role = _role(call)
    if params["RoleName"] != role["RoleName"]:
        text = f"The role with name {params['RoleName']} cannot be found."
        raise ApiError("NoSuchEntity", text, 404)
    return {"Role": role}


def list_roles(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The one role there is, if its path is asked for."""
    role = _role(call)
    matches = role["Path"].startswith(params.get("PathPrefix", "/"))
    return {"Roles": [role] if matches else [], "IsTruncated": False}


def _role(call: Call) -> dict[str, Any]:
    path, _, name = call.caller.role_arn.partition(":role/")[2].rpartition("/")
    return {
        "Path": f"/{path}/" if path else "/",
        "RoleName": name,
        "RoleId": "AROASTUDIOEXECUTIONROLE",
        "Arn": call.caller.role_arn,
        "CreateDate": _CREATED,
        "AssumeRolePolicyDocument": quote(json.dumps(_TRUST)),
        "MaxSessionDuration": 43200,
    }
