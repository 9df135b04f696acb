"""A training job, live, in a notebook: ``JobWidget("my-job")``."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import Any

import anywidget
import traitlets
from botocore.exceptions import BotoCoreError, ClientError

from ..jobs import FINISHED, TRAINING, Api, duration, reason
from ..logs import LogReader, progress

_HERE = Path(__file__).parent
_LOG_LINES = 12
_LINE_LENGTH = 400


class JobWidget(anywidget.AnyWidget):
    """Status, progress, metrics and the end of the log of one training job, with a stop button.

    A thread of the kernel reads the API until the job has ended; nothing but the name is kept, so
    showing the widget again reads everything again.

    Parameters
    ----------
    name
        The training job.
    api
        Clients to use; by default those of the environment.
    poll_s
        Seconds between two readings.
    """

    _esm = _HERE / "job.js"
    _css = _HERE / "job.css"

    name = traitlets.Unicode().tag(sync=True)
    status = traitlets.Unicode("").tag(sync=True)
    secondary_status = traitlets.Unicode("").tag(sync=True)
    message = traitlets.Unicode("").tag(sync=True)
    started = traitlets.Float(0).tag(sync=True)
    """Epoch seconds of the creation; 0 until known."""
    ended = traitlets.Float(0).tag(sync=True)
    """Epoch seconds of the end; 0 while it runs."""
    step = traitlets.Int(0).tag(sync=True)
    total = traitlets.Int(0).tag(sync=True)
    """Rounds or epochs asked for; 0 when the job does not tell."""
    metrics = traitlets.List(traitlets.Dict()).tag(sync=True)
    log = traitlets.List(traitlets.Unicode()).tag(sync=True)
    error = traitlets.Unicode("").tag(sync=True)
    """Why the last reading failed; empty when it did not."""

    def __init__(self, name: str, *, api: Api | None = None, poll_s: float = 1.0) -> None:
        super().__init__(name=name)
        self.description: dict[str, Any] = {}
        self._api = api or Api()
        self._poll_s = poll_s
        self._starting = threading.Lock()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self.on_msg(self._on_message)
        _answer_while_a_cell_runs(self.comm)
        with contextlib.suppress(BotoCoreError, ClientError):  # the thread says what is wrong
            self._read_status()  # so that what is shown without a browser is not empty
        self.refresh()

    def refresh(self) -> None:
        """Read the job again, from the start of its log, unless that is going on already."""
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                target = threading.Thread(target=self._watch, name=f"job-{self.name}", daemon=True)
                self._thread = target
                target.start()

    def wait(self) -> dict[str, Any]:
        """Block until the job has ended (or cannot be read); its description."""
        while self._thread is not None and self._thread.is_alive():
            self._thread.join(0.2)  # in short steps, so that an interrupt comes through
        return self.description

    def stop_job(self) -> None:
        """Ask the job to stop."""
        self._api.sagemaker.stop_training_job(TrainingJobName=self.name)

    def close(self) -> None:
        """Stop watching; the job goes on."""
        self._closed.set()
        super().close()

    def _watch(self) -> None:
        reader: LogReader | None = None
        lines: list[str] = []
        failures = 0
        while not self._closed.is_set():
            try:
                reader = reader or LogReader(self._api, TRAINING, self.name)
                self._read_status()
                lines = self._read_log(reader, lines)
                self.error, failures = "", 0
            except (BotoCoreError, ClientError) as error:
                # The server may be restarting: the job runs on and is found again.
                self.error, failures = reason(error), failures + 1
                if self._gone(error) or failures > 60:
                    return
            if self.ended and not self.error:
                return
            self._closed.wait(self._poll_s)

    def _read_status(self) -> None:
        job = self._api.sagemaker.describe_training_job(TrainingJobName=self.name)
        self.description = job
        finished = job["TrainingJobStatus"] in FINISHED
        end = job.get("TrainingEndTime") or job.get("LastModifiedTime") or job["CreationTime"]
        metrics = job.get("FinalMetricDataList", [])
        transitions = job.get("SecondaryStatusTransitions") or [{}]
        with self.hold_sync():
            self.status = job["TrainingJobStatus"]
            self.secondary_status = job.get("SecondaryStatus", "")
            self.message = job.get("FailureReason") or transitions[-1].get("StatusMessage") or ""
            self.started = job["CreationTime"].timestamp()
            self.metrics = [
                {"name": m["MetricName"], "value": f"{m['Value']:.6g}"} for m in metrics
            ]
            self.ended = end.timestamp() if finished else 0.0

    def _read_log(self, reader: LogReader, lines: list[str]) -> list[str]:
        new = reader.read()
        hyperparameters = self.description.get("HyperParameters", {})
        told = [found for line in new if (found := progress(line, hyperparameters))]
        lines = [*lines, *(line[:_LINE_LENGTH] for line in new)][-_LOG_LINES:]
        with self.hold_sync():
            self.log = lines
            if told:
                self.step, self.total = told[-1][0], told[-1][1] or 0
        return lines

    @staticmethod
    def _gone(error: Exception) -> bool:
        code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
        return code in {"ValidationException", "ResourceNotFound", "AccessDeniedException"}

    def _on_message(self, _: Any, content: dict[str, Any], buffers: list[bytes]) -> None:
        if content.get("do") == "refresh":
            self.refresh()
        elif content.get("do") == "stop":
            try:
                self.stop_job()
            except (BotoCoreError, ClientError) as error:
                self.error = reason(error)

    def __repr__(self) -> str:
        if not self.description:
            return f"Training job {self.name}: {self.error or 'not read yet'}"
        job = self.description
        end = job.get("TrainingEndTime") if self.ended else None
        parts = [f"Training job {self.name}: {self.status}"]
        if not self.ended and self.secondary_status:
            parts.append(f"({self.secondary_status})")
        parts.append(f"after {duration(job['CreationTime'], end)}")
        if self.total:
            parts.append(f"· {self.step}/{self.total}")
        parts += [f"· {metric['name']}={metric['value']}" for metric in self.metrics]
        return " ".join(parts)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        self.refresh()
        bundle = super()._repr_mimebundle_(**kwargs)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        if data is not None:
            data["text/plain"] = repr(self)
        return bundle


def _answer_while_a_cell_runs(comm: Any) -> None:
    """Let the stop button work while a cell waits for the job.

    JupyterLab sends widgets' messages to a subshell, a thread beside the running cell; newer
    ipykernels redirect them to the shell that made the widget, which is the one that waits.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda data, subshell: subshell
