"""From parameters, right or wrong, to a request of the operation's protocol.

botocore's serializers refuse much of what a hostile client can send; these send anything.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from fuzz_http import Wire

#: Values that Python cannot write as JSON, by the text that stands for them until they are sent.
LITERALS = {
    "@1e400@": "1e400",
    "@nan@": "NaN",
    "@-inf@": "-Infinity",
    "@digits@": "9" * 5000,
    "@lists@": "[" * 10_000 + "]" * 10_000,
    "@objects@": '{"a":' * 10_000 + "1" + "}" * 10_000,
    "@twice@": '{"a": 1, "a": 2}',
}
_DEEP_XML = "<a>" * 10_000 + "</a>" * 10_000


def request(operation: OperationModel, params: dict[str, Any]) -> Wire:
    """The request of an operation with these parameters."""
    service = operation.service_model
    protocol = service.resolved_protocol
    name = service.metadata.get("signingName") or service.metadata["endpointPrefix"]
    if protocol == "json":
        return _json(operation, params, name)
    if protocol == "query":
        return _query(operation, params, name)
    return _rest(operation, params, name, protocol)


def _json(operation: OperationModel, params: dict[str, Any], signing: str) -> Wire:
    metadata = operation.service_model.metadata
    headers = (
        ("Content-Type", f"application/x-amz-json-{metadata.get('jsonVersion', '1.1')}"),
        ("X-Amz-Target", f"{metadata['targetPrefix']}.{operation.name}"),
    )
    return Wire("POST", "/", "", headers, json_body(params), signing, "json")


def json_body(value: Any) -> bytes:
    """JSON, with what Python would refuse to write."""
    text = json.dumps(value, default=_json_scalar)
    for mark, literal in LITERALS.items():
        text = text.replace(json.dumps(mark), literal)
    return text.encode()


def _json_scalar(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"no JSON for {value!r}")


# --- query


def _query(operation: OperationModel, params: dict[str, Any], signing: str) -> Wire:
    version = operation.service_model.metadata["apiVersion"]
    pairs = [("Action", operation.name), ("Version", version)]
    pairs += _flat(operation.input_shape, params, "")
    body = "&".join(f"{encoded(name)}={encoded(value)}" for name, value in pairs)
    headers = (("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),)
    return Wire("POST", "/", "", headers, body.encode(), signing, "query")


def _flat(shape: Shape | None, value: Any, prefix: str) -> Iterator[tuple[str, str]]:
    dot = f"{prefix}." if prefix else ""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        for name, item in value.items():
            member = shape.members.get(name)
            wire = member.serialization.get("name", name) if member is not None else name
            yield from _flat(member, item, dot + wire)
    elif isinstance(shape, ListShape) and isinstance(value, list):
        if not shape.serialization.get("flattened"):
            dot += shape.member.serialization.get("name", "member") + "."
        for number, item in enumerate(value, 1):
            yield from _flat(shape.member, item, f"{dot}{number}")
    elif isinstance(shape, MapShape) and isinstance(value, dict):
        for number, (key, item) in enumerate(value.items(), 1):
            yield f"{dot}entry.{number}.key", text_of(key)
            yield from _flat(shape.value, item, f"{dot}entry.{number}.value")
    else:
        yield prefix, text_of(value)


# --- REST


def _rest(operation: OperationModel, params: dict[str, Any], signing: str, protocol: str) -> Wire:
    shape = operation.input_shape
    path, _, constant = operation.http["requestUri"].partition("?")
    query = [part for part in constant.split("&") if part]
    headers: list[tuple[str, str]] = []
    rest: dict[str, Any] = {}
    for name, value in params.items():
        member = shape.members.get(name) if shape else None
        traits = member.serialization if member is not None else {}
        location, wire = traits.get("location"), traits.get("name", name)
        if location == "uri":
            path = path.replace(f"{{{wire}}}", encoded(text_of(value)))
            path = path.replace(f"{{{wire}+}}", encoded(text_of(value), "/"))
        elif location == "querystring":
            query += _query_parts(member, wire, value)
        elif location == "header":
            headers.append((wire, _header(member, value)))
        elif location == "headers":
            items = value.items() if isinstance(value, dict) else [("x", value)]
            headers += [(f"{wire}{k}", header_text(text_of(v))) for k, v in items]
        else:
            rest[name] = value
    body, kind = _payload(shape, rest, protocol)
    if kind and not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", kind))
    if operation.http_checksum_required and not any("md5" in n.lower() for n, _ in headers):
        digest = hashlib.md5(body, usedforsecurity=False).digest()
        headers.append(("Content-MD5", base64.b64encode(digest).decode()))
    method = operation.http["method"]
    return Wire(method, path, "&".join(query), tuple(headers), body, signing, protocol)


def _query_parts(member: Shape | None, wire: str, value: Any) -> list[str]:
    if isinstance(member, MapShape) and isinstance(value, dict):
        return [f"{encoded(text_of(k))}={encoded(text_of(v))}" for k, v in value.items()]
    items = value if isinstance(member, ListShape) and isinstance(value, list) else [value]
    return [f"{wire}={encoded(text_of(item))}" for item in items]


def _header(member: Shape | None, value: Any) -> str:
    if isinstance(value, datetime):
        return format_datetime(value.astimezone(UTC).replace(microsecond=0), usegmt=True)
    if isinstance(member, ListShape) and isinstance(value, list):
        return ", ".join(header_text(text_of(item)) for item in value)
    return header_text(text_of(value))


def _payload(
    shape: StructureShape | None, rest: dict[str, Any], protocol: str
) -> tuple[bytes, str]:
    name = shape.serialization.get("payload") if shape else None
    if name is None:
        if protocol == "rest-xml" or not rest:
            return (b"", "")
        return json_body(rest), "application/json"
    value = rest.get(name)
    member = shape.members[name]
    if value is None:
        return b"", ""
    if isinstance(member, StructureShape) and protocol == "rest-xml":
        root = member.serialization.get("name", name)
        return _xml(root, member, value).encode("utf-8", "surrogatepass"), "application/xml"
    if isinstance(value, bytes):
        return value, ""
    return text_of(value).encode("utf-8", "surrogatepass"), ""


def _xml(tag: str, shape: Shape | None, value: Any) -> str:
    if isinstance(value, list):
        wrapped = isinstance(shape, ListShape) and not shape.serialization.get("flattened")
        member = shape.member if isinstance(shape, ListShape) else None
        inner = (member.serialization.get("name") if member is not None else None) or (
            "member" if wrapped else tag
        )
        items = "".join(_xml(inner, member, item) for item in value)
        return f"<{tag}>{items}</{tag}>" if wrapped else items
    if not isinstance(value, dict):
        deep = value in ("@lists@", "@objects@")
        return f"<{tag}>{_DEEP_XML if deep else escape(text_of(value))}</{tag}>"
    namespace, attributes, children = "", "", ""
    if shape is not None and "xmlNamespace" in shape.serialization:
        namespace = f" xmlns={quoteattr(shape.serialization['xmlNamespace']['uri'])}"
    for name, item in value.items():
        member = shape.members.get(name) if isinstance(shape, StructureShape) else None
        traits = member.serialization if member is not None else {}
        wire = traits.get("name", name)
        if traits.get("xmlAttribute"):
            prefix = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            attributes += f" {prefix if 'xsi' in wire else ''}{wire}={quoteattr(text_of(item))}"
        else:
            children += _xml(wire, member, item)
    return f"<{tag}{namespace}{attributes}>{children}</{tag}>"


# --- scalars


def text_of(value: Any) -> str:
    """A value where there are only texts."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, str):
        return LITERALS.get(value, value)
    return json.dumps(value, default=str) if isinstance(value, (dict, list)) else str(value)


def encoded(text: str, safe: str = "") -> str:
    """Percent-encoded, surrogates too."""
    return quote(text.encode("utf-8", "surrogatepass"), safe=safe + "-_.~")


def header_text(text: str) -> str:
    """A text as a header can carry it: bytes are UTF-8, line ends and controls become blanks."""
    clean = "".join(" " if ord(c) < 32 or ord(c) == 127 else c for c in text)
    return clean.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")
