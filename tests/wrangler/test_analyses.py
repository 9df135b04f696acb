"""Analyses, each against another computation of the same."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pyarrow as pa
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy
from sklearn.tree import DecisionTreeClassifier
from statsmodels.stats.outliers_influence import variance_inflation_factor
from steps import Steps

from studio_ext.wrangler.analyses import Findings, analyses
from studio_ext.wrangler.errors import ColumnError, DataError, ParameterError
from studio_ext.wrangler.operators.parameters import parse

CHANCE = np.random.default_rng(7)
ROWS = 400
TABLE = pd.DataFrame(
    {
        "a.b": CHANCE.normal(size=ROWS),
        "b": CHANCE.normal(size=ROWS),
        "k": CHANCE.choice(["x", "y", None], size=ROWS),
        "flat": 1.0,
    }
)
TABLE["c"] = TABLE["a.b"] * 2 + CHANCE.normal(scale=0.3, size=ROWS)
TABLE["y"] = np.where(TABLE["a.b"] > 0, "yes", "no")
TABLE["n"] = TABLE["a.b"] * 10 + CHANCE.normal(scale=0.1, size=ROWS)


@pytest.fixture
def look(steps: Steps) -> Any:
    """Runs an analysis by key, and has its figure checked by plotly."""

    def look(key: str, table: Any = TABLE, **parameters: Any) -> Findings:
        analysis = analyses[key]
        arrow = pa.Table.from_pandas(table) if isinstance(table, pd.DataFrame) else pa.table(table)
        relation = steps.relation(arrow)
        p = parse(analysis.Parameters, parameters)
        p.check([relation])
        found = analysis.compute(relation, p)
        if found.figure:
            go.Figure(found.figure)
        return found

    return look


def test_every_analysis_is_declared() -> None:
    assert [each.number for each in analyses] == [*(f"A{n:02}" for n in range(1, 14)), "R01"]
    for each in analyses:
        assert each.help.endswith(".")
        assert analyses.find(each.form.operator, each.form.write({})) is each


def test_a_histogram_counts_as_numpy_does(look: Any) -> None:
    found = look("histogram", x_axis="a.b")
    counts, edges = np.histogram(TABLE["a.b"], bins=20)
    bars = {round(bar["low"], 9): bar["count"] for bar in found.data["bins"]}
    assert bars == {round(e, 9): n for e, n in zip(edges, counts, strict=False) if n}


def test_a_histogram_of_categories_and_parts(look: Any) -> None:
    found = look("histogram", x_axis="k", color_by="y")
    bars = {(bar["value"], bar["part"]): bar["count"] for bar in found.data["bins"]}
    counted = TABLE.groupby([TABLE["k"].fillna("(missing)"), "y"]).size()
    assert bars == dict(counted)
    assert [trace["name"] for trace in found.figure["data"]] == ["no", "yes"]


def test_rare_categories_are_one_bar(look: Any) -> None:
    values = [f"v{n}" for n in range(30) for _ in range(30 - n)]
    found = look("histogram", {"x": values}, x_axis="x")
    assert len(found.data["bins"]) == 21
    assert found.data["bins"][0] == {"part": "", "value": "v0", "count": 30}
    assert found.data["bins"][-1] == {"part": "", "value": "(other)", "count": sum(range(1, 11))}


def test_a_column_of_one_value_has_one_bar(look: Any) -> None:
    assert [bar["count"] for bar in look("histogram", x_axis="flat").data["bins"]] == [ROWS]
    with pytest.raises(DataError, match="'x' has no value"):
        look("histogram", {"x": pa.array([None, None], pa.float64())}, x_axis="x")


def test_a_scatter_plot_has_the_rows_that_have_both(look: Any) -> None:
    table = {"x": [1.0, None, 3.0], "y": [2, 5, None], "by": ["p", "q", "q"]}
    found = look("scatter_plot", table, x_axis="x", y_axis="y", color_by="by")
    assert found.data["points"] == [{"x": 1.0, "y": 2.0, "part": "p"}]
    with pytest.raises(ColumnError, match="'by' is string, not long or float"):
        look("scatter_plot", table, x_axis="x", y_axis="by")


def test_of_many_points_the_same_some_are_shown(look: Any) -> None:
    table = {"x": np.arange(20_000.0), "y": np.arange(20_000.0)}
    first, second = (look("scatter_plot", table, x_axis="x", y_axis="y") for _ in range(2))
    assert len(first.data["points"]) == 5_000
    assert first.data == second.data


def test_a_summary_is_pandas_describe(look: Any) -> None:
    summary = look("describe")
    found = summary.data["columns"]
    reference = TABLE["b"].describe()
    assert found["b"]["stddev"] == pytest.approx(reference["std"])
    assert found["b"]["mean"] == pytest.approx(reference["mean"])
    assert (found["b"]["min"], found["b"]["max"]) == (reference["min"], reference["max"])
    counts = TABLE["k"].value_counts()
    assert found["k"]["count"] == counts.sum()
    assert found["k"]["most_frequent"] == counts.index[0]
    assert found["k"]["least_frequent"] == counts.index[-1]
    (drawn,) = summary.figure["data"]
    shown = dict(zip(drawn["header"]["values"], drawn["cells"]["values"], strict=True))
    assert drawn["type"] == "table" and shown["Column"] == list(TABLE.columns)
    assert shown["Mean"][shown["Column"].index("b")] == f"{reference['mean']:.6g}"
    assert shown["Mean"][shown["Column"].index("k")] == ""


def test_variance_inflation_is_statsmodels(look: Any) -> None:
    found = look("multicolinearity/variance_inflation_factors").data["factors"]
    names = ["a.b", "b", "c", "n"]
    x = np.column_stack([TABLE[names], np.ones(ROWS)])
    reference = {n: variance_inflation_factor(x, i) for i, n in enumerate(names)}
    assert found == pytest.approx({n: min(v, 50) for n, v in reference.items()}, rel=1e-6)


def test_a_column_that_follows_from_others_is_infinite(look: Any) -> None:
    table = {"a": [1.0, 2, 3, 5], "b": [2.0, 4, 6, 10], "c": [1.0, 0, 2, 1]}
    found = look("multicolinearity/variance_inflation_factors", table)
    assert found.data["factors"]["a"] == found.data["factors"]["b"] == 50
    assert found.data["factors"]["c"] < 5
    assert found.notes == ("a follows from the others", "b follows from the others")


def test_singular_values_are_numpys(look: Any) -> None:
    found = look("multicolinearity/principal_component_analysis").data
    x = TABLE[["a.b", "b", "c", "n"]].to_numpy()
    reference = np.linalg.svd((x - x.mean(0)) / x.std(0), compute_uv=False)
    assert found["singular_values"] == pytest.approx(list(reference), rel=1e-6)
    assert sum(found["explained_variance_ratio"]) == pytest.approx(1)


@pytest.mark.parametrize(("label", "problem"), [("y", "Classification"), ("n", "Regression")])
def test_lasso_keeps_what_matters(look: Any, label: str, problem: str) -> None:
    parameters = {"label": label, "l1": 0.05}
    found = look("multicolinearity/lasso_feature_selection", TABLE, **parameters).data
    assert found["problem_type"] == problem
    assert found["coefficients"]["b"] < 0.05 < found["coefficients"]["a.b"]


@pytest.mark.parametrize(("kind", "method"), [("linear", "pearson"), ("non-linear", "spearman")])
def test_correlations_are_pandas(look: Any, kind: str, method: str) -> None:
    found = look("feature_correlation", TABLE.drop(columns="flat"), correlation_type=kind).data
    reference = TABLE[found["columns"]].corr(method=method).to_numpy()
    assert np.array(found["correlations"]) == pytest.approx(reference)


def test_a_quick_model_finds_what_tells(look: Any) -> None:
    found = look("quick_model", TABLE[["a.b", "b", "k", "y"]], label="y").data
    assert found["problem_type"] == "Classification"
    assert found["f1"] > 0.95
    assert next(iter(found["importances"])) == "a.b"
    assert sum(found["importances"].values()) == pytest.approx(1)
    estimated = look("quick_model", TABLE[["a.b", "b", "n"]], label="n").data
    assert estimated["problem_type"] == "Regression"
    assert estimated["mse"] < 0.2 * TABLE["n"].var()


def test_leaks_are_found(look: Any) -> None:
    table = TABLE[["b", "k"]].assign(y=TABLE["y"], copy=TABLE["y"].str.upper())
    found = look("target_leakage", table, target_column="y")
    assert found.data["metric"] == "AUC"
    assert found.data["scores"]["copy"] == 1
    assert found.data["scores"]["b"] < 0.65
    assert found.notes == ("copy gives the target away",)
    estimated = look("target_leakage", TABLE[["n", "c", "b"]], target_column="n").data["scores"]
    assert estimated["c"] > 0.8 > 0.3 > estimated["b"]


def test_a_leak_is_what_a_tree_finds() -> None:
    x, y = TABLE[["c"]], TABLE["y"]
    assert DecisionTreeClassifier(max_depth=6).fit(x, y).score(x, y) > 0.9


def test_a_target_of_one_value_is_refused(look: Any) -> None:
    with pytest.raises(DataError, match="'flat' has 1 distinct values: 2 are needed"):
        look("quick_model", label="flat")


FACETS = {
    "group": ["d"] * 40 + ["a"] * 60,
    "label": ["yes"] * 10 + ["no"] * 30 + ["yes"] * 30 + ["no"] * 30,
    "age": list(range(100)),
    "third": (["u", "v"] * 50),
}


def test_bias_is_what_clarify_defines(look: Any) -> None:
    found = look(
        "bias", FACETS, label="label", label_values=["yes"], facet="group", facet_values=["d"]
    ).data["metrics"]
    p_a, p_d = [0.5, 0.5], [0.75, 0.25]
    assert found == pytest.approx(
        {
            "CI": 0.2,
            "DPL": 0.5 - 0.25,
            "KL": entropy(p_a, p_d),
            "JS": jensenshannon(p_a, p_d) ** 2,
            "LP": math.dist(p_a, p_d),
            "TVD": 0.25,
            "KS": 0.25,
        }
    )


def test_bias_within_a_third_column(look: Any) -> None:
    chosen = {"label": "label", "label_values": ["yes"], "facet": "age", "facet_threshold": 49.5}
    found = look("bias", FACETS, **chosen, group_column="third").data["metrics"]
    frame = pd.DataFrame(FACETS)
    frame["d"] = frame["age"] > 49.5
    disparities = []
    for _, part in frame.groupby("third"):
        rejected, accepted = part[part["label"] == "no"], part[part["label"] == "yes"]
        disparities.append((rejected["d"].mean() - accepted["d"].mean()) * len(part))
    assert found["CDDL"] == pytest.approx(sum(disparities) / len(frame))
    assert found["CI"] == 0


def test_a_bias_report_needs_two_groups(look: Any) -> None:
    chosen = {"label": "label", "label_values": ["yes"], "facet": "group"}
    with pytest.raises(DataError, match="0 rows are in the group"):
        look("bias", FACETS, **chosen, facet_values=["z"])
    with pytest.raises(ParameterError, match="facet_values"):
        look("bias", FACETS, **chosen)


def _series(days: int = 120) -> dict[str, Any]:
    at = pd.date_range("2024-01-01", periods=days)
    values = 10 + np.sin(np.arange(days) * 2 * np.pi / 7) + 0.01 * np.arange(days)
    values[days // 2] += 8
    return {"at": at.to_pydatetime(), "v": values}


def test_a_series_comes_apart_and_together_again(look: Any) -> None:
    table = _series()
    chosen = {"sequence_column": "v", "timestamp_column": "at", "period": 7}
    found = look("time_series/seasonality_trend_decomposition", table, **chosen).data
    parts = np.array([found["trend"], found["season"], found["rest"]])
    assert parts.sum(axis=0) == pytest.approx(table["v"])
    assert found["anomalies"] == ["2024-03-01 00:00:00"]
    wild = look("time_series/anomaly_detection", table, **chosen).data["anomalies"]
    assert wild == [{"timestamp": "2024-03-01 00:00:00", "value": pytest.approx(table["v"][60])}]


def test_a_series_too_short_is_refused(look: Any) -> None:
    chosen = {"sequence_column": "v", "timestamp_column": "at", "period": 7}
    with pytest.raises(DataError, match=r"13 points; from 14 \(two seasons\)"):
        look("time_series/anomaly_detection", _series(13), **chosen)


def test_bias_needs_values_that_are_there(look: Any) -> None:
    chosen = {"label": "y", "facet": "k", "facet_values": ["x"]}
    with pytest.raises(
        ParameterError, match=r"label_values: \['ja'\] names no value of 'y'.*'yes'"
    ):
        look("bias", **chosen, label_values=["ja"])
    assert look("bias", **chosen, label_values=["ja", "yes"]).data["metrics"]["CI"]


def test_a_column_in_other_letters_is_the_one_that_is_meant(look: Any) -> None:
    with pytest.raises(ColumnError, match=r"There is no column 'FLAT': did you mean 'flat'$"):
        look("histogram", x_axis="FLAT")


def test_an_infinite_divergence_is_a_note_and_no_number(look: Any) -> None:
    table = {"y": ["a", "a", "b", "c"], "g": ["m", "m", "w", "w"]}
    chosen = {"label": "y", "label_values": ["a"], "facet": "g", "facet_values": ["m"]}
    found = look("bias", table, **chosen)
    assert found.data["metrics"]["KL"] is None
    assert json.loads(json.dumps(found.data, allow_nan=False)) == found.data
    assert any(each.startswith("KL: ") and "infinite here" in each for each in found.notes)
