"""Run the flow of this job."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

from ..errors import WranglerError
from .progress import Progress
from .request import ML_VARIABLE, Request
from .stopping import on_stop
from .work import Work

FAILED = 1


def main() -> int:
    """The exit code: 0 where every output is there."""
    ml = Path(os.environ.get(ML_VARIABLE, "/opt/ml"))
    progress = Progress(ml / "output" / "progress.jsonl")
    on_stop(progress.stopped)
    try:
        work = Work(Request.read(sys.argv[1:], ml), progress)
        faults = work.run()
    except WranglerError as error:
        faults = [error.message]
    except Exception as error:  # Studio's own fault: what came before it is kept all the same
        traceback.print_exc()
        faults = [f"Node {each}" for each in progress.broken(f"{type(error).__name__}: {error}")]
    if not faults:
        return 0
    for fault in faults:
        print(f"ERROR: {fault}", file=sys.stderr, flush=True)
    (ml / "output" / "failure").write_text("\n".join(faults))
    return FAILED


if __name__ == "__main__":
    sys.exit(main())
