"""What the home panel shows: where Studio is, what runs, and whether all is well."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from . import __version__, doctor
from .config import Config
from .control.world import World
from .doctor import home as folder
from .doctor import machine, room, running
from .wire.dispatch import Call, Registry

_LEVELS = {"OK": "ok", "WARN": "warning", "FAIL": "error"}
#: Looked at each time that somebody opens the panel: quick ones, about what changes.
_LIVE = (running.processes, folder.folder, room.disks)
#: Shown when something is wrong with them: nobody asks for them as long as nothing is.
_QUIET = (room.memory, room.open_files, folder.file_system, folder.secrets)
_COUNTED = {
    "TrainingJobs": "training-job",
    "ProcessingJobs": "processing-job",
    "Endpoints": "endpoint",
}


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
    live = [finding for check in _LIVE for finding in check(config)]
    live += [f for check in _QUIET for f in check(config) if f.level != "OK"]
    return [
        {
            "Name": f.subject[:1].upper() + f.subject[1:],
            "Status": _LEVELS[f.level],
            "Message": _words(f),
        }
        for f in (*live, *_isolation(config.home))
    ]


def _words(finding: doctor.Finding) -> str:
    """How it is; where it is not well, what that means and what mends it."""
    if finding.level == "OK" or not finding.meaning:
        return finding.text
    mend = f" To mend it: {finding.mend}" if finding.mend else ""
    return f"{finding.text}. {finding.meaning}{mend}"


@lru_cache(maxsize=1)
def _isolation(home: str) -> tuple[doctor.Finding, ...]:
    """What does not change while this process lives."""
    return tuple(machine.job_isolation(Config(home=home)))
