"""DuckDB's messages about files, as faults of the file: which one, where in it, what is wrong."""

from __future__ import annotations

import re

from ..errors import SourceError, shown

_CSV = re.compile(r"CSV Error on Line: (\d+)\n(?:Original Line: (.*)\n)?\s*(.*)")
_CSV_FILE = re.compile(r"^\s*file ?= ?(.+)$", re.MULTILINE)
_FILE = re.compile(
    r"""\b[Ff]ile\s+["'](?P<quoted>[^"']+)["']"""
    r"""|stream:\ (?P<bare>/.+)$""",
    re.MULTILINE | re.VERBOSE,
)
_HINTS = re.compile(
    r"\s*(?:Try increasing|Possible (?:fixes|Solution)|\n\s*LINE \d+:).*", re.DOTALL
)
_LONG = re.compile(r"maximum_(line|object)_size")


def file_fault(text: str) -> SourceError | None:
    """A message as the fault of a file; None where it is about none."""
    if match := _CSV.search(text):
        file = _CSV_FILE.search(text)
        line, content, reason = match.group(1), match.group(2) or "", match.group(3)
        told = f"line {line}: {_HINTS.sub('', reason).strip()}"
        if "utf-8" in told:
            told += " Its encoding can be named: s3CsvEncodingType."
        if content and not _LONG.search(reason):
            told += f" The line: {shown(content)}"
        return SourceError(file.group(1).strip() if file else "", told)
    if "CSV Parser state machine" in text and (file := _CSV_FILE.search(text)):
        return SourceError(file.group(1).strip(), "the lines are no CSV of this dialect")
    if match := _FILE.search(text):
        file_name = match.group("quoted") or match.group("bare")
        fault = _HINTS.sub("", text.replace(file_name, "")).strip()
        fault = re.sub(r"""\s*(?:in|Failed to read|:)?\s*[Ff]ile ["']{2}[,:]?""", "", fault)
        return SourceError(file_name, fault.strip(" :,"))
    return None
