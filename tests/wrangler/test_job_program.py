"""The program that runs a flow in a job, on folders made as a job's."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from studio_ext.wrangler import Flow
from studio_ext.wrangler.errors import WranglerError
from studio_ext.wrangler.flow import Node
from studio_ext.wrangler.job import work as working
from studio_ext.wrangler.job.progress import Progress
from studio_ext.wrangler.job.request import Request
from studio_ext.wrangler.job.work import Work

ROWS = "a,b\n1,2\n3,4\n5,\n"


@pytest.fixture
def ml(tmp_path: Path) -> Path:
    """``/opt/ml`` of a job whose input is called as the flow's dataset."""
    for folder in ("config", "processing/flow", "processing/data", "output"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "processing/data/rows.csv").write_text(ROWS)
    return tmp_path


@pytest.fixture
def flow() -> Flow:
    """A CSV file with its types."""
    flow = Flow.new()
    place = {"s3Uri": "s3://elsewhere/rows.csv", "s3ContentType": "csv", "s3HasHeader": True}
    definition = {"datasetSourceType": "S3", "name": "rows", "s3ExecutionContext": place}
    source = flow.document.add(
        "sagemaker.s3_source_0.1", {"dataset_definition": definition}, type="SOURCE"
    )
    flow.add("infer_and_cast_type", source)
    return flow


def run(ml: Path, job: str, flow: Flow, *nodes: Node) -> tuple[list[str], list[dict[str, Any]]]:
    """Run a job; what it says went wrong, and its progress."""
    flow.document.save(ml / "processing/flow/x.flow")
    outputs = [
        {
            "OutputName": f"{node.id}.default",
            "S3Output": {"S3Uri": "s3://b/o", "LocalPath": str(ml / f"processing/out/{number}")},
        }
        for number, node in enumerate(nodes)
    ]
    given = {"S3Uri": "s3://here/rows.csv", "LocalPath": str(ml / "processing/data")}
    config = {
        "ProcessingJobName": job,
        "ProcessingInputs": [{"InputName": "rows", "S3Input": given}],
        "ProcessingOutputConfig": {"Outputs": outputs},
    }
    (ml / "config/processingjobconfig.json").write_text(json.dumps(config))
    output = json.dumps({f"{node.id}.default": {"content_type": "PARQUET"} for node in nodes})
    path = ml / f"output/{job}.jsonl"
    work = Work(Request.read([f"--output-config '{output}'"], ml), Progress(path))
    faults = work.run()
    return faults, [json.loads(line) for line in path.read_text().splitlines()]


def column(ml: Path, number: int, job: str, node: Node, name: str) -> list[Any]:
    (file,) = (ml / f"processing/out/{number}/{job}/{node.id}/default").iterdir()
    values: list[Any] = pq.read_table(file)[name].to_pylist()
    return values


def test_what_shows_at_the_output_is_the_fault_of_the_node_that_computes_it(
    ml: Path, flow: Flow
) -> None:
    """Queries run as late as they can; whose rows cannot be computed is found afterwards."""
    types = list(flow.document)[-1]
    key = "custom_code/sql_pyspark_sql"
    code = "select a * 9223372036854775807 as e from df"
    wide = flow.add(key, types, code=code)
    renamed = flow.add("manage_columns/rename_column", wide, input_column="e", new_name="f")
    other = flow.add("manage_columns/drop_column", types, column_to_drop="b")
    (fault,), lines = run(ml, "late", flow, renamed, other)
    assert f"({wide.id})" in fault and "Overflow" in fault
    last = {line.get("node") or line["output"]: line for line in lines}
    assert last[wide.id]["state"] == "failed"
    assert last[f"{renamed.id}.default"]["cause"] == wide.id
    assert column(ml, 1, "late", other, "a") == [1, 3, 5]
    assert not (ml / f"processing/out/0/late/{renamed.id}").exists()


def test_slow_nodes_are_kept_as_tables_and_read_by_who_goes_on(
    ml: Path, flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "WORTH_KEEPING_S", -1.0)
    types = list(flow.document)[-1]
    filled = flow.add("handle_missing/drop_missing/drop_rows", types, input_column=["b"])
    wrong = flow.add("manage_columns/drop_column", filled, column_to_drop="c")
    (fault,), lines = run(ml, "first", flow, wrong)
    assert "There is no column 'c'" in fault
    ended = {line["node"]: line for line in lines if line["state"] != "running"}
    assert (ended[filled.id]["rows_in"], ended[filled.id]["rows_out"]) == (3, 2)
    assert len(list((ml / "checkpoints/tables").glob("*.parquet"))) == 2

    wrong.parameters["drop_column_parameters"]["column_to_drop"] = "b"
    faults, lines = run(ml, "second", flow, wrong)
    assert faults == []
    reused = {line["node"] for line in lines if line.get("reused")}
    assert {types.id, filled.id} <= reused
    assert wrong.id not in reused
    assert column(ml, 0, "second", wrong, "a") == [1, 3]
    assert not (ml / "checkpoints").exists()


def test_other_data_are_not_taken_for_what_was_kept(ml: Path, flow: Flow) -> None:
    types = list(flow.document)[-1]
    scaled = flow.add("process_numeric/scale_values/min_max_scaler", types, input_column=["a"])
    wrong = flow.add("manage_columns/drop_column", scaled, column_to_drop="c")
    run(ml, "first", flow, wrong)
    (ml / "processing/data/rows.csv").write_text("a,b\n0,1\n10,2\n5,3\n")
    wrong.parameters["drop_column_parameters"]["column_to_drop"] = "b"
    faults, lines = run(ml, "second", flow, wrong)
    assert faults == []
    assert not any(line.get("reused") for line in lines)
    assert column(ml, 0, "second", wrong, "a") == [0.0, 1.0, 0.5]


#: What an argument is, and what is said of it; NODE stands for a node of the flow.
WRONG = [
    ("--output-config '{'", "--output-config: '{' is no JSON"),
    ("--output-config '{", "No closing quotation"),
    ("--nothing x", "ContainerArguments: unrecognized arguments: --nothing"),
    ("--output-config '{\"x.default\": {}}'", "'x.default' names no node of the flow"),
    ('--output-config \'{"NODE.default": {"kind": 1}}\'', "'kind' is none of content_type"),
    (
        '--refit-trained-params \'{"refit": true, "output_flow": "../x"}\'',
        "output_flow: '../x' is no name of a file",
    ),
    ("--parameter-override '[1]'", "--parameter-override: '[1]' is no JSON object"),
]


def test_what_a_request_gets_wrong_is_named(ml: Path, flow: Flow) -> None:
    node = list(flow.document)[-1]
    assert run(ml, "right", flow, node)[0] == []
    for argument, text in WRONG:
        with pytest.raises(WranglerError, match=re.escape(text)):
            Request.read([argument.replace("NODE", node.id)], ml)


BROKEN = [
    ({}, "is to bring one flow file; it brought nothing"),
    ({"a.flow": "{}", "b.flow": "{}"}, "it brought a.flow, b.flow"),
    ({"x.flow": ""}, "ProcessingInputs[flow]: x.flow is no flow: x.flow is no JSON document"),
    ({"x.flow": '{"nodes": [{"node'}, "x.flow is no flow: x.flow is no JSON document"),
    ({"x.flow": "[]"}, "ProcessingInputs[flow]: x.flow is no flow"),
    ({"x.flow": '{"nodes": {}}'}, "ProcessingInputs[flow]: x.flow is no flow: nodes"),
    ({"x.flow": '{"nodes": [{"node_id": "a"}]}'}, "x.flow is no flow: nodes"),
    ({"x.flow": "\xff\xfe"}, "x.flow is no flow"),
]


@pytest.mark.parametrize(("files", "text"), BROKEN)
def test_what_is_no_flow_is_named_with_its_input(
    ml: Path, flow: Flow, files: dict[str, str], text: str
) -> None:
    run(ml, "right", flow, list(flow.document)[-1])
    folder = ml / "processing/flow"
    path = ml / "config/processingjobconfig.json"
    config = json.loads(path.read_text())
    where = {"S3Uri": "s3://b/x.flow", "LocalPath": str(folder)}
    config["ProcessingInputs"].append({"InputName": "flow", "S3Input": where})
    path.write_text(json.dumps(config))
    (folder / "x.flow").unlink()
    for name, content in files.items():
        (folder / name).write_text(content, encoding="latin-1")
    with pytest.raises(WranglerError, match=re.escape(text)):
        Request.read([], ml)


def test_results_beside_a_flow_are_no_second_one(ml: Path, flow: Flow) -> None:
    (ml / "processing/flow/x.flow.results").write_text("{}")
    assert run(ml, "beside", flow, list(flow.document)[-1])[0] == []


def test_what_comes_from_a_database_is_not_taken_for_what_was_kept(
    ml: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is what comes from a listed table whose files have changed."""
    shop = ml / "shop.db"
    (ml / "config/connections.json").write_text(json.dumps({"shop": f"sqlite:///{shop}"}))
    (ml / "config/tables.json").write_text(json.dumps({"db.rows": "s3://here/rows.csv"}))
    monkeypatch.setattr(working, "WORTH_KEEPING_S", 0.0)
    flow = Flow.new()
    ends = []
    for number, definition in enumerate(
        (
            {"datasetSourceType": "Database", "connection": "shop", "table": "t"},
            {"datasetSourceType": "Athena", "queryString": "SELECT sum(a) AS a FROM db.rows"},
        )
    ):
        parameters = {"dataset_definition": {"name": f"source {number}", **definition}}
        source = flow.document.add("studio.database_source_0.1", parameters, type="SOURCE")
        renamed = {"input_column": "a", "new_name": "b"}
        ends.append(flow.add("manage_columns/rename_column", source, **renamed))
    broken = flow.add("manage_columns/drop_column", ends[0], column_to_drop="none")
    for turn, (rows, values) in enumerate((("a,b\n1,2\n", 5), ("a,b\n10,2\n", 6))):
        with sqlite3.connect(shop) as connection:
            connection.execute("DROP TABLE IF EXISTS t")
            connection.execute(f"CREATE TABLE t AS SELECT {values} AS a")
        (ml / "processing/data/rows.csv").write_text(rows)
        assert len(run(ml, f"turn-{turn}", flow, *ends, broken)[0]) == 1  # so that it is kept
        assert column(ml, 0, f"turn-{turn}", ends[0], "b") == [values]
        assert column(ml, 1, f"turn-{turn}", ends[1], "b") == [int(rows.split()[1].split(",")[0])]
