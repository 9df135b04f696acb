"""A runner over a temporary home, and jobs made from the text of a script."""

from __future__ import annotations

import os
import sys
import tarfile
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from studio_ext.run.contract import CODE, ML, Channel, JobSpec, JobStatus, Pack, training_config
from studio_ext.run.runners.process import ProcessRunner

TIMEOUT_S = 90


@dataclass
class Bench:
    """A runner, and shorthand to start jobs with it and to wait for what they do."""

    root: Path
    runner: ProcessRunner
    started: list[str] = field(default_factory=list)

    def spec(
        self,
        script: str,
        *,
        hyperparameters: dict[str, str] | None = None,
        channels: dict[str, dict[str, str]] | None = None,
        files: dict[str, str] | None = None,
        **changes: Any,
    ) -> JobSpec:
        """A script-mode job; ``channels`` gives each channel's files by name and content."""
        name = f"job-{len(self.started)}"
        self.started.append(name)
        request = {
            "HyperParameters": {"sagemaker_program": '"train.py"', **(hyperparameters or {})},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
            "InputDataConfig": [{"ChannelName": channel} for channel in channels or {}],
        }
        source = self.archive(name, {"train.py": textwrap.dedent(script), **(files or {})})
        values: dict[str, Any] = {
            "id": name,
            "name": name,
            "python": sys.executable,
            "toolkit": True,
            "requirements": True,
            "config": training_config(request),
            "channels": [self.channel(key, value) for key, value in (channels or {}).items()],
            "archives": [(str(source), CODE)],
            "packs": [
                Pack(f"{ML}/model", "model.tar.gz"),
                Pack(f"{ML}/output/data", "output.tar.gz"),
            ],
        }
        return JobSpec(**{**values, **changes})

    def archive(self, name: str, files: dict[str, str]) -> Path:
        """A tar.gz of files given by name and content."""
        folder = self.root / "source" / name
        path = self.root / "source" / f"{name}.tar.gz"
        for file, content in files.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(content)
        with tarfile.open(path, "w:gz") as tar:
            tar.add(folder, ".")
        return path

    def channel(self, name: str, files: dict[str, str]) -> Channel:
        """A channel whose files are kept in a folder that plays the object store."""
        pairs = []
        for file, content in files.items():
            path = self.stored(name, file)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
            pairs.append((str(path), file))
        return Channel(name, f"{ML}/input/data/{name}", pairs)

    def stored(self, channel: str, name: str) -> Path:
        """A file of the folder that plays the object store, put there for the last job."""
        return self.root / "objects" / self.started[-1] / channel / name

    def run(self, script: str, **changes: Any) -> JobStatus:
        """Run a job to its end."""
        spec = self.spec(script, **changes)
        self.runner.launch(spec)
        return self.finish(spec.id)

    def finish(self, job_id: str) -> JobStatus:
        """Wait until a job is Done."""
        self.until(lambda: self.status(job_id).phase == "Done" or not self.status(job_id).alive)
        return self.status(job_id)

    def status(self, job_id: str) -> JobStatus:
        """The status of a job that was launched."""
        status = self.runner.observe(job_id)
        assert status is not None
        return status

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition, for so long."""
        end = time.monotonic() + TIMEOUT_S
        while not condition():
            assert time.monotonic() < end, f"waited {TIMEOUT_S} s in vain; {self.log()}"
            time.sleep(0.02)

    def log(self, job_id: str | None = None) -> str:
        """The text of a job's log, of the last one by default."""
        return "\n".join(line.text for line in self.runner.read_log(job_id or self.started[-1]))

    def ml(self, job_id: str | None = None) -> Path:
        """A job's ``/opt/ml``."""
        return self.runner.jobs / (job_id or self.started[-1]) / "opt" / "ml"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, ProcessRunner(tmp_path / "jobs", tmp_path / "environments"))
    yield made
    for job in made.started:
        status = made.runner.observe(job)
        if status is not None and status.alive and status.phase != "Done":
            os.kill(status.pid, 9)
            made.until(lambda job=job: not made.status(job).alive)  # type: ignore[misc]
        made.runner.remove(job)
