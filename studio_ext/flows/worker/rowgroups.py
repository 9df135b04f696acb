"""Any rows of a table at once: Parquet's row groups are found by their number of rows."""

from __future__ import annotations

import logging
import re
import threading
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from sqlglot import exp

from ...wrangler.relation import Relation, distinct_names

if TYPE_CHECKING:
    import pyarrow as pa

    from .session import Lane

log = logging.getLogger(__name__)

#: A sign that would mean something in a path, as ``glob.escape`` writes it.
_ESCAPED = re.compile(r"\[([*?[])\]")
GROUP_ROWS = 20_480
#: Row groups with more rows would be read for a few.
MOST_ROWS = 2_000_000


class RowGroups:
    """Parquet files as one table. ``names``: column -> its name in the files."""

    def __init__(self, paths: Sequence[Path], names: dict[str, str]) -> None:
        import pyarrow.parquet as pq

        self._names = names
        self._groups: list[tuple[Path, int]] = []
        counts: list[int] = []
        for path in paths:
            metadata = pq.read_metadata(path)
            for group in range(metadata.num_row_groups):
                self._groups.append((path, group))
                counts.append(metadata.row_group(group).num_rows)
        self._starts = [0, *accumulate(counts)]
        self.largest = max(counts, default=0)

    def __len__(self) -> int:
        return self._starts[-1]

    def ready(self) -> RowGroups | None:
        """Itself: there is nothing to be waited for."""
        return self

    def rows(self, offset: int, count: int, columns: Sequence[str]) -> pa.Table:
        """``count`` rows from ``offset`` on, or as many as there are."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        wanted = [self._names[each] for each in columns]
        first = bisect_right(self._starts, offset) - 1
        parts, have = [], 0
        for place in range(first, len(self._groups)):
            path, group = self._groups[place]
            with pq.ParquetFile(path) as file:
                table = file.read_row_group(group, columns=wanted).select(wanted)
            table = table.slice(max(offset - self._starts[place], 0), count - have)
            parts.append(table)
            have += table.num_rows
            if have >= count:
                break
        if not parts:
            with pq.ParquetFile(self._groups[0][0]) as file:
                return file.schema_arrow.empty_table().select(wanted)
        return pa.concat_tables(parts, promote_options="permissive")


def direct(relation: Relation) -> RowGroups | None:
    """A relation's own files, where it is nothing but Parquet as it lies there."""
    plain = all(isinstance(each, exp.Column) for each in relation.expressions.values())
    paths = parquet_files(relation) if plain and not relation.conditions else []
    if not paths:
        return None
    found = RowGroups(paths, {name: each.name for name, each in relation.expressions.items()})
    # Files whose columns differ are one table to the engine only.
    return found if len(found) and found.largest <= MOST_ROWS and _alike(paths) else None


def parquet_files(relation: Relation) -> list[Path]:
    """The Parquet files that are a relation's base; none where it is anything else."""
    base = relation.base.expression
    if not isinstance(base, exp.Select) or not base.is_star:
        return []
    if {name for name, value in base.args.items() if value} != {"expressions", "from_"}:
        return []
    call = base.args["from_"].this
    if not isinstance(call, exp.Anonymous) or call.name != "read_parquet":
        return []
    options = {each.this.name: each.expression for each in call.expressions[1:]}
    if options.get("hive_partitioning") == exp.true():  # whose columns are in no file
        return []
    return [Path(_ESCAPED.sub(r"\1", each.this)) for each in call.expressions[0].expressions]


def _alike(paths: Sequence[Path]) -> bool:
    import pyarrow.parquet as pq

    schemas = [pq.read_schema(each).remove_metadata() for each in paths]
    return all(each == schemas[0] for each in schemas)


class Written:
    """A table being written as such a file, on a thread and a connection of its own."""

    def __init__(self, lane: Lane, relation: Relation) -> None:
        inner = distinct_names(relation.columns)
        renamed = relation.select({inner[name]: relation[name] for name in relation.columns})
        engine = lane.engine
        self._path = engine.folder / f"rows-{id(self)}.parquet"
        self._names = inner
        self._groups: RowGroups | None = None
        sql = engine.sql(renamed.query())
        arguments = (lane.cursor(), sql)
        threading.Thread(target=self._write, args=arguments, daemon=True).start()

    def ready(self) -> RowGroups | None:
        """The file, once it is whole."""
        return self._groups

    def _write(self, cursor: Any, sql: str) -> None:
        try:
            cursor.sql(sql).write_parquet(
                str(self._path), compression="snappy", row_group_size=GROUP_ROWS
            )
            self._groups = RowGroups([self._path], self._names)
        except (duckdb.Error, OSError) as error:
            # Pages still come by reading what is before them, and tell what is wrong.
            log.warning("a table could not be indexed: %s", error)
