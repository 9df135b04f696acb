"""The supervisor of one job, a process of its own that outlives the server.

It is started by path, ``python -I -S shim.py <job folder> <environments folder>``, and loads
only the standard library and its neighbours in this folder, so that it starts in milliseconds.
It holds the job's lock for life, does the steps of the job, notes each in ``status.json``, and
leaves a result whatever happens to the script.
"""

from __future__ import annotations

import os
import sys
import types

if not __package__:  # run by path: be a module of the package without running its own imports
    _here = os.path.dirname(os.path.abspath(__file__))
    for _name, _path in (("studio_ext", os.path.dirname(_here)), ("studio_ext.run", _here)):
        sys.modules[_name] = types.ModuleType(_name)
        sys.modules[_name].__path__ = [_path]

import contextlib
import time
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from studio_ext.files import read_json, suppress_full, write_json
from studio_ext.run import failure, inputs, namespace, packs, processes
from studio_ext.run.commands import Preparation
from studio_ext.run.contract import ML, JobSpec, JobStatus
from studio_ext.run.journal import Journal
from studio_ext.run.layout import JobFolder, rewrite
from studio_ext.run.watch import Ended, Watch


class Supervisor:
    """Takes one job from its spec to its outcome."""

    def __init__(self, folder: JobFolder, cache: Path) -> None:
        self.folder = folder
        self.cache = cache
        self.spec = JobSpec.from_json(read_json(folder.spec) or {})
        self.journal = Journal(folder, self.spec.request_id)
        self.watch = Watch(folder, self.spec, self.journal)
        self.base = ML
        self.protected: list[Path] = []
        self.private = False
        self.journal.enter("Starting")

    def run(self) -> None:
        """Do the whole job. Every way out leaves a status that is Done."""
        result = self._outcome()
        try:
            result = self._upload(result)
        except Exception as error:  # the disk is full, most likely: the job did not succeed
            _print_trouble()
            result = result.failed("InternalServerError", f"packing failed: {error}")
        self._clean()
        self.journal.finish(result)

    def _outcome(self) -> JobStatus:
        status = self.journal.status
        try:
            self._prepare()
            return self._train()
        except Ended as ended:
            if ended.outcome == "Failed":
                return status.failed(ended.kind, ended.reason)
            return replace(status, outcome=ended.outcome)
        except inputs.InputError as error:
            self.journal.say(str(error))
            return status.failed("ClientError", str(error))
        except Exception as error:
            _print_trouble()
            return status.failed("InternalServerError", f"{type(error).__name__}: {error}")

    # Files

    def _prepare(self) -> None:
        self.watch.check()
        self.folder.create()
        for path in self.spec.folders:
            self.folder.real(path).mkdir(parents=True, exist_ok=True)
        private = self.private = self._enter_namespace()
        self.journal.enter("Downloading")
        for channel in self.spec.channels:
            copy = channel.writable or not private
            target = self.folder.real(channel.destination)
            inputs.materialise(channel.files, target, copy=copy, check=self.watch.check)
        for archive, destination in self.spec.archives:
            inputs.extract(Path(archive), self.folder.real(destination), self.watch.check)
        if private:
            self._mount()
        self._write_config()

    def _enter_namespace(self) -> bool:
        try:
            namespace.enter()
            return True
        except namespace.Unavailable as error:
            self._fall_back(str(error))
            return False

    def _mount(self) -> None:
        """Protect the inputs, then show the job's folder, with them, as ``/opt/ml``."""
        shared = {
            self.folder.real(channel.destination): channel.scratch
            for channel in self.spec.channels
            if not channel.writable
        }
        for number, (folder, scratch) in enumerate(sorted(shared.items())):
            if any(folder.is_relative_to(outer) for outer in self.protected):
                continue
            how = namespace.protect(folder, self.folder.scratch / str(number))
            if how == "read-only" and scratch:
                namespace.unmount(folder)
                how = None
            if how is None:
                inputs.detach(folder)
            else:
                self.protected.append(folder)
        try:
            namespace.show_as_ml(self.folder.ml)
        except namespace.Unavailable as error:
            self._fall_back(str(error))

    def _fall_back(self, reason: str) -> None:
        self.base = str(self.folder.ml)
        self.journal.say(
            f"WARNING: this job cannot have a {ML} of its own: {reason}. Its files are in "
            f"{self.base}; a script that writes {ML} in its code will not find them, one that "
            "reads SM_* variables will."
        )

    def _write_config(self) -> None:
        for name, value in self.spec.config.items():
            path = self.folder.real(f"{self.spec.config_folder}/{name}")
            path.parent.mkdir(parents=True, exist_ok=True)
            write_json(path, rewrite(value, self.base), mode=0o644)

    # The script

    def _train(self) -> JobStatus:
        self.journal.enter("Training")
        self.watch.start_clock()
        preparation = Preparation(self.folder, self.spec, self.journal, self.watch, self.base)
        with self._alone(may_install=True):  # a requirement's own set-up runs code too
            argv, environment = preparation.prepare(self.cache)
        start = self.journal.log_size
        try:
            with self._alone():
                returned = self.watch.execute(argv, environment, Path(self.base, "code"))
        except OSError as error:
            reason = f"the command {argv[0]} cannot be started: {error.strerror}"
            self.journal.say(reason)
            raise Ended("Failed", reason=reason) from error
        return self._judge(returned, argv, start)

    @contextlib.contextmanager
    def _alone(self, may_install: bool = False) -> Iterator[None]:
        """Hide what is others', where this process has a view of its own of the file system."""
        self.cache.mkdir(parents=True, exist_ok=True)
        keep = {
            self.folder.root: True,
            self.folder.tmp: True,
            self.cache: may_install,
            **{Path(hidden, "sdk-config.yaml"): False for hidden in self.spec.hidden},
            **dict.fromkeys(namespace.needed(self.spec.python), False),
        }
        hidden = [Path(path) for path in self.spec.hidden if self.private]
        covered = [path for path in hidden if namespace.hide(path, keep)]
        try:
            yield
        finally:
            for path in covered:
                namespace.unmount(path)

    def _judge(self, returned: int, command: list[str], start: int) -> JobStatus:
        code = failure.exit_code(returned)
        status = replace(self.journal.status, exit_code=code)
        full = self.folder.is_full()  # asked at once: it may not be for long
        if code == 0:
            return replace(status, outcome="Completed")
        reason = failure.read_start(self.folder.real(f"{ML}/output/failure"))
        if reason is None:
            log = failure.read_tail(self.folder.log, start)
            extra = failure.killed_by(returned) or ("The disk is full" if full else None)
            reason = failure.script_error("ExecuteUserScriptError", code, command, log, extra)
        return status.failed("AlgorithmError", reason)

    # Results

    def _upload(self, result: JobStatus) -> JobStatus:
        failed = result.outcome == "Failed"
        wanted = [pack for pack in self.spec.packs if pack.on_failure or not failed]
        if wanted and self.folder.ml.exists():
            self.journal.enter("Uploading")
        say = self.journal.say
        # The job's folder by the name it has here, and by the one the job knows it by.
        own = (self.folder.ml, self.folder.home, Path(self.base))
        done = {}
        for item in wanted:
            archive = self.folder.packs / item.archive
            packed = packs.pack(self.folder.real(item.source), archive, item.keep_empty, say, own)
            if packed is not None:
                done[item.archive] = packed
        message = failure.read_start(self.folder.real(f"{ML}/output/message"))
        return replace(result, packs=done, exit_message=message)

    def _clean(self) -> None:
        for folder in self.protected:
            namespace.unmount(folder)
        self.folder.clean()


def _print_trouble() -> None:
    """The exception at hand, to the supervisor's own log; which may be what has no room."""
    with suppress_full():
        traceback.print_exc()


def _take_over(folder: JobFolder) -> int | None:
    """The job's lock, if this process may run it: nobody has the lock, and it was never begun.

    A reader that asks whether the job is alive holds the lock for an instant, hence the retries.
    """
    for _ in range(20):
        if folder.status.exists():
            return None
        lock = folder.take_lock()
        if lock is not None:
            return None if folder.status.exists() else lock
        time.sleep(0.05)
    return None


def main() -> None:
    """Take the job over, leave the server's family, run."""
    folder, cache = JobFolder(Path(sys.argv[1])), Path(sys.argv[2])
    lock = _take_over(folder)
    if lock is None:
        return
    # The lock goes to the child with the open file. The server, which waits for this process
    # only, has its answer once the child is in charge, and never a zombie.
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        os._exit(0 if os.read(reader, 1) else 1)
    os.close(reader)
    os.setsid()
    os.umask(0o022)  # as in a container; the job's own folder lets nobody else in
    os.chdir("/")
    processes.guard(let_go=(lock, writer))
    processes.adopt_orphans()
    supervisor = Supervisor(folder, cache)
    with contextlib.suppress(BrokenPipeError):  # who started this one was killed meanwhile
        os.write(writer, b"1")
    os.close(writer)
    supervisor.run()


if __name__ == "__main__":
    main()
