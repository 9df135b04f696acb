"""Steps as a person types them, what is shown after each, and back again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio_ext.wrangler import Flow
from studio_ext.wrangler.errors import FlowError
from studio_ext.wrangler.lines import LineError, read

TABLE = pd.DataFrame(
    {
        "age": [31.0, 52.0, None, 47.0],
        "job": ["admin.", "tech", "tech", None],
        "first name": ["Ann", "<b>Bo</b>", "Cé", "D" * 99],
    },
    index=[4, 2, 9, 1],
)
STEPS = """
# what is missing
handle_missing/impute/numeric column=age strategy={{how}}   # the mean

drop_column columns=["first name"]
one_hot_encode(
    input_column="job",
    output_style="Columns",
)
"""


def test_lines_are_steps_and_come_back_as_code() -> None:
    flow = Flow.from_dataframe(TABLE).wrangle(STEPS, {"how": "Mean"})
    wanted = {"age": [31.0, 52.0, 43.0 + 1 / 3, 47.0], "job_tech": [0, 1, 1, 0]}
    assert flow.to_pandas().drop(columns="job_admin.").to_dict("list") == wanted
    assert repr(flow) == "Flow(Impute > Drop column > One-hot encode)"
    namespace: dict[str, Any] = {"df": TABLE}
    exec(flow.code(), namespace)  # noqa: S102
    assert namespace["table"] == flow.to_arrow()
    # The parameter is the flow's own, with the value it had.
    assert flow.document.data["parameters"][0]["value"] == "Mean"
    median = flow.run(parameters={"how": "Approximate Median"}).table()
    assert median["age"].to_pylist()[2] == 47.0


def test_steps_are_taken_away_again() -> None:
    flow = Flow.from_dataframe(TABLE)
    jobs = pa.table({"job": ["tech"], "pay": [3]})
    join = "join_tables @jobs left_column=job right_column=job join_type=inner"
    flow.wrangle(f"drop_column column=age\n{join}", {"jobs": jobs})
    assert flow.columns == ["job_0", "first name", "job_1", "pay"]
    assert [each.type for each in flow.undo().document] == ["SOURCE", "TRANSFORM"]
    assert flow.undo().columns == list(TABLE)
    with pytest.raises(FlowError, match="There are 0 steps"):
        flow.undo()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("drop_columm column=age", r"line 1: .*no step 'drop_columm': did you mean manage_columns"),
        ("\n\ndrop_column columns=agee", "line 3: There is no column 'agee': did you mean 'age'"),
        ("drop_column colum=age", "no parameter 'colum': .*column_to_drop"),
        ("handle_missing/impute/numeric column=age strateg=Mean", "did you mean strategy"),
        ("handle_missing/impute/numeric column=age strategy=Mode", "strategy: 'Mode' is not right"),
        ("drop_column columns=[age", r"line 1: \] is missing"),
        ("drop_column age", "'age' is no parameter: write name=value"),
        ("drop_column('age')", "a call names its parameters"),
        ("drop_column(", "never closed"),
        ("= x", "begins with the name of a step"),
        ("drop_column column={{gone}}", "uses the parameter 'gone', which has no value"),
        ("join_tables @gone left_column=a right_column=a", "there is no table 'gone'"),
        ("drop_column column=job\ncustom_pandas(code='df.q')", "line 2: .*'q'"),
        ('custom_formula formula="error(job)" output_column=x', "line 1: "),
    ],
)
def test_a_mistake_is_told_at_its_line_and_changes_nothing(text: str, words: str) -> None:
    flow = Flow.from_dataframe(TABLE).wrangle("sampling/limit limit=3")
    before = flow.document.text()
    with pytest.raises(LineError, match=words):
        flow.wrangle(f"{text}")
    assert flow.document.text() == before
    assert list(flow.inputs) == ["df"]


def test_the_page_counts_rows_and_what_is_missing() -> None:
    flow = Flow.from_dataframe(TABLE).wrangle("handle_missing/drop_missing/drop_rows column=job")
    page = flow.page
    assert [(each.label, each.rows) for each in page.steps] == [("df", 4), ("Drop missing", 3)]
    assert [(c.name, c.kind, c.missing) for c in page.columns] == [
        ("age", "float", 1), ("job", "string", 0), ("first name", "string", 0)]  # fmt: skip
    html = flow._repr_html_()
    assert "1 missing" in html
    assert "3 rows × 3 columns" in html
    assert "&lt;b&gt;Bo&lt;/b&gt;" in html
    assert "D" * 61 not in html
    assert "--jp-ui-font-color1" in html, "the notebook's own colours, light and dark"
    for script in ("<script", "<b>Bo"):
        assert script not in html


def test_a_page_of_a_file_reads_its_beginning_alone(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\n" + "1\n" * 20)
    flow = Flow.new()
    place = {"s3Uri": str(tmp_path / "t.csv"), "s3ContentType": "csv", "s3HasHeader": True}
    definition = {"datasetSourceType": "S3", "name": "t", "s3ExecutionContext": place}
    flow.document.add("sagemaker.s3_source_0.1", {"dataset_definition": definition}, type="SOURCE")
    flow.add("infer_and_cast_type")
    page = flow.page
    assert (page.total, len(page.rows), page.columns[0].missing) == (None, 10, None)
    (tmp_path / "t.csv").unlink()
    gone = Flow(flow.document).page
    assert "t.csv" in gone.error
    assert gone.error.split("'")[0] in Flow(flow.document)._repr_html_()


WORDS = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\n\x00\u2028\u2029\x85\x0b\x0c\x1c\x1d\x1e")
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(WORDS, min_size=1), st.integers() | st.floats(allow_nan=False, allow_infinity=False)
)
def test_values_are_read_as_they_were_written(texts: list[str], number: float) -> None:
    listed = ", ".join(map(repr, texts))
    (line,) = read(f"find_and_replace_substring column=[{listed}] pattern={number!r} # {{[(")
    assert line.parameters["input_column"] == texts
    assert line.parameters["pattern"] == number
    (line,) = read(f"find_and_replace_substring(pattern={texts[0]!r},\n replacement={number!r})")
    assert dict(line.parameters) == {"pattern": texts[0], "replacement": number}
