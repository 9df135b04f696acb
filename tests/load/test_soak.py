"""Hours of monitoring in seconds: nothing grows."""

from __future__ import annotations

from benchmarks import soak
from studio_ext.schedules.history import KEPT


def test_nothing_grows_while_time_passes() -> None:
    found = list(soak.run(hours=0.5))
    assert len(found) == soak.SNAPSHOTS
    grown = soak.growth(found)
    assert grown["threads"] <= 1
    assert grown["descriptors"] <= 2
    assert grown["files"] <= 1
    assert grown["rss_mb"] < 10
    assert grown["keys"] <= 1
    assert max(one.events for one in found) <= 200
    assert found[-1].runs == KEPT  # of one for each minute
    # metrics at full detail are what grows, for three hours at most: see tests/store
    assert found[-1].points == 30 * 60 * len(soak.METRICS)
