"""Errors a client sees. Every protocol renders an `ApiError` in its own form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Characters of a message, or of a further member of an error.
MAX_TEXT = 4096


class ApiError(Exception):
    """A failed call as AWS reports it: a code, a text and an HTTP status.

    `fields` are further members of the error shape (S3 `Key`, runtime `OriginalStatusCode`);
    `headers` are further response headers (`Content-Range` of a 416, `ETag` of a 304).
    """

    def __init__(
        self,
        code: str,
        message: str,
        status: int = 400,
        *,
        fields: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        message = _bounded(message)
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.fields = {
            key: _bounded(value) if isinstance(value, str) else value
            for key, value in (fields or {}).items()
        }
        self.headers = dict(headers or {})

    def __reduce__(self) -> tuple[Any, ...]:
        # Subclasses take other arguments than the base, so pickle by state (jobs, process pools).
        return _restore, (type(self), self.args, self.__dict__)


def _bounded(text: str) -> str:
    """A text that may repeat what the client sent, however much that was."""
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 3] + "..."


def _restore(kind: type[ApiError], args: tuple[Any, ...], state: dict[str, Any]) -> ApiError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class ValidationException(ApiError):
    """A parameter is missing, malformed or not allowed."""

    def __init__(self, message: str, code: str = "ValidationException") -> None:
        super().__init__(code, message, 400)


class ResourceNotFound(ApiError):
    """The named resource does not exist."""

    def __init__(self, message: str) -> None:
        super().__init__("ResourceNotFound", message, 400)


class ResourceInUse(ApiError):
    """The name is taken, or the resource's state forbids the change."""

    def __init__(self, message: str) -> None:
        super().__init__("ResourceInUse", message, 400)


class ResourceLimitExceeded(ApiError):
    """A quota of this server is reached."""

    def __init__(self, message: str) -> None:
        super().__init__("ResourceLimitExceeded", message, 400)


class AccessDenied(ApiError):
    """The caller is known but may not do this, or is not known at all."""

    def __init__(self, message: str = "Access Denied", code: str = "AccessDeniedException") -> None:
        super().__init__(code, message, 403)


class NotImplementedOperation(ApiError):
    """The operation exists in the API but is not built here."""

    def __init__(self, operation: str) -> None:
        super().__init__("NotImplemented", f"Studio does not implement {operation}.", 501)


class InternalFailure(ApiError):
    """A fault of the server's own; its details are in the log, never in the answer."""

    def __init__(self, message: str = "The request failed because of an internal error.") -> None:
        super().__init__("InternalFailure", message, 500)
