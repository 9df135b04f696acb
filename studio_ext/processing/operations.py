"""The operations of processing jobs."""

from __future__ import annotations

from ..control.verbs import Verbs
from ..control.world import World
from ..jobs import operations as jobs
from ..wire.dispatch import Registry
from .kinds import PROCESSING_JOB


def register(registry: Registry, world: World) -> None:
    """Add the processing job's operations."""
    jobs.register(registry, Verbs(world, PROCESSING_JOB))
