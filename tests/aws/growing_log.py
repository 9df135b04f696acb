"""Logs that grow, as jobs and their supervisors write them."""

from __future__ import annotations

import time
from pathlib import Path

from studio_ext.aws import logs
from studio_ext.run.logs import Indexer, LogReader
from studio_ext.wire.dispatch import Caller

GROUP, OTHER = "/aws/sagemaker/TrainingJobs", "/aws/sagemaker/Endpoints/e"


class GrowingLog:
    """A log as a job and its supervisor write it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.log, self.index = folder / "log", folder / "log.index"
        self.ended = False
        self.indexer = Indexer(self.log, self.index)

    def write(self, text: str) -> None:
        """What the job prints; it has no final time until the next sample."""
        with self.log.open("a") as file:
            file.write(text)

    def sample(self) -> None:
        time.sleep(0.003)  # samples must differ in their milliseconds
        self.indexer.sample()
        time.sleep(0.003)

    def lines(self, *texts: str) -> None:
        """Lines at one time each."""
        for text in texts:
            self.write(text + "\n")
            self.sample()

    def reader(self) -> LogReader:
        return LogReader(self.log, self.index, self.ended)


class Source:
    """Groups of growing logs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.logs: dict[str, dict[str, GrowingLog]] = {GROUP: {}, OTHER: {}}

    def add(self, name: str, group: str = GROUP) -> GrowingLog:
        count = sum(len(streams) for streams in self.logs.values())
        self.logs[group][name] = GrowingLog(self.folder / str(count))
        return self.logs[group][name]

    def groups(self, caller: Caller) -> list[str]:
        return list(self.logs) if caller.user_profile == "default" else []

    def streams(self, caller: Caller, group: str, prefix: str) -> list[logs.LogStream]:
        found = self.logs[group]
        return [
            logs.LogStream(name, 1_700_000_000.5, found[name].reader)
            for name in found
            if name.startswith(prefix)
        ]
