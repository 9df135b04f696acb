"""``python -m studio_ext.algorithms.xgboost train``: what the algorithm's image runs."""

from __future__ import annotations

import sys


def main(arguments: list[str]) -> int:
    """Run a command of the image; its exit status."""
    if arguments == ["train"]:
        from .job import main as train

        return train()
    print("usage: python -m studio_ext.algorithms.xgboost train", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
