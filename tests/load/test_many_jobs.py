"""Many real jobs at once: limits kept at every moment, turns fair, none forgotten."""

from __future__ import annotations

import pytest

from benchmarks import queueing


@pytest.mark.sqlite
def test_a_queue_of_jobs_is_worked_off_fairly_within_the_limits() -> None:
    count = 12
    seen = queueing.run(count, timeout_s=200)
    assert seen.statuses == dict.fromkeys((*(f"ana-{n}" for n in range(count)), "ben"), "Completed")
    assert seen.cores <= queueing.CORES
    assert seen.memory <= queueing.MEMORY_GB * 2**30
    assert seen.most_at_once >= 2  # and what there is was used
    assert seen.samples > 20
    # ben's single job, queued behind all of ana's, did not wait for many of them
    assert "ben" not in seen.order[-count // 3 :]
    # of one profile and one instance type: first come, first served
    mine = [int(name[4:]) for name in seen.order if name.startswith("ana")]
    assert all(late - early <= 4 for early, late in zip(sorted(mine), mine, strict=True))
