"""Checkpoints: boosters named ``xgboost-checkpoint.<last finished round>``."""

from __future__ import annotations

import logging
import re
import time
from pathlib import Path
from typing import Any

from xgboost.callback import TrainingCallback

from . import model
from .errors import UserError

logger = logging.getLogger(__name__)

_NAME = "xgboost-checkpoint"
_KEPT = 5
_SHARE = 0.1  # of the time, at most, goes into saving


def latest(folder: Path) -> tuple[Any, int]:
    """The newest readable checkpoint and the rounds it has done; (None, 0) without one."""
    for number, path in reversed(_all(folder)):
        try:
            return model.load(path), number + 1
        except UserError as error:
            logger.warning("Skipping a damaged checkpoint: %s", error)
    return None, 0


def _all(folder: Path) -> list[tuple[int, Path]]:
    if not folder.is_dir():
        return []
    named = ((re.fullmatch(rf"{_NAME}\.(\d+)", path.name), path) for path in folder.iterdir())
    return sorted((int(match[1]), path) for match, path in named if match)


class SaveCheckpoints(TrainingCallback):
    """Save after each round, but spend no more than a tenth of the time on it."""

    def __init__(self, folder: Path, done: int) -> None:
        self._folder = folder
        self._done = done
        self._next = 0.0
        folder.mkdir(parents=True, exist_ok=True)
        for partial in folder.glob(f".{_NAME}.*"):
            partial.unlink()  # left by a job that was killed while it saved

    def after_iteration(self, booster: Any, epoch: int, evals_log: Any) -> bool:
        if time.monotonic() >= self._next:
            self._save(booster, self._done + epoch)
        return False

    def _save(self, booster: Any, number: int) -> None:
        start = time.monotonic()
        model.save(booster, self._folder / f"{_NAME}.{number}")
        for _, path in _all(self._folder)[:-_KEPT]:
            path.unlink(missing_ok=True)
        end = time.monotonic()
        self._next = end + (end - start) / _SHARE
