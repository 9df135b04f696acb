"""Flows as Python code and as SQL, run where this process' objects are not: the same tables."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from flow_tables import tables

from studio_ext.wrangler import Flow, catalogue
from studio_ext.wrangler.errors import StepError, UnsupportedError
from studio_ext.wrangler.exports.literals import literal
from studio_ext.wrangler.flow import Document, Input, Node

FLOWS = sorted((Path(__file__).parent / "flows").glob("*.flow"))
CSV = "id,Größe,note\n1,10.5,a\n2,,b\n3,20.5,\n4,31,c\n"
SCALE = "process_numeric/scale_values/min_max_scaler"


def _meaning(document: Document) -> list[Any]:
    """What a run reads of a flow, nodes by their place."""
    place = {node.id: index for index, node in enumerate(document.order())}
    return [_of(node, place) for node in document.order()]


def _of(node: Node, place: Mapping[str, int]) -> Any:
    given = [(place[each.node], each.output) for each in node.inputs]
    rest = (node.type, given, node.data.get("name"), node.data.get("outputs"))
    if node.type != "TRANSFORM":
        return node.operator, node.parameters, *rest
    operator = catalogue.find(node.operator, node.parameters)
    p = operator.Parameters.model_validate(operator.form.read(node.parameters))
    saved = operator.form.read_trained(node.trained)
    return operator.key, p, operator.restored(saved, p) if saved else None, *rest


def _run(code: str, folder: Path, more: str = "") -> None:
    (folder / "made.py").write_text(f"{code}\n{more}")
    done = subprocess.run(
        [sys.executable, "made.py"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
def test_the_code_of_a_real_flow_makes_it_again(path: Path) -> None:
    flow = Flow.open(path)
    namespace: dict[str, Any] = {"__name__": "made"}
    exec(flow.to_python(), namespace)  # noqa: S102
    made = namespace["flow"].document
    assert _meaning(made) == _meaning(flow.document)
    kept = ("metadata", "parameters")
    assert [made.data.get(key) for key in kept] == [flow.document.data.get(key) for key in kept]
    # What was made says the same of itself.
    assert Flow(made).to_python() == flow.to_python()


@pytest.mark.parametrize(
    ("name", "refit"), [("fraud_customers", True), ("music_recommendation", False)]
)
def test_exported_code_gives_the_same_table_elsewhere(
    name: str, refit: bool, tmp_path: Path
) -> None:
    flow = Flow.open(FLOWS[0].with_stem(name))
    given = tables(flow)
    for number, table in enumerate(given.values()):
        pq.write_table(table, tmp_path / f"{number}.parquet")
    result = flow.run(inputs=given, refit=refit)
    assert result.errors == {}
    read = ", ".join(f"{key!r}: pq.read_table('{i}.parquet')" for i, key in enumerate(given))
    code = flow.to_python().partition("if __name__")[0]
    more = "import pyarrow.parquet as pq\n"
    more += f"table = flow.run(inputs={{{read}}}, refit={refit}).table()\n"
    _run(code, tmp_path, f"{more}pq.write_table(table, 'made.parquet')")
    made = pq.read_table(tmp_path / "made.parquet").to_pandas()
    drop = [column for column in made if column == "event_time"]  # the time of the run
    wanted = result.table().to_pandas()
    pd.testing.assert_frame_equal(made.drop(columns=drop), wanted.drop(columns=drop))


def _queried(query: str, tables: Mapping[str, pa.Table] | None = None) -> dict[str, list[Any]]:
    connection = duckdb.connect()
    for name, table in (tables or {}).items():
        connection.register(name, table)
    rows = connection.execute(query).fetchall()
    names = [each[0] for each in connection.description]
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


@pytest.fixture
def flow(tmp_path: Path) -> Flow:
    """From a file to two files, by way of steps that learn and one that splits."""
    (tmp_path / "table.csv").write_text(CSV)
    flow = Flow.new()
    place = {"s3Uri": str(tmp_path / "table.csv"), "s3ContentType": "csv", "s3HasHeader": True}
    definition = {"datasetSourceType": "S3", "name": "table.csv", "s3ExecutionContext": place}
    source = flow.document.add(
        "sagemaker.s3_source_0.1", {"dataset_definition": definition}, type="SOURCE"
    )
    flow.add("infer_and_cast_type", source)
    flow.add("handle_missing/impute/numeric", input_column="Größe", strategy="Mean")
    flow.add(SCALE, input_column="Größe")
    split = flow.add(
        "split/ordered_split",
        input_column="id",
        splits=[{"name": "A", "percentage": 0.5}, {"name": "B", "percentage": 0.5}],
    )
    split.data["outputs"] = [{"name": "A"}, {"name": "B"}]
    last = flow.add("manage_columns/drop_column", split.output("B"), column_to_drop="id")
    for name, kind in (("rows.parquet", "PARQUET"), ("rows.csv", "CSV")):
        config = {"output_path": str(tmp_path / name), "output_content_type": kind}
        flow.document.add(
            "sagemaker.spark.s3_destination_0.1",
            {"output_config": config},
            [Input(last.id)],
            type="DESTINATION",
        )
    return flow


def test_a_script_runs_by_itself_with_what_was_learned(flow: Flow, tmp_path: Path) -> None:
    wanted = flow.fit().run().table()
    (tmp_path / "table.csv").write_text(CSV.replace("31", "1000"))  # other rows, the same scale
    other = flow.run().table()
    assert other != wanted
    _run(flow.to_python(), tmp_path)
    made = pq.ParquetFile(tmp_path / "rows.parquet").read()
    assert made.to_pydict() == other.to_pydict()
    _run(flow.to_python(learned=False), tmp_path)
    assert pq.ParquetFile(tmp_path / "rows.parquet").read() != made


def test_a_parameter_of_the_flow_stays_one(flow: Flow) -> None:
    flow.document.data["parameters"] = [{"name": "top", "type": "number", "value": "2"}]
    (scaler,) = [each for each in flow.document if "process_numeric" in each.operator]
    scaler.parameters["scale_values_parameters"]["min_max_scaler_parameters"]["max"] = "{{top}}"
    namespace: dict[str, Any] = {"__name__": "made"}
    exec(flow.to_python(), namespace)  # noqa: S102
    assert namespace["flow"].run().table() == flow.run().table()
    made = namespace["flow"].run(parameters={"top": 5}).table()
    assert max(made["Größe"].to_pylist()) == 5


def test_a_query_gives_the_nodes_table(flow: Flow, tmp_path: Path) -> None:
    wanted = flow.fit().run()
    last = flow.document.last()
    query = flow.to_sql()
    assert "20.6666" in query, "the mean that was learned"
    assert _queried(query) == wanted.table(last).to_pydict()
    (split,) = [each for each in flow.document if "split" in each.operator]
    assert _queried(flow.to_sql(split, "A")) == wanted.table(split, "A").to_pydict()
    for node in flow.document:
        if node.type == "DESTINATION":
            duckdb.connect().execute(flow.to_sql(node))
    made = pq.ParquetFile(tmp_path / "rows.parquet").read()
    assert made.to_pydict() == wanted.table(last).to_pydict()
    assert (
        pd.read_csv(tmp_path / "rows.csv").note.isna().tolist()
        == made["note"].is_null().to_pylist()
    )


def test_the_query_of_a_real_flow_gives_its_table() -> None:
    flow = Flow.open(FLOWS[0].with_stem("customer_churn"))
    ((name, table),) = tables(flow).items()
    query = flow.to_sql(inputs={name: table})
    assert f'FROM "{name}"' in query
    assert _queried(query, {name: table}) == flow.run(inputs={name: table}).table().to_pydict()


def test_what_is_no_sql_is_named() -> None:
    flow = Flow.from_dataframe(pa.table({"x": [1.0, 2.0], "k": ["a", "b"]}))
    flow.add("custom_code/python_pandas", code="df['x'] += 1")
    drop = flow.add("manage_columns/drop_column", column_to_drop="k")
    with pytest.raises(UnsupportedError, match=r"SQL: Python \(Pandas\)\. Export the flow as"):
        flow.to_sql(drop)
    source = next(iter(flow.document))
    assert 'FROM "df"' in flow.to_sql(source)
    wrong = flow.add("manage_columns/drop_column", source, column_to_drop="y")
    with pytest.raises(StepError, match="no column 'y'"):
        flow.to_sql(wrong)


@pytest.mark.parametrize(
    "value",
    [
        "two\nlines",
        "quotes \"\"\" and '\n''' \\ end\"",
        "ends in a backslash\n\\",
        "\ttab\r\n and \x00 signs \u2028 ü",
        {"a": [1, 2.5, None, True], "é": {"b": ["x" * 40, "y" * 60]}},
        list(range(200)),
        [{"deep": [{"er": list("abcdefghij" * 9)}]}, [], {}, ""],
        [float("inf"), float("-inf")],
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_are_written_as_they_are(value: Any) -> None:
    assert eval(literal(value)) == value
    assert eval(literal({"key": [value]}, 2)) == {"key": [value]}
