"""Objects: a gigabyte against a plain copy, small ones against moto's server, large channels.

Both sides are asked by the same boto3 client. CPU is the server's; of the copy it is the copier's.
Copies, puts and gets are all on the disk (fsync) before the clock stops. Whoever takes an object by
S3's rules computes an MD5 for the ETag, a SHA-256 for the signature (over plain HTTP) and the CRC32
that boto3 sends, so a put is held against a copy with these three too. The training channel's time
to the first line is compared with that of a channel of one byte.

``python -m benchmarks.objects [--size-mb 1024] [--count 10000] [--channel-mb 5120]``
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from boto3.s3.transfer import TransferConfig

from . import peers
from .api import archive, moto, request
from .jobs import TINY
from .measure import Claim, Cost, cpu_seconds, family, report
from .studios import Server, new_home, serving

MB = 1 << 20
BUCKET = "benchmark"
_TRANSFER = TransferConfig(multipart_chunksize=64 * MB, max_concurrency=4)


def make_file(path: Path, megabytes: int) -> None:
    """A file of bytes that no disk can make smaller."""
    block = os.urandom(MB)
    with open(path, "wb") as file:
        for number in range(megabytes):
            file.write(number.to_bytes(8, "big") + block[8:])


@contextlib.contextmanager
def taking(server: Server | None) -> Iterator[Cost]:
    """CPU of a server (of this process when there is none) and wall time of a block."""

    def used() -> float:
        if server is not None:
            return cpu_seconds(server.pid)
        times = os.times()
        return times.user + times.system + times.children_user + times.children_system

    cost, cpu, wall = Cost(0.0, 0.0), used(), time.perf_counter()
    yield cost
    cost.cpu, cost.wall = used() - cpu, time.perf_counter() - wall


def sync(path: Path) -> None:
    """Have a file on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def copied(source: Path, target: Path) -> Cost:
    """``cp`` and the disk: what a copy that is to last takes."""
    with taking(None) as cost:
        subprocess.run(["cp", "--reflink=never", str(source), str(target)], check=True)
        sync(target)
    target.unlink()
    return cost


def hashed(source: Path) -> Cost:
    """The three checksums of a put, of bytes that are in memory."""
    cost, md5, sha256, crc32 = Cost(0.0, 0.0), hashlib.md5(), hashlib.sha256(), 0
    with open(source, "rb") as file:
        while chunk := file.read(MB):
            cpu, wall = time.process_time(), time.perf_counter()
            md5.update(chunk)
            sha256.update(chunk)
            crc32 = zlib.crc32(chunk, crc32)
            cost.cpu += time.process_time() - cpu
            cost.wall += time.perf_counter() - wall
    return cost


def large(server: Server, source: Path, rounds: int) -> Iterator[Claim]:
    """Put and get of one large object."""
    s3 = server.client("s3", max_pool_connections=8)
    puts, gets, copies, hashes, clients = [], [], [], [], []
    target = source.with_suffix(".got")
    for _ in range(rounds):
        copies.append(copied(source, target))
        hashes.append(hashed(source))
        with taking(server) as cost, taking(None) as client:
            s3.upload_file(str(source), BUCKET, "large", Config=_TRANSFER)
        puts.append(cost)
        clients.append(client)
        with taking(server) as cost:
            s3.download_file(BUCKET, "large", str(target), Config=_TRANSFER)
            sync(target)
        gets.append(cost)
        target.unlink()
    print(f"boto3's own CPU for a put: {statistics.median(c.cpu for c in clients):.2f} s")
    for name, costs in (("put", puts), ("get", gets)):
        ours, theirs = (statistics.median(c.wall for c in side) for side in (costs, copies))
        yield Claim(
            f"{name} of {source.stat().st_size // MB} MB: wall, boto3 included",
            ours,
            theirs,
            2,
            "s",
        )
        ours, theirs = (statistics.median(c.cpu for c in side) for side in (costs, copies))
        yield Claim(
            f"{name} of {source.stat().st_size // MB} MB: CPU of the server", ours, theirs, 2, "s"
        )
    ours = statistics.median(cost.cpu for cost in puts)
    theirs = statistics.median(c.cpu + h.cpu for c, h in zip(copies, hashes, strict=True))
    name = f"put of {source.stat().st_size // MB} MB: CPU, copy and checksums"
    yield Claim(name, ours, theirs, 2, "s")


def small(server: Server, count: int) -> dict[str, Cost]:
    """Put, get, list and delete of many small objects."""
    s3: Any = server.client("s3")
    costs: dict[str, Cost] = {}
    with taking(server) as costs["put"]:
        for number in range(count):
            s3.put_object(Bucket=BUCKET, Key=f"small/{number:06d}", Body=b"x" * 1000)
    with taking(server) as costs["get"]:
        for number in range(count):
            s3.get_object(Bucket=BUCKET, Key=f"small/{number:06d}")["Body"].read()
    with taking(server) as costs["list"]:
        for _ in range(3):
            pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="small/")
            assert sum(page["KeyCount"] for page in pages) == count
    with taking(server) as costs["delete"]:
        for first in range(0, count, 1000):
            keys = [{"Key": f"small/{n:06d}"} for n in range(first, min(count, first + 1000))]
            s3.delete_objects(Bucket=BUCKET, Delete={"Objects": keys})
    return costs


def first_line(server: Server, home: Path, prefix: str, number: int) -> tuple[float, int]:
    """Seconds from CreateTrainingJob to the script's first line; bytes the disk took meanwhile."""
    sagemaker = server.client("sagemaker")
    name = f"channel-{prefix}-{number}"
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{prefix}/"}
    channel = {"ChannelName": "train", "DataSource": {"S3DataSource": source}}
    free, started = shutil.disk_usage(home).free, time.time()
    sagemaker.create_training_job(**request(BUCKET, name), InputDataConfig=[channel])
    while True:
        found = sagemaker.describe_training_job(TrainingJobName=name)
        if found["TrainingJobStatus"] != "InProgress":
            break
        time.sleep(0.1)
    assert found["TrainingJobStatus"] == "Completed", found
    log = max(home.glob("jobs/*/log"), key=lambda path: path.stat().st_mtime).read_text()
    line = next(line for line in log.splitlines() if "first line" in line)
    return float(line.split()[-1]) - started, free - shutil.disk_usage(home).free


def channels(server: Server, home: Path, source: Path, megabytes: int) -> Iterator[Claim]:
    """A large channel starts as a small one does."""
    s3 = server.client("s3", max_pool_connections=8)
    s3.put_object(Bucket=BUCKET, Key="code.tar.gz", Body=archive(TINY))
    s3.put_object(Bucket=BUCKET, Key="one/data", Body=b"x")
    for number in range(max(1, megabytes * MB // source.stat().st_size)):
        s3.upload_file(str(source), BUCKET, f"much/{number}", Config=_TRANSFER)
    first_line(server, home, "one", 0)
    pairs = [
        (first_line(server, home, "much", n), first_line(server, home, "one", n)) for n in (1, 2, 3)
    ]
    ours, theirs = (statistics.median(t for t, _ in side) for side in zip(*pairs, strict=True))
    print(f"bytes the channel took on the disk: {statistics.median(b for (_, b), _ in pairs):.0f}")
    yield Claim(f"channel of {megabytes} MB: to the first line", ours, theirs, 1.3, "s")


def main() -> int:
    """Measure and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size-mb", type=int, default=1024)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--channel-mb", type=int, default=5120)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    peers.python_of("moto")
    claims: list[Claim] = []
    with new_home() as home, tempfile.TemporaryDirectory(dir=home.parent) as folder:
        source = Path(folder, "large.bin")
        make_file(source, options.size_mb)
        with serving(home) as ours:
            ours.client("s3").create_bucket(Bucket=BUCKET)
            claims += large(ours, source, options.rounds)
            with moto(0) as theirs:
                theirs.client("s3").create_bucket(Bucket=BUCKET)
                mine, other = small(ours, options.count), small(theirs, options.count)
            claims += [
                Claim(
                    f"{options.count} small objects, {what}: CPU",
                    mine[what].cpu,
                    other[what].cpu,
                    0.5,
                    "s",
                )
                for what in mine
            ]
            claims.append(
                Claim(
                    f"{options.count} small objects, all: CPU",
                    sum(c.cpu for c in mine.values()),
                    sum(c.cpu for c in other.values()),
                    0.5,
                    "s",
                )
            )
            claims += channels(ours, home, source, options.channel_mb)
            rss = max(p.memory_info().rss for p in family(ours.pid)) / MB
            print(f"memory of the largest server process afterwards: {rss:.0f} MB")
    return report(claims)


if __name__ == "__main__":
    sys.exit(main())
