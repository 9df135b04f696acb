"""Real faults on a real Studio, a few of every kind; ``make faults`` does a thousand."""

from __future__ import annotations

from pathlib import Path

import databases
import pytest

from tests.faults import driver, plan
from tests.faults.disk import CannotMount, Disk


@pytest.mark.timeout(900)
def test_everything_holds_through_faults_of_every_kind(tmp_path: Path) -> None:
    kind = databases.kind(tmp_path)
    every = 18 if kind == "sqlite" else 20
    result = driver.run(plan.draw(1, every, data_plane=True, database=kind), tmp_path / "round")
    assert result.broken == []
    assert sum(result.counts.values()) >= 12, result.history.notes
    assert len(result.history.jobs) > 3
    assert len(result.history.invocations) > 100


def test_a_full_disk_is_full_and_can_be_freed(tmp_path: Path) -> None:
    try:
        disk = Disk(tmp_path / "disk", 8 << 20)
    except CannotMount as error:
        pytest.skip(f"no file system can be mounted here: {error}")
    try:
        disk.fill()
        with pytest.raises(OSError, match="No space left"):
            (tmp_path / "disk" / "file").write_bytes(b"x" * 4096)
        disk.free()
        (tmp_path / "disk" / "file").write_bytes(b"x" * 4096)
    finally:
        disk.close()
