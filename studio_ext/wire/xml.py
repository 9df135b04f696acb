"""XML of the rest-xml and query protocols: elements to values and back, by shape."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from botocore.model import ListShape, MapShape, Shape, StructureShape
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from .errors import ApiError
from .scalars import Unreadable, format_text, parse_text

# What XML 1.0 cannot hold even escaped; S3 keys with such characters need EncodingType=url.
_SPECIAL = re.compile('[&<>"]')
# A parser would read a carriage return as a newline, and in attributes all of these as blanks.
_ESCAPES = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        '"': "&quot;",
        "\r": "&#13;",
        "\n": "&#10;",
        "\t": "&#9;",
    }
)
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

Add = Callable[[str], None]


def parse_document(body: bytes) -> Element:
    """The root of a request's XML. Entities and DTDs are refused."""
    try:
        return fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        text = "The XML you provided was not well-formed or did not validate."
        raise ApiError("MalformedXML", text) from None


def parse_element(shape: Shape, element: Element) -> Any:
    """The value of `shape` that `element` holds."""
    if isinstance(shape, StructureShape):
        return _parse_structure(shape, element)
    if isinstance(shape, ListShape):
        return [parse_element(shape.member, child) for child in element]
    if isinstance(shape, MapShape):
        return _parse_map(shape, element)
    return parse_text(shape, element.text or "")


def _parse_structure(shape: StructureShape, element: Element) -> dict[str, Any]:
    children: dict[str, list[Element]] = {}
    for child in element:
        children.setdefault(_local(child.tag), []).append(child)
    attributes = {_local(name): value for name, value in element.attrib.items()}
    parsed: dict[str, Any] = {}
    for name, member in shape.members.items():
        if member.serialization.get("location"):
            continue
        wire = member.serialization.get("name", name)
        if member.serialization.get("xmlAttribute"):
            if (value := attributes.get(wire.rpartition(":")[2])) is not None:
                parsed[name] = value
        elif found := children.get(wire):
            try:
                parsed[name] = _parse_member(member, found)
            except Unreadable as error:
                raise error.at(name) from None
    return parsed


def _parse_member(member: Shape, found: list[Element]) -> Any:
    if member.serialization.get("flattened"):
        if isinstance(member, ListShape):
            return [parse_element(member.member, child) for child in found]
        if isinstance(member, MapShape):
            return dict(_entry(member, child) for child in found)
    return parse_element(member, found[0])


def _parse_map(shape: MapShape, element: Element) -> dict[str, Any]:
    return dict(_entry(shape, child) for child in element)


def _entry(shape: MapShape, element: Element) -> tuple[str, Any]:
    children = {_local(child.tag): child for child in element}
    key = children.get(shape.key.serialization.get("name", "key"))
    value = children.get(shape.value.serialization.get("name", "value"))
    if key is None or value is None:
        raise ApiError("MalformedXML", "A map entry lacks its key or value.")
    return key.text or "", parse_element(shape.value, value)


@cache
def writer(shape: Shape, tag: str) -> Callable[[Any, Add], None]:
    """What appends the text of a value of ``shape`` as ``<tag>``, put together once.

    Flattened lists and maps repeat the element; members that are None are dropped.
    """
    if isinstance(shape, StructureShape):
        return _structure_writer(shape, tag)
    if isinstance(shape, ListShape):
        return _list_writer(shape, tag)
    if isinstance(shape, MapShape):
        return _map_writer(shape, tag)
    before, after = f"<{tag}{_namespace(shape)}>", f"</{tag}>"

    def write(value: Any, add: Add) -> None:
        add(f"{before}{escaped(format_text(shape, value, 'iso8601'))}{after}")

    return write


def _structure_writer(shape: StructureShape, tag: str) -> Callable[[Any, Add], None]:
    """Members' writers are looked up as they are needed, since a shape may hold itself."""
    before, after = f"<{tag}{_namespace(shape)}", f"</{tag}>"
    members: list[tuple[str, str, Shape]] = []
    attributes: list[tuple[str, str]] = []
    for name, member in shape.members.items():
        wire = member.serialization.get("name", name)
        if member.serialization.get("xmlAttribute"):
            attributes.append((name, wire))
        elif not member.serialization.get("location"):
            members.append((name, wire, member))

    def write(value: Any, add: Add) -> None:
        given = [(wire, value[name]) for name, wire in attributes if value.get(name) is not None]
        add(before + "".join(f' {wire}="{escaped(str(item))}"' for wire, item in given) + ">")
        for name, wire, member in members:
            item = value.get(name)
            if item is not None:
                writer(member, wire)(item, add)
        add(after)

    return write


def _list_writer(shape: ListShape, tag: str) -> Callable[[Any, Add], None]:
    name = shape.member.serialization.get("name")
    flattened = shape.serialization.get("flattened")
    before, after = ("", "") if flattened else (f"<{tag}{_namespace(shape)}>", f"</{tag}>")
    item_tag = name or (tag if flattened else "member")

    def write(values: Any, add: Add) -> None:
        item = writer(shape.member, item_tag)
        add(before)
        for value in values:
            item(value, add)
        add(after)

    return write


def _map_writer(shape: MapShape, tag: str) -> Callable[[Any, Add], None]:
    flattened = shape.serialization.get("flattened")
    before, after = ("", "") if flattened else (f"<{tag}>", f"</{tag}>")
    entry = tag if flattened else "entry"
    key_tag = shape.key.serialization.get("name", "key")
    value_tag = shape.value.serialization.get("name", "value")

    def write(values: Any, add: Add) -> None:
        add(before)
        for key, value in values.items():
            add(f"<{entry}>")
            writer(shape.key, key_tag)(key, add)
            writer(shape.value, value_tag)(value, add)
            add(f"</{entry}>")
        add(after)

    return write


def _namespace(shape: Shape) -> str:
    namespace = shape.serialization.get("xmlNamespace")
    if not isinstance(namespace, dict):
        return ""
    prefix = namespace.get("prefix")
    return f' {f"xmlns:{prefix}" if prefix else "xmlns"}="{escaped(namespace["uri"])}"'


def content(shape: Shape, value: Any) -> str:
    """What is between the tags of a structure's element."""
    pieces: list[str] = []
    writer(shape, "root")(value, pieces.append)
    return "".join(pieces[1:-1])


def element(tag: str, inside: str, namespace: str | None = None) -> str:
    """An element around text that is XML already."""
    attribute = f' xmlns="{escaped(namespace)}"' if namespace else ""
    return f"<{tag}{attribute}>{inside}</{tag}>"


def texts(values: Mapping[str, Any]) -> str:
    """An element with a text for each of ``values``."""
    return "".join(element(tag, escaped(str(value))) for tag, value in values.items())


def escaped(text: str) -> str:
    """``text`` as XML holds it, also in an attribute; what XML cannot hold is replaced."""
    if text.isprintable():
        return text.translate(_ESCAPES) if _SPECIAL.search(text) else text
    return _UNPRINTABLE.sub("\ufffd", text).translate(_ESCAPES)


def document(root: str) -> bytes:
    """The document of a root element."""
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + root.encode()


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
