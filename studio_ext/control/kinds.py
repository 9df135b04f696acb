"""Kinds of resources, declared: the generic verbs and the reconciler are driven by this."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..config import Config
from ..store.queue import Room
from ..store.resources import Resource
from ..wire.dispatch import Call
from ..wire.errors import ApiError, ResourceInUse, ValidationException

if TYPE_CHECKING:
    from .world import Reconcile, World

#: Checks a Create request and gives the first state of the resource.
Admit = Callable[["World", Call, dict[str, Any]], dict[str, Any]]
#: Members of a Describe answer, beside those every kind has.
View = Callable[["World", Resource], dict[str, Any]]


def _no_state(_world: World, _call: Call, _params: dict[str, Any]) -> dict[str, Any]:
    return {}


def _no_view(_world: World, _resource: Resource) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Kind:
    """A kind of SageMaker resource.

    ``name`` is the word in its ARN ("training-job"), ``api`` the one in its operations
    ("TrainingJob"). ``label`` names it in messages. ``status`` is the first status, or None for
    resources without one; ``unfinished`` are the statuses with work to do. ``spec_filters`` maps
    a List parameter to the path in the spec that it must equal; ``summary`` maps a member of a
    List item to its path, which begins with "spec" or "state", beside those every kind has.
    ``properties`` maps what Search may compare, beside the spec, to its path in the state.
    ``room`` says what a request will take of the machine: such resources queue.
    """

    name: str
    api: str
    label: str
    items: str
    status: str | None = None
    unfinished: tuple[str, ...] = ()
    admit: Admit = _no_state
    describe: View = _no_view
    summary: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    properties: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reconcile: Reconcile | None = None
    room: Callable[[Config, dict[str, Any]], Room] | None = None
    name_taken: Callable[[str, str], ApiError] | None = None
    missing: Callable[[str, str], ApiError] | None = None
    newest_first: bool = False
    name_member: str | None = None
    status_member: str | None = None
    spec_filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def name_field(self) -> str:
        """``TrainingJobName``, unless the API names it otherwise."""
        return self.name_member or f"{self.api}Name"

    @property
    def arn_field(self) -> str:
        """``TrainingJobArn``."""
        return f"{self.api}Arn"

    @property
    def status_field(self) -> str:
        """``TrainingJobStatus``, unless the API names it otherwise."""
        return self.status_member or f"{self.api}Status"

    def taken(self, name: str, arn: str) -> ApiError:
        """The error of a Create whose name is in use."""
        if self.name_taken:
            return self.name_taken(name, arn)
        return ResourceInUse(f"A {self.label} named {name} exists already ({arn}).")

    def not_found(self, name: str, arn: str) -> ApiError:
        """The error of a call that names a resource that does not exist."""
        if self.missing:
            return self.missing(name, arn)
        return ValidationException(f'Could not find {self.label} "{arn}".')
