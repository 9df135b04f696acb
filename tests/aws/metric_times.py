"""The time that stored metrics are of."""

from __future__ import annotations

import time
from datetime import UTC, datetime

# A whole hour of some hours ago, so that no rounding of the start matters unless a test says so.
START = (time.time() // 3600 - 30) * 3600


def moment(seconds: float) -> datetime:
    """A time so long after START."""
    return datetime.fromtimestamp(START + seconds, UTC)
