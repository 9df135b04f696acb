"""Training, logs, models and endpoints over boto3, with its own waiters and paginators."""

from __future__ import annotations

import random
from typing import Any

import pytest
from boto3_jobs import (
    BUCKET,
    QUICK,
    ROLE,
    TRAINING_LOGS,
    XGBOOST,
    describe,
    ended,
    log,
    messages,
    put,
    train,
    training_request,
)
from botocore.exceptions import ClientError, ParamValidationError, WaiterError
from studio_process import Studio, wait_for


def test_boto3_trains_deploys_updates_and_deletes(studio: Studio) -> None:
    sagemaker, runtime = studio.client("sagemaker"), studio.client("sagemaker-runtime")
    points = random.Random(1)
    rows = [(points.random(), points.random()) for _ in range(800)]
    text = "\n".join(f"{int(a + b > 1)},{a},{b}" for a, b in rows)
    put(studio, "sums/train.csv", text.encode())
    sagemaker.create_training_job(
        TrainingJobName="boto3-sums",
        AlgorithmSpecification={"TrainingImage": XGBOOST, "TrainingInputMode": "FastFile"},
        RoleArn=ROLE,
        InputDataConfig=[
            {
                "ChannelName": "train",
                "ContentType": "text/csv",
                "DataSource": {
                    "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/sums/"}
                },
            }
        ],
        OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/out"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        StoppingCondition={"MaxRuntimeInSeconds": 300},
        HyperParameters={"num_round": "20", "objective": "binary:logistic"},
    )
    sagemaker.get_waiter("training_job_completed_or_stopped").wait(
        TrainingJobName="boto3-sums", WaiterConfig=QUICK
    )
    job = describe(studio, "boto3-sums")
    assert job["TrainingJobStatus"] == "Completed"
    assert job["TrainingStartTime"] <= job["TrainingEndTime"]

    model = "boto3-model"
    sagemaker.create_model(
        ModelName=model,
        ExecutionRoleArn=ROLE,
        PrimaryContainer={
            "Image": XGBOOST,
            "ModelDataUrl": job["ModelArtifacts"]["S3ModelArtifacts"],
        },
    )
    for config, weights in (("boto3-one", {"a": 1.0}), ("boto3-two", {"a": 1.0, "b": 0.0})):
        sagemaker.create_endpoint_config(
            EndpointConfigName=config,
            ProductionVariants=[
                {
                    "VariantName": name,
                    "ModelName": model,
                    "InitialInstanceCount": 1,
                    "InstanceType": "ml.m5.large",
                    "InitialVariantWeight": weight,
                }
                for name, weight in weights.items()
            ],
        )
    endpoint = {"EndpointName": "boto3-endpoint"}
    in_service = sagemaker.get_waiter("endpoint_in_service")
    sagemaker.create_endpoint(**endpoint, EndpointConfigName="boto3-one")
    in_service.wait(**endpoint, WaiterConfig=QUICK)

    def ask(**more: Any) -> tuple[list[float], str]:
        answer = runtime.invoke_endpoint(
            **endpoint, ContentType="text/csv", Body="0.9,0.9\n0.1,0.2", **more
        )
        values = answer["Body"].read().decode().replace("\n", ",").strip(",").split(",")
        return [float(value) for value in values], answer["InvokedProductionVariant"]

    (high, low), variant = ask()
    assert high > 0.9 and low < 0.1 and variant == "a"

    sagemaker.update_endpoint(**endpoint, EndpointConfigName="boto3-two")
    in_service.wait(**endpoint, WaiterConfig=QUICK)
    found = sagemaker.describe_endpoint(**endpoint)
    assert found["EndpointConfigName"] == "boto3-two"
    assert [v["VariantName"] for v in found["ProductionVariants"]] == ["a", "b"]
    assert ask(TargetVariant="b") == ([high, low], "b")
    assert {ask()[1] for _ in range(10)} == {"a"}

    sagemaker.delete_endpoint(**endpoint)
    sagemaker.get_waiter("endpoint_deleted").wait(**endpoint, WaiterConfig=QUICK)
    with pytest.raises(ClientError, match="not found"):
        runtime.invoke_endpoint(**endpoint, ContentType="text/csv", Body="1,2")


def test_jobs_are_found_by_every_filter(studio: Studio) -> None:
    names = [f"filtered-{number}" for number in range(3)]
    for name in names:
        train(studio, name, "print('done')")
    jobs = {name: ended(studio, name) for name in names}
    sagemaker = studio.client("sagemaker")

    def found(**asked: Any) -> list[str]:
        pages = sagemaker.get_paginator("list_training_jobs").paginate(
            NameContains="filtered-", SortBy="CreationTime", SortOrder="Ascending", **asked
        )
        return [job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]]

    assert found() == names
    assert found(PaginationConfig={"PageSize": 2}) == names
    assert found(StatusEquals="Completed") == names
    assert found(StatusEquals="Failed") == []
    second = jobs[names[1]]["CreationTime"]
    assert found(CreationTimeAfter=second)[-1] == names[2]
    assert names[2] not in found(CreationTimeBefore=second)


def test_log_is_read_while_the_job_runs(studio: Studio) -> None:
    train(studio, "talking", "print('one', flush=True)\nimport time; time.sleep(600)\n")
    wait_for(lambda: messages(studio, "talking", "one"), "the first line")
    assert describe(studio, "talking")["SecondaryStatus"] == "Training"
    sagemaker = studio.client("sagemaker")
    sagemaker.stop_training_job(TrainingJobName="talking")
    sagemaker.get_waiter("training_job_completed_or_stopped").wait(
        TrainingJobName="talking", WaiterConfig=QUICK
    )
    assert describe(studio, "talking")["TrainingJobStatus"] == "Stopped"
    matches = studio.client("logs").filter_log_events(
        logGroupName=TRAINING_LOGS, logStreamNamePrefix="talking/", filterPattern="one"
    )["events"]
    assert [event["message"] for event in matches] == ["one"]
    with pytest.raises(ClientError, match=r"status\s+Stopped"):
        sagemaker.stop_training_job(TrainingJobName="talking")


def test_failing_script_fails_the_job_with_its_own_error(studio: Studio) -> None:
    train(studio, "failing", "print('before')\nraise ValueError('row 7 has no target')\n")
    with pytest.raises(WaiterError):
        studio.client("sagemaker").get_waiter("training_job_completed_or_stopped").wait(
            TrainingJobName="failing", WaiterConfig=QUICK
        )
    job = ended(studio, "failing")
    assert job["FailureReason"].startswith("AlgorithmError")
    assert "ValueError" in job["FailureReason"]
    assert "row 7 has no target" in job["FailureReason"]
    assert "ModelArtifacts" not in job
    assert "before" in [event["message"] for event in log(studio, "failing")]


def test_runtime_limit_stops_the_job_and_keeps_its_model(studio: Studio) -> None:
    source = """
    import os, time
    open(os.path.join(os.environ["SM_MODEL_DIR"], "half"), "w").write("half a model")
    time.sleep(600)
    """
    train(studio, "limited", source, StoppingCondition={"MaxRuntimeInSeconds": 2})
    job = ended(studio, "limited")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert job["ModelArtifacts"]["S3ModelArtifacts"].endswith("model.tar.gz")


def test_missing_input_fails_the_job_and_names_it(studio: Studio) -> None:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/nothing/here"}
    channel = {"ChannelName": "train", "DataSource": {"S3DataSource": source}}
    train(studio, "without", "print('never')", InputDataConfig=[channel])
    job = ended(studio, "without")
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError")
    assert f"s3://{BUCKET}/nothing/here" in job["FailureReason"]


def test_bad_parameters_are_refused_by_name(studio: Studio) -> None:
    sagemaker = studio.client("sagemaker")
    unchecked = studio.client("sagemaker", parameter_validation=False)
    request = training_request(studio, "bad", "print()")

    with pytest.raises(ParamValidationError, match="TrainingJobName"):
        sagemaker.create_training_job(**{**request, "TrainingJobName": 7})

    cases: list[tuple[dict[str, Any], str]] = [
        ({"TrainingJobName": "not a name!"}, "trainingJobName"),
        ({"ResourceConfig": {"InstanceType": "ml.m5.enormous"}}, "instanceType"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 0}}, "maxRuntimeInSeconds"),
        ({"OutputDataConfig": {"S3OutputPath": "ftp://elsewhere"}}, "s3OutputPath"),
        ({"OutputDataConfig": {}}, "s3OutputPath"),
        ({"RoleArn": "me"}, "roleArn"),
    ]
    for change, field in cases:
        with pytest.raises(ClientError) as caught:
            unchecked.create_training_job(**{**request, **change})
        error = caught.value.response["Error"]
        assert error["Code"] == "ValidationException", (change, error)
        assert field.lower() in error["Message"].lower(), (change, error)
    assert sagemaker.list_training_jobs(NameContains="bad")["TrainingJobSummaries"] == []


def test_name_in_use_is_refused(studio: Studio) -> None:
    request = training_request(studio, "unique", "print()")
    sagemaker = studio.client("sagemaker")
    sagemaker.create_training_job(**request)
    with pytest.raises(sagemaker.exceptions.ResourceInUse, match="unique"):
        sagemaker.create_training_job(**request)
    assert ended(studio, "unique")["TrainingJobStatus"] == "Completed"


def test_unbuilt_operation_says_so(studio: Studio) -> None:
    with pytest.raises(ClientError, match=r"does not implement sagemaker\.CreateWorkteam"):
        studio.client("sagemaker").create_workteam(
            WorkteamName="labellers",
            Description="who labels",
            MemberDefinitions=[{"OidcMemberDefinition": {"Groups": ["all"]}}],
        )
