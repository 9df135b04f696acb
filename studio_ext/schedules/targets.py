"""Universal targets: any operation that is built here, with its parameters as JSON.

The form of the ARN, the context attributes and the operations that are none of a target's are
those of the EventBridge Scheduler user guide, "Using universal targets" and "Adding context
attributes".
"""

from __future__ import annotations

import hashlib
import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.model import OperationModel

from ..wire import models, validate
from ..wire.dispatch import Registry
from ..wire.errors import ApiError, ValidationException
from ..wire.jsonform import from_json
from ..wire.parse import load_json, streams_input

_UNIVERSAL = re.compile(r"arn:aws[a-z-]*:scheduler:::aws-sdk:([A-Za-z0-9-]+):([A-Za-z0-9]+)")
#: Who schedules schedules fills a home; and keys are for people.
_NOT_FOR = {"scheduler", "iam", "sts"}
_RUNS_SCHEDULES = "runschedule"
_READS = tuple(
    "get describe list poll receive search scan query select read lookup discover validate "
    "batchget batchdescribe batchread head filter preview".split()
)
MAX_INPUT_BYTES = 256 * 1024
EXECUTION_ID = "<aws.scheduler.execution-id>"
_NAMESPACE = uuid.UUID("5d0e3b5c-8c83-4d0a-9a39-0c6d1f2a7c55")


@dataclass(frozen=True)
class Execution:
    """One run of a schedule at a time of its own, whichever attempt at it.

    ``id`` is the same however often the run is tried, so that a name made of it is taken when an
    attempt before has been through.
    """

    id: str
    arn: str
    time: float

    @classmethod
    def of(cls, resource_id: int, arn: str, time: float) -> Execution:
        """The run of a schedule for a time (epoch seconds)."""
        digest = hashlib.sha256(f"{resource_id} {arn} {time!r}".encode()).hexdigest()
        return cls(digest[:16], arn, time)

    @property
    def request_id(self) -> str:
        """The id of the requests that it makes."""
        return str(uuid.uuid5(_NAMESPACE, f"{self.arn} {self.id}"))

    def fill(self, text: str, attempt: int) -> str:
        """A text with its context attributes replaced."""
        moment = datetime.fromtimestamp(int(self.time), UTC)
        values = {
            "<aws.scheduler.schedule-arn>": self.arn,
            "<aws.scheduler.scheduled-time>": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
            EXECUTION_ID: self.id,
            "<aws.scheduler.attempt-number>": str(attempt),
        }
        for keyword, value in values.items():
            text = text.replace(keyword, value)
        return text


@dataclass(frozen=True)
class Target:
    """An operation and the text of its parameters."""

    operation: OperationModel
    input: str

    @property
    def service(self) -> str:
        """botocore's name of the service."""
        return str(self.operation.service_model.service_name)

    def params(self, execution: Execution, attempt: int) -> dict[str, Any]:
        """The parameters of a run; an ApiError when they are none of the operation's."""
        text = execution.fill(self.input, attempt)
        shape = self.operation.input_shape
        value = load_json(text.encode())
        return value if shape is None else dict(from_json(shape, value))


def resolve(registry: Registry, target: dict[str, Any]) -> Target:
    """What a schedule's Target means; ValidationException when it cannot be invoked here."""
    if "DeadLetterConfig" in target:
        raise ValidationException(
            "Target.DeadLetterConfig: queues are not built into Studio; failed runs are told by "
            "Studio.ListScheduleRuns."
        )
    arn = target["Arn"]
    found = _UNIVERSAL.fullmatch(arn)
    if found is None:
        raise ValidationException(
            f"Target.Arn: {arn} is not supported; Studio has universal targets, such as "
            "arn:aws:scheduler:::aws-sdk:sagemaker:createProcessingJob."
        )
    operation = _operation(registry, arn, found[1].lower(), found[2].lower())
    text = target.get("Input") or "{}"
    if len(text.encode()) > MAX_INPUT_BYTES:
        raise ValidationException(f"Target.Input: it has at most {MAX_INPUT_BYTES} bytes.")
    return Target(operation, text)


def _operation(registry: Registry, arn: str, service: str, name: str) -> OperationModel:
    named = next((one for one in registry.services() if one.replace("-", "") == service), None)
    if named is None or named in _NOT_FOR:
        raise ValidationException(f"Target.Arn: {service} is not a supported service for a target.")
    model = models.service_model(named)
    action = next((one for one in registry.operations(named) if one.lower() == name), None)
    if name == _RUNS_SCHEDULES:
        raise ValidationException(f"Target.Arn: {arn} is not supported: it runs schedules itself.")
    if action is None:
        raise ValidationException(f"Target.Arn: {arn} names an operation that is not built here.")
    operation = model.operation_model(action)
    if name.startswith(_READS) or streams_input(operation):
        raise ValidationException(
            f"Target.Arn: {arn} is not supported for a target: it reads, or takes a stream."
        )
    return operation


def check(target: Target, execution: Execution) -> None:
    """Refuse now what no run could get through, with an execution made up for trial.

    AWS lets such a schedule be, and each of its runs fail.
    """
    try:
        validate.check(target.operation, target.params(execution, 1))
    except ApiError as error:
        hint = ""
        if "<aws.scheduler.scheduled-time>" in target.input:
            hint = (
                f" (<aws.scheduler.scheduled-time> has colons, which names may not; {EXECUTION_ID} "
                "may be in one)"
            )
        raise ValidationException(f"Target.Input: {error.message}{hint}") from None
