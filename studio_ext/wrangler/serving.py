"""The model server of a fitted flow: records in, records with its steps applied out.

What Data Wrangler's container does in an inference pipeline. CSV has no header and the columns of
the flow's source in their order, unless the first line names them; JSON is a record, a list of
records, JSON lines, or ``{"instances": [...]}``, where a record is an object or a list of values.
Answers are CSV without a header by default, for the model behind, or JSON.
"""

from __future__ import annotations

import csv
import io
import json
import traceback
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .errors import WranglerError
from .exports.archive import read_folder

if TYPE_CHECKING:
    from .inference import Fitted

CSV, JSON, LINES = "text/csv", "application/json", "application/jsonlines"
_LINES = (LINES, "application/x-ndjson", "application/x-jsonlines")
#: Requests that are read into one table.
MOST_REQUESTS = 64
_MISSING = ""

Answer = tuple[dict[str, Any], bytes]
Row = dict[str, Any]


class Refused(Exception):
    """A request that cannot be answered; ``status`` is its HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class FlowService:
    """Answers requests by a flow; the interface of a worker's service."""

    def __init__(self, model_dir: str, environment: Mapping[str, str]) -> None:
        self._model_dir = model_dir
        self._environment = environment
        self._fitted: Fitted | None = None

    def load(self) -> None:
        """Read the archive, and prepare the steps; raises WranglerError where they cannot serve."""
        self._fitted = read_folder(self._model_dir, self._environment)

    @property
    def room(self) -> int:
        """How many requests it likes to have at once."""
        return MOST_REQUESTS

    @property
    def fitted(self) -> Fitted:
        """The steps, once loaded."""
        assert self._fitted is not None
        return self._fitted

    def answer(self, header: Mapping[str, Any], body: bytes) -> Answer:
        """Header and body of the answer to one request; never raises an Exception."""
        try:
            return self._answer(header, body)
        except Refused as error:
            return _error(error.status, str(error))
        except WranglerError as error:
            return _error(400, str(error))
        except Exception as error:
            traceback.print_exception(error)
            return _error(500, f"{type(error).__name__}: {error}")

    def answer_all(self, requests: Sequence[tuple[Mapping[str, Any], bytes]]) -> list[Answer]:
        """The answers to requests that wait at the same moment, in order."""
        return [self.answer(header, body) for header, body in requests]

    def _answer(self, header: Mapping[str, Any], body: bytes) -> Answer:
        accept = _accepted(header.get("accept"), header.get("content_type"), self._environment)
        rows = self._rows(body, _media_type(header.get("content_type")) or CSV)
        made = self._apply(rows)
        return {"status": 200, "content_type": accept}, _written(made, self.fitted.columns, accept)

    def _apply(self, rows: list[Row]) -> list[Row]:
        """Each row through the steps; DataError where one is left out: a model behind would give
        its predictions to the wrong records."""
        if len(rows) == 1:
            made = self.fitted.apply_record(rows[0])
            if made is not None:
                return [made]
        return self.fitted.apply_records(rows)

    # -- reading ------------------------------------------------------------------------------

    def _rows(self, body: bytes, kind: str) -> list[Row]:
        try:
            text = body.decode("utf-8")
            if kind == CSV:
                return self._of_csv(text)
            if kind in (JSON, *_LINES):
                return self._of_json(text, kind)
        except (UnicodeDecodeError, ValueError, csv.Error) as error:
            raise Refused(400, f"The body is not valid {kind}: {error}") from error
        offered = ", ".join((CSV, JSON, LINES))
        raise Refused(415, f"Content type {kind} is not supported by this container: {offered}")

    def _of_csv(self, text: str) -> list[Row]:
        names = list(self.fitted.schema)
        lines = [line for line in csv.reader(io.StringIO(text)) if line]
        if lines and set(names) <= set(lines[0]):
            names = lines.pop(0)
        if not lines:
            raise Refused(400, "The body holds no record")
        return [self._named([v if v != _MISSING else None for v in line], names) for line in lines]

    def _named(self, values: Sequence[Any], names: Sequence[str]) -> Row:
        if len(values) != len(names):
            listed = ", ".join(names)
            raise Refused(
                400, f"A record has {len(values)} values; {len(names)} are needed: {listed}"
            )
        return dict(zip(names, values, strict=True))

    def _of_json(self, text: str, kind: str) -> list[Row]:
        if kind in _LINES:
            found: Any = [json.loads(line) for line in text.splitlines() if line.strip()]
        else:
            found = json.loads(text)
            found = found.get("instances", found) if isinstance(found, dict) else found
        several = isinstance(found, list) and found and isinstance(found[0], dict | list)
        rows = found if several else [found]
        return [self._record(each) for each in rows]

    def _record(self, value: Any) -> Row:
        if isinstance(value, list):
            return self._named(value, list(self.fitted.schema))
        if not isinstance(value, dict) or not value:
            raise Refused(400, "A record is a JSON object, or a list of values in order")
        inner = value.get("features")
        return inner if isinstance(inner, dict) and "features" not in self.fitted.schema else value


# -- writing ----------------------------------------------------------------------------------


def _accepted(accept: str | None, given: str | None, environment: Mapping[str, str]) -> str:
    """The first type of an Accept header that can be written."""
    wanted = accept or environment.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT") or CSV
    for part in wanted.split(","):
        kind = _media_type(part)
        if kind in (CSV, JSON, *_LINES):
            return kind
        if kind == "*/*":
            return CSV
    raise Refused(406, f"Accept type {accept} is not supported by this container.")


def _written(rows: list[Row], columns: Sequence[str], kind: str) -> bytes:
    if kind == CSV:
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerows([_text(row[name]) for name in columns] for row in rows)
        return buffer.getvalue().encode()
    if kind == JSON:
        return json.dumps(rows, default=str).encode()
    return "".join(f"{json.dumps(row, default=str)}\n" for row in rows).encode()


def _text(value: Any) -> Any:
    """As Studio's CSV files have it."""
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value, default=str) if isinstance(value, dict | list) else value


def _media_type(value: str | None) -> str:
    return (value or "").split(";", 1)[0].strip().lower()


def _error(status: int, text: str) -> Answer:
    return {"status": status, "content_type": "text/plain"}, text.encode()
