"""Nodes as Data Wrangler writes them: every parameter of theirs is one of ours."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from form_nodes import NODES
from steps import Steps

from studio_ext.wrangler import Flow, catalogue
from studio_ext.wrangler.errors import ParameterError
from studio_ext.wrangler.operators.parameters import parse


@pytest.mark.parametrize(("operator", "node", "wanted"), NODES)
def test_every_parameter_is_read(
    operator: str, node: dict[str, Any], wanted: dict[str, Any]
) -> None:
    found = catalogue.find(f"sagemaker.spark.{operator}_0.1", node)
    given = found.form.read(node)
    assert not found.unused(given)
    read = parse(found.Parameters, given).model_dump()
    assert {name: read[name] for name in wanted} == wanted


def _learned(key: str, column: str, trained: dict[str, Any], table: Any, **more: Any) -> list[Any]:
    flow = Flow.from_dataframe(pa.table({column: table}))
    node = flow.add(key, input_column=column, **more)
    node.trained = catalogue[key].form.write_trained({"_hash": 1, **trained})
    result = flow.run()
    assert not result.notes
    return list(result.table()[column].to_pylist())


def test_what_data_wrangler_has_learned_is_taken_over() -> None:
    impute = "handle_missing/impute"
    value = {"impute_value": 7.0}
    assert _learned(f"{impute}/numeric", "n", value, [1.0, None]) == [1.0, 7.0]
    assert _learned(f"{impute}/categorical", "c", {"impute_value": "z"}, ["a", None]) == ["a", "z"]
    bounds = {"lower_threshold": 2.0, "upper_threshold": 3.0}
    key = "handle_outliers/standard_deviation_numeric_outliers"
    assert _learned(key, "n", bounds, [1.0, 2.5, 9.0]) == [2.0, 2.5, 3.0]
    common = {"common_categories": ["b"]}
    key = "handle_outliers/replace_rare_values"
    assert _learned(key, "c", common, ["a", "b"], replacement_string="r") == ["r", "b"]


def test_what_it_has_learned_of_several_columns_is_taken_over() -> None:
    key = "process_numeric/scale_values/min_max_scaler"
    flow = Flow.from_dataframe(pa.table({"a.b": [1.0, 2.0], "b": [1.0, 2.0]}))
    node = flow.add(key, input_column=["a.b", "b"])

    def kept(column: str, most: float) -> dict[str, Any]:
        model = {"originalMin": [0.0], "originalMax": [most]}
        return {"_hash": 1, "input_column": column, "scaler_model": model}

    both = {"min_max_scaler_parameters": [kept("b", 4.0), kept("a_b", 2.0)]}
    node.trained = {"scale_values_parameters": both}
    result = flow.run()
    assert not result.notes
    assert result.table().to_pydict() == {"a.b": [0.5, 1.0], "b": [0.25, 0.5]}
    both["min_max_scaler_parameters"].pop()
    result = flow.run()
    assert "learned anew" in result.notes[node.id][0]
    assert result.table().to_pydict() == {"a.b": [0.0, 1.0], "b": [0.0, 1.0]}


def test_an_imputer_model_is_taken_over() -> None:
    flow = Flow.from_dataframe(pa.table({"a.b": [1.0, None], "c": [None, 1.0]}))
    node = flow.add("handle_missing/impute/numeric", input_column=["a.b", "c"])
    model = {"class": "ImputerModel", "parameters": {}, "a_b": 7.0, "c": 8.0}
    saved = {"numeric_parameters": {"_hash": "1", "imputer_model": model}}
    node.trained = {"impute_parameters": saved}
    result = flow.run()
    assert not result.notes
    assert result.table().to_pydict() == {"a.b": [1.0, 7.0], "c": [8.0, 1.0]}


def test_what_scalers_have_learned_is_taken_over() -> None:
    scaler = "process_numeric/scale_values"
    model = {"scaler_model": {"median": [2.0], "range": [4.0]}}
    found = _learned(f"{scaler}/robust_scaler", "n", model, [4.0, 8.0], center=True)
    assert found == [0.5, 1.5]
    model = {"scaler_model": {"maxAbs": [8.0]}}
    assert _learned(f"{scaler}/max_absolute_scaler", "n", model, [4.0, -8.0]) == [0.5, -1.0]


def test_the_default_part_of_a_split_is_its_first(tmp_path: Path) -> None:
    halves = [{"name": "Train", "percentage": 0.5}, {"name": "Test", "percentage": 0.5}]
    split = {"operator": "Ordered split", "ordered_split_parameters": {"splits": halves}}
    (tmp_path / "up.csv").write_text("n\n1\n2\n")
    place = {"s3Uri": str(tmp_path / "up.csv"), "s3ContentType": "csv", "s3HasHeader": True}
    source = {"datasetSourceType": "S3", "name": "up", "s3ExecutionContext": place}
    nodes = [
        _node("SOURCE", "s3_source", "s", {"dataset_definition": source}),
        _node("TRANSFORM", "spark.infer_and_cast_type", "t", {}, "s.default"),
        _node("TRANSFORM", "spark.split", "p", split, "t.default"),
        _node("TRANSFORM", "spark.identity", "i", {}, "p.default"),
    ]
    (tmp_path / "x.flow").write_text(json.dumps({"metadata": {"version": 1}, "nodes": nodes}))
    result = Flow.open(tmp_path / "x.flow").run()
    assert result.table("i").to_pydict() == {"n": [1]}


def test_what_it_has_learned_in_another_form_is_learned_anew() -> None:
    flow = Flow.from_dataframe(pa.table({"n": [1.0, None, 3.0]}))
    node = flow.add("handle_missing/impute/numeric", input_column="n", strategy="Mean")
    node.trained = {"impute_parameters": {"numeric_parameters": {"mystery": 1}}}
    result = flow.run()
    assert result.table()["n"].to_pylist() == [1.0, 2.0, 3.0]
    assert "learned anew" in result.notes[node.id][0]


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({}, {"t": [None, None, 1]}),
        ({"non_castable_data_handling_method": "drop"}, {"t": [1]}),
        (
            {"non_castable_data_handling_method": "replace_value", "replace_value": "5"},
            {"t": [5, 5, 1]},
        ),
        (
            {"non_castable_data_handling_method": "replace_null_with_new_col"},
            {"t": [None, None, 1], "t_typecast_error": ["foo", None, ""]},
        ),
        (
            {
                "non_castable_data_handling_method": "replace_value_with_new_col",
                "replace_value": "5",
            },
            {"t": [5, 5, 1], "t_typecast_error": ["foo", None, ""]},
        ),
    ],
)
def test_what_does_not_fit_a_type(
    steps: Steps, more: dict[str, Any], wanted: dict[str, Any]
) -> None:
    table = {"t": ["foo", None, "1"], "z": [1, 2, 3]}
    made = steps("cast_single_data_type", table, column="t", data_type="long", **more)
    rest = {"z": [3] if more.get("non_castable_data_handling_method") == "drop" else [1, 2, 3]}
    assert made == {**wanted, **rest}
    assert list(made)[-1] == "z"


def test_a_replacement_has_to_be_of_the_type(steps: Steps) -> None:
    how = {"non_castable_data_handling_method": "replace_value", "replace_value": "x"}
    with pytest.raises(ParameterError, match="replace_value: 'x' is no long"):
        steps("cast_single_data_type", {"t": ["1"]}, column="t", data_type="long", **how)


def test_dates_are_read_by_javas_formats(steps: Steps) -> None:
    key, table = "cast_single_data_type", {"t": ["3/31/21", "2021-03-31"]}
    made = steps(key, table, column="t", data_type="date", date_formatting="M/d/yy")
    assert made["t"] == [dt.date(2021, 3, 31), None]
    format = "yyyy.MM.dd HH:mm"
    table = {"t": ["2021.03.31 07:05", "x"]}
    made = steps(key, table, column="t", data_type="datetime", datetime_formatting=format)
    assert made["t"] == [dt.datetime(2021, 3, 31, 7, 5), None]


def test_columns_are_renamed_moved_and_concatenated_as_said(steps: Steps) -> None:
    table = {"a": ["x", None], "b": [1, 2], "c": ["y", "z"]}
    swapped = [{"input_column": "a", "new_name": "c"}, {"input_column": "c", "new_name": "a"}]
    made = steps("manage_columns/rename_column", table, columns_to_rename=swapped)
    assert list(made.items()) == [("c", ["x", None]), ("b", [1, 2]), ("a", ["y", "z"])]
    moved = steps("manage_columns/move_column/move_to_end", table, column_to_move=["c", "a"])
    assert list(moved) == ["b", "a", "c"]
    how = {"left_column": "a", "right_column": "b"}
    made = steps("manage_columns/concatenate_columns", table, **how)
    assert made["a_b"] == ["x_1", "2"]


def test_rows_are_sorted_by_an_order_each(steps: Steps) -> None:
    table = {"a": [1, 2, 1, None], "b": ["x", "y", "z", "w"]}
    conditions = [{"sort_by": "a", "order": "Descending"}, {"sort_by": "b", "order": "Descending"}]
    made = steps("manage_rows/sort", table, conditions=conditions)
    assert made["b"] == ["y", "z", "x", "w"]
    with pytest.raises(ParameterError, match="sort_by"):
        steps("manage_rows/sort", table)


def test_rows_without_any_value_are_empty(steps: Steps) -> None:
    table = {"a": [1, None, None], "b": [None, "x", None]}
    assert steps("manage_rows/drop_empty", table) == {"a": [1, None], "b": [None, "x"]}


def test_parts_of_a_time_counted_from_one(steps: Steps) -> None:
    times = [dt.datetime(2021, 3, 31, 7, 5), None]
    how = {"input_column": "t", "month": True, "hour": True, "quarter": True, "week_of_year": True}
    made = steps("featurize_date_time/extract_columns", {"t": times}, use_one_indexing=True, **how)
    when = pd.Timestamp(times[0])
    wanted = {
        "t_month": when.month,
        "t_hour": when.hour,
        "t_week_of_year": when.week,
        "t_quarter": when.quarter,
    }
    assert {name: made[name] for name in wanted} == {n: [v, None] for n, v in wanted.items()}
    assert set(made) == {"t", *wanted}
    cyclic = steps("featurize_date_time/extract_columns", {"t": times}, output_mode="Cyclic", **how)
    assert {"t_month_1", "t_month_2"} < set(cyclic)


def _node(kind: str, operator: str, name: str, parameters: Any, *inputs: str) -> dict[str, Any]:
    return {
        "node_id": name,
        "type": kind,
        "operator": f"sagemaker.{operator}_0.1",
        "parameters": parameters,
        "inputs": [
            {"name": "df", "node_id": each.partition(".")[0], "output_name": each.partition(".")[2]}
            for each in inputs
        ],
        "outputs": [{"name": "default"}],
    }


def test_a_flow_of_canvas_from_upload_to_parts(tmp_path: Path) -> None:
    (tmp_path / "up.csv").write_bytes("made by hand\nname;n\nBär;1\nÖl;2\n".encode("latin-1"))
    place = {
        "s3Uri": str(tmp_path / "up.csv"),
        "s3ContentType": "csv",
        "s3HasHeader": True,
        "s3FieldDelimiter": ";",
        "s3CsvEncodingType": "ISO_8859_1",
        "s3SkipLines": 1,
        "s3MultiLine": False,
        "s3DataType": "S3Prefix",
        "s3ManifestPlain": {"s3Uris": None},
    }
    upload = {"datasetSourceType": "Local File Upload", "name": "up", "s3ExecutionContext": place}
    halves = [{"name": "Train", "percentage": 0.5}, {"name": "Test", "percentage": 0.5}]
    split = {"operator": "Ordered split", "ordered_split_parameters": {"splits": halves}}
    output = {
        "delimiter": "|",
        "compression": "none",
        "output_content_type": "CSV",
        "output_path": str(tmp_path / "out"),
        "file_name": "x",
        "partition_config": {"num_partitions": 2, "partition_by": None, "has_headers": False},
    }
    nodes = [
        _node("SOURCE", "s3_source", "s", {"dataset_definition": upload}),
        _node("TRANSFORM", "spark.infer_and_cast_type", "t", {}, "s.default"),
        _node("TRANSFORM", "spark.split", "p", split, "t.default"),
        _node("TRANSFORM", "spark.identity", "i", {}, "p.Test"),
        _node("DESTINATION", "spark.s3_destination", "d", {"output_config": output}, "t.default"),
    ]
    document = {"metadata": {"version": 1}, "nodes": nodes}
    (tmp_path / "x.flow").write_text(json.dumps(document))
    result = Flow.open(tmp_path / "x.flow").run(write=True)
    assert not result.errors
    assert result.table("i").to_pydict() == {"name": ["Öl"], "n": [2]}
    parts = sorted((tmp_path / "out").iterdir())
    assert [part.read_text().count("|") for part in parts] == [1, 1]
    assert "name" not in "".join(part.read_text() for part in parts)
