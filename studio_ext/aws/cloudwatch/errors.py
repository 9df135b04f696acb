"""CloudWatch's errors, by the codes its clients know."""

from __future__ import annotations

from ...wire.errors import ApiError


def bad_value(message: str) -> ApiError:
    return ApiError("InvalidParameterValue", message)


def bad_combination(message: str) -> ApiError:
    return ApiError("InvalidParameterCombination", message)


def missing(parameter: str) -> ApiError:
    return ApiError("MissingParameter", f"The parameter {parameter} is required.")
