"""XML of the rest-xml and query protocols: elements to values and back, by shape."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from botocore.model import ListShape, MapShape, Shape, StructureShape
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from .errors import ApiError
from .scalars import Unreadable, format_text, parse_text

# What XML 1.0 cannot hold even escaped; S3 keys with such characters need EncodingType=url.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


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


def fill(element: Element, shape: Shape, value: Any) -> None:
    """Puts the value of a structure or scalar into `element`; drops members that are None."""
    _set_namespace(element, shape)
    if not isinstance(shape, StructureShape):
        element.text = clean(format_text(shape, value, "iso8601"))
        return
    for name, member in shape.members.items():
        if value.get(name) is None or member.serialization.get("location"):
            continue
        wire = member.serialization.get("name", name)
        if member.serialization.get("xmlAttribute"):
            element.set(wire, clean(str(value[name])))
        else:
            add_value(element, wire, member, value[name])


def add_value(parent: Element, wire: str, shape: Shape, value: Any) -> None:
    """Appends `value` to `parent` as `wire`; flattened lists and maps repeat that element."""
    if isinstance(shape, ListShape):
        _add_list(parent, wire, shape, value)
    elif isinstance(shape, MapShape):
        _add_map(parent, wire, shape, value)
    else:
        fill(SubElement(parent, wire), shape, value)


def _add_list(parent: Element, wire: str, shape: ListShape, values: Iterable[Any]) -> None:
    item_name = shape.member.serialization.get("name")
    if shape.serialization.get("flattened"):
        item_name = item_name or wire
    else:
        parent, item_name = SubElement(parent, wire), item_name or "member"
        _set_namespace(parent, shape)
    for value in values:
        add_value(parent, item_name, shape.member, value)


def _add_map(parent: Element, wire: str, shape: MapShape, values: dict[str, Any]) -> None:
    flattened = shape.serialization.get("flattened")
    holder = parent if flattened else SubElement(parent, wire)
    for key, value in values.items():
        entry = SubElement(holder, wire if flattened else "entry")
        add_value(entry, shape.key.serialization.get("name", "key"), shape.key, key)
        add_value(entry, shape.value.serialization.get("name", "value"), shape.value, value)


def _set_namespace(element: Element, shape: Shape) -> None:
    namespace = shape.serialization.get("xmlNamespace")
    if isinstance(namespace, dict):
        prefix = namespace.get("prefix")
        element.set(f"xmlns:{prefix}" if prefix else "xmlns", namespace["uri"])


def clean(text: str) -> str:
    """`text` with what XML cannot hold replaced, so that a document always parses."""
    return _UNPRINTABLE.sub("\ufffd", text)


def render(root: Element) -> bytes:
    """The document, with carriage returns escaped (a parser would read them as newlines)."""
    declaration = b'<?xml version="1.0" encoding="UTF-8"?>\n'
    text = tostring(root, encoding="unicode")
    return declaration + text.replace("\r", "&#13;").encode()


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
