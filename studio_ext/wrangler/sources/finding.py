"""The files behind a source's address: one, or those of a folder, and what kind they are of."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import DataError, UnsupportedError

#: How packed files end; those that DuckDB does not unpack itself are unpacked first.
NATIVE = (".gz", ".zst")
UNPACKED = (".bz2", ".xz", ".deflate", ".zip")
#: What a file that was laid out plain is called beside its name.
PLAIN = ".plain"
_KINDS = {
    **dict.fromkeys(("csv", "tsv", "txt", "data", "test"), "csv"),
    **dict.fromkeys(("parquet", "pq"), "parquet"),
    **dict.fromkeys(("jsonl", "ndjson", "jsonlines"), "jsonl"),
    "json": "json",
    "orc": "orc",
}


@dataclass(frozen=True)
class Files:
    """Files below ``root``, by their names from there, and what a flow calls the root."""

    root: Path
    names: tuple[str, ...]
    prefix: str

    @property
    def paths(self) -> list[Path]:
        """All of them, on this machine."""
        return [self.root / name for name in self.names]

    @property
    def partitioned(self) -> bool:
        """Whether they lie in folders ``name=value``, as Hive lays tables out."""
        return any("=" in part for name in self.names for part in PurePosixPath(name).parts[:-1])

    def called(self, path: str | Path) -> str:
        """A path below the root as the flow would call it."""
        return self.prefix + os.path.relpath(path, self.root).removesuffix(PLAIN)


def found(path: Path, address: str, place: Mapping[str, Any]) -> Files:
    """The file, or a folder's files by name; raises DataError where there is none.

    What begins with a dot or an underscore, and empty files, are no data, as with Spark and Hive.
    Folders ``name=value`` belong to the table; others only with ``s3DirIncludesNested``.
    """
    if not path.is_dir():
        return Files(path.parent, (path.name,), address[: len(address) - len(_last(address))])
    nested = bool(place.get("s3DirIncludesNested"))
    names = sorted(_walk(path, "", nested))
    if not names:
        hint = "" if nested else " (folders in it count with s3DirIncludesNested)"
        raise DataError(f"s3Uri: there is no file in {address!r}{hint}", field="s3Uri")
    return Files(path, tuple(names), f"{address.rstrip('/')}/")


def _last(address: str) -> str:
    return address.rpartition("/")[2]


def _walk(folder: Path, prefix: str, nested: bool) -> Iterator[str]:
    for each in folder.iterdir():
        if each.name[0] in "._":
            continue
        if each.is_dir():
            if nested or "=" in each.name:
                yield from _walk(each, f"{prefix}{each.name}/", nested)
        elif each.stat().st_size:
            yield f"{prefix}{each.name}"


def kind_of(files: Files, place: Mapping[str, Any]) -> str:
    """``csv``, ``parquet``, ``json``, ``jsonl`` or ``orc``: as the flow says, or as names end."""
    said = str(place.get("s3ContentType") or "").lower()
    ending = said or unpacked_name(files.names[0]).rpartition(".")[2].lower()
    if ending not in _KINDS:
        known = ", ".join(sorted(set(_KINDS.values())))
        raise UnsupportedError(
            f"s3ContentType: Studio does not read {ending!r} files; it reads {known}"
        )
    return _KINDS[ending]


def unpacked_name(name: str) -> str:
    """A file's name without what says how it is packed."""
    base, dot, ending = name.rpartition(".")
    return base if dot and f".{ending.lower()}" in NATIVE + UNPACKED else name
