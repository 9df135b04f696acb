"""What the home panel shows: where Studio is, what runs, and whether all is well."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from . import __version__, doctor
from .config import Config
from .control.world import World
from .wire.dispatch import Call, Registry

_LEVELS = {"OK": "ok", "WARN": "warning", "FAIL": "error"}
_COUNTED = {"TrainingJobs": "training-job", "Endpoints": "endpoint"}


def register(registry: Registry, world: World, url: Callable[[], str]) -> None:
    """Add ``Studio.GetHome``; ``url`` says where the API is, once it listens."""

    def get_home(call: Call, _params: dict[str, Any]) -> dict[str, Any]:
        config, resources = world.config, world.store.resources
        return {
            "Version": __version__,
            "EndpointUrl": url(),
            "Region": config.region,
            "DefaultBucket": config.bucket_of(call.caller.account_id),
            "Role": call.caller.role_arn,
            "Home": config.home,
            "Counts": {
                name: resources.count_by_status(kind, call.caller.account_id)
                for name, kind in _COUNTED.items()
            },
            "Checks": _checks(config),
        }

    registry.add("studio", "GetHome", get_home)


def _checks(config: Config) -> list[dict[str, str]]:
    live = [f for check in (doctor.processes, doctor.home_folder) for f in check(config)]
    return [
        {"Name": f.subject.capitalize(), "Status": _LEVELS[f.level], "Message": f.text}
        for f in (*live, *_isolation(config.home))
    ]


@lru_cache(maxsize=1)
def _isolation(home: str) -> tuple[doctor.Finding, ...]:
    """What does not change while this process lives."""
    return tuple(doctor.job_isolation(Config(home=home)))
