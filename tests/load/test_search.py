"""Search: what it finds is what a look at every job would find."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from studio_plane import Studio, clean_up, new_home, open_studio

from benchmarks import seeding
from studio_ext.store import Store

JOBS = 120
Job = dict[str, Any]
Test = Callable[[Job], bool]


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    home = new_home()
    try:
        studio = open_studio(home)
        seeding.seed_jobs(studio.plane.store, JOBS)
        yield studio
        studio.plane.stop()
    finally:
        clean_up(home)


@pytest.fixture(scope="module")
def jobs(studio: Studio) -> list[Job]:
    """Every job as Search shows it, page by page."""
    found: list[Job] = []
    token: dict[str, Any] = {}
    while True:
        page = studio.sagemaker.search(Resource="TrainingJob", MaxResults=50, **token)
        found += [result["TrainingJob"] for result in page["Results"]]
        assert page["TotalHits"] == {"Value": 100, "Relation": "GreaterThanOrEqualTo"}
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert len(found) == JOBS
    return found


def where(name: str, operator: str | None = None, value: str | None = None) -> dict[str, str]:
    given = {"Name": name, "Operator": operator, "Value": value}
    return {key: text for key, text in given.items() if text is not None}


def search(studio: Studio, expression: dict[str, Any], **more: Any) -> list[str]:
    found: list[str] = []
    while True:
        page = studio.sagemaker.search(
            Resource="TrainingJob", SearchExpression=expression, MaxResults=20, **more
        )
        found += [result["TrainingJob"]["TrainingJobName"] for result in page["Results"]]
        if "NextToken" not in page:
            return found
        more["NextToken"] = page["NextToken"]


def tag(job: Job, key: str) -> str | None:
    return next((t["Value"] for t in job["Tags"] if t["Key"] == key), None)


def metric(job: Job) -> float:
    return float(job["FinalMetricDataList"][0]["Value"])


def hyper(job: Job, name: str) -> float:
    return float(job["HyperParameters"][name])


SPECIFICATION = "AlgorithmSpecification.TrainingImage"
CHANNEL = "InputDataConfig.ChannelName"
URI = "InputDataConfig.DataSource.S3DataSource.S3Uri"


def uri(job: Job) -> str:
    return str(job["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"])


FILTERS: list[tuple[dict[str, str], Test]] = [
    (
        where("TrainingJobName", None, "fraud-model-0000004"),
        lambda j: j["TrainingJobName"].endswith("0004"),
    ),
    (where("TrainingJobName", "Contains", "FRAUD"), lambda j: "fraud" in j["TrainingJobName"]),
    (where("TrainingJobName", "Contains", "%"), lambda j: False),
    (where("TrainingJobStatus", "Equals", "Failed"), lambda j: j["TrainingJobStatus"] == "Failed"),
    (
        where("TrainingJobStatus", "NotEquals", "Completed"),
        lambda j: j["TrainingJobStatus"] != "Completed",
    ),
    (
        where("TrainingJobStatus", "In", "Failed, Stopped"),
        lambda j: j["TrainingJobStatus"] in ("Failed", "Stopped"),
    ),
    (where("SecondaryStatus", "Equals", "Stopped"), lambda j: j["SecondaryStatus"] == "Stopped"),
    (where("FailureReason", "Exists"), lambda j: "FailureReason" in j),
    (where("FailureReason", "NotExists"), lambda j: "FailureReason" not in j),
    (
        where("ModelArtifacts.S3ModelArtifacts", "Contains", "0000007"),
        lambda j: j["TrainingJobName"].endswith("0007") and "FailureReason" not in j,
    ),
    (where("Tags.team", "Equals", "search"), lambda j: tag(j, "team") == "search"),
    (where("Tags.nothing", "NotExists"), lambda j: True),
    (where("Tags.nothing", "Exists"), lambda j: False),
    (where("Metrics.accuracy", "GreaterThan", "0.5"), lambda j: metric(j) > 0.5),
    (where("Metrics.unknown", "GreaterThan", "0"), lambda j: False),
    (where("HyperParameters.eta", "LessThan", "0.1"), lambda j: hyper(j, "eta") < 0.1),
    (
        where("HyperParameters.max_depth", "GreaterThanOrEqualTo", "7"),
        lambda j: hyper(j, "max_depth") >= 7,
    ),
    (where("HyperParameters.max_depth", "Equals", "7"), lambda j: hyper(j, "max_depth") == 7),
    (where("HyperParameters.eta", "LessThanOrEqualTo", "0"), lambda j: int(hyper(j, "eta")) <= 0),
    (where("HyperParameters.sagemaker_program", "LessThan", "5"), lambda j: False),
    (where("HyperParameters.sagemaker_program", "Equals", '"train.py"'), lambda j: True),
    (where(SPECIFICATION, "Contains", "scikit"), lambda j: True),
    (
        where("ResourceConfig.InstanceType", "Equals", "ml.m5.xlarge"),
        lambda j: j["ResourceConfig"]["InstanceType"] == "ml.m5.xlarge",
    ),
    (where("ResourceConfig.VolumeSizeInGB", "LessThanOrEqualTo", "29"), lambda j: False),
    (where("StoppingCondition.MaxRuntimeInSeconds", "Equals", "86400"), lambda j: True),
    (where(CHANNEL, "Equals", "train"), lambda j: True),
    (where(URI, "Contains", "data/3/"), lambda j: "data/3/" in uri(j)),
    (where("WarmPoolStatus.Status", "Exists"), lambda j: False),
    (where("TrainingEndTime", "GreaterThan", "2000-01-01T00:00:00"), lambda j: True),
]


@pytest.mark.parametrize(
    "number", range(len(FILTERS)), ids=[" ".join(f.values()) for f, _ in FILTERS]
)
def test_a_filter_finds_what_a_look_at_each_finds(
    studio: Studio, jobs: list[Job], number: int
) -> None:
    filter_, holds = FILTERS[number]
    wanted = {job["TrainingJobName"] for job in jobs if holds(job)}
    found = search(studio, {"Filters": [filter_]})
    assert len(found) == len(set(found))
    assert set(found) == wanted


def test_times_are_compared_as_times(studio: Studio, jobs: list[Job]) -> None:
    middle = sorted(job["CreationTime"] for job in jobs)[JOBS // 2]
    text = middle.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    whole = datetime.fromisoformat(text).replace(tzinfo=UTC)
    later = {j["TrainingJobName"] for j in jobs if j["CreationTime"] > whole}
    assert set(search(studio, {"Filters": [where("CreationTime", "GreaterThan", text)]})) == later
    same = search(studio, {"Filters": [where("CreationTime", "Equals", text)]})
    assert same == [j["TrainingJobName"] for j in jobs if j["CreationTime"] == middle]


def test_and_or_and_expressions_in_expressions(studio: Studio, jobs: list[Job]) -> None:
    failed = where("TrainingJobStatus", "Equals", "Failed")
    fraud = where("Tags.team", "Equals", "fraud")
    deep = where("HyperParameters.max_depth", "Equals", "3")

    def names(test: Test) -> set[str]:
        return {job["TrainingJobName"] for job in jobs if test(job)}

    assert set(search(studio, {"Filters": [fraud, deep], "Operator": "Or"})) == names(
        lambda j: tag(j, "team") == "fraud" or hyper(j, "max_depth") == 3
    )
    nested = {"Filters": [failed], "SubExpressions": [{"Filters": [fraud, deep], "Operator": "Or"}]}
    assert set(search(studio, nested)) == names(
        lambda j: (
            j["TrainingJobStatus"] == "Failed"
            and (tag(j, "team") == "fraud" or hyper(j, "max_depth") == 3)
        )
    )


def test_one_element_of_a_list_must_satisfy_all(studio: Studio, jobs: list[Job]) -> None:
    def channels(name: str) -> set[str]:
        filters = [where(CHANNEL, "Equals", name), where(URI, "Contains", "data/3/")]
        nested = {"NestedPropertyName": "InputDataConfig", "Filters": filters}
        return set(search(studio, {"NestedFilters": [nested]}))

    failed = {"Filters": [where("TrainingJobStatus", "Equals", "Failed")]}
    counted = studio.sagemaker.search(Resource="TrainingJob", SearchExpression=failed)
    assert counted["TotalHits"] == {
        "Value": sum(j["TrainingJobStatus"] == "Failed" for j in jobs),
        "Relation": "EqualTo",
    }
    assert channels("train") == {j["TrainingJobName"] for j in jobs if "data/3/" in uri(j)}
    assert channels("test") == set()


@pytest.mark.parametrize("order", ["Ascending", "Descending"])
@pytest.mark.parametrize(
    ("by", "key"),
    [
        ("TrainingJobName", lambda j: j["TrainingJobName"]),
        ("CreationTime", lambda j: j["CreationTime"]),
        ("TrainingJobStatus", lambda j: j["TrainingJobStatus"]),
        ("HyperParameters.eta", lambda j: j["HyperParameters"]["eta"]),
        ("Metrics.accuracy", metric),
    ],
)
def test_pages_come_in_the_order_asked_for(
    studio: Studio, jobs: list[Job], by: str, key: Callable[[Job], Any], order: str
) -> None:
    everything = {"Filters": [where("TrainingJobName", "Exists")]}
    found = search(studio, everything, SortBy=by, SortOrder=order)
    keys = {job["TrainingJobName"]: key(job) for job in jobs}
    assert sorted(found) == sorted(keys)
    values = [keys[name] for name in found]
    assert values == sorted(values, reverse=order == "Descending")


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ({"Filters": [where("Nothing", "Equals", "x")]}, "has no property Nothing"),
        ({"Filters": [where("ResourceConfig", "Equals", "x")]}, "is a structure"),
        ({"Filters": [where("TrainingJobName", "GreaterThan", "x")]}, "it is text"),
        ({"Filters": [where("CreationTime", "LessThan", "soon")]}, "must be an ISO 8601 time"),
        ({"Filters": [where("Metrics.a", "LessThan", "b")]}, "must be a number"),
        ({"Filters": [where("TrainingJobName", "Contains", x) for x in "ab"]}, "usage limit of 1"),
        ({"Filters": [where("TrainingJobName", "Equals")]}, "needs a Value"),
        ({"Operator": "And"}, "at least one of"),
    ],
)
def test_what_is_wrong_is_named(studio: Studio, expression: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError, match=message) as caught:
        search(studio, expression)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_other_kinds_and_other_profiles(studio: Studio) -> None:
    studio.sagemaker.create_model(
        ModelName="found",
        ExecutionRoleArn=studio.config.role_arn,
        PrimaryContainer={
            "Image": seeding.IMAGE,
            "ModelDataUrl": studio.put("m/model.tar.gz", b"x"),
        },
    )
    expression = {"Filters": [where("ModelName", "Equals", "found")]}
    found = studio.sagemaker.search(Resource="Model", SearchExpression=expression)
    assert found["Results"][0]["Model"]["Model"]["ModelName"] == "found"
    assert studio.sagemaker.search(Resource="Endpoint")["Results"] == []
    with pytest.raises(ClientError, match="Search for Experiment"):
        studio.sagemaker.search(Resource="Experiment")
    store: Store = studio.plane.store
    store.accounts.open("default", "ben")
    ben = studio.client("sagemaker", store.credentials.issue("test", user_profile="ben"))
    assert ben.search(Resource="TrainingJob")["Results"] == []
    suggested = studio.sagemaker.get_search_suggestions(
        Resource="TrainingJob",
        SuggestionQuery={"PropertyNameQuery": {"PropertyNameHint": "trainingjob"}},
    )
    names = [item["PropertyName"] for item in suggested["PropertyNameSuggestions"]]
    assert names == ["TrainingJobArn", "TrainingJobName", "TrainingJobStatus"]
