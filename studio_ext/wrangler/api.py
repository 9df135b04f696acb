"""What a person writes: ``Flow.open("x.flow").run()``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import lines
from .analyses import Findings
from .engines import DuckDB, Engine
from .errors import WranglerError
from .exports.archive import write_archive
from .exports.python import to_python
from .exports.sql import Unfolded, to_sql
from .flow import Document, Input, Node
from .inference import Fitted
from .operators.parameters import parse
from .page import Page, page_of
from .relation import Relation
from .results import SHOWN_ROWS, Results
from .results import save as save_results
from .running import Options, Outcome, Run
from .sources.connections import OwnConnections, OwnTables
from .sources.reading import TABLE
from .stepwise import undo, wrangle
from .storage import Anywhere, Places
from .tables import arrow

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from nbformat import NotebookNode

    from .exports.notebook import Target
    from .transformer import FlowTransformer


class Flow:
    """A flow: its document, and the ways to run it."""

    def __init__(self, document: Document, inputs: Mapping[str, Any] | None = None) -> None:
        self.document = document
        #: Tables of this program that stand for sources, by name.
        self.inputs = dict(inputs or {})
        #: Where the paths of sources count from: the folder of the file.
        self.folder = document.path.resolve().parent if document.path else None
        self._page: tuple[str, Page] | None = None

    @classmethod
    def open(cls, path: str | Path) -> Flow:
        """Read a ``.flow`` file; raises FlowError where it is none."""
        return cls(Document.open(path))

    @classmethod
    def new(cls) -> Flow:
        """A flow without nodes."""
        return cls(Document.new())

    @classmethod
    def from_dataframe(cls, table: Any, name: str = "df") -> Flow:
        """A flow whose source is a table of this program: pandas, Polars, Arrow.

        The file holds the steps and not the table: ``Flow.open(path).run(inputs={name: table})``.
        """
        flow = cls.new()
        flow.table(name, table)
        return flow

    def table(self, name: str, table: Any) -> Node:
        """A further source: a table of this program, under a name."""
        self.inputs = {**self.inputs, name: table}
        definition = {"datasetSourceType": TABLE, "name": name}
        return self.document.add(
            "studio.table_source_0.1", {"dataset_definition": definition}, type="SOURCE"
        )

    def results(self, folder: str | Path | None = None) -> Results | None:
        """What ``run().save()`` kept, as far as it is still that of the flow; None: nothing is."""
        return Results.open(self.document, folder)

    def save(self, path: str | Path | None = None) -> Path:
        """Write the file; what was not changed stays byte for byte."""
        return self.document.save(path)

    def add(self, key: str, *inputs: Node | Input | str, **parameters: Any) -> Node:
        """A further step: the operator ``key`` (``manage_columns/drop_column``) on its inputs.

        Without inputs it follows the last node; ``node.output("Test")`` is one of several outputs.
        Raises WranglerError where there is no such operator or parameter (it names the nearest),
        ParameterError where a value does not fit the operator's declaration.
        """
        operator = lines.operator(key)
        for name in operator.Parameters.unused(parameters):
            raise lines.unknown(operator, name)
        parse(operator.Parameters, parameters)
        given = [_input(each) for each in inputs or list(self.document)[-1:]]
        return self.document.add(operator.form.operator, operator.form.write(parameters), given)

    # -- step by step -------------------------------------------------------------------------

    def wrangle(self, text: str, values: Mapping[str, Any] | None = None) -> Flow:
        """Add steps as they are typed, one a line (:mod:`~studio_ext.wrangler.lines`), and run.

        ``values``: other tables (``@name``) and parameters (``{{name}}``). Raises LineError where a
        line is wrong, or its step fails; the flow is then what it was before.
        """
        self.remember(wrangle(self, text, values or {})[1])
        return self

    def undo(self, steps: int = 1) -> Flow:
        """Take the last steps away."""
        undo(self, steps)
        return self

    def code(self) -> str:
        """The steps as Python code; tables go by their names."""
        return to_python(self.document, tables={name: name for name in self.inputs})

    @property
    def columns(self) -> list[str]:
        """Names of the last step's columns; none where a step fails."""
        return list(self.page.names)

    @property
    def in_memory(self) -> bool:
        """Whether every table that it begins with is one of this program."""
        sources = [each for each in self.document if each.type == "SOURCE"]
        return all(str(each.dataset.get("name")) in self.inputs for each in sources)

    def to_arrow(self) -> pa.Table:
        """The last step's rows as an Arrow table."""
        return self.run().table()

    def to_pandas(self) -> pd.DataFrame:
        """The last step's rows as a pandas table."""
        return self.to_arrow().to_pandas()

    def to_polars(self) -> Any:
        """The last step's rows as a Polars table; Polars has to be installed."""
        import polars

        return polars.from_arrow(self.to_arrow())

    def remember(self, page: Page) -> None:
        """Keep a page, so that showing the flow does not run it again."""
        self._page = (self.document.text(), page)

    @property
    def page(self) -> Page:
        """The first rows after the last step."""
        text = self.document.text()
        if self._page is None or self._page[0] != text:
            self._page = (text, page_of(self))
        return self._page[1]

    def _repr_html_(self) -> str:
        """How a notebook shows it."""
        return self.page.html()

    def __repr__(self) -> str:
        steps = " > ".join(each.label for each in self.document if each.type == "TRANSFORM")
        return f"Flow({steps or 'no steps'})"

    # -- learning -----------------------------------------------------------------------------

    def fit(self, **options: Any) -> Flow:
        """Run, and keep what every step learns in the flow: ``save()`` writes it.

        What the file knows already stays; ``refit=True`` learns it anew. Options as for ``run``.
        Raises StepError where a step fails: a flow that is half fitted is of no use.
        """
        result = self.run(**options)
        for outcome in result.outcomes.values():
            if outcome.error:
                raise outcome.error
        self._keep(result.outcomes)
        return self

    def fitted(
        self, node: Node | str | None = None, *, target: str | None = None, **options: Any
    ) -> Fitted:
        """All learned steps up to ``node`` (by default the last) as a function of rows.

        ``target`` names the column that only training rows have. Options as for ``run``. Raises
        StepError where a step fails, or a row's result does not follow from that row alone.
        """
        engine = DuckDB()
        name = node.id if isinstance(node, Node) else node
        try:
            run = self._run(engine, **options)
            self._keep(run.outcomes)
            return Fitted.of(run, self.document, name, target)
        finally:
            engine.close()

    def to_sklearn(
        self,
        node: Node | str | None = None,
        *,
        parameters: Mapping[str, Any] | None = None,
        target: str | None = None,
        learned: bool = False,
        **options: Any,
    ) -> FlowTransformer:
        """The steps up to ``node`` as a transformer for scikit-learn's pipelines.

        It is still to be fitted; with ``learned`` it knows what the flow's steps have learned, as
        from :meth:`fitted`, whose options it takes.
        """
        from .transformer import FlowTransformer

        name = node.id if isinstance(node, Node) else node
        made = FlowTransformer(
            self.document.text(), node=name, parameters=parameters, target=target
        )
        if not learned:
            return made
        return made.adopt(self.fitted(name, target=target, parameters=parameters, **options))

    def to_model(
        self,
        path: str | Path,
        node: Node | str | None = None,
        *,
        target: str | None = None,
        **options: Any,
    ) -> Path:
        """Write the learned steps as ``model.tar.gz`` for the Data Wrangler image of an endpoint.

        As the first container of an inference pipeline it prepares the records that the model
        behind it predicts. Options and errors are those of :meth:`fitted`.
        """
        fitted = self.fitted(node, target=target, **options)
        try:
            return write_archive(fitted, path)
        finally:
            fitted.close()

    def to_python(self, *, learned: bool = True) -> str:
        """The flow as Python code that makes it again; ``learned``: with what its steps know."""
        return to_python(self.document, learned=learned)

    def to_notebook(
        self, target: Target = "python", node: Node | str | None = None, **options: Any
    ) -> NotebookNode:
        """The flow as a notebook (``nbformat.write`` saves it) that makes it and uses its result.

        ``target``: ``python`` runs it; ``processing``, ``training`` and ``inference`` (both with
        ``label=``) and ``feature-store`` (with ``record_id=``) run jobs by boto3.
        """
        from .exports.notebook import to_notebook

        name = node.id if isinstance(node, Node) else node
        return to_notebook(self.document, target, node=name, **options)

    def to_sql(
        self, node: Node | str | None = None, output: str = "default", **options: Any
    ) -> str:
        """A node (by default the last) as one query of DuckDB's, with what its steps have learned.

        For a destination, the statement that writes its file. Options as for ``run``: the steps
        learn first what they do not know. Raises UnsupportedError that names steps that are no SQL.
        """
        engine = Unfolded()
        try:
            run = self._run(engine, **options)
            name = node.id if isinstance(node, Node) else node or self.document.last().id
            return to_sql(run, name, output, run.options.inputs)
        finally:
            engine.close()

    def _keep(self, outcomes: Mapping[str, Outcome]) -> None:
        for outcome in outcomes.values():
            if outcome.learned is not None:
                self.document[outcome.node.id].trained = dict(outcome.learned)

    def refitted(self, **options: Any) -> Flow:
        """A new flow that has learned anew, of other ``inputs`` perhaps; this one stays."""
        copied = Flow(Document.parse(self.document.text()), self.inputs)
        copied.folder = self.folder
        return copied.fit(**{**options, "refit": True})

    def run(
        self,
        *,
        engine: Engine | None = None,
        inputs: Mapping[str, Any] | None = None,
        parameters: Mapping[str, Any] | None = None,
        refit: bool = False,
        write: bool = False,
        places: Places | None = None,
        connections: Mapping[str, str] | None = None,
        tables: Mapping[str, Any] | None = None,
    ) -> Result:
        """Run everything. Errors stay with their nodes: what does not need them comes out.

        ``inputs``: source (node id, dataset name or address) -> a table in its place (Arrow,
        pandas, Polars: what Arrow can take over without a copy). ``write``: destination nodes write
        their files; each is there whole or not at all. ``places`` gets at the files that addresses
        mean (``storage.Places``); by default paths as they are, from the flow's own folder where a
        file is there, and ``s3://`` by boto3.
        ``connections`` (name -> URL) and ``tables`` (``database.table`` -> place) are what sources
        of databases and queries name; by default the user's own (``sources.connections``).
        """
        return Result(
            self._run(
                engine or DuckDB(), inputs, parameters, refit, write, places, connections, tables
            )
        )

    def _run(
        self,
        engine: Engine,
        inputs: Mapping[str, Any] | None = None,
        parameters: Mapping[str, Any] | None = None,
        refit: bool = False,
        write: bool = False,
        places: Places | None = None,
        connections: Mapping[str, str] | None = None,
        tables: Mapping[str, Any] | None = None,
    ) -> Run:
        everything = {**self.inputs, **(inputs or {})}
        options = Options(
            inputs={name: engine.from_arrow(arrow(table)) for name, table in everything.items()},
            parameters=parameters or {},
            refit=refit,
            places=places or Anywhere(folder=self.folder),
            connections=OwnConnections() if connections is None else connections,
            tables=OwnTables() if tables is None else tables,
            write=write,
        )
        run = Run(self.document, engine, options)
        run.nodes()
        return run


class Result:
    """What a run gave: each node's outcome, and its table when asked for."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.outcomes: Mapping[str, Outcome] = run.outcomes

    @property
    def errors(self) -> dict[str, str]:
        """Node -> what went wrong there, of the nodes that failed themselves."""
        return {
            name: str(each.error)
            for name, each in self.outcomes.items()
            if each.error and each.error.node == name
        }

    @property
    def notes(self) -> dict[str, tuple[str, ...]]:
        """Node -> what one should know of it though it came out."""
        return {name: each.notes for name, each in self.outcomes.items() if each.notes}

    def relation(self, node: Node | str | None = None, output: str = "default") -> Relation:
        """A node's result, not yet computed; by default of the last transform.

        Raises StepError where the node, or what it needs, did not come out.
        """
        return self._run.relation(self._node(node), output)

    def findings(self, node: Node | str) -> Findings:
        """What an analysis of the flow finds: data, and a plotly figure."""
        return self._run.findings(node.id if isinstance(node, Node) else node)

    def table(self, node: Node | str | None = None, output: str = "default") -> pa.Table:
        """A node's rows as an Arrow table."""
        node = self._node(node)
        try:
            return self.relation(node, output).to_arrow()
        except WranglerError as error:
            raise self._run.blamed(node, error) from error

    def save(self, folder: str | Path | None = None, *, rows: int = SHOWN_ROWS) -> Path:
        """Keep counts, first ``rows`` and findings beside the flow (see ``wrangler.results``)."""
        return save_results(self._run, folder, rows=rows)

    def _node(self, node: Node | str | None) -> str:
        return node.id if isinstance(node, Node) else node or self._run.document.last().id


def _input(given: Node | Input | str) -> Input:
    if isinstance(given, Node):
        return given.output()
    return given if isinstance(given, Input) else Input(given)
