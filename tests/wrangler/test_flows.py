"""Flows from file to table: running, learning, learning anew, and single rows."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from studio_ext.wrangler import Flow
from studio_ext.wrangler.errors import DataError, ParameterError, StepError, WranglerError
from studio_ext.wrangler.flow import Input, Node
from studio_ext.wrangler.inference import Fitted
from studio_ext.wrangler.running import State
from studio_ext.wrangler.types import STRING

CSV = "id,Größe,note\n1,10.5,a\n2,,b\n3,20.5, \n4,31,c\n"
SCALE = "process_numeric/scale_values/min_max_scaler"


def _source(flow: Flow, path: str) -> Node:
    place = {"s3Uri": path, "s3ContentType": "csv", "s3HasHeader": True}
    definition = {"datasetSourceType": "S3", "name": "table", "s3ExecutionContext": place}
    return flow.document.add(
        "sagemaker.s3_source_0.1", {"dataset_definition": definition}, type="SOURCE"
    )


@pytest.fixture
def flow(tmp_path: Path) -> Flow:
    """Source, types, scaled column, one column less."""
    (tmp_path / "table.csv").write_text(CSV)
    flow = Flow.new()
    source = _source(flow, str(tmp_path / "table.csv"))
    flow.add("infer_and_cast_type", source)
    flow.add(SCALE, input_column="Größe")
    flow.add("manage_columns/drop_column", column_to_drop="id")
    return flow


def test_a_flow_runs_from_file_to_table(flow: Flow) -> None:
    made = flow.run().table()
    assert made.schema.types == [pa.float64(), pa.string()]
    low, high = 10.5, 31.0
    scaled = [0.0, None, (20.5 - low) / (high - low), 1.0]
    assert made["Größe"].to_pylist() == pytest.approx(scaled)
    assert made["note"].to_pylist() == ["a", "b", " ", "c"]


def test_what_was_learned_is_saved_and_used(flow: Flow, tmp_path: Path) -> None:
    path = flow.fit().save(tmp_path / "fitted.flow")
    again = Flow.open(path)
    other = pa.table({"id": ["9"], "Größe": ["41.25"], "note": ["z"]})
    made = again.run(inputs={"table": other}).table()
    assert made["Größe"].to_pylist() == pytest.approx([(41.25 - 10.5) / 20.5])
    assert not [each for each in again.run().outcomes.values() if each.learned]


def test_learning_anew_gives_another_flow(flow: Flow) -> None:
    flow.fit()
    before = flow.document.text()
    other = pa.table({"id": ["9", "10"], "Größe": ["100", "200"], "note": ["z", "z"]})
    refitted = flow.refitted(inputs={"table": other})
    assert flow.document.text() == before
    assert refitted.run(inputs={"table": other}).table()["Größe"].to_pylist() == [0.0, 1.0]


def test_a_step_whose_parameters_changed_learns_again(flow: Flow) -> None:
    flow.fit()
    (scaler,) = [each for each in flow.document if "process_numeric" in each.operator]
    chosen = scaler.parameters["scale_values_parameters"]["min_max_scaler_parameters"]
    chosen["max"] = 10
    assert max(flow.run().table()["Größe"].drop_null().to_pylist()) == 10


def test_single_rows_a_table_and_the_flow_agree(flow: Flow) -> None:
    fitted = flow.fitted()
    rows = pd.read_csv(io.StringIO(CSV), dtype=object, na_values=[""], keep_default_na=False)
    table = pa.Table.from_pandas(rows, preserve_index=False)
    whole = flow.run().table().to_pylist()
    assert fitted.apply(table).to_pylist() == whole
    assert [fitted.apply_record(row) for row in table.to_pylist()] == whole
    with pytest.raises(DataError, match="no column 'note'; it needs id, Größe, note"):
        fitted.apply_record({"id": "1", "Größe": "2"})
    fitted.close()


@pytest.mark.parametrize("kind", ["pandas", "arrow"])
def test_a_table_of_the_program_is_a_source(kind: str, tmp_path: Path) -> None:
    table = pa.table({"x": [1.0, 3.0, None], "k": ["a", None, "a"]})
    flow = Flow.from_dataframe(table.to_pandas() if kind == "pandas" else table)
    flow.add("handle_missing/impute/numeric", input_column="x", strategy="Mean")
    assert flow.run().table().to_pydict() == {"x": [1.0, 3.0, 2.0], "k": ["a", None, "a"]}
    again = Flow.open(flow.fit().save(tmp_path / "steps.flow"))
    more = pa.table({"x": pa.array([None], pa.float64()), "k": ["b"]})
    assert again.run(inputs={"df": more}).table().to_pydict() == {"x": [2.0], "k": ["b"]}
    assert "The table 'df' is not in the file" in next(iter(again.run().errors.values()))


def test_an_unknown_step_stops_only_what_needs_it(flow: Flow) -> None:
    last = list(flow.document)[-1]
    strange = flow.document.add("acme.magic_0.1", {"a": 1}, [])
    strange.data["inputs"] = [{"name": "df", "node_id": last.id, "output_name": "default"}]
    after = flow.add("manage_columns/drop_column", strange, column_to_drop="note")
    result = flow.run()
    assert result.outcomes[last.id].state == State.DONE
    assert result.outcomes[strange.id].state == State.UNSUPPORTED
    assert result.outcomes[after.id].state == State.SKIPPED
    assert list(result.errors) == [strange.id]
    with pytest.raises(StepError, match=r"does not know the operator 'acme.magic_0.1'"):
        result.table(after)


def test_a_step_that_fails_says_which_and_keeps_what_was_before(flow: Flow) -> None:
    bad = flow.add("manage_columns/drop_column", column_to_drop="Grösse")
    result = flow.run()
    assert result.outcomes[bad.id].state == State.FAILED
    assert "did you mean 'Größe'" in result.errors[bad.id]
    assert result.table(list(flow.document)[-2]).num_rows == 4
    with pytest.raises(StepError):
        flow.fit()


def test_parameters_stand_in_texts(tmp_path: Path) -> None:
    (tmp_path / "july.csv").write_text("a\n1\n")
    flow = Flow.new()
    flow.add("infer_and_cast_type", _source(flow, str(tmp_path / "{{month}}.csv")))
    assert flow.run(parameters={"month": "july"}).table().to_pydict() == {"a": [1]}
    message = next(iter(flow.run().errors.values()))
    assert "uses the parameter 'month', which has no value" in message


def test_an_analysis_of_the_flow_is_run_when_asked(flow: Flow) -> None:
    last = list(flow.document)[-1]
    asked = flow.document.add(
        "sagemaker.visualizations.describe_0.1", {}, [Input(last.id)], type="VISUALIZATION"
    )
    broken = flow.document.add(
        "sagemaker.visualizations.histogram_0.1",
        {"x_axis": "id"},
        [Input(last.id)],
        type="VISUALIZATION",
    )
    result = flow.run()
    assert result.findings(asked).data["columns"]["Größe"]["count"] == 3
    with pytest.raises(StepError, match="no column 'id'"):
        result.findings(broken)


def test_wrong_parameters_are_refused_when_a_step_is_added(flow: Flow) -> None:
    with pytest.raises(ParameterError, match="input_column"):
        flow.add(SCALE, input_column=[])
    assert len(flow.document) == 4


def test_rows_go_through_learned_steps_alone(flow: Flow) -> None:
    schema = dict.fromkeys(("id", "Größe", "note"), STRING)
    with pytest.raises(StepError, match="has learned nothing yet"):
        Fitted(flow.document, schema)


@pytest.mark.parametrize(
    ("key", "parameters", "said"),
    [
        ("handle_missing/imputee", {}, "no step 'handle_missing/imputee': did you mean handle"),
        (
            "handle_missing/impute/numeric",
            {"input_column": "x", "strateggy": "Mean"},
            "has no parameter 'strateggy': did you mean strategy",
        ),
    ],
)
def test_a_step_that_is_mistyped_names_the_nearest(
    key: str, parameters: dict[str, str], said: str
) -> None:
    flow = Flow.from_dataframe({"x": [1.0, None]})
    with pytest.raises(WranglerError, match=said):
        flow.add(key, **parameters)
    assert len(list(flow.document)) == 1
