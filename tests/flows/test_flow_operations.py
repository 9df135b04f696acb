"""What a panel asks about flows: the catalogue, what is in a flow, pages, profiles, fits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from botocore.exceptions import ClientError
from flow_studio import ROWS, python, refused, source, step, text

from studio_ext.wrangler.flow import Document
from studio_ext.wrangler.operators import catalogue

ONE_HOT = {"operator": "One-hot encode", "one_hot_encode_parameters": {"input_column": ["v"]}}
ENCODE = "sagemaker.spark.encode_categorical_0.1"
PARQUET = text(source("table.parquet"))
CSV = text(source("table.csv"))
FLOWS = Path(__file__).parents[1] / "wrangler" / "flows"


def test_the_catalogue_is_fetched_once(api: Any) -> None:
    told = api.list_transforms()
    assert [each["Key"] for each in told["Transforms"]] == [each.key for each in catalogue]
    scale = next(each for each in told["Transforms"] if each["Number"] == "T016")
    column = scale["Schema"]["properties"]["input_column"]
    assert column["title"] and column["column"] == {"input": 0, "kinds": []}
    assert scale["Learns"] and scale["Inputs"] == 1
    again = api.list_transforms(KnownVersion=told["Version"])
    assert again["NotModified"] and "Transforms" not in again
    joins = {each["Key"] for each in told["Transforms"] if each["Inputs"] == 2}
    assert {"join_tables", "join_multi_keys", "concatenate_datasets", "filter_by_table"} <= joins
    analyses = api.list_analyses()
    assert {"A01", "A13", "R01"} <= {each["Number"] for each in analyses["Analyses"]}


def test_a_forms_values_as_the_file_has_them(api: Any) -> None:
    told = api.describe_step(
        Key="manage_columns/drop_column", StepParameters={"column_to_drop": ["a", "b"]}
    )
    form = catalogue["manage_columns/drop_column"].form
    assert told["NodeType"] == "TRANSFORM" and told["Problems"] == []
    assert told["NodeParameters"] == form.write({"column_to_drop": ["a", "b"]})
    wrong = api.describe_step(Key="histogram", StepParameters={})
    assert wrong["NodeType"] == "VISUALIZATION" and wrong["NodeParameters"] == {}
    assert [each["Field"] for each in wrong["Problems"]] == ["x_axis"]


@pytest.mark.parametrize("path", sorted(FLOWS.glob("*.flow")), ids=lambda path: path.stem)
def test_real_flows_are_described(api: Any, path: Path) -> None:
    told = api.describe_flow(Document=path.read_text())
    document = Document.open(path)
    assert [each["NodeId"] for each in told["Nodes"]] == [each.id for each in document.order()]
    assert len(told["Edges"]) == sum(len(each.inputs) for each in document)
    wrong = {each["NodeId"] for each in told["Problems"]}
    assert wrong == {each["NodeId"] for each in told["Nodes"] if each["Status"] != "Valid"}
    for each in told["Nodes"]:
        if each["Type"] == "TRANSFORM" and each["Status"] == "Valid":
            assert each["Parameters"] == catalogue[each["Key"]].form.read(
                document[each["NodeId"]].parameters
            )


def test_what_is_wrong_is_told_at_its_node(api: Any) -> None:
    flow = text(
        source("table.parquet"),
        step("drop", "sagemaker.spark.manage_columns_0.1", {"operator": "Drop column"}),
        step("odd", "somebody.elses_0.1", {}),
        step("gone", ENCODE, {**ONE_HOT, "one_hot_encode_parameters": {"input_column": ["w"]}}),
    )
    told = {each["NodeId"]: each for each in api.describe_flow(Document=flow)["Problems"]}
    assert told["drop"]["Code"] == "InvalidParameter"
    assert told["drop"]["Field"] == "column_to_drop"
    assert told["odd"]["Code"] == "Unsupported"
    assert "gone" not in told  # which only the data can tell
    found = {each["NodeId"]: each for each in api.validate_flow(Document=flow)["Problems"]}
    assert set(found) == {"drop", "odd", "gone"}
    assert found["gone"]["Code"] == "MissingColumn" and "did you mean 'v'" not in found
    broken = api.describe_flow(Document='{"nodes": [{"node_id": 1}]}')
    assert not broken["Valid"] and broken["Problems"][0]["Code"] == "InvalidDocument"


@pytest.mark.parametrize(
    "changes",
    [
        {"parameters": {"operator": "Drop column", "drop_column_parameters": 1e308}},
        {"inputs": []},
        {"inputs": [{"name": "df", "node_id": "source", "output_name": [None]}]},
        {
            "operator": "sagemaker.spark.infer_and_cast_type_0.1",
            "parameters": {},
            "trained_parameters": {"schema": {"v": {"x": 1}}},
        },
        {"parameters": {"operator": "Drop column", "drop_column_parameters": {"\ud800": 1}}},
    ],
    ids=["parameters", "no inputs", "output", "learned", "surrogate"],
)
def test_a_broken_step_is_no_fault_of_the_server(api: Any, changes: dict[str, Any]) -> None:
    drop = {"operator": "Drop column", "drop_column_parameters": {"column_to_drop": "v"}}
    broken = step("broken", "sagemaker.spark.manage_columns_0.1", drop) | changes
    document = text(source("table.parquet"), broken)
    for operation, more in (
        (api.describe_flow, {}),
        (api.validate_flow, {}),
        (api.preview_flow, {"NodeId": "broken"}),
        (api.fit_flow, {}),
    ):
        try:
            operation(Document=document, FlowId="broken", **more)
        except ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400, operation


def test_a_step_that_is_switched_off_is_described_as_it_would_be(api: Any) -> None:
    off = step("off", "sagemaker.spark.identity_0.1", {})
    off["studio_disabled"] = {"type": "TRANSFORM", "operator": ENCODE, "parameters": ONE_HOT}
    document = text(source("table.parquet"), off, step("on", ENCODE, ONE_HOT, "off"))
    told = api.describe_flow(Document=document)
    found, on = told["Nodes"][1:]
    assert found["Disabled"] and found["Status"] == "Valid" and not on.get("Disabled")
    assert [found[name] == on[name] for name in ("Key", "Label", "Parameters")] == [True] * 3
    columns = api.describe_node(Document=document, NodeId="off", SampleRows=10)["Columns"]
    assert "v" in [each["Name"] for each in columns]


def test_paths_count_from_the_flows_folder_first(api: Any, root: Path) -> None:
    (root / "folder").mkdir()
    (root / "folder" / "table.csv").write_text("mine\n1\n")

    def columns(address: str, flow: str) -> list[str]:
        document = text(source(address))
        told = api.describe_node(Document=document, NodeId="source", FlowId=flow)
        return [each["Name"] for each in told["Columns"]]

    assert columns("table.csv", "folder/x.flow") == ["mine"]
    assert columns("../table.csv", "folder/x.flow")[0] == "id"
    assert columns("table.parquet", "folder/x.flow")[0] == "id"
    assert columns("folder/table.csv", "x.flow") == ["mine"]
    with pytest.raises(ClientError) as error:
        columns("../../etc/passwd", "../../x.flow")
    assert refused(error.value)["Code"] == "AccessDeniedException"


def test_columns_of_a_node(api: Any) -> None:
    told = api.describe_node(Document=PARQUET, NodeId="source")
    kinds = {each["Name"]: each["Kind"] for each in told["Columns"]}
    assert kinds == {
        "id": "long",
        "k": "long",
        "x": "float",
        "name": "string",
        "v": "string",
        "day": "date",
    }
    encoded = api.describe_node(
        Document=text(source("table.parquet"), step("one", ENCODE, ONE_HOT)), NodeId="one"
    )
    assert {"v_v0", "v_v1", "v_v2"} <= {each["Name"] for each in encoded["Columns"]}
    assert encoded["Learned"]


@pytest.mark.parametrize("flow", [PARQUET, CSV], ids=["parquet", "csv"])
@pytest.mark.parametrize("offset", [0, 100, ROWS // 2, ROWS - 7, ROWS + 5])
def test_a_page_from_anywhere(api: Any, flow: str, offset: int) -> None:
    page = api.preview_flow(Document=flow, NodeId="source", Offset=offset, Limit=10)
    there = max(0, min(10, ROWS - offset))
    assert page["RowCount"] == there and page["HasMore"] == (offset + 10 < ROWS)
    ids = page["Data"][0]
    assert [int(each) for each in ids] == list(range(offset, offset + there))
    if flow is PARQUET or offset == ROWS - 7:
        assert page["TotalRows"] == ROWS


def test_pages_far_down_come_from_an_index(api: Any) -> None:
    """Once it is made; before, and after, they are the same rows."""
    drop = {"operator": "Drop column", "drop_column_parameters": {"column_to_drop": ["k"]}}
    flow = text(source("table.csv"), step("drop", "sagemaker.spark.manage_columns_0.1", drop))
    ask = {"Document": flow, "NodeId": "drop", "Offset": 123_456, "Limit": 50}
    first = api.preview_flow(**ask)
    later = first
    while not later["Indexed"]:
        later = api.preview_flow(**ask)
    assert later["Data"] == first["Data"] and later["Columns"] == first["Columns"]
    assert later["TotalRows"] == ROWS


def test_arrow_pages_have_the_same_types_wherever_they_come_from(api: Any) -> None:
    ask = {"Document": PARQUET, "NodeId": "source", "Format": "ARROW", "Limit": 5}
    pages = [
        pa.ipc.open_stream(api.preview_flow(**ask, **more)["Arrow"]).read_all()
        for more in ({}, {"Offset": 100_000}, {"Search": "name"})
    ]
    assert pages[0].schema == pages[1].schema == pages[2].schema
    assert pages[1]["id"].to_pylist() == list(range(100_000, 100_005))


def test_sorted_filtered_and_searched(api: Any) -> None:
    ask = {"Document": PARQUET, "NodeId": "source", "Limit": 4, "Columns": ["id", "x"]}
    top = api.preview_flow(**ask, Sort=[{"Column": "x", "Order": "Descending"}])
    assert top["Data"][0] == [999, 1999, 2999, 3999]  # rows that tie keep their order
    second = api.preview_flow(**ask, Sort=[{"Column": "x", "Order": "Descending"}], Offset=2)
    assert second["Data"][0] == [2999, 3999, 4999, 5999]
    few = api.preview_flow(
        **ask,
        Filters=[
            {"Column": "v", "Condition": "is missing"},
            {"Column": "id", "Condition": ">=", "Value": "199000"},
        ],
        CountRows=True,
    )
    assert few["Data"][0] == [199_000, 199_010, 199_020, 199_030] and few["TotalRows"] == 100
    found = api.preview_flow(**ask, Search="NAME 49")
    assert found["Data"][0] == [49, 99, 149, 199]
    with pytest.raises(ClientError) as info:
        api.preview_flow(**ask, Filters=[{"Column": "y", "Condition": "is missing"}])
    assert refused(info.value)["Reason"] == "MissingColumn"


def test_values_that_json_has_no_word_for(api: Any, root: Path) -> None:
    import duckdb

    query = """
        SELECT 9007199254740993 AS big, 'nan'::DOUBLE AS nan, '-inf'::DOUBLE AS low,
        TIMESTAMP '2020-02-29 12:30:00.5' AS at, [1, NULL] AS list, {'a': 1.5} AS struct,
        MAP {'k': 2} AS map, repeat('y', 2000) AS long, NULL::INT AS nothing
    """
    duckdb.sql(query).write_parquet(str(root / "values.parquet"))
    page = api.preview_flow(
        Document=text(source("values.parquet")), NodeId="source", MaxTextLength=3
    )
    names = [each["Name"] for each in page["Columns"]]
    values = dict(zip(names, (column[0] for column in page["Data"]), strict=True))
    assert values["big"] == "900\N{HORIZONTAL ELLIPSIS}"
    assert values["long"] == "yyy\N{HORIZONTAL ELLIPSIS}" and values["nothing"] is None
    page = api.preview_flow(Document=text(source("values.parquet")), NodeId="source")
    values = dict(zip(names, (column[0] for column in page["Data"]), strict=True))
    assert values["big"] == "9007199254740993"
    assert (values["nan"], values["low"]) == ("NaN", "-Infinity")
    assert values["at"] == "2020-02-29T12:30:00.500000"
    assert json.loads(values["list"]) == [1, None]
    assert json.loads(values["struct"]) == {"a": 1.5} and json.loads(values["map"]) == {"k": 2}


def test_a_step_is_tried_before_it_is_in_the_flow(api: Any) -> None:
    told = api.try_step(
        Document=PARQUET,
        Inputs=[{"NodeId": "source"}],
        Key="encode_categorical/one_hot_encode",
        StepParameters={"input_column": ["v"]},
        SampleRows=1000,
        Limit=2,
    )
    assert told["NodeOperator"] == ENCODE and told["NodeOutputs"] == ["default"]
    assert told["NodeParameters"]["operator"] == "One-hot encode"
    assert set(told["Changes"]["Added"]) >= {"v_v0", "v_v1", "v_v2"}
    assert told["Changes"]["Removed"] == ["v"] and told["Page"]["RowCount"] == 2
    # As the panel then has it in the file:
    flow = text(source("table.parquet"), step("one", ENCODE, told["NodeParameters"]))
    page = api.preview_flow(Document=flow, NodeId="one", Limit=2, SampleRows=1000)
    assert page["Data"] == told["Page"]["Data"]
    # and another one in its place:
    other = api.try_step(
        Document=flow,
        ReplaceNodeId="one",
        Key="manage_columns/drop_column",
        StepParameters={"column_to_drop": ["k", "x"]},
    )
    assert other["Changes"] == {"Added": [], "Removed": ["k", "x"], "Retyped": []}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"Key": "no/such"}, "Key"),
        ({"StepParameters": [1]}, "StepParameters"),
        ({"StepParameters": {}}, "input_column"),
        ({"StepParameters": {"input_column": ["w"]}}, "input_column"),
        ({"Inputs": [{"NodeId": "nowhere"}]}, None),
    ],
)
def test_a_step_that_does_not_fit(api: Any, change: dict[str, Any], field: str | None) -> None:
    ask = {
        "Document": PARQUET,
        "Inputs": [{"NodeId": "source"}],
        "Key": "encode_categorical/one_hot_encode",
        "StepParameters": {"input_column": ["v"]},
    }
    with pytest.raises(ClientError) as info:
        api.try_step(**{**ask, **change})
    told = refused(info.value)
    assert told["Code"] == "ValidationException" and told.get("Field") == field


def test_profiles_of_columns(api: Any) -> None:
    told = api.profile_columns(Document=PARQUET, NodeId="source", Columns=["v", "x"])
    assert told["TotalRows"] == ROWS
    v, x = told["Profiles"]
    assert (v["Missing"], v["Distinct"], v["Kind"]) == (ROWS // 10, 3, "categorical")
    assert sum(each["Count"] for each in v["Values"]) == ROWS - ROWS // 10
    assert v["Remarks"][0]["Fix"]["operator"].startswith("sagemaker.spark.handle_missing")
    assert sum(x["Histogram"]["Counts"]) == ROWS and x["Figures"]["max"] == 99.9


def test_a_flow_is_fitted_and_keeps_what_it_learned(api: Any) -> None:
    flow = text(source("table.parquet"), step("one", ENCODE, ONE_HOT))
    told = api.fit_flow(Document=flow)
    assert told["Learned"] == ["one"]
    fitted = json.loads(told["Document"])
    assert fitted["nodes"][1]["trained_parameters"]
    assert fitted["nodes"][0] == json.loads(flow)["nodes"][0]
    again = api.fit_flow(Document=told["Document"])
    assert again["Learned"] == [] and again["Document"] == told["Document"]
    assert api.fit_flow(Document=told["Document"], Refit=True)["Learned"] == ["one"]


def test_an_analysis_that_is_not_in_the_flow(api: Any) -> None:
    told = api.run_analysis(
        Document=PARQUET, NodeId="source", Key="histogram", StepParameters={"x_axis": "x"}
    )
    assert sum(each["count"] for each in told["Data"]["bins"]) == ROWS
    assert told["Figure"]["data"]
    with pytest.raises(ClientError) as info:
        api.run_analysis(Document=PARQUET, NodeId="source")
    assert refused(info.value)["Field"] == "NodeId"


def test_own_python_runs_and_speaks(api: Any) -> None:
    code = "print('seen', len(df))\ndf['twice'] = df['k'] * 2"
    flow = text(source("table.parquet"), python("own", code))
    page = api.preview_flow(Document=flow, NodeId="own", SampleRows=500, Limit=3)
    assert page["Data"][-1] == [0, 2, 4] and page["Printed"] == "seen 500\n"
    with pytest.raises(ClientError) as info:
        bad = text(source("table.parquet"), python("own", "x = 1\nraise ValueError('no')"))
        api.preview_flow(Document=bad, NodeId="own", SampleRows=500)
    told = refused(info.value)
    assert told["NodeId"] == "own" and "line 2: ValueError: no" in told["Message"]


def test_parameters_of_a_flow(api: Any) -> None:
    flow = json.loads(text(source("{{file}}.parquet")))
    flow["parameters"] = [{"name": "file", "value": "nothing"}]
    document = json.dumps(flow)
    assert api.describe_flow(Document=document)["Parameters"] == {"file": "nothing"}
    page = api.preview_flow(Document=document, NodeId="source", Parameters={"file": "table"})
    assert page["RowCount"] == 100
    with pytest.raises(ClientError, match=r"nothing\.parquet"):
        api.preview_flow(Document=document, NodeId="source")


def test_a_file_that_changes_is_read_again(api: Any, root: Path) -> None:
    path = root / "changing.csv"
    flow = text(source("changing.csv"))
    for content in ("a\n1\n", "a\n2\n3\n", "b\n4\n"):
        path.write_text(content)
        page = api.preview_flow(Document=flow, NodeId="source")
        name, *values = content.split()
        assert page["Columns"][0]["Name"] == name and page["Data"] == [values]
