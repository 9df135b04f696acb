"""What each framework's image does when the user's module leaves a function out."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from ..chain import chained

_MODULES = {
    "sklearn": "scikit_learn",
    "pytorch": "pytorch",
    "xgboost": "xgboost_script",
}


def default_handler(framework: str) -> Any:
    """The defaults of a framework; those of the toolkit itself for any other."""
    module = import_module("." + _MODULES.get(framework, "toolkit"), __name__)
    return module.Handler()


def service(framework: str, model_dir: str, environment: Mapping[str, str]) -> Any:
    """What loads the model (``load()``) and answers requests (``answer(header, body)``).

    In an inference pipeline its answers are those of the containers behind it.
    """
    return chained(_alone(framework, model_dir, environment), environment)


def _alone(framework: str, model_dir: str, environment: Mapping[str, str]) -> Any:
    if framework == "xgboost-algorithm":
        from .xgboost_algorithm import AlgorithmService

        return AlgorithmService(model_dir, environment)
    if framework == "data-wrangler":
        # By its name: hosting knows no flows, and the library is that of the model's environment.
        return import_module("studio_ext.wrangler.serving").FlowService(model_dir, environment)
    from ..service import Service

    return Service(default_handler(framework), model_dir, environment)
