"""What a step's own code finds of the server it runs beside: nothing of the home, no key."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from flow_studio import flows_client, python, refused, source, text
from people import Person, person
from studio_plane import Studio, running_studio, wait_for

sys.path.insert(0, str(Path(__file__).parents[1] / "run"))

from test_namespace import needs_namespaces

#: What nobody's code may come by; it is in files of the home and in the server's environment.
SECRET = "a-secret-of-somebody-else"
SLOW = "import time\ntime.sleep(600)"

#: Writes what it could do into ``found``; ``HOME``, ``SOCKETS`` and ``VICTIMS`` come before it.
LOOKS = """
import ctypes, glob, os
libc = ctypes.CDLL(None, use_errno=True)

def attempt(do, *arguments):
    try:
        return repr(do(*arguments))
    except OSError as error:
        return type(error).__name__

def read(path):
    with open(path, "rb") as file:
        return file.read()

def opened(path):
    return [os.readlink(f"{path}/{each}") for each in os.listdir(path)]

def uncover():
    if libc.umount2(HOME.encode(), 2):
        raise OSError(ctypes.get_errno(), "umount2")
    return "uncovered"

def uncover_in_a_namespace():
    reader, writer = os.pipe()
    if os.fork() == 0:
        libc.unshare(0x10000000 | 0x00020000)
        attempt(uncover)
        os.write(writer, repr(sorted(os.listdir(HOME))).encode())
        os._exit(0)
    os.close(writer)
    return os.fdopen(reader).read()

up = "/".join([".."] * os.getcwd()[len(HOME):].count("/"))
found = {
    "pid": os.getppid(),
    "home": os.listdir(HOME),
    "files": [path for path in glob.glob(HOME + "/**", recursive=True) if os.path.isfile(path)],
    "climbed": os.listdir(up),
    "processes": os.listdir(HOME + "/flows/processes"),
    "sockets": attempt(os.listdir, SOCKETS),
    "plant": attempt(open, HOME + "/planted", "w"),
    "uncover": attempt(uncover),
    "nested": uncover_in_a_namespace(),
    "again": os.listdir(HOME),
    "environ": [
        *map("=".join, os.environ.items()), *read("/proc/self/environ").decode().split("\\0")
    ],
    "own": attempt(lambda: open("mine", "w").write("x")),
    "others": {
        f"{pid} {what}": attempt(do, f"/proc/{pid}/{what}")
        for pid in (os.getppid(), *VICTIMS)
        for what, do in (
            ("environ", read), ("root" + HOME, os.listdir), ("cwd", os.listdir), ("fd", opened)
        )
    },
}
"""
STEP = "\nimport json\nprint(json.dumps(found))\ndf['twice'] = df['a'].astype(int) * 2"
CHART = "\nchart = {'data': [{'y': [len(df)]}], 'layout': {'meta': found}}"


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    """A server that has secrets in its environment and in its home."""
    names = ("AWS_SECRET_ACCESS_KEY", "STUDIO_CONNECTION_SALES", "A_TOKEN")
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            patch.setenv(name, SECRET)
        with running_studio(flow_processes=3) as studio:
            (studio.config.path / "connections.json").write_text(json.dumps({"sales": SECRET}))
            yield studio


@pytest.fixture(scope="module")
def ana(studio: Studio) -> Person:
    return person(studio, "ana")


@contextlib.contextmanager
def someone_elses_step(studio: Studio) -> Iterator[int]:
    """The process of a step that the server's own user is running meanwhile."""
    mine = studio.put("mine.csv", f"a\n{SECRET}\n")
    client = flows_client(studio)
    ask = {"Document": text(source(mine), python("slow", SLOW)), "NodeId": "slow"}
    key = (studio.config.account_id, "mine")

    def running() -> list[int]:
        pid = studio.plane.flows.pool.processes().get(key)
        found = psutil.Process(pid).children() if pid else []
        # A step's process has become the interpreter that runs the code.
        return [each.pid for each in found if "studio_child" in " ".join(each.cmdline()[:6])]

    with ThreadPoolExecutor(1) as pool:
        asked: Future[Any] = pool.submit(client.preview_flow, **ask, FlowId="mine", RequestId="it")
        try:
            wait_for(lambda: bool(running()))
            yield running()[0]
        finally:
            client.cancel_flow_request(RequestId="it")
            assert refused(asked.exception(60))["Code"] == "RequestCanceled"  # type: ignore[arg-type]


def by_a_step(client: Any, address: str, looks: str) -> dict[str, Any]:
    """What pandas code found."""
    flow = text(source(address), python("own", looks + STEP))
    page = client.preview_flow(Document=flow, NodeId="own")
    assert page["Data"][-1] == [6]
    found: dict[str, Any] = json.loads(page["Printed"])
    return found


def by_a_chart(client: Any, address: str, looks: str) -> dict[str, Any]:
    """What a custom chart's code found."""
    told = client.run_analysis(
        Document=text(source(address)),
        NodeId="source",
        Key="custom",
        StepParameters={"code": looks + CHART},
    )
    found: dict[str, Any] = told["Data"]["chart"]["layout"]["meta"]
    return found


@needs_namespaces
@pytest.mark.parametrize("ask", [by_a_step, by_a_chart])
def test_code_finds_nothing_of_the_home(
    studio: Studio, ana: Person, ask: Callable[[Any, str, str], dict[str, Any]]
) -> None:
    config = studio.config
    hers = ana.put("hers.csv", "a\n3\n")
    assert SECRET not in hers and (config.path / "connections.json").exists()
    with someone_elses_step(studio) as victim:
        given = f"HOME, SOCKETS = {config.home!r}, {str(config.socket_dir)!r}\n"
        given += f"VICTIMS = {[os.getpid(), victim]}\n"
        found = ask(flows_client(studio, ana.key), hers, given + LOOKS)
    assert SECRET not in json.dumps(found)
    # The way to the folder it works in, and in that what it has written itself.
    assert found["home"] == found["again"] == found["climbed"] == ["flows"]
    assert found["nested"] == "['flows']" and len(found["processes"]) == 1
    assert found["files"] in ([], [each for each in found["files"] if "studio-python-" in each])
    assert found["sockets"] in ("[]", "FileNotFoundError")
    assert found["plant"] == "OSError" and found["own"] == "1"
    assert found["uncover"] == "PermissionError"
    assert len(found["others"]) == 12 and set(found["others"].values()) == {"PermissionError"}
    names = {name.partition("=")[0] for name in found["environ"]}
    assert "HOME" in names
    assert not [name for name in names if name.startswith(("AWS", "STUDIO", "A_TOKEN"))]
    assert set(os.listdir(config.path)) > {"objects", "flows", "connections.json"}
