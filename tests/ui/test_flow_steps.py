"""Forms of steps, and analyses, in the editor of flows, on real rows as they are filled in."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from jupyter_process import Jupyter
from playwright.sync_api import Locator, Page, Request, expect
from studio_data import wait_until
from surfaces import run_command

from studio_ext.wrangler import Flow

#: The flow's process starts, and all others with it, on a busy machine.
LONG_MS = 120_000
DONE, FAILED = re.compile("^done$"), re.compile("^failed$")


@pytest.fixture
def flow(lab: Jupyter, request: pytest.FixtureRequest) -> Path:
    """A flow of a table with numbers and texts, one of them missing, in a folder of its own."""
    folder = lab.root / request.node.name
    folder.mkdir()
    ages = [20.0 + index % 40 for index in range(300)]
    people = pd.DataFrame(
        {
            "age": [None if index % 10 == 3 else age for index, age in enumerate(ages)],
            "job": ["clerk" if index % 3 else "cook" for index in range(300)],
            "paid": [index % 2 for index in range(300)],
            "note": [f"{'long ' * 60}{index % 3}" for index in range(300)],
        }
    )
    people.to_parquet(folder / "people.parquet")
    place = {"s3Uri": "people.parquet", "s3ContentType": "parquet"}
    definition = {"datasetSourceType": "S3", "name": "people", "s3ExecutionContext": place}
    made = Flow.new()
    made.document.add("sagemaker.s3_source_0.1", {"dataset_definition": definition}, type="SOURCE")
    return made.save(folder / "a.flow")


@pytest.fixture
def editor(page: Page, flow: Path) -> Page:
    """The flow, open, its source chosen."""
    run_command(page, "docmanager:open", path=f"{flow.parent.name}/{flow.name}")
    source = page.locator('[data-testid="flow-node"]').first
    expect(source).to_be_visible(timeout=LONG_MS)
    source.click()
    return page


def _begin(page: Page, words: str, key: str) -> Locator:
    page.get_by_test_id("add-step").click()
    page.get_by_role("searchbox", name="Search for a step").fill(words)
    page.locator(f'.jp-studio-StepSearch [data-key="{key}"]').click()
    panel = page.get_by_test_id("step-panel")
    expect(panel).to_have_attribute("data-key", key)
    return panel


def _field(form: Locator, path: str) -> Locator:
    return form.locator(f'[data-field="{path}"]')


def _pick(form: Locator, path: str, column: str) -> None:
    """A column by its name, without the mouse."""
    entry = _field(form, path).get_by_role("combobox")
    entry.click()
    entry.fill(column)
    option = form.get_by_role("option", name=column).first
    expect(option).to_be_visible(timeout=LONG_MS)
    entry.press("Enter")


def _tries_on_10000_rows(request: Request) -> bool:
    asked = request.post_data or ""
    # The form asks for fewer rows than the grid does.
    return all(each in asked for each in ('"Key":"split', '"SampleRows":10000', '"Limit":50}'))


def _steps(path: Path) -> list[dict[str, object]]:
    return [each for each in json.loads(path.read_text())["nodes"] if each["type"] == "TRANSFORM"]


def test_a_step_is_tried_as_its_form_is_filled_in_and_then_added(editor: Page, flow: Path) -> None:
    panel = _begin(editor, "scale", "process_numeric/scale_values/min_max_scaler")
    _pick(panel, "input_column", "age")
    trial = editor.get_by_test_id("trial")
    expect(trial).to_have_attribute("data-state", DONE, timeout=LONG_MS)
    _field(panel, "output_column").get_by_role("textbox").fill("scaled")
    expect(trial).to_contain_text("Adds scaled", timeout=LONG_MS)

    # What the form knows to be wrong is said at once and keeps the step from being added.
    upper = _field(panel, "max").get_by_role("spinbutton")
    upper.fill("")
    editor.get_by_test_id("apply-step").click()
    expect(_field(panel, "max").get_by_role("alert")).to_have_text("Give a number.")
    expect(upper).to_have_attribute("aria-invalid", "true")
    upper.fill("2")
    # At once, by the keyboard: what is added is what this was tried to give.
    upper.press("Enter")
    expect(editor.locator('[data-testid="flow-node"]')).to_have_count(2, timeout=LONG_MS)

    run_command(editor, "docmanager:save")
    wait_until(lambda: bool(_steps(flow)), "the step is in the file")
    table = Flow.open(flow).run().table().to_pandas()
    assert table["scaled"].max() == 2.0


def test_a_step_that_is_added_at_once_has_what_it_gives_now(editor: Page, flow: Path) -> None:
    panel = _begin(editor, "ordered split", "split/ordered_split")
    trial = editor.get_by_test_id("trial")
    expect(trial).to_have_attribute("data-state", DONE, timeout=LONG_MS)
    # Other rows to work on: the step is tried on them.
    with editor.expect_request(_tries_on_10000_rows):
        editor.get_by_test_id("sample-rows").select_option("10000")
    expect(trial).to_have_attribute("data-state", DONE, timeout=LONG_MS)

    panel.get_by_role("button", name="+ Add").click()
    _field(panel, "splits.2.name").get_by_role("textbox").fill("third")
    for index, part in enumerate(["0.5", "0.3", "0.2"]):
        share = _field(panel, f"splits.{index}.percentage").get_by_role("spinbutton")
        share.fill(part)
    share.press("Enter")
    expect(editor.locator('[data-testid="flow-node"]')).to_have_count(2, timeout=LONG_MS)
    run_command(editor, "docmanager:save")
    wait_until(lambda: bool(_steps(flow)), "the step is in the file")
    (step,) = _steps(flow)
    outputs = step["outputs"]
    assert isinstance(outputs, list) and [each["name"] for each in outputs][-1] == "third"
    assert len(outputs) == 3


def test_a_condition_on_a_cut_text_is_on_all_of_it(editor: Page) -> None:
    rows = editor.get_by_test_id("grid-rows")
    expect(rows).to_contain_text("300 rows", timeout=LONG_MS)
    cell = editor.locator('[aria-rowindex="3"] > [aria-colindex="4"]:not([hidden])')
    cell.click(button="right")
    editor.locator(".lm-Menu-itemLabel", has_text="Show Only Rows with This Value").click()
    expect(rows).to_contain_text("100 rows found", timeout=LONG_MS)
    # The keyboard goes on where it was before the menu.
    expect(editor.get_by_test_id("grid")).to_be_focused()
    expect(cell).to_be_visible()

    cell.click(button="right")
    editor.locator(".lm-Menu-itemLabel", has_text="Remove rows where it is").click()
    panel = editor.get_by_test_id("step-panel")
    whole = "long " * 60
    value = panel.locator('[data-field$="value"] input')
    expect(value).to_have_value(re.compile(f"^{whole}[012]$"), timeout=LONG_MS)


def test_code_is_completed_and_its_failing_line_is_marked(editor: Page) -> None:
    panel = _begin(editor, "pandas", "custom_code/python_pandas")
    code = _field(panel, "code").locator(".cm-content")
    code.click()
    editor.keyboard.type('df["twice"] = 2\ndf["pa')
    option = editor.locator(".cm-tooltip-autocomplete li", has_text="paid")
    expect(option).to_be_visible(timeout=LONG_MS)
    editor.keyboard.press("Escape")
    editor.keyboard.type('rt"] += 1')
    trial = editor.get_by_test_id("trial")
    expect(trial).to_have_attribute("data-state", FAILED, timeout=LONG_MS)
    problem = _field(panel, "code").get_by_role("alert")
    expect(problem).to_contain_text("Line 2: KeyError: 'part'", timeout=LONG_MS)
    expect(panel.locator(".cm-lint-marker-error")).to_have_count(1)

    # Who uses no mouse is told what is wrong and how to leave.
    expect(code).to_have_accessible_description(re.compile("Line 2.*Escape, then Tab", re.DOTALL))
    expect(code).to_have_attribute("aria-invalid", "true")
    expect(code).to_be_focused()
    editor.keyboard.press("Tab")
    expect(code).to_be_focused()
    editor.keyboard.press("Escape")
    editor.keyboard.press("Tab")
    expect(code).not_to_be_focused()


def test_an_analysis_is_drawn_saved_and_the_report_mends_the_table(
    editor: Page, flow: Path
) -> None:
    editor.get_by_test_id("analyse").click()
    editor.locator('[data-testid="analyses"] [data-key="histogram"]').click()
    panel = editor.get_by_test_id("analysis-panel")
    _pick(panel, "x_axis", "age")
    expect(panel.locator(".main-svg").first).to_be_visible(timeout=LONG_MS)
    with editor.expect_download() as saved:
        panel.get_by_role("button", name="SVG").click()
    assert Path(saved.value.path()).read_text().startswith("<svg")
    editor.get_by_test_id("keep-analysis").click()
    expect(editor.locator('[data-testid="flow-node"]')).to_have_count(2)

    editor.locator('[data-testid="flow-node"]').first.click()
    editor.get_by_test_id("analyse").click()
    editor.locator('[data-testid="analyses"] [data-key="data_insights_report"]').click()
    editor.get_by_test_id("run-analysis").click()
    missing = editor.locator('.jp-studio-Report-remarks [data-code="missing"]')
    expect(missing.first).to_contain_text("age", timeout=LONG_MS)
    missing.first.get_by_test_id("fix").click()
    expect(editor.locator('[data-testid="flow-node"]')).to_have_count(3)
    run_command(editor, "docmanager:save")
    wait_until(lambda: bool(_steps(flow)), "the step is in the file")
    assert Flow.open(flow).run().table().to_pandas()["age"].notna().all()
