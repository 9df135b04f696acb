"""What the shell and notebooks ask about jobs and endpoints, through SageMaker's own API."""

from __future__ import annotations

import contextlib
import re
import time
from argparse import ArgumentTypeError
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

TRAINING_GROUP = "/aws/sagemaker/TrainingJobs"
ENDPOINT_GROUP = "/aws/sagemaker/Endpoints/"
FINISHED = frozenset({"Completed", "Failed", "Stopped"})
_UNREACHABLE = ("EndpointConnectionError", "ConnectTimeoutError", "ConnectionClosedError")


_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")


class NoSuchName(LookupError):
    """Nothing has this name."""


class Api:
    """Clients of the Studio that the environment names, made when first used.

    They are botocore's own and may be used from any thread.
    """

    @cached_property
    def _session(self) -> Any:
        import botocore.session

        return botocore.session.get_session()

    def client(self, service: str) -> Any:
        """A new client of ``service``."""
        from botocore.config import Config

        config = Config(connect_timeout=5, read_timeout=60, retries={"total_max_attempts": 3})
        return self._session.create_client(service, config=config)

    @cached_property
    def sagemaker(self) -> Any:
        """Client of SageMaker."""
        return self.client("sagemaker")

    @cached_property
    def logs(self) -> Any:
        """Client of CloudWatch Logs."""
        return self.client("logs")

    @cached_property
    def s3(self) -> Any:
        """Client of S3."""
        return self.client("s3")

    @cached_property
    def account(self) -> str:
        """Account id of the caller."""
        return str(self.client("sts").get_caller_identity()["Account"])

    @property
    def default_bucket(self) -> str:
        """The bucket that the SageMaker SDK takes when none is named; created if missing."""
        name = f"sagemaker-{self.sagemaker.meta.region_name}-{self.account}"
        with contextlib.suppress(self.s3.exceptions.BucketAlreadyOwnedByYou):
            self.s3.create_bucket(Bucket=name)
        return name


def training_jobs(api: Api, *, status: str | None = None, limit: int = 20) -> list[dict[str, str]]:
    """The newest training jobs as rows of text: name, status, duration, created."""
    query: dict[str, Any] = {"SortBy": "CreationTime", "SortOrder": "Descending"}
    if status:
        query["StatusEquals"] = status
    rows = []
    for job in _items(api.sagemaker.list_training_jobs, "TrainingJobSummaries", query, limit):
        end = job.get("TrainingEndTime")
        if end is None and job["TrainingJobStatus"] in FINISHED:
            end = job.get("LastModifiedTime", job["CreationTime"])
        rows.append(
            {
                "name": job["TrainingJobName"],
                "status": job["TrainingJobStatus"],
                "duration": duration(job["CreationTime"], end),
                "created": _local(job["CreationTime"]),
            }
        )
    return rows


def endpoints(api: Api, *, limit: int = 20) -> list[dict[str, str]]:
    """The newest endpoints as rows of text: name, status, age, created."""
    query = {"SortBy": "CreationTime", "SortOrder": "Descending"}
    return [
        {
            "name": item["EndpointName"],
            "status": item["EndpointStatus"],
            "age": duration(item["CreationTime"], None),
            "created": _local(item["CreationTime"]),
        }
        for item in _items(api.sagemaker.list_endpoints, "Endpoints", query, limit)
    ]


def describe(api: Api, name: str, only: str = "") -> tuple[str, dict[str, Any]]:
    """``("training job" | "endpoint", description)`` of whatever is called ``name``.

    A training job goes before an endpoint of the same name, unless ``only`` names the kind.
    """
    calls = (
        ("training job", api.sagemaker.describe_training_job, "TrainingJobName"),
        ("endpoint", api.sagemaker.describe_endpoint, "EndpointName"),
    )
    for kind, call, key in calls if _NAME.fullmatch(name) else ():
        if only not in ("", kind):
            continue
        try:
            return kind, call(**{key: name})
        except api.sagemaker.exceptions.ClientError as error:
            if not is_missing(error):
                raise
    kinds = f"No {only}" if only else "No training job and no endpoint"
    raise NoSuchName(f"{kinds} is called {name!r}.")


def is_missing(error: Exception) -> bool:
    """Whether a client error says that the thing asked for does not exist."""
    detail = getattr(error, "response", {}).get("Error", {})
    code, message = detail.get("Code", ""), detail.get("Message", "").lower()
    return code.startswith("ResourceNotFound") or (
        code == "ValidationException" and ("could not find" in message or "not found" in message)
    )


def reason(error: Exception) -> str:
    """An error of a client in words, without botocore's preamble."""
    detail = getattr(error, "response", {}).get("Error", {})
    if detail.get("Message"):
        return f"{detail['Message']} ({detail.get('Code', type(error).__name__)})"
    if type(error).__name__ in _UNREACHABLE:
        return f"{error}. Studio may have been stopped; `studio serve` starts it."
    return str(error)


def how_ended(description: dict[str, Any]) -> str:
    """How a job ended, and why if that is known: ``failed: AlgorithmError: ...``."""
    status = description["TrainingJobStatus"]
    detail = description.get("SecondaryStatus", status)
    why = description.get("FailureReason", "" if detail == status else detail).strip()
    return f"{status.lower()}: {why}" if why else f"{status.lower()}."


def stop(api: Api, name: str) -> str:
    """Ask a training job to stop; what happened, as a sentence."""
    kind, description = describe(api, name)
    if kind == "endpoint":
        return (
            f"{name} is an endpoint: endpoints are not stopped but deleted, "
            f"with `delete_endpoint(EndpointName={name!r})`."
        )
    status = description["TrainingJobStatus"]
    if status in FINISHED:
        return f"{name} has ended already: {status}."
    api.sagemaker.stop_training_job(TrainingJobName=name)
    return f"{name} is stopping."


class LogReader:
    """Reads the log streams of one job or endpoint; each :meth:`read` gives what is new."""

    def __init__(self, api: Api, kind: str, name: str) -> None:
        self._logs = api.logs
        if kind == "endpoint":
            self._query = {"logGroupName": ENDPOINT_GROUP + name}
        else:
            self._query = {"logGroupName": TRAINING_GROUP, "logStreamNamePrefix": f"{name}/"}
        self._tokens: dict[str, str | None] = {}

    def read(self) -> list[str]:
        """Lines since the last call, oldest first; several streams are merged by time."""
        events = [event for stream in self._streams() for event in self._new(stream)]
        events.sort(key=lambda event: event["timestamp"])  # stable: keeps each stream's order
        return [event["message"].rstrip("\n") for event in events]

    def _streams(self) -> list[str]:
        pages = self._logs.get_paginator("describe_log_streams").paginate(**self._query)
        try:
            return [stream["logStreamName"] for page in pages for stream in page["logStreams"]]
        except self._logs.exceptions.ClientError as error:
            if is_missing(error):  # nothing was written yet
                return []
            raise

    def _new(self, stream: str) -> Iterator[dict[str, Any]]:
        while True:
            token = self._tokens.get(stream)
            page = self._logs.get_log_events(
                logGroupName=self._query["logGroupName"],
                logStreamName=stream,
                startFromHead=True,
                **({"nextToken": token} if token else {}),
            )
            yield from page["events"]
            self._tokens[stream] = page["nextForwardToken"]
            # The same token twice is how the API says that this was the end.
            if page["nextForwardToken"] == token or not page["events"]:
                return


def log_lines(
    api: Api, name: str, *, only: str = "", follow: bool = False, poll_s: float = 1.0
) -> Iterator[str]:
    """Lines of a training job's or endpoint's log; ``only`` as for :func:`describe`.

    ``follow`` waits for more until a job has ended or an endpoint is deleted.
    """
    kind, description = describe(api, name, only)
    reader = LogReader(api, kind, name)
    ended = not follow
    while True:
        # Status first: lines that come after the last status are read all the same.
        ended = ended or description.get("TrainingJobStatus") in FINISHED
        yield from reader.read()
        if ended:
            return
        time.sleep(poll_s)
        try:
            _, description = describe(api, name, kind)
        except NoSuchName:
            ended = True


_STEPS = (
    re.compile(r"^\[(?P<step>\d+)\]\s*\S"),  # XGBoost counts rounds from 0
    re.compile(r"\bepoch[\s:=#]*(?P<step>\d+)(?:\s*(?:/|of)\s*(?P<total>\d+))?", re.IGNORECASE),
)
_TOTALS = ("num_round", "epochs", "num_epochs", "max_epochs", "num-epochs", "n_epochs")


def progress(line: str, hyperparameters: dict[str, str]) -> tuple[int, int | None] | None:
    """``(step, total or None)`` if a log line tells how far a training is.

    >>> progress("[9]#011train-auc:0.81", {"num_round": "100"})
    (10, 100)
    >>> progress("Epoch 2/5 loss=0.3", {})
    (2, 5)
    """
    for counted_from_zero, pattern in zip((True, False), _STEPS, strict=True):
        match = pattern.search(line)
        if match:
            told = match.groupdict().get("total")
            asked = (hyperparameters.get(name, "").strip('"') for name in _TOTALS)
            total = told or next((value for value in asked if value.isdigit()), None)
            return int(match["step"]) + counted_from_zero, int(total) if total else None
    return None


def table(rows: Sequence[dict[str, str]], empty: str) -> str:
    """Rows as aligned text with a header, or ``empty`` when there are none."""
    if not rows:
        return empty
    names = list(rows[0])
    widths = [max(len(name), *(len(row[name]) for row in rows)) for name in names]
    lines = [[name.upper() for name in names], *([row[name] for name in names] for row in rows)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def duration(start: datetime, end: datetime | None) -> str:
    """Time between two moments (until now when ``end`` is None), as ``1h 02m`` or ``3m 04s``."""
    seconds = max(0, int(((end or datetime.now(UTC)) - start).total_seconds()))
    hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
    if hours:
        return f"{hours}h {minutes:02d}m"
    return f"{minutes}m {seconds:02d}s" if minutes else f"{seconds}s"


def positive(text: str) -> int:
    """A command line's number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is no number of at least 1")
    return int(text)


def _local(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _items(call: Any, key: str, query: dict[str, Any], limit: int) -> Iterator[dict[str, Any]]:
    """Up to ``limit`` items of a paged list."""
    token = None
    while limit > 0:
        size = {"MaxResults": min(limit, 100)}
        page = call(**query, **size, **({"NextToken": token} if token else {}))
        yield from page[key][:limit]
        limit -= len(page[key])
        token = page.get("NextToken")
        if not token:
            return
