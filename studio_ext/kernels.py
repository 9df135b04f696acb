"""Kernels with an environment of their own, connected to Studio: ``studio kernel add sagemaker``.

The SageMaker SDK pins many packages, so it lives beside Studio and never inside it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .files import read_json, write_json

Say = Callable[[str], None]
_PREFIX = "studio-"


@dataclass(frozen=True)
class Recipe:
    """A kernel that can be added: what it is called in the launcher and what is installed."""

    display_name: str
    requirements: tuple[str, ...]
    check: str  # imports that prove that the environment works


RECIPES = {
    "sagemaker": Recipe(
        "Python 3 (SageMaker SDK)",
        ("sagemaker<3", "boto3", "pandas", "ipykernel", "anywidget"),
        "import sagemaker.estimator, boto3, pandas, ipykernel",
    ),
}


class KernelError(Exception):
    """The kernel could not be made; the text says why."""


def add(name: str, home: Path, say: Say) -> str:
    """Create the environment ``home/kernels/<name>`` and install its kernelspec.

    Repeating it repairs what is missing and is quick when nothing is. Returns the kernelspec's
    name.
    """
    recipe = _recipe(name)
    folder = home / "kernels" / name
    python = folder / "bin" / "python"
    done = folder / "studio.json"
    wanted = {"requirements": list(recipe.requirements), "python": sys.version.split()[0]}
    if read_json(done) == wanted and _works(python, recipe):
        say(f"The environment {folder} is complete.")
    else:
        _create(folder, python, recipe, say)
        write_json(done, wanted)
    _link_package(python)
    spec_folder = _install_spec(name, recipe, python, home)
    say(f"Kernel “{recipe.display_name}” is installed in {spec_folder}.")
    return _PREFIX + name


def installed() -> dict[str, Path]:
    """Studio's kernels that Jupyter finds here: name -> folder of the kernelspec."""
    from jupyter_client.kernelspec import KernelSpecManager

    specs = KernelSpecManager().find_kernel_specs()
    return {
        name.removeprefix(_PREFIX): Path(folder)
        for name, folder in sorted(specs.items())
        if name.startswith(_PREFIX)
    }


def remove(name: str, home: Path, say: Say) -> None:
    """Remove the kernelspec and the environment."""
    spec, folder = installed().get(name), home / "kernels" / name
    if spec is None and not folder.exists():
        raise KernelError(f"No kernel {name!r} is installed. `studio kernel list` shows them.")
    for path in (spec, folder):
        if path is not None and path.exists():
            say(f"Removing {path}")
            shutil.rmtree(path)


def _recipe(name: str) -> Recipe:
    try:
        return RECIPES[name]
    except KeyError:
        known = ", ".join(sorted(RECIPES))
        raise KernelError(f"There is no kernel {name!r} to add; there is: {known}.") from None


def _create(folder: Path, python: Path, recipe: Recipe, say: Say) -> None:
    if not _runs(python, "pass"):
        say(f"Creating an environment in {folder}")
        folder.parent.mkdir(parents=True, exist_ok=True)
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
    say(f"Installing {', '.join(recipe.requirements)} (some hundred MB; minutes the first time)")
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check"]
    _run(
        [*command, "--progress-bar", "off", *recipe.requirements],
        each_line=lambda line: _pip_said(line, say),
    )
    if not _works(python, recipe):
        raise KernelError(f"The environment was installed, but fails: {recipe.check}")


def _pip_said(line: str, say: Say) -> None:
    """Hand on what shows that pip gets on: each download's name and the number of packages."""
    if line.startswith("Collecting "):
        say(f"  {line.split()[1]}")
    elif line.startswith("Installing collected packages: "):
        say(f"Unpacking {line.count(',') + 1} packages")


def _works(python: Path, recipe: Recipe) -> bool:
    return _runs(python, recipe.check)


def _runs(python: Path, code: str) -> bool:
    if not python.exists():
        return False
    result = subprocess.run([str(python), "-c", code], check=False, capture_output=True)
    return result.returncode == 0


def _run(command: list[str], each_line: Say = lambda line: None) -> None:
    """Run a command, handing on its lines; its last lines are the error if it fails."""
    tail: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            each_line(line.rstrip())
            tail = [*tail[-14:], line]
    if process.returncode:
        raise KernelError(f"`{' '.join(command)}` failed:\n{''.join(tail)}")


def _link_package(python: Path) -> None:
    """Let the environment import studio_ext, for its launcher and ``%studio``.

    A link, not an installation: the environment must not get Studio's dependencies, and it follows
    when Studio is upgraded.
    """
    package = Path(__file__).resolve().parent
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True)
    link = Path(site.stdout.strip()) / package.name
    if link.is_symlink() or link.exists():
        if link.resolve() == package:
            return
        link.unlink()
    link.symlink_to(package, target_is_directory=True)


def _install_spec(name: str, recipe: Recipe, python: Path, home: Path) -> Path:
    from jupyter_client.kernelspec import KernelSpecManager

    launcher = ["-m", "studio_ext.notebook.launch", f"--studio-home={home}"]
    spec = _ipykernel_spec(python) | {
        "argv": [str(python), *launcher, "-f", "{connection_file}"],
        "display_name": recipe.display_name,
        "language": "python",
    }
    # Beside the Jupyter that this Studio belongs to, if it has an environment of its own.
    in_environment = sys.prefix != sys.base_prefix
    with tempfile.TemporaryDirectory() as source:
        write_json(Path(source) / "kernel.json", spec, mode=0o644)
        folder = KernelSpecManager().install_kernel_spec(
            source,
            _PREFIX + name,
            **({"prefix": sys.prefix} if in_environment else {"user": True}),
        )
    return Path(folder)


def _ipykernel_spec(python: Path) -> dict[str, Any]:
    """What the environment's ipykernel says of itself (debugger, encryption, protocol)."""
    code = "import json, ipykernel.kernelspec as k; print(json.dumps(k.get_kernel_dict()))"
    result = subprocess.run([str(python), "-c", code], check=False, capture_output=True, text=True)
    return dict(json.loads(result.stdout)) if result.returncode == 0 else {}
