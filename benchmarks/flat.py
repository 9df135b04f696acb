"""Large uploads, downloads and channels in flat memory.

An object goes up in one piece and in parts, comes down, and is a job's channel, while the memory of
every process of the home is sampled from outside. ``python -m benchmarks.flat [--mb 5120]``
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
from boto3.s3.transfer import TransferConfig

from .api import archive
from .jobs import TINY
from .objects import BUCKET, MB, first_line, make_file
from .studios import new_home, processes_of, serving

_PARTS = TransferConfig(multipart_chunksize=16 * MB, max_concurrency=4)
#: One PutObject may have 5 GB at most.
_MOST_AT_ONCE_MB = 5000


@contextlib.contextmanager
def sampling(home: Path) -> Iterator[dict[str, float]]:
    """Fills in the most memory (MB) that any one process of each kind had during the block."""
    found: dict[str, float] = {}
    stopping = threading.Event()

    def watch() -> None:
        while not stopping.is_set():
            for process in processes_of(home):
                with contextlib.suppress(psutil.NoSuchProcess):
                    command = " ".join(process.cmdline())
                    names = ("shim.py", "gateway", "serve", "train.py")
                    name = next((n for n in names if n in command), "other")
                    memory = process.memory_info().rss / MB
                    found[name] = max(found.get(name, 0.0), memory)
            stopping.wait(0.05)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield found
    finally:
        stopping.set()
        thread.join()


def run(megabytes: int) -> dict[str, dict[str, float]]:
    """The most memory of each process, by what was done; ``rest`` is before anything."""
    found: dict[str, dict[str, float]] = {}
    with new_home() as home, tempfile.TemporaryDirectory(dir=home.parent) as folder:
        source, target = Path(folder, "up"), Path(folder, "down")
        make_file(source, megabytes)
        with serving(home) as server:
            s3 = server.client("s3", max_pool_connections=8)
            s3.create_bucket(Bucket=BUCKET)
            s3.put_object(Bucket=BUCKET, Key="code.tar.gz", Body=archive(TINY))
            s3.put_object(Bucket=BUCKET, Key="one/data", Body=b"x")
            with sampling(home) as found["rest"]:
                first_line(server, home, "one", 0)
            with sampling(home) as found["upload in parts"]:
                s3.upload_file(str(source), BUCKET, "much/data", Config=_PARTS)
            if megabytes <= _MOST_AT_ONCE_MB:
                with sampling(home) as found["upload in one piece"], open(source, "rb") as file:
                    s3.put_object(Bucket=BUCKET, Key="whole", Body=file)
            with sampling(home) as found["download"]:
                s3.download_file(BUCKET, "much/data", str(target), Config=_PARTS)
            assert target.stat().st_size == source.stat().st_size
            with sampling(home) as found["channel"]:
                first_line(server, home, "much", 1)
    return found


def grown(found: dict[str, dict[str, float]]) -> float:
    """The most MB by which any process had more than at rest."""
    rest = found["rest"]
    return max(
        memory - rest.get(name, memory) for kind in found.values() for name, memory in kind.items()
    )


def main() -> int:
    """Run and report; the exit status says whether memory stayed flat."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, default=5120)
    options = parser.parse_args()
    found = run(options.mb)
    for what, processes in found.items():
        print(what, {name: f"{memory:.0f} MB" for name, memory in sorted(processes.items())})
    print(f"the most that any process had above its rest: {grown(found):.0f} MB")
    return 0 if grown(found) < 64 else 1


if __name__ == "__main__":
    sys.exit(main())
