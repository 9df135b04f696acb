"""Where a flow's tables go to."""

from __future__ import annotations

from .destinations import written

__all__ = ["written"]
