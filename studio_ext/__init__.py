"""Studio: SageMaker's workflow on your own machine, inside JupyterLab.

Importing this package loads nothing heavy; each room is imported where it is used.
"""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Tell Jupyter Server which application to load."""
    from .app import StudioApp

    return [{"module": "studio_ext.app", "app": StudioApp}]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Tell JupyterLab where the built front end lies."""
    return [{"src": "labextension", "dest": "studio-ext"}]


def load_ipython_extension(ipython: Any) -> None:
    """``%load_ext studio_ext``: register the ``%studio`` magics."""
    from .notebook.magics import load_ipython_extension as load

    load(ipython)
