"""Constraints of the models, told in AWS's words."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, ParamValidationError
from botocore.validate import validate_parameters
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio_ext.wire import models
from studio_ext.wire.errors import ValidationException
from studio_ext.wire.validate import check

JOB = {
    "TrainingJobName": "job-1",
    "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
    "RoleArn": "arn:aws:iam::000000000000:role/StudioExecutionRole",
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
    "ResourceConfig": {
        "InstanceType": "ml.m5.large",
        "InstanceCount": 1,
        "VolumeSizeInGB": 1,
    },
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
}


def create(**changes):
    return {**JOB, **changes}


def message(params, operation="CreateTrainingJob", service="sagemaker"):
    model = models.service_model(service).operation_model(operation)
    with pytest.raises(ValidationException) as failure:
        check(model, params)
    return failure.value.message


def accept(params, operation="CreateTrainingJob", service="sagemaker"):
    check(models.service_model(service).operation_model(operation), params)


def test_good_parameters():
    accept(JOB)


def test_pattern_in_aws_words():
    assert message(create(TrainingJobName="bad name!!")) == (
        "1 validation error detected: Value 'bad name!!' at 'trainingJobName' failed to satisfy "
        "constraint: Member must satisfy regular expression pattern: "
        "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
    )


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"TrainingJobName": "x" * 64}, ["trainingJobName", "length less than or equal to 63"]),
        ({"TrainingJobName": ""}, ["trainingJobName", "length greater than or equal to 1"]),
        ({"TrainingJobName": "a\n"}, ["trainingJobName", "pattern"]),
        ({"RoleArn": "nobody"}, ["'nobody' at 'roleArn'", "pattern"]),
        ({"Tags": [{"Key": "k", "Value": "v"}, {"Key": "x" * 129, "Value": ""}]},
         ["tags.2.member.key", "length less than or equal to 128"]),
        ({"Environment": {"0bad": "v"}}, ["environment.0bad.key", "pattern"]),
        ({"HyperParameters": {"k": "v" * 2501}}, ["hyperParameters.k.member", "2500"]),
        ({"InputDataConfig": []}, ["inputDataConfig", "greater than or equal to 1"]),
    ],
)  # fmt: skip
def test_constraints_name_the_field(changes, parts):
    text = message(create(**changes))
    for part in parts:
        assert part in text


@pytest.mark.parametrize(
    ("member", "value", "part"),
    [
        ("InstanceType", "ml.none", "enum value set: [ml.m4.xlarge"),
        ("InstanceType", "local.", "enum"), ("InstanceType", "local.CPU x", "enum"),
        ("InstanceCount", -1, "value greater than or equal to 0"),
        ("InstanceCount", True, "number"), ("InstanceCount", "1", "Invalid type"),
    ],
)  # fmt: skip
def test_resource_config(member, value, part):
    text = message(create(ResourceConfig={**JOB["ResourceConfig"], member: value}))
    assert part in text
    assert member.lower() in text.lower()


def test_local_instance_types_are_ours():
    for name in ("local.cpu", "local.gpu-1x"):
        accept(create(ResourceConfig={**JOB["ResourceConfig"], "InstanceType": name}))


def test_missing_and_unknown_parameters():
    assert message({}).startswith('Missing required parameter in input: "TrainingJobName"')
    text = message(create(OutputDataConfig={}))
    assert text == 'Missing required parameter in OutputDataConfig: "S3OutputPath"'
    assert 'Unknown parameter in input: "Nonsense"' in message(create(Nonsense=1))


def test_several_errors_are_counted():
    text = message(create(TrainingJobName="!", RoleArn="!" * 30))
    assert text.startswith("2 validation errors detected: ")


def test_values_are_not_echoed_at_length():
    assert len(message(create(TrainingJobName="x" * 100_000))) < 1000


def test_a_pattern_cannot_be_made_to_run_for_ever():
    name = "a" + "-" * 60 + "!"
    assert "pattern" in message(create(TrainingJobName=name))


def test_codes_of_other_services():
    for service, operation, params, code in (
        ("logs", "GetLogEvents", {"logStreamName": "a:b"}, "InvalidParameterException"),
        ("sts", "AssumeRole", {"RoleArn": "a" * 20}, "ValidationError"),
        ("s3", "GetObject", {"Bucket": "b"}, "InvalidArgument"),
    ):
        model = models.service_model(service).operation_model(operation)
        with pytest.raises(ValidationException) as failure:
            check(model, params)
        assert failure.value.code == code


def test_every_served_model_compiles_and_every_operation_is_checked():
    """No shape of any model we may serve breaks the compiler; empty input is judged."""
    for service in ("sagemaker", "sagemaker-runtime", "s3", "sts", "iam", "logs", "cloudwatch"):
        model = models.service_model(service)
        for name in model.operation_names:
            operation = model.operation_model(name)
            required = operation.input_shape and operation.input_shape.required_members
            if required:
                with pytest.raises(ValidationException, match=required[0]):
                    check(operation, {})
            else:
                check(operation, {})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
members = st.sampled_from(sorted(models.service_model("sagemaker").shape_for(
    "CreateTrainingJobRequest").members))  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changes=st.dictionaries(members, json_values, max_size=3))
def test_refuses_whatever_botocore_refuses(changes):
    """botocore's own validator is the oracle for structure; ours may refuse more, never less."""
    params = create(**changes)
    operation = models.service_model("sagemaker").operation_model("CreateTrainingJob")
    try:
        validate_parameters(params, operation.input_shape)
    except ParamValidationError:
        message(params)
    else:
        try:
            check(operation, params)
        except ValidationException as error:
            assert "failed to satisfy constraint" in error.message


def test_through_a_client(client, seen):
    sagemaker = client("sagemaker", parameter_validation=False)
    with pytest.raises(ClientError, match="bad name!!") as failure:
        sagemaker.create_training_job(**create(TrainingJobName="bad name!!"))
    assert failure.value.response["Error"]["Code"] == "ValidationException"
    with pytest.raises(ClientError, match="RoleArn"):
        sagemaker.create_training_job(**{k: v for k, v in JOB.items() if k != "RoleArn"})
    assert not seen
    assert sagemaker.create_training_job(**JOB)["TrainingJobArn"] == "arn:job"
    assert seen.last == JOB
