"""Scripts with the real SageMaker SDK, as their users write them."""

from __future__ import annotations

import importlib.util
import re

import pytest
from script_runs import Run
from studio_process import Studio

BUCKET = "sagemaker-us-east-1-000000000000"


def completed(studio: Studio, job: str) -> dict[str, object]:
    """The description of a job that must have completed."""
    found: dict[str, object] = studio.client("sagemaker").describe_training_job(TrainingJobName=job)
    assert found["TrainingJobStatus"] == "Completed"
    return found


@pytest.mark.script("session.py")
def test_session_finds_its_bucket_and_role_and_moves_files(run: Run) -> None:
    result = run.result
    assert result["bucket"] == BUCKET
    assert result["role"] == "arn:aws:iam::000000000000:role/StudioExecutionRole"
    assert (result["region"], result["account"]) == ("us-east-1", "000000000000")
    assert result["uris"] == [
        f"s3://{BUCKET}/session/one/a.txt",
        f"s3://{BUCKET}/session/all",
        f"s3://{BUCKET}/session/text.txt",
    ]
    names = ["a.txt", "deep/b c.txt", "empty"]
    wanted = ["one/a.txt", "text.txt", *(f"{at}/{n}" for at in ("all", "uploader") for n in names)]
    assert result["listed"] == sorted(f"s3://{BUCKET}/session/{name}" for name in wanted)
    assert result["by_session"] == sorted(f"session/all/{name}" for name in names)
    assert result["text"] == result["text_by_session"] == "as text"
    texts = dict(zip(names, ["first", "second é", ""], strict=True))
    assert result["down"] == {f"{at}/{n}": texts[n] for at in ("down", "down2") for n in names}


@pytest.mark.script("seed_sklearn.py")
def test_sklearn_script_is_trained_deployed_and_asked(studio: Studio, run: Run) -> None:
    result = run.result
    assert result["domain"].startswith("arn:aws:sagemaker:us-east-1:000000000000:domain/d-")
    assert result["predictions"] == [1]
    assert result["accuracy"] > 0.95
    job = completed(studio, result["job"])
    assert job["RoleArn"] == "arn:aws:iam::123456789012:role/SageMakerRole"
    assert "Billable seconds" in run.output, "fit() followed the job to its end"


@pytest.mark.script("seed_xgboost.py")
def test_xgboost_tutorial_prints_its_confusion_matrix(studio: Studio, run: Run) -> None:
    result = run.result
    assert result["predictions"] == result["rows"]
    (tn, fp), (fn, tp) = result["matrix"]
    assert tn + fp + fn + tp == result["rows"]
    # Saying "no" to everybody is right for 89 of 100: a model must know better, and find buyers.
    assert result["rate"] > 89.0
    assert tp > 20
    assert result["model_data"] == (
        f"s3://tutorial-bucket/sagemaker/DEMO-xgboost-dm/output/{result['job']}/output/model.tar.gz"
    )
    assert "Overall Classification Rate:" in run.output
    completed(studio, result["job"])


def rounds(output: str) -> list[tuple[float, float]]:
    """What the algorithm printed for each round: AUC of train and validation."""
    line = re.compile(r"^.*\[(\d+)\].*train-auc:([0-9.]+).*validation-auc:([0-9.]+)", re.MULTILINE)
    found = line.findall(output)
    assert [int(number) for number, _, _ in found] == list(range(len(found)))
    return [(float(train), float(validation)) for _, train, validation in found]


@pytest.mark.script("xgboost_validation.py")
def test_xgboost_stops_early_and_serves(studio: Studio, run: Run) -> None:
    result = run.result
    scores = [validation for _, validation in rounds(run.output)]
    assert 5 < len(scores) < result["rounds"], "the validation metric stopped the training"
    assert max(scores) == max(scores[:-5]), "five rounds without a better one were the last"
    assert result["predictions"] == result["rows"]
    assert min(scores[-6:]) - 0.01 < result["auc"] < max(scores) + 0.001, "it serves that model"
    assert result["one_row"] == pytest.approx(result["first"], abs=1e-6)
    arn = result["describe"]["TrainingJobArn"]
    assert studio.client("sagemaker").list_tags(ResourceArn=arn)["Tags"] == [
        {"Key": "team", "Value": "marketing"}
    ]


@pytest.mark.script("xgboost_validation.py")
def test_analytics_give_metrics_by_the_minute(run: Run) -> None:
    """The SDK asks CloudWatch for averages of each minute."""
    result = run.result
    trained = rounds(run.output)
    final = {m["MetricName"]: m["Value"] for m in result["describe"]["FinalMetricDataList"]}
    assert final == {"train:auc": trained[-1][0], "validation:auc": trained[-1][1]}

    by_name: dict[str, list[float]] = {}
    for row in result["metrics"]:
        assert row["timestamp"] % 60 == 0 or row["timestamp"] == 0
        by_name.setdefault(row["metric_name"], []).append(row["value"])
    assert set(by_name) == {"train:auc", "validation:auc"}
    assert by_name["validation:auc"] == result["one"]["value"]
    scores = [validation for _, validation in trained]
    assert all(min(scores) <= value <= max(scores) for value in by_name["validation:auc"])
    if len(by_name["validation:auc"]) == 1:
        assert by_name["validation:auc"] == pytest.approx([sum(scores) / len(scores)])


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs studio-ext[torch]")
@pytest.mark.script("pytorch.py")
def test_pytorch_script_is_trained_deployed_and_asked(studio: Studio, run: Run) -> None:
    result = run.result
    assert 0 < result["loss"]["train:loss"] < 0.05
    assert [row[0] for row in result["answer"]] == pytest.approx([0.7, 1.0], abs=0.25)
    job = completed(studio, result["job"])
    assert job["HyperParameters"]["epochs"] == "200"  # type: ignore[index]


@pytest.mark.script("jobs.py")
def test_sdk_stops_a_job(run: Run) -> None:
    result = run.result
    assert result["long"] in result["listed"]
    assert (result["while"], result["waited"]) == ("InProgress", "Stopped")
    assert result["secondary"] == "Stopped"
    assert result["attached"] == result["long"]


@pytest.mark.script("jobs.py")
def test_sdk_says_why_a_script_failed(studio: Studio, run: Run) -> None:
    result = run.result
    assert result["failed"]["status"] == "Failed"
    assert "KeyError" in result["failed"]["text"]
    assert "the table has no column duration" in result["failed"]["text"]
    job = studio.client("sagemaker").describe_training_job(TrainingJobName=result["failed_job"])
    assert job["FailureReason"].startswith("AlgorithmError")
    assert "the table has no column duration" in job["FailureReason"]


@pytest.mark.script("jobs.py")
def test_sdk_prints_the_log_once(run: Run) -> None:
    result = run.result
    for output in (result["fit_output"], result["logs"]):
        assert output.count("looking for duration") == 1
        assert "Traceback (most recent call last)" in output


@pytest.mark.script("jobs.py")
def test_sdk_is_told_which_parameter_is_wrong(run: Run) -> None:
    refused = run.result["refused"]
    assert refused["Code"] == "ValidationException"
    assert "AlgorithmSpecification.TrainingImage" in refused["Message"]
    assert "none-of-ours" in refused["Message"]


@pytest.mark.script("processing.py")
def test_sdk_processors_run_scripts(studio: Studio, run: Run) -> None:
    result = run.result
    table = [[1, 3], [2, 4]]
    for name, factor in (("script", 3), ("framework", 40), ("plain", 1)):
        wanted = [[factor * value for value in row] for row in table]
        assert result["results"][name] == wanted, name
    assert studio.client("sagemaker").list_tags(ResourceArn=result["arn"])["Tags"] == [
        {"Key": "team", "Value": "data"}
    ]


@pytest.mark.script("processing.py")
def test_sdk_is_told_how_a_processing_job_ended(run: Run) -> None:
    result = run.result
    assert result["stopped"] == "Stopped"
    assert result["failed"]["status"] == "Failed"
    assert "the factor must not be 0" in result["failed"]["text"]


@pytest.mark.script("processing_logs.py")
def test_sdk_follows_a_processing_job(run: Run) -> None:
    result = run.result
    assert result["rows"] == [[2, 6], [4, 8]]
    assert result["printed"].count("doubling 2 rows in SKLearn's name") == 1
    assert result["output"] == f"s3://{BUCKET}/{result['job']}/output/table"


@pytest.mark.script("flow_pipeline.py")
def test_a_flow_and_xgboost_are_one_endpoint(run: Run) -> None:
    result = run.result
    assert result["together"] == pytest.approx(result["one"], abs=1e-6)
    assert [round(each) for each in result["one"]] == [1, 0, 1], "who is older than 50"
    assert "sagemaker-data-wrangler-container" in result["images"][0]
    assert "xgboost" in result["images"][1]
