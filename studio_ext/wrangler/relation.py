"""A table under construction: a query that nothing has run yet.

Steps put expressions on top of each other; the engine sees one query. A level of nesting is begun
only where an expression refers to another, so that forty steps on forty columns stay one SELECT.
Expressions name columns as their users do; inside, names that differ by case alone, which SQL
engines cannot tell apart, get names of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from . import types
from .assuming import all_finite
from .errors import ColumnError, DataError

if TYPE_CHECKING:
    import pyarrow as pa

    from .engines import Engine
    from .functions import Functions

ALIAS = "t"
#: What is selected where nothing of a row is asked for: its name is no column's.
NOTHING = "studio_nothing"
#: Functions of the engine that parse text.
TEXT_READERS = ("read_csv", "read_json")


def column(name: str, table: str | None = None) -> exp.Column:
    """The column ``name``, quoted: names may hold dots, blanks and quotes."""
    return exp.column(exp.to_identifier(name, quoted=True), table=table)


def distinct_names(names: Iterable[str]) -> dict[str, str]:
    """Name -> a name that no other equals when case is ignored."""
    given: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        unique, number = name or "column", 0
        while unique.casefold() in taken:
            number += 1
            unique = f"{name}_{number}"
        taken.add(unique.casefold())
        given[name] = unique
    return given


@dataclass(frozen=True, eq=False)
class Base:
    """What a relation reads: a table or a query, and its columns' types by their inner names."""

    expression: exp.Table | exp.Query
    _schema: types.Schema | Callable[[], types.Schema]
    #: Where it is a level of nesting: of what, and its columns' inner names here.
    level: tuple[Relation, Mapping[str, str]] | None = None

    @cached_property
    def schema(self) -> types.Schema:
        """Types of the columns; asks the engine at most once."""
        return self._schema() if callable(self._schema) else self._schema

    def source(self, used: Container[str] | None = None) -> exp.Expr:
        """As FROM takes it. ``used``: the columns that are needed of a level (None: all).

        The engine would leave out the others as well, but it reads and binds all of the text first:
        minutes for a question about each of 2,000 columns.
        """
        if isinstance(self.expression, exp.Table):
            return exp.alias_(self.expression, ALIAS, table=True)
        query = self.expression
        if self.level is not None and used is not None:
            relation, names = self.level
            query = relation._select({n: inner for n, inner in names.items() if inner in used})
        return query.subquery(ALIAS, copy=False)

    @cached_property
    def reads_text(self) -> bool:
        """Whether text files are parsed anew at each reading."""
        if self.level is not None:
            return self.level[0].base.reads_text
        calls = self.expression.find_all(exp.Anonymous)
        return any(str(each.this).lower() in TEXT_READERS for each in calls)


@dataclass(frozen=True, eq=False)
class Relation:
    """Rows and named, typed columns; every method gives a new one and runs nothing."""

    engine: Engine
    base: Base
    #: Column -> expression over the base's inner names.
    expressions: Mapping[str, exp.Expr]
    conditions: tuple[exp.Expr, ...] = field(default=())

    @classmethod
    def of(cls, engine: Engine, base: Base, names: Mapping[str, str]) -> Relation:
        """``names``: column -> inner name in the base."""
        return cls(engine, base, {name: column(inner) for name, inner in names.items()})

    # -- what it is ---------------------------------------------------------------------------

    @property
    def columns(self) -> list[str]:
        """Names, in order."""
        return list(self.expressions)

    @cached_property
    def schema(self) -> types.Schema:
        """Column -> type. New expressions are bound by the engine on no rows, once."""
        known = {
            name: self.base.schema[each.name]
            for name, each in self.expressions.items()
            if isinstance(each, exp.Column)
        }
        new = {name: each for name, each in self.expressions.items() if name not in known}
        known |= self.engine.bind(new, self.base.schema) if new else {}
        return {name: known[name] for name in self.expressions}

    @property
    def functions(self) -> Functions:
        """Functions that mean the same on every engine."""
        return self.engine.functions

    def __contains__(self, name: object) -> bool:
        return name in self.expressions

    def __getitem__(self, name: str) -> exp.Column:
        """The column as an expression for this relation's methods.

        Raises ColumnError where there is none.
        """
        if name not in self.expressions:
            raise ColumnError.missing(name, self.expressions)
        return column(name)

    def columns_of(self, *kinds: str) -> list[str]:
        """Names of the columns of these kinds (``types.kind_of``)."""
        return [name for name, each in self.schema.items() if types.kind_of(each) in kinds]

    def query(self) -> exp.Select:
        """All of it as one SELECT, with the columns' own names; it is the caller's."""
        return self._select({name: name for name in self.expressions}).copy()

    def _select(self, aliases: Mapping[str, str]) -> exp.Select:
        """Shares its parts with this relation: nothing may change them, or ask for parents."""
        outputs = [_named(self.expressions[name], alias) for name, alias in aliases.items()]
        # A table of no columns keeps its rows.
        return self._selecting(outputs or [_named(exp.null(), NOTHING)])

    def _selecting(self, outputs: Sequence[exp.Expr]) -> exp.Select:
        source = self.base.source(_used([*outputs, *self.conditions]))
        select = exp.select(*outputs, copy=False).from_(source, copy=False)
        return select.where(*self.conditions, copy=False)

    # -- other columns ------------------------------------------------------------------------

    def with_columns(self, new: Mapping[str, exp.Expr]) -> Relation:
        """Columns replaced in their places, and further ones at the end."""
        relation, resolved = self._resolve(new)
        return replace(relation, expressions={**relation.expressions, **resolved})

    def select(self, wanted: Mapping[str, exp.Expr] | Sequence[str]) -> Relation:
        """Just these columns, in this order."""
        if not isinstance(wanted, Mapping):
            wanted = {name: self[name] for name in wanted}
        plain = {name: each.name for name, each in wanted.items() if isinstance(each, exp.Column)}
        others = {name: each for name, each in wanted.items() if name not in plain}
        relation, resolved = self._resolve(others)
        for name, source in plain.items():
            if source not in relation.expressions:
                raise ColumnError.missing(source, relation.expressions)
            resolved[name] = relation.expressions[source]
        return replace(relation, expressions={name: resolved[name] for name in wanted})

    def drop(self, names: Iterable[str]) -> Relation:
        """Without these columns."""
        gone = {self[name].name for name in names}
        return self.select([name for name in self.expressions if name not in gone])

    def rename(self, names: Mapping[str, str]) -> Relation:
        """``{old: new}``; the places stay. Raises ColumnError where a new name is taken."""
        for old, new in names.items():
            self[old]
            if new in self.expressions and new not in names:
                raise ColumnError(f"There is a column {new!r} already")
        return self.select({names.get(name, name): self[name] for name in self.expressions})

    # -- other rows ---------------------------------------------------------------------------

    def filter(self, *conditions: exp.Expr) -> Relation:
        """The rows for which every condition is true."""
        windowed = any(each.find(exp.Window) for each in self.expressions.values())
        start = self.nested() if windowed else self
        numbered = {str(index): each for index, each in enumerate(conditions)}
        relation, resolved = start._resolve(numbered)
        return replace(relation, conditions=(*relation.conditions, *resolved.values()))

    def sort(self, *keys: exp.Expr) -> Relation:
        """Ordered by these; the order stays through later steps that keep rows."""
        return self.derive(lambda table: exp.select("*").from_(table).order_by(*keys))

    def limit(self, count: int) -> Relation:
        """The first ``count`` rows."""
        return self.derive(lambda table: exp.select("*").from_(table).limit(count))

    def distinct(self) -> Relation:
        """Without rows that repeat another."""
        return self.derive(lambda table: exp.select("*").from_(table).distinct())

    # -- other tables -------------------------------------------------------------------------

    def nested(self) -> Relation:
        """The same, as a level that later expressions refer to by name."""
        if not self.conditions and all(
            isinstance(e, exp.Column) for e in self.expressions.values()
        ):
            return self
        inner = distinct_names(self.expressions)
        base = Base(
            self._select(inner),
            lambda: {inner[name]: each for name, each in self.schema.items()},
            (self, inner),
        )
        return Relation.of(self.engine, base, inner)

    def derive(self, build: Callable[..., exp.Select], *others: Relation) -> Relation:
        """A new relation by a SELECT over this one (and others) that ``build`` writes.

        ``build`` gets one aliased source for each relation (``t``, ``t1``, ``t2``, ...); it may use
        ``*``, and names columns with their table: ``column(name, "t")``. It is called twice: the
        engine binds the result's types on sources of no rows. Without ``*``, the outputs keep the
        names that they are given, even where two differ by case alone.
        """
        tables = (self, *others)
        aliases = [ALIAS if not index else f"{ALIAS}{index}" for index in range(len(tables))]
        inner = [distinct_names(each.expressions) for each in tables]
        sources = [
            each._select(names).subquery(alias, copy=False)
            for each, names, alias in zip(tables, inner, aliases, strict=True)
        ]
        empty = [
            self.engine.no_rows({names[n]: t for n, t in each.schema.items()}).subquery(
                alias, copy=False
            )
            for each, names, alias in zip(tables, inner, aliases, strict=True)
        ]
        given = dict(zip(aliases, inner, strict=True))
        bound, outputs = _distinct_outputs(_renamed(build(*empty), given))
        schema = self.engine.bind_query(bound)
        query, _ = _distinct_outputs(_renamed(build(*sources), given))
        if not outputs:
            names = {name: name for name in schema}
            # `*` hands inner names on: give the columns their own back.
            for each in inner:
                names |= {unique: name for name, unique in each.items() if unique in schema}
            outputs = {names[name]: name for name in schema}
        return Relation.of(self.engine, Base(query, schema), outputs)

    # -- running it ---------------------------------------------------------------------------

    def aggregate(self, wanted: Mapping[str, exp.Expr]) -> dict[str, Any]:
        """Aggregates over all rows, in one scan: name -> Python value."""
        if not wanted:
            return {}
        bare, means = all_finite(wanted)
        if means and self.engine.finite:
            # What fails here fails below too, or has met what no deviation can be had of.
            with suppress(DataError):
                values = self._aggregated([*bare.values(), *means])
                if all(each is None or isfinite(each) for each in values[len(wanted) :]):
                    return dict(zip(wanted, values, strict=False))
            self.engine.finite = False
        return dict(zip(wanted, self._aggregated(list(wanted.values())), strict=True))

    def _aggregated(self, wanted: Sequence[exp.Expr]) -> tuple[Any, ...]:
        relation, resolved = self._resolve({str(place): each for place, each in enumerate(wanted)})
        (row,) = self.engine.rows(relation._selecting(list(resolved.values())))
        return row

    def rows(self, limit: int | None = None) -> list[tuple[Any, ...]]:
        """The rows themselves; ``limit`` bounds them."""
        query = self.query()
        return self.engine.rows(query if limit is None else query.limit(limit))

    def count(self) -> int:
        """How many rows there are."""
        return int(self.aggregate({"n": exp.Count(this=exp.Star())})["n"])

    def to_arrow(self) -> pa.Table:
        """All of it, in memory."""
        return self.engine.arrow(self)

    def materialise(self) -> Relation:
        """The same rows computed once: for several readers, and where they would differ by run."""
        return self.engine.materialise(self)

    @property
    def reads_text(self) -> bool:
        """Whether text files are parsed anew at each reading."""
        return self.base.reads_text

    # -- inside -------------------------------------------------------------------------------

    def _resolve(self, new: Mapping[str, exp.Expr]) -> tuple[Relation, dict[str, exp.Expr]]:
        """``new`` over the base's inner names; one level deeper where it uses an expression."""
        used = {each.name for one in new.values() for each in one.find_all(exp.Column)}
        for name in used:
            self[name]
        bare = all(isinstance(self.expressions[name], exp.Column) for name in used)
        relation = self if bare else self.nested()
        return relation, {name: relation._inner(each) for name, each in new.items()}

    def _inner(self, expression: exp.Expr) -> exp.Expr:
        def place(node: exp.Expr) -> exp.Expr:
            return self.expressions[node.name] if isinstance(node, exp.Column) else node

        return expression.transform(place)


def _used(parts: Iterable[exp.Expr]) -> set[str] | None:
    """The columns that expressions name; None where they may mean any: ``*``, or whole rows."""
    names: set[str] = set()
    for part in parts:
        for node in part.find_all(exp.Column, exp.Star):
            if node.is_star and not isinstance(node.parent, exp.Count):
                return None
            names.add(node.name)
    return None if ALIAS in names else names


def _named(expression: exp.Expr, name: str) -> exp.Alias:
    return exp.Alias(this=expression, alias=exp.to_identifier(name, quoted=True))


def _renamed(query: exp.Select, given: Mapping[str, Mapping[str, str]]) -> exp.Select:
    """Columns of the tables ``given`` by their inner names."""

    def place(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and node.table in given:
            inner = given[node.table].get(node.name, node.name)
            return column(inner, node.table) if inner != node.name else node
        return node

    renamed = query.transform(place)
    assert isinstance(renamed, exp.Select)
    return renamed


def _distinct_outputs(query: exp.Select) -> tuple[exp.Select, dict[str, str]]:
    """Outputs under names that SQL can tell apart: name -> inner name; nothing where there is `*`.

    Raises ColumnError where two outputs have one name.
    """
    if query.is_star:
        return query, {}
    names = [each.alias_or_name for each in query.selects]
    inner = distinct_names(names)
    if len(inner) < len(names):
        twice = next(each for each in names if names.count(each) > 1)
        raise ColumnError(f"Two columns would be named {twice!r}")
    outputs = [
        exp.alias_(each.unalias(), inner[each.alias_or_name], quoted=True) for each in query.selects
    ]
    return query.select(*outputs, append=False), inner
