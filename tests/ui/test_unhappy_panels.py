"""Panels with nothing to show, and panels that say what went wrong."""

from __future__ import annotations

import json
import re

import pytest
from jupyter_process import Jupyter
from playwright.sync_api import Page, Route, expect
from studio_data import Data, wait_until
from surfaces import card, run_command

ADDRESS = re.compile(r"/studio/api")


@pytest.fixture(scope="module")
def data(lab: Jupyter) -> Data:
    """What boto3 makes in the Lab's Studio."""
    return Data(lab)


def test_empty_panels_say_what_to_do(page: Page) -> None:
    card(page, "Training").click()
    training = page.get_by_test_id("training-list")
    expect(training.get_by_test_id("empty")).to_contain_text("No training job yet")
    training.get_by_test_id("empty").get_by_role("button", name="New training job").click()
    expect(page.get_by_test_id("training-create").locator("#root_name")).to_be_visible()

    run_command(page, "studio:open-endpoints")
    endpoints = page.get_by_test_id("endpoint-list")
    expect(endpoints.get_by_test_id("empty")).to_contain_text("No endpoint yet")
    endpoints.get_by_test_id("create-endpoint").first.click()
    form = page.get_by_test_id("endpoint-create")
    expect(form.get_by_test_id("empty")).to_contain_text("There is no model to deploy")


def test_a_server_that_does_not_answer_is_told_and_tried_again(page: Page) -> None:
    def refuse(route: Route) -> None:
        error = {"__type": "ServiceUnavailable", "message": "Studio could not start: no space"}
        route.fulfill(status=503, body=json.dumps(error))

    page.route(ADDRESS, refuse)
    run_command(page, "studio:open-home")
    run_command(page, "studio:open-training")
    for place in ("home", "training-list"):
        expect(page.get_by_test_id(place).get_by_test_id("error")).to_contain_text("no space")
    page.unroute(ADDRESS)
    training = page.get_by_test_id("training-list")
    training.get_by_role("button", name="Try again").click()
    expect(training.get_by_test_id("error")).to_have_count(0)


def test_what_does_not_exist_is_said(page: Page) -> None:
    run_command(page, "studio:open-training", name="never-was")
    error = page.get_by_test_id("training-detail").get_by_test_id("error")
    expect(error).to_contain_text("The job cannot be read")
    run_command(page, "studio:open-endpoints", name="never-was")
    error = page.get_by_test_id("endpoint-detail").get_by_test_id("error")
    expect(error).to_contain_text("The endpoint cannot be read")


def test_a_wrong_form_is_explained_at_its_fields(page: Page, data: Data) -> None:
    data.train("taken", lacks="x")
    run_command(page, "studio:create-training-job")
    form = page.get_by_test_id("training-create")
    wrongs = form.locator(".validationErrors")
    form.locator("#root_name").fill("no spaces allowed")
    form.get_by_test_id("submit").click()
    expect(wrongs.first).to_contain_text("Use letters, digits and hyphens")
    # What only the server can know.
    form.locator("#root_name").fill("taken")
    form.get_by_test_id("submit").click()
    expect(form.get_by_role("alert").first).to_contain_text("taken")


def test_a_failed_job_says_why(page: Page, data: Data) -> None:
    data.train("broken", lacks="duration")
    wait_until(lambda: data.job_status("broken") == "Failed", "broken has failed")
    run_command(page, "studio:open-training", name="broken")
    detail = page.get_by_test_id("training-detail")
    reason = detail.get_by_test_id("failure-reason")
    expect(reason).to_contain_text("KeyError: 'duration'")
    reason.get_by_role("button", name="Show the log").click()
    expect(detail.get_by_test_id("log")).to_contain_text("Traceback")
    detail.get_by_test_id("tab-metrics").click()
    expect(detail.get_by_test_id("empty")).to_contain_text("No metric was reported")


def test_an_endpoint_that_cannot_start_says_why(page: Page, data: Data) -> None:
    data.train("quick", epochs="1", pause="0")
    wait_until(lambda: data.job_status("quick") == "Completed", "quick is completed")
    data.model("no-program", "quick", program="missing.py")
    data.configuration("no-program", {"no-program": 1})
    data.sagemaker.create_endpoint(EndpointName="broken", EndpointConfigName="no-program")
    run_command(page, "studio:open-endpoints", name="broken")
    detail = page.get_by_test_id("endpoint-detail")
    reason = detail.get_by_test_id("failure-reason")
    expect(reason).to_contain_text("missing", timeout=120_000)
    detail.get_by_test_id("tab-test").click()
    expect(detail.get_by_test_id("test-send")).to_be_disabled()
