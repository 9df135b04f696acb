"""``python -m studio_ext.hosting.modelserver <instance folder>``."""

from __future__ import annotations

import sys

from .supervisor import main

if __name__ == "__main__":
    if len(sys.argv) != 2:
        print(f"usage: {sys.executable} -m {__package__} FOLDER", file=sys.stderr)
        sys.exit(2)
    sys.exit(main(sys.argv[1]))
