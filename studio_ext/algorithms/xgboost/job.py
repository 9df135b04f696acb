"""The algorithm as a SageMaker training job: folders, configuration files, exit status."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xgboost.callback import TrainingCallback

from . import hyperparameters, model, trainer
from .data import content_type, data_files, load_matrix
from .errors import AlgorithmError, UserError

logger = logging.getLogger(__name__)

_ROOT = "/opt/ml"
_CHANNELS = ("train", "validation", "code")
_FAILURE_LENGTH = 1024


class Paths:
    """Where a job's files are: below ``/opt/ml``, ``SAGEMAKER_BASE_DIR``, or as SM_* say."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.base = Path(environment.get("SAGEMAKER_BASE_DIR") or _ROOT)
        self.model = Path(environment.get("SM_MODEL_DIR") or self.base / "model")
        self.failure = Path(environment.get("SM_OUTPUT_DIR") or self.base / "output") / "failure"

    def channel(self, name: str) -> Path:
        """Folder of an input channel."""
        given = self._environment.get(f"SM_CHANNEL_{name.upper()}")
        return Path(given or self.base / "input" / "data" / name)

    def config(self, name: str) -> dict[str, Any]:
        """A document of ``input/config``; {} when there is none."""
        folder = self._environment.get("SM_INPUT_CONFIG_DIR") or self.base / "input" / "config"
        try:
            document: dict[str, Any] = json.loads((Path(folder) / f"{name}.json").read_bytes())
        except FileNotFoundError:
            return {}
        return document

    @property
    def checkpoints(self) -> Path | None:
        """Folder of checkpoints, when the job has one."""
        local = self.config("checkpointconfig").get("LocalPath")
        if local is None:
            folder = self.base / "checkpoints"
            return folder if folder.is_dir() else None
        inside = Path(local)
        if inside.is_relative_to(_ROOT):
            return self.base / inside.relative_to(_ROOT)
        return inside


def main(environment: Mapping[str, str] | None = None) -> int:
    """Run one training job; 0, or 1 with the reason in ``output/failure``."""
    logging.basicConfig(
        stream=sys.stdout,
        level=logging.INFO,
        format="[%(asctime)s:%(levelname)s] %(message)s",
        datefmt="%Y-%m-%d:%H:%M:%S",
    )
    paths = Paths(os.environ if environment is None else environment)
    try:
        run(paths)
    except (UserError, AlgorithmError) as error:
        _report(paths, f"{error.prefix}: {error}")
        return 1
    except Exception as error:  # the contract wants a reason for whatever goes wrong
        traceback.print_exc()
        _report(paths, f"{AlgorithmError.prefix}: {type(error).__name__}: {error}")
        return 1
    return 0


def _report(paths: Paths, reason: str) -> None:
    logger.error(reason)
    paths.failure.parent.mkdir(parents=True, exist_ok=True)
    paths.failure.write_text(reason[:_FAILURE_LENGTH])


def run(paths: Paths) -> None:
    """Train as the files below ``paths`` say and leave the model there."""
    values = hyperparameters.validate(paths.config("hyperparameters"))
    channels = _channels(paths)
    matrices = _matrices(paths, channels, values)
    progress = trainer.Progress(paths.checkpoints)
    if values.get("save_model_on_termination") == "true":
        progress.callbacks = (_StopOnTerm(),)
    if "_kfold" in values:
        boosters = trainer.cross_validate(values, matrices["train"], progress)
        for fold, booster in enumerate(boosters):
            model.save(booster, paths.model / f"{model.NAME}-{fold}")
        return
    booster, _ = trainer.fit(values, matrices, progress)
    model.save(booster, paths.model / model.NAME)
    logger.info("Stored the trained model at %s", paths.model / model.NAME)


def _channels(paths: Paths) -> dict[str, dict[str, Any]]:
    channels = paths.config("inputdataconfig")
    if "train" not in channels:
        raise UserError("Missing required channel: train")
    for name, settings in channels.items():
        if name not in _CHANNELS:
            raise UserError(f"Extraneous channel found: {name}")
        if settings.get("TrainingInputMode") == "Pipe":
            raise UserError(
                f"Channel configuration for '{name}' channel is not supported: Pipe mode. "
                "Use File or FastFile mode."
            )
    return channels


def _matrices(
    paths: Paths, channels: Mapping[str, Mapping[str, Any]], values: Mapping[str, Any]
) -> dict[str, Any]:
    matrices = {}
    for name in ("train", "validation"):
        if name not in channels:
            continue
        declared = channels[name].get("ContentType") or channels["train"].get("ContentType")
        if declared is None:
            declared = _guess(paths.channel(name))
        matrix = load_matrix(
            paths.channel(name),
            declared,
            csv_weights=bool(values.get("csv_weights")),
            channel=name,
        )
        logger.info("%s matrix has %d rows and %d columns", name.capitalize(), matrix.num_row(),
                    matrix.num_col())  # fmt: skip
        matrices[name] = matrix
    _check_widths(matrices)
    return matrices


def _check_widths(matrices: Mapping[str, Any]) -> None:
    if "validation" not in matrices:
        return
    train, validation = (matrices[name].num_col() for name in ("train", "validation"))
    if validation > train:
        raise UserError(
            f"The validation data have {validation} features, the training data {train}"
        )


def _guess(folder: Path) -> str | None:
    """CSV or Parquet by the files' suffix where no content type was declared.

    AWS takes LIBSVM then, and a ``.csv`` file can only fail as that.
    """
    suffixes = {file.suffix for file in data_files(folder)}
    if suffixes in ({".csv"}, {".parquet"}):
        kind = content_type(suffixes.pop()[1:])
        logger.info("No ContentType was given; taking the files as %s by their names", kind)
        return kind
    return None


class _StopOnTerm(TrainingCallback):
    """SIGTERM ends training after the round at hand, so that the model so far is saved."""

    def __init__(self) -> None:
        self._asked = False
        signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, _number: int, _frame: Any) -> None:
        self._asked = True

    def after_iteration(self, booster: Any, epoch: int, evals_log: Any) -> bool:
        return self._asked
