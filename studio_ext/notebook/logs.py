"""Logs of jobs and endpoints, and what they tell of a training's progress."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

from .jobs import FINISHED, Api, Kind, NoSuchName, describe, is_missing


class LogReader:
    """Reads the log streams of one job or endpoint; each :meth:`read` gives what is new."""

    def __init__(self, api: Api, kind: Kind, name: str) -> None:
        self._logs = api.logs
        if kind.group.endswith("/"):
            self._query = {"logGroupName": kind.group + name}
        else:
            self._query = {"logGroupName": kind.group, "logStreamNamePrefix": f"{name}/"}
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
    api: Api,
    name: str,
    *,
    only: Kind | None = None,
    follow: bool = False,
    poll_s: float = 1.0,
) -> Iterator[str]:
    """Lines of a job's or an endpoint's log; ``only`` as for :func:`describe`.

    ``follow`` waits for more until a job has ended or an endpoint is deleted.
    """
    kind, description = describe(api, name, only)
    reader = LogReader(api, kind, name)
    ended = not follow
    while True:
        # Status first: lines that come after the last status are read all the same.
        ended = ended or kind.status(description) in FINISHED
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
