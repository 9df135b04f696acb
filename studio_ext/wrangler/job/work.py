"""Doing what a job is asked: nodes, outputs, the refitted flow; each is kept once it is there."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from ...files import write_json
from ..engines import DuckDB
from ..errors import StepError, WranglerError
from ..flow import Document, Node, typed
from ..relation import Relation
from ..running import Options, Outcome, Run, State
from ..sources.connections import OwnConnections, OwnTables
from ..sources.finding import Files
from ..sources.typed import read_parquet
from ..storage import LocalPlaces
from ..targets import written
from ..targets.destinations import S3
from ..targets.files import write_parquet
from .binding import JobPlaces
from .checkpoints import Checkpoints, Kept, Marks, hashed
from .progress import Progress
from .request import Request, Wanted

#: What took longer is kept as a table: to compute it again would cost more than to store it.
WORTH_KEEPING_S = 1.0
MEMORY_VARIABLE = "STUDIO_JOB_MEMORY_BYTES"
#: Of the job's memory; the rest is for Python and what steps of one's own take.
_ENGINE_SHARE = 0.6


class Work:
    """One run of a job's flow."""

    def __init__(self, request: Request, progress: Progress) -> None:
        self._request, self._progress = request, progress
        document = request.flow
        values = typed.values(document.data, request.parameters)
        cache = Path(tempfile.mkdtemp(prefix="studio-sources-"))
        self._places = JobPlaces(request, values, cache)
        refit = request.refitted is not None
        tables = OwnTables(request.config)
        self._marks = Marks(document, values, refit, self._places, tables)
        self._checkpoints = Checkpoints(request.checkpoints)
        self._kept = dict(self._found(document))
        self._engine = _engine()
        self._rows: dict[tuple[str, str], int] = {}
        self._run = Run(
            document,
            self._engine,
            Options(
                parameters=request.parameters,
                refit=refit,
                places=self._places,
                # A job's environment is its own, and so is its configuration.
                connections=OwnConnections(request.config),
                tables=tables,
                known={node: kept.learned for node, kept in self._kept.items() if kept.learned},
                kept={
                    node: {name: self._table(file) for name, file in kept.files.items()}
                    for node, kept in self._kept.items()
                    if kept.files
                },
                settle=self._settle,
                watch=self._watch,
            ),
        )
        self._begun = 0.0

    def run(self) -> list[str]:
        """Everything that comes out comes out; what did not is said in words."""
        failed: dict[str, StepError] = {}
        for wanted in self._request.wanted:
            error = self._error(wanted)
            if error is not None:
                failed.setdefault(error.node, error)
        if not failed and self._request.refitted is not None:
            self._save_refitted(self._request.refitted)
        self._engine.close()
        if not failed:
            self._checkpoints.clear()
        return [_told(error) for error in failed.values()]

    def _found(self, document: Document) -> Iterator[tuple[str, Kept]]:
        for node in document:
            mark = self._marks.get(node.id)
            kept = self._checkpoints.node(mark) if mark else None
            if kept is not None:
                yield node.id, kept

    def _table(self, file: str) -> Relation:
        return stored(self._engine, self._checkpoints.table(file))

    # -- nodes --------------------------------------------------------------------------------

    def _watch(self, outcome: Outcome) -> None:
        node = outcome.node
        if outcome.state is State.RUNNING:
            self._begun = time.monotonic()
            self._progress.begin(node.id, node=node.id, label=node.label, type=node.type)
            return
        error = outcome.error
        for line in [*outcome.notes, *outcome.printed.splitlines()]:
            print(f"{node.label}: {line}", flush=True)
        self._progress.end(
            node.id,
            str(outcome.state),
            reused=(node.id in self._kept or None) if outcome.state is State.DONE else None,
            rows_in=sum(self._rows.get((each.node, each.output), 0) for each in node.inputs)
            if node.inputs and outcome.state is State.DONE
            else None,
            rows_out=sum(self._rows.get((node.id, name), 0) for name in outcome.outputs)
            if outcome.outputs
            else None,
            error=error.cause.message if error else None,
            field=error.field if error else None,
            cause=error.node if error and error.node != node.id else None,
        )

    def _settle(self, outcome: Outcome) -> None:
        """Count what came out, and keep what an earlier job has not kept."""
        node = outcome.node
        known = self._kept.get(node.id)
        if known is not None:
            self._rows |= {(node.id, name): rows for name, rows in known.rows.items()}
            return
        mark = self._marks.get(node.id)
        kept = Kept(learned=dict(outcome.learned) if outcome.learned is not None else None)
        slow = time.monotonic() - self._begun > WORTH_KEEPING_S
        if slow and mark and node.type == "TRANSFORM":
            kept.files = self._stored(outcome, mark)
        for name, relation in outcome.outputs.items():
            kept.rows[name] = self._counted(node, name, relation)
            self._rows[node.id, name] = kept.rows[name]
        if mark and node.type != "DESTINATION":
            self._checkpoints.keep(mark, kept)

    def _stored(self, outcome: Outcome, mark: str) -> dict[str, str]:
        """Outputs as files, read from there on; {} where a file would not give the same types."""
        files, relations = {}, {}
        for number, (name, relation) in enumerate(outcome.outputs.items()):
            file = f"{mark}.{number}.parquet"
            made = self._checkpoints.made(file, partial(write_parquet, relation))
            relations[name] = stored(self._engine, made)
            if relations[name].schema != relation.schema:
                return {}
            files[name] = file
        outcome.outputs = relations
        return files

    def _counted(self, node: Node, name: str, relation: Relation) -> int:
        """Rows; where only columns have changed, as many as there were."""
        for each in node.inputs:
            before = self._run.outcomes[each.node].outputs.get(each.output)
            if (
                before is not None
                and before.base is relation.base
                and before.conditions == relation.conditions
            ):
                return self._rows[each.node, each.output]
        return relation.count()

    # -- outputs ------------------------------------------------------------------------------

    def _error(self, wanted: Wanted) -> StepError | None:
        """Compute and write one output; what went wrong, and at which node."""
        node = self._request.flow[wanted.node]
        source, output = wanted.node, wanted.output
        if node.type == "DESTINATION":
            source, output = node.inputs[0].node, node.inputs[0].output
        try:
            relation = self._run.relation(source, output)
        except StepError as error:
            return error
        self._progress.begin(wanted.name, output=wanted.name)
        try:
            reused = self._deliver(wanted, relation, source, output)
        except WranglerError as error:
            told = self._blamed(source) or self._run.blamed(node.id, error)
            self._progress.end(
                wanted.name, "failed", error=told.cause.message, field=told.field, cause=told.node
            )
            return told
        rows = self._rows.get((source, output))
        self._progress.end(wanted.name, "done", rows_out=rows, reused=reused or None)
        return None

    def _deliver(self, wanted: Wanted, relation: Relation, source: str, output: str) -> bool:
        """Put an output into its place; whether an earlier job had made it."""
        made = self._checkpoints.output(
            hashed([self._marks.get(source), output, dict(wanted.config)])
        )
        reused = made.exists() and self._marks.get(source) is not None
        if not reused:
            node = self._request.flow[wanted.node]
            config = {**wanted.config, "output_path": str(made)}
            kind = node.operator if node.type == "DESTINATION" else S3
            written(relation, {"output_config": config}, LocalPlaces(), kind)
        names = sorted(
            each.relative_to(made).as_posix() for each in made.rglob("*") if each.is_file()
        )
        for name in names:
            target = wanted.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            # Whole at once, for those who look while the job runs.
            os.link(made / name, target)
        # Stored last, in the form of SageMaker's manifest files: which objects are the result.
        wanted.folder.parent.mkdir(parents=True, exist_ok=True)
        manifest = wanted.folder.with_name(f"_{wanted.folder.name}.manifest")
        write_json(manifest, [{"prefix": wanted.address}, *names], mode=0o644)
        return reused

    def _blamed(self, node: str) -> StepError | None:
        """The first node whose rows cannot be computed: queries run as late as at the output."""
        for each in self._request.flow.upstream(node):
            for relation in self._run.outcomes[each.id].outputs.values():
                try:
                    for _ in self._engine.reader(relation):
                        pass
                except WranglerError as error:
                    told = self._run.blamed(each.id, error)
                    why = told.cause.message
                    self._progress.end(told.node, "failed", error=why, field=told.field)
                    return told
        return None

    def _save_refitted(self, path: Path) -> None:
        """A new flow with what was learned; the one that was given stays as it is."""
        document = Document.parse(self._request.flow.text())
        for name, outcome in self._run.outcomes.items():
            if outcome.learned is not None:
                document[name].trained = dict(outcome.learned)
        document.save(path)
        print(f"The refitted flow: {path.name}", flush=True)


def stored(engine: DuckDB, path: Path) -> Relation:
    """A table that was kept."""
    return read_parquet(engine, Files(path.parent, (path.name,), ""), {})


def _told(error: StepError) -> str:
    """Node, field and what would be right."""
    return f"Node {error.label!r} ({error.node}): {error.cause.message}"


def _engine() -> DuckDB:
    options: dict[str, Any] = {}
    if os.environ.get(MEMORY_VARIABLE):
        megabytes = int(int(os.environ[MEMORY_VARIABLE]) * _ENGINE_SHARE / 1e6)
        options["memory"] = f"{max(megabytes, 100)}MB"
    if os.environ.get("OMP_NUM_THREADS"):
        options["threads"] = int(os.environ["OMP_NUM_THREADS"])
    return DuckDB(**options)
