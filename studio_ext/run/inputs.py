"""Bringing a job's files into its folder: channels by hard link, archives by extraction."""

from __future__ import annotations

import os
import posixpath
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from studio_ext.run.unpacking import InputError, extract

__all__ = ["InputError", "detach", "extract", "materialise"]


def materialise(
    files: Iterable[tuple[str, str]], folder: Path, *, copy: bool, check: Callable[[], None]
) -> None:
    """Put files into ``folder``, by hard link unless ``copy`` or on another device.

    ``check`` is called between files and may raise to end it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for source, name in files:
        check()
        target = folder / _safe_name(name)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _place(source, target, copy)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise InputError(
                f"{name} cannot be stored: one input is a file and another a folder of that name"
            ) from error
        except FileNotFoundError as error:
            raise InputError(f"the input {name} was deleted before the job read it") from error


def _safe_name(name: str) -> str:
    clean = posixpath.normpath(name.lstrip("/"))
    if clean in (".", "..") or clean.startswith("../") or "\0" in clean:
        raise InputError(f"the input {name!r} has no usable file name")
    return clean


def _place(source: str, target: Path, copy: bool) -> None:
    if not copy:
        try:
            os.link(source, target)
            return
        except (FileExistsError, FileNotFoundError):
            raise
        except OSError:
            pass  # another device, or a file of another user: a copy serves as well
    if target.exists():
        raise FileExistsError(target)
    shutil.copy2(source, target)


def detach(folder: Path) -> None:
    """Turn hard links into copies, so that writing to them changes nothing else."""
    for root, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(root, name)
            if os.stat(path, follow_symlinks=False).st_nlink > 1:
                shutil.copy2(path, path + ".copying")
                os.replace(path + ".copying", path)
