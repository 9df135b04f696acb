"""A request as the protocols see it: raw where signatures need it, decoded where parsers do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote_plus


@dataclass
class Request:
    """One HTTP request.

    `raw_path` and `raw_query` are percent-encoded as sent. `path` is `raw_path` less the prefix
    the app is mounted under. `headers` has lower-case names; repeated ones are joined by commas.
    `body` is the whole payload, or empty when the operation streams it.
    """

    method: str
    raw_path: str
    raw_query: str
    headers: Mapping[str, str]
    path: str = ""
    body: bytes = b""
    request_id: str = ""

    def __post_init__(self) -> None:
        self.path = self.path or self.raw_path

    @property
    def url(self) -> str:
        return f"{self.raw_path}?{self.raw_query}" if self.raw_query else self.raw_path

    @cached_property
    def query(self) -> dict[str, list[str]]:
        """Decoded query parameters; one without `=` has the value ""."""
        return parse_query(self.raw_query)

    @cached_property
    def form(self) -> dict[str, str]:
        """The body as a form (query protocol); later values of a repeated name win."""
        if not self.body:
            return {name: values[-1] for name, values in self.query.items()}
        text = self.body.decode("utf-8", "replace")
        return {name: values[-1] for name, values in parse_query(text).items()}

    def first(self, name: str) -> str | None:
        """The first value of query parameter `name`."""
        values = self.query.get(name)
        return values[0] if values else None


def parse_query(text: str) -> dict[str, list[str]]:
    """Splits `a=1&b&a=2`. Unlike `urllib.parse.parse_qs` it has no limit on fields to fail at."""
    found: dict[str, list[str]] = {}
    for part in text.split("&"):
        if part:
            name, _, value = part.partition("=")
            found.setdefault(unquote_plus(name), []).append(unquote_plus(value))
    return found
