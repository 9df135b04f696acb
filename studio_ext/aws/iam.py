"""IAM: the execution role, which SDKs look up before they create anything."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from ..wire.dispatch import Call, Registry
from ..wire.errors import ApiError

# The role is not created by anyone; a fixed date keeps answers equal from call to call.
_CREATED = datetime(2017, 11, 29, tzinfo=UTC)
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
