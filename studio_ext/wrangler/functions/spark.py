"""The same functions for Spark: what differs by more than a name is overridden.

Names and small differences are put right when a query is written (:mod:`.sparksql`), so that every
call of DuckDB's means the same here. Letters, times and numbers outside of what a type holds are
Java's business where that agrees with ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from ..types import FLOAT, STRING
from .building import E, call, literal
from .duckdb import Functions

if TYPE_CHECKING:
    from ..engines.base import Engine

#: Of ``percentile_approx``: the rank of what it gives is off by one part in so many at most.
ACCURACY = 10_000
#: Spark also takes 1d and 2f for numbers, and 2020 or 2020-05 for a time.
_NUMBER = r"(?i)\s*[+-]?(?:\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|inf(?:inity)?|nan)\s*"
_TIME = r"\d{4}-\d{1,2}-\d{1,2}(?:[ T].+)?"

#: What Spark's name of a variant's type begins with.
_KINDS = {"BIGINT": "long", "DECIMAL": "float", "DOUBLE": "float", "BOOLEAN": "bool"}


class SparkFunctions(Functions):
    """Builders of expressions for Spark SQL.

    Quantiles are approximate, for exact ones take seventy times as long there, unless asked for.
    """

    def __init__(self, engine: Engine, *, exact_quantiles: bool = False) -> None:
        super().__init__(engine)
        self.exact_quantiles = exact_quantiles

    def quantile(self, x: E, q: float) -> E:
        """The quantile ``q`` of 0 to 1: a value near that rank, or the interpolated one."""
        if self.exact_quantiles:
            return call("percentile", self.number(x), q)
        return call("percentile_approx", self.number(x), q, ACCURACY)

    def quantiles(self, x: E, qs: Sequence[float]) -> E:
        """Several quantiles, as a list; missing where there is no value."""
        wanted = exp.array(*(literal(q) for q in qs))
        if self.exact_quantiles:
            return call("percentile", self.number(x), wanted)
        return call("percentile_approx", self.number(x), wanted, ACCURACY)

    def skewness(self, x: E) -> E:
        """Skewness of the population; missing where there are fewer than three values."""
        some = exp.GTE(this=exp.Count(this=x.copy()), expression=literal(3))
        return exp.case().when(some, self.finite(call("skewness", self.number(x))))

    def json_keys(self, x: E) -> E:
        """The first-level keys of a JSON object in text, in their order; of others none."""
        return call("json_object_keys", x)

    def json_kind(self, x: E, key: str) -> E:
        """``long``, ``float``, ``bool`` or ``string`` for the value of a key."""
        found = call("try_variant_get", call("try_parse_json", x), _path(key), "variant")
        kind = call("schema_of_variant", found)
        case = exp.case()
        for start, name in _KINDS.items():
            case = case.when(call("starts_with", kind, start), literal(name))
        case = case.when(call("starts_with", kind, "VOID"), exp.null())
        return case.when(kind.copy().is_(exp.null()).not_(), literal("string"))

    def json_text(self, x: E, key: str) -> E:
        """The value of a first-level key as text: strings bare, objects and lists as JSON."""
        if key and "'" not in key:
            return call("get_json_object", x, _path(key))
        # Its path cannot name such a key.
        return call("try_element_at", call("from_json", x, "MAP<STRING, STRING>"), key)

    def json_items(self, x: E) -> E:
        """The items of a JSON list in text as a list of texts; of what is no list none."""
        return call("from_json", x, "ARRAY<STRING>")

    def upper(self, x: E) -> E:
        """Capitals, as Java has them: ``ß`` is ``SS``."""
        return call("upper", x)

    def lower(self, x: E) -> E:
        """Small letters, as Java has them: a sigma at the end of a word is ``ς``."""
        return call("lower", x)

    def time(self, x: E) -> E:
        """A date, a datetime or ISO 8601's text as a datetime; words like ``now`` are none."""
        return self._if_full(exp.cast(x.copy(), STRING), _TIME, super().time(x))

    def to(self, x: E, target: exp.DataType, source: exp.DataType) -> E:
        """``x`` of the type ``source`` as ``target``; what does not fit is missing."""
        if target == FLOAT and source == STRING:
            return self._if_full(x, _NUMBER, self.number(x))
        return super().to(x, target, source)

    def parsed(self, x: E, kind: str) -> E:
        """Text as a value of ``kind``; what is none is missing."""
        made = super().parsed(x, kind)
        pattern = {"float": _NUMBER, "datetime": _TIME}.get(kind)
        return self._if_full(x, pattern, made) if pattern else made

    def _if_full(self, x: E, pattern: str, value: E) -> E:
        return exp.case().when(call("regexp_full_match", x, pattern), value)

    def gathered(self, x: E, *order: E) -> E:
        """A list of the group's values in that order; missing where there is no row."""
        fields = [
            exp.PropertyEQ(this=exp.to_identifier(f"k{index}"), expression=each.copy())
            for index, each in enumerate((*order, x))
        ]
        # Sorted as structs: by their first field, then by the next; missing keys come last.
        rows = call("collect_list", exp.Struct(expressions=fields))
        values = self.each(
            call("array_sort", rows),
            lambda item: exp.Dot(this=item, expression=fields[-1].this.copy()),
        )
        some = exp.GT(this=call("array_size", rows.copy()), expression=literal(0))
        return exp.case().when(some, values)

    def table(self, columns: Mapping[str, Sequence[str] | Sequence[int]]) -> exp.Select:
        """A small table of texts and longs that is part of the query."""
        names = list(columns)
        rows = list(zip(*columns.values(), strict=True))
        if not rows:
            empty = dict.fromkeys(names, STRING)
            return self.engine.no_rows(empty)
        values = [exp.tuple_(*(literal(each) for each in row)) for row in rows]
        alias = exp.TableAlias(
            this=exp.to_identifier("v"),
            columns=[exp.to_identifier(name, quoted=True) for name in names],
        )
        outputs = []
        for name in names:
            column = exp.column(exp.to_identifier(name, quoted=True))
            first = next(iter(columns[name]))
            wide = exp.cast(column, "BIGINT") if isinstance(first, int) else column
            outputs.append(exp.alias_(wide, name, quoted=True))
        return exp.select(*outputs).from_(exp.Values(expressions=values, alias=alias))


def _path(key: str) -> str:
    quote = '"' if "'" in key else "'"
    return f"$[{quote}{key}{quote}]"
