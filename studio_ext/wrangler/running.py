"""Running a flow: node after node, each with its state, what it gave, and what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .analyses import Findings, analyses
from .engines import DuckDB, Engine
from .errors import (
    UNFORESEEN,
    DamagedError,
    DataError,
    FlowError,
    SourceError,
    StepError,
    UnsupportedError,
    WranglerError,
    unforeseen,
)
from .flow import Document, Input, Node, typed, variables
from .operators import Trained, catalogue
from .operators.parameters import as_object, parse
from .python import collected
from .relation import Base, Relation
from .sources import Sources, first_rows, sampled
from .storage import Anywhere, Places
from .targets import written
from .targets.destinations import DESTINATIONS


class State(StrEnum):
    """How far a node is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    #: Studio does not know the operator; what follows from the node waits too.
    UNSUPPORTED = "unsupported"
    #: Something it reads did not come out.
    SKIPPED = "skipped"


@dataclass
class Outcome:
    """What became of one node."""

    node: Node
    state: State
    outputs: Mapping[str, Relation] = field(default_factory=dict)
    trained: Trained | None = None
    #: Learned in this run, not taken from the file: as the file would keep it.
    learned: Mapping[str, Any] | None = None
    error: StepError | None = None
    #: What a step's own Python has printed.
    printed: str = ""
    #: What a person should know of a node that came out nevertheless: what a source left out.
    notes: tuple[str, ...] = ()


#: Told of every change of a node's state.
Watcher = Callable[[Outcome], None]


@dataclass
class Options:
    """How a flow is to be run."""

    #: Source by node id, dataset name or address -> a relation in its place.
    inputs: Mapping[str, Relation] = field(default_factory=dict)
    #: Values for the flow's ``{{name}}``.
    parameters: Mapping[str, Any] = field(default_factory=dict)
    #: Learn anew what the file already knows.
    refit: bool = False
    #: What gets sources and destinations at the files that their addresses mean.
    places: Places = field(default_factory=Anywhere)
    #: Name -> URL of a database, and name -> place of a table that queries may name.
    connections: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, Any] = field(default_factory=dict)
    #: Whether destination nodes write.
    write: bool = False
    #: Node id -> what it has learned of the same rows before, as the file would keep it: taken
    #: even where the rest learns anew.
    known: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    #: Node id -> outputs that an earlier run of the same kept: the node does not run again.
    kept: Mapping[str, Mapping[str, Relation]] = field(default_factory=dict)
    #: Called with what a node gave, before others read it; what it raises is the node's error.
    settle: Watcher = lambda outcome: None
    watch: Watcher = lambda outcome: None


class Run:
    """One walk through a document on one engine."""

    def __init__(self, document: Document, engine: Engine, options: Options | None = None) -> None:
        self.document = document
        self.engine = engine
        self.options = options or Options()
        self.outcomes: dict[str, Outcome] = {}
        self._sources = Sources(
            engine, self.options.places, self.options.connections, self.options.tables
        )
        #: Text files that a step has learned from.
        self._learned_from: set[Base] = set()
        self._values = typed.values(document.data, self.options.parameters)

    def nodes(self, upto: str | None = None) -> None:
        """Run all nodes, or ``upto`` and what it follows from; errors stay with their nodes."""
        wanted = self.document.upstream(upto) if upto else self.document.order()
        for node in wanted:
            if node.id not in self.outcomes:
                self._note(Outcome(node, State.RUNNING))
                self._note(self._run(node))

    def relation(self, node: str, output: str = "default") -> Relation:
        """What a node gives; raises StepError where it, or what it needs, did not come out."""
        self.nodes(node)
        outcome = self.outcomes[node]
        if outcome.error:
            raise outcome.error
        return outcome.outputs[output]

    def findings(self, node: str) -> Findings:
        """What an analysis finds; raises StepError where it, or its input, does not come out."""
        asked = self.document[node]
        given = asked.inputs[0]
        self.relation(given.node, given.output)
        relation = self._parsed(given)
        try:
            parameters = variables.filled(asked.parameters, self._values, "parameters")
            analysis = analyses.find(asked.operator, parameters)
            p = parse(analysis.Parameters, analysis.form.read(parameters))
            p.check([relation])
            return analysis.compute(relation, p)
        except UNFORESEEN as error:
            raise StepError(node, asked.label, unforeseen(error)) from error
        except WranglerError as error:
            raise self.blamed(node, error) from error

    def blamed(self, node: str, error: WranglerError) -> StepError:
        """An error as that of the node that can mend it.

        Tables are read when something is asked of them: what is wrong with a file shows at the
        first step that looks, and is the source's.
        """
        at = self.document[node]
        if isinstance(error, StepError):
            return error
        if isinstance(error, SourceError):
            source, named = self._sources.named(error)
            if source is not None and source != node:
                at, error = self.document[source], named
                failed = StepError(at.id, at.label, error)
                self._note(Outcome(at, State.FAILED, error=failed))
                return failed
            error = named
        return StepError(at.id, at.label, error)

    def _note(self, outcome: Outcome) -> None:
        self.outcomes[outcome.node.id] = outcome
        self.options.watch(outcome)

    def _run(self, node: Node) -> Outcome:
        failed = next((e for each in node.inputs if (e := self.outcomes[each.node].error)), None)
        if failed:
            return Outcome(node, State.SKIPPED, error=failed)
        with collected() as printed:
            outcome = self._tried(node)
        outcome.printed = "".join(printed)
        return outcome

    def _tried(self, node: Node) -> Outcome:
        try:
            outcome = self._result(node)
            if not all(each.columns for each in outcome.outputs.values()):
                raise DataError("There is no column left: a table has one at least")
            self.options.settle(outcome)
            return outcome
        except UnsupportedError as error:
            return Outcome(node, State.UNSUPPORTED, error=StepError(node.id, node.label, error))
        except UNFORESEEN as error:
            # Nobody is to lose what other nodes gave.
            failed = StepError(node.id, node.label, unforeseen(error))
            return Outcome(node, State.FAILED, error=failed)
        except WranglerError as error:
            blamed = self.blamed(node.id, error)
            state = State.FAILED if blamed.node == node.id else State.SKIPPED
            return Outcome(node, state, error=blamed)

    def _result(self, node: Node) -> Outcome:
        known = self.options.known.get(node.id)
        if node.id in self.options.kept:
            return Outcome(node, State.DONE, self.options.kept[node.id], learned=known)
        parameters = variables.filled(node.parameters, self._values, "parameters")
        if node.type == "SOURCE":
            relation = self._source(node, parameters)
            notes = tuple(self._sources.notes.get(node.id, ()))
            given = dict.fromkeys(node.outputs or ["default"], relation)
            return Outcome(node, State.DONE, given, notes=notes)
        if node.type == "DATASET":
            relation = self._input(node.inputs[0].node, node.inputs[0].output)
            return Outcome(node, State.DONE, dict.fromkeys(node.outputs, relation))
        if node.type == "DESTINATION":
            return self._written(node, parameters)
        if node.type != "TRANSFORM":
            return Outcome(node, State.DONE)
        operator = catalogue.find(node.operator, parameters)
        given = operator.form.read(parameters)
        p = parse(operator.Parameters, given)
        relations = [self._input(each.node, each.output) for each in node.inputs]
        p.check(relations)
        said = operator.unused(given)
        from_file = None if self.options.refit else node.trained
        saved = operator.form.read_trained(known or from_file)
        trained, learned = None, known
        try:
            trained = operator.restored(saved, p) if saved else None
        except DamagedError as error:
            said.append(f"{error}; learned anew from these rows")
        if trained is None and operator.fitted:
            if not self._first_of(relations[0]):
                relations[0] = self._parsed(node.inputs[0])
            trained = operator.fit(relations[0], p)
            learned = operator.form.write_trained(operator.saved(trained or {}, p))
        outputs = operator.run(relations, p, trained)
        for each in outputs.values():
            each.schema  # noqa: B018  (what does not fit is found here, at its node)
        return Outcome(node, State.DONE, outputs, trained, learned, notes=tuple(said))

    def _written(self, node: Node, parameters: Mapping[str, Any]) -> Outcome:
        if not self.options.write:
            return Outcome(node, State.DONE)
        if node.operator not in DESTINATIONS:
            raise UnsupportedError(f"Studio does not know the destination {node.operator!r}")
        given = node.inputs[0]
        written(
            self._input(given.node, given.output), parameters, self.options.places, node.operator
        )
        return Outcome(node, State.DONE)

    def _first_of(self, relation: Relation) -> bool:
        """Whether no step has learned from these files of text yet.

        The first step mostly finds the types: a copy is worth making after it, of what has them.
        """
        base = relation.base
        while base.level is not None:
            base = base.level[0].base
        new = base not in self._learned_from
        self._learned_from.add(base)
        return new

    def _parsed(self, given: Input) -> Relation:
        """What further steps learn from: text files are not parsed for each of them."""
        relation = self._input(given.node, given.output)
        if not isinstance(self.engine, DuckDB) or not relation.reads_text:
            return relation
        stored = self.engine.stored(relation)
        outcome = self.outcomes[given.node]
        outcome.outputs = {
            name: stored if each is relation else each for name, each in outcome.outputs.items()
        }
        return stored

    def _input(self, node: str, output: str) -> Relation:
        outputs = self.outcomes[node].outputs
        # The one output may go by another name; of several a wrong name is no other one.
        # Of a split's parts the default one is the first, as in Data Wrangler.
        if output not in outputs and len(outputs) != 1 and output != "default":
            there = ", ".join(outputs) or "none"
            raise FlowError(f"inputs: there is no output {output!r}: there are {there}")
        return outputs[output] if output in outputs else next(iter(outputs.values()))

    def _source(self, node: Node, parameters: Mapping[str, Any]) -> Relation:
        definition = as_object(parameters.get("dataset_definition"), "dataset_definition")
        place = as_object(definition.get("s3ExecutionContext"), "s3ExecutionContext")
        for name in (node.id, str(definition.get("name")), str(place.get("s3Uri"))):
            if name in self.options.inputs:
                return self.options.inputs[name]
        relation = self._sources.read(node.id, definition, self._needed(node))
        return sampled(relation, node.sampling)

    def _needed(self, node: Node) -> int | None:
        """How many rows of a source are needed; None: all."""
        return first_rows(node.sampling)
