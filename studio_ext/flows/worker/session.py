"""What a process keeps of a flow between questions: results of nodes, so that a step costs a step.

A lane is an engine of its own: pages do not wait for a report. In a lane one question plans at a
time; running what was planned is done on a connection of its own, beside the next one's planning.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ...run.isolate import prefix
from ...wrangler.engines import DuckDB
from ...wrangler.errors import StepError, WranglerError
from ...wrangler.flow import Document, Node, variables
from ...wrangler.python import Limits
from ...wrangler.relation import Relation
from ...wrangler.running import Options, Outcome, Run
from ...wrangler.sources import Sources
from ...wrangler.sources.databases import KINDS
from .asked import Asked, AskedConnections, AskedPlaces, AskedTables, Need, version
from .question import Question

if TYPE_CHECKING:
    import duckdb

WAIT_S = 0.05
#: Results of nodes that a lane keeps; beyond them it begins anew, lest tables pile up.
MOST_KEPT = 400
#: Of a process's memory, for the tables of one lane.
SHARE = 0.3
#: Lanes that show rows, and how many they read of a database where nobody asks for more: one cannot
#: leaf through it as through a file.
PREVIEWS = frozenset(("pages", "profiles"))
PREVIEWED_ROWS = 50_000
LONGEST_S = 24 * 3600.0

Watch = Callable[[Outcome], None]


@dataclass
class Kept:
    """A node's result, and what it follows from."""

    outcome: Outcome
    key: str
    #: A node and an error that came of reading -> the error as that of the node that can mend it.
    blamed: Callable[[str, WranglerError], StepError]


class Session:
    """All lanes of a process. Code of the user's own sees nothing of the folders ``hidden``."""

    def __init__(self, memory: int, hidden: Iterable[str] = ()) -> None:
        self._memory = memory
        self._prefix = prefix(hidden)
        self._guard = threading.Lock()
        self._lanes: dict[str, Lane] = {}

    def lane(self, name: str) -> Lane:
        """The lane for questions of one sort: what is quick does not wait for what is not."""
        with self._guard:
            if name not in self._lanes:
                most = PREVIEWED_ROWS if name in PREVIEWS else None
                memory = int(self._memory * SHARE)
                self._lanes[name] = Lane(memory, self._memory, self._prefix, most)
            return self._lanes[name]


class Lane:
    """One engine, and what it has made so far; of databases it reads ``most`` rows."""

    def __init__(self, memory: int, python: int, prefix: tuple[str, ...], most: int | None) -> None:
        self._memory = memory
        self._most = most
        # How long it may take is the question's own limit.
        self._python = Limits(seconds=LONGEST_S, memory=python, prefix=prefix)
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Outcome] = OrderedDict()
        self._needs: dict[str, list[Need]] = {}
        #: Figures of results, by what they are of: counts of rows, profiles.
        self.known: OrderedDict[Any, Any] = OrderedDict()
        self.engine = self._fresh()
        self._sources = Sources(self.engine)

    def _fresh(self) -> DuckDB:
        return DuckDB(memory=f"{self._memory >> 20}MiB", python=self._python)

    @contextlib.contextmanager
    def held(self, question: Question) -> Iterator[None]:
        """Plan alone; what is canceled meanwhile waits no longer."""
        while not self._lock.acquire(timeout=WAIT_S):
            question.check()
        try:
            if len(self._kept) > MOST_KEPT:
                self._forget()
            with question.on(self.engine.connection):
                yield
        finally:
            self._lock.release()

    def _forget(self) -> None:
        """Begin anew. The engine is not closed: pages may still be read from it."""
        self._kept.clear()
        self.known.clear()
        self.engine = self._fresh()
        self._sources = Sources(self.engine)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own to the lane's tables; made while the lane is held."""
        return self.engine.connection.cursor()

    def outcome(
        self, question: Question, document: Document, node: str, watch: Watch = lambda _: None
    ) -> Kept:
        """A node's result; only what has changed since the last time is made anew.

        Raises StepError where it, or what it needs, does not come out.
        """
        found = self.outcomes(question, document, document.upstream(node), watch)[node]
        if found.outcome.error:
            raise found.outcome.error
        return found

    def outcomes(
        self,
        question: Question,
        document: Document,
        nodes: list[Node],
        watch: Watch = lambda _: None,
        refit: bool = False,
    ) -> dict[str, Kept]:
        """Results of nodes, each of which comes after those that it reads."""
        params, asked = question.params, Asked(question)
        values = {**variables.defaults(document.data), **(params.get("Parameters") or {})}
        places = AskedPlaces(asked)
        options = Options(parameters=values, places=places, watch=watch, refit=refit)
        # What reads sources is the lane's: it knows whose files those of kept results are.
        self._sources.places = places
        self._sources.connections = AskedConnections(asked)
        self._sources.tables = AskedTables(asked)
        most = (params.get("SampleRows"), self._most)
        run = Sampled(document, self.engine, options, self._sources, *most)
        given = {"values": values, "rows": params.get("SampleRows"), "refit": refit}
        keys: dict[str, str] = {}
        found: dict[str, Kept] = {}
        for node in nodes:
            question.check()
            key = self._key(node, given, keys, question)
            kept = self._kept.get(key) if key else None
            if kept is not None:
                run.outcomes[node.id] = replace(kept, node=node)
                watch(run.outcomes[node.id])
            else:
                asked.used.clear()
                run.nodes(node.id)
                question.check()
                if node.type == "SOURCE":
                    self._needs[_digest(node.data, given)] = list(dict.fromkeys(asked.used))
                    key = self._key(node, given, keys, question)
            # A source that cannot be read has no key, and nothing that follows from it is kept.
            key = keys[node.id] = key or f"none of {node.id}"
            found[node.id] = Kept(run.outcomes[node.id], key, run.blamed)
            if kept is None and run.outcomes[node.id].error is None:
                self._kept[key] = run.outcomes[node.id]
        return found

    def _key(
        self, node: Node, given: Any, keys: Mapping[str, str], question: Question
    ) -> str | None:
        """What a node's result follows from; None of a source whose needs are not known."""
        if node.type != "SOURCE":
            data = {name: node.data.get(name) for name in _MEANING}
            return _digest(data, given, [keys[each.node] for each in node.inputs])
        own = _digest(node.data, given)
        needs = self._needs.get(own)
        if needs is None:
            return None
        try:
            return _digest(own, [version(question, each) for each in needs])
        except (OSError, WranglerError):
            return None  # reading it says why

    def remembered(self, key: Any, make: Callable[[], Any]) -> Any:
        """A figure of a result, found out once."""
        if key not in self.known:
            self.known[key] = make()
            while len(self.known) > MOST_KEPT:
                self.known.popitem(last=False)
        return self.known[key]


_MEANING = ("type", "operator", "parameters", "trained_parameters", "inputs", "outputs")


class Sampled(Run):
    """A run of which each source gives ``most`` rows at most, held in memory; None: all, but of a
    database ``previewed``."""

    def __init__(
        self,
        document: Document,
        engine: DuckDB,
        options: Options,
        sources: Sources,
        most: int | None,
        previewed: int | None,
    ) -> None:
        super().__init__(document, engine, options)
        self._sources = sources
        self._most = most
        self._previewed = previewed

    def _needed(self, node: Node) -> int | None:
        own = super()._needed(node)
        if own is None and node.sampling.get("sampling_method", "sample_none") != "sample_none":
            return None  # a sample of all rows
        most = self._most
        if most is None and node.dataset.get("datasetSourceType") in KINDS:
            most = self._previewed
        known = [each for each in (own, most) if each is not None]
        return min(known, default=None)

    def _source(self, node: Node, parameters: Mapping[str, Any]) -> Relation:
        relation = super()._source(node, parameters)
        if self._most is not None:
            return relation.limit(self._most).materialise()
        needed = self._needed(node)
        if needed is not None and needed == self._previewed and relation.count() >= needed:
            text = f"These are the first {needed:,} rows of the database; SampleRows reads more."
            self._sources.notes.setdefault(node.id, []).append(text)
        return relation


def _digest(*values: Any) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()
