"""The access key of a model server: of its own, narrow, and renewed before it runs out.

A server lives longer than a temporary key should, and nobody can change the environment of a
running process. So the key lies in a file of the instance, from which AWS's SDKs read it again
when it is about to expire (``credential_process``).
"""

from __future__ import annotations

import shlex
import time
from datetime import UTC, datetime
from pathlib import Path

from ..control import access
from ..control.world import World
from ..files import read_json, write_atomic, write_json
from ..store.credentials import Credential
from ..store.resources import Resource

LIFETIME_S = 12 * 3600.0
#: Renewed when less than this is left; SDKs ask for a new one a quarter of an hour before the end.
MARGIN_S = 3600.0
_IN_ENVIRONMENT = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def purpose(endpoint: Resource) -> str:
    """What an endpoint's keys are issued for, and revoked by."""
    return f"endpoint {endpoint.id}"


def environment(world: World, endpoint: Resource, root: Path) -> dict[str, str]:
    """The variables that connect an instance's workers, with a fresh key in its folder."""
    variables = world.connect(_renew(world, endpoint, root))
    config = root / "aws-config"
    command = shlex.join(["/bin/cat", str(root / "key.json")])
    write_atomic(config, f"[default]\ncredential_process = {command}\n".encode())
    return {
        **{name: value for name, value in variables.items() if name not in _IN_ENVIRONMENT},
        "AWS_CONFIG_FILE": str(config),
        "AWS_SHARED_CREDENTIALS_FILE": str(root / "no-credentials"),
    }


def keep(world: World, endpoint: Resource, root: Path) -> None:
    """Renew an instance's key when it is time."""
    known = read_json(root / "key.json")
    if known is not None and _ends(known["Expiration"]) - time.time() < MARGIN_S:
        _renew(world, endpoint, root)


def _renew(world: World, endpoint: Resource, root: Path) -> Credential:
    """Issue a key and put it in place; the one before goes on until it expires."""
    credential = world.store.credentials.issue(
        purpose(endpoint),
        domain=endpoint.domain,
        user_profile=endpoint.owner,
        lifetime_s=LIFETIME_S,
        scope=access.WORKLOAD,
    )
    ends = datetime.fromtimestamp(credential.expires or 0.0, UTC)
    document = {
        "Version": 1,
        "AccessKeyId": credential.access_key_id,
        "SecretAccessKey": credential.secret_access_key,
        "SessionToken": credential.session_token,
        "Expiration": ends.isoformat(),
    }
    write_json(root / "key.json", document)
    return credential


def _ends(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
