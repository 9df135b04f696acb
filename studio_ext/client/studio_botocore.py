"""botocore plugin: requests addressed to AWS go to Studio.

Clients find Studio by ``AWS_ENDPOINT_URL``, except where a program passes a host of AWS itself (the
SageMaker SDK does so for STS) or where a profile says so. The plugin rewrites those requests before
they are signed, so nothing that botocore sends from a connected program can leave for AWS.

botocore imports this file by name (``BOTOCORE_EXPERIMENTAL__PLUGINS``), in programs that do not
have Studio installed: it uses the standard library alone.
"""

from __future__ import annotations

import os
import re
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

_AWS_HOST = re.compile(r"\.(amazonaws\.com(\.cn)?|api\.aws|on\.aws)$")
_BUCKET_HOST = re.compile(r"^(?P<bucket>.+)\.s3[.-]")
_MARK = "_studio_redirected"


def initialize_client_plugin(client: Any) -> None:
    """Called by botocore for each new client."""
    client.meta.events.register("before-call", _redirect, unique_id="studio-redirect")


def _redirect(params: dict[str, Any], model: Any, **_: Any) -> None:
    service = model.service_model
    endpoint = _endpoint(service.service_id)
    if endpoint:
        params["url"] = rewrite(params["url"], endpoint, is_s3=service.service_name == "s3")


def _endpoint(service_id: str) -> str | None:
    # Read at each call: `%studio connect` may come after the client was made.
    name = re.sub(r"[^A-Z0-9]", "_", service_id.upper())
    return os.environ.get(f"AWS_ENDPOINT_URL_{name}") or os.environ.get("AWS_ENDPOINT_URL")


def rewrite(url: str, endpoint: str, *, is_s3: bool = False) -> str:
    """``url`` on ``endpoint`` if it names a host of AWS or a bucket as a host name, else as it is.

    >>> rewrite("https://sts.us-east-1.amazonaws.com/", "http://127.0.0.1:8000")
    'http://127.0.0.1:8000/'
    >>> rewrite("https://data.s3.amazonaws.com/a%20b?x=1", "http://127.0.0.1:8000", is_s3=True)
    'http://127.0.0.1:8000/data/a%20b?x=1'
    """
    source, target = urlsplit(url), urlsplit(endpoint)
    host, base = source.hostname or "", target.path.rstrip("/")
    path = source.path
    bucket = None
    if _AWS_HOST.search(host):
        match = _BUCKET_HOST.match(host) if is_s3 else None
        bucket = match["bucket"] if match else None
    elif is_s3 and host.endswith(f".{target.hostname}"):
        # A profile that forces virtual-host addressing.
        bucket = host.removesuffix(f".{target.hostname}")
        path = path.removeprefix(base)
    else:
        return url
    if bucket:
        path = f"/{quote(bucket)}{path or '/'}"
    return urlunsplit((target.scheme, target.netloc, base + (path or "/"), source.query, ""))


def install() -> bool:
    """Make botocore releases without plugins call the plugin too; True if that was needed.

    Patches ``botocore.session.Session.create_client`` in this process, once.
    """
    import botocore.session

    session = botocore.session.Session
    if hasattr(session, "_register_client_plugins") or getattr(session, _MARK, False):
        return False
    create_client = session.create_client

    def create(self: Any, *args: Any, **kwargs: Any) -> Any:
        client = create_client(self, *args, **kwargs)
        initialize_client_plugin(client)
        return client

    session.create_client = create
    setattr(session, _MARK, True)
    return True
