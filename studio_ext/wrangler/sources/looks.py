"""What a file looks like from its first bytes, where its name, or the flow, says something else."""

from __future__ import annotations

from pathlib import Path

from ..errors import SourceError
from .finding import NATIVE, UNPACKED, Files

#: How files begin: Parquet's, ORC's and packers' own documents name these bytes.
_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"PAR1", "parquet"),
    (b"PARE", "parquet"),
    (b"ORC", "orc"),
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"PK\x03\x04", "zip"),
)
_PACKED = {"gzip": ".gz", "zstd": ".zst", "bzip2": ".bz2", "xz": ".xz", "zip": ".zip"}
_CALLED = {"csv": "CSV", "json": "JSON", "jsonl": "JSON lines", "parquet": "Parquet", "orc": "ORC"}
_BYTES = 4096
#: Files of a folder that are looked into.
_MOST = 100


def look(files: Files, kind: str) -> None:
    """Raise SourceError for a file that is plainly of another kind than ``kind``."""
    for path in files.paths[:_MOST]:
        if path.suffix.lower() in NATIVE + UNPACKED:
            continue
        seen = _kind(path, kind)
        if seen is None or seen == kind or {seen, kind} == {"json", "jsonl"}:
            continue
        if seen in _PACKED:
            fault = f"it is packed by {seen}: let its name end in {_PACKED[seen]}"
        elif seen == "csv" and kind in ("parquet", "orc", "json", "jsonl"):
            fault = f"it is no {_CALLED[kind]} but looks like text: {_named('csv')}"
        elif seen in ("parquet", "orc") or kind in ("parquet", "orc"):
            fault = f"it is no {_CALLED[kind]} but looks like {_CALLED[seen]}: {_named(seen)}"
        else:
            continue
        raise SourceError(str(path), fault)


def _named(kind: str) -> str:
    return f"name the source's type, s3ContentType {kind!r}, or let its name end in .{kind}"


def _is_text(head: bytes) -> bool:
    try:
        head[:-4].decode()  # its end may be cut within a character
    except UnicodeDecodeError:
        return False
    return b"\0" not in head


def _kind(path: Path, wanted: str) -> str | None:
    """``parquet``, ``orc``, a packer, ``json``, or ``csv`` for other text; None: no telling."""
    with path.open("rb") as file:
        head = file.read(_BYTES)
    for beginning, kind in _BEGINNINGS:
        # A text may begin so: ORCID is a header.
        if head.startswith(beginning) and (kind == wanted or not _is_text(head)):
            return kind
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not text or b"\0" in head:
        return None
    return "json" if text[:1] in b"{[" else "csv"
