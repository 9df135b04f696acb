"""The rows of a flow's node in JupyterLab: read, ordered, found, copied, by mouse and by keys."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest
from jupyter_process import Jupyter
from playwright.sync_api import Locator, Page, Route, expect
from surfaces import run_command

from studio_ext.wrangler import Flow

#: The flow's process starts, and all others with it, on a busy machine.
LONG_MS = 120_000
#: More pixels than a browser lets an element have, and more columns than are read at once.
ROWS, COLUMNS = 400_000, 80


@pytest.fixture(scope="module")
def flow(lab: Jupyter) -> str:
    """A flow over a long and wide file; its path below the Lab's root."""
    folder = lab.root / "grid"
    folder.mkdir()
    more = ", ".join(f"i % {n + 2} AS c{n}" for n in range(COLUMNS - 4))
    duckdb.sql(
        f"""COPY (SELECT i AS id, 9007199254740993 + i AS large,
            CASE WHEN i % 10 = 3 THEN NULL ELSE 'city ' || i % 7 END AS city,
            CASE WHEN i = 2 THEN 'NaN'::DOUBLE ELSE i / 4.0 END AS share, {more}
            FROM range({ROWS}) AS t(i)) TO '{folder / "rows.parquet"}' (FORMAT parquet)"""
    )
    return _saved(folder, "rows.parquet")


def _saved(folder: Path, file: str) -> str:
    made = Flow.new()
    place = {"s3Uri": f"{folder.name}/{file}", "s3ContentType": "parquet"}
    definition = {"datasetSourceType": "S3", "s3ExecutionContext": place}
    made.document.add("sagemaker.s3_source_0.1", {"dataset_definition": definition}, type="SOURCE")
    made.document.save(folder / "rows.flow")
    return f"{folder.name}/rows.flow"


@pytest.fixture
def grid(page: Page, flow: str) -> Locator:
    """The grid with all rows of the flow's source."""
    run_command(page, "docmanager:open", path=flow)
    page.locator('[data-testid="flow-node"]:visible').first.click()
    page.get_by_test_id("sample-rows").select_option("")
    grid = page.get_by_test_id("grid")
    expect(grid).to_have_attribute("aria-rowcount", str(ROWS + 1), timeout=LONG_MS)
    return grid


def _cell(grid: Locator, row: int, column: int) -> Locator:
    """A cell in view, by its row and column, both from 0."""
    found = f'[aria-rowindex="{row + 2}"] > [aria-colindex="{column + 1}"]:not([hidden])'
    return grid.locator(found)


def test_rows_are_read_to_the_last_and_shown_exactly(page: Page, grid: Locator) -> None:
    expect(_cell(grid, 0, 1)).to_have_text("9007199254740993")
    expect(_cell(grid, 2, 3)).to_have_text("NaN")
    expect(_cell(grid, 3, 2)).to_have_text("missing")
    expect(grid.locator('[data-column="city"]')).to_have_attribute(
        "aria-label", re.compile("text.*10% missing"), timeout=LONG_MS
    )
    grid.focus()
    page.keyboard.press("Control+End")
    last = _cell(grid, ROWS - 1, COLUMNS - 1)
    n = COLUMNS - 5
    expect(last).to_have_text(str((ROWS - 1) % (n + 2)), timeout=LONG_MS)
    expect(grid).to_have_attribute("aria-activedescendant", last.get_attribute("id") or "none")
    cells = grid.locator(".jp-studio-Grid-cell")
    assert cells.count() < 2000, "only what is seen is in the page"
    page.keyboard.press("Control+Home")
    expect(_cell(grid, 0, 0)).to_have_text("0", timeout=LONG_MS)
    page.get_by_test_id("grid-goto").fill("200,001")
    page.keyboard.press("Enter")
    expect(_cell(grid, 200_000, 0)).to_have_text("200000", timeout=LONG_MS)
    _lose_the_server(page, grid)


def test_rows_are_ordered_filtered_and_found(page: Page, grid: Locator) -> None:
    header = grid.locator('[data-column="share"]')
    name = header.locator(".jp-studio-Grid-name")
    name.click()
    expect(header).to_have_attribute("aria-sort", "ascending")
    name.click()
    expect(header).to_have_attribute("aria-sort", "descending")
    expect(_cell(grid, 1, 0)).to_have_text(str(ROWS - 1), timeout=LONG_MS)

    page.keyboard.press("Alt+ArrowDown")
    editor = page.get_by_test_id("grid-filter")
    editor.get_by_label("Condition").select_option("between")
    editor.get_by_label("From").fill("x")
    editor.get_by_label("To").fill("2")
    page.keyboard.press("Enter")
    expect(editor.get_by_role("alert")).to_contain_text("is no number")
    editor.get_by_label("From").fill("1")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("grid-rows")).to_contain_text("5 rows found", timeout=LONG_MS)
    expect(_cell(grid, 0, 0)).to_have_text("8", timeout=LONG_MS)

    page.get_by_test_id("grid-search").fill("CITY 5")
    expect(page.get_by_test_id("grid-rows")).to_contain_text("1 row found", timeout=LONG_MS)
    expect(_cell(grid, 0, 2)).to_have_text("city 5")
    page.get_by_test_id("grid-search").fill("nowhere")
    page.get_by_role("button", name="Show all rows").click(timeout=LONG_MS)
    expect(page.get_by_test_id("grid-rows")).to_contain_text(f"{ROWS:,} rows", timeout=LONG_MS)


def test_cells_are_copied_and_offer_steps_that_fit(page: Page, grid: Locator) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    _cell(grid, 2, 1).click()
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowRight")
    expect(grid.locator('[aria-selected="true"]')).to_have_count(4)
    page.keyboard.press("Control+c")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "9007199254740995\tcity 2\n9007199254740996\t"

    note = page.get_by_test_id("grid-note")
    expect(note).to_have_text("4 values were copied.")
    page.keyboard.press("Control+Home")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Control+c")
    expect(note).to_have_text("The name was copied.")
    assert page.evaluate("navigator.clipboard.readText()") == "id"

    page.keyboard.press("Shift+F10")
    expect(page.locator(".lm-Menu")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".lm-Menu")).to_have_count(0)
    expect(grid).to_be_focused()

    _cell(grid, 1, 2).click(button="right")
    page.locator(".lm-Menu-itemLabel", has_text="Show Only Rows with This Value").click()
    expect(page.get_by_test_id("grid-chip")).to_have_text("city is city 1")
    page.get_by_label("Remove: city is city 1").click()
    expect(_cell(grid, 3, 2)).to_have_text("missing", timeout=LONG_MS)
    grid.locator('[data-column="city"]').get_by_label("Actions for city").click()
    page.locator(".lm-Menu-itemLabel", has_text="Fill missing…").click()
    expect(page.get_by_test_id("side-panel")).to_contain_text("Add a step")
    page.get_by_test_id("side-panel").get_by_label(re.compile("^Value")).fill("nowhere")
    city = grid.locator('[data-column="city"]')
    expect(city).to_have_class(re.compile("jp-mod-changed"), timeout=LONG_MS)
    expect(_cell(grid, 3, 2)).to_have_text("nowhere")
    page.get_by_test_id("rows-before").click()
    expect(_cell(grid, 3, 2)).to_have_text("missing", timeout=LONG_MS)


def _lose_the_server(page: Page, grid: Locator) -> None:
    """It is asked again, by itself, once it answers."""

    def lose(route: Route) -> None:
        if "PreviewFlow" in (route.request.headers.get("x-amz-target") or ""):
            route.abort()
        else:
            route.fallback()

    page.route("**/studio/api*", lose)
    page.get_by_test_id("grid-goto").fill("300000")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("grid-problem")).to_contain_text("cannot be reached")
    page.unroute("**/studio/api*")
    expect(_cell(grid, 299_999, 0)).to_have_text("299999", timeout=LONG_MS)
    expect(page.get_by_test_id("grid-problem")).to_have_count(0)
