"""Training proper: from typed hyperparameters and matrices to boosters."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import xgboost
from xgboost.callback import EarlyStopping, TrainingCallback

from . import checkpoints, hyperparameters, metrics, model, names
from .data import load_matrix
from .errors import AlgorithmError, UserError

logger = logging.getLogger(__name__)

#: Parts of XGBoost's messages that tell of wrong data or settings, not of a fault of its own.
_USER_FAULTS = (
    "label must be",
    "labels must be",
    "Check failed: preds.size() == info.labels",
    "the dataset only contains pos or neg samples",
    "base_score must be",
    "must be non",
    "SoftmaxMultiClassObj",
    "is greater than",
    "monotone",
    "constraint",
    "Parameter",
    "Invalid",
    "average='binary'",
    "Unknown",
)


@dataclass
class Progress:
    """What a training run may be asked to do besides training."""

    checkpoint_dir: Path | None = None
    callbacks: Sequence[TrainingCallback] = field(default_factory=tuple)


def train(
    settings: Mapping[str, Any],
    train: str | os.PathLike[str],
    validation: str | os.PathLike[str] | None = None,
    *,
    content_type: str | None = "text/csv",
    model_dir: str | os.PathLike[str] | None = None,
    checkpoint_dir: str | os.PathLike[str] | None = None,
) -> xgboost.Booster:
    """Train on files, as the built-in algorithm does, without any server.

    ``settings`` are SageMaker's hyperparameters (strings or numbers). The model is written to
    ``model_dir`` where that is given. Raises UserError when data or settings are wrong.
    """
    values = hyperparameters.validate(settings)
    values.pop("_kfold", None)
    weights = bool(values.get("csv_weights"))
    matrices = {"train": load_matrix(train, content_type, csv_weights=weights)}
    if validation is not None:
        matrices["validation"] = load_matrix(
            validation, content_type, csv_weights=weights, channel="validation"
        )
    progress = Progress(Path(checkpoint_dir) if checkpoint_dir else None)
    booster, _ = fit(values, matrices, progress)
    if model_dir is not None:
        model.save(booster, Path(model_dir) / model.NAME)
    return booster


def fit(
    values: Mapping[str, Any], matrices: Mapping[str, xgboost.DMatrix], progress: Progress
) -> tuple[xgboost.Booster, dict[str, Any]]:
    """One booster and its evaluation log; resumes from a checkpoint where there is one."""
    parameters, custom_metric, last_metric = library_parameters(values)
    start, done = None, 0
    if progress.checkpoint_dir:
        start, done = checkpoints.latest(progress.checkpoint_dir)
        if done:
            logger.info("Resuming from iteration %d", done)
    rounds = values["num_round"] - done
    history: dict[str, Any] = {}
    if start is not None and rounds <= 0:
        return start, history
    _check_labels(parameters.get("objective", ""), matrices)
    try:
        booster = xgboost.train(
            parameters,
            matrices["train"],
            num_boost_round=rounds,
            evals=[(matrix, name) for name, matrix in matrices.items()],
            custom_metric=custom_metric,
            evals_result=history,
            callbacks=_callbacks(values, matrices, progress, done, last_metric),
            xgb_model=start,
            verbose_eval=False,
        )
    except (xgboost.core.XGBoostError, ValueError) as error:
        raise _explain(error) from error
    return booster, history


def _check_labels(objective: str, matrices: Mapping[str, xgboost.DMatrix]) -> None:
    # XGBoost fails on these too, but with a message about base_score.
    if objective not in ("binary:logistic", "binary:logitraw", "reg:logistic"):
        return
    for channel, matrix in matrices.items():
        labels = matrix.get_label()
        outside = labels[(labels < 0) | (labels > 1)]
        if len(outside):
            raise UserError(
                f"label must be in [0,1] for logistic regression; "
                f"the {channel} data have {outside[0]:g}"
            )


def library_parameters(
    values: Mapping[str, Any],
) -> tuple[dict[str, Any], metrics.CustomMetric | None, str | None]:
    """Parameters for ``xgboost.train``, its custom metric, and the metric to stop early by."""
    parameters = dict(values)
    for name in hyperparameters.LEGACY:
        if name in parameters:
            del parameters[name]
            logger.info("Hyperparameter %s is accepted but has no effect", name)
    for name in ("num_round", "early_stopping_rounds", "csv_weights", "_num_cv_round", "_kfold",
                 "save_model_on_termination"):  # fmt: skip
        parameters.pop(name, None)
    objective_metric = parameters.pop("_tuning_objective_metric", None)
    chosen = list(parameters.pop("eval_metric", []))
    if objective_metric:
        tuned = objective_metric.split(":")[1]
        chosen = [name for name in chosen if name != tuned] + [tuned]
    builtin, custom = metrics.split(chosen, parameters.get("objective", ""))
    if chosen:
        # Without this XGBoost adds the objective's default metric beside a custom one.
        parameters["eval_metric"] = builtin
        parameters["disable_default_eval_metric"] = 1
    if parameters.get("objective") == "reg:linear":
        parameters["objective"] = "reg:squarederror"
    _map_device(parameters)
    for name in ("monotone_constraints", "interaction_constraints"):
        if name in parameters:
            parameters[name] = str(parameters[name])
    if "updater" in parameters:
        parameters["updater"] = ",".join(parameters["updater"])
    parameters.setdefault("nthread", _count("SM_NUM_CPUS") or os.cpu_count() or 1)
    return parameters, custom, chosen[-1] if chosen else None


def _count(variable: str) -> int:
    return int(os.environ.get(variable) or 0)


def _map_device(parameters: dict[str, Any]) -> None:
    if parameters.get("tree_method") != "gpu_hist":
        return
    parameters["tree_method"] = "hist"
    if _count("SM_NUM_GPUS"):
        parameters["device"] = "cuda"
    else:
        logger.warning("tree_method gpu_hist: there is no GPU here, using hist on the CPU")


def _callbacks(
    values: Mapping[str, Any],
    matrices: Mapping[str, Any],
    progress: Progress,
    done: int,
    last_metric: str | None,
) -> list[TrainingCallback]:
    callbacks: list[TrainingCallback] = [LogLines(done), *progress.callbacks]
    if progress.checkpoint_dir:
        callbacks.append(checkpoints.SaveCheckpoints(progress.checkpoint_dir, done))
    rounds = values.get("early_stopping_rounds")
    if rounds and "validation" in matrices:
        callbacks.append(
            EarlyStopping(
                rounds=rounds,
                metric_name=last_metric,
                data_name="validation",
                maximize=names.is_maximized(last_metric) if last_metric else None,
                save_best=values.get("booster") != "gblinear",
            )
        )
    elif rounds:
        logger.warning("early_stopping_rounds has no effect without a validation channel")
    return callbacks


class LogLines(TrainingCallback):
    """One line for each round, in the form that SageMaker's metric definitions expect."""

    def __init__(self, done: int) -> None:
        self._done = done

    def after_iteration(self, booster: Any, epoch: int, evals_log: Any) -> bool:
        parts = [f"[{self._done + epoch}]"]
        for channel, curves in evals_log.items():
            parts += [f"{channel}-{name}:{points[-1]:.5f}" for name, points in curves.items()]
        print("\t".join(parts), file=sys.stdout, flush=True)
        return False


def cross_validate(
    values: Mapping[str, Any], matrix: xgboost.DMatrix, progress: Progress
) -> list[xgboost.Booster]:
    """One booster for each fold of each repetition; prints the mean of the last metrics."""
    from sklearn.model_selection import RepeatedKFold, RepeatedStratifiedKFold

    labels = matrix.get_label()
    repeats, folds = values.get("_num_cv_round", 1), values["_kfold"]
    stratified = "num_class" in values or values.get("objective", "").startswith("binary:")
    splitter = (RepeatedStratifiedKFold if stratified else RepeatedKFold)(
        n_splits=folds, n_repeats=repeats, random_state=values.get("seed", 0)
    )
    boosters, finals = [], []
    for fold, (rows, held_out) in enumerate(splitter.split(np.zeros(len(labels)), labels)):
        logger.info("Train cross validation fold %d of %d", fold + 1, folds * repeats)
        own = Progress(
            progress.checkpoint_dir / f"model-{fold}" if progress.checkpoint_dir else None,
            callbacks=progress.callbacks,
        )
        parts = {"train": matrix.slice(rows), "validation": matrix.slice(held_out)}
        booster, history = fit(values, parts, own)
        boosters.append(booster)
        finals.append({(c, m): p[-1] for c, curves in history.items() for m, p in curves.items()})
    report = [f"[{values['num_round']}]"]
    finals = [final for final in finals if final]
    for channel, metric in finals[0] if finals else ():
        mean = np.mean([final[channel, metric] for final in finals])
        report.append(f"{channel}-{metric}:{mean:.5f}")
    print("\t".join(report), flush=True)
    return boosters


def _explain(error: Exception) -> Exception:
    """XGBoost's message without its C++ stack, as the user's fault or the algorithm's."""
    lines = [line for line in str(error).split("Stack trace")[0].splitlines() if line.strip()]
    message = " ".join(line.split(": ", 1)[-1] if line[:1] == "[" else line for line in lines)
    if any(part in message for part in _USER_FAULTS):
        return UserError(message)
    return AlgorithmError(f"XGB train call failed with exception: {message}")
