"""Bucket policies: AWS's JSON, checked when it is put and evaluated at each request.

Built are Effect, Principal, Action and Resource with their wildcards. What would change the
outcome if it were ignored (Condition, NotPrincipal ...) is refused.
Reference: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-policy-language-overview.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

MAX_BYTES = 20 * 1024
VERSIONS = ("2012-10-17", "2008-10-17")
_BUILT = {"Sid", "Effect", "Principal", "Action", "Resource"}
_ACCOUNT = re.compile(r"(?:arn:aws:iam::)?(\d{12})(?::(?:root|role/StudioExecutionRole))?")

#: Gives the account of a principal that names a user profile, None when there is none.
Resolve = Callable[[str], str | None]


class MalformedPolicy(ValueError):
    """The policy breaks a rule of the language; the text says which."""


class NotBuilt(ValueError):
    """The policy uses a member that is not built; the text names it."""


def parse(text: str, bucket: str, resolve: Resolve) -> dict[str, Any]:
    """A policy as it is stored: the text, and its statements with principals as accounts.

    Raises MalformedPolicy or NotBuilt.
    """
    if len(text.encode()) > MAX_BYTES:
        raise MalformedPolicy(f"A bucket policy has at most {MAX_BYTES} bytes.")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise MalformedPolicy(
            "Policies must be valid JSON and the first byte must be '{'"
        ) from None
    if not isinstance(document, dict):
        raise MalformedPolicy("Policies must be valid JSON and the first byte must be '{'")
    if document.get("Version", VERSIONS[1]) not in VERSIONS:
        raise MalformedPolicy(f"Version must be {VERSIONS[0]}, not {document['Version']!r}.")
    statements = _listed(document.get("Statement"), "Statement")
    return {
        "text": text,
        "statements": [_statement(item, bucket, resolve) for item in statements],
    }


def _statement(item: Any, bucket: str, resolve: Resolve) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise MalformedPolicy("Statement must hold objects.")
    for name in item:
        if name not in _BUILT:
            raise NotBuilt(f"Statement.{name} is not built into Studio.")
    if item.get("Effect") not in ("Allow", "Deny"):
        raise MalformedPolicy(f"Effect must be Allow or Deny, not {item.get('Effect')!r}.")
    actions = _texts(item.get("Action"), "Action")
    for action in actions:
        if action != "*" and not action.lower().startswith("s3:"):
            raise MalformedPolicy(f"Policy has invalid action: {action}")
    resources = _texts(item.get("Resource"), "Resource")
    arn = f"arn:aws:s3:::{bucket}"
    for name in resources:
        if name != arn and not name.startswith(f"{arn}/"):
            raise MalformedPolicy(f"Policy has invalid resource: {name} is not in {arn}")
    return {
        "effect": item["Effect"],
        "accounts": _principals(item.get("Principal"), resolve),
        "actions": [action.lower() for action in actions],
        "resources": resources,
    }


def _principals(principal: Any, resolve: Resolve) -> list[str]:
    if isinstance(principal, dict) and set(principal) == {"AWS"}:
        principal = principal["AWS"]
    elif principal != "*":
        raise MalformedPolicy('Invalid principal in policy: "*" or {"AWS": ...} is meant.')
    found = []
    for name in _texts(principal, "Principal"):
        match = _ACCOUNT.fullmatch(name)
        account = "*" if name == "*" else match[1] if match else resolve(name)
        if account is None:
            raise MalformedPolicy(f"Invalid principal in policy: there is no {name}")
        found.append(account)
    return found


def _listed(value: Any, name: str) -> list[Any]:
    items = value if isinstance(value, list) else [value]
    if value is None or not items:
        raise MalformedPolicy(f"Missing required field {name}")
    return items


def _texts(value: Any, name: str) -> list[str]:
    items = _listed(value, name)
    if not all(isinstance(item, str) for item in items):
        raise MalformedPolicy(f"{name} must be text or a list of texts.")
    return items


def evaluate(policy: Mapping[str, Any] | None, account: str, action: str, arn: str) -> str | None:
    """ "Deny" when any statement denies, else "Allow" when one allows, else None."""
    effects = {
        statement["effect"]
        for statement in (policy or {}).get("statements", ())
        if ("*" in statement["accounts"] or account in statement["accounts"])
        and any(_matches(pattern, action.lower()) for pattern in statement["actions"])
        and any(_matches(pattern, arn) for pattern in statement["resources"])
    }
    return "Deny" if "Deny" in effects else "Allow" if effects else None


def _matches(pattern: str, text: str) -> bool:
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = (
        ".*" if part == "*" else "." if part == "?" else re.escape(part)
        for part in re.split(r"([*?])", pattern)
    )
    return re.compile("".join(parts), re.DOTALL)
