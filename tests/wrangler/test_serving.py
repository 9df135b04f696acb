"""A fitted flow as a model archive, and the container that serves it: one record as the table."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from studio_ext.wrangler import Flow
from studio_ext.wrangler.errors import FlowError, StepError
from studio_ext.wrangler.serving import FlowService

TABLE = pd.DataFrame(
    {
        "age": ["31", "52", None, "47"],
        "job": ["admin, assistant", "tech", "tech", None],
        "bought": ["no", "yes", "no", "yes"],
    }
)
SCALE = "process_numeric/scale_values/min_max_scaler"


def _flow() -> Flow:
    flow = Flow.from_dataframe(TABLE)
    flow.add("infer_and_cast_type")
    flow.add("handle_missing/impute/numeric", input_column="age", strategy="Mean")
    flow.add("balance_data/random_oversample", target_column="bought", ratio=1)
    flow.add(SCALE, input_column="age")
    flow.add("encode_categorical/one_hot_encode", input_column="job", output_style="Columns")
    return flow


def _served(path: Path, **environment: str) -> FlowService:
    folder = path.with_suffix("")
    with tarfile.open(path) as tar:
        tar.extractall(folder, filter="data")
    service = FlowService(str(folder), environment)
    service.load()
    return service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> FlowService:
    folder = tmp_path_factory.mktemp("model")
    return _served(_flow().to_model(folder / "model.tar.gz", target="bought"))


def _ask(service: FlowService, body: str, kind: str = "text/csv", **header: Any) -> tuple[int, str]:
    answer, data = service.answer({"content_type": kind, **header}, body.encode())
    return answer["status"], data.decode()


def test_a_record_in_each_form_answers_as_the_table_does(service: FlowService) -> None:
    flow = _flow()
    wanted = flow.run().table().to_pandas().drop(columns="bought").iloc[:4]
    rows = [",".join(map(str, row)) for row in wanted.itertuples(index=False)]
    records = TABLE.drop(columns="bought").to_dict("records")
    records = [{k: None if pd.isna(v) else v for k, v in each.items()} for each in records]
    csv = TABLE.drop(columns="bought").to_csv(index=False, header=False)
    status, body = _ask(service, csv)
    assert (status, body.splitlines()) == (200, rows)
    assert _ask(service, TABLE.to_csv(index=False))[1] == body, "a header names the columns"
    for line, row in zip(csv.splitlines(), rows, strict=True):
        assert _ask(service, line) == (200, f"{row}\n")
    lines = "\n".join(map(json.dumps, records))
    for text, kind in [
        (json.dumps(records), "application/json"),
        (json.dumps({"instances": records}), "application/json"),
        (json.dumps({"instances": [{"features": each} for each in records]}), "application/json"),
        (json.dumps([list(each.values()) for each in records]), "application/json; charset=utf-8"),
        (lines, "application/jsonlines"),
    ]:
        assert _ask(service, text, kind) == (200, body)
    (made,) = json.loads(
        _ask(service, json.dumps(records[0]), "application/json", accept="application/json")[1]
    )
    assert made == flow.fitted(target="bought").apply_record(records[0])


@pytest.mark.parametrize(
    ("body", "kind", "accept", "status", "words"),
    [
        ("1,2,3", "text/csv", None, 400, "has 3 values; 2 are needed: age, job"),
        ("", "text/csv", None, 400, "holds no record"),
        ('{"age": 1}', "application/json", None, 400, "no column 'job'; it needs age, job"),
        ("{", "application/json", None, 400, "not valid application/json"),
        ("[1, 2, 3]", "application/json", None, 400, "3 values"),
        ("7", "application/json", None, 400, "a JSON object"),
        ("x", "image/png", None, 415, "image/png is not supported"),
        ("1,a", "text/csv", "image/png", 406, "image/png is not supported"),
    ],
)
def test_what_cannot_be_read_is_told(
    service: FlowService, body: str, kind: str, accept: str | None, status: int, words: str
) -> None:
    found, text = _ask(service, body, kind, accept=accept)
    assert found == status, text
    assert words in text


def test_a_record_that_a_step_leaves_out_is_told(tmp_path: Path) -> None:
    flow = Flow.from_dataframe(TABLE)
    flow.add("handle_missing/drop_missing/drop_rows", input_column=["age"])
    service = _served(flow.to_model(tmp_path / "model.tar.gz"))
    for body in (",tech,no", "1,tech,no\n,tech,no"):
        status, text = _ask(service, body)
        assert status == 400
        assert "Drop missing leaves rows out" in text


def test_an_archive_of_a_flow_file_alone_serves(tmp_path: Path) -> None:
    """As Data Wrangler's notebooks make it: the step after the source knows the columns."""
    flow = _flow().fit()
    (tmp_path / "inference").mkdir()
    flow.save(tmp_path / "inference" / "bank.flow")
    service = FlowService(str(tmp_path / "inference"), {"INFERENCE_TARGET_COLUMN_NAME": "bought"})
    service.load()
    row = flow.run().table().to_pandas().drop(columns="bought").iloc[1]
    assert _ask(service, "52,tech") == (200, ",".join(map(str, row)) + "\n")
    (tmp_path / "inference" / "other.flow").write_text("{}")
    with pytest.raises(FlowError, match=r"exactly one .flow file; found bank.flow, other.flow"):
        service.load()


def test_a_flow_that_no_row_can_go_through_makes_no_archive(tmp_path: Path) -> None:
    flow = _flow()
    flow.add("manage_rows/sort", sort_by="age")
    with pytest.raises(StepError, match="needs other rows"):
        flow.to_model(tmp_path / "model.tar.gz")
    assert list(tmp_path.iterdir()) == []
