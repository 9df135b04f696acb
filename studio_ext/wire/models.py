"""Service models: botocore's own, and ours beside them in `data/` in the same format."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape, StructureShape
from botocore.utils import is_json_value_header

DATA = Path(__file__).parent / "data"

# SigV4 names a signing name, not a service; these are the names that several services share or
# that differ from the service's own. Any other signing name is the service name.
_SIGNING_NAMES = {
    "sagemaker": (
        "sagemaker",
        "sagemaker-runtime",
        "sagemaker-featurestore-runtime",
        "sagemaker-metrics",
        "sagemaker-edge",
        "sagemaker-a2i-runtime",
    ),
    "monitoring": ("cloudwatch",),
}

_loader = Loader(extra_search_paths=[str(DATA)])
_lock = threading.RLock()


def service_model(service: str) -> ServiceModel:
    """The model of `service` (botocore's name), loaded once. Raises `UnknownServiceError`."""
    with _lock:
        return _load(service)


@cache
def _load(service: str) -> ServiceModel:
    # Checked here because the loader would join the name, which a client chose, to a path.
    if not re.fullmatch(r"[a-z0-9-]+", service):
        raise UnknownServiceError(service_name=service, known_service_names="")
    return ServiceModel(_loader.load_service_model(service, "service-2"), service)


def services_signed_as(signing_name: str) -> tuple[str, ...]:
    """The services whose requests carry `signing_name` in their credential scope."""
    return _SIGNING_NAMES.get(signing_name, (signing_name,))


def find(service: str) -> ServiceModel | None:
    """As `service_model`, or None where botocore has no such service."""
    try:
        return service_model(service)
    except UnknownServiceError:
        return None


def find_operation(model: ServiceModel, name: str) -> OperationModel | None:
    """The operation called `name`, or None."""
    with _lock:
        return model.operation_model(name) if name in model.operation_names else None


class Located(NamedTuple):
    """A member that is not in the body; ``wire`` is its name there, a header's in lower case."""

    name: str
    location: str
    wire: str
    member: Shape
    is_json: bool  # a header that is base64 JSON


class Places(NamedTuple):
    """Where the members of an input or output are that are not in its body.

    A request has few of the dozens of headers that S3 knows, so one is looked up by what it has.
    """

    by_name: Mapping[str, Located]
    in_headers: Mapping[str, Located]  # by the header
    in_query: tuple[Located, ...]
    others: tuple[Located, ...]
    whole: bool  # no member is in the body


@cache
def places_of(shape: StructureShape) -> Places:
    """The places of a shape's members, found out once."""
    found = {}
    for name, member in shape.members.items():
        location = member.serialization.get("location")
        if location is not None:
            wire = member.serialization.get("name", name)
            wire = wire.lower() if location in ("header", "headers") else wire
            found[name] = Located(name, location, wire, member, is_json_value_header(member))
    headers = {place.wire: place for place in found.values() if place.location == "header"}
    query = tuple(place for place in found.values() if place.location == "querystring")
    others = tuple(p for p in found.values() if p.location not in ("header", "querystring"))
    return Places(found, headers, query, others, len(found) == len(shape.members))


def wire_name(operation: OperationModel) -> str:
    """`service.Operation`, as logs and messages name it."""
    return f"{operation.service_model.service_name}.{operation.name}"
