"""Where a flow's tables come from."""

from __future__ import annotations

from .reading import Sources
from .sampling import first_rows, sampled

__all__ = ["Sources", "first_rows", "sampled"]
