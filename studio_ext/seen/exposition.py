"""``/metrics``: the text that Prometheus reads, and the token that opens it."""

from __future__ import annotations

import hmac
import logging
import platform
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from .. import __version__
from ..config import Config
from ..files import write_atomic
from .secrets import new_token
from .tally import gauge

log = logging.getLogger(__name__)

PATH = "/metrics"
CONTENT_TYPE = CONTENT_TYPE_LATEST
#: What is asked of a scraper that shows nothing.
CHALLENGE = 'Bearer realm="studio"'

Source = Callable[[], Iterable[Metric]]


class Page(Collector):
    """The metrics of one process, from plain functions that give them."""

    def __init__(self, component: str, sources: Iterable[Source]) -> None:
        self._component = component
        self._sources = list(sources)
        # A registry of its own: in JupyterLab's process there is another one for all.
        self._registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._registry)
        self._registry.register(self)

    def describe(self) -> Iterable[Metric]:
        """Nothing: names are known once they are collected."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Everything; a source that fails is left out and told in the log."""
        about = (self._component, __version__, platform.python_version())
        names = ("component", "version", "python")
        yield gauge("studio_build_info", "What runs, as labels.", names, {about: 1})
        for source in self._sources:
            try:
                yield from list(source())
            except Exception:
                log.exception("metrics could not be collected")

    def text(self) -> bytes:
        """The page; some milliseconds of work, so not for an event loop."""
        return generate_latest(self._registry)


def token_path(config: Config) -> Path:
    """The file with the token of scrapers, readable by its owner alone."""
    return config.path / "metrics-token"


def token(config: Config) -> str:
    """The token, made where there is none; it lets read ``/metrics`` and nothing else.

    It is read anew each time, so deleting the file makes a new one.
    """
    path = token_path(config)
    for _ in range(3):
        try:
            if found := path.read_text().strip():
                return found
        except FileNotFoundError:
            pass
        write_atomic(path, f"{new_token(32)}\n".encode())
    raise OSError(f"{path} cannot be read back")


def opens(authorization: str, config: Config) -> bool:
    """Whether an Authorization header carries the token; takes the same time if it does not."""
    if not is_bearer(authorization):
        return False
    given = authorization.partition(" ")[2]
    return hmac.compare_digest(given.strip().encode(), token(config).encode())


def is_bearer(authorization: str) -> bool:
    """Whether an Authorization header carries a token at all."""
    return authorization[:7].lower() == "bearer "
