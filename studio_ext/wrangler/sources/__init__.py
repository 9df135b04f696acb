"""Where a flow's tables come from."""

from __future__ import annotations

from .reading import Locator, read
from .sampling import sampled

__all__ = ["Locator", "read", "sampled"]
