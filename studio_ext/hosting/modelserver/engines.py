"""Engines of Studio, loaded into a worker whose environment has no Studio installed."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

_ALGORITHMS = Path(__file__).resolve().parents[2] / "algorithms"


def engine(name: str) -> ModuleType:
    """The package ``algorithms/<name>`` under a name that no library has."""
    alias = f"studio_engine_{name}"
    if alias in sys.modules:
        return sys.modules[alias]
    folder = _ALGORITHMS / name
    spec = importlib.util.spec_from_file_location(
        alias, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"there is no engine {name}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[alias] = module
    spec.loader.exec_module(module)
    return module
