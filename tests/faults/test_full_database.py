"""PostgreSQL's own disk is full: reads go on, nothing is half done, and room is all it takes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import databases
import psycopg
import pytest
from botocore.exceptions import ClientError
from studio_plane import Studio, running_studio, wait_for

from tests.faults.backing import Postgresql
from tests.faults.disk import CannotMount, Disk

DISK_BYTES = 128 << 20
#: The log must not grow into the space that is left, or the server ends in a panic.
SMALL = {"max_wal_size": "4MB", "min_wal_size": "2MB"}
NAME = "k" * 900


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    if databases.kind(tmp_path) == "sqlite":
        pytest.skip("SQLite's disk is the home's")
    with tempfile.TemporaryDirectory(prefix="sd-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        try:
            disk = Disk(Path(folder) / "disk", DISK_BYTES)
        except CannotMount as error:
            pytest.skip(f"no file system can be mounted here: {error}")
        disk.folder.chmod(0o755)  # the server has a user of its own
        yield disk
        disk.close()


@pytest.fixture
def database(disk: Disk) -> Iterator[Postgresql]:
    database = Postgresql(disk.folder, **SMALL)
    yield database
    database.close()


@pytest.fixture
def studio(database: Postgresql) -> Iterator[Studio]:
    with running_studio(database_url=database.url) as studio:
        studio.s3.create_bucket(Bucket=studio.bucket)
        yield studio


def refused(do: Callable[[], Any]) -> tuple[int, str] | None:
    """Status and words of an error; None without one."""
    try:
        do()
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"], str(error)
    return None


def test_the_databases_own_disk_is_full(studio: Studio, disk: Disk, database: Postgresql) -> None:
    studio.put("before", b"kept")
    studio.job("running", "import time; print('begun', flush=True); time.sleep(2)")
    wait_for(lambda: "begun" in studio.log("running"))
    disk.fill()
    stored, told = [], None
    for number in range(3000):  # there is some room in the pages that it has
        told = refused(lambda number=number: studio.put(f"{NAME}{number}", b"x" * 50))  # type: ignore[misc]
        if told is not None:
            break
        stored.append(f"{NAME}{number}")
    assert told is not None
    assert told[0] == 507 and "The disk of the database's server is full" in told[1]
    assert "InsufficientStorage" in told[1]
    assert studio.get(f"s3://{studio.bucket}/before") == b"kept"
    pages = studio.s3.get_paginator("list_objects_v2").paginate(Bucket=studio.bucket, Prefix=NAME)
    assert {each["Key"] for page in pages for each in page.get("Contents", [])} == set(stored)
    assert database.runs()
    disk.free()
    studio.put("after", b"there is room")
    assert studio.ended("running")["TrainingJobStatus"] == "Completed"


def test_the_databases_server_ends_for_lack_of_room(
    studio: Studio, disk: Disk, database: Postgresql
) -> None:
    """It does where its log has no room; whoever runs it starts it again."""
    studio.put("before", b"kept")
    disk.fill()
    with pytest.raises(psycopg.Error), psycopg.connect(database.url, autocommit=True) as session:
        for _ in range(1000):
            session.execute("SELECT pg_logical_emit_message(false, 'x', repeat('y', 500000))")
    wait_for(lambda: not database.runs())
    for do in (lambda: studio.put("while", b"x"), studio.s3.list_buckets):
        told = refused(do)
        assert told is not None and told[0] == 503 and "The database is away" in told[1]
    disk.free()
    database.start()
    assert studio.get(f"s3://{studio.bucket}/before") == b"kept"
    assert "while" not in str(studio.s3.list_objects_v2(Bucket=studio.bucket))
    studio.put("after", b"x")
