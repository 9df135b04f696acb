"""``%%wrangle`` in an IPython shell."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pyarrow as pa
import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from studio_ext.notebook.wrangle import completions
from studio_ext.wrangler import Flow

TABLE = pd.DataFrame({"age": [31.0, None, 47.0], "first name": ["a", "b", "c"], "n": [1, 2, 3]})


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "studio_ext")
    shell.user_ns["df"] = TABLE.copy()
    yield shell
    InteractiveShell.clear_instance()


def test_a_table_is_prepared_and_the_flow_goes_on(shell: InteractiveShell) -> None:
    shell.user_ns.update(how="Mean", factor=10)
    steps = "impute/numeric column=age strategy={{how}}\ndrop_column column=n\n"
    flow = shell.run_cell_magic("wrangle", "df -o clean --flow prep", steps)
    assert isinstance(shell.user_ns["clean"], pd.DataFrame)
    assert shell.user_ns["clean"].age.tolist() == [31.0, 39.0, 47.0]
    assert shell.user_ns["prep"] is flow
    assert "39" in flow._repr_html_()
    code = "custom_pandas(code=f'df[\"age\"] *= {factor}')"
    shell.run_cell_magic("wrangle", "prep --out clean", code)
    assert shell.user_ns["clean"].age.tolist() == [310.0, 390.0, 470.0]
    assert [each.label for each in flow.undo(2).document][1:] == ["Impute"]
    shell.run_cell(flow.code())
    assert shell.user_ns["table"]["age"].to_pylist() == [31.0, 39.0, 47.0]


def test_the_result_is_of_the_tables_kind(shell: InteractiveShell) -> None:
    shell.user_ns["t"] = pa.table({"a": [1, None]})
    shell.run_cell_magic("wrangle", "t -o u", "drop_rows column=a")
    assert shell.user_ns["u"].to_pydict() == {"a": [1]}
    shown = shell.run_line_magic("wrangle", "t")
    assert isinstance(shown, Flow)
    assert "1 missing" in shown._repr_html_()


@pytest.mark.parametrize(
    ("line", "cell", "words"),
    [
        ("gone", "\n", "gone is not there: give a table"),
        ("how", "\n", "how is a str: give a table"),
        ("df", "drop_column column=agee", "line 1: .*did you mean 'age'\n    drop_column"),
        ("df", "\ndrop_column column={{col}}", "line 2: .*'col', which has no value"),
    ],
)
def test_what_a_person_can_mend_is_one_line(
    shell: InteractiveShell, line: str, cell: str, words: str
) -> None:
    shell.user_ns["how"] = "Mean"
    with pytest.raises(UsageError, match=words):
        shell.run_cell_magic("wrangle", line, cell)


@pytest.mark.parametrize(
    ("line", "typed", "found"),
    [
        ("one_hot", "one_hot", "encode_categorical/one_hot_encode"),
        ("one_hot_encode ", "", "input_column="),
        ("one_hot_encode inp", "inp", "input_column="),
        ("one_hot_encode column=", "", '"first name"'),
        ("one_hot_encode input_column=[age, n", "n", "n"),
        ("one_hot_encode column=age output_style=C", "C", "Columns"),
        ("one_hot_encode drop_last=t", "t", "true"),
    ],
)
def test_steps_parameters_and_values_are_completed(line: str, typed: str, found: str) -> None:
    begun, texts = completions(line, TABLE)
    assert begun == typed
    assert found in [text for text, _ in texts]


def test_tab_completes_inside_the_cell_alone(shell: InteractiveShell) -> None:
    text = "%%wrangle df\ndrop_column column=ag"
    with provisionalcompleter():
        found = [each.text for each in shell.Completer.completions(text, len(text))]
        assert "age" in found
        assert "age" not in [each.text for each in shell.Completer.completions("x = ag", 6)]
