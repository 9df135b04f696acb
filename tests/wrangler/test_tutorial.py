"""The bank-marketing tutorial as a flow file, against pandas, scikit-learn and imbalanced-learn."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from imblearn.over_sampling import SMOTE
from sklearn.preprocessing import MinMaxScaler
from statsmodels.stats.outliers_influence import variance_inflation_factor

from studio_ext.wrangler import Flow
from studio_ext.wrangler.flow import Input

#: UCI Bank Marketing (Moro, Cortez, Rita 2014), CC BY 4.0.
DATA = Path(__file__).parents[2] / "notebooks" / "data" / "bank-additional.csv"
TEXTS = ["job", "marital", "education", "default", "housing", "loan", "contact", "month"]
TEXTS += ["day_of_week", "poutcome"]
NEIGHBOURS, SIGMAS, VIF = 5, 3, 1.2


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """The tutorial's table."""
    return pd.read_csv(DATA, sep=";", keep_default_na=False)


@pytest.fixture
def flow(tmp_path: Path) -> Flow:
    """Import, analyses, the tutorial's steps in its order, and a Parquet file."""
    flow = Flow.new()
    place = {
        "s3Uri": str(DATA),
        "s3ContentType": "csv",
        "s3HasHeader": True,
        "s3FieldDelimiter": ";",
    }
    definition = {"datasetSourceType": "S3", "name": DATA.name, "s3ExecutionContext": place}
    source = flow.document.add(
        "sagemaker.s3_source_0.1", {"dataset_definition": definition}, type="SOURCE"
    )
    types = flow.add("infer_and_cast_type", source)
    looks = {
        "data_insights_report": {"insights_report_parameters": {"target_column": "y"}},
        "histogram": {"x_axis": "age", "color_by": "y"},
        "describe": {},
        "bias": {
            "label": "y",
            "label_values": ["yes"],
            "facet": "marital",
            "facet_values": ["married"],
        },
        "target_leakage": {"target_column": "y"},
    }
    for name, parameters in looks.items():
        flow.document.add(
            f"sagemaker.visualizations.{name}_0.1",
            {"name": name, **parameters},
            [Input(types.id)],
            type="VISUALIZATION",
        )
    numbers = pd.read_csv(DATA, sep=";", nrows=5).select_dtypes("number").columns.tolist()
    last = flow.add("balance_data/smote", types, target_column="y")
    key = "handle_outliers/standard_deviation_numeric_outliers"
    remove = {"fix_method": "Remove", "standard_deviations": SIGMAS}
    last = flow.add(key, last, input_column=numbers, **remove)
    last = flow.add("process_numeric/scale_values/min_max_scaler", last, input_column=numbers)
    for name in ("job", "education"):
        edit = {"pattern": r"\.", "replacement": "_"}
        key = "search_and_edit/find_and_replace_substring"
        last = flow.add(key, last, input_column=name, **edit)
    last = flow.add("select_columns/drop_high_vif", last, input_column=numbers, threshold=VIF)
    one_hot = {"input_column": TEXTS, "output_style": "Columns"}
    last = flow.add("encode_categorical/one_hot_encode", last, **one_hot)
    config = {
        "output_path": str(tmp_path / "prepared.parquet"),
        "output_content_type": "PARQUET",
        "compression": "snappy",
    }
    flow.document.add(
        "sagemaker.spark.s3_destination_0.1",
        {"output_config": config},
        [Input(last.id)],
        type="DESTINATION",
    )
    return flow


def _reference(table: pd.DataFrame) -> pd.DataFrame:
    numbers = table.select_dtypes("number").columns.tolist()
    balanced = _smote(table, numbers)
    away = (balanced[numbers] - balanced[numbers].mean()).abs()
    kept = balanced[(away <= SIGMAS * balanced[numbers].std()).all(axis=1)]
    kept = kept.reset_index(drop=True)
    kept[numbers] = MinMaxScaler().fit_transform(kept[numbers])
    for name in ("job", "education"):
        kept[name] = kept[name].str.replace(".", "_", regex=False)
    left = [name for name in numbers if kept[name].nunique() > 1]
    while True:
        x = np.column_stack([kept[left], np.ones(len(kept))])
        factors = [variance_inflation_factor(x, index) for index in range(len(left))]
        if max(factors) <= VIF:
            break
        left.pop(int(np.argmax(factors)))
    flat = [name for name in numbers if kept[name].nunique() == 1]
    dummies = pd.get_dummies(kept[TEXTS], dtype=float)
    return pd.concat([kept[[*left, *flat, "y"]], dummies], axis=1)


def _smote(table: pd.DataFrame, numbers: list[str]) -> pd.DataFrame:
    """imbalanced-learn on numbers of deviation one; words come from the row begun from."""
    scale = table[numbers].std().to_numpy()
    model = SMOTE(k_neighbors=NEIGHBOURS, random_state=42)
    x, _ = model.fit_resample(table[numbers].to_numpy(dtype=float) / scale, table["y"])
    fresh = len(x) - len(table)
    rare = table[table["y"] == "yes"].reset_index(drop=True)
    # The first that the sampler draws: which neighbour of which row.
    drawn = np.random.RandomState(42).randint(0, len(rare) * NEIGHBOURS, fresh)
    new = rare.iloc[drawn // NEIGHBOURS].reset_index(drop=True)
    values = pd.DataFrame(x[len(table) :] * scale, columns=numbers)
    for name in numbers:
        whole = pd.api.types.is_integer_dtype(table[name])
        new[name] = np.rint(values[name]).astype("int64") if whole else values[name]
    return pd.concat([table, new], ignore_index=True)


def test_the_tutorial_comes_out_as_others_compute_it(
    flow: Flow, table: pd.DataFrame, tmp_path: Path
) -> None:
    path = flow.save(tmp_path / "bank.flow")
    result = Flow.open(path).run(write=True)
    assert result.errors == {}
    made = pq.ParquetFile(tmp_path / "prepared.parquet").read().to_pandas()
    wanted = _reference(table)
    assert sorted(made) == sorted(wanted)
    made, wanted = made[sorted(made)], wanted[sorted(wanted)]
    assert made["y"].value_counts().to_dict() == wanted["y"].value_counts().to_dict()
    for frame in (made, wanted):
        frame[frame.select_dtypes("number").columns] = frame.select_dtypes("number").round(9)
    by = sorted(made)
    made = made.sort_values(by, ignore_index=True)
    wanted = wanted.sort_values(by, ignore_index=True)
    pd.testing.assert_frame_equal(made, wanted, check_dtype=False, atol=1e-6)


def test_as_code_it_makes_the_same_file_in_another_process(flow: Flow, tmp_path: Path) -> None:
    flow.fit().run(write=True)
    made = tmp_path / "prepared.parquet"
    wanted = pq.ParquetFile(made).read()
    made.unlink()
    (tmp_path / "bank.py").write_text(flow.to_python())
    subprocess.run([sys.executable, "bank.py"], cwd=tmp_path, check=True)
    assert pq.ParquetFile(made).read() == wanted


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
