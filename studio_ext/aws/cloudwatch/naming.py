"""CloudWatch names a metric by namespace and dimensions; the store by resource and dimension.

The resource begins with its owner's account: that keeps callers out of each other's metrics.

| namespace                   | dimensions                 | resource            | dimension |
|-----------------------------|----------------------------|---------------------|-----------|
| /aws/sagemaker/TrainingJobs | TrainingJobName=J          | training-job/J      |           |
| /aws/sagemaker/TrainingJobs | Host=J/algo-1              | training-job/J      | algo-1    |
| AWS/SageMaker               | EndpointName=E VariantName=V | endpoint/E        | V         |
| any other                   | any                        | custom/NAMESPACE    | as JSON   |
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...store.statistics import Meaning, Measure
from .errors import bad_value

TRAINING, ENDPOINTS = "/aws/sagemaker/TrainingJobs", "AWS/SageMaker"
RESERVED = (TRAINING, "AWS/")
DIMENSION_LENGTH = 1024
#: Of what a series is found by: PostgreSQL's index has no longer entries.
NAMES_BYTES = 2500

_SUMS = ("Invocations", "InvocationsPerInstance", "Invocation4XXErrors", "Invocation5XXErrors")
_MEANS = ("ModelLatency", "OverheadLatency")
#: each request counts as 0 or 1
FLAGS = ("Invocations", "Invocation4XXErrors", "Invocation5XXErrors")
_UNITS = dict.fromkeys(_MEANS, "Microseconds")

Dimensions = dict[str, str]


@dataclass(frozen=True)
class Owner:
    """A caller as far as metrics go: its account, and ``of(kind, name)``: whose a resource is."""

    account: str
    of: Callable[[str, str], str]

    def resource(self, kind: str, name: str) -> str:
        """What the metrics are stored under that the caller means by a resource's name."""
        return f"{self.of(kind, name)}/{kind}/{name}"


def measure_of(owner: Owner, namespace: str, name: str, dimensions: Dimensions) -> Measure | None:
    """Where a metric is stored; None when nothing can be stored under these dimensions.

    As in CloudWatch, a metric is found by exactly its own dimensions.
    """
    if namespace == TRAINING:
        return _training(owner, name, dimensions)
    if namespace == ENDPOINTS:
        return _endpoint(owner, name, dimensions)
    return Measure(custom(owner.account, namespace), name, packed(dimensions), is_sampled=True)


def described(resource: str, dimension: str) -> tuple[str, Dimensions]:
    """The namespace and dimensions of a stored series."""
    _, kind, name = resource.split("/", 2)
    if kind == "training-job":
        if dimension:
            return TRAINING, {"Host": f"{name}/{dimension}"}
        return TRAINING, {"TrainingJobName": name}
    if kind == "endpoint":
        return ENDPOINTS, {"EndpointName": name, "VariantName": dimension}
    return name, json.loads(dimension)


def prefixes(account: str, namespace: str | None) -> list[str]:
    """What an account's resources of a namespace start with; None: of all."""
    if namespace is None:
        return [f"{account}/{kind}/" for kind in ("custom", "endpoint", "training-job")]
    known = {TRAINING: f"{account}/training-job/", ENDPOINTS: f"{account}/endpoint/"}
    return [known.get(namespace, custom(account, namespace))]


def custom(account: str, namespace: str) -> str:
    """The resource of a namespace of the user's own."""
    return f"{account}/custom/{namespace}"


def packed(dimensions: Dimensions) -> str:
    """Dimensions as one text, whatever their order."""
    text = json.dumps(dict(sorted(dimensions.items())), separators=(",", ":"), ensure_ascii=False)
    if len(text) > DIMENSION_LENGTH:
        raise bad_value(f"Studio keeps dimensions of up to {DIMENSION_LENGTH} characters in all.")
    return text


def dimensions_of(items: list[dict[str, Any]] | None) -> Dimensions:
    """A request's Dimensions as name: value."""
    found = {item["Name"]: item["Value"] for item in items or []}
    if len(found) < len(items or []):
        raise bad_value("The parameter Dimensions has a name more than once.")
    return found


def listed(dimensions: Dimensions) -> list[dict[str, str]]:
    """The inverse of `dimensions_of`."""
    return [{"Name": name, "Value": value} for name, value in dimensions.items()]


def unit_of(measure: Measure, stored: str) -> str:
    """The unit of a measure's values."""
    return stored or _UNITS.get(measure.name, "None")


def _training(owner: Owner, name: str, dimensions: Dimensions) -> Measure | None:
    if list(dimensions) == ["TrainingJobName"]:
        return Measure(owner.resource("training-job", dimensions["TrainingJobName"]), name, "")
    job, _, host = dimensions.get("Host", "").partition("/")
    if len(dimensions) == 1 and host:
        return Measure(owner.resource("training-job", job), name, host)
    return None


def _endpoint(owner: Owner, name: str, dimensions: Dimensions) -> Measure | None:
    if set(dimensions) != {"EndpointName", "VariantName"}:
        return None
    resource = owner.resource("endpoint", dimensions["EndpointName"])
    return endpoint_measure(resource, name, dimensions["VariantName"])


def endpoint_measure(resource: str, name: str, variant: str) -> Measure:
    """An endpoint's metric: its points sum up or average a second's invocations."""
    meaning = Meaning.OBSERVATION
    if name in _SUMS:
        meaning = Meaning.SUM
    elif name in _MEANS:
        meaning = Meaning.MEAN
    counted_by = "" if meaning is Meaning.OBSERVATION else "Invocations"
    return Measure(resource, name, variant, meaning, counted_by)
