"""Results beside the flow: what a run gave, as long as the flow is the same."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from studio_ext.wrangler import Flow
from studio_ext.wrangler.errors import FlowError
from studio_ext.wrangler.flow import Input
from studio_ext.wrangler.results import folder_of

SCALE = "process_numeric/scale_values/min_max_scaler"


@pytest.fixture
def flow(tmp_path: Path) -> Flow:
    """Source, types, scaled column, analysis, and a step that fails."""
    (tmp_path / "in.csv").write_text("a,b\n" + "".join(f"{each},x\n" for each in range(500)))
    flow = Flow.new()
    place = {"s3Uri": f"{tmp_path}/{{{{file}}}}", "s3ContentType": "csv"}
    definition = {"datasetSourceType": "S3", "name": "t", "s3ExecutionContext": place}
    flow.document.data["parameters"] = [{"name": "file", "type": "string", "value": "in.csv"}]
    parameters = {"dataset_definition": definition}
    source = flow.document.add("sagemaker.s3_source_0.1", parameters, type="SOURCE", name="in")
    types = flow.add("infer_and_cast_type", source)
    flow.add(SCALE, input_column="a")
    flow.document.add(
        "sagemaker.visualizations.describe_0.1", {}, [Input(types.id)], type="VISUALIZATION"
    )
    flow.add("manage_columns/drop_column", types, column_to_drop="gone")
    flow.save(tmp_path / "my.flow")
    return flow


def test_what_a_run_gave_is_kept_beside_the_flow(flow: Flow) -> None:
    source, types, scaled, described, bad = flow.document
    assert flow.results() is None
    assert flow.document.path
    text = flow.document.path.read_bytes()
    folder = flow.run().save(rows=10)
    assert folder == folder_of(flow.document.path) and flow.document.path.read_bytes() == text
    found = Flow.open(flow.document.path).results()
    assert found and not found.stale
    assert {name: found[name]["state"] for name in found} == {
        **dict.fromkeys((source.id, types.id, scaled.id, described.id), "done"),
        bad.id: "failed",
    }
    assert "no column 'gone'" in found[bad.id]["error"]
    output = found[scaled.id]["outputs"]["default"]
    assert (output["rows"], output["columns"]) == (500, {"a": "float", "b": "string"})
    assert found.rows(scaled.id).to_pydict()["a"] == pytest.approx([n / 499 for n in range(10)])
    assert found[types.id]["trained"] == {"schema": {"a": "long", "b": "string"}}
    assert found.analysis(described.id)["data"]["columns"]["a"]["count"] == 500


def test_results_of_what_was_changed_are_stale(flow: Flow) -> None:
    _, types, scaled, *_ = flow.document
    flow.run().save()
    scaled.data["name"] = "another name"
    scaled.parameters["scale_values_parameters"]["min_max_scaler_parameters"]["max"] = 2
    found = flow.results()
    assert found and found.stale == [scaled.id] and types.id in found and scaled.id not in found
    with pytest.raises(KeyError):
        found.rows(scaled.id)
    flow.document.data["parameters"][0]["value"] = "other.csv"
    later = flow.results()
    assert later and sorted(later.stale) == sorted(node.id for node in flow.document)


def test_faults_that_show_late_are_told_at_their_source(flow: Flow, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("a,b\n" + "1,x\n" * 30_000 + "1\n")
    source, types, *_ = flow.document
    flow.run().save()
    found = flow.results()
    assert found and found[source.id]["state"] == "failed" and found[types.id]["state"] == "skipped"
    assert "in.csv: line 30002" in found[source.id]["error"]


def test_results_are_whole_or_not_there(flow: Flow, tmp_path: Path) -> None:
    folder = flow.run().save()
    before = (folder / "results.json").read_bytes()
    with pytest.raises(RuntimeError):

        class Broken:
            def __str__(self) -> str:
                raise RuntimeError

        flow.run(parameters={"other": Broken()}).save()
    assert (folder / "results.json").read_bytes() == before
    assert not [each for each in tmp_path.iterdir() if each.name.startswith(".")]
    (folder / "results.json").write_text("{")
    with pytest.raises(FlowError, match="the results are damaged"):
        flow.results()


def test_a_flow_without_a_file_needs_a_folder(tmp_path: Path) -> None:
    flow = Flow.from_dataframe(pa.table({"x": [1.0, float("nan")]}))
    with pytest.raises(FlowError, match="name a folder"):
        flow.run().save()
    folder = flow.run().save(tmp_path / "kept")
    assert json.loads((folder / "results.json").read_text())["format"] == 1
    found = flow.results(folder)
    assert found and [found[each]["outputs"]["default"]["rows"] for each in found] == [2]
