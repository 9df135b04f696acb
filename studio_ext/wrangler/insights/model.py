"""How far the table alone predicts the target: a quick model, and what the target looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..analyses.features import PROBLEMS
from ..errors import DataError

if TYPE_CHECKING:
    import numpy as np

SEED = 42
ROUNDS, PATIENCE = 500, 10


def quick_model(x: np.ndarray, y: np.ndarray, names: list[str], problem: str) -> dict[str, Any]:
    """XGBoost on 80 % of the rows with early stopping, judged on the others.

    ``x``: floats, shape (rows, columns). Classification: accuracy, balanced accuracy, AUC of two
    classes, precision, recall, F1 (weighted) and the confusion matrix; regression: R2, MSE, MAE,
    RMSE, maximum and median error. Raises DataError where there are too few rows.
    """
    import numpy as np
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import LabelEncoder
    from xgboost import XGBClassifier, XGBRegressor

    classify = problem == PROBLEMS[0]
    if classify:
        classes, counts = np.unique(y, return_counts=True)
        kept = np.isin(y, classes[counts >= 5])
        x, y = x[kept], y[kept]
    if len(y) < 50 or (classify and len(np.unique(y)) < 2):
        raise DataError(
            "There are too few rows for a quick model: 50, and 5 of each of two classes"
        )
    encoder = LabelEncoder().fit(y) if classify else None
    target = encoder.transform(y) if encoder else y
    strata = target if classify else None
    parts = train_test_split(x, target, test_size=0.2, random_state=SEED, stratify=strata)
    learn, judge = parts[0::2], parts[1::2]
    kind = XGBClassifier if classify else XGBRegressor
    model = kind(
        n_estimators=ROUNDS,
        early_stopping_rounds=PATIENCE,
        max_depth=6,
        random_state=SEED,
        n_jobs=2,
    )
    inner = train_test_split(
        *learn, test_size=0.2, random_state=SEED, stratify=learn[1] if classify else None
    )
    model.fit(inner[0], inner[2], eval_set=[(inner[1], inner[3])], verbose=False)
    guessed = model.predict(judge[0])
    found = (
        _classified(judge[1], guessed, model, judge[0])
        if classify
        else _estimated(judge[1], guessed)
    )
    if encoder is not None:
        found["classes"] = [str(each) for each in encoder.classes_]
    weights = zip(names, map(float, model.feature_importances_), strict=True)
    importances = dict(sorted(weights, key=lambda each: -each[1]))
    rows = {"train": len(learn[1]), "test": len(judge[1])}
    return {"problem_type": problem, "rows": rows, "metrics": found, "importances": importances}


def _classified(truth: Any, guessed: Any, model: Any, x: Any) -> dict[str, Any]:
    from sklearn import metrics

    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        truth, guessed, average="weighted", zero_division=0
    )
    likely = model.predict_proba(x)
    scores = likely[:, 1] if likely.shape[1] == 2 else likely
    return {
        "accuracy": float(metrics.accuracy_score(truth, guessed)),
        "balanced_accuracy": float(metrics.balanced_accuracy_score(truth, guessed)),
        "auc": float(metrics.roc_auc_score(truth, scores, multi_class="ovr")),
        "precision": float(precision),
        "recall": float(recall),
        "f1": float(f1),
        "confusion_matrix": metrics.confusion_matrix(truth, guessed).tolist(),
    }


def _estimated(truth: Any, guessed: Any) -> dict[str, Any]:
    from sklearn import metrics

    mse = float(metrics.mean_squared_error(truth, guessed))
    return {
        "r2": float(metrics.r2_score(truth, guessed)),
        "mse": mse,
        "mae": float(metrics.mean_absolute_error(truth, guessed)),
        "rmse": mse**0.5,
        "max_error": float(metrics.max_error(truth, guessed)),
        "median_error": float(metrics.median_absolute_error(truth, guessed)),
    }


def anomalies(x: np.ndarray, most: int) -> list[tuple[int, float]]:
    """Rows that an isolation forest parts soonest from the others, with their scores (lower: more

    unusual), the most unusual first.
    """
    import numpy as np
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(n_estimators=100, random_state=SEED, n_jobs=1).fit(x)
    scores = forest.score_samples(x)
    order = np.argsort(scores, kind="stable")[:most]
    return [(int(index), float(scores[index])) for index in order]
