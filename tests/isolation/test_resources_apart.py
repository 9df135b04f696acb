"""Resources: another's is answered as if it were not there, whatever operation names it.

The operations come from the registry and their requests from botocore's models, so that a new
operation is in here by itself.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError
from botocore.model import OperationModel, Shape
from people import Person, refusal
from studio_plane import SKLEARN, Studio, wait_for

from studio_ext.control.events import EventFeed
from studio_ext.control.sharing import concerns
from studio_ext.hosting.gateway import client as gateway
from studio_ext.store.resources import Event
from studio_ext.wire.errors import ApiError
from studio_ext.wire.models import service_model

sys.path.insert(0, str(Path(__file__).parents[1] / "fuzz"))

from fuzz_values import Values

NAME, MISSING = "alpha-one", "gamma-two"
SEEDS = 8
NAMED = ("TrainingJobName", "ProcessingJobName", "ModelName", "EndpointName")
NAMED += ("EndpointConfigName", "ResourceName", "SourceProcessingJobName")
METRICS = "print('loss=0.5;'); open('/opt/ml/model/m', 'w').write('x')"


def known(account: str, name: str) -> dict[str, list[Any]]:
    """Values by member name that mean a person's resources called ``name``."""
    kinds = ("training-job", "processing-job", "model", "endpoint-config", "endpoint")
    group = f"/aws/sagemaker/Endpoints/{name}"
    groups = [group, f"arn:aws:logs:us-east-1:{account}:log-group:{group}"]
    jobs = "/aws/sagemaker/TrainingJobs"
    return {
        **{member: [name] for member in NAMED},
        "ResourceArn": [f"arn:aws:sagemaker:us-east-1:{account}:{kind}/{name}" for kind in kinds],
        "logGroupName": [group, jobs],
        "logGroupIdentifier": groups,
        "logStreamName": [f"{name}/algo-1-1"],
        "logStreamNamePrefix": [f"{name}/"],
        "UserName": ["ana" if name == NAME else "nobody"],
        "UserProfileName": ["ana" if name == NAME else "nobody"],
        "DomainId": ["d-81d80527116b"],
        "ResourceType": ["training-job", "endpoint"],
        "Tags": [[{"Key": "a", "Value": "b"}]],
        "TagKeys": [["a"]],
        "Body": [b"{}"],
        "NameContains": [name[:5]],
        "Dimensions": [
            [{"Name": "TrainingJobName", "Value": name}],
            [{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": "A"}],
        ],
        "Namespace": ["/aws/sagemaker/TrainingJobs", "AWS/SageMaker"],
        "MetricName": ["loss", "Invocations"],
        "GroupName": ["default", name],
        **{member: [None] for member in ("NextToken", "nextToken", "Marker")},
    }


def of_schedules(account: str, name: str) -> dict[str, list[Any]]:
    """What EventBridge Scheduler's members mean, whose names are those of other things too."""
    arn = "arn:aws:scheduler"
    stop = {"TrainingJobName": name}
    return {
        "Name": [name],
        "NamePrefix": [name[:5]],
        "ResourceArn": [f"{arn}:us-east-1:{account}:schedule-group/{name}"],
        "Arn": [f"{arn}:::aws-sdk:sagemaker:stopTrainingJob"],
        "Input": [json.dumps(stop)],
        "ScheduleExpression": ["cron(0 0 1 1 ? 2090)"],
        "StartDate": [None],
        "EndDate": [None],
        "DeadLetterConfig": [None],
    }


def names_in(shape: Shape | None, seen: tuple[str, ...] = ()) -> set[str]:
    """Names of members, at any depth."""
    if shape is None or shape.name in seen:
        return set()
    seen = (*seen, shape.name)
    found: set[str] = set()
    for name, member in getattr(shape, "members", {}).items():
        found |= {name} | names_in(member, seen)
    for inner in ("member", "value"):
        if isinstance(child := getattr(shape, inner, None), Shape):
            found |= names_in(child, seen)
    return found


@pytest.fixture(scope="module")
def alpha(ana: Person) -> Iterator[Person]:
    """Ana, with one of everything, all of one name."""
    definitions = [{"Name": "loss", "Regex": "loss=(.*?);"}]
    ana.deploy(NAME)
    ana.run(
        NAME,
        METRICS,
        AlgorithmSpecification={
            "TrainingImage": SKLEARN,
            "TrainingInputMode": "File",
            "MetricDefinitions": definitions,
        },
    )
    ana.process(NAME)
    ana.runtime.invoke_endpoint(EndpointName=NAME, Body=b"{}")
    ana.scheduler.create_schedule_group(Name=NAME, Tags=[{"Key": "of", "Value": "ana"}])
    for group in ("default", NAME):
        ana.scheduler.create_schedule(
            Name=NAME,
            GroupName=group,
            ScheduleExpression="at(2090-01-01T00:00:00)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={
                "Arn": "arn:aws:scheduler:::aws-sdk:sagemaker:stopTrainingJob",
                "RoleArn": ana.role,
                "Input": json.dumps({"TrainingJobName": NAME}),
            },
        )
    yield ana
    ana.sagemaker.delete_endpoint(EndpointName=NAME)


def things(person: Person) -> dict[str, Any]:
    """All that somebody has, as the API tells it."""
    api = person.sagemaker
    told: dict[str, Any] = {
        "job": api.describe_training_job(TrainingJobName=NAME),
        "processing": api.describe_processing_job(ProcessingJobName=NAME),
        "model": api.describe_model(ModelName=NAME),
        "config": api.describe_endpoint_config(EndpointConfigName=NAME),
        "endpoint": api.describe_endpoint(EndpointName=NAME),
        "tags": api.list_tags(ResourceArn=person.arn("training-job", NAME)),
        "jobs": api.list_training_jobs(),
        "processed": api.list_processing_jobs(),
        "endpoints": api.list_endpoints(),
        "keys": person.iam.list_access_keys(),
        "schedules": person.scheduler.list_schedules(),
        "schedule": person.scheduler.get_schedule(Name=NAME, GroupName=NAME),
        "groups": person.scheduler.list_schedule_groups(),
        "group's tags": person.scheduler.list_tags_for_resource(
            ResourceArn=f"arn:aws:scheduler:us-east-1:{person.account}:schedule-group/{NAME}"
        ),
    }
    for answer in told.values():
        answer.pop("ResponseMetadata")
    return told


class Asker:
    """Calls operations as a person, whatever the client thinks of the parameters."""

    def __init__(self, person: Person) -> None:
        self._person = person
        self._clients: dict[str, Any] = {}

    def __call__(self, operation: OperationModel, params: dict[str, Any]) -> tuple[Any, ...]:
        """What is answered, without what differs from call to call."""
        service = operation.service_model.service_name
        try:
            if service == "studio":  # boto3 knows nothing of it
                invoke = self._person.plane.dispatcher.invoke
                answer = asyncio.run(invoke(service, operation.name, params, self._person.caller))
            else:
                answer = self._call(service, operation.name, params)
        except (ClientError, ApiError) as error:
            code = error.code if isinstance(error, ApiError) else error.response["Error"]["Code"]
            return "refused", code, str(error)
        except ParamValidationError as error:
            return "not sent", str(error)
        answer.pop("ResponseMetadata", None)
        return "answered", json.dumps(answer, sort_keys=True, default=str)

    def _call(self, service: str, name: str, params: dict[str, Any]) -> dict[str, Any]:
        if service not in self._clients:
            self._clients[service] = self._person.client(service)
        client = self._clients[service]
        mapping = client.meta.method_to_api_mapping
        method = next(key for key, value in mapping.items() if value == name)
        answer: dict[str, Any] = getattr(client, method)(**params)
        return answer


def test_every_operation_answers_as_for_what_is_not_there(
    studio: Studio, alpha: Person, ben: Person
) -> None:
    registry = studio.plane.dispatcher.registry
    ask, before = Asker(ben), things(alpha)
    tried = set()
    for service in registry.services():
        for name in registry.operations(service):
            if service == "s3":
                continue  # in test_objects_apart
            operation = service_model(service).operation_model(name)
            for seed in range(SEEDS):
                asked = requests(operation, alpha.account, seed)
                if asked is None:
                    break
                theirs, nobodys = asked
                if theirs == nobodys:
                    continue  # it came to name nothing
                tried.add(name)
                told = [ask(operation, params) for params in (theirs, nobodys)]
                first = tuple(text.replace(NAME, MISSING) for text in told[0])
                first = tuple(text.replace("name ana ", "name nobody ") for text in first)
                first = tuple(text.replace("profile ana ", "profile nobody ") for text in first)
                assert first == told[1], (service, name, theirs)
    assert things(alpha) == before
    assert len(tried) >= 35, sorted(tried)
    assert {"StopTrainingJob", "InvokeEndpoint", "GetLogEvents", "CreateEndpoint"} <= tried
    assert {"GetSchedule", "UpdateSchedule", "DeleteSchedule", "ListScheduleRuns"} <= tried
    assert "RunSchedule" in tried
    assert {"DeleteScheduleGroup", "ListTagsForResource", "TagResource"} <= tried


def requests(
    operation: OperationModel, account: str, seed: int
) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Two requests that differ in whose things they name; None when it names no thing."""
    made = []
    of_scheduler = operation.service_model.service_name == "scheduler"
    # what a Create makes is the caller's
    own = "Name" if of_scheduler else operation.name.removeprefix("Create") + "Name"
    for name in (NAME, MISSING):
        values = known(account, name)
        if of_scheduler or "Schedule" in operation.name:
            values |= of_schedules(account, name)
        if operation.name.startswith("Create"):
            values[own] = [f"new-{seed}-{name}"]
        if not names_in(operation.input_shape) & (values.keys() - {"Tags", "Body"}):
            return None
        source = Values(random.Random(seed), values)
        source.known_chance = 1.0
        made.append(source.request(operation.input_shape))
    return made[0], made[1]


def test_names_are_ones_own(alpha: Person, ben: Person) -> None:
    """Two may have jobs, models and endpoints of one name."""
    ben.model(NAME)
    ben.endpoint_config(NAME, NAME)
    ben.run(NAME, "print('ben speaks')")
    for person, other in ((alpha, ben), (ben, alpha)):
        job = person.describe(NAME)
        assert job["TrainingJobArn"] == person.arn("training-job", NAME)
        assert job["RoleArn"] == person.role
        assert other.account not in json.dumps(job, default=str)
        group = person.logs.describe_log_streams(logGroupName="/aws/sagemaker/TrainingJobs")
        streams = [item["logStreamName"] for item in group["logStreams"]]
        assert len([name for name in streams if name.startswith(f"{NAME}/")]) == 1
    assert "ben speaks" in ben.log(NAME) and "ben speaks" not in alpha.log(NAME)
    assert alpha.describe(NAME)["FinalMetricDataList"][0]["Value"] == 0.5
    assert ben.describe(NAME).get("FinalMetricDataList", []) == []
    ben.sagemaker.delete_training_job(TrainingJobName=NAME)
    ben.sagemaker.delete_endpoint_config(EndpointConfigName=NAME)
    ben.sagemaker.delete_model(ModelName=NAME)
    assert alpha.describe(NAME)["TrainingJobStatus"] == "Completed"


def test_identity_is_the_accounts(ana: Person, ben: Person, studio: Studio) -> None:
    told = [p.sts.get_caller_identity() for p in (ana, ben, studio)]
    assert [answer["Account"] for answer in told] == [ana.account, ben.account, "000000000000"]
    for person in (ana, ben):
        (role,) = person.iam.list_roles()["Roles"]
        assert role["Arn"] == f"arn:aws:iam::{person.account}:role/StudioExecutionRole"


def tag(person: Person, kind: str, value: str | None) -> None:
    arn = person.arn(kind, NAME)
    if value is None:
        person.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["studio:shared-with"])
        return
    tags = [{"Key": "studio:shared-with", "Value": value}]
    person.sagemaker.add_tags(ResourceArn=arn, Tags=tags)


@pytest.mark.parametrize("value", ["ben", "carl ben", "@all", "default/ben"])
def test_sharing_a_job_grants_reading_alone(alpha: Person, ben: Person, value: str) -> None:
    api, name = ben.sagemaker, {"TrainingJobName": NAME}
    arn = alpha.arn("training-job", NAME)
    assert refusal(api.describe_training_job, **name)[0] == "ValidationException"
    tag(alpha, "training-job", value)
    try:
        assert api.describe_training_job(**name)["TrainingJobArn"] == arn
        listed = api.list_training_jobs(NameContains=NAME)["TrainingJobSummaries"]
        assert [item["TrainingJobArn"] for item in listed] == [arn]
        group = "/aws/sagemaker/TrainingJobs"
        (stream,) = ben.logs.describe_log_streams(
            logGroupName=group, logStreamNamePrefix=f"{NAME}/"
        )["logStreams"]
        events = ben.logs.get_log_events(
            logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True
        )["events"]
        assert any("loss=0.5;" in event["message"] for event in events)
        assert {"Key": "studio:shared-with", "Value": value} in api.list_tags(ResourceArn=arn)[
            "Tags"
        ]
        for change in (
            lambda: api.stop_training_job(**name),
            lambda: api.delete_training_job(**name),
            lambda: api.add_tags(ResourceArn=arn, Tags=[{"Key": "x", "Value": "y"}]),
            lambda: api.delete_tags(ResourceArn=arn, TagKeys=["studio:shared-with"]),
        ):
            code, text, status = refusal(change)
            assert (code, status) == ("AccessDeniedException", 403)
            assert "not changed" in text
    finally:
        tag(alpha, "training-job", None)
    assert refusal(api.describe_training_job, **name)[0] == "ValidationException"
    assert api.list_training_jobs(NameContains=NAME)["TrainingJobSummaries"] == []


@pytest.mark.parametrize("value", ["carl", "BEN", "other/ben", "ben2 be n", ""])
def test_sharing_with_others_is_not_sharing(alpha: Person, ben: Person, value: str) -> None:
    tag(alpha, "training-job", value)
    try:
        code, _, _ = refusal(ben.sagemaker.describe_training_job, TrainingJobName=NAME)
        assert code == "ValidationException"
    finally:
        tag(alpha, "training-job", None)


def test_a_list_mixes_own_and_shared_page_by_page(alpha: Person, ben: Person) -> None:
    pages = ben.sagemaker.get_paginator("list_models").paginate()
    before = {item["ModelArn"] for page in pages for item in page["Models"]}
    for number in range(3):
        ben.model(f"mix-{number}")
    tag(alpha, "model", "ben")
    try:
        for order, descending in (("Name", False), ("CreationTime", True), ("Name", True)):
            pages = ben.sagemaker.get_paginator("list_models").paginate(
                SortBy=order,
                SortOrder="Descending" if descending else "Ascending",
                PaginationConfig={"PageSize": 2},
            )
            found = [item["ModelArn"] for page in pages for item in page["Models"]]
            arns = {ben.arn("model", f"mix-{number}") for number in range(3)}
            assert set(found) == before | arns | {alpha.arn("model", NAME)}
            assert len(found) == len(before) + 4
            names = [arn.rpartition("/")[2] for arn in found]
            if order == "Name":
                assert names == sorted(names, reverse=descending)
    finally:
        tag(alpha, "model", None)
        for number in range(3):
            ben.sagemaker.delete_model(ModelName=f"mix-{number}")


def test_own_comes_before_shared(alpha: Person, ben: Person) -> None:
    tag(alpha, "model", "ben")
    ben.model(NAME)
    try:
        described = ben.sagemaker.describe_model(ModelName=NAME)
        assert described["ModelArn"] == ben.arn("model", NAME)
        listed = ben.sagemaker.list_models(NameContains=NAME)["Models"]
        assert [item["ModelArn"] for item in listed] == [ben.arn("model", NAME)]
    finally:
        ben.sagemaker.delete_model(ModelName=NAME)
        tag(alpha, "model", None)


def invoke(person: Person, direct: bool) -> Any:
    info = gateway.info(person.config)
    assert info is not None
    url = f"http://127.0.0.1:{info.port}" if direct else ""
    client = person.client("sagemaker-runtime", url=url)
    answer = client.invoke_endpoint(EndpointName=NAME, Body=b"{}")
    return json.loads(answer["Body"].read())["model"]


@pytest.mark.parametrize("direct", [True, False])
def test_invoking_takes_the_owner_or_its_leave(alpha: Person, ben: Person, direct: bool) -> None:
    missing = f"Endpoint {NAME} of account {ben.account} not found."
    assert invoke(alpha, direct) == NAME
    assert refusal(lambda: invoke(ben, direct))[:2] == ("ValidationError", missing)
    tag(alpha, "endpoint", "ben")

    def invoked() -> bool:
        try:
            return bool(invoke(ben, direct) == NAME)
        except ClientError:
            return False

    wait_for(invoked)
    ask = ben.sagemaker
    assert ask.describe_endpoint(EndpointName=NAME)["EndpointArn"] == alpha.arn("endpoint", NAME)
    code, _, _ = refusal(ask.delete_endpoint, EndpointName=NAME)
    assert code == "AccessDeniedException"
    weights = [{"VariantName": "A", "DesiredWeight": 0.5}]
    code, _, _ = refusal(
        ask.update_endpoint_weights_and_capacities,
        EndpointName=NAME,
        DesiredWeightsAndCapacities=weights,
    )
    assert code == "AccessDeniedException"
    tag(alpha, "endpoint", None)
    wait_for(lambda: not invoked())
    assert refusal(lambda: invoke(ben, direct))[:2] == ("ValidationError", missing)
    assert alpha.endpoint(NAME)["EndpointStatus"] == "InService"


def test_a_revoked_key_is_refused_within_seconds(ana: Person, studio: Studio) -> None:
    made = studio.iam.create_access_key(UserName="ana")["AccessKey"]
    store = studio.plane.store
    key = store.credentials.get(made["AccessKeyId"])
    assert key is not None and key.account_id == ana.account
    session = studio.client("sts", key).get_session_token()["Credentials"]
    derived = store.credentials.get(session["AccessKeyId"])
    assert derived is not None and derived.account_id == ana.account
    info = gateway.info(studio.config)
    assert info is not None
    direct = studio.client("sagemaker-runtime", key, f"http://127.0.0.1:{info.port}")
    assert refusal(direct.invoke_endpoint, EndpointName="none", Body=b"")[0] == "ValidationError"
    studio.iam.delete_access_key(UserName="ana", AccessKeyId=made["AccessKeyId"])
    for gone in (key, derived):
        who = studio.client("sts", gone).get_caller_identity
        assert refusal(who)[0] == "InvalidClientTokenId"
    told = wait_for(
        lambda: (
            code
            if (code := refusal(direct.invoke_endpoint, EndpointName="none", Body=b"")[0])
            != "ValidationError"
            else None
        ),
        15,
    )
    assert told in ("UnrecognizedClientException", "InvalidClientTokenId")


def test_events_of_others_are_not_told(studio: Studio, ana: Person, ben: Person) -> None:
    seen: list[Event] = []
    feed = EventFeed(studio.plane.store, seen.append)
    feed.start()
    ana.model("seen-by-ana")
    wait_for(lambda: [event for event in seen if event.name == "seen-by-ana"])
    feed.stop()
    (event,) = [event for event in seen if event.name == "seen-by-ana"]
    assert concerns(studio.plane.world, ana.caller, event)
    assert not concerns(studio.plane.world, ben.caller, event)
    ana.sagemaker.delete_model(ModelName="seen-by-ana")
    assert not concerns(studio.plane.world, ben.caller, event)
