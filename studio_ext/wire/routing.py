"""Which operation a request means, decided by the service models alone.

Order of evidence: `X-Amz-Target` names service and operation; the credential scope names the
service, whose protocol finds the operation (form `Action`, or method and URI template); what
carries neither is S3, whose presigned and anonymous requests look like plain HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from urllib.parse import unquote

from botocore.model import OperationModel, ServiceModel

from . import models
from .errors import ApiError, NotImplementedOperation
from .request import Request
from .signature import scope_service

# Query parameters that sign or label a request and so never choose an operation.
_NOT_ROUTING = re.compile(r"(?i)x-amz-.*|awsaccesskeyid|signature|expires|x-id|response-.*")


@dataclass(frozen=True)
class Route:
    """The operation found, the protocol it was asked in, and the decoded labels of its URI."""

    operation: OperationModel
    protocol: str
    labels: dict[str, str]


@dataclass(frozen=True)
class Template:
    """One operation's HTTP binding, prepared for matching."""

    operation: OperationModel
    method: str
    pattern: re.Pattern[str]
    labels: tuple[str, ...]
    literals: int
    constants: tuple[tuple[str, str], ...]
    required_query: frozenset[str]
    required_headers: frozenset[str]
    known_query: frozenset[str]

    def rank(self, request: Request) -> tuple[bool, int, int, int, bool] | None:
        """How specifically this binding fits a request of its method, larger is better.

        None when it does not fit.
        """
        for name, value in self.constants:
            values = request.query.get(name)
            if values is None or (value and value not in values):
                return None
        if not self.pattern.fullmatch(request.path):
            return None
        query, headers = self.required_query, self.required_headers
        complete = query <= request.query.keys() and headers <= request.headers.keys()
        required = len(query) + len(headers)
        current = not self.operation.deprecated
        return complete, len(self.constants), self.literals, required if complete else 0, current


def guess_protocol(request: Request) -> str:
    """The protocol to report an error in when no operation was found."""
    if "x-amz-target" in request.headers:
        return "json"
    if _is_form(request):
        return "query"
    # Services that are not S3 and come without a target or an action speak rest-json.
    return "rest-xml" if scope_service(request) in (None, "s3") else "rest-json"


def resolve(request: Request, services: Iterable[str]) -> Route:
    """Finds the operation among those of `services`, the ones that are served at least in part.

    Raises `ApiError` naming what was asked for when there is no such operation. No other model
    is loaded, since requests are routed before their signatures are checked.
    """
    served = tuple(services)
    signing_name = scope_service(request) or "s3"
    target = request.headers.get("x-amz-target")
    if target is not None:
        return _by_target(target, signing_name, served)
    found = _models(signing_name, served)
    if _is_form(request):
        return _by_action(request, found, signing_name)
    if not found:
        raise NotImplementedOperation(f"the service {signing_name}")
    return _by_uri(request, found)


@lru_cache(maxsize=256)
def _models(signing_name: str, served: tuple[str, ...]) -> tuple[ServiceModel, ...]:
    """The models that are served of the services signed by a name."""
    signed = models.services_signed_as(signing_name)
    found = (models.find(service) for service in dict.fromkeys(signed) if service in served)
    return tuple(model for model in found if model is not None)


def _is_form(request: Request) -> bool:
    """Whether this is the query protocol, which other protocols' paths and types exclude."""
    if request.path != "/":
        return False
    if request.method == "GET":
        return "Action" in request.query
    content_type = request.headers.get("content-type", "")
    return content_type.startswith("application/x-www-form-urlencoded") and request.method == "POST"


@lru_cache(maxsize=1024)
def _by_target(target: str, signing_name: str, served: tuple[str, ...]) -> Route:
    prefix, _, name = target.rpartition(".")
    signed = models.services_signed_as(signing_name)
    for service in dict.fromkeys((*signed, *sorted(served))):
        model = models.find(service) if service in served else None
        if model is None or model.metadata.get("targetPrefix") != prefix:
            continue
        if (operation := models.find_operation(model, name)) is not None:
            return Route(operation, "json", {})
        raise ApiError("UnknownOperationException", f"{service} has no operation {name}.")
    raise NotImplementedOperation(target)


def _by_action(request: Request, found: Sequence[ServiceModel], signing_name: str) -> Route:
    action = request.form.get("Action", "")
    if not found:
        raise NotImplementedOperation(f"{signing_name}.{action}")
    for model in found:
        if (operation := models.find_operation(model, action)) is not None:
            return Route(operation, "query", {})
    text = f"Could not find operation {action} for version {request.form.get('Version')}."
    raise ApiError("InvalidAction", text)


def _by_uri(request: Request, found: Sequence[ServiceModel]) -> Route:
    best: tuple[tuple[bool, int, int, int, bool], Template] | None = None
    for model in found:
        for template in _candidates(model.service_name, request):
            rank = template.rank(request)
            if rank is not None and (best is None or rank > best[0]):
                best = rank, template
    names = "/".join(model.service_name for model in found)
    if best is None:
        raise NotImplementedOperation(f"{names} {request.method} {request.path}")
    template = best[1]
    if template.operation.service_model.service_name == "s3":
        _refuse_unknown_subresource(request, template)
    match = template.pattern.fullmatch(request.path)
    texts = match.groups() if match else ()
    labels = {name: _decode(text) for name, text in zip(template.labels, texts, strict=True)}
    return Route(template.operation, template.operation.service_model.resolved_protocol, labels)


def _decode(label: str) -> str:
    try:
        return unquote(label, errors="strict")
    except UnicodeDecodeError:
        raise ApiError("InvalidURI", "Couldn't parse the specified URI.") from None


def _refuse_unknown_subresource(request: Request, template: Template) -> None:
    """A subresource the chosen operation knows nothing of must not be taken for the object.

    `PUT /bucket/key?somethingNew` would otherwise overwrite the object with a configuration.
    """
    for name, values in request.query.items():
        if name in template.known_query or _NOT_ROUTING.fullmatch(name):
            continue
        if values == [""] or name in _subresources():
            raise NotImplementedOperation(f"s3 {request.method} with subresource {name}")


@cache
def _subresources() -> frozenset[str]:
    """Every query name that selects an S3 operation."""
    return frozenset(
        name
        for template in _templates("s3")
        for name in (*(constant for constant, _ in template.constants), *template.required_query)
    )


@cache
def _templates(service: str) -> tuple[Template, ...]:
    model = models.service_model(service)
    skip = {"ListDirectoryBuckets"}  # same URI as ListBuckets, on another host
    names = (name for name in model.operation_names if name not in skip)
    return tuple(_template(model.operation_model(name)) for name in names)


def _candidates(service: str, request: Request) -> list[Template]:
    """Those of the request's method that its query does not rule out, few of S3's hundred, in the
    model's order."""
    known = _by_method(service)
    numbers = [n for name in ("", *request.query) for n in known.get((request.method, name), ())]
    return [_templates(service)[number] for number in sorted(numbers)]


@cache
def _by_method(service: str) -> dict[tuple[str, str], list[int]]:
    """Places of templates, by method and first constant in the query, "" where there is none."""
    found: dict[tuple[str, str], list[int]] = {}
    for number, template in enumerate(_templates(service)):
        first = next((name for name, _ in template.constants), "")
        found.setdefault((template.method, first), []).append(number)
    return found


def _template(operation: OperationModel) -> Template:
    path, _, query = operation.http["requestUri"].partition("?")
    constants = [part.partition("=") for part in query.split("&") if part]
    bound = _bound_members(operation)
    required = {name for name, is_required in bound["querystring"].items() if is_required}
    constant_names = {name for name, _, _ in constants}
    return Template(
        operation=operation,
        method=operation.http["method"],
        pattern=re.compile(_path_pattern(path)),
        labels=tuple(re.findall(r"\{([^}+]+)\+?\}", path)),
        literals=sum(1 for part in path.split("/") if part and not part.startswith("{")),
        constants=tuple((name, value) for name, _, value in constants),
        required_query=frozenset(required - constant_names),
        required_headers=frozenset(n.lower() for n, is_req in bound["header"].items() if is_req),
        known_query=frozenset(constant_names | set(bound["querystring"])),
    )


def _bound_members(operation: OperationModel) -> dict[str, dict[str, bool]]:
    """Wire names of the input's query and header members, and whether each is required."""
    bound: dict[str, dict[str, bool]] = {"querystring": {}, "header": {}}
    shape = operation.input_shape
    for member, member_shape in (shape.members if shape else {}).items():
        location = member_shape.serialization.get("location")
        if location in bound:
            name = member_shape.serialization.get("name", member)
            bound[location][name] = member in shape.required_members
    return bound


def _path_pattern(path: str) -> str:
    """A regex over the encoded path; a trailing slash is tolerated after a plain label."""
    parts = []
    for piece in re.split(r"(\{[^}]+\})", path):
        if piece.startswith("{"):
            parts.append("(.+)" if piece.endswith("+}") else "([^/]+)")
        else:
            parts.append(re.escape(piece))
    return "".join(parts) + ("" if path.endswith("+}") or path == "/" else "/?")
