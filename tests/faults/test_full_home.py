"""A server that is started on a full disk says so; it starts when there is room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from studio_process import wait_for

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
    server = Server(disk.folder / "home")
    yield server
    server.clean_up()


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
    assert other.wait(60) == 1
    said = (disk.folder.with_suffix(".out")).read_text()
    assert "its disk is full" in said.splitlines()[-1]
    assert "Traceback" not in said

    disk.free()
    server.start()
    listed = wait_for(lambda: server.client("s3").list_buckets()["Buckets"], "the bucket")
    assert [bucket["Name"] for bucket in listed] == ["before"]
