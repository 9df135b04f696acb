"""What the shell and notebooks ask about jobs and endpoints, through SageMaker's own API."""

from __future__ import annotations

import contextlib
import re
from argparse import ArgumentTypeError, Namespace
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

FINISHED = frozenset({"Completed", "Failed", "Stopped"})
_UNREACHABLE = ("EndpointConnectionError", "ConnectTimeoutError", "ConnectionClosedError")


_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")


class NoSuchName(LookupError):
    """Nothing has this name."""


@dataclass(frozen=True)
class Kind:
    """Something with a name, a status and a log."""

    label: str
    #: As operations and members are called by it: ``TrainingJob``.
    api: str
    #: Log group; where it ends with ``/`` each has its own.
    group: str

    def call(self, api: Api, operation: str, name: str) -> dict[str, Any]:
        """The answer to ``describe`` or ``stop`` of the one called ``name``."""
        call = getattr(api.sagemaker, f"{operation}_{self.label.replace(' ', '_')}")
        answer: dict[str, Any] = call(**{f"{self.api}Name": name})
        return answer

    def status(self, description: dict[str, Any]) -> str:
        """The status in a description or a summary."""
        return str(description[f"{self.api}Status"])


TRAINING = Kind("training job", "TrainingJob", "/aws/sagemaker/TrainingJobs")
PROCESSING = Kind("processing job", "ProcessingJob", "/aws/sagemaker/ProcessingJobs")
ENDPOINT = Kind("endpoint", "Endpoint", "/aws/sagemaker/Endpoints/")
#: Kinds of jobs by the word that commands know them by.
JOBS = {"training": TRAINING, "processing": PROCESSING}
#: Of several of one name the first is meant.
KINDS = (TRAINING, PROCESSING, ENDPOINT)


class Api:
    """Clients of the Studio that the environment names, made when first used.

    They are botocore's own and may be used from any thread.
    """

    @cached_property
    def _session(self) -> Any:
        import botocore.session

        return botocore.session.get_session()

    def client(self, service: str, models: str | None = None) -> Any:
        """A new client of ``service``, of which botocore or the folder ``models`` has a model."""
        import botocore.session
        from botocore.config import Config

        session = self._session
        if models is not None:
            session = botocore.session.get_session()  # one looks for models but once
            session.get_component("data_loader").search_paths.append(models)
        config = Config(connect_timeout=5, read_timeout=60, retries={"total_max_attempts": 3})
        return session.create_client(service, config=config)

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


def listed(
    api: Api, *, kinds: Iterable[Kind] = JOBS.values(), status: str | None = None, limit: int = 20
) -> list[dict[str, str]]:
    """The newest jobs as rows of text: name, kind, status, duration, created."""
    query: dict[str, Any] = {"SortBy": "CreationTime", "SortOrder": "Descending"}
    if status:
        query["StatusEquals"] = status
    found = []
    for kind in kinds:
        call = getattr(api.sagemaker, f"list_{kind.label.replace(' ', '_')}s")
        items = _items(call, f"{kind.api}Summaries", query, limit)
        found += [(item["CreationTime"], kind, item) for item in items]
    found.sort(key=lambda each: each[0], reverse=True)
    return [_row(kind, item) for _, kind, item in found[:limit]]


def listing(api: Api, options: Namespace) -> str:
    """The jobs that a command's ``--kind``, ``--status`` and ``--limit`` ask for, as a table."""
    kinds = [JOBS[options.kind]] if options.kind else list(JOBS.values())
    rows = listed(api, kinds=kinds, status=options.status, limit=options.limit)
    return table(rows, f"No {options.kind} jobs." if options.kind else "No jobs.")


def meant(options: Namespace) -> Kind | None:
    """The kind that a command's ``--processing`` or ``--endpoint`` names."""
    if getattr(options, "endpoint", False):
        return ENDPOINT
    return PROCESSING if options.processing else None


def _row(kind: Kind, job: dict[str, Any]) -> dict[str, str]:
    status, end = kind.status(job), job.get(f"{kind.api.removesuffix('Job')}EndTime")
    if end is None and status in FINISHED:
        end = job.get("LastModifiedTime", job["CreationTime"])
    return {
        "name": job[f"{kind.api}Name"],
        "kind": kind.label.removesuffix(" job"),
        "status": status,
        "duration": duration(job["CreationTime"], end),
        "created": local(job["CreationTime"]),
    }


def endpoints(api: Api, *, limit: int = 20) -> list[dict[str, str]]:
    """The newest endpoints as rows of text: name, status, age, created."""
    query = {"SortBy": "CreationTime", "SortOrder": "Descending"}
    return [
        {
            "name": item["EndpointName"],
            "status": item["EndpointStatus"],
            "age": duration(item["CreationTime"], None),
            "created": local(item["CreationTime"]),
        }
        for item in _items(api.sagemaker.list_endpoints, "Endpoints", query, limit)
    ]


def describe(api: Api, name: str, only: Kind | None = None) -> tuple[Kind, dict[str, Any]]:
    """The kind and the description of whatever is called ``name``.

    Of several of one name the first of :data:`KINDS` is meant, unless ``only`` says which.
    """
    kinds = KINDS if only is None else (only,)
    for kind in kinds if _NAME.fullmatch(name) else ():
        try:
            return kind, kind.call(api, "describe", name)
        except api.sagemaker.exceptions.ClientError as error:
            if not is_missing(error):
                raise
    *others, last = (f"no {kind.label}" for kind in kinds)
    none = " and ".join([", ".join(others), last] if others else [last])
    raise NoSuchName(f"{none.capitalize()} is called {name!r}.")


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


def stop(api: Api, name: str, only: Kind | None = None) -> str:
    """Ask a job to stop; what happened, as a sentence."""
    kind, description = describe(api, name, only)
    if kind is ENDPOINT:
        return (
            f"{name} is an endpoint: endpoints are not stopped but deleted, "
            f"with `delete_endpoint(EndpointName={name!r})`."
        )
    if kind.status(description) in FINISHED:
        return f"{name} has ended already: {kind.status(description)}."
    kind.call(api, "stop", name)
    return f"{name} is stopping."


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


def local(moment: datetime) -> str:
    """A moment on the clock of this machine."""
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
