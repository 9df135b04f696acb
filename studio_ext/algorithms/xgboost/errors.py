"""What can go wrong, told apart by who can mend it."""

from __future__ import annotations


class UserError(Exception):
    """The caller's data or settings are wrong; the message says which and how."""

    prefix = "Customer Error"


class AlgorithmError(Exception):
    """The algorithm failed on input that looked right."""

    prefix = "Algorithm Error"


class InferenceError(Exception):
    """A request that cannot be answered; ``status`` is its HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
