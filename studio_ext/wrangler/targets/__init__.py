"""Where a flow's tables go to."""

from __future__ import annotations

from .destinations import Deliver, deliver_locally, written

__all__ = ["Deliver", "deliver_locally", "written"]
