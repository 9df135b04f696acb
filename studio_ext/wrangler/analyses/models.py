"""What a model finds in the table: a quick model, and columns that give the target away."""

from __future__ import annotations

from typing import Any, Literal

from ..errors import DataError
from ..operators.base import Form
from ..operators.parameters import AnyColumn, Parameters, field
from ..relation import Relation
from .base import Analysis, Findings, analyses, figure, some_rows
from .features import PROBLEMS, matrix, target

SEED = 42
FOLDS = 3
#: Rows that a model of one column is judged on; more change little and cost much.
LEAK_ROWS = 10_000
LEAK, REDUNDANT = 0.98, 0.55


class _Quick(Parameters):
    label: AnyColumn = field("Target column")


class _Leakage(Parameters):
    target_column: AnyColumn = field("Target column")
    problem_type: Literal["auto", "Classification", "Regression"] = field("Problem", default="auto")
    max_features: int = field("Most columns shown", default=20, ge=1)


def _known(relation: Relation, label: str, problem: str) -> tuple[Any, Any, list[str], str]:
    """X, y, names and the problem, of the rows whose target is known."""
    import numpy as np

    names = [each for each in relation.columns if each != label]
    if not names:
        raise DataError("There is no column beside the target")
    # One query for both, so that rows and targets stay together.
    kept = relation.materialise()
    y, problem = target(kept, label, problem)
    there = [index for index, each in enumerate(y) if each is not None]
    return matrix(kept, names)[there], np.asarray([y[i] for i in there]), names, problem


@analyses.add
class QuickModel(Analysis[_Quick]):
    """A random forest on 70 % of the rows, judged on the others, and what it looked at.

    Judged by the F1 score (weighted) or the mean squared error; importances are Gini's.
    """

    number, label = "A04", "Quick model"
    form = Form("sagemaker.visualizations.quick_model_0.1")

    def compute(self, relation: Relation, p: _Quick) -> Findings:
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
        from sklearn.metrics import f1_score, mean_squared_error
        from sklearn.model_selection import train_test_split

        x, y, names, problem = _known(some_rows(relation), p.label, "auto")
        classify = problem == PROBLEMS[0]
        kind = RandomForestClassifier if classify else RandomForestRegressor
        if len(y) < 10:
            raise DataError(f"label: {len(y)} rows are too few for a model: 10 are needed")
        parts = train_test_split(x, y, test_size=0.3, random_state=SEED)
        model = kind(n_estimators=100, min_samples_leaf=2, random_state=SEED, n_jobs=1)
        guessed = model.fit(parts[0], parts[2]).predict(parts[1])
        if classify:
            score = {"f1": float(f1_score(parts[3], guessed, average="weighted"))}
        else:
            score = {"mse": float(mean_squared_error(parts[3], guessed))}
        found = {n: float(v) for n, v in zip(names, model.feature_importances_, strict=True)}
        found = dict(sorted(found.items(), key=lambda each: -each[1]))
        bars = {"type": "bar", "x": list(found), "y": list(found.values())}
        data = {**score, "problem_type": problem, "importances": found}
        return Findings(data, figure(bars, y="Importance"))


@analyses.add
class TargetLeakage(Analysis[_Leakage]):
    """How well each column alone predicts the target: 1 gives it away, 0.5 or 0 says nothing.

    Cross-validated AUC (of several classes one against the rest) or R2 of a decision tree.
    """

    number, label = "A05", "Target leakage"
    form = Form("sagemaker.visualizations.target_leakage_0.1")

    def compute(self, relation: Relation, p: _Leakage) -> Findings:
        x, y, names, problem = _known(
            some_rows(relation, LEAK_ROWS), p.target_column, p.problem_type
        )
        scores = {name: power(x[:, [index]], y, problem) for index, name in enumerate(names)}
        ranked = sorted(scores.items(), key=lambda each: (-each[1], each[0]))[: p.max_features]
        found = dict(ranked)
        leaks = [f"{name} gives the target away" for name, v in found.items() if v >= LEAK]
        bars = {"type": "bar", "x": list(found), "y": list(found.values())}
        metric = "AUC" if problem == PROBLEMS[0] else "R2"
        data = {"metric": metric, "problem_type": problem, "scores": found}
        return Findings(data, figure(bars, y=metric), tuple(leaks))


def power(x: Any, y: Any, problem: str) -> float:
    """What one column alone tells of the target, from 0 to 1."""
    import numpy as np
    from sklearn.metrics import r2_score, roc_auc_score
    from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    if problem == PROBLEMS[1]:
        tree = DecisionTreeRegressor(max_depth=6, min_samples_leaf=10, random_state=SEED)
        guessed = cross_val_predict(tree, x, y, cv=KFold(FOLDS, shuffle=True, random_state=SEED))
        return max(0.0, float(r2_score(y, guessed)))
    classes, counts = np.unique(y, return_counts=True)
    kept = np.isin(y, classes[counts >= FOLDS])
    x, y = x[kept], y[kept]
    classes = np.unique(y)
    if len(classes) < 2:
        raise DataError(f"target_column: fewer than two classes have {FOLDS} rows")
    leaf = DecisionTreeClassifier(max_depth=6, min_samples_leaf=10, random_state=SEED)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    likely = cross_val_predict(leaf, x, y, cv=folds, method="predict_proba")
    scores = likely[:, 1] if len(classes) == 2 else likely
    return float(roc_auc_score(y, scores, multi_class="ovr", labels=classes))
