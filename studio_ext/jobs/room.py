"""What a job says while it waits for room on the machine."""

from __future__ import annotations

from ..store.queue import Room


def waiting_for(room: Room) -> str:
    """Why a job does not start yet."""
    gigabytes = room.memory_bytes / 2**30
    return f"Waiting for {room.cores:g} free cores and {gigabytes:.1f} GiB of free memory"
