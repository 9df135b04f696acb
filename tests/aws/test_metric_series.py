"""Studio.GetMetricSeries: the curves that panels draw."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from metric_times import START, moment

from studio_ext.store.metrics import Metrics


def curves(metric_server: SimpleNamespace, kind: str, name: str, **more: Any) -> dict[Any, Any]:
    answer = metric_server.studio.get_metric_series(ResourceType=kind, ResourceName=name, **more)
    return {(s["Name"], s["Dimension"]): s["Points"] for s in answer["Series"]}


def test_short_curves_are_whole(
    metric_server: SimpleNamespace, metrics: Metrics, name: str
) -> None:
    metrics.append(
        f"000000000000/training-job/{name}",
        [("loss", "", START + i, i, 1.0 / (i + 1)) for i in range(3)]
        + [("lr", "", START + 0.25, None, 0.1)],
    )
    found = curves(metric_server, "training-job", name)
    assert found["lr", ""] == [{"Timestamp": moment(0.25), "Value": 0.1}]
    assert found["loss", ""][2] == {"Timestamp": moment(2), "Step": 2, "Value": 1.0 / 3}
    assert list(curves(metric_server, "training-job", name, Names=["lr"])) == [("lr", "")]
    later = curves(metric_server, "training-job", name, Since=moment(1))
    assert [p["Step"] for p in later["loss", ""]] == [2]
    assert curves(metric_server, "training-job", "unknown") == {}


def test_a_long_curve_keeps_its_ends_and_spikes(
    metric_server: SimpleNamespace, metrics: Metrics, name: str
) -> None:
    values = [float(i % 7) for i in range(20_000)]
    values[12_345], values[777] = 1e6, -1e6
    metrics.append(
        f"000000000000/training-job/{name}",
        [("m", "", START + i, i, v) for i, v in enumerate(values)],
    )
    points = curves(metric_server, "training-job", name, MaxPoints=100)["m", ""]
    steps = [p["Step"] for p in points]
    assert 50 <= len(points) <= 100
    assert {0, 777, 12_345, 19_999} <= set(steps)
    assert steps == sorted(set(steps))
    assert all(p["Value"] == values[p["Step"]] for p in points)
    assert len(curves(metric_server, "training-job", name)["m", ""]) <= 2000


def test_a_long_curve_of_an_endpoint_keeps_its_sums(
    metric_server: SimpleNamespace, metrics: Metrics, name: str
) -> None:
    counts = [1 + i % 5 for i in range(5000)]
    for metric, values in (("Invocations", counts), ("ModelLatency", [c * 10 for c in counts])):
        metrics.append(
            f"000000000000/endpoint/{name}",
            [(metric, "v1", START + i, None, float(v)) for i, v in enumerate(values)],
        )
    found = curves(metric_server, "endpoint", name, MaxPoints=200)
    requests, latency = found["Invocations", "v1"], found["ModelLatency", "v1"]
    assert 150 <= len(requests) <= 200
    assert sum(p["Value"] for p in requests) == sum(counts)
    assert [p["Timestamp"] for p in requests] == [p["Timestamp"] for p in latency]
    weighed = sum(p["Value"] * q["Value"] for p, q in zip(requests, latency, strict=True))
    assert weighed == pytest.approx(sum(c * c * 10 for c in counts))
    tail = curves(metric_server, "endpoint", name, MaxPoints=200, Since=moment(4899))
    assert sum(p["Value"] for p in tail["Invocations", "v1"]) == sum(counts[4900:])


def test_latest_is_the_last_point_of_each_series(metrics: Metrics, name: str) -> None:
    metrics.append(
        f"000000000000/training-job/{name}",
        [("a", "", START + i, 10 - i, float(i)) for i in range(5)] + [("b", "x", 5.0, None, 7.0)],
    )
    assert metrics.latest(f"000000000000/training-job/{name}") == {
        ("a", ""): (START, 0.0),  # the highest step
        ("b", "x"): (5.0, 7.0),
    }
