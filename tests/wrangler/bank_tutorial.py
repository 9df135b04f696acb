"""The bank-marketing tutorial: as a flow, and as pandas and its relatives compute it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
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


def tutorial_table() -> pd.DataFrame:
    """The tutorial's table."""
    return pd.read_csv(DATA, sep=";", keep_default_na=False)


def tutorial_flow(address: str, output: str) -> Flow:
    """Import from an address, analyses, the tutorial's steps in its order, and a Parquet file."""
    flow = Flow.new()
    place = {
        "s3Uri": address,
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
        "output_path": output,
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


def reference(table: pd.DataFrame) -> pd.DataFrame:
    """What the flow must give."""
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


def assert_as_wanted(made: pd.DataFrame, wanted: pd.DataFrame) -> None:
    """Two tables are the same but for the order of rows and columns, and rounding."""
    assert sorted(made) == sorted(wanted)
    made, wanted = made[sorted(made)].copy(), wanted[sorted(wanted)].copy()
    assert made["y"].value_counts().to_dict() == wanted["y"].value_counts().to_dict()
    for frame in (made, wanted):
        frame[frame.select_dtypes("number").columns] = frame.select_dtypes("number").round(9)
    by = sorted(made)
    made = made.sort_values(by, ignore_index=True)
    wanted = wanted.sort_values(by, ignore_index=True)
    pd.testing.assert_frame_equal(made, wanted, check_dtype=False, atol=1e-6)
