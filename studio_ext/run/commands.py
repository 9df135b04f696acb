"""What a job runs: its command, its environment variables, its Python."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio_ext.run import environments, failure, inputs
from studio_ext.run.contract import ML, JobSpec
from studio_ext.run.journal import Journal
from studio_ext.run.layout import JobFolder, rewrite
from studio_ext.run.script_mode import Machine, Toolkit, entry_point
from studio_ext.run.watch import Ended, Watch

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Command:
    """A command ready to run. ``kind``: package, script, shell, or command for a given one."""

    kind: str
    argv: list[str]


class Preparation:
    """Finds out what to run, once a job's files are in place; ``base`` is its ``/opt/ml``."""

    def __init__(
        self,
        folder: JobFolder,
        spec: JobSpec,
        journal: Journal,
        watch: Watch,
        base: str,
    ) -> None:
        self._folder = folder
        self._spec = spec
        self._journal = journal
        self._watch = watch
        self._base = base
        self._code = folder.real(f"{ML}/code")

    def prepare(self, cache: Path) -> tuple[list[str], dict[str, str]]:
        """The command and its whole environment; installs what the code asks for."""
        variables = self._variables()
        toolkit = self._toolkit(variables) if self._spec.toolkit else None
        if toolkit is not None:
            variables.update(toolkit.variables())
            paths = [f"{self._base}/code", variables.get("PYTHONPATH", "")]
            variables["PYTHONPATH"] = ":".join(path for path in paths if path)
        command = self._command(toolkit)
        python = self._python(cache, command.kind)
        variables["PATH"] = ":".join([*python.bins, variables.get("PATH", DEFAULT_PATH)])
        program = _resolve(command.argv[0], variables["PATH"])
        return [program, *command.argv[1:]], variables

    def _variables(self) -> dict[str, str]:
        """What every job gets, less script mode's variables."""
        variables = {
            "HOME": str(self._folder.home),
            "LANG": "C.UTF-8",
            "TMPDIR": str(self._folder.tmp),
            "PYTHONUNBUFFERED": "1",
        }
        if self._spec.cpus:
            variables.update(dict.fromkeys(THREADS, str(max(1, int(self._spec.cpus)))))
        return {**variables, **rewrite(dict(self._spec.environment), self._base)}

    def _toolkit(self, variables: dict[str, str]) -> Toolkit:
        config: dict[str, Any] = rewrite(self._spec.config, self._base)
        machine = Machine(max(1, int(self._spec.cpus or os.cpu_count() or 1)), _gpus())
        toolkit = Toolkit(
            config["hyperparameters.json"],
            config["resourceconfig.json"],
            config["inputdataconfig.json"],
            variables,
            machine,
            self._base,
        )
        for flag in toolkit.distribution:
            self._journal.say(f"WARNING: {flag} is set, but there is one host: one process runs")
        return toolkit

    def _command(self, toolkit: Toolkit | None) -> Command:
        if self._spec.command:
            return Command("command", rewrite(self._spec.command, self._base))
        if toolkit is None or not toolkit.entry_point:
            reason = (
                "there is nothing to run: neither a command nor the hyperparameter "
                "sagemaker_program is given"
            )
            raise Ended("Failed", "ClientError", reason)
        self._take_code(toolkit.submit_directory)
        try:
            entry = entry_point(self._code, toolkit.entry_point, toolkit.arguments())
        except FileNotFoundError as error:
            raise inputs.InputError(str(error)) from error
        if entry.kind == "shell":
            (self._code / toolkit.entry_point).chmod(0o755)
        return Command(entry.kind, entry.command)

    def _take_code(self, submitted: str) -> None:
        """Take code that a channel brought, as a folder or an archive."""
        if any(self._code.iterdir()) or not submitted.startswith(f"{self._base}/"):
            return
        source = self._folder.real(ML + submitted[len(self._base) :])
        if source.is_dir():
            shutil.copytree(source, self._code, dirs_exist_ok=True)
        elif source.exists():
            inputs.extract(source, self._code, self._watch.check)

    def _python(self, cache: Path, kind: str) -> environments.Base:
        python = environments.describe(self._spec.python, cache)
        required = self._spec.requirements and (self._code / "requirements.txt").exists()
        if kind == "package" or (required and kind != "shell"):
            python = self._install(python, cache, kind == "package")
        return environments.create_layer(self._folder.python, python)

    def _install(self, python: environments.Base, cache: Path, package: bool) -> environments.Base:
        self._journal.say("Installing the job's requirements")
        start = self._journal.log_size
        watch = self._watch
        try:
            return environments.install(
                self._code, python, cache, package, watch.execute, watch.pause
            )
        except environments.InstallError as error:
            name = "InstallModuleError" if package else "InstallRequirementsError"
            log = failure.read_tail(self._folder.log, start)
            errors = [line for line in log.splitlines() if line.startswith("ERROR:")]
            reason = failure.script_error(
                name, error.exit_code, error.command, "\n".join(errors[:5]) or log
            )
            raise Ended("Failed", reason=reason) from error


def _resolve(program: str, path: str) -> str:
    """A program's place on the job's own PATH, not on the supervisor's."""
    return program if "/" in program else shutil.which(program, path=path) or program


def _gpus() -> int:
    folder = "/proc/driver/nvidia/gpus"
    return len(os.listdir(folder)) if os.path.isdir(folder) else 0
