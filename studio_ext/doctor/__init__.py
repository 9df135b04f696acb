"""``studio doctor``: what Studio needs, checked one by one, each with what to do about it.

A check is a function from the settings to findings; those of one family lie in one file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator

from ..config import Config
from . import data, home, installed, machine, room, running
from .findings import Check, Finding

__all__ = ["CHECKS", "Check", "Finding", "examine", "fix", "report"]

CHECKS: tuple[Check, ...] = (
    machine.python_version,
    machine.node_version,
    home.folder,
    home.file_system,
    room.disks,
    room.memory,
    room.open_files,
    home.secrets,
    running.processes,
    running.port,
    running.seat,
    running.sockets,
    running.supervised,
    data.database_schema,
    data.database_file,
    data.leases,
    data.object_store,
    machine.job_isolation,
    machine.clock,
    installed.plugin,
    installed.frameworks,
    installed.panels,
    installed.jupyter,
    installed.kernels,
    home.unfinished,
)


def examine(config: Config, checks: Iterable[Check] = CHECKS) -> Iterator[Finding]:
    """Everything there is to find; a check that fails itself is a finding."""
    for check in checks:
        try:
            yield from check(config)
        except Exception as error:
            name = check.__name__.replace("_", " ")
            text = f"the check failed: {type(error).__name__}: {error}"
            yield Finding("FAIL", name, text, "What it looks at is in a state not thought of.")


def report(config: Config, say: Callable[[str], object], *, as_json: bool = False) -> int:
    """Say every finding; the exit status is 1 if something fails.

    As JSON it is one object: ``{"ok": bool, "findings": [{"level", "subject", "text", "meaning",
    "mend"}]}``.
    """
    findings = []
    for finding in examine(config):
        findings.append(finding)
        if not as_json:
            for line in _lines(finding):
                say(line)
    failed = any(finding.level == "FAIL" for finding in findings)
    if as_json:
        names = ("level", "subject", "text", "meaning", "mend")
        listed = [{name: getattr(each, name) for name in names} for each in findings]
        say(json.dumps({"ok": not failed, "findings": listed}, indent=2))
    return int(failed)


def fix(config: Config, say: Callable[[str], object]) -> None:
    """Do what mends findings where that can do no harm: modes of files, and what is stale."""
    for finding in examine(config):
        if finding.fix is not None:
            finding.fix()
            say(f"FIXED {finding.subject:14} {finding.text}")


def _lines(finding: Finding) -> Iterator[str]:
    yield f"{finding.level:4}  {finding.subject:14} {finding.text}"
    if finding.meaning:
        yield f"{'':21}{finding.meaning}"
    if finding.mend:
        yield f"{'':21}-> {finding.mend}"
