"""A server in a process of its own: ``python s3_process.py HOME`` prints its URL."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from s3_servers import Keys, serve

from studio_ext.aws import s3
from studio_ext.config import default_database_url
from studio_ext.store import database, schema
from studio_ext.store.objects import LocalObjectStore
from studio_ext.wire.dispatch import Registry


def main(home: Path) -> None:
    engine = database.open_engine(default_database_url(home))
    schema.ensure(engine)
    registry = Registry()
    s3.register(registry, LocalObjectStore(engine, home / "objects"))
    for url in serve(registry, Keys()):
        print(url, flush=True)
        while True:
            time.sleep(60)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
