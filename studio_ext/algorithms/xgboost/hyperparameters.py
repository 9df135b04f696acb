"""The hyperparameters of SageMaker's XGBoost, declared once, and their validation.

Values arrive as strings, as in ``hyperparameters.json``.
"""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from . import names
from .errors import UserError

_INF = math.inf


@dataclass(frozen=True)
class Range:
    """Numbers between two bounds; an open bound is itself excluded."""

    low: float = -_INF
    high: float = _INF
    open_low: bool = False
    open_high: bool = False

    def __contains__(self, value: float) -> bool:
        above = value > self.low if self.open_low else value >= self.low
        below = value < self.high if self.open_high else value <= self.high
        return above and below

    def __str__(self) -> str:
        left = "(" if self.open_low or self.low == -_INF else "["
        right = ")" if self.open_high or self.high == _INF else "]"
        low, high = (f"{b:g}".replace("inf", "+inf" if b > 0 else "inf") for b in self.bounds)
        return f"{left}{low}, {high}{right}"

    @property
    def bounds(self) -> tuple[float, float]:
        return self.low, self.high


@dataclass(frozen=True)
class Parameter:
    """One hyperparameter: its kind (``integer``, ``float``, ``choice``, ``list``...) and range."""

    kind: str
    allowed: Any = None
    required: bool = False


def _choice(*values: str) -> Parameter:
    return Parameter("choice", values)


def _integer(low: float = -_INF, high: float = _INF, *, required: bool = False) -> Parameter:
    return Parameter("integer", Range(low, high), required)


def _float(low: float = -_INF, high: float = _INF, **open_ends: bool) -> Parameter:
    return Parameter("float", Range(low, high, **open_ends))


_SHARE = _float(0, 1, open_low=True)
_FLAG = _choice("true", "false")

OBJECTIVES = (
    "binary:logistic binary:logitraw binary:hinge count:poisson multi:softmax multi:softprob "
    "rank:pairwise rank:ndcg rank:map reg:linear reg:squarederror reg:logistic reg:gamma "
    "reg:pseudohubererror reg:squaredlogerror reg:absoluteerror reg:tweedie survival:aft "
    "survival:cox"
).split()

PARAMETERS: dict[str, Parameter] = {
    "num_round": _integer(1, required=True),
    "csv_weights": _integer(0, 1),
    "early_stopping_rounds": _integer(1),
    "booster": _choice("gbtree", "gblinear", "dart"),
    "verbosity": _integer(0, 3),
    "nthread": _integer(1),
    "eta": _float(0, 1),
    "gamma": _float(0),
    "max_depth": _integer(0),
    "min_child_weight": _float(0),
    "max_delta_step": _float(0),
    "subsample": _SHARE,
    "colsample_bytree": _SHARE,
    "colsample_bylevel": _SHARE,
    "colsample_bynode": _SHARE,
    "lambda": _float(0),
    "alpha": _float(0),
    "tree_method": _choice("auto", "exact", "approx", "hist", "gpu_hist"),
    "sketch_eps": _float(0, 1, open_low=True, open_high=True),
    "scale_pos_weight": _float(0, open_low=True),
    "updater": Parameter(
        "list",
        "grow_colmaker distcol grow_histmaker grow_skmaker grow_quantile_histmaker sync refresh "
        "prune shotgun coord_descent".split(),
    ),
    "dsplit": _choice("row", "col"),
    "refresh_leaf": _integer(0, 1),
    "process_type": _choice("default", "update"),
    "grow_policy": _choice("depthwise", "lossguide"),
    "max_leaves": _integer(0),
    "max_bin": _integer(0),
    "predictor": _choice("auto", "cpu_predictor", "gpu_predictor"),
    "monotone_constraints": Parameter("tuple", (-1, 0, 1)),
    "interaction_constraints": Parameter("groups"),
    "sample_type": _choice("uniform", "weighted"),
    "normalize_type": _choice("tree", "forest"),
    "rate_drop": _float(0, 1),
    "one_drop": _integer(0, 1),
    "skip_drop": _float(0, 1),
    "lambda_bias": _float(0, 1),
    "tweedie_variance_power": _float(1, 2, open_low=True, open_high=True),
    "objective": _choice(*OBJECTIVES),
    "num_class": _integer(2),
    "base_score": _float(),
    "_kfold": _integer(2),
    "_num_cv_round": _integer(1),
    "_tuning_objective_metric": Parameter("metric"),
    "eval_metric": Parameter("metrics"),
    "seed": _integer(-(2**31), 2**31 - 1),
    "num_parallel_tree": _integer(1),
    "save_model_on_termination": _FLAG,
    "aft_loss_distribution": _choice("normal", "logistic", "extreme"),
    "aft_loss_distribution_scale": _float(0, open_low=True),
    "deterministic_histogram": _FLAG,
    "sampling_method": _choice("uniform", "gradient_based"),
    "prob_buffer_row": _float(1, open_low=True),
    "use_dask_gpu_training": _FLAG,
    "silent": _choice("0", "1"),
}

ALIASES = {
    "learning_rate": "eta",
    "min_split_loss": "gamma",
    "reg_lambda": "lambda",
    "reg_alpha": "alpha",
}

#: Accepted because programs still send them; the library of today has no use for them.
LEGACY = (
    "silent dsplit predictor sketch_eps deterministic_histogram prob_buffer_row lambda_bias "
    "use_dask_gpu_training"
).split()


def validate(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Typed hyperparameters by their canonical names; a UserError names the one at fault."""
    given = {ALIASES.get(name, name): value for name, value in raw.items()}
    for name, parameter in PARAMETERS.items():
        if parameter.required and name not in given:
            raise UserError(f"Missing required hyperparameter: {name}")
    for name in given:
        if name not in PARAMETERS:
            raise UserError(f"Extraneous hyperparameter found: {name}")
    values = {name: _parse(name, PARAMETERS[name], value) for name, value in given.items()}
    _check_together(values)
    return values


def _parse(name: str, parameter: Parameter, raw: Any) -> Any:
    text = raw if isinstance(raw, str) else json.dumps(raw)
    try:
        value = _PARSERS[parameter.kind](text.strip().strip('"'))
    except (ValueError, SyntaxError, TypeError) as error:
        raise UserError(f"Hyperparameter {name}: could not parse value {text!r}") from error
    _check_range(name, parameter, value)
    return value


def _integer_of(text: str) -> int:
    number = float(text)
    if not number.is_integer():
        raise ValueError(text)
    return int(number)


def _number_of(text: str) -> float:
    number = float(text)
    if math.isnan(number):
        raise ValueError(text)
    return number


def _list_of(text: str) -> list[str]:
    # Both "auc,error" and a JSON or Python list are in use.
    if text.startswith("["):
        return [str(item) for item in ast.literal_eval(text)]
    return [item.strip() for item in text.split(",") if item.strip()]


def _tuple_of(text: str) -> tuple[int, ...]:
    return tuple(int(item) for item in ast.literal_eval(text))


def _groups_of(text: str) -> list[list[int]]:
    return [[int(item) for item in group] for group in ast.literal_eval(text)]


_PARSERS: dict[str, Callable[[str], Any]] = {
    "integer": _integer_of,
    "float": _number_of,
    "choice": str,
    "list": _list_of,
    "metrics": _list_of,
    "metric": str,
    "tuple": _tuple_of,
    "groups": _groups_of,
}


def _check_range(name: str, parameter: Parameter, value: Any) -> None:
    if parameter.kind in ("integer", "float", "choice"):
        if value not in parameter.allowed:
            allowed = parameter.allowed
            shown = str(allowed) if isinstance(allowed, Range) else list(allowed)
            raise UserError(f"Hyperparameter {name}: {value} is not in {shown}")
    elif parameter.kind in ("list", "tuple"):
        if any(item not in parameter.allowed for item in value):
            raise UserError(
                f"Hyperparameter {name}: value {value} not in range {list(parameter.allowed)}"
            )
    elif parameter.kind == "metrics":
        for metric in value:
            _check_metric(name, metric)
    elif parameter.kind == "metric" and value not in names.DIRECTIONS:
        raise UserError(f"Hyperparameter {name}: {value} is not in {sorted(names.DIRECTIONS)}")


def _check_metric(name: str, metric: str) -> None:
    base, at, threshold = metric.partition("@")
    if not at:
        if base not in names.NAMES:
            raise UserError(
                f"Hyperparameter {name}: value {metric} not in range {sorted(names.NAMES)}"
            )
        return
    if base not in names.WITH_THRESHOLD:
        raise UserError(
            f"Hyperparameter {name}: metric '{metric}' is not supported; a threshold can follow "
            f"{', '.join(names.WITH_THRESHOLD)} only"
        )
    try:
        float(threshold.rstrip("-"))
    except ValueError:
        raise UserError(f"Hyperparameter {name}: threshold in '{metric}' is no number") from None


def _check_together(values: Mapping[str, Any]) -> None:
    objective = values.get("objective", "reg:squarederror")
    multiclass = objective.startswith("multi:")
    if multiclass and "num_class" not in values:
        raise UserError(f"Hyperparameter num_class: required by objective '{objective}'")
    if not multiclass and values.get("num_class"):
        raise UserError(
            f"Hyperparameter num_class: objective '{objective}' is not a multi-class one"
        )
    chosen = values.get("eval_metric", [])
    if "auc" in chosen and not objective.startswith(("binary:", "multi:", "rank:")):
        raise UserError(
            "Hyperparameter eval_metric: 'auc' applies to classification and ranking only, "
            f"not to objective '{objective}'"
        )
    if "aft-nloglik" in chosen and objective != "survival:aft":
        raise UserError("Hyperparameter eval_metric: 'aft-nloglik' needs objective 'survival:aft'")
    _check_updater(values)


def _check_updater(values: Mapping[str, Any]) -> None:
    updater = values.get("updater")
    if updater is None:
        return
    linear = {"shotgun", "coord_descent"}
    if values.get("booster") == "gblinear":
        if len(updater) != 1 or updater[0] not in linear:
            raise UserError(f"Hyperparameter updater: gblinear takes one of {sorted(linear)}")
    elif values.get("process_type") == "update":
        if not set(updater) <= {"refresh", "prune"}:
            raise UserError(
                "Hyperparameter updater: process_type 'update' takes 'refresh' and 'prune' only"
            )
    elif linear & set(updater):
        raise UserError(f"Hyperparameter updater: {updater} needs booster 'gblinear'")
    elif sum(item.startswith("grow_") or item == "distcol" for item in updater) > 1:
        raise UserError("Hyperparameter updater: only one tree growing updater can be chosen")
