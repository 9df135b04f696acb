"""From S3 prefixes to the files that a job finds in its folders."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..control.world import World
from ..store.objects import ObjectStore, ObjectStoreError, parse_s3_uri


class InputUnavailable(Exception):
    """Input data that cannot be had; the text is for the user."""


def staging_folder(world: World, job_id: str) -> Path:
    """Where links to a job's inputs are kept until its supervisor has taken them over.

    The links keep the bytes although somebody may replace or delete the object meanwhile.
    """
    return world.config.path / "staging" / job_id


def clear(world: World, job_id: str) -> Path:
    """The staging folder, with nothing in it."""
    root = staging_folder(world, job_id)
    shutil.rmtree(root, ignore_errors=True)
    return root


def stage_object(world: World, job_id: str, store: ObjectStore, uri: str, name: str) -> str:
    """A link to one object, for the time until the job has read it."""
    bucket, key = parse_s3_uri(uri)
    target = staging_folder(world, job_id) / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        store.link(bucket, key, target)
    except ObjectStoreError as error:
        raise InputUnavailable(f"{uri} cannot be read: {error}") from None
    return str(target)


def stage(
    store: ObjectStore, objects: list[tuple[str, str, str]], folder: Path
) -> list[tuple[str, str]]:
    """Links to (bucket, key, name) objects, numbered, because names may clash as paths."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for number, (bucket, key, name) in enumerate(objects):
        target = folder / str(number)
        try:
            store.link(bucket, key, target)
        except ObjectStoreError as error:
            raise InputUnavailable(f"s3://{bucket}/{key} cannot be read: {error}") from None
        files.append((str(target), name))
    return files


def objects_of(
    store: ObjectStore, source: Mapping[str, Any], what: str
) -> Iterator[tuple[str, str, str]]:
    """(bucket, key, relative path) of each object of an ``S3DataSource``.

    ``what`` names it in the InputUnavailable that is raised where there is none.
    """
    uri = source["S3Uri"]
    found = False
    for prefix, suffixes in _prefixes(store, source):
        bucket, key = parse_s3_uri(prefix)
        for item in (
            _under(store, bucket, key) if suffixes is None else _named(store, bucket, key, suffixes)
        ):
            found = True
            yield (bucket, *item)
    if not found:
        raise InputUnavailable(
            f"No S3 objects found under S3 URL {uri!r} given in input data source of "
            f"{what}. Please ensure that the bucket and the objects exist."
        )


def _prefixes(
    store: ObjectStore, source: Mapping[str, Any]
) -> Iterator[tuple[str, list[str] | None]]:
    uri = source["S3Uri"]
    if source["S3DataType"] == "S3Prefix":
        yield uri, None
        return
    try:
        manifest = json.loads(store.read(*parse_s3_uri(uri)))
        if not isinstance(manifest, list) or "prefix" not in manifest[0]:
            raise ValueError("it must be a list that begins with {'prefix': 's3://...'}")
        prefix = str(manifest[0]["prefix"])
        parse_s3_uri(prefix)
        yield prefix, [str(name) for name in manifest[1:]]
    except (ValueError, LookupError, TypeError, ObjectStoreError) as error:
        raise InputUnavailable(f"the manifest {uri} cannot be used: {error}") from None


def _under(store: ObjectStore, bucket: str, prefix: str) -> Iterator[tuple[str, str]]:
    """Keys that begin with a prefix, with their names below it; folder markers are left out."""
    cut = len(prefix) if prefix.endswith("/") else prefix.rfind("/") + 1
    try:
        for summary in store.walk(bucket, prefix):
            if summary.key.endswith("/"):
                continue
            name = summary.key[cut:]
            if not prefix.endswith("/") and summary.key.startswith(f"{prefix}/"):
                name = summary.key[len(prefix) + 1 :]
            yield summary.key, name
    except ObjectStoreError as error:
        raise InputUnavailable(f"s3://{bucket}/{prefix} cannot be read: {error}") from None


def _named(
    store: ObjectStore, bucket: str, prefix: str, names: list[str]
) -> Iterator[tuple[str, str]]:
    for name in names:
        key = prefix + name
        try:
            store.stat(bucket, key)
        except ObjectStoreError as error:
            raise InputUnavailable(f"s3://{bucket}/{key} cannot be read: {error}") from None
        yield key, name


def existing(store: ObjectStore, bucket: str, prefix: str) -> Iterator[tuple[str, str, str]]:
    """Objects below a prefix that may be empty still."""
    base = f"{prefix.rstrip('/')}/" if prefix else ""
    try:
        for summary in store.walk(bucket, base):
            if not summary.key.endswith("/"):
                yield bucket, summary.key, summary.key[len(base) :]
    except ObjectStoreError as error:
        raise InputUnavailable(f"s3://{bucket}/{prefix} cannot be read: {error}") from None
