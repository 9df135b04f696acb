"""What is installed: libraries, the panels, JupyterLab's side of Studio, kernels."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .. import __version__
from ..config import Config
from ..files import read_json
from .findings import Finding, ok

_FRAMEWORKS = (
    ("scikit-learn", "scikit-learn images"),
    ("xgboost-cpu|xgboost", "XGBoost images and the built-in algorithm"),
    ("torch", "PyTorch images"),
    ("pandas", "most training scripts"),
)
_PACKAGE = Path(__file__).resolve().parents[1]
_KERNEL = "studio-"
_IN_KERNEL = """
import importlib.metadata as m, json
def version(name):
    try: return m.version(name)
    except m.PackageNotFoundError: return None
try: import studio_ext; ours, where = studio_ext.__version__, studio_ext.__file__
except ImportError: ours = where = None
names = ("sagemaker", "boto3", "botocore")
print(json.dumps({**{n: version(n) for n in names}, "studio": ours, "where": where}))
"""


def frameworks(config: Config) -> Iterator[Finding]:
    """The libraries that stand for SageMaker's images."""
    for names, purpose in _FRAMEWORKS:
        found = [f"{name} {version}" for name in names.split("|") if (version := _version(name))]
        subject = names.split("|")[0]
        if found:
            yield ok(subject, found[0])
        else:
            meaning = f"{purpose[0].upper()}{purpose[1:]} will not run."
            yield Finding("WARN", subject, "not installed", meaning, f"pip install {subject}")


def plugin(config: Config) -> Iterator[Finding]:
    """botocore can be redirected."""
    import botocore.session

    version = _version("botocore") or "unknown"
    if hasattr(botocore.session.Session, "_register_client_plugins"):
        yield ok("botocore", version)
        return
    yield Finding(
        "WARN",
        "botocore",
        f"{version} has no plugins",
        "Outside `%studio connect`, calls with AWS's own host names (STS in the SageMaker SDK) "
        "leave for AWS.",
        "pip install --upgrade botocore boto3",
    )


def panels(config: Config) -> Iterator[Finding]:
    """The panels are built, from the sources of this version."""
    built = read_json(_PACKAGE / "labextension" / "package.json")
    if not built:
        yield Finding(
            "WARN",
            "panels",
            "not built",
            "JupyterLab shows no Studio panels; everything else works.",
            "make ui  # in a clone; or install a wheel",
        )
    elif built.get("version") != __version__:
        yield Finding(
            "WARN",
            "panels",
            f"of version {built.get('version')}, Studio is {__version__}",
            "The panels may ask what the server does not know.",
            "make ui  # and reload the browser's page",
        )
    else:
        yield ok("panels", str(built["version"]))


def jupyter(config: Config) -> Iterator[Finding]:
    """Jupyter's server loads Studio."""
    from jupyter_core.paths import jupyter_config_path

    enabled: bool | None = None
    where = ""
    for folder in reversed(jupyter_config_path()):  # the first has the last word
        for name in ("jupyter_server_config.d/*.json", "jupyter_server_config.json"):
            for path in sorted(Path(folder).glob(name)):
                said = _enables(path)
                if said is not None:
                    enabled, where = said, str(path)
    if enabled:
        yield ok("jupyter", "loads Studio")
        return
    text = f"Studio is switched off in {where}" if where else "does not know of Studio"
    meaning = "JupyterLab has panels without a server behind them, and kernels are not connected."
    mend = "jupyter server extension enable studio_ext"
    yield Finding("WARN", "jupyter", text, meaning, mend)


def _enables(path: Path) -> bool | None:
    try:
        document: Any = json.loads(path.read_text())
        value = document["ServerApp"]["jpserver_extensions"]["studio_ext"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return bool(value)


def kernels(config: Config) -> Iterator[Finding]:
    """Kernels that Studio made work, and have versions that work together."""
    from jupyter_client.kernelspec import KernelSpecManager

    for name, folder in sorted(KernelSpecManager().find_kernel_specs().items()):
        if not name.startswith(_KERNEL):
            continue
        spec = read_json(Path(folder) / "kernel.json") or {}
        yield _kernel(name.removeprefix(_KERNEL), (spec.get("argv") or [""])[0])


def _kernel(name: str, python: str) -> Finding:
    again = f"studio kernel remove {name} && studio kernel add {name}"
    try:
        run = subprocess.run(
            [python, "-c", _IN_KERNEL], capture_output=True, text=True, timeout=60, check=True
        )
        found: dict[str, Any] = json.loads(run.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        text = f"{python} does not run: {type(error).__name__}"
        meaning = "Notebooks with this kernel do not start."
        return Finding("FAIL", f"kernel {name}", text, meaning, again)
    if found["studio"] != __version__ or not str(found["where"]).startswith(str(_PACKAGE)):
        return Finding(
            "WARN",
            f"kernel {name}",
            f"has Studio {found['studio']} from {found['where']}, this is {__version__}",
            "Its magics and its connection are of another Studio.",
            f"studio kernel add {name}",
        )
    if str(found["sagemaker"] or "2").split(".")[0] != "2":
        return Finding(
            "WARN",
            f"kernel {name}",
            f"has the SageMaker SDK {found['sagemaker']}",
            "Studio is tested with version 2; notebooks here are written for it.",
            again,
        )
    versions = (f"{n} {v}" for n, v in found.items() if v and n in ("sagemaker", "boto3"))
    return ok(f"kernel {name}", ", ".join(versions) or python)


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None
