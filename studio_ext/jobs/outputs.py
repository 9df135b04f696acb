"""From a job's folder to S3: archives, folders, and folders that are followed while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..control.world import World
from ..store.objects import NoSuchKey, ObjectStore, parse_s3_uri
from ..store.resources import Resource
from .launch import job_id


class OutputFailed(Exception):
    """Output that cannot be stored; the text is for the user."""


def job_folder(world: World, resource: Resource) -> Path:
    """The folder of the job on this machine."""
    return world.runner.log_path(job_id(resource)).parent


def real_path(world: World, resource: Resource, local: str) -> Path:
    """Where a path that the job calls ``/opt/ml/...`` is on this machine."""
    return job_folder(world, resource) / local.lstrip("/")


def key_below(prefix: str, name: str) -> str:
    """The key of a file below a key prefix."""
    return "/".join(part for part in (prefix.strip("/"), name) if part)


def give_pack(objects: ObjectStore, bucket: str, key: str, pack: dict[str, Any]) -> None:
    """Give an archive that a job has packed to the store; one given before is found there."""
    path = Path(pack["path"])
    if path.exists():
        objects.put_file(bucket, key, path, move=True, md5=pack["md5"])
        return
    stored = objects.stat(bucket, key)
    if stored.size != pack["size"]:
        raise NoSuchKey(key)


def files_below(folder: Path) -> Iterator[tuple[str, Path]]:
    """Each file of a folder by its name in it, in order; links are none of the job's files.

    Names that begin with ``_``, which tell that what they are beside is whole, come last.
    """
    found = (p for p in folder.rglob("*") if p.is_file() and not p.is_symlink())
    for path in sorted(found, key=lambda each: (each.name.startswith("_"), each)):
        yield path.relative_to(folder).as_posix(), path


def upload_folder(
    objects: ObjectStore, folder: Path, bucket: str, prefix: str, *, move: bool = False
) -> None:
    """Store every file of a folder; with ``move`` those that are the job's alone are given away.

    May be repeated: what was given away is not in the folder any more.
    """
    for name, path in files_below(folder):
        alone = move and path.stat().st_nlink == 1
        objects.put_file(bucket, key_below(prefix, name), path, move=alone)


def sync_folder(
    objects: ObjectStore,
    folder: Path,
    uri: str,
    before: dict[str, Any] | None,
    *,
    ended: bool = False,
) -> dict[str, Any] | None:
    """Store files that are new or have changed; the note of what is stored by now.

    None where that is what it was ``before``. A file that is being written is taken up once its
    size and time have stayed for a look, or once the job has ``ended``.
    """
    bucket, prefix = parse_s3_uri(uri)
    before = before or {"seen": {}, "stored": {}}
    seen: dict[str, list[int]] = {}
    stored = dict(before["stored"])
    for name, path in files_below(folder):
        try:
            status = path.stat()
        except FileNotFoundError:
            continue  # the script removed it meanwhile
        seen[name] = [status.st_size, status.st_mtime_ns]
        settled = before["seen"].get(name) == seen[name] or ended
        if settled and stored.get(name) != seen[name]:
            objects.put_file(bucket, key_below(prefix, name), path)
            stored[name] = seen[name]
    progress = {"seen": seen, "stored": stored}
    return progress if progress != before else None
