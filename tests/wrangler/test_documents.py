"""Flow files as documents: real ones, and broken ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from studio_ext.wrangler import Flow
from studio_ext.wrangler.errors import FlowError
from studio_ext.wrangler.flow import Document
from studio_ext.wrangler.flow.trained import decoded

FLOWS = sorted((Path(__file__).parent / "flows").glob("*.flow"))


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
def test_what_was_not_changed_is_written_as_it_was(path: Path, tmp_path: Path) -> None:
    document = Document.open(path)
    assert document.save(tmp_path / "copy.flow").read_bytes() == path.read_bytes()
    # A change that is taken back, and one that stays, touch nothing else.
    document.data["nodes"][0]["name"] = "changed"
    changed = document.text()
    del document.data["nodes"][0]["name"]
    assert document.text() == path.read_text()
    assert Document.parse(changed).text() == changed
    assert len(changed) - len(path.read_text()) < 60


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
def test_what_spark_saved_is_read(path: Path) -> None:
    for node in Document.open(path):
        if node.trained:
            assert "P)h>@6aWAK" not in json.dumps(decoded(node.trained))


def test_a_saved_indexer_gives_its_labels() -> None:
    node = next(
        each
        for each in Document.open(Path(__file__).parent / "flows" / "fraud_customers.flow")
        if each.operator.endswith("encode_categorical_0.1")
        and each.parameters["one_hot_encode_parameters"].get("input_column") == "policy_state"
    )
    saved = decoded(node.trained)["one_hot_encode_parameters"]
    assert saved["string_indexer_model"]["labelsArray"] == [["ca", "wa", "az", "or", "nv", "id"]]
    assert saved["one_hot_encoder_model"]["categorySizes"] == [7]


def _node(name: str, *inputs: str) -> dict[str, Any]:
    return {
        "node_id": name,
        "type": "TRANSFORM",
        "operator": "sagemaker.spark.manage_columns_0.1",
        "parameters": {},
        "inputs": [{"name": "df", "node_id": each, "output_name": "default"} for each in inputs],
        "outputs": [{"name": "default"}],
    }


def test_nodes_come_after_what_they_read_in_the_files_order() -> None:
    document = Document.parse(
        json.dumps({"nodes": [_node("d", "b", "c"), _node("c", "a"), _node("b", "a"), _node("a")]})
    )
    assert [each.id for each in document.order()] == ["a", "c", "b", "d"]
    assert [each.id for each in document.upstream("c")] == ["a", "c"]
    assert [each.id for each in document.readers("a")] == ["c", "b"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"nodes": [', "no JSON document"),
        (b"\xff\xfe{}", "no JSON document"),
        (b"[]", "a JSON object with a list of nodes"),
        (b'{"nodes": {}}', "a JSON object with a list of nodes"),
        (b'{"nodes": ["a"]}', r"nodes\[0\]: 'a' is no JSON object"),
        (b'{"nodes": [{"node_id": 7}]}', r"nodes\[0\].node_id: 7 is no text"),
        (b"[" * 200_000, "no JSON document"),
    ],
)
def test_what_is_no_flow_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(FlowError, match=words):
        Document.parse(content)


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ([_node("a", "b"), _node("b", "a")], "goes in a circle"),
        ([_node("a", "a")], "goes in a circle"),
        ([_node("a", "gone")], "there is no node 'gone'"),
        ([_node("a"), _node("a")], "is there twice"),
        ([{**_node("a"), "type": "ANALYSIS"}], "none of SOURCE, TRANSFORM"),
        ([{**_node("a"), "parameters": []}], "parameters"),
        ([{**_node("a"), "inputs": "x"}], "inputs"),
        ([_node("a"), {**_node("b"), "inputs": [{"node_id": "a", "output_name": [1]}]}], "no text"),
        ([{**_node("a"), "outputs": [{"name": 1}]}], r"outputs.name: 1 is no text"),
        ([{**_node("a"), "outputs": [{"sampling": "all"}]}], "sampling"),
    ],
)
def test_what_cannot_be_run_is_refused(nodes: list[Any], words: str) -> None:
    with pytest.raises(FlowError, match=words):
        Document.parse(json.dumps({"nodes": nodes}))


def test_a_flow_that_begins_with_a_byte_order_mark_is_read_and_kept() -> None:
    content = b"\xef\xbb\xbf" + json.dumps({"nodes": [_node("a")]}).encode()
    document = Document.parse(content)
    assert document["a"].type == "TRANSFORM" and document.text().encode() == content


def test_a_dataset_node_is_a_name_for_what_it_reads() -> None:
    split = _node("s", "a")
    split["outputs"] = [{"name": "Train"}, {"name": "Test"}]
    named = {**_node("d", "s"), "type": "DATASET", "operator": "sagemaker.dataset.identity_0.1"}
    named["inputs"][0]["output_name"] = "Test"
    document = Document.parse(json.dumps({"nodes": [_node("a"), split, named]}))
    assert [(each.node, each.output) for each in document["d"].inputs] == [("s", "Test")]


def test_a_step_that_is_switched_off_passes_its_rows_on(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    flow = Flow.new()
    definition = {"datasetSourceType": "S3", "s3ExecutionContext": {"s3Uri": "table.csv"}}
    flow.document.add("sagemaker.s3_source_0.1", {"dataset_definition": definition}, type="SOURCE")
    node = flow.add("manage_columns/drop_column", column_to_drop=["a"])
    was = {name: node.data[name] for name in ("type", "operator", "parameters")}
    flow.add("manage_columns/rename_column", input_column="b", new_name="c")
    # As the editor of flows writes it.
    node.data |= {"operator": "sagemaker.spark.identity_0.1", "parameters": {}}
    node.data["studio_disabled"] = was
    read = Flow.open(flow.save(tmp_path / "off.flow"))
    assert read.run().table().column_names == ["a", "c"]
    off = read.document[node.id].switched_off
    assert off is not None and off.operator == was["operator"] and off.type == "TRANSFORM"
    read.document[node.id].data |= read.document[node.id].data.pop("studio_disabled")
    assert read.document[node.id].switched_off is None
    assert read.run().table().column_names == ["c"]


def test_paths_of_sources_count_from_the_folder_of_the_flow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "near.csv").write_text("near\n1\n")
    (tmp_path / "near.csv").write_text("wrong\n1\n")
    (tmp_path / "far.csv").write_text("far\n1\n")
    monkeypatch.chdir(tmp_path)
    for address in ("near.csv", "far.csv"):
        flow = Flow.new()
        definition = {"datasetSourceType": "S3", "s3ExecutionContext": {"s3Uri": address}}
        source = flow.document.add(
            "sagemaker.s3_source_0.1", {"dataset_definition": definition}, type="SOURCE"
        )
        flow.save("flows/x.flow")
        for opened in (Flow.open("flows/x.flow"), Flow.open("flows/x.flow").refitted()):
            assert opened.run().table(source.id).column_names == [address.removesuffix(".csv")]


def test_nodes_without_a_name_are_called_as_people_call_them() -> None:
    document = Document.new()
    definition = {"datasetSourceType": "S3", "name": "claims.csv"}
    parameters = {"dataset_definition": definition}
    source = document.add("sagemaker.s3_source_0.1", parameters, type="SOURCE")
    formula = document.add("sagemaker.spark.custom_formula_0.1", {}, [source.output()])
    chart = document.add(
        "sagemaker.visualizations.describe_0.1", {}, [source.output()], type="VISUALIZATION"
    )
    unknown = document.add("sagemaker.spark.nothing_0.1", {}, [source.output()])
    wrong = document.add(
        "sagemaker.s3_source_0.1", {"dataset_definition": "no object"}, type="SOURCE"
    )
    labels = [each.label for each in (source, formula, chart, unknown, wrong)]
    assert labels == [
        "claims.csv",
        "Custom formula",
        "Table summary",
        "sagemaker.spark.nothing_0.1",
        "sagemaker.s3_source_0.1",
    ]
    formula.data["name"] = "Mine"
    assert formula.label == "Mine"
