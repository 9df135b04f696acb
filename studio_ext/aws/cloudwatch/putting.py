"""PutMetricData: metrics of the user's own."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any

from ...store.metrics import Metrics, Sample
from .errors import bad_combination, bad_value, missing
from .naming import NAMES_BYTES, RESERVED, custom, dimensions_of, packed

_MAX_DATA, _MAX_VALUES = 1000, 150
_LARGEST = 2.0**360


def put_metric_data(metrics: Metrics, account: str, params: dict[str, Any]) -> None:
    """Stores every datum, or none when one of them is not valid."""
    namespace = params["Namespace"]
    if namespace.startswith(RESERVED):
        raise bad_value(f"The value {namespace} for parameter Namespace is invalid: reserved.")
    data = list(params.get("MetricData", []))
    for group in params.get("EntityMetricData", []):
        data += group.get("MetricData", [])
    if not data:
        raise missing("MetricData")
    if len(data) > _MAX_DATA:
        raise bad_value(f"The collection MetricData must not have more than {_MAX_DATA} members.")
    now = time.time()
    samples = [s for i, datum in enumerate(data, 1) for s in _samples(i, datum, now)]
    for sample in samples:
        size = len(f"{namespace}{sample.name}{sample.dimension}".encode())
        if size > NAMES_BYTES:
            raise bad_value(
                f"Namespace, MetricName and Dimensions have {size} bytes together; Studio keeps "
                f"up to {NAMES_BYTES}."
            )
    metrics.add_samples(custom(account, namespace), samples)


def _samples(index: int, datum: dict[str, Any], now: float) -> Iterator[Sample]:
    where = f"MetricData.member.{index}"
    dimension = packed(dimensions_of(datum.get("Dimensions")))
    timestamp = datum["Timestamp"].timestamp() if "Timestamp" in datum else now
    for count, total, minimum, maximum in _numbers(where, datum):
        if not all(math.isfinite(n) and abs(n) <= _LARGEST for n in (total, minimum, maximum)):
            raise bad_value(f"The parameter {where}.Value must be a finite number up to 2^360.")
        if not (math.isfinite(count) and count > 0):
            raise bad_value(f"The counts of {where} must be greater than 0.")
        unit = datum.get("Unit", "None")
        name = datum["MetricName"]
        yield Sample(name, dimension, timestamp, count, total, minimum, maximum, unit)


def _numbers(where: str, datum: dict[str, Any]) -> list[tuple[float, float, float, float]]:
    """(count, sum, minimum, maximum) of what a datum reports, in one of its three forms."""
    forms = [form for form in ("Value", "Values", "StatisticValues") if form in datum]
    if len(forms) > 1:
        raise bad_combination(
            f"The parameters {where}.{forms[0]} and {where}.{forms[1]} are mutually exclusive."
        )
    if not forms:
        raise missing(f"{where}.Value")
    if "Value" in datum:
        value = float(datum["Value"])
        return [(1.0, value, value, value)]
    if "StatisticValues" in datum:
        s = datum["StatisticValues"]
        numbers = (s["SampleCount"], s["Sum"], s["Minimum"], s["Maximum"])
        if s["Minimum"] > s["Maximum"]:
            raise bad_value(f"The minimum of {where}.StatisticValues exceeds its maximum.")
        return [tuple(float(number) for number in numbers)]  # type: ignore[list-item]
    values, counts = datum["Values"], datum.get("Counts", [1.0] * len(datum["Values"]))
    if len(values) != len(counts):
        raise bad_value(f"The parameters {where}.Values and Counts must be of the same size.")
    if len(values) > _MAX_VALUES:
        raise bad_value(f"The collection {where}.Values must not exceed {_MAX_VALUES} members.")
    return [(float(n), v * n, float(v), float(v)) for v, n in zip(values, counts, strict=True)]
