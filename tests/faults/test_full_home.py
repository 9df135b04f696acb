"""A server that is started on a full disk says so; it starts when there is room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import databases
import pytest
from botocore.exceptions import ClientError
from studio_process import wait_for

from studio_ext.config import Config
from studio_ext.store import Store
from studio_ext.store.database import DatabaseError
from tests.faults.disk import CannotMount, Disk
from tests.faults.server import Server


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    try:
        disk = Disk(tmp_path / "disk", 64 << 20)
    except CannotMount as error:
        pytest.skip(f"no file system can be mounted here: {error}")
    yield disk
    disk.close()


@pytest.fixture
def server(disk: Disk) -> Iterator[Server]:
    home = disk.folder / "home"
    server = Server(home, databases.url(home))
    yield server
    server.clean_up()


@pytest.mark.sqlite
def test_a_database_that_cannot_be_opened_for_lack_of_room(disk: Disk) -> None:
    config = Config(home=str(disk.folder / "home"))
    Store(config).close()
    disk.fill()
    with pytest.raises(DatabaseError, match="its disk is full"):
        Store(config)
    disk.free()
    Store(config).close()


@pytest.mark.timeout(900)
def test_a_full_disk_is_said_by_a_running_server_and_by_one_that_starts(
    server: Server, disk: Disk
) -> None:
    server.start()
    s3 = server.caller("s3")
    s3.create_bucket(Bucket="before")
    disk.fill()
    with pytest.raises(ClientError, match="disk that holds Studio's home is full") as raised:
        for number in range(1000):  # the database has some room of its own
            s3.put_object(Bucket="before", Key=f"key-{number}", Body=b"x" * 5000)
    assert raised.value.response["Error"]["Code"] == "InsufficientStorage"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 507
    server.clean_up()
    disk.fill()  # the database gave some room back when it was closed

    other = server.spawn(server.port)
    wait_for(lambda: other.poll() is not None or server._answers(), "an answer, or its end")
    said = (disk.folder.with_suffix(".out")).read_text()
    assert "Traceback" not in said
    if other.poll() is not None:  # what it found of the database was not enough to serve with
        assert other.returncode == 1
        assert "full" in said.splitlines()[-1] or "No space left" in said.splitlines()[-1]
    else:
        other.terminate()
        other.wait(60)

    disk.free()
    server.start()
    listed = wait_for(lambda: server.client("s3").list_buckets()["Buckets"], "the bucket")
    assert [bucket["Name"] for bucket in listed] == ["before"]
