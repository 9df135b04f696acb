"""Everything a model needs before its workers start: files, packages, environment variables."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from ...run import environments, inputs, namespace, processes
from ...run.layout import ML, make_temporary, rewrite
from . import chain
from .settings import Folder, Settings

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
Say = Callable[[str], None]


def files(folder: Folder, settings: Settings, check: Callable[[], None]) -> None:
    """Unpack the model and its code; what an earlier start unpacked is used again."""
    for made in (folder.ml, folder.home):
        made.mkdir(parents=True, exist_ok=True)
    make_temporary(folder.tmp)
    sockets(settings)
    _unpack(settings.model_archive, folder.ml / "model", check)
    if settings.code_archive:
        _unpack(settings.code_archive, folder.ml / "code", check)


def _unpack(archive: str | None, target: Path, check: Callable[[], None]) -> None:
    if target.exists():
        return
    # Renamed when whole, so that a crash in the middle leaves nothing half.
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    if archive:
        inputs.extract(Path(archive), partial, check)
    partial.rename(target)


def enter(folder: Folder, say: Say) -> str:
    """Show ``/opt/ml`` to this process and its children; the path they have to use."""
    try:
        namespace.enter()
        namespace.show_as_ml(folder.ml)
    except namespace.Unavailable as error:
        say(
            f"WARNING: this model cannot have a {ML} of its own: {error}. Its files are in "
            f"{folder.ml}; code that reads SM_MODEL_DIR or its model_dir argument will find them."
        )
        return str(folder.ml)
    return ML


def hide(folder: Folder, settings: Settings) -> None:
    """Leave of the folders that are hidden only what is the model's own; after :func:`enter` has
    given ``ML``."""
    folders = [Path(each) for each in settings.hidden]
    shown = [_cache(folder, settings), *(each / "sdk-config.yaml" for each in folders)]
    shown += namespace.needed(settings.python)
    keep = {**dict.fromkeys(shown, False), folder.root: True, folder.tmp: True}
    keep |= dict.fromkeys(_sockets(settings), True)
    for each in folders:
        namespace.hide(each, keep)


def sockets(settings: Settings) -> None:
    """Make the folders of the workers' sockets, and of those that they ask."""
    for made in _sockets(settings):
        made.mkdir(mode=0o700, exist_ok=True)


def _sockets(settings: Settings) -> set[Path]:
    paths = [settings.socket(0), *chain.asked(settings.environment)]
    return {Path(path).parent for path in paths}


def _cache(folder: Folder, settings: Settings) -> Path:
    return Path(settings.environments or folder.root.parents[1] / "environments")


def code_folder(folder: Folder, base: str) -> str | None:
    """Where the user's code is, as the workers see it; None without any."""
    for name in ("code", "model/code"):
        if (folder.ml / name).is_dir():
            return f"{base}/{name}"
    return None


def python(
    folder: Folder,
    settings: Settings,
    code: str | None,
    run: environments.Run,
    pause: environments.Pause,
) -> environments.Base:
    """The interpreter's environment with what the code's ``requirements.txt`` asks for.

    The instance gets a layer of its own on top, so that its ``pip install`` changes no other.
    """
    cache = _cache(folder, settings)
    base = environments.describe(settings.python, cache)
    if code and Path(code, "requirements.txt").exists():
        base = environments.install(Path(code), base, cache, False, run, pause)
    shutil.rmtree(folder.layer, ignore_errors=True)
    return environments.create_layer(folder.layer, base)


def variables(
    folder: Folder, settings: Settings, base: str, code: str | None, bins: list[str]
) -> dict[str, str]:
    """The complete environment of a worker."""
    threads = max(1, (os.cpu_count() or 1) // settings.workers)
    result = {
        "HOME": str(folder.home),
        "LANG": "C.UTF-8",
        "TMPDIR": str(folder.tmp),
        "PYTHONUNBUFFERED": "1",
        **dict.fromkeys(_THREADS, str(threads)),
        # Threads that wait for work sleep: a small prediction is over long before they would have
        # stopped spinning, and cost ten times itself in spinning while other workers compute.
        "OMP_WAIT_POLICY": "PASSIVE",
        "SAGEMAKER_MODEL_SERVER_WORKERS": str(settings.workers),
        "SM_MODEL_DIR": f"{base}/model",
    }
    result.update(rewrite(dict(settings.environment), base))
    if base != ML:
        result["SAGEMAKER_BASE_DIR"] = base
    if code:
        result["STUDIO_CODE_DIR"] = code
        result["SAGEMAKER_SUBMIT_DIRECTORY"] = code
        paths = [code, result.get("PYTHONPATH", "")]
        result["PYTHONPATH"] = ":".join(path for path in paths if path)
    else:
        # The SDK names a program even for models that carry no code, such as a built-in's.
        result.pop("SAGEMAKER_SUBMIT_DIRECTORY", None)
    result["STUDIO_IMAGE_TAG"] = settings.tag
    result["PATH"] = ":".join([*bins, result.get("PATH", _PATH)])
    result[processes.MARKER] = str(folder.root)
    return result
