"""Names of the evaluation metrics, how they stand in the log, which way they get better."""

from __future__ import annotations

MAXIMIZE = (
    "accuracy auc aucpr balanced_accuracy f1 f1_binary f1_macro map ndcg pre precision "
    "precision_macro precision_micro r2 recall recall_macro recall_micro"
).split()
MINIMIZE = (
    "aft-nloglik cox-nloglik error gamma-deviance gamma-nloglik interval-regression-accuracy "
    "logloss mae mape merror mlogloss mphe mse poisson-nloglik rmse rmsle tweedie-nloglik"
).split()
NAMES = frozenset(MAXIMIZE + MINIMIZE)
#: Metrics that take a threshold or a cut, as in ``error@0.7``.
WITH_THRESHOLD = ("error", "ndcg", "map", "pre")

#: Those of the tuning guide of SageMaker's XGBoost: the usual ones.
_USUAL = frozenset("accuracy auc error f1 logloss mae map merror mlogloss mse ndcg rmse".split())
#: Name and regular expression of each metric in the log, as DescribeTrainingJob reports them: the
#: usual ones first, for it reports but so many.
METRIC_DEFINITIONS: list[dict[str, str]] = [
    {
        "Name": f"{channel}:{metric}",
        "Regex": rf".*\[[0-9]+\].*(?:#011|\t){channel}-{metric}:(\S+)",
    }
    for metric in sorted(NAMES, key=lambda name: (name not in _USUAL, name))
    for channel in ("train", "validation")
]

#: Which way each validation metric gets better; what a tuner may optimise.
DIRECTIONS: dict[str, str] = {
    **{f"validation:{name}": "Maximize" for name in MAXIMIZE},
    **{f"validation:{name}": "Minimize" for name in MINIMIZE},
}


def is_maximized(name: str) -> bool:
    """Whether a larger value of the metric is better."""
    return name.split("@")[0] in MAXIMIZE
