"""Service models: botocore's own, and ours beside them in `data/` in the same format."""

from __future__ import annotations

import re
import threading
from functools import cache
from pathlib import Path
from typing import NamedTuple

from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape, StructureShape

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


@cache
def located_members(shape: StructureShape) -> tuple[Located, ...]:
    """The members of an input or output that have a place outside the body, found out once."""
    found = []
    for name, member in shape.members.items():
        location = member.serialization.get("location")
        if location is not None:
            wire = member.serialization.get("name", name)
            in_header = location in ("header", "headers")
            found.append(Located(name, location, wire.lower() if in_header else wire, member))
    return tuple(found)


def wire_name(operation: OperationModel) -> str:
    """`service.Operation`, as logs and messages name it."""
    return f"{operation.service_model.service_name}.{operation.name}"
