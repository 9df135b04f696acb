"""Types of columns: sqlglot's, with the six names that flows use for them.

A flow knows ``long``, ``float``, ``string``, ``datetime``, ``date`` and ``bool``; here they are
BIGINT, DOUBLE, TEXT, TIMESTAMP without a zone, DATE and BOOLEAN. Sources bring every column to one
of these, or to a list, struct or map of them, so that no step meets an unsigned byte or a decimal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

Schema = Mapping[str, exp.DataType]

LONG = exp.DataType.build("BIGINT")
FLOAT = exp.DataType.build("DOUBLE")
STRING = exp.DataType.build("TEXT")
DATETIME = exp.DataType.build("TIMESTAMP")
DATE = exp.DataType.build("DATE")
BOOLEAN = exp.DataType.build("BOOLEAN")
VECTOR = exp.DataType.build("ARRAY<DOUBLE>")

#: The names that flows give types.
NAMED: Mapping[str, exp.DataType] = {
    "long": LONG,
    "float": FLOAT,
    "string": STRING,
    "datetime": DATETIME,
    "date": DATE,
    "bool": BOOLEAN,
}

#: How people, and SQL, write a name that flows do not.
_OTHER_NAMES = {
    "bigint": "long",
    "int": "long",
    "integer": "long",
    "double": "float",
    "str": "string",
    "boolean": "bool",
    "timestamp": "datetime",
}

_Type = exp.DataType.Type
_BY_TYPE = {
    **dict.fromkeys(exp.DataType.INTEGER_TYPES, "long"),
    **dict.fromkeys(exp.DataType.REAL_TYPES, "float"),
    **dict.fromkeys(exp.DataType.TEXT_TYPES, "string"),
    _Type.TIMESTAMP: "datetime",
    _Type.TIMESTAMPNTZ: "datetime",
    _Type.TIMESTAMPTZ: "datetime",
    _Type.TIMESTAMPLTZ: "datetime",
    _Type.TIMESTAMP_S: "datetime",
    _Type.TIMESTAMP_MS: "datetime",
    _Type.TIMESTAMP_NS: "datetime",
    _Type.DATETIME: "datetime",
    _Type.DATE: "date",
    _Type.BOOLEAN: "bool",
    _Type.ARRAY: "array",
    _Type.LIST: "array",
    _Type.STRUCT: "struct",
    _Type.OBJECT: "struct",
    _Type.MAP: "map",
    _Type.BINARY: "binary",
    _Type.VARBINARY: "binary",
    _Type.BLOB: "binary",
    _Type.JSON: "string",
}
NUMERIC = ("long", "float")
TEMPORAL = ("datetime", "date")
#: What has one value, that can be written as a text.
SCALAR = ("string", *NUMERIC, "bool", *TEMPORAL)


def named(value: Any) -> Any:
    """The flow's name of a type: ``Long``, ``boolean`` and ``int`` are written too."""
    name = value.lower() if isinstance(value, str) else value
    return _OTHER_NAMES.get(name, name) if isinstance(name, str) else name


def kind_of(datatype: exp.DataType) -> str:
    """``long``, ``float``, ``string``, ``datetime``, ``date``, ``bool``, ``array``, ``struct``,

    ``map``, ``binary``, or ``other``.
    """
    return _BY_TYPE.get(datatype.this, "other")


def is_numeric(datatype: exp.DataType) -> bool:
    """Whether arithmetic is possible."""
    return kind_of(datatype) in NUMERIC


def is_vector(datatype: exp.DataType) -> bool:
    """A list of numbers, as assembled vectors are."""
    return kind_of(datatype) == "array" and is_numeric(element_of(datatype))


def element_of(datatype: exp.DataType) -> exp.DataType:
    """What a list holds."""
    (element, *_) = datatype.expressions or [STRING]
    return element if isinstance(element, exp.DataType) else STRING


def describe(schema: Schema) -> dict[str, Any]:
    """``{column: kind}``, as ``trained_parameters.schema`` holds it."""
    return {name: kind_of(datatype) for name, datatype in schema.items()}
