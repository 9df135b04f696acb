"""Flow files: Data Wrangler's ``.flow`` documents, read and written as they are."""

from __future__ import annotations

from .document import Document, Input, Node

__all__ = ["Document", "Input", "Node"]
