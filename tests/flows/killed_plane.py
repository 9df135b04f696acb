"""``python killed_plane.py HOME ROOT``: a control plane that works on a flow until it is killed.

It prints the id of the run that it has begun, and the ids of its processes for flows.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import psutil
from flow_studio import flows_client, python, source, text
from studio_plane import open_studio, wait_for

SLOW = text(source("table.parquet"), python("slow", "import time\ntime.sleep(600)"))


def main(home: Path, root: str) -> None:
    """Never returns."""
    studio = open_studio(home, flow_root=root)
    api = flows_client(studio)
    run = api.start_flow_run(Document=SLOW, Type="FIT", FlowId="a")["RunId"]

    def workers() -> list[psutil.Process]:
        found = psutil.Process().children()
        return [each for each in found if "studio_ext.flows.worker" in each.cmdline()]

    wait_for(lambda: any(each.children() for each in workers()))
    print(run, *(each.pid for each in workers()), flush=True)
    time.sleep(600)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
