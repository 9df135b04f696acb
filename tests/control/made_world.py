"""A world of made-up kinds, with no processes behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studio_ext.config import Config
from studio_ext.control.world import World
from studio_ext.store import Store


def make_world(home: Path, **settings: Any) -> World:
    """A world over a home; several over one are like several control planes."""
    config = Config(home=str(home), max_cores=4, **settings)
    nothing: Any = None
    return World(config=config, store=Store(config), runner=nothing, connect=lambda _: {})
