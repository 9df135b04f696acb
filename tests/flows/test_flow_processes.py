"""The processes that work on flows: canceled, killed, bounded, left by nobody; each user's own."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import databases
import psutil
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from flow_studio import ROWS, flows_client, python, refused, source, text
from people import Person
from studio_plane import Studio, clean_up, new_home, open_studio, running_studio, wait_for

PARQUET = text(source("table.parquet"))
SLOW = text(source("table.parquet"), python("slow", "import time\ntime.sleep(600)"))


def refusal(do: Callable[..., Any], **params: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as info:
        do(**params)
    return refused(info.value)


def pids(studio: Studio, flow: str) -> list[int]:
    """Processes that work on the flows of that name."""
    return [pid for (_, name), pid in studio.plane.flows.pool.processes().items() if name == flow]


def busy(studio: Studio, flow: str) -> bool:
    """Whether a flow's process runs a step's own Python."""
    return any(psutil.Process(pid).children() for pid in pids(studio, flow))


def test_a_request_is_canceled_by_its_id(studio: Studio, api: Any, ana: Person) -> None:
    ask = {"Document": SLOW, "NodeId": "slow", "FlowId": "canceled", "RequestId": "one"}
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(refusal, api.preview_flow, **ask)
        wait_for(lambda: busy(studio, "canceled"))
        assert not flows_client(studio, ana.key).cancel_flow_request(RequestId="one")["Canceled"]
        assert not asked.done()
        assert api.cancel_flow_request(RequestId="one")["Canceled"]
        assert asked.result(60)["Code"] == "RequestCanceled"
    # The same process goes on, and nothing of the step's is left.
    (pid,) = pids(studio, "canceled")
    assert not psutil.Process(pid).children()
    page = api.preview_flow(Document=SLOW, NodeId="source", FlowId="canceled", Limit=1)
    assert page["RowCount"] == 1 and pids(studio, "canceled") == [pid]
    assert not api.cancel_flow_request(RequestId="one")["Canceled"]


def test_a_request_ends_with_its_connection(studio: Studio, api: Any) -> None:
    """As when the panel scrolls on, or the browser is closed."""
    body = json.dumps({"Document": SLOW, "NodeId": "slow", "FlowId": "closed"})
    key = studio.plane.credential
    target = {
        "X-Amz-Target": "Studio.PreviewFlow",
        "Content-Type": "application/x-amz-json-1.1",
    }
    request = AWSRequest("POST", studio.plane.url, data=body, headers=target)
    signer = SigV4Auth(
        Credentials(key.access_key_id, key.secret_access_key), "studio", studio.config.region
    )
    signer.add_auth(request)
    place = urlsplit(studio.plane.url)
    connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=60)
    connection.request("POST", "/", body, dict(request.headers))
    wait_for(lambda: busy(studio, "closed"))
    connection.close()
    wait_for(lambda: not busy(studio, "closed"))


def test_a_killed_process_is_told_and_replaced(studio: Studio, api: Any) -> None:
    ask = {"Document": SLOW, "NodeId": "slow", "FlowId": "killed"}
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(refusal, api.preview_flow, **ask)
        wait_for(lambda: busy(studio, "killed"))
        (pid,) = pids(studio, "killed")
        children = psutil.Process(pid).children()
        os.kill(pid, signal.SIGKILL)
        told = asked.result(60)
    assert told["Code"] == "ServiceUnavailable" and "fresh one" in told["Message"]
    psutil.wait_procs(children, timeout=30)
    assert not any(each.is_running() for each in children)
    page = api.preview_flow(Document=SLOW, NodeId="source", FlowId="killed", Limit=1)
    assert page["RowCount"] == 1 and pids(studio, "killed") != [pid]


def test_as_many_as_may_be(studio: Studio, api: Any) -> None:
    """The one that was idle for longest makes room; where all are busy, the next is refused."""
    with ThreadPoolExecutor(3) as pool:
        asked = [
            pool.submit(refusal, api.preview_flow, **_named(SLOW, "slow", number))
            for number in range(3)
        ]
        wait_for(lambda: all(busy(studio, f"many-{number}") for number in range(3)))
        told = refusal(api.preview_flow, **_named(PARQUET, "source", 3))
        assert told["Code"] == "ResourceLimitExceeded" and "3 flows" in told["Message"]
        for number in range(3):
            assert api.cancel_flow_request(RequestId=f"many-{number}")["Canceled"]
        assert [each.result(60)["Code"] for each in asked] == ["RequestCanceled"] * 3
    assert api.preview_flow(**_named(PARQUET, "source", 3))["RowCount"] == 100
    assert pids(studio, "many-3") and len(studio.plane.flows.pool.processes()) == 3
    api.close_flow(FlowId="many-3")
    assert not pids(studio, "many-3")


def _named(document: str, node: str, number: int) -> dict[str, Any]:
    name = f"many-{number}"
    return {"Document": document, "NodeId": node, "FlowId": name, "RequestId": name}


def test_limits_of_time_memory_and_idleness(root: Path) -> None:
    settings = {"flow_memory_bytes": 2 << 30, "flow_idle_s": 4.0}
    with running_studio(flow_root=str(root), **settings) as studio:
        api = flows_client(studio)
        api.preview_flow(Document=PARQUET, NodeId="source", FlowId="a", Limit=1)
        patient, studio.config.flow_request_s = studio.config.flow_request_s, 1.0
        told = refusal(api.preview_flow, Document=SLOW, NodeId="slow", FlowId="a")
        assert told["Code"] == "RequestTimeout"
        studio.config.flow_request_s = patient
        (pid,) = pids(studio, "a")
        # More than it may have by itself: the engine alone takes about half of that.
        process = studio.plane.flows.pool.of(studio.plane.credential.account_id, "a")
        waiting = threading.Event()

        def find(_what: str, _name: str, folder: Path) -> str:
            waiting.wait(60)
            return str(folder)

        asked = process.ask("PreviewFlow", {"Document": PARQUET, "NodeId": "source"}, 60, find)
        process.look(time.monotonic(), 1 << 20, 5.0)
        error = asked.future.exception(60)
        waiting.set()
        assert "it may have 1 MiB" in str(error)
        wait_for(lambda: not psutil.pid_exists(pid))
        api.preview_flow(Document=PARQUET, NodeId="source", FlowId="a", Limit=1)
        started = psutil.Process().children(recursive=True)
        wait_for(lambda: not pids(studio, "a"))
        wait_for(lambda: not [each for each in started if _is_ours(each, studio.config.path)])
        wait_for(lambda: not list((studio.config.flows_dir / "processes").iterdir()))


def _is_ours(process: psutil.Process, home: Path) -> bool:
    """Whether it is one of the processes for flows of a home."""
    try:
        return process.is_running() and Path(process.cwd()).is_relative_to(home / "flows")
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def test_nothing_is_left_of_a_control_plane_that_is_killed(root: Path) -> None:
    """Neither processes nor their files; a run that it had begun is told as failed."""
    home = new_home()
    try:
        script = str(Path(__file__).with_name("killed_plane.py"))
        environment = {**os.environ, **databases.environment(home)}
        with subprocess.Popen(
            [sys.executable, script, str(home), str(root)], stdout=subprocess.PIPE, env=environment
        ) as plane:
            assert plane.stdout is not None
            run, *workers = plane.stdout.readline().decode().split()
            processes = [psutil.Process(int(each)) for each in workers]
            plane.kill()
        psutil.wait_procs(processes, timeout=30)
        assert not any(each.is_running() for each in processes)
        studio = open_studio(home, flow_root=str(root))
        api = flows_client(studio)
        told = api.describe_flow_run(RunId=run)
        assert told["Status"] == "Failed" and "restarted" in told["FailureReason"]
        left = set((studio.config.flows_dir / "processes").iterdir())
        api.list_transforms()
        wait_for(lambda: not left & set((studio.config.flows_dir / "processes").iterdir()))
        studio.plane.stop()
    finally:
        clean_up(home)


# -- whose it is ------------------------------------------------------------------------------


def test_a_user_reads_what_is_theirs(studio: Studio, api: Any, ana: Person) -> None:
    mine = studio.put("data/mine.csv", "a,b\n1,2\n")
    hers = ana.put("data/hers.csv", "a,b\n3,4\n")
    hers_api = flows_client(studio, ana.key)
    ask = {"NodeId": "source", "FlowId": "same name"}
    assert api.preview_flow(Document=text(source(mine)), **ask)["Data"] == [["1"], ["2"]]
    assert hers_api.preview_flow(Document=text(source(hers)), **ask)["Data"] == [["3"], ["4"]]
    # Two flows of one name are two processes.
    assert len(pids(studio, "same name")) == 2
    for client, other in ((api, hers), (hers_api, mine)):
        told = refusal(client.preview_flow, Document=text(source(other)), **ask)
        assert told["Code"] == "AccessDeniedException", told
        told = refusal(client.describe_flow, DocumentUri=other)
        assert told["Code"] == "AccessDeniedException", told
    # What a process has read for one is asked for again for everybody.
    studio.s3.delete_object(Bucket=studio.bucket, Key="data/mine.csv")
    told = refusal(api.preview_flow, Document=text(source(mine)), **ask)
    assert told["Code"] == "ValidationException"


def test_only_the_servers_own_user_reads_its_files(
    studio: Studio, api: Any, ana: Person, root: Path, tmp_path: Path
) -> None:
    told = refusal(flows_client(studio, ana.key).preview_flow, Document=PARQUET, NodeId="source")
    assert told["Code"] == "AccessDeniedException" and "Upload" in told["Message"]
    (tmp_path / "secret.csv").write_text("a\n1\n")
    (root / "way_out.csv").symlink_to(tmp_path / "secret.csv")
    (root / "linked").mkdir()
    (root / "linked" / "out.csv").symlink_to(tmp_path / "secret.csv")
    for address in (
        "/etc/passwd",
        "file:///etc/passwd",
        "../secret.csv",
        "way_out.csv",
        str(tmp_path / "secret.csv"),
        str(studio.config.path / "credentials.json"),
        "/proc/self/environ",
        "~/.ssh/id_rsa",
        "linked",
        "http://example.com/x.csv",
        "s3://no-such-bucket-here/x.csv",
        "",
    ):
        told = refusal(api.preview_flow, Document=text(source(address)), NodeId="source")
        assert told["Code"] in ("AccessDeniedException", "ValidationException"), address
    problems = api.validate_flow(Document=text(source("/etc/passwd")))["Problems"]
    assert [(each["NodeId"], each["Code"]) for each in problems] == [("source", "InvalidData")]
    (root / "linked" / "in.csv").write_text("a\n1\n")
    page = api.preview_flow(Document=text(source("linked")), NodeId="source")
    assert page["Data"] == [["1"]]


def test_objects_of_any_name_and_below_a_prefix(studio: Studio, api: Any) -> None:
    for name in ("odd/a*[1]?.csv", "odd/../up.csv", "parts/k=1/x.csv", "parts/k=2/y.csv"):
        number = name.count("y")
        uri = studio.put(name, f"a\n{number}\n")
        if name.startswith("odd"):
            page = api.preview_flow(Document=text(source(uri)), NodeId="source")
            assert page["Data"] == [["0"]], name
    page = api.preview_flow(Document=text(source(f"s3://{studio.bucket}/parts/")), NodeId="source")
    assert [each["Name"] for each in page["Columns"]] == ["a", "k"]
    assert page["Data"][0] == ["0", "1"]


def test_own_python_does_not_see_what_the_process_has(studio: Studio, api: Any) -> None:
    key = studio.plane.credential
    code = "import os\ndf = df.head(1)\ndf['seen'] = repr(dict(os.environ))"
    flow = text(source("table.parquet"), python("own", code))
    seen = api.preview_flow(Document=flow, NodeId="own", SampleRows=10, MaxTextLength=100_000)
    words = seen["Data"][-1][0]
    assert key.secret_access_key not in words and "AWS_" not in words and "STUDIO" not in words
    (pid, *_) = studio.plane.flows.pool.processes().values()
    environment = psutil.Process(pid).environ()
    assert not [each for each in environment if each.startswith(("AWS_", "STUDIO_"))]


# -- runs -------------------------------------------------------------------------------------


def test_a_run_from_its_start_to_its_result(api: Any, studio: Studio, ana: Person) -> None:
    run = api.start_flow_run(
        Document=PARQUET, Type="REPORT", SampleRows=500, FlowId="report", NodeId="source"
    )["RunId"]
    told = api.describe_flow_run(RunId=run)
    while told["Status"] == "InProgress":
        told = api.describe_flow_run(RunId=run, WaitSeconds=20)
    assert told["Status"] == "Completed", told
    assert told["Data"]["rows"] == 500 and told["Html"].startswith("<!")
    assert told["EndTime"] >= told["CreationTime"]
    listed = api.list_flow_runs(FlowId="report")["Runs"]
    assert [each["RunId"] for each in listed] == [run] and "Html" not in listed[0]
    hers = flows_client(studio, ana.key)
    assert hers.list_flow_runs()["Runs"] == []
    for do in (hers.describe_flow_run, hers.stop_flow_run):
        assert refusal(do, RunId=run)["Code"] == "ResourceNotFound"


def test_a_run_is_stopped_or_fails_at_its_node(api: Any, studio: Studio) -> None:
    run = api.start_flow_run(Document=SLOW, Type="FIT", FlowId="stopped")["RunId"]
    wait_for(lambda: busy(studio, "stopped"))
    told = api.describe_flow_run(RunId=run)
    assert told["Status"] == "InProgress" and told["Progress"]["NodeId"] == "slow"
    assert (told["Progress"]["Done"], told["Progress"]["Total"]) == (1, 2)
    api.stop_flow_run(RunId=run)
    told = api.describe_flow_run(RunId=run, WaitSeconds=30)
    assert told["Status"] == "Stopped"
    api.stop_flow_run(RunId=run)
    bad = text(source("table.parquet"), python("bad", "raise ValueError('no')"))
    run = api.start_flow_run(Document=bad, Type="FIT", FlowId="stopped")["RunId"]
    told = api.describe_flow_run(RunId=run, WaitSeconds=30)
    assert told["Status"] == "Failed" and "ValueError: no" in told["FailureReason"]


def test_pages_do_not_wait_for_a_run(api: Any, studio: Studio) -> None:
    run = api.start_flow_run(Document=SLOW, Type="FIT", FlowId="beside")["RunId"]
    wait_for(lambda: busy(studio, "beside"))
    page = api.preview_flow(Document=SLOW, NodeId="source", FlowId="beside", Offset=ROWS - 1)
    assert page["RowCount"] == 1
    assert api.describe_flow_run(RunId=run)["Status"] == "InProgress"
    api.stop_flow_run(RunId=run)


def test_many_at_once_are_each_answered(api: Any) -> None:
    """More requests than the process has threads for, beside each other, on one flow."""
    barrier = threading.Barrier(12)

    def ask(number: int) -> list[int]:
        barrier.wait(60)
        page = api.preview_flow(
            Document=PARQUET, NodeId="source", FlowId="crowd", Offset=1000 * number, Limit=2
        )
        data: list[int] = page["Data"][0]
        return data

    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(ask, range(12)))
    assert found == [[1000 * number, 1000 * number + 1] for number in range(12)]
