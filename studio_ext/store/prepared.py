"""Statements put together once and handed to the database's driver as they are.

SQLAlchemy takes 40 us to execute what SQLite answers in 5: it looks the text up by the statement's
structure, and describes the result's columns anew. What every request asks is said in these
instead: SQLAlchemy still writes the text for each database, and converts the values.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

from sqlalchemy import BindParameter, Dialect, Insert, Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ManagesConnection
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.selectable import ReturnsRows

Values = Mapping[str, Any]
_NONE: Values = {}


class Driven(Protocol):
    """What a prepared statement needs of a connection: SQLAlchemy's has it, and more."""

    @property
    def dialect(self) -> Dialect: ...
    @property
    def connection(self) -> ManagesConnection: ...
    def invalidate(self, exception: BaseException | None = None) -> None: ...


class _Parameter(NamedTuple):
    """One of a statement's parameters: its name in the text, and where its value comes from."""

    name: str
    key: str
    required: bool
    default: Callable[[], Any]
    convert: Callable[[Any], Any] | None


def _parameter(name: str, bound: BindParameter[Any], dialect: Dialect) -> _Parameter:
    convert = bound.type.dialect_impl(dialect).bind_processor(dialect)
    constant = bound.value
    default = bound.callable or (lambda: constant)
    return _Parameter(name, bound.key, bound.required, default, convert)


class _Compiled:
    """A statement for one database."""

    def __init__(
        self, statement: ReturnsRows, names: Collection[str] | None, dialect: Dialect
    ) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=names and list(names))
        assert isinstance(compiled, SQLCompiler)
        self.text = compiled.string
        self.positional = bool(compiled.positional)
        self._types = [column.type for column in statement.exported_columns]
        self._results: list[tuple[int, Callable[[Any], Any]]] | None = None
        by_name = {name: bound for bound, name in compiled.bind_names.items()}
        in_order = list(compiled.positiontup or ()) if self.positional else list(by_name)
        # One that stands in several places has one value, were it the time of day.
        self._names = list(dict.fromkeys(in_order))
        self._parameters = [_parameter(name, by_name[name], dialect) for name in self._names]
        places = [self._names.index(name) for name in in_order]
        self._places = places if len(places) > len(self._names) else None
        keys = [each.key for each in self._parameters]
        given = len(keys) > 1 and all(each.required for each in self._parameters)
        self._given = itemgetter(*keys) if given else None
        converts = [(at, each.convert) for at, each in enumerate(self._parameters)]
        self._converts = [(at, convert) for at, convert in converts if convert is not None]

    def parameters(self, values: Values) -> Any:
        """What the driver takes beside the text."""
        if self._given is not None:
            found = list(self._given(values))
        else:
            found = [
                values[key] if required or key in values else default()
                for _, key, required, default, _ in self._parameters
            ]
        for at, convert in self._converts:
            found[at] = convert(found[at])
        if not self.positional:
            return dict(zip(self._names, found, strict=True))
        return found if self._places is None else [found[at] for at in self._places]

    def read(self, rows: Sequence[Any], description: Any, dialect: Dialect) -> Sequence[Any]:
        """The driver's rows with values as Python has them."""
        if self._results is None:
            found = [
                (at, kind.dialect_impl(dialect).result_processor(dialect, description[at][1]))
                for at, kind in enumerate(self._types)
            ]
            self._results = [(at, convert) for at, convert in found if convert is not None]
        if not self._results:
            return rows
        read = []
        for row in rows:
            values = list(row)
            for at, convert in self._results:
                values[at] = convert(values[at])
            read.append(values)
        return read


class Prepared:
    """A statement to be executed often.

    ``names`` are the columns that an INSERT is given values for. Lists (``IN``) have no fixed
    text and cannot be in it. Raises SQLAlchemy's errors, KeyError for a value that is missing.
    """

    def __init__(self, statement: ReturnsRows, names: Collection[str] | None = None) -> None:
        self.statement = statement
        self._names = names
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, connection: Driven, values: Values = _NONE) -> Sequence[Any]:
        """All rows, each a sequence in the order of the statement's columns."""
        cursor, compiled = self._execute(connection, values)
        try:
            rows = cursor.fetchall()  # SQLite finds the further ones only now
        except connection.dialect.loaded_dbapi.Error as error:
            raise _as_sqlalchemys(error, connection, compiled.text) from error
        return compiled.read(rows, cursor.description, connection.dialect)

    def one(self, connection: Driven, values: Values = _NONE) -> Any:
        """The first row, or None."""
        found = self.rows(connection, values)
        return found[0] if found else None

    def run(self, connection: Driven, values: Values = _NONE) -> int:
        """Execute what gives no rows; how many it changed."""
        return int(self._execute(connection, values)[0].rowcount)

    def inserted(self, connection: Driven, values: Values) -> int:
        """Execute an INSERT of one row on SQLite; the row's id."""
        return int(self._execute(connection, values)[0].lastrowid)

    def _execute(self, connection: Driven, values: Values) -> tuple[Any, _Compiled]:
        dialect = connection.dialect
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = _Compiled(self.statement, self._names, dialect)
            self._compiled[dialect.name] = compiled
        driver: Any = connection.connection.dbapi_connection
        try:
            return driver.execute(compiled.text, compiled.parameters(values)), compiled
        except dialect.loaded_dbapi.Error as error:
            raise _as_sqlalchemys(error, connection, compiled.text) from error


class PreparedInsert:
    """An INSERT of one row into a table whose ``id`` is given by the database.

    SQLite's driver knows the id anyway; asking for it (RETURNING) makes half as much work again.
    """

    def __init__(self, table: Table, statement: Insert, names: Collection[str]) -> None:
        self._plain = Prepared(statement, names)
        self._asking = Prepared(statement.returning(table.c.id), names)

    def id(self, connection: Driven, values: Values) -> int:
        """Insert a row; its id."""
        if connection.dialect.name == "sqlite":
            return self._plain.inserted(connection, values)
        return int(self._asking.one(connection, values)[0])


def execute(connection: Driven, text: str, parameters: Any = ()) -> Any:
    """The driver's cursor for a text in its own form. Raises SQLAlchemy's errors."""
    driver: Any = connection.connection.dbapi_connection
    try:
        return driver.execute(text, parameters)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemys(error, connection, text) from error


def _as_sqlalchemys(error: Any, connection: Driven, text: str) -> BaseException:
    dialect, driver = connection.dialect, connection.connection.dbapi_connection
    lost = dialect.is_disconnect(error, driver, None)
    if lost:
        connection.invalidate(error)
    return DBAPIError.instance(
        text,
        None,
        error,
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=lost,
        dialect=dialect,
    )
