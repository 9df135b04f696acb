"""Which log groups and streams there are: those of jobs and of endpoints."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .aws.logs.source import LogStream
from .control import sharing
from .control.world import World
from .hosting import controller, instances
from .jobs.launch import job_id
from .run.logs import LogReader
from .store.listing import Query
from .store.resources import Resource
from .wire.dispatch import Caller

#: Log group -> the kind of job whose logs are in it.
JOBS = {
    "/aws/sagemaker/ProcessingJobs": "processing-job",
    "/aws/sagemaker/TrainingJobs": "training-job",
}
ENDPOINTS = "/aws/sagemaker/Endpoints/"
PAGE = 1000


class ResourceLogs:
    """The logs of a caller's resources, named as SageMaker names them."""

    def __init__(self, world: World) -> None:
        self._world = world

    def groups(self, caller: Caller) -> Iterator[str]:
        """One group for all jobs of a kind, one for each endpoint."""
        yield from JOBS
        for endpoint in self._all("endpoint", caller):
            yield ENDPOINTS + endpoint.name

    def streams(self, caller: Caller, group: str, prefix: str) -> Iterator[LogStream]:
        """Streams of a group that begin with a prefix; KeyError when there is no such group."""
        if group in JOBS:
            return self._job_streams(JOBS[group], caller, prefix)
        endpoint = self._get("endpoint", caller, group.removeprefix(ENDPOINTS))
        if not group.startswith(ENDPOINTS) or endpoint is None:
            raise KeyError(group)
        return self._endpoint_streams(endpoint, prefix)

    def _job_streams(self, kind: str, caller: Caller, prefix: str) -> Iterator[LogStream]:
        """``<job>/algo-1-<epoch>``; a whole job name in the prefix is looked up directly."""
        name, separator, _ = prefix.partition("/")
        if separator:
            job = self._get(kind, caller, name)
            jobs = iter([job] if job else [])
        else:
            jobs = self._all(kind, caller, prefix)
        for job in jobs:
            log = self._world.runner.log_path(job_id(job))
            stream = f"{job.name}/algo-1-{int(job.created)}"
            if log.exists() and stream.startswith(prefix):
                ended = job.status not in ("InProgress", "Stopping")
                yield _stream(stream, job.created, log.parent, ended)

    def _endpoint_streams(self, endpoint: Resource, prefix: str) -> Iterator[LogStream]:
        """``<variant>/i-<instance>``."""
        for identity in controller.instance_ids(endpoint):
            folder = instances.folder(self._world, identity)
            _, _, revision, rest = identity.split("-", 3)
            variant, _, number = rest.rpartition("-")
            name = f"{variant}/i-{endpoint.id:06x}{int(revision):06x}{int(number):04x}"
            if (folder / "log").exists() and name.startswith(prefix):
                ended = identity in endpoint.state.get("past", [])
                yield _stream(name, endpoint.created, folder, ended)

    def _get(self, kind: str, caller: Caller, name: str) -> Resource | None:
        return sharing.visible(self._world, caller, kind, name)

    def _all(self, kind: str, caller: Caller, prefix: str = "") -> Iterator[Resource]:
        query = Query(kind, caller.account_id, name_starts=prefix, sort_by="name", limit=PAGE)
        while page := self._world.store.resources.list(query):
            yield from page
            query.after = query.position(page[-1])
        for found in sharing.shared_with(self._world, caller, kind):
            if found.name.startswith(prefix):
                yield found


def _stream(name: str, created: float, folder: Path, ended: bool) -> LogStream:
    return LogStream(name, created, lambda: LogReader(folder / "log", folder / "log.index", ended))
