"""Where a flow's sources lie, as far as whoever asks may read them.

``s3://bucket/key`` is an object, or all below a prefix; other addresses are paths below the folder
that this server's own user works in, and nobody else's. Such a path counts from the flow's own
folder, where a file is there, else from that one.
"""

from __future__ import annotations

import hashlib
import shutil
import uuid
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from ..control import connections
from ..control.world import World
from ..store.objects import ObjectStoreError, parse_s3_uri
from ..wire.errors import AccessDenied, ApiError, ValidationException
from ..wire.identity import Caller
from .channel import CONNECTION, FILE

#: Objects below a prefix, files in a folder.
MOST_FILES = 10_000
#: Names, and where each lies.
Files = Iterator[tuple[str, Path]]


class Sources:
    """Finds what addresses stand for, for one caller; ``flow``: what it calls its flow, a path."""

    def __init__(self, world: World, caller: Caller, flow: str = "") -> None:
        self._world = world
        self._caller = caller
        self._folder = flow.rpartition("/")[0]

    def find(self, what: str, name: str, folder: Path) -> Any:
        """What a flow's process asks for, as JSON: the path of a ``file``, the URL of a
        ``connection``, all ``tables`` that queries may name. Raises ApiError."""
        if what == FILE:
            return str(self.locate(name, folder))
        if what == CONNECTION:
            return connections.url_of(self._world, self._caller, name)
        return connections.tables(self._world, self._caller)

    def locate(self, address: str, folder: Path) -> Path:
        """A file or a folder of files, made of links in ``folder``: what an address stands for.

        Raises ApiError for what is not there or may not be read.
        """
        whole, found = self._objects(address) if is_s3(address) else self._paths(address)
        files = list(islice(found, MOST_FILES + 1))
        if not files:
            raise ValidationException(f"There is no file {address!r}.")
        if len(files) > MOST_FILES:
            raise ValidationException(f"{address!r} has more than {MOST_FILES} files.")
        listed = "\0".join(f"{name}\0{path}" for name, path in files)
        # Another listing has another folder: nobody finds links that are being changed.
        place = folder / "sources" / hashlib.sha256(f"{address}\0{listed}".encode()).hexdigest()
        if not place.exists():
            _link(place, files)
        return place / files[0][0] if whole else place

    def _objects(self, address: str) -> tuple[bool, Files]:
        """Whether it is one object, and that, or all below a prefix."""
        objects = self._world.objects_for(self._caller)
        try:
            bucket, key = parse_s3_uri(address.replace("s3a://", "s3://", 1))
            if key and not key.endswith("/"):
                try:
                    path = objects.local_path(bucket, key)
                    return True, iter([(key.rpartition("/")[2], path)])
                except ObjectStoreError as error:
                    if error.code != "NoSuchKey":
                        raise
            prefix = f"{key.rstrip('/')}/" if key else ""
            listed = list(islice(objects.walk(bucket, prefix), MOST_FILES + 1))
            found = [
                (each.key.removeprefix(prefix), objects.local_path(bucket, each.key))
                for each in listed
                if not each.key.endswith("/")
            ]
            return False, iter(found)
        except ObjectStoreError as error:
            raise _refused(address, error) from error

    def _paths(self, address: str) -> tuple[bool, Files]:
        """Whether it is one file, and that, or all in a folder."""
        config, caller = self._world.config, self._caller
        kind, separator, rest = address.partition("://")
        if separator and kind != "file":
            raise ValidationException(f"{address!r} is neither an s3:// address nor a file.")
        if not config.flow_root or not self._is_servers_own():
            text = f"{address!r}: flows of {caller.user_profile} read s3:// addresses alone"
            raise AccessDenied(f"{text}. Upload the file to a bucket.")
        root = Path(config.flow_root).resolve()
        named = rest if separator else address
        try:
            beside = (root / self._folder.lstrip("/") / named).resolve()
            path = beside if self._is_there(beside, root) else (root / named).resolve()
        except (OSError, ValueError, RuntimeError) as error:
            raise ValidationException(f"{address!r} is no path: {error}") from None
        if not self._is_below(path, root):
            raise AccessDenied(f"{address!r} is not below {config.flow_root}.")
        if path.is_dir():
            return False, self._files_in(path, path, root)
        if not path.is_file():
            raise ValidationException(f"There is no file {address!r}.")
        return True, iter([(path.name, path)])

    def _files_in(self, folder: Path, top: Path, root: Path) -> Files:
        """Files of a folder and those in it, by their names from there; no link leads out."""
        for each in sorted(folder.iterdir()):
            own = each.resolve()
            if each.name.startswith(".") or not self._is_below(own, root):
                continue
            if own.is_dir() and not each.is_symlink():
                yield from self._files_in(each, top, root)
            elif own.is_file():
                yield str(each.relative_to(top)), own

    def _is_there(self, path: Path, root: Path) -> bool:
        return self._is_below(path, root) and path.exists()

    def _is_below(self, path: Path, root: Path) -> bool:
        """Whether a path is in the folder, and not in the home: there keys and others' data lie."""
        home = self._world.config.path.resolve()
        return path.is_relative_to(root) and not path.is_relative_to(home)

    def _is_servers_own(self) -> bool:
        """Whether the caller is the user that this server, and its files, belong to."""
        caller, config = self._caller, self._world.config
        own = self._world.store.credentials.kept(config.user_profile)
        return caller.account_id == own.account_id and caller.scope is None


def read_document(world: World, caller: Caller, uri: str, most: int) -> str:
    """The text of a flow in the object store, as the caller may read it."""
    objects = world.objects_for(caller)
    try:
        bucket, key = parse_s3_uri(uri)
        if (size := objects.stat(bucket, key).size) > most:
            raise ValidationException(f"{uri} has {size} bytes, a flow has {most} at most.")
        return objects.read(bucket, key).decode()
    except UnicodeDecodeError:
        raise ValidationException(f"{uri} is no text in UTF-8.") from None
    except ObjectStoreError as error:
        raise _refused(uri, error) from error


def _refused(address: str, error: ObjectStoreError) -> ApiError:
    if error.status == 403:
        return AccessDenied(f"{address}: {error.message}")
    return ValidationException(f"{address}: {error.message}")


def is_s3(address: str) -> bool:
    """Whether an address is one of an object store."""
    return address.startswith(("s3://", "s3a://"))


def _link(place: Path, files: list[tuple[str, Path]]) -> None:
    """A folder of links to files, under the names that they have; there whole or not at all."""
    fresh = place.with_name(f".{place.name}.{uuid.uuid4().hex}")
    for name, path in files:
        parts = [each if each.strip(".") else "_" for each in name.split("/")]
        link = fresh.joinpath(*parts)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path)
    try:
        fresh.rename(place)
    except OSError:  # somebody else was quicker
        shutil.rmtree(fresh, ignore_errors=True)
