"""Ending what lives on by design when its server goes."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

import psutil


def end_all_of(home: Path) -> None:
    """End the processes that work in a home: gateway, model servers, jobs."""
    for _ in range(3):  # whoever was just starting another process
        ours = _of(home)
        for process in ours:
            _signal(process, signal.SIGTERM)
        _, left = psutil.wait_procs(ours, timeout=5)
        for process in left:
            _signal(process, signal.SIGKILL)
        if not ours:
            return


def _of(home: Path) -> list[psutil.Process]:
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        try:
            if process.pid == os.getpid() or not _works_in(process, home):
                continue
            for each in (process, *process.children(recursive=True)):
                if each.status() != psutil.STATUS_ZOMBIE:
                    found[each.pid] = each
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return list(found.values())


def _works_in(process: psutil.Process, home: Path) -> bool:
    inside = f"{home}/"
    return any(argument == str(home) or inside in argument for argument in process.cmdline())


def _signal(process: psutil.Process, number: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)
