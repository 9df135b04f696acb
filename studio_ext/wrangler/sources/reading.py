"""A source node's table: its dataset definition says what and how, ``storage`` where it lies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..engines import DuckDB
from ..errors import DataError, ParameterError, SourceError, UnsupportedError
from ..flow.typed import Address
from ..relation import Relation
from ..storage import LocalPlaces, Places
from .databases import KINDS, read_database
from .delimited import read_csv
from .finding import Files, found, kind_of
from .looks import look
from .queries import ATHENA, read_query
from .typed import read_json, read_orc, read_parquet

if TYPE_CHECKING:
    from ..engines import Engine

#: Kinds of sources whose place is the ``s3ExecutionContext``; the last two are Canvas's.
FILES = ("S3", "Local File Upload", "Canvas Dataset")
#: The kind of a source that is a table of the program, not a file.
TABLE = "Table"


@dataclass
class Sources:
    """What reads sources for one run."""

    engine: Engine
    places: Places = field(default_factory=LocalPlaces)
    #: Name -> URL of a database; a flow holds neither.
    connections: Mapping[str, str] = field(default_factory=dict)
    #: ``database.table`` -> where the table lies, for queries.
    tables: Mapping[str, Any] = field(default_factory=dict)
    #: What a source left out, or a user should know of it; by node.
    notes: dict[str, list[str]] = field(default_factory=dict)
    #: Files on this machine -> the node that reads them.
    _files: list[tuple[Files, str]] = field(default_factory=list)

    def read(self, node: str, definition: Mapping[str, Any], most: int | None = None) -> Relation:
        """The table that a ``dataset_definition`` names; ``most``: rows that are needed of it.

        Raises UnsupportedError for kinds that Studio does not read, DataError where the data are
        not what the definition says.
        """
        self.notes.pop(node, None)  # of an earlier run
        kind = definition.get("datasetSourceType")
        if kind == TABLE:
            name = definition.get("name")
            right = f"run(inputs={{{name!r}: table}})"
            raise DataError(f"The table {name!r} is not in the file: {right}")
        if kind not in (*FILES, ATHENA, *KINDS):
            raise UnsupportedError(f"datasetSourceType: Studio does not read {kind!r} sources")
        if isinstance(self.engine, DuckDB):
            return self._read(self.engine, node, definition, most)
        # Another engine's machines do not see these files: DuckDB reads them here.
        with DuckDB() as reading:
            relation = self._read(reading, node, definition, most)
            wanted = relation if most is None else relation.limit(most)
            return self.engine.from_arrow(reading.reader(wanted))

    def _read(
        self, engine: DuckDB, node: str, definition: Mapping[str, Any], most: int | None
    ) -> Relation:
        kind = definition["datasetSourceType"]
        if kind in FILES:
            return self._read_files(engine, node, definition, most)
        if kind in KINDS:
            return read_database(engine, definition, self.connections, most)

        def read(table: Mapping[str, Any]) -> Relation:
            found = self._read_files(engine, node, table, None)
            # Athena's tables have types, which a CSV file does not tell.
            return _typed(found) if found.columns_of("string") == found.columns else found

        return read_query(engine, definition, self.tables, read)

    def _read_files(
        self, engine: DuckDB, node: str, definition: Mapping[str, Any], most: int | None
    ) -> Relation:
        place = definition.get("s3ExecutionContext") or {}
        address = place.get("s3Uri")
        if not isinstance(address, str) or not address:
            raise DataError("s3ExecutionContext.s3Uri: the source names no place", field="s3Uri")
        files = self._found(address, place)
        self._files.append((files, node))
        notes = self.notes.setdefault(node, [])
        with self.faults():
            kind = kind_of(files, place)
            look(files, kind)
            if kind == "csv":
                return read_csv(engine, files, place, notes)
            if kind == "parquet":
                return read_parquet(engine, files, place)
            if kind == "orc":
                return read_orc(engine, files, place, most)
            return read_json(engine, files, place, lines=kind == "jsonl")

    def _found(self, address: str, place: Mapping[str, Any]) -> Files:
        if not isinstance(address, Address):
            return found(self.places.read(address), address, place)
        folder = address.folder
        if "://" in address and not folder.partition("://")[2]:
            raise ParameterError("s3Uri", address, "has a pattern for its bucket")
        # A store need not copy what is not meant.
        matching = getattr(self.places, "matching", None)
        root = (
            matching(folder or ".", address.fits) if matching else self.places.read(folder or ".")
        )
        files = found(root, folder, {**place, "s3DirIncludesNested": True})
        names = tuple(name for name in files.names if address.fits(name))
        if not names:
            raise DataError(f"s3Uri: there is no file that fits {address!s}", field="s3Uri")
        return replace(files, names=names)

    @contextmanager
    def faults(self) -> Iterator[None]:
        """Faults of files name them as the flow does."""
        try:
            yield
        except SourceError as error:
            raise self.named(error)[1] from error

    def named(self, error: SourceError) -> tuple[str | None, SourceError]:
        """The node that reads a faulty file, and the error with the name that the flow gives it."""
        for files, node in self._files:
            if error.file.startswith(f"{files.root}/"):
                return node, SourceError(files.called(error.file), error.fault)
        return None, error


def _typed(relation: Relation) -> Relation:
    """Columns of text with the types that all their values have."""
    from ..operators import catalogue
    from ..operators.parameters import parse

    operator = catalogue["infer_and_cast_type"]
    p = parse(operator.Parameters, {})
    return operator.run([relation], p, operator.fit(relation, p))["default"]
