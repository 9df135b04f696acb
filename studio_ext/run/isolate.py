"""Start a command that sees nothing of some folders; for code that is not the server's own.

``python -I -S isolate.py FOLDER... -- COMMAND...`` hides the folders from itself and becomes the
command: its process id, open files and environment stay. Of what is hidden the command has the
folder it is started in, the interpreter and this package. Where the platform has no namespaces,
the command's output begins with a warning.
"""

from __future__ import annotations

import os
import sys
import types

if not __package__:  # run by path: be a module of the package without running its own imports
    _here = os.path.dirname(os.path.abspath(__file__))
    for _name, _path in (("studio_ext", os.path.dirname(_here)), ("studio_ext.run", _here)):
        sys.modules[_name] = types.ModuleType(_name)
        sys.modules[_name].__path__ = [_path]

from collections.abc import Iterable
from pathlib import Path

from studio_ext.run import confine, namespace

END = "--"


def prefix(hidden: Iterable[str | Path]) -> tuple[str, ...]:
    """What to put before a command, so that it sees nothing of the folders ``hidden``."""
    folders = [str(each) for each in hidden]
    return (sys.executable, "-I", "-S", os.path.abspath(__file__), *folders, END)


def hide(hidden: list[Path]) -> None:
    """Cover the folders for this process; raises Unavailable, or OSError, where that fails."""
    own = Path.cwd()
    keep = {each.resolve(): False for each in namespace.needed(sys.executable)}
    keep[own] = True
    namespace.enter(apart=True)
    for folder in hidden:
        path = folder.resolve()
        if path.is_dir() and not namespace.hide(path, keep):
            raise namespace.Unavailable(f"{folder} cannot be covered")
    # The folder as it was leads up into what is covered now.
    os.chdir(own)


def main() -> None:
    """Hide, then become the command."""
    end = sys.argv.index(END)
    command = sys.argv[end + 1 :]
    try:
        hide([Path(each) for each in sys.argv[1:end]])
    except (namespace.Unavailable, OSError) as error:
        text = f"WARNING: this code can read all that Studio keeps on this machine: {error}.\n"
        os.write(1, text.encode())
    confine.give_up()
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
