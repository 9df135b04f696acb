"""Where a flow's tables come from."""

from __future__ import annotations

from .reading import read
from .sampling import sampled

__all__ = ["read", "sampled"]
