"""The environment that makes unmodified AWS programs talk to a Studio.

One function, :func:`connection`, says what must be set; the shell (``studio env``), notebooks
(``%studio connect``), kernels and jobs all use it, so a program behaves the same everywhere.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

from ..config import DEFAULT_USER_PROFILE, Config
from ..files import read_json, write_atomic

CLIENT_DIR = Path(__file__).resolve().parent.parent / "client"
PLUGIN = "studio=studio_botocore"

# A person's own AWS set-up that would override ours or mix real credentials into our requests.
_FOREIGN = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_ACCOUNT_ID",
    "AWS_AUTH_SCHEME_PREFERENCE",
)
# They tell at level INFO of each endpoint that we set, and that the SageMaker SDK will collect
# telemetry (before looking whether it may: it may not).
_TALKATIVE = ("botocore.configprovider", "sagemaker.telemetry.telemetry_logging")
_ENDPOINT_PREFIX = "AWS_ENDPOINT_URL"
_LOOPBACK = ("127.0.0.1", "localhost")


class NotRunning(Exception):
    """No Studio answers on the home; the text says what to do."""

    def __init__(self, home: Path, reason: str) -> None:
        self.home = home
        super().__init__(
            f"No Studio is running on {home} ({reason}). Start one with "
            f"`studio serve --home {home}`, or open JupyterLab with the Studio extension."
        )


def default_home() -> Path:
    """``STUDIO_HOME``, or ``~/.studio``."""
    return Config().path


def connection(
    home: str | Path,
    *,
    environ: Mapping[str, str] = os.environ,
    region: str | None = None,
    user_profile: str | None = None,
) -> dict[str, str]:
    """The variables to set, for programs started with ``environ``, to use the Studio on ``home``.

    Unset the names that :func:`foreign` gives as well. Writes ``home/sdk-config.yaml``. The user
    profile is the one given, else STUDIO_USER_PROFILE's, else the default one.

    Raises
    ------
    NotRunning
        If the home has no address or no credentials: no server was ever started on it.
    """
    config = Config(home=str(home))
    if region:
        config.region = region
    user_profile = user_profile or config.user_profile
    credentials = read_json(config.credentials_path(user_profile))
    if not credentials:
        raise NotRunning(config.path, f"it has no credentials of user profile {user_profile}")
    variables = {
        _ENDPOINT_PREFIX: endpoint(config.path),
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        "AWS_ACCESS_KEY_ID": credentials["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": credentials["secret_access_key"],
        "AWS_DEFAULT_REGION": config.region,
        "AWS_REGION": config.region,
        "AWS_USE_FIPS_ENDPOINT": "false",
        "AWS_USE_DUALSTACK_ENDPOINT": "false",
        "AWS_EC2_METADATA_DISABLED": "true",
        "BOTOCORE_EXPERIMENTAL__PLUGINS": _with(
            environ.get("BOTOCORE_EXPERIMENTAL__PLUGINS", ""), PLUGIN, ","
        ),
        "PYTHONPATH": _with(environ.get("PYTHONPATH", ""), str(CLIENT_DIR), os.pathsep),
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(_sdk_config(config)),
        "SAGEMAKER_CORE_USER_CONFIG_OVERRIDE": str(config.path / "sdk-config.yaml"),
        "SAGEMAKER_SUPPRESS_V2_WARNING": "1",
        "DISABLE_JUMPSTART_TELEMETRY": "true",
        "STUDIO_HOME": str(config.path),
    }
    if user_profile != DEFAULT_USER_PROFILE:
        variables["STUDIO_USER_PROFILE"] = user_profile
    gateway = read_json(config.run_dir / "gateway.json")
    if gateway and gateway.get("port"):
        host = reachable(gateway.get("host"))
        variables["AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"] = f"http://{host}:{gateway['port']}"
    variables.update(_past_proxies(environ))
    return variables


def foreign(variables: Mapping[str, str], environ: Mapping[str, str] = os.environ) -> list[str]:
    """Names to unset: other AWS identities, and endpoints that ``variables`` does not set."""
    endpoints = (name for name in environ if name.startswith(f"{_ENDPOINT_PREFIX}_"))
    return [*_FOREIGN, *sorted(name for name in endpoints if name not in variables)]


def apply(home: str | Path, environ: MutableMapping[str, str] = os.environ) -> dict[str, str]:
    """Connect this process: environment, import path and boto3's default session."""
    variables = connection(home, environ=environ)
    for name in foreign(variables, environ):
        environ.pop(name, None)
    environ.update(variables)
    # PYTHONPATH is read when Python starts; this process has started already.
    if str(CLIENT_DIR) not in sys.path:
        sys.path.insert(0, str(CLIENT_DIR))
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    boto3: Any = sys.modules.get("boto3")
    if boto3 is not None:
        boto3.DEFAULT_SESSION = None
    return variables


def endpoint(home: Path) -> str:
    """URL of the control plane of a home."""
    control = _control(home)
    return f"http://{reachable(control.get('host'))}:{control['port']}"


def user(home: Path) -> str:
    """User profile that this process is on a home."""
    config = Config(home=str(home))
    kept = read_json(config.credentials_path(config.user_profile)) or {}
    return str(kept.get("user_profile", "unknown"))


def require_running(home: str | Path) -> None:
    """Raise :class:`NotRunning` unless something listens on the home's port."""
    home = Config(home=str(home)).path
    control = _control(home)
    host, port = reachable(control.get("host")), int(control["port"])
    if not listens(host, port):
        raise NotRunning(home, f"nothing listens on {host}:{port}")


def listens(host: str, port: int, timeout_s: float = 2.0) -> bool:
    """Whether a TCP connection to the port is accepted."""
    try:
        with socket.create_connection((host, port), timeout=timeout_s):
            return True
    except OSError:
        return False


def _control(home: Path) -> dict[str, Any]:
    control = read_json(home / "run" / "control.json")
    if not control or not control.get("port"):
        raise NotRunning(home, "it has no address")
    return dict(control)


def reachable(host: str | None) -> str:
    """An address to connect to, for an address to listen on."""
    if host in (None, "", "0.0.0.0", "::", "*"):
        return "127.0.0.1"
    return f"[{host}]" if ":" in str(host) else str(host)


def _with(current: str, item: str, separator: str) -> str:
    kept = (part for part in current.split(separator) if part and part != item)
    return separator.join([item, *kept])


def _sdk_config(config: Config) -> Path:
    """Defaults for the SageMaker SDK: no telemetry."""
    path = config.path / "sdk-config.yaml"
    text = (
        b'SchemaVersion: "1.0"\n'
        b"SageMaker:\n"
        b"  PythonSDK:\n"
        b"    Modules:\n"
        b"      TelemetryOptOut: true\n"
    )
    if not path.exists() or path.read_bytes() != text:
        write_atomic(path, text)
    return path


def _past_proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """Exceptions for this machine, where a proxy is set: botocore would send our requests to it."""
    if not any(_has(environ, f"{scheme}_proxy") for scheme in ("http", "https", "all")):
        return {}
    current = [*environ.get("no_proxy", "").split(","), *environ.get("NO_PROXY", "").split(",")]
    hosts = dict.fromkeys(name.strip() for name in [*current, *_LOOPBACK] if name.strip())
    return dict.fromkeys(("no_proxy", "NO_PROXY"), ",".join(hosts))


def _has(environ: Mapping[str, str], name: str) -> bool:
    return bool(environ.get(name) or environ.get(name.upper()))
