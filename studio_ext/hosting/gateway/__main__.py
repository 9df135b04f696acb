"""``python -m studio_ext.hosting.gateway --home DIR``."""

from __future__ import annotations

import argparse
import os
import sys

from ...config import Config
from .process import main


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}")
    parser.add_argument("--home", required=True, help="Studio's home folder")
    # A database URL may hold a password, which command lines show to every user.
    parser.set_defaults(database_url=os.environ.get("STUDIO_DATABASE_URL"))
    for name in ("host", "region", "account-id"):
        parser.add_argument(f"--{name}", help="as in Studio's configuration")
    parser.add_argument("--listener", type=int, help="descriptor of a socket that listens already")
    return parser.parse_args()


if __name__ == "__main__":
    given = {name: value for name, value in vars(_arguments()).items() if value is not None}
    listener = given.pop("listener", None)
    sys.exit(main(Config(**given), listener))
