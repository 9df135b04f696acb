"""Notebooks that flows are exported as, run top to bottom."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
from test_notebooks import connected

from studio_ext.wrangler import Flow
from studio_ext.wrangler.errors import FlowError, ParameterError

DATA = Path(__file__).parents[2] / "notebooks" / "data" / "bank-additional.csv"


def _flow() -> Flow:
    """Ages and jobs of the bank's customers, and how long they were called."""
    flow = Flow.new()
    place = {"s3Uri": str(DATA), "s3ContentType": "csv", "s3HasHeader": True}
    place["s3FieldDelimiter"] = ";"
    definition = {"datasetSourceType": "S3", "name": DATA.name, "s3ExecutionContext": place}
    flow.document.add("sagemaker.s3_source_0.1", {"dataset_definition": definition}, type="SOURCE")
    kept = {"age", "job", "campaign", "duration"}
    others = [name for name in pd.read_csv(DATA, sep=";", nrows=1) if name not in kept]
    flow.add("infer_and_cast_type")
    flow.add("manage_columns/drop_column", column_to_drop=others)
    flow.wrangle("""
min_max_scaler input_column=[age, campaign]
one_hot_encode column=job output_style=Columns
""")
    return flow


def _code(notebook: Any, more: str = "") -> str:
    nbformat.validate(notebook)
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return "\n\n".join([*cells, more])


#: Puts the job's table into a file, for the test to look at.
KEEP = """
import io
import pandas as pd
found = [s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in files]
pd.concat(map(pd.read_parquet, map(io.BytesIO, found))).to_parquet("made.parquet")
"""


@pytest.mark.timeout(600)
def test_jobs_and_pipelines_run_top_to_bottom(studio: Path, tmp_path: Path) -> None:
    flow = _flow()
    store = flow.to_notebook("feature-store", record_id="age")
    # What a feature group is made of is the same job's output.
    ingest = "\n\n".join(cell.source for cell in store.cells[-4:] if cell.cell_type == "code")
    code = _code(flow.to_notebook("inference", label="duration"), f"{KEEP}\n\n{ingest}")
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=connected(studio),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    prediction, refused, ingested = done.stdout.splitlines()[-3:]
    assert 0 < float(prediction) < 5000, "a call takes some seconds"
    wanted = flow.run().table().to_pandas()
    assert refused.startswith("Nothing is ingested: ")
    assert ingested == f"0 of {len(wanted)} records ingested"
    made = pd.read_parquet(tmp_path / "made.parquet")
    assert made.columns[0] == "duration"
    pd.testing.assert_frame_equal(made[list(wanted)], wanted)


def test_a_notebook_of_the_steps_runs(tmp_path: Path) -> None:
    notebook = _flow().fit().to_notebook()
    nbformat.write(notebook, tmp_path / "flow.ipynb")
    assert [cell.id for cell in notebook.cells] == [
        cell.id for cell in nbformat.read(tmp_path / "flow.ipynb", 4).cells
    ]
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    assert any(text.startswith("**One-hot encode**") for text in texts)
    namespace: dict[str, Any] = {}
    exec(_code(notebook), namespace)  # noqa: S102
    assert namespace["result"].table() == _flow().run().table()


def test_what_a_notebook_needs_is_told() -> None:
    flow = _flow()
    with pytest.raises(ParameterError, match="label: None must name the column to predict"):
        flow.to_notebook("training")
    with pytest.raises(ParameterError, match="record_id"):
        flow.to_notebook("feature-store")
    with pytest.raises(ParameterError, match="target: 'pdf' is none of python, processing"):
        flow.to_notebook("pdf")  # type: ignore[arg-type]
    table = Flow.from_dataframe(pd.DataFrame({"a": [1], "b": [2]})).wrangle("drop_column column=a")
    with pytest.raises(FlowError, match="cannot read the table 'df' of a program"):
        table.to_notebook("processing")


@pytest.mark.parametrize(
    ("label", "first"), [("y", [0, 1, 0]), ("n", [5, 6, 7]), ("nothing", None)]
)
def test_a_label_of_texts_is_numbered(tmp_path: Path, label: str, first: list[int] | None) -> None:
    path = tmp_path / "rows.csv"
    pd.DataFrame({"n": [5, 6, 7], "y": ["no", "yes", "no"]}).to_csv(path, index=False)
    flow = Flow.new()
    place = {"s3Uri": str(path), "s3ContentType": "csv", "s3HasHeader": True}
    definition = {"datasetSourceType": "S3", "name": "rows.csv", "s3ExecutionContext": place}
    flow.document.add("sagemaker.s3_source_0.1", {"dataset_definition": definition}, type="SOURCE")
    flow.add("infer_and_cast_type")
    notebook = flow.to_notebook("training", label=label)
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    # The steps of the flow and the label's; what lies between and behind speaks to Studio.
    steps = cells[: next(n for n, each in enumerate(cells) if "boto3" in each)]
    (labelled,) = [each for each in cells if "prepared = node" in each]
    code = "\n\n".join([*steps, "node = list(flow.document)[-1]", labelled])
    namespace: dict[str, Any] = {}
    if first is None:
        with pytest.raises(ValueError, match="no column 'nothing' to predict"):
            exec(code, namespace)  # noqa: S102
        return
    exec(code, namespace)  # noqa: S102
    table = namespace["flow"].run().table()
    assert table.column_names[0] == label and table[label].to_pylist() == first
