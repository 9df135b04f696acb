"""What the home panel shows: where Studio is, what runs, and whether all is well."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from . import __version__, doctor
from .config import Config
from .wire.dispatch import Call, Registry

if TYPE_CHECKING:
    from .plane import ControlPlane

_LEVELS = {"OK": "ok", "WARN": "warning", "FAIL": "error"}
_COUNTED = {"TrainingJobs": "training-job", "Endpoints": "endpoint"}


def register(registry: Registry, plane: ControlPlane) -> None:
    """Add ``Studio.GetHome``."""

    def get_home(call: Call, _params: dict[str, Any]) -> dict[str, Any]:
        config, resources = plane.config, plane.store.resources
        return {
            "Version": __version__,
            "EndpointUrl": plane.url,
            "Region": config.region,
            "DefaultBucket": config.default_bucket,
            "Role": call.caller.role_arn,
            "Home": config.home,
            "Counts": {
                name: resources.count_by_status(kind, call.caller.domain)
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
