"""``python -m studio_ext.flows.worker DESCRIPTOR MEMORY HIDDEN...``: serve one end of a socket."""

from __future__ import annotations

import sys

from .serving import Server

if __name__ == "__main__":
    Server(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]).serve()
