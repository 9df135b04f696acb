"""The process that runs a step's own code: a fresh interpreter, Arrow in and Arrow out.

Nothing is pickled. The child gets a header (JSON) and an Arrow stream on its standard input, gives
an Arrow stream on a pipe of its own, and reports on a second one (JSON) how it went. It is the
leader of a process group, which is ended with the step; it knows no variable of this process's
environment but those on the list, and dies with the thread that started it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ..errors import DataError, WranglerError
from ..relation import Relation
from .limits import Limits
from .printed import say

if TYPE_CHECKING:
    import pyarrow as pa

#: All that the child sees of this process's environment.
_PASSED = re.compile(r"PATH|LD_LIBRARY_PATH|LANG|LC_\w+|TZ")
_BOOT = "import sys; sys.path.insert(0, sys.argv[1]); from studio_child import main; main()"
BATCH_ROWS = 65_536
#: Threads of numeric libraries: each takes memory that the limit counts.
THREADS = "2"


@dataclass(frozen=True)
class Program:
    """What to run: ``mode`` is a module of the child's, ``options`` what that needs."""

    mode: str
    code: str
    options: Mapping[str, Any] = field(default_factory=dict)


def table(relation: Relation, program: Program, most_rows: int | None = None) -> Relation:
    """What the code makes of the whole table; raises DataError where it has too many rows."""
    source = relation.engine.reader(relation, BATCH_ROWS)
    with _Child(program, relation.engine.python) as child:
        found = child.started(source, most_rows)
        return child.kept(relation, found.schema, found)


def column(relation: Relation, name: str, output: str, program: Program) -> Relation:
    """The table with what the code makes of the column ``name`` as ``output``, batch by batch."""
    import pyarrow as pa

    source = relation.engine.reader(relation, BATCH_ROWS)
    place = source.schema.names.index(name)
    waiting: deque[pa.RecordBatch] = deque()

    def inputs() -> Iterator[pa.RecordBatch]:
        for batch in source:
            waiting.append(batch)
            yield batch.select([place])

    given = pa.RecordBatchReader.from_batches(pa.schema([source.schema.field(place)]), inputs())
    with _Child(program, relation.engine.python) as child:
        found = child.started(given)
        made = found.schema.field(0).with_name(output)
        fields = list(source.schema)
        at = source.schema.names.index(output) if output in source.schema.names else len(fields)
        fields[at : at + 1] = [made]
        schema = pa.schema(fields)

        def outputs() -> Iterator[pa.RecordBatch]:
            for batch in found:
                arrays = list(waiting.popleft().columns)
                arrays[at : at + 1] = [batch.column(0)]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)

        return child.kept(relation, schema, outputs())


class _Child:
    """One process, from its start to its end."""

    def __init__(self, program: Program, limits: Limits) -> None:
        self.program, self.limits = program, limits
        self.failure: WranglerError | None = None
        self.folder = Path(tempfile.mkdtemp(prefix="studio-python-"))
        self._printed = bytearray()
        self._threads: list[threading.Thread] = []
        output, given = os.pipe()
        report, told = os.pipe()
        self._output: IO[bytes] = os.fdopen(output, "rb")
        self._report: IO[bytes] = os.fdopen(report, "rb")
        home = str(Path(__file__).parent)
        numbers = [str(each) for each in (given, told, os.getpid(), limits.memory)]
        self._process = subprocess.Popen(
            [*limits.prefix, sys.executable, "-I", "-u", "-c", _BOOT, home, *numbers],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(given, told),
            cwd=self.folder,
            env=self._environment(),
            start_new_session=True,
        )
        os.close(given)
        os.close(told)
        self._clock = threading.Timer(limits.seconds, self._late)
        self._clock.daemon = True

    def _environment(self) -> dict[str, str]:
        passed = {name: each for name, each in os.environ.items() if _PASSED.fullmatch(name)}
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), THREADS)
        # Arrow's own pools reserve memory ahead, which the limit would count.
        own = {"HOME": str(self.folder), "TMPDIR": str(self.folder)}
        return {**passed, **threads, **own, "ARROW_DEFAULT_MEMORY_POOL": "system"}

    def __enter__(self) -> _Child:
        return self

    def __exit__(self, *_: object) -> None:
        self._clock.cancel()
        self._kill()
        self._process.wait()
        for thread in self._threads:
            thread.join()
        for pipe in (self._output, self._report, self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                assert pipe is not None
                pipe.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        say(self._printed.decode("utf-8", "replace"))

    # -- in and out ---------------------------------------------------------------------------

    def started(
        self, source: pa.RecordBatchReader, most_rows: int | None = None
    ) -> pa.RecordBatchReader:
        """What comes back for ``source``, as it comes; raises what went wrong before its start."""
        import pyarrow as pa

        self._clock.start()
        self._thread(self._listen)
        self._thread(self._feed, source, most_rows)
        try:
            found = pa.ipc.open_stream(self._output)
        except (pa.ArrowInvalid, OSError) as error:
            raise self._ended() from error
        return pa.RecordBatchReader.from_batches(found.schema, self._batches(found))

    def kept(self, relation: Relation, schema: pa.Schema, batches: Any) -> Relation:
        """The result as a table of the engine's; raises what went wrong underway."""
        import pyarrow as pa

        try:
            return relation.engine.from_arrow(pa.RecordBatchReader.from_batches(schema, batches))
        except Exception:
            # An engine wraps what it meets while it reads: say what it was.
            if self.failure:
                raise self.failure from None
            raise

    def _batches(self, found: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        size = 0
        try:
            for batch in found:
                size += batch.nbytes
                if size > self.limits.output:
                    self._fail(f"The code gave more than {_bytes(self.limits.output)}")
                    break
                yield batch
        except (pa.ArrowInvalid, OSError) as error:
            raise self._ended() from error
        # A stream that breaks off looks like one that ends.
        failure = self._failed()
        if failure:
            raise failure

    def _feed(self, source: pa.RecordBatchReader, most_rows: int | None) -> None:
        import pyarrow as pa

        target, rows = self._process.stdin, 0
        assert target is not None
        header = {"mode": self.program.mode, "code": self.program.code, **self.program.options}
        try:
            target.write(json.dumps({**header, "memory": self.limits.memory}).encode() + b"\n")
            with pa.ipc.new_stream(target, source.schema) as stream:
                for batch in self._read(source):
                    rows += batch.num_rows
                    if most_rows is not None and rows > most_rows:
                        self._fail(
                            f"The table has more than {most_rows:,} rows, which this step would "
                            "hold in memory: filter or sample before it, or do it in SQL or PySpark"
                        )
                        return
                    stream.write_batch(batch)
            target.close()
        except OSError:
            # The child has ended, or reads no more: it reports why.
            return

    def _read(self, source: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        try:
            yield from source
        except WranglerError as error:
            self._fail(error)
        except Exception as error:
            self._fail(f"What the code was to read could not be computed: {error}")

    def _listen(self) -> None:
        source = self._process.stdout
        assert source is not None
        while chunk := os.read(source.fileno(), 65_536):
            self._printed += chunk[: self.limits.printed - len(self._printed)]

    def _thread(self, target: Any, *arguments: Any) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    # -- how it ended -------------------------------------------------------------------------

    def _late(self) -> None:
        self._fail(f"The code ran longer than its limit of {self.limits.seconds:g} seconds")

    def _fail(self, error: str | WranglerError) -> None:
        if self.failure is None:
            self.failure = error if isinstance(error, WranglerError) else DataError(error)
        self._kill()

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _ended(self) -> WranglerError:
        """Why there is no result."""
        return self._failed() or DataError("The code ended before it gave a result")

    def _failed(self) -> WranglerError | None:
        """What went wrong, once the child has closed its pipes; None: nothing."""
        try:
            told = json.loads(self._report.read() or b"{}")
        except ValueError:
            told = {}
        code = self._process.wait()
        self._clock.cancel()
        if self.failure is None and told.get("state") != "done":
            self.failure = DataError(self._message(told, code))
        return self.failure

    def _message(self, told: Mapping[str, Any], code: int) -> str:
        if told.get("state") == "memory":
            text = f"The code needs more memory than its limit of {_bytes(self.limits.memory)}"
        elif told.get("state") == "error":
            text = f"{told['kind']}: {told['message']}" if told.get("kind") else told["message"]
        elif code == -signal.SIGABRT:
            text = (
                f"The code's process was aborted (its memory limit: {_bytes(self.limits.memory)})"
            )
        elif code < 0:
            text = f"The code's process was ended by {signal.Signals(-code).name}"
        else:
            text = f"The code ended its process (exit code {code}) before it gave a result"
        if told.get("line"):
            text = f"line {told['line']}: {text}"
            if told.get("source"):
                text += f"\n    {told['source']}"
        return text


def _bytes(count: int) -> str:
    return f"{count / (1 << 30):.3g} GB" if count >= 1 << 28 else f"{count / (1 << 20):.3g} MB"
