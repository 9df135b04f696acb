"""The bank-marketing tutorial as a flow file, against pandas, scikit-learn and imbalanced-learn."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from bank_tutorial import DATA, assert_as_wanted, reference, tutorial_flow, tutorial_table

from studio_ext.wrangler import Flow


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return tutorial_table()


@pytest.fixture
def flow(tmp_path: Path) -> Flow:
    return tutorial_flow(str(DATA), str(tmp_path / "prepared.parquet"))


def test_the_tutorial_comes_out_as_others_compute_it(
    flow: Flow, table: pd.DataFrame, tmp_path: Path
) -> None:
    path = flow.save(tmp_path / "bank.flow")
    result = Flow.open(path).run(write=True)
    assert result.errors == {}
    made = pq.ParquetFile(tmp_path / "prepared.parquet").read().to_pandas()
    assert_as_wanted(made, reference(table))


def test_its_analyses_say_what_the_tutorial_shows(flow: Flow, table: pd.DataFrame) -> None:
    result = flow.run()
    looks = {each.parameters.get("name"): each for each in flow.document}
    report = result.findings(looks["data_insights_report"]).data
    assert report["rows"] == len(table)
    assert report["power"]["duration"] == max(report["power"].values())
    summary = result.findings(looks["describe"]).data["columns"]
    assert summary["age"]["mean"] == pytest.approx(table["age"].mean())
    bars = result.findings(looks["histogram"]).data["bins"]
    assert sum(bar["count"] for bar in bars) == len(table)
    bias = result.findings(looks["bias"]).data["metrics"]
    married = table["marital"] == "married"
    assert bias["CI"] == pytest.approx(1 - 2 * married.mean())
    yes = table["y"] == "yes"
    assert bias["DPL"] == pytest.approx(yes[~married].mean() - yes[married].mean())
    leakage = result.findings(looks["target_leakage"]).data["scores"]
    assert next(iter(leakage)) == "duration"


def test_the_prepared_flow_answers_for_single_rows(flow: Flow, table: pd.DataFrame) -> None:
    encoded = next(
        each for each in flow.document if each.operator.endswith("encode_categorical_0.1")
    )
    fitted = flow.fitted(encoded)
    row = {name: str(value) for name, value in table.iloc[0].items()}
    answer = fitted.apply_record(row)
    assert answer is not None
    assert answer[f"job_{row['job'].replace('.', '_')}"] == 1
    assert 0 <= answer["age"] <= 1
    fitted.close()
