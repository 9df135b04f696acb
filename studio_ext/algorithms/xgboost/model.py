"""Boosters on disk: written in XGBoost's own format, read without running foreign code."""

from __future__ import annotations

import logging
import os
import pickle
import tempfile
from pathlib import Path
from typing import Any

from .errors import UserError

logger = logging.getLogger(__name__)

NAME = "xgboost-model"
_SUFFIXES = (".json", ".ubj", ".model", ".bst", ".bin", ".deprecated")


def save(booster: Any, path: str | os.PathLike[str]) -> None:
    """Write a booster (UBJSON) atomically; the name needs no suffix."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(booster.save_raw("ubj"))
        os.chmod(temporary, 0o644)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def load(path: str | os.PathLike[str]) -> Any:
    """A booster from a file in any format of XGBoost's, or pickled by it.

    Unpickling is limited to boosters, so a crafted file cannot run code.
    """
    import xgboost

    data = bytearray(Path(path).read_bytes())
    if data[:1] == b"\x80":
        return _unpickle(path)
    try:
        return xgboost.Booster(model_file=data)
    except (xgboost.core.XGBoostError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"Model {path} cannot be loaded: {reason}") from error


def find(model_dir: str | os.PathLike[str]) -> list[Path]:
    """The model files of a folder: ``xgboost-model``, or ``xgboost-model-0...`` of a k-fold run.

    Without these, the files that look like boosters by their suffix, or the only file.
    """
    files = sorted(p for p in Path(model_dir).iterdir() if p.is_file() and p.name[0] != ".")
    for wanted in (
        [p for p in files if p.name == NAME],
        [p for p in files if p.name.startswith(NAME)],
        [p for p in files if p.suffix in _SUFFIXES],
        files[:1] if len(files) == 1 else [],
    ):
        if wanted:
            return wanted
    names = ", ".join(p.name for p in files[:10]) or "no file at all"
    raise UserError(f"There is no '{NAME}' in the model archive; found {names}")


_HARMLESS = {("xgboost.core", "Booster"), ("builtins", "bytearray")}


class _BoosterUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _HARMLESS:
            raise pickle.UnpicklingError(f"it holds a {module}.{name}")
        return super().find_class(module, name)


def _unpickle(path: str | os.PathLike[str]) -> Any:
    import xgboost

    try:
        with open(path, "rb") as file:
            booster = _BoosterUnpickler(file).load()
    except (pickle.UnpicklingError, xgboost.core.XGBoostError, EOFError, AttributeError) as error:
        raise UserError(
            f"Model {path} is a pickle that is not read here ({str(error).splitlines()[0]}). "
            "Save the booster with save_model(), or load it in a model_fn of your own."
        ) from error
    if not isinstance(booster, xgboost.Booster):
        raise UserError(f"Model {path} is a pickle, but not of a booster")
    return booster
