"""The insights report: figures against pandas and scipy, warnings on tables that deserve them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import stats
from steps import Steps

from studio_ext.wrangler import catalogue
from studio_ext.wrangler.analyses import analyses
from studio_ext.wrangler.errors import ColumnError, DataError
from studio_ext.wrangler.insights import Report, insights
from studio_ext.wrangler.insights.profile import profiled
from studio_ext.wrangler.operators.parameters import parse

ROWS = 600
CHANCE = np.random.default_rng(11)


def _table() -> pd.DataFrame:
    x = CHANCE.normal(10, 2, ROWS)
    table = pd.DataFrame(
        {
            "x.1": x,
            "skewed": CHANCE.lognormal(0, 2, ROWS),
            "holes": np.where(np.arange(ROWS) % 4 == 0, np.nan, x),
            "nothing": pd.Series([None] * ROWS, dtype="float64"),
            "same": 7,
            "word": CHANCE.choice(["a", "b", "unknown"], ROWS),
            "id": [f"row-{n}" for n in range(ROWS)],
            "as text": [f" {n / 7:.3f}" for n in range(ROWS)],
            "<b>&": CHANCE.choice([True, False], ROWS),
            "far": np.where(np.arange(ROWS) % 50 == 0, -999, np.arange(ROWS) % 5),
            "day": pd.date_range("2024-01-01", periods=ROWS),
        }
    )
    table["leak"] = np.where(x > 11, 2.0, 1.0)
    table["y"] = np.where(x > 11, "yes", "no")
    return table


TABLE = _table()


@pytest.fixture(scope="module")
def report(duckdb: Any) -> Report:
    """Of the table above."""
    return insights(duckdb.from_arrow(pa.Table.from_pandas(TABLE)), "y")


def _said(report: Report) -> set[tuple[str, str | None]]:
    return {(each.code, each.column) for each in report.remarks}


def test_figures_are_pandas_and_scipys(steps: Steps) -> None:
    columns = {each.name: each for each in profiled(steps.relation(pa.Table.from_pandas(TABLE)))}
    for name in ("x.1", "skewed", "holes"):
        known, figures = TABLE[name].dropna(), columns[name].figures
        assert columns[name].missing == TABLE[name].isna().sum()
        assert figures["mean"] == pytest.approx(known.mean())
        assert figures["stddev"] == pytest.approx(known.std())
        assert figures["skewness"] == pytest.approx(stats.skew(known))
        assert figures["kurtosis"] == pytest.approx(stats.kurtosis(known))
        assert figures["q25"] == pytest.approx(known.quantile(0.25))
        clipped = known.clip(known.quantile(0.05), known.quantile(0.95))
        assert figures["rstd"] == pytest.approx(clipped.std())
        outliers = (known - known.median()).abs() > 5 * clipped.std()
        assert columns[name].outliers == outliers.sum()
        low, width, counts = columns[name].histogram
        reference, edges = np.histogram(known, bins=20)
        assert counts == reference.tolist()
        assert low + 20 * width == pytest.approx(edges[-1])
    assert columns["word"].values == TABLE["word"].value_counts().to_dict()
    assert columns["skewed"].outliers > 0


def test_columns_are_told_apart(report: Report) -> None:
    kinds = {each.name: each.kind for each in report.columns}
    assert kinds == {
        "x.1": "numeric",
        "skewed": "numeric",
        "holes": "numeric",
        "nothing": "unknown",
        "same": "constant",
        "word": "categorical",
        "id": "text",
        "as text": "numeric",
        "<b>&": "binary",
        "far": "numeric",
        "day": "datetime",
        "leak": "binary",
        "y": "binary",
    }


def test_warnings_are_given_where_they_are_due(report: Report) -> None:
    said = _said(report)
    assert {
        ("missing", "holes"),
        ("all_missing", "nothing"),
        ("constant", "same"),
        ("disguised_missing", "word"),
        ("disguised_missing", "far"),
        ("identifier", "id"),
        ("numbers_as_text", "as text"),
        ("skewed", "skewed"),
        ("outliers", "skewed"),
        ("target_leakage", "leak"),
        ("target_leakage", "x.1"),
    } <= said
    assert not {code for code, name in said if name in ("<b>&", "day")}
    severities = [each.severity for each in report.remarks]
    assert severities == sorted(severities, key=("high", "medium", "low").index)


def test_what_is_suggested_can_be_added_to_a_flow(report: Report, steps: Steps) -> None:
    relation = steps.relation(pa.Table.from_pandas(TABLE))
    fixes = [each.fix for each in report.remarks if each.fix]
    assert len(fixes) >= 8
    for fix in fixes:
        operator = catalogue.find(fix["operator"], fix["parameters"])
        p = parse(operator.Parameters, operator.form.read(fix["parameters"]))
        p.check([relation])
        trained = operator.fit(relation, p)
        assert operator.run([relation], p, trained)["default"].schema


def test_the_model_learns_what_is_there(report: Report) -> None:
    assert report.problem == "Classification"
    assert report.model is not None
    assert report.model["metrics"]["accuracy"] > 0.95
    assert report.model["metrics"]["classes"] == ["no", "yes"]
    matrix = np.array(report.model["metrics"]["confusion_matrix"])
    assert matrix.sum() == report.model["rows"]["test"]
    assert report.power["leak"] == 1
    assert report.power["word"] < 0.3


def test_a_number_is_estimated(steps: Steps) -> None:
    table = TABLE[["x.1", "holes", "word"]].assign(n=TABLE["x.1"] * 3 + 1)
    found = insights(steps.relation(pa.Table.from_pandas(table)), "n")
    assert found.problem == "Regression"
    assert found.model is not None
    assert found.model["metrics"]["r2"] > 0.9
    assert found.model["metrics"]["rmse"] == pytest.approx(found.model["metrics"]["mse"] ** 0.5)


def test_targets_that_will_not_do_are_warned_of(steps: Steps) -> None:
    table = pd.DataFrame({"x": np.arange(400.0), "y": ["a"] * 380 + ["b"] * 15 + ["c"] * 5})
    table.loc[:3, "y"] = None
    said = _said(insights(steps.relation(pa.Table.from_pandas(table)), "y"))
    assert {code for code, name in said if name == "y"} == {
        "target_missing",
        "target_frequent_label",
        "target_rare_label",
        "target_imbalance",
    }


def test_rows_that_repeat_are_shown(steps: Steps) -> None:
    table = {"a": [1] * 90 + list(range(10)), "b": ["x"] * 90 + ["y"] * 10}
    found = insights(steps.relation(table))
    assert found.duplicates == 89
    assert found.repeated == [{"count": 90, "row": {"a": 1, "b": "x"}}]
    assert ("duplicates", None) in _said(found)


def test_unusual_rows_come_first(steps: Steps) -> None:
    table = {"a": [*CHANCE.normal(size=300), 50.0], "b": [*CHANCE.normal(size=300), -50.0]}
    first = insights(steps.relation(table)).anomalous[0]
    assert first["row"] == {"a": 50.0, "b": -50.0}


def test_the_report_is_json_and_a_page(report: Report) -> None:
    found = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert found["rows"] == ROWS
    assert len(found["columns"]) == len(TABLE.columns)
    page = report.to_html()
    assert "&lt;b&gt;&amp;" in page
    assert "<b>&" not in page
    assert "http" not in page


def test_the_report_is_an_analysis_of_a_flow(steps: Steps) -> None:
    analysis = analyses["data_insights_report"]
    wanted = {"insights_report_parameters": {"target_column": "y"}}
    relation = steps.relation(pa.Table.from_pandas(TABLE[["x.1", "same", "y", "nothing"]]))
    found = analysis.compute(relation, parse(analysis.Parameters, wanted))
    assert found.data["target"] == "y"
    assert "'nothing' has no value at all" in found.notes


def test_tables_without_anything(steps: Steps) -> None:
    with pytest.raises(DataError, match="has no rows"):
        insights(steps.relation({"a": pa.array([], pa.int64())}))
    with pytest.raises(ColumnError, match="no column 'z'"):
        insights(steps.relation({"a": [1, 2]}), "z")
    one = insights(steps.relation({"a": [1], "b": pa.array([None], pa.string())}))
    assert {each.kind for each in one.columns} == {"constant", "unknown"}
    assert one.to_html()
