"""The operations of processing jobs."""

from __future__ import annotations

from typing import Any

from ..control.access import Action
from ..control.verbs import Verbs
from ..control.world import World
from ..jobs import operations as jobs
from ..wire.dispatch import Call, Registry
from .kinds import PROCESSING_JOB
from .progress import progress_of
from .resume import check_source, request_of


def register(registry: Registry, world: World) -> None:
    """Add the processing job's operations, SageMaker's and Studio's own."""
    verbs = Verbs(world, PROCESSING_JOB)
    jobs.register(registry, verbs)

    def progress(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        resource = verbs.find(call, params["ProcessingJobName"], Action.READ)
        return progress_of(world, resource)

    def resume(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        source = verbs.find(call, params["SourceProcessingJobName"])
        check_source(source, "SourceProcessingJobName")
        return verbs.create(call, request_of(source, params["ProcessingJobName"]))

    registry.add("studio", "DescribeProcessingJobProgress", progress)
    registry.add("studio", "ResumeProcessingJob", resume)
