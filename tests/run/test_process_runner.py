"""Real jobs in real processes: what they get, how they end, and what is told of it."""

from __future__ import annotations

import hashlib
import os
import tarfile
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from studio_ext.run.contract import CODE, ML, Channel, Pack


def test_success_leaves_status_log_and_archives(bench: Any) -> None:
    status = bench.run(
        """
        import os, pathlib, sys
        print("arguments", sys.argv[1:])
        print("data", (pathlib.Path(os.environ["SM_CHANNEL_TRAIN"]) / "a/b.csv").read_text())
        pathlib.Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text("weights")
        print("to stderr", file=sys.stderr)
        """,
        hyperparameters={"max-depth": "3", "e": "5"},
        channels={"train": {"a/b.csv": "1,2"}},
    )
    assert (status.outcome, status.exit_code, status.failure_reason) == ("Completed", 0, None)
    assert [item.status for item in status.transitions] == [
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]
    for before, after in zip(status.transitions, status.transitions[1:], strict=False):
        assert before.end == after.start
    assert bench.log().splitlines() == [
        "arguments ['-e', '5', '--max-depth', '3']",
        "data 1,2",
        "to stderr",
    ]
    model = status.packs["model.tar.gz"]
    data = Path(model["path"]).read_bytes()
    assert (len(data), hashlib.md5(data).hexdigest()) == (model["size"], model["md5"])
    with tarfile.open(model["path"]) as tar:
        assert tar.getnames() == ["model.txt"]
    assert "output.tar.gz" not in status.packs


def test_the_supervisor_is_no_child_of_the_server(bench: Any) -> None:
    spec = bench.spec("import time; time.sleep(60)")
    before = {child.pid for child in psutil.Process().children()}
    bench.runner.launch(spec)
    pid = bench.status(spec.id).pid
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    assert int(fields[1]) != os.getpid()
    # Neither it nor a zombie of its launch; this process may have children of other tests.
    assert {child.pid for child in psutil.Process().children()} <= before


def test_launch_is_idempotent(bench: Any) -> None:
    spec = bench.spec("print('once')")
    for _ in range(3):
        bench.runner.launch(spec)
    bench.finish(spec.id)
    bench.runner.launch(spec)
    time.sleep(0.3)
    assert bench.log() == "once"


def test_failure_reason_is_the_scripts_exception(bench: Any) -> None:
    status = bench.run(
        """
        def deeper():
            raise ValueError("column 'age' is missing\\nsecond line")
        print("before")
        deeper()
        """
    )
    assert (status.outcome, status.exit_code) == ("Failed", 1)
    reason = status.failure_reason
    assert reason.startswith(
        "AlgorithmError: ExecuteUserScriptError:\nExitCode 1\n"
        'ErrorMessage "ValueError: column \'age\' is missing\nsecond line"\nCommand "'
    )
    assert reason.endswith('train.py", exit code: 1')
    assert status.packs == {}


def test_failure_file_is_preferred_and_cut(bench: Any) -> None:
    status = bench.run(
        """
        import sys
        open("/opt/ml/output/failure", "w").write("x" * 3000)
        sys.exit(7)
        """
    )
    assert status.exit_code == 7
    assert status.failure == "x" * 1024
    assert len(status.failure_reason) == 1024
    assert status.failure_reason.endswith("x, exit code: 7")


def test_a_killed_script_is_named_so(bench: Any) -> None:
    status = bench.run("import os; os.kill(os.getpid(), 9)")
    assert status.exit_code == 137
    assert "Process killed by SIGKILL (signal 9)" in status.failure_reason


def test_exit_message_and_output_data(bench: Any) -> None:
    status = bench.run(
        """
        open("/opt/ml/output/message", "w").write("well done")
        open("/opt/ml/output/data/plot.svg", "w").write("<svg/>")
        """
    )
    assert status.exit_message == "well done"
    assert set(status.packs) == {"output.tar.gz"}


def test_stop_lets_the_script_finish_and_keeps_the_model(bench: Any) -> None:
    spec = bench.spec(
        """
        import signal, sys, time
        def stop(*_):
            open("/opt/ml/model/partial", "w").write("kept")
            sys.exit(0)
        signal.signal(signal.SIGTERM, stop)
        print("ready")
        time.sleep(60)
        """
    )
    bench.runner.launch(spec)
    bench.until(lambda: "ready" in bench.log())
    bench.runner.stop(spec.id)
    status = bench.finish(spec.id)
    assert status.outcome == "Stopped"
    assert status.failure_reason is None
    assert set(status.packs) == {"model.tar.gz"}
    assert [item.status for item in status.transitions][-3:] == ["Stopping", "Uploading", "Stopped"]


def test_stop_kills_after_the_grace_period_and_leaves_no_process(bench: Any) -> None:
    spec = bench.spec(
        """
        import os, signal, subprocess, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"
        a = subprocess.Popen([sys.executable, "-c", child])
        b = subprocess.Popen([sys.executable, "-c", child], start_new_session=True, env={})
        print("pids", os.getpid(), a.pid, b.pid)
        time.sleep(60)
        """,
        stop_grace_s=0.5,
    )
    bench.runner.launch(spec)
    bench.until(lambda: "pids" in bench.log())
    pids = [int(word) for word in bench.log().split()[1:]]
    began = time.monotonic()
    bench.runner.stop(spec.id)
    assert bench.finish(spec.id).outcome == "Stopped"
    assert 0.4 < time.monotonic() - began < 5
    bench.until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))


def test_stop_before_launch_is_heeded(bench: Any) -> None:
    spec = bench.spec("print('ran')")
    bench.runner.stop(spec.id)
    bench.runner.launch(spec)
    assert bench.finish(spec.id).outcome == "Stopped"
    assert bench.log() == ""


def test_max_runtime(bench: Any) -> None:
    status = bench.run(
        """
        import time
        open("/opt/ml/model/epoch", "w").write("1")
        time.sleep(60)
        """,
        max_runtime_s=0.7,
    )
    assert status.outcome == "MaxRuntimeExceeded"
    assert set(status.packs) == {"model.tar.gz"}
    training = next(item for item in status.transitions if item.status == "Training")
    assert 0.6 < training.end - training.start < 3


def test_memory_limit_is_named(bench: Any) -> None:
    status = bench.run(
        "import time; block = bytearray(b'x') * 400_000_000; time.sleep(60)",
        memory_bytes=200 << 20,
    )
    assert status.outcome == "Failed"
    assert "its memory limit is 200 MiB" in status.failure_reason


def test_memory_below_the_limit_is_fine(bench: Any) -> None:
    status = bench.run("import time; block = bytearray(b'x') * 50_000_000; time.sleep(1.5)",
                       memory_bytes=200 << 20)  # fmt: skip
    assert status.outcome == "Completed"


def test_two_jobs_at_once_see_their_own_files(bench: Any) -> None:
    script = """
        import os, time
        text = open("/opt/ml/input/data/train/x").read()
        end = time.time() + 1
        while time.time() < end:
            open("/opt/ml/model/m", "w").write(text)
            assert open("/opt/ml/model/m").read() == text
            time.sleep(0.05)
        print(text, os.listdir("/opt/ml/input/data"))
    """
    first = bench.spec(script, channels={"train": {"x": "one"}})
    bench.runner.launch(first)
    second = bench.spec(script, channels={"train": {"x": "two"}})
    for job in (first, second):
        bench.runner.launch(job)
    bench.until(lambda: bench.status(second.id).phase == "Training")
    assert bench.status(first.id).phase == "Training"
    assert {bench.finish(job.id).outcome for job in (first, second)} == {"Completed"}
    assert bench.log(first.id) == "one ['train']"
    assert bench.log(second.id) == "two ['train']"


def test_environment_is_scrubbed(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET_OF_THE_SERVER", "1")
    status = bench.run(
        """
        import os, tempfile
        assert "A_SECRET_OF_THE_SERVER" not in os.environ
        assert os.environ["MINE"] == "yes"
        assert os.environ["OMP_NUM_THREADS"] == os.environ["SM_NUM_CPUS"] == "1"
        assert os.environ["PYTHONUNBUFFERED"] == "1"
        assert os.path.isdir(os.environ["HOME"]) and os.path.isdir(tempfile.gettempdir())
        assert os.environ["PYTHONPATH"] == "/opt/ml/code:/somewhere"
        assert os.getcwd() == "/opt/ml/code"
        """,
        environment={"MINE": "yes", "PYTHONPATH": "/somewhere"},
        cpus=1,
    )
    assert status.failure_reason is None


def test_a_command_runs_verbatim_with_the_environments_python(bench: Any) -> None:
    spec = bench.spec(
        "",
        files={"main.py": "import sys, sklearn; print(sys.argv[1:], sys.executable)"},
        toolkit=False,
        command=["python3", f"{CODE}/main.py", "--a b"],
        folders=["/opt/ml/processing/output"],
    )
    bench.runner.launch(spec)
    assert bench.finish(spec.id).failure_reason is None
    assert bench.log().startswith("['--a b'] ")
    assert bench.log().endswith(f"{spec.id}/env/bin/python3")
    assert (bench.ml() / "processing/output").is_dir()


def test_a_command_that_is_not_there(bench: Any) -> None:
    status = bench.run("", toolkit=False, command=["no-such-program"])
    assert status.failure_class == "AlgorithmError"
    assert "no-such-program cannot be started: No such file or directory" in status.failure_reason


@pytest.mark.parametrize(
    ("program", "files", "expected"),
    [
        ("run.sh", {"run.sh": '#!/bin/sh\necho "shell $1 $2"\n'}, "shell -x a b"),
        ("nested/go.py", {"nested/go.py": "import sys; print('nested', *sys.argv[1:])"},
         "nested -x a b"),
    ],
)  # fmt: skip
def test_entry_points(bench: Any, program: str, files: dict[str, str], expected: str) -> None:
    settings = {"sagemaker_program": program, "x": "a b"}
    status = bench.run("", hyperparameters=settings, files=files)
    assert status.failure_reason is None
    assert bench.log() == expected


def test_a_missing_entry_point_is_the_clients_error(bench: Any) -> None:
    status = bench.run("", hyperparameters={"sagemaker_program": "other.py"})
    assert status.failure_class == "ClientError"
    assert "other.py is not in the code folder, which has train.py" in status.failure_reason


def test_code_from_a_channel(bench: Any) -> None:
    spec = bench.spec("print('from the channel')")
    source = spec.archives[0][0]
    channel = Channel("code", f"{ML}/input/data/code", [(source, "sourcedir.tar.gz")])
    where = f"{ML}/input/data/code/sourcedir.tar.gz"
    spec.config["hyperparameters.json"]["sagemaker_submit_directory"] = where
    spec.channels.append(channel)
    spec.archives.clear()
    bench.runner.launch(spec)
    assert bench.finish(spec.id).failure_reason is None
    assert bench.log() == "from the channel"


def test_missing_input_is_told(bench: Any) -> None:
    spec = bench.spec("", channels={"train": {"x": "1"}})
    bench.stored("train", "x").unlink()
    bench.runner.launch(spec)
    status = bench.finish(spec.id)
    assert status.failure_reason == ("ClientError: the input x was deleted before the job read it")


def test_writable_channel_is_a_copy_that_stays(bench: Any) -> None:
    spec = bench.spec("open('/opt/ml/checkpoints/step', 'a').write('+')")
    stored = bench.root / "step"
    stored.write_text("5")
    files = [(str(stored), "step")]
    spec.channels.append(Channel("checkpoints", f"{ML}/checkpoints", files, writable=True))
    spec.packs.append(Pack(f"{ML}/checkpoints", "checkpoints.tar.gz"))
    bench.runner.launch(spec)
    assert "checkpoints.tar.gz" in bench.finish(spec.id).packs
    assert (bench.ml() / "checkpoints/step").read_text() == "5+"
    assert stored.read_text() == "5"


def test_remove_refuses_a_running_job(bench: Any) -> None:
    spec = bench.spec("import time; time.sleep(60)")
    bench.runner.launch(spec)
    with pytest.raises(RuntimeError):
        bench.runner.remove(spec.id)
    bench.runner.stop(spec.id)
    bench.finish(spec.id)
    bench.runner.remove(spec.id)
    assert bench.runner.observe(spec.id) is None


def test_ids_cannot_leave_the_folder(bench: Any) -> None:
    for bad in ("../x", "a/b", "", ".", "..", "x" * 200):
        with pytest.raises(ValueError, match="id of a job"):
            bench.runner.observe(bad)


def test_first_line_comes_soon(bench: Any) -> None:
    bench.run("")  # warms the environment
    began = time.time()
    bench.run("import time; print(time.time())")
    assert float(bench.log()) - began < 2  # 0.1 s on an idle machine


def test_the_last_line_is_there_as_soon_as_the_job_is_done(bench: Any) -> None:
    for _ in range(3):
        bench.run("import sys; sys.stdout.write('no newline')")
        assert bench.log() == "no newline"


def test_worker_processes_and_sockets_work(bench: Any) -> None:
    status = bench.run(
        """
        import multiprocessing
        def main():
            context = multiprocessing.get_context("spawn")
            with context.Manager() as manager, context.Pool(2) as pool:
                print(list(manager.list(pool.map(abs, [-1, -2]))))
        if __name__ == "__main__":
            main()
        """
    )
    assert status.failure_reason is None
    assert bench.log() == "[1, 2]"
