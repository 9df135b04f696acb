"""Flow files in JupyterLab: made, opened, edited by mouse and keys, saved, and run without it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jupyter_process import Jupyter
from playwright.sync_api import Locator, Page, Response, expect
from studio_data import wait_until
from surfaces import card, run_command

from studio_ext.wrangler import Flow

#: The flow's process starts, and all others with it, on a busy machine.
LONG_MS = 120_000
PEOPLE = "name,age,city\nAda,36,London\nGrace,,New York\nAlan,41,London\n"
OURS = re.compile("/extensions/studio-ext/static/")
#: Part of xyflow, however its file is called.
GRAPH = "react-flow__minimap"
FRESH = re.compile("^fresh$")
REAL = Path(__file__).parents[1] / "wrangler" / "flows" / "fraud_customers.flow"


@pytest.fixture
def folder(lab: Jupyter, request: pytest.FixtureRequest) -> Path:
    """A folder of the test's own, below the Lab's root, with a table in it."""
    folder = lab.root / request.node.name
    folder.mkdir()
    (folder / "people.csv").write_text(PEOPLE)
    return folder


def _open_folder(page: Page, folder: Path) -> None:
    run_command(page, "filebrowser:open-path", path=folder.name)
    run_command(page, "filebrowser:activate")


def _file(page: Page, name: str) -> Locator:
    return page.locator(".jp-DirListing-item", has_text=name)


def _node(page: Page, name: str) -> Locator:
    return page.locator(f'[data-testid="flow-node"][data-name="{name}"]:visible')


def _save(page: Page, path: Path, wanted: Callable[[dict[str, Any]], bool]) -> Flow:
    """Save what is in front, and read the file as a program does."""
    run_command(page, "docmanager:save")
    wait_until(lambda: wanted(json.loads(path.read_text())), f"{path.name} is saved")
    return Flow.open(path)


def test_a_file_is_wrangled_and_the_flow_runs_without_lab(page: Page, folder: Path) -> None:
    _open_folder(page, folder)
    (folder / "people.flow").write_text("mine")
    _file(page, "people.csv").click(button="right")
    page.locator(".lm-Menu-itemLabel", has_text="Wrangle").click()
    path = folder / "people-1.flow"
    types = _node(page, "Data types")
    expect(types).to_have_attribute("data-state", FRESH, timeout=LONG_MS)
    assert (folder / "people.flow").read_text() == "mine"
    # Where the flow ends its rows are there at once.
    expect(page.locator(".react-flow__node.selected")).to_contain_text("Data types")
    expect(page.get_by_text("Grace", exact=True)).to_be_visible(timeout=LONG_MS)

    _add_step(page, types)
    added = _node(page, "Drop column")
    expect(added).to_have_attribute("data-state", FRESH, timeout=LONG_MS)
    saved = _save(page, path, lambda data: len(data["nodes"]) == 3)
    assert saved.run().table().column_names == ["name", "age"]

    _undo_and_redo(page, added)
    page.get_by_test_id("toggle-step").click()
    expect(added).to_have_attribute("data-state", "off")
    off = _save(page, path, lambda data: "studio_disabled" in data["nodes"][2])
    assert off.run().table(off.document.order()[-1]).column_names == ["name", "age", "city"]
    page.get_by_test_id("undo").click()
    expect(added).to_have_attribute("data-state", FRESH, timeout=LONG_MS)
    _save(page, path, lambda data: "studio_disabled" not in data["nodes"][2])
    assert path.read_text() == saved.document.text()

    _in_another_view(page)


def _add_step(page: Page, after: Locator) -> None:
    """Without the mouse: the node, a key, a search, a column."""
    after.click()
    expect(page.get_by_test_id("node-header")).to_be_visible()
    page.locator(".react-flow__node.selected").focus()
    page.keyboard.press("a")
    expect(page.get_by_test_id("add-where")).to_contain_text("after Data types")
    expect(page.get_by_label("Search for a step")).to_be_focused()
    page.keyboard.type("drop column")
    page.locator('[data-key="manage_columns/drop_column"]').press("Enter")
    column = page.get_by_test_id("step-panel").get_by_role("combobox")
    column.click()
    page.get_by_role("option", name="city").click()
    page.keyboard.press("Escape")
    page.get_by_test_id("apply-step").click()


def _undo_and_redo(page: Page, added: Locator) -> None:
    page.locator(".react-flow__node.selected").focus()
    page.keyboard.press("Control+z")
    expect(added).to_have_count(0)
    page.get_by_test_id("redo").click()
    expect(added).to_be_visible()
    added.click()


def _in_another_view(page: Page) -> None:
    """What one view changes the other one shows."""
    run_command(page, "docmanager:clone")
    views = page.get_by_test_id("flow-editor")
    expect(views).to_have_count(2)
    expect(views.nth(1).get_by_test_id("flow-node")).to_have_count(3)
    views.nth(1).locator('[data-name="Drop column"]').click()
    views.nth(1).get_by_role("button", name="Delete").click()
    for each in (0, 1):
        expect(views.nth(each).get_by_test_id("flow-node")).to_have_count(2)


def test_a_real_flow_says_what_is_wrong_and_where(page: Page, folder: Path) -> None:
    text = REAL.read_text()
    address = json.loads(text)["nodes"][0]["parameters"]["dataset_definition"]
    text = text.replace(address["s3ExecutionContext"]["s3Uri"], "people.csv")
    (folder / "real.flow").write_text(text)
    _open_folder(page, folder)
    _file(page, "real.flow").dblclick()
    expect(page.get_by_test_id("flow-node")).to_have_count(len(json.loads(text)["nodes"]))
    failed = page.locator('[data-testid="flow-node"][data-state="failed"]')
    expect(failed).not_to_have_count(0, timeout=LONG_MS)
    page.get_by_test_id("problems").click()
    page.get_by_test_id("problem-list").get_by_role("button").first.click()
    expect(page.get_by_test_id("node-state")).to_contain_text("Failed")

    # Along what reads what: from a node to the one before it and back.
    chosen = page.locator(".react-flow__node.selected")
    name = chosen.get_attribute("data-id")
    chosen.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".react-flow__node.selected")).not_to_have_attribute("data-id", name or "")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".react-flow__node.selected")).to_have_attribute("data-id", name or "")
    chosen.press("Enter")
    expect(page.get_by_test_id("side-panel")).to_be_focused()
    # Nothing was changed: nothing is to be saved.
    assert (folder / "real.flow").read_text() == text


def test_a_new_flow_outlives_a_server_that_is_lost(page: Page, lab: Jupyter, folder: Path) -> None:
    _open_folder(page, folder)
    run_command(page, "launcher:create", cwd=folder.name)
    card(page, "Data Wrangler Flow").last.click()
    editor = page.get_by_test_id("flow-editor")
    expect(editor.get_by_test_id("empty")).to_contain_text("no data yet")

    page.route(re.compile("/studio/api"), lambda route: route.abort())
    editor.get_by_test_id("add-source").click()
    expect(editor.get_by_test_id("source-address")).to_be_focused()
    editor.get_by_test_id("source-address").fill("people.csv")
    editor.get_by_test_id("source-add").click()
    expect(editor.get_by_test_id("server-lost")).to_be_visible()
    expect(editor.get_by_test_id("flow-node")).to_have_count(2)
    editor.get_by_role("button", name="Try again").click()
    expect(editor.get_by_test_id("server-lost")).to_be_visible()
    page.unroute(re.compile("/studio/api"))  # it asks again by itself, too
    expect(_node(page, "Data types")).to_have_attribute("data-state", FRESH, timeout=LONG_MS)
    expect(editor.get_by_test_id("server-lost")).to_have_count(0)


def test_what_is_no_flow_is_said(page: Page, folder: Path) -> None:
    (folder / "broken.flow").write_text('{"nodes": [')
    _open_folder(page, folder)
    _file(page, "broken.flow").dblclick()
    expect(page.get_by_test_id("empty")).to_contain_text("This file is no flow")
    assert (folder / "broken.flow").read_text() == '{"nodes": ['


def test_an_editor_that_does_not_load_says_so(page: Page, folder: Path) -> None:
    _open_folder(page, folder)
    run_command(page, "launcher:create", cwd=folder.name)
    page.route(OURS, lambda route: route.abort())
    card(page, "Data Wrangler Flow").last.click()
    failed = page.locator('[data-testid="empty"]:visible')
    expect(failed).to_contain_text("The flow cannot be shown")
    expect(failed.get_by_role("button", name="Open as text")).to_be_visible()
    page.unroute(OURS)
    failed.get_by_role("button", name="Try again").click()
    expect(page.get_by_test_id("flow-editor")).to_be_visible(timeout=LONG_MS)


def test_nothing_of_the_editor_is_loaded_before_a_flow_is_opened(page: Page) -> None:
    """What Lab starts with stays small: the graph and the forms come when they are needed."""
    scripts: list[Response] = []
    page.on("response", lambda each: scripts.append(each) if OURS.search(each.url) else None)
    page.reload()
    page.wait_for_selector(".jp-LauncherCard", timeout=LONG_MS)
    # The command is there: Studio has been loaded.
    run_command(page, "filebrowser:activate")
    card(page, "Data Wrangler Flow").wait_for()
    assert scripts
    assert not any(GRAPH in each.text() for each in scripts)
    before = len(scripts)
    card(page, "Data Wrangler Flow").click()
    expect(page.get_by_test_id("flow-editor")).to_be_visible(timeout=LONG_MS)
    assert any(GRAPH in each.text() for each in scripts[before:])
