"""Search expressions as conditions in SQL, checked against the model of what is searched.

A property is a column (name, ARN, status, times), a tag, a metric's last value, or a path in the
JSON of the resource. Its type in the model says how values are compared, as the documentation of
SageMaker's ``Filter`` has it: text by equality, membership and part; numbers, times and
hyperparameters that are numbers by order too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.utils import parse_to_aware_datetime
from sqlalchemy import (
    JSON,
    ColumnElement,
    Float,
    Integer,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    type_coerce,
)

from ..store.metrics import metric_points, metric_series
from ..store.tables import resources, tags
from ..wire.errors import ValidationException
from .kinds import Kind

Condition = ColumnElement[bool]
MAX_ELEMENTS = 20
_NUMBER = r"^\s*-?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\s*$"
_ORDER: dict[str, Callable[[Any, Any], Condition]] = {
    "GreaterThan": lambda left, right: left > right,
    "GreaterThanOrEqualTo": lambda left, right: left >= right,
    "LessThan": lambda left, right: left < right,
    "LessThanOrEqualTo": lambda left, right: left <= right,
}
_KINDS = {
    "string": "text",
    "integer": "number",
    "long": "number",
    "float": "number",
    "double": "number",
    "timestamp": "time",
    "boolean": "flag",
}


@dataclass(frozen=True)
class Property:
    """Something to compare: how (``text``, ``number``, ``time``, ``flag``), and where it is.

    Of an element of a list ``each`` is the table of the elements: a filter holds if it holds for
    any of them.
    """

    kind: str
    value: ColumnElement[Any]
    each: Any = None
    #: text that may be a number, as hyperparameters are
    is_loose: bool = False


class Criteria:
    """Turns expressions about one kind of resource into conditions."""

    def __init__(self, kind: Kind, shape: StructureShape, dialect: str) -> None:
        self._kind = kind
        self._shape = shape
        self._sqlite = dialect == "sqlite"
        self._elements = 0
        self._contains: set[str] = set()

    def exact(self, expression: dict[str, Any]) -> list[tuple[str, str]]:
        """What all matches must have literally: (property, value) of names, ARNs and tags."""
        if expression.get("Operator") == "Or":
            return []
        names = (self._kind.name_field, self._kind.arn_field)
        return [
            (item["Name"], item["Value"])
            for item in expression.get("Filters", [])
            if item.get("Operator", "Equals") == "Equals"
            and "Value" in item
            and (item["Name"] in names or item["Name"].startswith("Tags."))
        ]

    def condition(self, expression: dict[str, Any]) -> Condition:
        """The condition of a SearchExpression; ValidationException names what is wrong in it."""
        parts = [self._filter(item) for item in expression.get("Filters", [])]
        parts += [self._nested(item) for item in expression.get("NestedFilters", [])]
        parts += [self.condition(item) for item in expression.get("SubExpressions", [])]
        if not parts:
            raise ValidationException(
                "SearchExpression: at least one of Filters, NestedFilters and SubExpressions is "
                "needed."
            )
        return or_(*parts) if expression.get("Operator") == "Or" else and_(*parts)

    def sort(self, name: str) -> ColumnElement[Any]:
        """What to order by."""
        found = self._property(name, "SortBy")
        if found.each is not None:
            raise ValidationException(
                f"SortBy: {name} has several values; sort by one that has one."
            )
        return found.value

    # --- filters

    def _filter(self, item: dict[str, Any]) -> Condition:
        found = self._property(item["Name"], "SearchExpression")
        condition = self._compare(found, item)
        if found.each is None:
            return condition
        if item.get("Operator") == "NotExists":
            return ~exists(select(literal(1)).select_from(found.each))
        return exists(select(literal(1)).select_from(found.each).where(condition))

    def _nested(self, nested: dict[str, Any]) -> Condition:
        """Some one element of a list satisfies all the filters."""
        name = nested["NestedPropertyName"]
        path = tuple(name.split("."))
        shape = self._walk(path, "NestedPropertyName")
        if not isinstance(shape, ListShape):
            raise ValidationException(f"NestedPropertyName: {name} is no list of objects.")
        each = self._each(path)
        conditions = []
        for item in nested["Filters"]:
            inner = item["Name"].removeprefix(f"{name}.")
            element = self._element(each, shape, tuple(inner.split(".")), item["Name"])
            conditions.append(self._compare(element, item))
        return exists(select(literal(1)).select_from(each).where(*conditions))

    def _compare(self, found: Property, item: dict[str, Any]) -> Condition:
        self._count(item)
        operator, text = item.get("Operator", "Equals"), item.get("Value")
        if operator in ("Exists", "NotExists"):
            is_there = found.value.is_not(None)
            return is_there if operator == "Exists" else ~is_there
        if text is None:
            raise ValidationException(f"SearchExpression: {item['Name']} needs a Value.")
        if found.kind == "text":
            return self._text(found, operator, text, item["Name"])
        return _ordered(found, operator, text, item["Name"])

    def _count(self, item: dict[str, Any]) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise ValidationException(
                f"SearchExpression: it has more than {MAX_ELEMENTS} conditions in all."
            )
        if item.get("Operator") == "Contains":
            if item["Name"] in self._contains:
                raise ValidationException("'CONTAINS' operator usage limit of 1 exceeded.")
            self._contains.add(item["Name"])

    def _text(self, found: Property, operator: str, text: str, name: str) -> Condition:
        if found.is_loose and operator not in ("Contains", "In") and _is_number(text):
            return _numeric(found.value, operator, text, self._sqlite)
        if operator == "Equals":
            return found.value == text
        if operator == "NotEquals":
            return found.value.is_distinct_from(text)
        if operator == "In":
            return found.value.in_([part.strip() for part in text.split(",")])
        if operator == "Contains":
            return func.lower(found.value).contains(text.lower(), autoescape=True)
        raise ValidationException(
            f"SearchExpression: {operator} is not supported for {name}: it is text."
        )

    # --- properties

    def _property(self, name: str, field: str) -> Property:
        head, _, rest = name.partition(".")
        if head == "Tags" and rest:
            value = select(tags.c.value).where(
                tags.c.resource_id == resources.c.id, tags.c.key == rest
            )
            return Property("text", value.scalar_subquery())
        if head == "Metrics" and rest:
            return Property("number", _last_value(self._kind, rest))
        path = tuple(name.split("."))
        shape = self._walk(path, field)
        where = self._columns().get(name)
        if where is not None:
            return Property(_kind_of(shape, name, field), where)
        stored = self._kind.properties.get(name)
        if stored is not None:
            return Property(*_json(resources.c[stored[0]], stored[1:], shape, name, field))
        return self._in_spec(path, shape, name, field)

    def _columns(self) -> dict[str, ColumnElement[Any]]:
        kind, c = self._kind, resources.c
        found: dict[str, ColumnElement[Any]] = {
            kind.name_field: c.name,
            kind.arn_field: c.arn,
            "CreationTime": c.created,
            "LastModifiedTime": c.modified,
        }
        return {**found, kind.status_field: c.status} if kind.status else found

    def _in_spec(self, path: tuple[str, ...], shape: Shape, name: str, field: str) -> Property:
        for length in range(1, len(path)):
            above = self._walk(path[:length], field)
            if isinstance(above, ListShape):
                return self._element(self._each(path[:length]), above, path[length:], name)
            if isinstance(above, MapShape):  # whatever follows is one key
                path = (*path[:length], ".".join(path[length:]))
                kind, value = _json(resources.c.spec, path, shape, name, field)
                return Property(kind, value, is_loose=path[0] == "HyperParameters")
        if isinstance(shape, ListShape) and shape.member.type_name == "string":
            each = self._each(path)
            return Property("text", each.c.value, each)
        return Property(*_json(resources.c.spec, path, shape, name, field))

    def _each(self, path: tuple[str, ...]) -> Any:
        """The elements of a list in the spec as a table."""
        if self._sqlite:
            place = "$" + "".join(f'."{part}"' for part in path)
            return func.json_each(resources.c.spec, place).table_valued("value")
        return func.json_array_elements(resources.c.spec[path]).table_valued("value")

    def _element(self, each: Any, shape: ListShape, path: tuple[str, ...], name: str) -> Property:
        found: Shape | None = shape.member
        for part in path:
            members = found.members if isinstance(found, StructureShape) else {}
            found = members.get(part)
        if found is None:
            raise _unknown(name, self._kind, "SearchExpression")
        kind, value = _json(type_coerce(each.c.value, JSON), path, found, name, "SearchExpression")
        return Property(kind, value, each)

    def _walk(self, path: Sequence[str], field: str) -> Shape:
        """The shape at a path of the searched record's model."""
        found: Any = self._shape
        for part in path:
            if isinstance(found, ListShape):
                found = found.member
            if isinstance(found, MapShape):
                return found.value
            found = found.members.get(part) if isinstance(found, StructureShape) else None
            if found is None:
                raise _unknown(".".join(path), self._kind, field)
        return found


def _unknown(name: str, kind: Kind, field: str) -> ValidationException:
    return ValidationException(f"{field}: a {kind.label} has no property {name}.")


def _kind_of(shape: Shape, name: str, field: str) -> str:
    kind = _KINDS.get(shape.type_name)
    if kind is None:
        raise ValidationException(f"{field}: {name} is a {shape.type_name}; name a value in it.")
    return kind


def _json(
    column: Any, path: tuple[str, ...], shape: Shape, name: str, field: str
) -> tuple[str, ColumnElement[Any]]:
    kind = _kind_of(shape, name, field)
    value = column[tuple(path)]
    if kind == "flag":
        return kind, value.as_boolean()
    return kind, value.as_string() if kind == "text" else value.as_float()


def _last_value(kind: Kind, metric: str) -> ColumnElement[Any]:
    series = resources.c.account + f"/{kind.name}/" + resources.c.name
    return (
        select(metric_points.c.value)
        .join(metric_series, metric_series.c.id == metric_points.c.series_id)
        .where(metric_series.c.resource == series, metric_series.c.name == metric)
        .order_by(metric_points.c.position.desc())
        .limit(1)
        .scalar_subquery()
    )


def _ordered(found: Property, operator: str, text: str, name: str) -> Condition:
    """Numbers, times and flags."""
    value = _parsed(found.kind, text, name)
    if operator == "Equals" or operator == "NotEquals":
        if found.kind == "time":  # what is compared has whole seconds
            same = and_(found.value >= value, found.value < value + 1)
        else:
            same = found.value == value
        return same if operator == "Equals" else or_(~same, found.value.is_(None))
    if operator in _ORDER and found.kind != "flag":
        return _ORDER[operator](found.value, value)
    raise ValidationException(f"SearchExpression: {operator} is not supported for {name}.")


def _parsed(kind: str, text: str, name: str) -> Any:
    try:
        if kind == "flag":
            return {"true": True, "false": False}[text.lower()]
        if kind == "number":
            return float(text)
        moment = parse_to_aware_datetime(text)
        return moment.astimezone(UTC).timestamp()
    except (ValueError, KeyError, OverflowError, RuntimeError):  # botocore's, of years beyond
        wanted = {"flag": "true or false", "number": "a number", "time": "an ISO 8601 time"}[kind]
        raise ValidationException(
            f"SearchExpression: the Value of {name} must be {wanted}, not {text!r}."
        ) from None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "n" not in text.lower()  # neither infinity nor what is no number


def _numeric(value: ColumnElement[Any], operator: str, text: str, sqlite: bool) -> Condition:
    """A text that is a number, compared as one; by its whole part where ``text`` is an integer."""
    number: ColumnElement[Any] = case((value.regexp_match(_NUMBER), cast(value, Float)))
    wanted = float(text)
    if text.strip().lstrip("+-").isdigit():
        number = cast(number, Integer) if sqlite else func.trunc(number)
    if operator == "Equals":
        return number == wanted
    if operator == "NotEquals":
        return number.is_distinct_from(wanted)
    return _ORDER[operator](number, wanted)
