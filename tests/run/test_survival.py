"""Jobs and the deaths around them: of the supervisor, and of the server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil

from studio_ext.files import write_json

#: Its child leaves its session, and is no longer its parent's when that ends.
WITH_A_CHILD = """
    import os, subprocess, sys, time
    child = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True
    )
    print("pids", os.getpid(), child.pid)
    time.sleep(60)
"""


def test_a_killed_supervisor_takes_all_of_its_job_along(bench: Any) -> None:
    spec = bench.spec(WITH_A_CHILD)
    bench.runner.launch(spec)
    bench.until(lambda: "pids" in bench.log())
    supervisor = bench.status(spec.id).pid
    guard = psutil.Process(supervisor).ppid()
    left = [supervisor, guard, *(int(word) for word in bench.log().split()[1:])]
    os.kill(supervisor, signal.SIGKILL)
    bench.until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in left))  # unobserved
    status = bench.status(spec.id)
    assert (status.phase, status.alive, status.outcome) == ("Training", False, None)


def test_a_supervisor_that_is_killed_after_its_guard_is_noticed(bench: Any) -> None:
    spec = bench.spec(WITH_A_CHILD)
    bench.runner.launch(spec)
    bench.until(lambda: "pids" in bench.log())
    script, child = (int(word) for word in bench.log().split()[1:])
    supervisor = bench.status(spec.id).pid
    psutil.Process(supervisor).parent().kill()
    os.kill(supervisor, signal.SIGKILL)
    bench.until(lambda: not Path(f"/proc/{script}").exists())  # by the kernel, unobserved
    assert Path(f"/proc/{child}").exists()
    status = bench.status(spec.id)
    assert (status.phase, status.alive, status.outcome) == ("Training", False, None)
    bench.until(lambda: not Path(f"/proc/{child}").exists())
    bench.runner.launch(spec)
    assert not bench.status(spec.id).alive  # a job is never started twice


def test_a_job_goes_on_without_its_guard(bench: Any) -> None:
    spec = bench.spec("print('ready', flush=True); import time; time.sleep(1); print('end')")
    bench.runner.launch(spec)
    bench.until(lambda: "ready" in bench.log())
    psutil.Process(bench.status(spec.id).pid).parent().kill()
    assert bench.finish(spec.id).outcome == "Completed"
    assert "end" in bench.log()


#: Starts a job, and is killed as soon as the supervisor is a process of its own.
KILLED = """
import os, signal, sys
from studio_ext.run import shim
fork = os.fork
def once():
    os.fork = fork
    child = fork()
    if child:
        os.kill(os.getpid(), signal.SIGKILL)
    return child
os.fork = once
shim.main()
"""


def test_a_job_goes_on_although_who_started_its_supervisor_was_killed(bench: Any) -> None:
    spec = bench.spec("print('end')")
    folder = bench.runner.jobs / spec.id
    folder.mkdir(parents=True)
    write_json(folder / "spec.json", spec.to_json())
    command = [sys.executable, "-c", KILLED, str(folder), str(bench.runner.environments)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    bench.until(lambda: (folder / "status.json").exists())
    assert bench.finish(spec.id).outcome == "Completed"
    assert bench.log() == "end"


def test_a_terminated_supervisor_ends_its_job_in_order(bench: Any) -> None:
    spec = bench.spec("print('ready'); import time; time.sleep(60)", stop_grace_s=1)
    bench.runner.launch(spec)
    bench.until(lambda: "ready" in bench.log())
    os.kill(bench.status(spec.id).pid, signal.SIGTERM)
    status = bench.finish(spec.id)
    assert status.failure_reason == "InternalServerError: the job's supervisor was terminated"


SERVER = """
import json, sys, time
from pathlib import Path
from studio_ext.run.contract import JobSpec
from studio_ext.run.runners.process import ProcessRunner
spec = JobSpec.from_json(json.loads(Path(sys.argv[1]).read_text()))
ProcessRunner(Path(sys.argv[2]), Path(sys.argv[3])).launch(spec)
print("launched", flush=True)
time.sleep(60)
"""


def test_a_job_outlives_its_server_and_its_log_has_no_gap(bench: Any) -> None:
    spec = bench.spec(
        """
        import time
        for number in range(300):
            print("line", number)
            time.sleep(0.005)
        """
    )
    write_json(bench.root / "spec.json", spec.to_json())
    runner = bench.runner
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, bench.root / "spec.json", runner.jobs, runner.environments],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,
    )
    assert server.stdout is not None
    assert server.stdout.readline() == b"launched\n"
    bench.until(lambda: "line 20\n" in bench.log())
    os.killpg(server.pid, signal.SIGKILL)
    server.wait()
    server.stdout.close()
    assert bench.status(spec.id).alive
    assert bench.finish(spec.id).outcome == "Completed"
    assert bench.log().splitlines() == [f"line {number}" for number in range(300)]


def test_following_a_fast_log_misses_and_repeats_nothing(bench: Any) -> None:
    spec = bench.spec(
        """
        import time
        for number in range(4000):
            print(number, "x" * 94)
            if number % 20 == 0:
                time.sleep(0.01)
        """
    )
    bench.runner.launch(spec)
    seen: list[Any] = []
    offset = 0

    def read() -> None:
        nonlocal offset
        lines = bench.runner.read_log(spec.id, offset, 500)
        seen.extend(lines)
        offset = lines[-1].end if lines else offset

    bench.until(lambda: (read(), bench.status(spec.id).phase == "Done")[1])
    for _ in range(20):
        read()
    assert [int(line.text.split()[0]) for line in seen] == list(range(4000))
    stamps = [line.timestamp_ms for line in seen]
    assert stamps == sorted(stamps)
    assert stamps[-1] - stamps[0] > 1000


def test_what_a_killed_supervisor_left_is_tidied_up(bench: Any) -> None:
    spec = bench.spec("print('ready'); import time; time.sleep(60)")
    bench.runner.launch(spec)
    bench.until(lambda: "ready" in bench.log())
    folder = bench.runner.log_path(spec.id).parent
    os.kill(bench.status(spec.id).pid, signal.SIGKILL)
    bench.until(lambda: not bench.status(spec.id).alive)
    (folder / "packs" / ".model.tar.gz.tmp").write_text("half")
    assert (folder / "env").exists()
    bench.runner.tidy(spec.id)
    assert [name for name in ("env", "home", "tmp", "scratch") if (folder / name).exists()] == []
    assert list((folder / "packs").iterdir()) == []
    assert "ready" in bench.log()


def test_a_running_job_is_not_tidied_up(bench: Any) -> None:
    spec = bench.spec("print('ready'); import time; time.sleep(60)")
    bench.runner.launch(spec)
    bench.until(lambda: "ready" in bench.log())
    bench.runner.tidy(spec.id)
    assert (bench.runner.log_path(spec.id).parent / "env").exists()
    bench.runner.stop(spec.id)
    bench.finish(spec.id)


def test_a_supervisor_that_was_stopped_is_let_go_on(bench: Any) -> None:
    spec = bench.spec("print('ready'); import time; time.sleep(60)", stop_grace_s=1)
    bench.runner.launch(spec)
    bench.until(lambda: "ready" in bench.log())
    os.kill(bench.status(spec.id).pid, signal.SIGSTOP)
    bench.runner.stop(spec.id)
    assert bench.finish(spec.id).outcome == "Stopped"


def test_a_supervisor_killed_before_its_first_note_is_started_again(
    bench: Any, monkeypatch: Any
) -> None:
    start, starts = subprocess.run, []

    def first_one_dies(command: list[str], **options: Any) -> Any:
        starts.append(command)
        if len(starts) == 1:
            return subprocess.CompletedProcess(command, -signal.SIGKILL)
        return start(command, **options)

    monkeypatch.setattr("studio_ext.run.runners.process.subprocess.run", first_one_dies)
    spec = bench.spec("print('ready')")
    bench.runner.launch(spec)
    assert bench.finish(spec.id).outcome == "Completed"
    assert len(starts) == 2


def test_a_job_goes_before_its_supervisor_when_memory_runs_out(bench: Any) -> None:
    spec = bench.spec("print('score', open('/proc/self/oom_score_adj').read())")
    bench.runner.launch(spec)
    assert bench.finish(spec.id).outcome == "Completed"
    assert "score 500" in bench.log()
    assert Path("/proc/self/oom_score_adj").read_text().strip() != "500"
