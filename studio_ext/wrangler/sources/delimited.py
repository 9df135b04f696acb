"""CSV as the world writes it: nothing is guessed that the flow says, and nothing dropped unsaid.

Every column is text: the step after the source decides the types. Texts of one line or several, in
quotes where they hold the delimiter; quotes within are doubled, as Data Wrangler's own reader has
it, or escaped. Columns without a header are ``_c0``, ``_c1``, as Spark calls them.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count, islice
from pathlib import Path
from typing import IO, Annotated, Any, Literal

from pydantic import BeforeValidator
from sqlglot import exp

from ..engines import DuckDB
from ..errors import DataError, SourceError
from ..operators.parameters import Parameters, field, parse
from ..relation import Relation
from .finding import Files
from .packed import laid_out, opened
from .scanning import distinct_columns, scan, stacked

LONGEST = 2 << 20
#: Rows that tell the delimiter, and those tried, in the order of preference.
_LOOKED_AT = 20
_DELIMITERS = (",", ";", "\t", "|")
_NAMED = {"\\t": "\t", "tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "colon": ":"}
#: A line's end of old, which ``readline`` takes for none.
_OLD_END = re.compile(r"(?<=\r)(?!\n)")
_numbers = count()


def _delimiter(value: Any) -> Any:
    return _NAMED.get(str(value).lower(), value) if value else None


def _listed(value: Any) -> Any:
    return [] if value is None else [value] if isinstance(value, str) else value


def _encoding(value: Any) -> str | None:
    """Python's name of an encoding; None for UTF-8, which needs no work."""
    name = codecs.lookup(str(value or "utf-8").replace("_", "-")).name
    return None if name in ("utf-8", "ascii", "utf-8-sig") else name


class Dialect(Parameters):
    """What ``s3ExecutionContext`` says of a CSV file; some of it Studio's own."""

    s3HasHeader: bool = field("Header", default=True)
    s3FieldDelimiter: Annotated[str | None, BeforeValidator(_delimiter)] = field(
        "Delimiter", "Found from the first rows where it is not given.", default=None, max_length=4
    )
    s3QuoteCharacter: str = field("Quote", default='"', max_length=1)
    s3EscapeCharacter: str | None = field("Escape", default=None, max_length=1)
    s3CommentCharacter: str = field("Comments begin with", default="", max_length=1)
    s3SkipLines: int = field("Lines to skip", default=0, ge=0)
    s3CsvEncodingType: str = field("Encoding", default="UTF_8")
    s3DecimalSeparator: Literal[".", ","] = field("Decimal separator", default=".")
    s3NullValues: Annotated[list[str], BeforeValidator(_listed)] = field(
        "Missing", "Texts that stand for nothing, beside the empty one.", default=[]
    )
    s3BadRows: Literal["fail", "skip"] = field("Rows that do not fit", default="fail")


@dataclass(frozen=True)
class _Head:
    """What the first bytes of a file tell."""

    columns: tuple[str, ...]
    delimiter: str
    escape: str
    strict: bool


def read_csv(engine: DuckDB, files: Files, place: Mapping[str, Any], notes: list[str]) -> Relation:
    """The rows of the files, one after the other; ``notes`` takes what was left out.

    Raises SourceError where a file is empty, or has other columns than the first.
    """
    given = {name: place[name] for name in Dialect.model_fields if place.get(name) is not None}
    p = parse(Dialect, given, "s3ExecutionContext")
    try:
        encoding = _encoding(p.s3CsvEncodingType)
    except LookupError as error:
        raise DataError(
            f"s3CsvEncodingType: {p.s3CsvEncodingType!r} is no encoding", field="s3CsvEncodingType"
        ) from error
    files = laid_out(files, engine.folder, encoding)
    heads = {name: _head(path, p) for name, path in zip(files.names, files.paths, strict=True)}
    _check_equal(files, heads, p)
    relations = [
        _rows(engine, part, head, p, bool(place.get("s3AddsFilenameColumn")), notes)
        for part, head in _alike(files, heads)
    ]
    relation = stacked(relations)
    return _decimal(relation) if p.s3DecimalSeparator == "," else relation


def _alike(files: Files, heads: Mapping[str, _Head]) -> Iterator[tuple[Files, _Head]]:
    """Files that have their columns in one order are read in one go."""
    for head in dict.fromkeys(heads.values()):
        yield replace(files, names=tuple(n for n in files.names if heads[n] == head)), head


def _check_equal(files: Files, heads: Mapping[str, _Head], p: Dialect) -> None:
    first = files.names[0]
    wanted = heads[first].columns
    for name, head in heads.items():
        there = head.columns
        if not p.s3HasHeader and len(there) != len(wanted):
            fault = f"has {len(there)} columns, {first!r} has {len(wanted)}"
            raise SourceError(str(files.root / name), fault)
        if p.s3HasHeader and sorted(there) != sorted(wanted):
            more, less = set(there) - set(wanted), set(wanted) - set(there)
            told = [
                f"{what} {_listing(each)}"
                for what, each in (("has", more), ("lacks", less))
                if each
            ]
            fault = f"other columns than {first!r}: it {', and '.join(told) or 'repeats some'}"
            raise SourceError(str(files.root / name), fault)


def _listing(names: set[str]) -> str:
    listed = sorted(names)
    more = f" and {len(listed) - 8} more" if len(listed) > 8 else ""
    return ", ".join(repr(each) for each in listed[:8]) + more


def _head(path: Path, p: Dialect) -> _Head:
    with opened(path) as stream:
        start = stream.read(1 << 16)
    if not start.strip():
        raise SourceError(str(path), "the file is empty: there is no header")
    quoted = start.replace(b'""', b"")
    escape = p.s3EscapeCharacter or ("\\" if b'\\"' in quoted and quoted == start else '"')
    delimiter = p.s3FieldDelimiter or _found_delimiter(path, p, escape)
    first = next(_records(path, p, delimiter, escape), None)
    if first is None:
        raise SourceError(str(path), "the file has no row")
    columns = distinct_columns(first if p.s3HasHeader else [""] * len(first))
    ends = {b"\r\n" in start, b"\n" in start.replace(b"\r\n", b"")}
    return _Head(tuple(columns), delimiter, escape, strict=ends != {True})


def _found_delimiter(path: Path, p: Dialect, escape: str) -> str:
    """Of the usual ones that by which most of the first rows are as wide as the header."""

    def width(delimiter: str) -> int:
        rows = list(islice(_records(path, p, delimiter, escape), _LOOKED_AT))
        alike = sum(len(row) == len(rows[0]) for row in rows)
        return len(rows[0]) if rows and alike * 2 >= len(rows) else 0

    return max(_DELIMITERS, key=width)


def _records(path: Path, p: Dialect, delimiter: str, escape: str) -> Iterator[list[str]]:
    own = escape != p.s3QuoteCharacter
    quote = p.s3QuoteCharacter
    try:
        with opened(path) as stream:
            yield from csv.reader(
                _lines(stream, path, p),
                delimiter=delimiter[-1],
                quotechar=quote or None,
                quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
                doublequote=not own,
                escapechar=escape if own else None,
            )
    except csv.Error as error:
        raise SourceError(str(path), f"the first rows are no CSV: {error}") from error


def _lines(stream: IO[bytes], path: Path, p: Dialect) -> Iterator[str]:
    """Lines as text, without those skipped, comments, and a byte order mark."""

    def wanted(each: str) -> bool:
        comment = p.s3CommentCharacter and each.startswith(p.s3CommentCharacter)
        return bool(each.strip("\r\n")) and not comment

    number = 0
    while line := stream.readline(LONGEST):
        number += 1
        if len(line) == LONGEST and line[-1:] != b"\n":
            fault = f"line {number} is longer than {LONGEST} bytes; is it a CSV file?"
            raise SourceError(str(path), fault)
        if number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        if number > p.s3SkipLines:
            yield from filter(wanted, _OLD_END.split(line.decode("utf-8", "replace")))


def _rows(
    engine: DuckDB, files: Files, head: _Head, p: Dialect, file_column: bool, notes: list[str]
) -> Relation:
    inner = [f"c{place}" for place in range(len(head.columns))]
    options: dict[str, Any] = {
        "auto_detect": False,
        "columns": dict.fromkeys(inner, "VARCHAR"),
        "header": p.s3HasHeader,
        "delim": head.delimiter,
        "quote": p.s3QuoteCharacter,
        "escape": head.escape if p.s3QuoteCharacter else "",
        "skip": p.s3SkipLines,
        "strict_mode": head.strict,
        # An empty text in quotes is one, except where a line would be empty without them.
        "allow_quoted_nulls": len(inner) == 1,
    }
    if p.s3CommentCharacter:
        options["comment"] = p.s3CommentCharacter
    if p.s3NullValues:
        options["nullstr"] = ["", *p.s3NullValues]
    if p.s3BadRows == "skip":
        _count_bad(engine, files, {**options, "store_rejects": True}, notes)
        options["ignore_errors"] = True
    return scan(
        engine, "read_csv", files, options, names=head.columns, file_column=file_column, texts=True
    )


def _count_bad(engine: DuckDB, files: Files, options: Mapping[str, Any], notes: list[str]) -> None:
    """Read everything once, and say what does not fit: how much, and where it begins."""
    number = next(_numbers)
    tables = {"rejects_table": f"rejects_{number}", "rejects_scan": f"reject_scans_{number}"}
    relation = scan(engine, "read_csv", files, {**options, **tables, "rejects_limit": 0})
    f = relation.functions
    counted = relation.select({name: f.count(relation[name]) for name in relation.columns})
    engine.rows(counted.query())
    bad = (
        f"SELECT file_path, line, error_message FROM {tables['rejects_table']} JOIN "
        f"{tables['rejects_scan']} USING (scan_id, file_id) ORDER BY file_path, line"
    )
    rows = engine.connection.execute(bad).fetchall()
    lines = dict.fromkeys((path, line) for path, line, _ in rows)
    if lines:
        path, line, message = rows[0]
        notes.append(
            f"{len(lines)} rows were left out, the first in {files.called(path)}, "
            f"line {line}: {message.splitlines()[0]}"
        )


def _decimal(relation: Relation) -> Relation:
    """Numbers with a decimal comma, and perhaps dots between thousands, as numbers are read."""
    f = relation.functions

    def pointed(name: str) -> exp.Expr:
        x = relation[name]
        number = f.constant(r"\s*[-+]?(\d+|\d{1,3}(\.\d{3})+)(,\d*)?([eE][-+]?\d+)?\s*")
        plain = exp.Replace(this=x, expression=f.constant("."), replacement=f.constant(""))
        read = exp.Replace(this=plain, expression=f.constant(","), replacement=f.constant("."))
        fits = exp.Anonymous(this="regexp_full_match", expressions=[x, number])
        return exp.Case().when(fits, read).else_(x.copy())

    return relation.with_columns({name: pointed(name) for name in relation.columns_of("string")})
