"""CloudWatch metrics by boto3 and by the SageMaker SDK."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from metric_times import START, moment

from studio_ext.store.metrics import Metrics

TRAINING, ENDPOINTS = "/aws/sagemaker/TrainingJobs", "AWS/SageMaker"


@pytest.fixture
def client(metric_server: SimpleNamespace) -> Any:
    return metric_server.client


def named(**dimensions: str) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in dimensions.items()]


def statistics(client: Any, namespace: str, metric: str, **params: Any) -> list[dict[str, Any]]:
    """Datapoints by time; an hour from START unless told otherwise."""
    params = {"StartTime": moment(0), "EndTime": moment(3600), "Period": 60, **params}
    answer = client.get_metric_statistics(Namespace=namespace, MetricName=metric, **params)
    return sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])


def refusal(call: Callable[..., Any], **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**params)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


# --- training jobs


def test_curve_of_a_job_in_periods(client: Any, metrics: Metrics, name: str) -> None:
    points = [(0.0, 8.0), (30.0, 4.0), (59.9, 3.0), (60.0, 2.0), (180.5, 1.0)]
    metrics.append(
        f"000000000000/training-job/{name}",
        [("loss", "", START + t, i, v) for i, (t, v) in enumerate(points)],
    )
    found = statistics(
        client,
        TRAINING,
        "loss",
        Dimensions=named(TrainingJobName=name),
        Statistics=["Average", "Sum", "Minimum", "Maximum", "SampleCount"],
    )
    assert [point.pop("Timestamp") for point in found] == [moment(0), moment(60), moment(180)]
    assert found[0] == {
        "Average": 5.0,
        "Sum": 15.0,
        "Minimum": 3.0,
        "Maximum": 8.0,
        "SampleCount": 3.0,
        "Unit": "None",
    }
    assert [point["Sum"] for point in found] == [15.0, 2.0, 1.0]


def test_start_is_inclusive_and_rounded_and_end_is_exclusive(
    client: Any, metrics: Metrics, name: str
) -> None:
    metrics.append(
        f"000000000000/training-job/{name}", [("m", "", START + t, None, t) for t in (59, 60, 120)]
    )
    query = {"Dimensions": named(TrainingJobName=name), "Statistics": ["Sum"], "Period": 300}
    found = statistics(client, TRAINING, "m", StartTime=moment(89), EndTime=moment(120), **query)
    assert [(p["Timestamp"], p["Sum"]) for p in found] == [(moment(60), 60.0)]


def test_periods_begin_at_the_start_time(client: Any, metrics: Metrics, name: str) -> None:
    metrics.append(
        f"000000000000/training-job/{name}", [("m", "", START + t, None, 1.0) for t in (419, 420)]
    )
    query = {"Dimensions": named(TrainingJobName=name), "Statistics": ["Sum"], "Period": 300}
    found = statistics(client, TRAINING, "m", StartTime=moment(120), **query)
    assert [p["Timestamp"] for p in found] == [moment(120), moment(420)]


def test_short_periods_of_recent_time(client: Any, metrics: Metrics, name: str) -> None:
    now = time.time() // 60 * 60 - 600
    metrics.append(
        f"000000000000/training-job/{name}", [("m", "", now + t, None, 1.0) for t in (7, 9, 12)]
    )
    found = statistics(
        client,
        TRAINING,
        "m",
        Dimensions=named(TrainingJobName=name),
        Statistics=["Sum"],
        Period=5,
        StartTime=datetime.fromtimestamp(now + 6, UTC),
        EndTime=datetime.fromtimestamp(now + 60, UTC),
    )
    assert [(p["Timestamp"].timestamp() - now, p["Sum"]) for p in found] == [(5, 2.0), (10, 1.0)]


def test_exact_dimensions_only(client: Any, metrics: Metrics, name: str) -> None:
    metrics.append(f"000000000000/training-job/{name}", [("m", "algo-1", START, None, 3.0)])
    host = {"Dimensions": named(Host=f"{name}/algo-1"), "Statistics": ["Sum"]}
    assert [p["Sum"] for p in statistics(client, TRAINING, "m", **host)] == [3.0]
    for dimensions in ({"TrainingJobName": name}, {}, {"Host": name}, {"Other": name}):
        query = {"Dimensions": named(**dimensions), "Statistics": ["Sum"]}
        assert statistics(client, TRAINING, "m", **query) == []


def test_requests_that_make_no_sense(client: Any) -> None:
    query = {
        "Namespace": TRAINING,
        "MetricName": "m",
        "StartTime": moment(0),
        "EndTime": moment(3600),
        "Period": 60,
        "Statistics": ["Sum"],
    }
    call = client.get_metric_statistics
    assert refusal(call, **{**query, "Period": 61})[0] == "InvalidParameterValue"
    assert refusal(call, **{**query, "EndTime": moment(0)})[0] == "InvalidParameterCombination"
    del query["Statistics"]
    assert refusal(call, **query)[0] == "MissingParameter"
    assert refusal(call, **query, ExtendedStatistics=["tm99"])[0] == "InvalidParameterValue"
    query["Statistics"] = ["Sum"]
    code, text = refusal(
        call,
        **{**query, "EndTime": moment(86400 + 60)},
        Dimensions=named(TrainingJobName="j"),
    )
    assert code == "InvalidParameterCombination"
    assert "1,441" in text


def test_a_value_that_is_no_number_is_left_out(client: Any, metrics: Metrics, name: str) -> None:
    values = [1.0, float("nan"), float("inf"), 3.0]
    metrics.append(
        f"000000000000/training-job/{name}",
        [("loss", "", START, i, v) for i, v in enumerate(values)],
    )
    query = {"Dimensions": named(TrainingJobName=name), "Statistics": ["Average", "SampleCount"]}
    (point,) = statistics(client, TRAINING, "loss", **query)
    assert (point["Average"], point["SampleCount"]) == (2.0, 2.0)


# --- endpoints


@pytest.fixture
def endpoint(metrics: Metrics, name: str) -> str:
    """Two seconds of ten and thirty requests, the second with three errors, and a third later."""
    seconds = [(0, 10, 100.0, 0), (1, 30, 300.0, 3), (61, 1, 50.0, 1)]
    for second, count, latency, errors in seconds:
        values = {
            "Invocations": count,
            "InvocationsPerInstance": count / 2,
            "ModelLatency": latency,
            "Invocation5XXErrors": errors,
        }
        metrics.append(
            f"000000000000/endpoint/{name}",
            [(n, "v1", START + second, None, float(v)) for n, v in values.items()],
        )
    return name


def of_variant(client: Any, endpoint: str, metric: str, **params: Any) -> list[dict[str, Any]]:
    dimensions = named(VariantName="v1", EndpointName=endpoint)
    return statistics(client, ENDPOINTS, metric, Dimensions=dimensions, **params)


ALL = ["Average", "Sum", "Minimum", "Maximum", "SampleCount"]


def numbers(point: dict[str, Any]) -> tuple[float, ...]:
    return tuple(point[name] for name in ALL)


def test_each_request_counts_once(client: Any, endpoint: str) -> None:
    first, second = of_variant(client, endpoint, "Invocations", Statistics=ALL)
    assert numbers(first) == (1.0, 40.0, 1.0, 1.0, 40.0)
    assert numbers(second) == (1.0, 1.0, 1.0, 1.0, 1.0)
    first, _ = of_variant(client, endpoint, "InvocationsPerInstance", Statistics=ALL)
    assert numbers(first) == (0.5, 20.0, 0.5, 0.5, 40.0)


def test_the_average_of_errors_is_their_rate(client: Any, endpoint: str) -> None:
    first, second = of_variant(client, endpoint, "Invocation5XXErrors", Statistics=ALL)
    assert numbers(first) == (3 / 40, 3.0, 0.0, 1.0, 40.0)
    assert numbers(second) == (1.0, 1.0, 1.0, 1.0, 1.0)


def test_latency_is_weighed_by_requests(client: Any, endpoint: str) -> None:
    first, _ = of_variant(client, endpoint, "ModelLatency", Statistics=ALL)
    assert numbers(first) == (250.0, 10_000.0, 100.0, 300.0, 40.0)
    assert first["Unit"] == "Microseconds"
    first, second = of_variant(
        client, endpoint, "ModelLatency", ExtendedStatistics=["p20", "p50", "p99.9"]
    )
    assert first["ExtendedStatistics"] == {"p20": 100.0, "p50": 300.0, "p99.9": 300.0}
    assert second["ExtendedStatistics"] == {"p20": 50.0, "p50": 50.0, "p99.9": 50.0}


def test_units_filter(client: Any, endpoint: str) -> None:
    query = {"Statistics": ["Average"]}
    assert len(of_variant(client, endpoint, "ModelLatency", Unit="Microseconds", **query)) == 2
    assert of_variant(client, endpoint, "ModelLatency", Unit="Seconds", **query) == []


# --- GetMetricData


def query_for(endpoint: str, number: int, metric: str, stat: str, **more: Any) -> dict[str, Any]:
    dimensions = named(EndpointName=endpoint, VariantName="v1")
    identity = {"Namespace": ENDPOINTS, "MetricName": metric, "Dimensions": dimensions}
    return {
        "Id": f"q{number}",
        "MetricStat": {"Metric": identity, "Period": 60, "Stat": stat},
    } | more


def test_several_metrics_as_columns(client: Any, endpoint: str) -> None:
    queries = [
        query_for(endpoint, 1, "Invocations", "Sum"),
        query_for(endpoint, 2, "ModelLatency", "p99", Label="tail"),
        query_for(endpoint, 3, "Nothing", "Sum"),
        query_for(endpoint, 4, "Invocations", "Sum", ReturnData=False),
    ]
    times = {"StartTime": moment(0), "EndTime": moment(3600)}
    one, two, three = client.get_metric_data(MetricDataQueries=queries, **times)[
        "MetricDataResults"
    ]
    assert one["Timestamps"] == [moment(60), moment(0)]
    assert one["Values"] == [1.0, 40.0]
    assert (one["Label"], two["Label"]) == ("Invocations", "tail")
    assert two["Values"] == [50.0, 300.0]
    assert (three["Values"], three["StatusCode"]) == ([], "Complete")
    answer = client.get_metric_data(
        MetricDataQueries=queries[:1], ScanBy="TimestampAscending", **times
    )
    assert answer["MetricDataResults"][0]["Values"] == [40.0, 1.0]


def test_data_comes_in_pages(client: Any, endpoint: str) -> None:
    queries = [query_for(endpoint, i, "Invocations", "Sum") for i in range(3)]
    found: dict[str, list[float]] = {}
    pages = client.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries,
        StartTime=moment(0),
        EndTime=moment(3600),
        PaginationConfig={"PageSize": 4},
    )
    statuses = []
    for page in pages:
        for result in page["MetricDataResults"]:
            found.setdefault(result["Id"], []).extend(result["Values"])
        statuses.append([r["StatusCode"] for r in page["MetricDataResults"]])
    assert found == {f"q{i}": [1.0, 40.0] for i in range(3)}
    assert statuses == [["Complete", "Complete", "PartialData"], ["Complete"] * 3]


def test_expressions_are_refused_by_name(client: Any, endpoint: str) -> None:
    queries = [query_for(endpoint, 1, "Invocations", "Sum"), {"Id": "e1", "Expression": "q1 * 2"}]
    code, text = refusal(
        client.get_metric_data,
        MetricDataQueries=queries,
        StartTime=moment(0),
        EndTime=moment(60),
    )
    assert code == "ValidationError"
    assert "q1 * 2" in text


# --- the user's own metrics


def test_own_metrics_in_every_form(client: Any, name: str) -> None:
    namespace, dimensions = f"Team/{name}", named(b="2", a="1")
    common = {"MetricName": "m", "Dimensions": dimensions, "Timestamp": moment(5)}
    form = {"SampleCount": 4, "Sum": 10, "Minimum": 1, "Maximum": 5}
    client.put_metric_data(
        Namespace=namespace,
        MetricData=[
            {**common, "Value": 7.0},
            {**common, "Value": 7.0},  # at the same time, and no less an observation
            {**common, "Values": [1.0, 2.0], "Counts": [3.0, 1.0]},
            {**common, "StatisticValues": form},
            {**common, "Value": 99.0, "Unit": "Seconds"},
        ],
    )
    query = {"Dimensions": named(a="1", b="2"), "Statistics": ALL}
    points = statistics(client, namespace, "m", **query)
    (point,) = [p for p in points if p["Unit"] == "None"]
    assert numbers(point) == (29 / 10, 29.0, 1.0, 7.0, 10.0)
    (seconds,) = statistics(client, namespace, "m", Unit="Seconds", **query)
    assert seconds["Sum"] == 99.0
    assert len(points) == 2
    assert statistics(client, namespace, "m", Dimensions=named(a="1"), Statistics=ALL) == []


def test_own_metric_without_a_time_is_of_now(client: Any, name: str) -> None:
    before = datetime.now(UTC)
    client.put_metric_data(Namespace=name, MetricData=[{"MetricName": "m", "Value": 1}])
    query = {"StartTime": before - timedelta(minutes=2), "EndTime": before + timedelta(minutes=2)}
    (point,) = statistics(client, name, "m", Statistics=["Sum"], **query)
    assert before - timedelta(minutes=1) < point["Timestamp"] <= before + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("datum", "code"),
    [
        ({"Value": float("nan")}, "InvalidParameterValue"),
        ({}, "MissingParameter"),
        ({"Value": 1, "Values": [1]}, "InvalidParameterCombination"),
        ({"Values": [1, 2], "Counts": [1]}, "InvalidParameterValue"),
        ({"Values": [1], "Counts": [0]}, "InvalidParameterValue"),
    ],
)
def test_what_cannot_be_put_leaves_nothing(
    client: Any, name: str, datum: dict[str, Any], code: str
) -> None:
    good = {"MetricName": "good", "Value": 1}
    call = client.put_metric_data
    data = [good, {"MetricName": "m", **datum}]
    assert refusal(call, Namespace="Refused", MetricData=data)[0] == code
    assert client.list_metrics(Namespace="Refused")["Metrics"] == []


def test_namespaces_of_aws_are_reserved(client: Any) -> None:
    for namespace in ("AWS/SageMaker", TRAINING):
        data = [{"MetricName": "m", "Value": 1}]
        code, _ = refusal(client.put_metric_data, Namespace=namespace, MetricData=data)
        assert code == "InvalidParameterValue"


# --- ListMetrics


def test_lists_by_namespace_name_and_dimension(
    client: Any, metrics: Metrics, endpoint: str, name: str
) -> None:
    metrics.append(f"000000000000/training-job/{name}", [("loss", "", time.time(), 0, 1.0)])
    found = client.list_metrics(
        Namespace=ENDPOINTS, Dimensions=[{"Name": "EndpointName", "Value": name}]
    )["Metrics"]
    assert len(found) == 4
    assert found[0]["Dimensions"] == named(EndpointName=name, VariantName="v1")
    job = [{"Name": "TrainingJobName", "Value": name}]
    (found,) = client.list_metrics(Dimensions=job)["Metrics"]
    assert found == {
        "Namespace": TRAINING,
        "MetricName": "loss",
        "Dimensions": named(TrainingJobName=name),
    }
    recent = client.list_metrics(RecentlyActive="PT3H", MetricName="loss")["Metrics"]
    assert found in recent
    recent = client.list_metrics(RecentlyActive="PT3H", MetricName="Invocations")["Metrics"]
    assert name not in json.dumps(recent)


def test_lists_in_pages_of_500(client: Any, name: str) -> None:
    for start in range(0, 1200, 400):
        data = [{"MetricName": f"m{i:04d}", "Value": 1} for i in range(start, start + 400)]
        client.put_metric_data(Namespace=name, MetricData=data)
    pages = [
        [m["MetricName"] for m in page["Metrics"]]
        for page in client.get_paginator("list_metrics").paginate(Namespace=name)
    ]
    assert [len(page) for page in pages] == [500, 500, 200]
    assert [m for page in pages for m in page] == [f"m{i:04d}" for i in range(1200)]
    assert refusal(client.list_metrics, NextToken="x")[0] == "InvalidNextToken"


# --- the SDK


_ANALYTICS = """
import sys
from sagemaker.analytics import TrainingJobAnalytics
print(TrainingJobAnalytics(sys.argv[1]).dataframe().to_json(orient="records"))
"""


def test_the_sdk_tabulates_a_job(
    metric_server: SimpleNamespace,
    metrics: Metrics,
    sdk_python: str,
    sdk_environment: Callable[[str], dict[str, str]],
    tmp_path: Path,
) -> None:
    metrics.append(
        "000000000000/training-job/sdk", [("loss", "", START + t, t, float(t)) for t in range(180)]
    )
    done = subprocess.run(
        [sdk_python, "-c", _ANALYTICS, "sdk"],
        capture_output=True,
        text=True,
        env=sdk_environment(metric_server.url),
        cwd=tmp_path,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout.splitlines()[-1])
    assert [(r["timestamp"], r["metric_name"], r["value"]) for r in rows] == [
        (0.0, "loss", 29.5),
        (60.0, "loss", 89.5),
        (120.0, "loss", 149.5),
    ]
