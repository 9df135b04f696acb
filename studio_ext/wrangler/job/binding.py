"""Where the datasets of a flow are in a job: what the platform brought, else S3 itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from ..errors import DataError
from ..flow import variables
from ..storage import Anywhere
from .request import Given, Request


class JobPlaces:
    """Addresses of a flow's sources as files of the job.

    A processing input serves a source of its name, and any address below its own. What no input
    serves is read from S3 by the job's own key, as Data Wrangler's container does.
    """

    def __init__(self, request: Request, values: Mapping[str, Any], cache: Path) -> None:
        self._given = request.given
        self._named = dict(_named(request, values))
        self._s3 = Anywhere(cache)

    def read(self, address: str) -> Path:
        """The file or folder."""
        brought = self._brought(address)
        if brought is not None:
            return brought
        if "://" not in address or address.startswith("file://"):
            raise DataError(
                f"s3Uri: {address!r} is no place of a job: bring it by a processing input, or name "
                "an s3:// address",
                field="s3Uri",
            )
        return self._s3.read(address)

    def matching(self, address: str, wanted: Callable[[str], bool]) -> Path:
        """The folder; of S3 only what is ``wanted`` is fetched."""
        brought = self._brought(address)
        if brought is None and address.startswith("s3://"):
            return self._s3.matching(address, wanted)
        return brought or self.read(address)

    def _brought(self, address: str) -> Path | None:
        if address in self._named:
            return _content(self._named[address])
        found = (_below(each, address) for each in self._given)
        return next((each for each in found if each is not None), None)

    def write(self, address: str) -> AbstractContextManager[Path]:
        """A job writes its outputs alone."""
        raise DataError(f"output_path: a job does not write to {address!r}", field="output_path")

    def is_brought(self, path: Path) -> bool:
        """Whether a file is one that the platform has brought."""
        return any(path.is_relative_to(each.folder) for each in self._given)


def _named(request: Request, values: Mapping[str, Any]) -> list[tuple[str, Given]]:
    """Address -> the input that is called as the dataset of that address."""
    inputs = {each.name: each for each in request.given}
    found = []
    for node in request.flow:
        definition = node.parameters.get("dataset_definition") or {}
        name = str(definition.get("name"))
        if node.type == "SOURCE" and name in inputs:
            place = definition.get("s3ExecutionContext") or {}
            address = variables.filled(place.get("s3Uri"), values, "s3Uri")
            found.append((str(address), inputs[name]))
    return found


def _content(given: Given) -> Path:
    """The one file of an input that is an object, the folder of one that is a prefix."""
    there = sorted(os.scandir(given.folder), key=lambda each: each.name)
    single = len(there) == 1 and there[0].is_file()
    return Path(there[0].path) if single else given.folder


def _below(given: Given, address: str) -> Path | None:
    """The file of an input that an address names, if it names one."""
    base = given.address.rstrip("/")
    if address.rstrip("/") == base:
        return _content(given)
    if not address.startswith(f"{base}/"):
        return None
    found = given.folder / address.removeprefix(f"{base}/")
    return found if found.exists() else None
