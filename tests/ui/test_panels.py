"""The way of a person through the panels: launcher, training, logs, endpoint, prediction."""

from __future__ import annotations

import re
import time
from typing import Any

import boto3
import pytest
from playwright.sync_api import Locator, Page, expect
from running_lab import Lab

XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
JOB, ENDPOINT = "ui-xgboost", "ui-endpoint"
#: A small job on a busy machine, in milliseconds.
PATIENCE = 180_000


@pytest.fixture(scope="module")
def job(lab: Lab) -> str:
    """A job of many rounds, so that there is something to follow."""
    home = lab.call("Studio.GetHome")
    bucket = home["DefaultBucket"]
    _upload(lab, home["EndpointUrl"], bucket)
    lab.call(
        "SageMaker.CreateTrainingJob",
        TrainingJobName=JOB,
        AlgorithmSpecification={"TrainingImage": XGBOOST, "TrainingInputMode": "File"},
        RoleArn=home["Role"],
        HyperParameters={
            "num_round": "5000",
            "objective": "binary:logistic",
            "eval_metric": "logloss",
        },
        InputDataConfig=[
            {
                "ChannelName": "train",
                "ContentType": "text/csv",
                "DataSource": {
                    "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/ui/train"}
                },
            }
        ],
        OutputDataConfig={"S3OutputPath": f"s3://{bucket}/ui/output"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )
    return JOB


@pytest.fixture(scope="module")
def endpoint(lab: Lab, job: str) -> str:
    """The job's model, in service."""
    description = _wait(lab, "SageMaker.DescribeTrainingJob", {"TrainingJobName": job}, "Training")
    assert description["TrainingJobStatus"] == "Completed", description.get("FailureReason")
    lab.call(
        "SageMaker.CreateModel",
        ModelName=ENDPOINT,
        ExecutionRoleArn=description["RoleArn"],
        PrimaryContainer={
            "Image": XGBOOST,
            "ModelDataUrl": description["ModelArtifacts"]["S3ModelArtifacts"],
        },
    )
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": ENDPOINT,
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
    }
    lab.call(
        "SageMaker.CreateEndpointConfig",
        EndpointConfigName=ENDPOINT,
        ProductionVariants=[variant],
    )
    lab.call("SageMaker.CreateEndpoint", EndpointName=ENDPOINT, EndpointConfigName=ENDPOINT)
    description = _wait(lab, "SageMaker.DescribeEndpoint", {"EndpointName": ENDPOINT}, "Endpoint")
    assert description["EndpointStatus"] == "InService", description.get("FailureReason")
    return ENDPOINT


def test_launcher_has_a_studio_section(page: Page) -> None:
    section = page.locator(".jp-Launcher-section", has_text="Studio")
    for card in ("Studio home", "Training", "Endpoints", "Bank marketing notebook"):
        expect(section.locator(".jp-LauncherCard", has_text=card)).to_be_visible()


def test_home_says_what_to_do_and_how_things_are(page: Page, lab: Lab) -> None:
    _card(page, "Studio home").click()
    home = page.get_by_test_id("home")
    expect(home.get_by_text("%studio connect")).to_be_visible()
    expect(home.get_by_text(lab.call("Studio.GetHome")["EndpointUrl"])).to_be_visible()
    home.get_by_role("button", name="Open the notebook").click()
    expect(page.locator(".jp-NotebookPanel")).to_be_visible(timeout=30_000)


def test_a_running_job_is_followed(page: Page, request: pytest.FixtureRequest) -> None:
    # Only now, with the page open, so that the job is still running when it is looked at.
    job = request.getfixturevalue("job")
    _card(page, "Training").click()
    row = page.get_by_test_id("training-table").locator(f'tr[data-name="{job}"]')
    expect(row).to_contain_text("XGBoost 1.7-1")
    row.get_by_role("button", name=job).click()
    detail = page.get_by_test_id("training-detail")
    expect(detail.get_by_test_id("timeline")).to_contain_text("Training", timeout=PATIENCE)

    detail.get_by_test_id("tab-logs").click()
    count = detail.get_by_test_id("log-count")
    expect(count).to_have_text(re.compile(r"^[1-9][\d,]* lines?$"), timeout=PATIENCE)
    before = count.inner_text()
    expect(count).not_to_have_text(before, timeout=PATIENCE)
    assert _at_end(detail.get_by_test_id("log"))

    detail.get_by_test_id("tab-metrics").click()
    expect(detail.locator('[data-metric="logloss"] svg')).to_be_visible(timeout=PATIENCE)


def test_a_finished_job_offers_its_model(page: Page, lab: Lab, endpoint: str) -> None:
    _open(page, "studio:open-training", JOB)
    detail = page.get_by_test_id("training-detail")
    expect(detail.get_by_test_id("status").first).to_have_text("Completed")
    with page.expect_download() as download:
        detail.get_by_test_id("download").click()
    assert download.value.suggested_filename == "model.tar.gz"


def test_an_endpoint_answers_in_the_test_form(page: Page, endpoint: str) -> None:
    _card(page, "Endpoints").click()
    page.get_by_test_id("endpoint-table").get_by_role("button", name=endpoint).click()
    detail = page.get_by_test_id("endpoint-detail")
    expect(detail.get_by_test_id("variants")).to_contain_text("100 %")
    detail.get_by_test_id("tab-test").click()
    detail.get_by_test_id("test-body").fill("0.9,0.1")
    detail.get_by_test_id("test-send").click()
    answer = detail.get_by_test_id("test-answer").locator("code")
    expect(answer).to_be_visible(timeout=30_000)
    assert 0.5 < float(answer.inner_text()) <= 1
    expect(detail.get_by_test_id("test-facts")).to_contain_text("AllTraffic")


def test_a_bad_request_is_explained_where_it_was_sent(page: Page, endpoint: str) -> None:
    _open(page, "studio:open-endpoints", endpoint)
    detail = page.get_by_test_id("endpoint-detail")
    detail.get_by_test_id("tab-test").click()
    detail.get_by_test_id("test-body").fill("not,numbers")
    detail.get_by_test_id("test-send").click()
    expect(detail.get_by_test_id("error")).to_be_visible(timeout=30_000)


def test_a_refused_job_is_explained_at_its_field(page: Page, endpoint: str) -> None:
    _open(page, "studio:open-training", JOB)
    page.get_by_test_id("train-again").click()
    form = page.get_by_test_id("training-create")
    name = form.locator("#root_name")
    name.fill(JOB)
    form.get_by_test_id("submit").click()
    expect(form.locator(".validationErrors, [data-testid=error]").first).to_contain_text(JOB)


def test_a_panel_comes_back_after_a_reload(page: Page, endpoint: str) -> None:
    _open(page, "studio:open-endpoints", endpoint)
    detail = page.get_by_test_id("endpoint-detail")
    detail.get_by_test_id("tab-update").click()
    # Lab saves its layout a moment after it changed.
    page.wait_for_timeout(2500)
    page.goto(page.url.split("?")[0])
    expect(detail.get_by_test_id("update-weights")).to_be_visible(timeout=60_000)


def _card(page: Page, label: str) -> Locator:
    return page.locator(".jp-LauncherCard", has_text=label)


def _open(page: Page, command: str, name: str) -> None:
    page.evaluate(
        "([command, name]) => window.jupyterapp.commands.execute(command, { name }).then(() => 1)",
        [command, name],
    )


def _at_end(log: Locator) -> bool:
    return bool(log.evaluate("node => node.scrollHeight - node.scrollTop - node.clientHeight < 24"))


def _upload(lab: Lab, endpoint_url: str, bucket: str) -> None:
    """A table in which the label is whether the first number exceeds the second."""
    pairs = [(i * 37 % 101 / 101, i * 53 % 97 / 97) for i in range(2000)]
    table = "".join(f"{int(a > b)},{a:.4f},{b:.4f}\n" for a, b in pairs)
    session = _session(lab)
    s3 = session.client("s3", endpoint_url=endpoint_url)
    if bucket not in {entry["Name"] for entry in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="ui/train/train.csv", Body=table.encode())


def _session(lab: Lab) -> boto3.Session:
    from studio_ext.notebook.session import connection

    variables = connection(lab.home)
    return boto3.Session(
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        region_name=variables["AWS_REGION"],
    )


def _wait(lab: Lab, target: str, request: dict[str, str], kind: str) -> dict[str, Any]:
    """The description once its status is one that stays."""
    field = f"{kind}JobStatus" if kind == "Training" else f"{kind}Status"
    deadline = time.monotonic() + PATIENCE / 1000
    while True:
        description = lab.call(target, **request)
        if description[field] not in ("InProgress", "Creating"):
            return description
        assert time.monotonic() < deadline, f"still {description[field]}"
        time.sleep(0.5)
