"""JSON in text, and members of structs and maps."""

from __future__ import annotations

from sqlglot import exp

from .building import Builder, E, call

_JSON = exp.DataType.build("JSON")


class Documents(Builder):
    """JSON and nested values; what is no JSON is missing."""

    def json_keys(self, x: E) -> E:
        """The first-level keys of a JSON object in text, in their order; of others none."""
        return call("json_keys", self._json(x))

    def json_kind(self, x: E, key: str) -> E:
        """``long``, ``float``, ``bool`` or ``string`` for the value of a key; missing for null.

        Objects and lists are strings.
        """
        found = call("json_type", self._json(x), _pointer(key))
        kinds = {"BIGINT": "long", "UBIGINT": "long", "DOUBLE": "float", "BOOLEAN": "bool"}
        case = exp.Case(this=found)
        for each, kind in kinds.items():
            case = case.when(exp.convert(each), exp.convert(kind))
        return case.when(exp.convert("NULL"), exp.null()).else_(
            exp.case().when(exp.not_(found.copy().is_(exp.null())), exp.convert("string"))
        )

    def json_text(self, x: E, key: str) -> E:
        """The value of a first-level key as text: strings bare, objects and lists as JSON."""
        return call("json_extract_string", self._json(x), _pointer(key))

    def json_items(self, x: E) -> E:
        """The items of a JSON list in text as a list of texts; of what is no list none."""
        return call("json_extract_string", self._json(x), "$[*]")

    def member(self, x: E, key: str) -> E:
        """A field of a struct."""
        return call("struct_extract", x, key)

    def map_keys(self, x: E) -> E:
        """The keys of a map."""
        return call("map_keys", x)

    def map_value(self, x: E, key: E) -> E:
        """What a map has for a key; missing where it has none."""
        return call("map_extract_value", x, key)

    def place(self, x: E, item: E) -> E:
        """Where in a list an item first stands, counted from one."""
        return call("list_position", x, item)

    def nothing(self) -> E:
        """A list of one missing item."""
        return call("list_value", exp.null())

    def _json(self, x: E) -> E:
        return exp.TryCast(this=x.copy(), to=_JSON.copy())


def _pointer(key: str) -> str:
    return "/" + key.replace("~", "~0").replace("/", "~1")
