"""Large objects pass through in flat memory."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import databases
import pytest
from s3_checks import MB
from s3_servers import make_client

SIZE = 256 * MB
ALLOWED_GROWTH = 48 * MB


class Zeros:
    """A body of zeros that is never in memory."""

    def __init__(self, size: int) -> None:
        self.size, self.at = size, 0

    def __len__(self) -> int:
        return self.size

    def read(self, count: int = -1) -> bytes:
        count = self.size - self.at if count < 0 else min(count, self.size - self.at)
        self.at += count
        return bytes(count)

    def seek(self, offset: int, whence: int = 0) -> int:
        self.at = offset + (self.size if whence == 2 else self.at if whence == 1 else 0)
        return self.at

    def tell(self) -> int:
        return self.at


def peak(pid: int) -> int:
    """The most memory that the process ever had, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Any, int]]:
    here = Path(__file__).parent
    environment = {
        **os.environ,
        **databases.environment(tmp_path),
        "PYTHONPATH": os.pathsep.join([str(here), *sys.path]),
    }
    process = subprocess.Popen(
        [sys.executable, str(here / "s3_process.py"), str(tmp_path)],
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    )
    assert process.stdout is not None
    yield make_client(process.stdout.readline().strip()), process.pid
    process.terminate()
    process.wait(60)


def test_memory_is_flat(server: tuple[Any, int]) -> None:
    client, pid = server
    client.create_bucket(Bucket="bucket")
    client.put_object(Bucket="bucket", Key="warm", Body=bytes(8 * MB))
    client.get_object(Bucket="bucket", Key="warm")["Body"].read()
    before = peak(pid)
    client.put_object(Bucket="bucket", Key="big", Body=Zeros(SIZE))
    body = client.get_object(Bucket="bucket", Key="big")["Body"]
    received = sum(len(chunk) for chunk in body.iter_chunks(MB))
    upload = client.create_multipart_upload(Bucket="bucket", Key="copy")["UploadId"]
    part = {"Bucket": "bucket", "Key": "copy", "UploadId": upload}
    source = {"Bucket": "bucket", "Key": "big"}
    copied = client.upload_part_copy(PartNumber=1, CopySource=source, **part)
    etag = copied["CopyPartResult"]["ETag"]
    client.complete_multipart_upload(
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]}, **part
    )
    assert received == SIZE
    assert peak(pid) - before < ALLOWED_GROWTH
