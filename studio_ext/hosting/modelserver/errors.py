"""Errors of a worker."""

from __future__ import annotations


class ServiceError(Exception):
    """A request that is answered by an error; ``status`` is its HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class ConfigurationError(Exception):
    """The model archive or the user's module cannot serve; told when the endpoint is created."""
