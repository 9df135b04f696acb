"""Starts an IPython kernel that is connected to Studio: ``python -m studio_ext.notebook.launch``.

Kernels started by Studio's Jupyter server inherit ``STUDIO_HOME`` from it; in any other Jupyter the
home that the kernel was installed for is used. Without a running Studio the kernel starts all the
same and says so.
"""

from __future__ import annotations

import os
import sys

from . import session

_HOME_OPTION = "--studio-home="


def main(arguments: list[str]) -> None:
    """Connect the process, then become ipykernel."""
    installed_for = [a.removeprefix(_HOME_OPTION) for a in arguments if a.startswith(_HOME_OPTION)]
    home = os.environ.get("STUDIO_HOME") or (installed_for or [str(session.default_home())])[0]
    try:
        session.apply(home)
    except session.NotRunning as error:
        print(f"This kernel is not connected. {error}", file=sys.stderr)

    from ipykernel.kernelapp import IPKernelApp

    IPKernelApp.launch_instance([a for a in arguments if not a.startswith(_HOME_OPTION)])


if __name__ == "__main__":
    main(sys.argv[1:])
