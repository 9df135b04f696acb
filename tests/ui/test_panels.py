"""The way of a person through the panels: launcher, training, logs, endpoint, prediction."""

from __future__ import annotations

import re
import tarfile
from typing import Any

import pytest
from jupyter_process import Jupyter
from playwright.sync_api import Locator, Page, expect
from studio_data import Data, wait_until
from surfaces import card, confirm, run_command

JOB, ENDPOINT = "follow-me", "adder"
#: Sooner than panels read by the clock: what comes within this time was told by an event.
BY_EVENT_MS = 12_000
#: A job or an endpoint on a busy machine.
LONG_MS = 120_000


@pytest.fixture(scope="module")
def data(lab: Jupyter) -> Data:
    """What boto3 makes in the Lab's Studio."""
    return Data(lab)


def test_from_the_launcher_to_a_prediction(page: Page, lab: Jupyter, data: Data) -> None:
    _look_around(page, lab)
    _follow_a_job(page, data)
    _take_its_model(page)
    data.model("first", JOB)
    data.model("second", JOB)
    data.configuration("both", {"first": 3, "second": 1})
    _deploy_and_ask(page)
    _move_to_two_variants(page)
    _delete(page)


def _look_around(page: Page, lab: Jupyter) -> None:
    section = page.locator(".jp-Launcher-section", has_text="Studio")
    for label in ("Studio home", "Training", "Endpoints", "Bank marketing notebook"):
        expect(section.locator(".jp-LauncherCard", has_text=label)).to_be_visible()
    card(page, "Studio home").click()
    home = page.get_by_test_id("home")
    expect(home.get_by_text(lab.call("Studio.GetHome")["EndpointUrl"])).to_be_visible()
    expect(home.get_by_test_id("count-processing-jobs")).to_contain_text("none yet")
    expect(home.get_by_test_id("checks").locator(".jp-mod-error")).to_have_count(0)
    card(page, "Training").click()
    expect(page.get_by_test_id("training-list")).to_be_visible()


def _follow_a_job(page: Page, data: Data) -> None:
    """A job that begins while the list is open, watched until it ends."""
    data.train(JOB, epochs="50", pause="0.2")
    row = page.get_by_test_id("training-table").locator(f'tr[data-name="{JOB}"]')
    expect(row).to_contain_text("scikit-learn", timeout=BY_EVENT_MS)
    row.get_by_role("button", name=JOB).click()
    detail = page.get_by_test_id("training-detail")
    expect(detail.get_by_test_id("timeline")).to_contain_text("Training", timeout=LONG_MS)

    detail.get_by_test_id("tab-logs").click()
    count = detail.get_by_test_id("log-count")
    expect(count).to_have_text(re.compile(r"^[1-9]\d* lines?$"), timeout=LONG_MS)
    _changes(count)
    assert _at_end(detail.get_by_test_id("log"))

    detail.get_by_test_id("tab-metrics").click()
    chart = detail.locator('[data-metric="loss"]')
    expect(chart.locator("svg")).to_be_visible()
    _changes(chart.locator("figcaption"))
    expect(page.get_by_test_id("running-jobs")).to_have_text("1 job running")

    detail.get_by_test_id("tab-overview").click()
    expect(detail.get_by_test_id("progress")).to_have_attribute(
        "aria-valuenow", re.compile(r"^\d+$")
    )
    wait_until(lambda: data.job_status(JOB) == "Completed", f"{JOB} is completed")
    expect(_status(detail)).to_have_text("Completed", timeout=BY_EVENT_MS)
    expect(page.get_by_test_id("running-jobs")).to_have_text("0 jobs running", timeout=BY_EVENT_MS)


def _take_its_model(page: Page) -> None:
    with page.expect_download() as download:
        page.get_by_test_id("training-detail").get_by_test_id("download").click()
    assert download.value.suggested_filename == "model.tar.gz"
    with tarfile.open(download.value.path()) as archive:
        assert [name.removeprefix("./") for name in archive.getnames()][-1] == "threshold"


def _deploy_and_ask(page: Page) -> None:
    run_command(page, "studio:create-endpoint")
    form = page.get_by_test_id("endpoint-create")
    form.locator("#root_name").fill(ENDPOINT)
    form.get_by_label("Model, row 1").select_option("first")
    form.get_by_test_id("submit").click()
    detail = page.get_by_test_id("endpoint-detail")
    expect(_status(detail)).to_have_text("In service", timeout=LONG_MS)
    expect(detail.get_by_test_id("variants")).to_contain_text("100 %")

    detail.get_by_test_id("tab-test").click()
    detail.get_by_test_id("test-body").fill("1,2\n-1,-2")
    detail.get_by_test_id("test-send").click()
    answer = detail.get_by_test_id("test-answer").locator("code")
    expect(answer).to_have_text(re.compile(r"^\[\s*1,\s*0\s*\]$|^1\s+0\s*$"))
    facts = detail.get_by_test_id("test-facts")
    expect(facts).to_contain_text("AllTraffic")
    expect(facts).to_contain_text("200")

    detail.get_by_test_id("test-body").fill("not,numbers")
    detail.get_by_test_id("test-send").click()
    expect(detail.get_by_test_id("error")).to_contain_text("Model error")

    detail.get_by_test_id("tab-metrics").click()
    expect(detail.locator('[data-metric="Invocations per second"] svg')).to_be_visible()


def _move_to_two_variants(page: Page) -> None:
    detail = page.get_by_test_id("endpoint-detail")
    detail.get_by_test_id("tab-update").click()
    detail.get_by_test_id("update-config").select_option("both")
    detail.get_by_test_id("update-endpoint").click()
    expect(_status(detail)).to_have_text("Updating", timeout=BY_EVENT_MS)
    expect(_status(detail)).to_have_text("In service", timeout=LONG_MS)
    detail.get_by_test_id("tab-overview").click()
    for variant, share in (("Variant-first", "75 %"), ("Variant-second", "25 %")):
        expect(detail.get_by_test_id("variants").locator("tr", has_text=variant)).to_contain_text(
            share
        )


def _delete(page: Page) -> None:
    page.get_by_test_id("endpoint-detail").get_by_test_id("delete").click()
    confirm(page, "Delete endpoint")
    endpoints = page.get_by_test_id("endpoint-list")
    expect(endpoints.get_by_test_id("empty")).to_be_visible(timeout=BY_EVENT_MS)


def test_a_kernel_is_connected_from_its_start(page: Page, data: Data) -> None:
    run_command(page, "notebook:create-new", kernelName="python3")
    page.wait_for_function(
        "window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'",
        timeout=LONG_MS,
    )
    notebook = page.locator(".jp-NotebookPanel")
    notebook.locator(".cm-content").first.click()
    page.keyboard.insert_text("import boto3; boto3.client('sts').get_caller_identity()['Account']")
    page.keyboard.press("Control+Enter")
    expect(notebook.locator(".jp-OutputArea-output").first).to_have_text(
        "'000000000000'", timeout=LONG_MS
    )


def test_a_panel_comes_back_after_a_reload(page: Page, data: Data) -> None:
    run_command(page, "studio:open-training")
    expect(page.get_by_test_id("training-list")).to_be_visible()

    def saved(request: Any) -> bool:
        """Lab saves its layout a moment after it changed."""
        wanted = "api/workspaces" in request.url and request.method == "PUT"
        return wanted and '"view":"create"' in (request.post_data or "").replace("\\", "")

    with page.expect_request_finished(saved):
        run_command(page, "studio:create-training-job")
    page.goto(page.url.split("?")[0])
    expect(page.get_by_test_id("training-create").locator("#root_name")).to_be_visible(
        timeout=LONG_MS
    )


def _status(detail: Locator) -> Locator:
    return detail.locator("header").get_by_test_id("status")


def _changes(place: Locator) -> None:
    before = " ".join(place.inner_text().split())
    expect(place).not_to_have_text(before, timeout=BY_EVENT_MS, use_inner_text=True)


def _at_end(log: Locator) -> bool:
    return bool(log.evaluate("node => node.scrollHeight - node.scrollTop - node.clientHeight < 24"))
