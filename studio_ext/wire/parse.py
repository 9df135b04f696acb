"""Requests to parameters: what a boto3 user passed, from what boto3 sent.

Every parser walks the operation's input shape. Structures become dicts of the members that were
sent, timestamps aware datetimes, blobs bytes. Members a JSON body has and the shape has not are
kept, so that validation can name them.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from . import xml
from .errors import ApiError
from .jsonform import from_json
from .models import Located, places_of
from .request import Request
from .routing import Route
from .scalars import Unreadable, parse_text


def parse(route: Route, request: Request) -> dict[str, Any]:
    """The parameters of a request. A streamed payload is left out. Raises `ApiError`."""
    parser = _PARSERS.get(route.protocol)
    if parser is None:
        raise ApiError("NotImplemented", f"Studio does not speak {route.protocol}.", 501)
    try:
        return parser(route, request)
    except RecursionError:
        raise Unreadable("The request is nested too deeply") from None


@cache
def streams_input(operation: OperationModel) -> bool:
    """Whether the payload goes to the handler as a stream, not as a parameter."""
    shape = operation.input_shape
    name = shape.serialization.get("payload") if shape else None
    return name is not None and bool(shape.members[name].serialization.get("streaming"))


# --- json


def _parse_json_protocol(route: Route, request: Request) -> dict[str, Any]:
    shape, value = route.operation.input_shape, load_json(request.body)
    return value if shape is None else from_json(shape, value)


def load_json(body: bytes) -> dict[str, Any]:
    """A JSON object; an empty body is an empty one."""
    if not body:
        return {}
    try:
        value = _decoded(body)
    except RecursionError:
        raise Unreadable("The request is nested too deeply") from None
    except ValueError:  # also UnicodeDecodeError
        raise Unreadable("The request body is not valid JSON") from None
    if not isinstance(value, dict):
        raise Unreadable("The request body is not a JSON object")
    if b"\\u" in body and any(escape in body for escape in _SUSPICIOUS):
        _refuse_no_text(value, "")
    return value


#: How JSON writes half of a character, and NUL.
_SUSPICIOUS = (b"\\ud", b"\\uD", b"\\u0000")


def _decoded(body: bytes) -> Any:
    text = body.decode()
    try:
        return json.loads(text)
    except ValueError:
        # An integer of thousands of digits is refused by Python alone: its member refuses it here.
        return json.loads(text, parse_int=float)


def _refuse_no_text(value: Any, path: str) -> None:
    """Half of an escaped pair is no character, which nothing can store, send or log. A NUL can
    be in no file's name, no variable and no text of PostgreSQL's."""
    if isinstance(value, str):
        if "\0" in value:
            raise Unreadable("The text has a NUL character", path)
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Unreadable("The text is not valid Unicode", path) from None
    elif isinstance(value, dict):
        for key, item in value.items():
            inside = f"{path}.{key}" if path else key
            _refuse_no_text(key, inside)
            _refuse_no_text(item, inside)
    elif isinstance(value, list):
        for item in value:
            _refuse_no_text(item, path)


# --- rest: labels, query, headers, payload


def _parse_rest_json(route: Route, request: Request) -> dict[str, Any]:
    def body(shape: StructureShape) -> dict[str, Any]:
        return from_json(shape, load_json(request.body))

    def payload(shape: Shape) -> Any:
        return from_json(shape, load_json(request.body))

    return _parse_rest(route, request, body, payload)


def _parse_rest_xml(route: Route, request: Request) -> dict[str, Any]:
    def body(shape: StructureShape) -> Any:
        root = xml.parse_document(request.body) if request.body.strip() else None
        return {} if root is None else xml.parse_element(shape, root)

    return _parse_rest(route, request, body, body)


def _parse_rest(
    route: Route,
    request: Request,
    parse_body: Callable[[StructureShape], dict[str, Any]],
    parse_payload: Callable[[Any], Any],
) -> dict[str, Any]:
    shape = route.operation.input_shape
    if shape is None:
        return {}
    parsed: dict[str, Any] = {}
    places = places_of(shape)
    sent = [places.in_headers[name] for name in request.headers if name in places.in_headers]
    asked = places.in_query if request.raw_query else ()
    for place in (*places.others, *asked, *sent):
        try:
            value = _located(route, request, place)
        except Unreadable as error:
            raise error.at(place.name) from None
        if value is not None:
            parsed[place.name] = value
    _parse_rest_payload(route.operation, request, parsed, parse_body, parse_payload)
    if "payload" not in shape.serialization and not places.whole:
        # A body must not set what the URI, query or headers set.
        body = parse_body(shape)
        parsed.update((n, v) for n, v in body.items() if n not in places.by_name)
    return parsed


def _located(route: Route, request: Request, place: Located) -> Any:
    """The value of a member that is not in the body; None when there is none."""
    _, location, wire, member, is_json = place
    if location == "header":
        return (_from_json_header if is_json else _from_header)(member, request.headers[wire])
    if location == "uri":
        return parse_text(member, route.labels[wire]) if wire in route.labels else None
    if location == "querystring":
        shape = route.operation.input_shape
        return None if shape is None else _from_query(member, wire, request, shape)
    return _header_map(wire, request.headers)


def _parse_rest_payload(
    operation: OperationModel,
    request: Request,
    parsed: dict[str, Any],
    parse_body: Callable[[StructureShape], dict[str, Any]],
    parse_payload: Callable[[Any], Any],
) -> None:
    shape = operation.input_shape
    name = shape.serialization.get("payload") if shape else None
    if name is None or streams_input(operation):
        return
    member = shape.members[name]
    if member.type_name == "blob":
        parsed[name] = request.body
    elif member.type_name == "string":
        parsed[name] = _text(request.body)
    elif request.body:
        try:
            parsed[name] = parse_payload(member)
        except Unreadable as error:
            raise error.at(name) from None


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise Unreadable("The request body is not UTF-8 text") from None


def _from_query(member: Shape, wire: str, request: Request, shape: StructureShape) -> Any:
    if isinstance(member, MapShape):
        # The map takes every parameter that no other member is bound to.
        taken = {
            m.serialization.get("name", n)
            for n, m in shape.members.items()
            if m.serialization.get("location") == "querystring" and not isinstance(m, MapShape)
        }
        many = isinstance(member.value, ListShape)
        items = ((k, v) for k, v in request.query.items() if k not in taken)
        return {k: v if many else v[0] for k, v in items} or None
    values = request.query.get(wire)
    if values is None:
        return None
    if isinstance(member, ListShape):
        return [parse_text(member.member, value) for value in values]
    return parse_text(member, values[0])


def _from_json_header(_member: Shape, text: str) -> Any:
    try:
        return json.loads(base64.b64decode(text, validate=True))
    except (ValueError, binascii.Error):
        raise Unreadable("A header is not base64 JSON") from None


def _from_header(member: Shape, text: str) -> Any:
    if isinstance(member, ListShape):
        return [parse_text(member.member, item) for item in _header_items(text, member.member)]
    return parse_text(member, text)


def _header_items(text: str, member: Shape) -> list[str]:
    if member.type_name == "timestamp":  # HTTP dates have a comma of their own
        return [part.strip() for part in re.findall(r"[^,]+,[^,]+|[^,]+", text)]
    quoted = re.findall(r'\s*(?:"((?:\\.|[^"\\])*)"|([^,]*))\s*(?:,|$)', text)
    items = [re.sub(r"\\(.)", r"\1", a) if a else b.strip() for a, b in quoted]
    return [item for item in items if item]


def _header_map(prefix: str, headers: Mapping[str, str]) -> dict[str, str] | None:
    found = {k[len(prefix) :]: v for k, v in headers.items() if k.startswith(prefix)}
    return found or None


# --- query


def _parse_query_protocol(route: Route, request: Request) -> dict[str, Any]:
    if route.operation.input_shape is None:
        return {}
    return _query_value(route.operation.input_shape, _tree(request.form)) or {}


def _tree(form: Mapping[str, str]) -> dict[Any, Any]:
    """`A.member.1.B=x` as nested dicts; a node's own text is under the key None."""
    root: dict[Any, Any] = {}
    for name, text in form.items():
        node = root
        for part in name.split("."):
            node = node.setdefault(part, {})
        node[None] = text
    return root


def _query_value(shape: Shape, node: dict[Any, Any]) -> Any:
    if isinstance(shape, StructureShape):
        parsed = {}
        for name, member in shape.members.items():
            wire = member.serialization.get("name", name)
            child = _query_child(member, wire, node)
            if child is not None:
                try:
                    parsed[name] = _query_value(member, child)
                except Unreadable as error:
                    raise error.at(name) from None
        return parsed
    if isinstance(shape, ListShape):
        items = node
        if not shape.serialization.get("flattened"):
            items = node.get(shape.member.serialization.get("name", "member"), {})
        return [_query_value(shape.member, item) for item in _numbered(items)]
    if isinstance(shape, MapShape):
        entries = node if shape.serialization.get("flattened") else node.get("entry", {})
        key = shape.key.serialization.get("name", "key")
        value = shape.value.serialization.get("name", "value")
        pairs = [e for e in _numbered(entries) if key in e and value in e]
        return {e[key].get(None, ""): _query_value(shape.value, e[value]) for e in pairs}
    text = node.get(None, "")
    if "\0" in text:
        raise Unreadable("The text has a NUL character")
    return parse_text(shape, text)


def _query_child(member: Shape, wire: str, node: dict[Any, Any]) -> dict[Any, Any] | None:
    child: dict[Any, Any] | None = node
    if isinstance(member, ListShape) and member.serialization.get("flattened"):
        wire = member.member.serialization.get("name", wire)
    for part in wire.split("."):
        if child is None:
            return None
        child = child.get(part)
    return child


def _numbered(node: dict[Any, Any]) -> list[dict[Any, Any]]:
    """The children `1`, `2`, ... in order."""
    numbers = sorted(int(n) for n in node if n is not None and re.fullmatch(r"[1-9]\d{0,8}", n))
    return [node[str(number)] for number in numbers]


_PARSERS: dict[str, Callable[[Route, Request], dict[str, Any]]] = {
    "json": _parse_json_protocol,
    "rest-json": _parse_rest_json,
    "rest-xml": _parse_rest_xml,
    "query": _parse_query_protocol,
}
