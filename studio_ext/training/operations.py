"""The operations of training jobs."""

from __future__ import annotations

from ..control.verbs import Verbs
from ..control.world import World
from ..jobs import operations as jobs
from ..wire.dispatch import Registry
from .kinds import TRAINING_JOB


def register(registry: Registry, world: World) -> None:
    """Add the training job's operations."""
    jobs.register(registry, Verbs(world, TRAINING_JOB))
