"""What is there after a round: asked of the running server, then looked up in its home."""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from sqlalchemy import text

from studio_ext.config import Config
from studio_ext.store import Store
from studio_ext.store.objects import LocalObjectStore
from tests.faults.backing import damage
from tests.faults.contents import digest, flowed
from tests.faults.forms import FORMS
from tests.faults.history import History, State
from tests.faults.requests import BUCKET
from tests.faults.server import Server
from tests.faults.targets import of_home

#: Names that only unfinished writes have: see files.write_atomic, packs.pack, prepare, inputs.
_UNFINISHED = re.compile(r"^\..+\.[a-z0-9_]{8}$|\.tmp$|\.partial$|\.copying$|^\.code\.tar|^\.model")
#: Files with their bytes, and files of uploads with where the last part in them ends.
_FILES = """
SELECT data, size FROM objects UNION ALL SELECT data, size FROM parts WHERE data IS NOT NULL
"""
_UPLOADS = """
SELECT u.data, COALESCE(MAX((p.number - 1) * u.part_size + p.size), 0) FROM uploads u
LEFT JOIN parts p ON p.upload_id = u.id AND p.data IS NULL WHERE u.data IS NOT NULL GROUP BY u.data
"""
#: What a job's folder holds only while the job runs.
_PASSING = ("tmp", "home", "scratch", "env", "opt/ml/input/data", "opt/ml/processing/code")


def ask(server: Server, history: History, state: State) -> None:
    """Jobs with their logs, and every object, through the API."""
    sagemaker, s3 = server.client("sagemaker"), server.client("s3")
    logs = server.client("logs")
    for name, job in history.jobs.items():
        try:
            found = FORMS[job.form].ask(sagemaker, "Describe", name)
        except ClientError:
            continue
        state.jobs[name] = found
        state.logs[name] = list(_lines(logs, FORMS[job.form].logs, name))
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for item in page.get("Contents", []):
            state.objects[item["Key"]] = _object(s3, item["Key"], state)


def _object(s3: Any, key: str, state: State) -> dict[str, Any]:
    answer = s3.get_object(Bucket=BUCKET, Key=key, ChecksumMode="ENABLED")
    body = answer["Body"].read()
    if key.endswith("/output/model.tar.gz"):
        with tarfile.open(fileobj=io.BytesIO(body)) as tar:
            member = tar.extractfile("answer") if "answer" in tar.getnames() else None
            if member is not None:
                state.answers[key.split("/")[1]] = digest(member.read())
    elif key.endswith("/end/answer"):
        state.answers[key.split("/")[1]] = digest(body)
    elif "/flow/" in key:
        state.answers[key.split("/")[1]] = flowed(body.decode())
    return {
        "sha256": digest(body),
        "md5": hashlib.md5(body, usedforsecurity=False).hexdigest(),
        "etag": answer["ETag"].strip('"'),
        "size": len(body),
    }


def _lines(logs: Any, group: str, name: str) -> Iterator[str]:
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")
    for stream in streams["logStreams"]:
        token: dict[str, str] = {}
        while True:
            page = logs.get_log_events(
                logGroupName=group,
                logStreamName=stream["logStreamName"],
                startFromHead=True,
                **token,
            )
            yield from (event["message"] for event in page["events"])
            if token.get("nextToken") == page["nextForwardToken"]:
                break
            token = {"nextToken": page["nextForwardToken"]}


def look_at_processes(home: Path, state: State) -> None:
    """All but the server and the gateway are too many."""
    state.processes = [
        f"{process.role} {process.pid}"
        for process in of_home(home)
        if process.role not in ("server", "gateway")
    ]


def look_at_home(config: Config, state: State) -> None:
    """The database and the files, once no process works in the home any more."""
    with _opened(config) as store, store.begin() as connection:
        state.integrity = list(damage(connection))
        query = "SELECT kind, name, lease_holder FROM resources WHERE lease_holder IS NOT NULL"
        leases = connection.execute(text(query)).all()
        state.leases = [f"{kind}/{name} is held by {holder}" for kind, name, holder in leases]
        query = (
            "SELECT kind, name, id FROM resources WHERE kind IN ('training-job', 'processing-job')"
        )
        jobs = connection.execute(text(query))
        state.ids = {name: f"{kind.removesuffix('-job')}-{number}" for kind, name, number in jobs}
    state.files = [*_leftovers(config, set(state.ids.values())), *_data_files(config)]


@contextmanager
def _opened(config: Config) -> Iterator[Store]:
    store = Store(config)
    try:
        yield store
    finally:
        store.close()


def _leftovers(config: Config, jobs: set[str]) -> Iterator[str]:
    home = config.path
    for path in sorted(home.rglob("*")):
        name = str(path.relative_to(home))
        if _UNFINISHED.search(path.name) and "/opt/ml/" not in name:
            yield f"an unfinished file: {name}"
    for folder in (home / "jobs").iterdir():
        if folder.name not in jobs:
            yield f"a folder of no job: jobs/{folder.name}"
        for part in _PASSING:
            if any(path.is_file() for path in (folder / part).rglob("*")):
                yield f"left by a job that ended: jobs/{folder.name}/{part}"
    yield from (f"a model server's folder: {p.name}" for p in (home / "endpoints").iterdir())
    if (home / "staging").exists():
        yield from (f"staged inputs: {path.name}" for path in (home / "staging").iterdir())
    yield from (f"a socket: {path.name}" for path in config.socket_dir.iterdir())


def _data_files(config: Config) -> Iterator[str]:
    """Rows without bytes; and, after a sweep, bytes without a row."""
    with _opened(config) as store:
        assert isinstance(store.objects, LocalObjectStore)
        store.objects.sweep(older_than_s=-1)
        with store.read() as connection:
            rows = dict(connection.execute(text(_FILES)).all())
            uploads = dict(connection.execute(text(_UPLOADS)).all())
    files = {p.name: p.stat().st_size for p in (config.path / "objects").rglob("*") if p.is_file()}
    for data, end in uploads.items():
        if files.pop(data, 0) < end:
            yield f"the file {data} of an upload ends before its parts do, at {end}"
    yield from (f"a row without its bytes: {data}" for data in sorted(rows.keys() - files.keys()))
    yield from (f"bytes without a row: {data}" for data in sorted(files.keys() - rows.keys()))
    for data in sorted(rows.keys() & files.keys()):
        if rows[data] != files[data]:
            yield f"{data} has {files[data]} bytes, its row says {rows[data]}"
