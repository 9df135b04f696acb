"""Layers of Python environments, and installing into them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

PACKAGE = {
    "wheelhouse/pyproject.toml": '[build-system]\nrequires = ["setuptools"]\n'
    'build-backend = "setuptools.build_meta"\n'
    '[project]\nname = "studio-test-tiny"\nversion = "1.0"\n',
    "wheelhouse/studio_test_tiny.py": "answer = 42\n",
}
OFFLINE = "--no-build-isolation\n--no-index\n"
REQUIRES = {**PACKAGE, "requirements.txt": "--no-index\n./wheelhouse\n"}


def _no_isolation(monkeypatch: Any) -> None:
    # Building the test's own package must not ask an index for setuptools.
    monkeypatch.setenv("PIP_NO_BUILD_ISOLATION", "false")


def test_requirements_are_installed_once(bench: Any, monkeypatch: Any) -> None:
    _no_isolation(monkeypatch)
    script = "import studio_test_tiny, sklearn; print('answer', studio_test_tiny.answer)"
    assert bench.run(script, files=REQUIRES).failure_reason is None
    assert "Successfully installed studio-test-tiny-1.0" in bench.log()
    assert bench.run(script, files=REQUIRES).failure_reason is None
    assert bench.log() == "Installing the job's requirements\nanswer 42"
    assert importlib.util.find_spec("studio_test_tiny") is None


def test_a_package_with_setup_py_runs_as_a_module(bench: Any, monkeypatch: Any) -> None:
    _no_isolation(monkeypatch)
    files = {
        "setup.py": "from setuptools import setup\n"
        "setup(name='studio-test-job', version='1', py_modules=['train', 'studio_test_part'])\n",
        "studio_test_part.py": "word = 'part'\n",
    }
    status = bench.run(
        "import studio_test_part; print(__name__, studio_test_part.word)", files=files
    )
    assert status.failure_reason is None
    assert bench.log().endswith("\n__main__ part")


def test_failing_requirements_are_the_reason(bench: Any) -> None:
    files = {"requirements.txt": "--no-index\nno-such-package-for-studio==9\n"}
    status = bench.run("print('ran')", files=files)
    assert status.outcome == "Failed"
    assert status.failure_reason.startswith("AlgorithmError: InstallRequirementsError:\nExitCode 1")
    assert "No matching distribution found for no-such-package-for-studio==9" in status.failure
    assert 'Command "python -m pip install' in status.failure
    assert "ran" not in bench.log().splitlines()


def test_pip_in_a_script_changes_only_the_job(bench: Any, monkeypatch: Any) -> None:
    script = """
        import os, subprocess, sys
        os.environ["PIP_NO_BUILD_ISOLATION"] = "false"
        command = ["pip", "install", "--quiet", "--no-index", "./wheelhouse"]
        subprocess.run(command, check=True)
        import importlib
        importlib.invalidate_caches()
        import studio_test_tiny
        print(studio_test_tiny.__file__.startswith(sys.prefix), sys.prefix)
    """
    assert bench.run(script, files=PACKAGE).failure_reason is None
    assert bench.log().splitlines()[-1].startswith("True ")
    assert importlib.util.find_spec("studio_test_tiny") is None
    status = bench.run("import studio_test_tiny")
    assert "ModuleNotFoundError" in status.failure_reason


def test_stop_while_installing(bench: Any) -> None:
    files = {
        "setup.py": "import time; print('slow', flush=True); time.sleep(60)\n",
        "train.py": "print('ran')",
    }
    spec = bench.spec("", files=files, stop_grace_s=1)
    bench.runner.launch(spec)
    bench.until(lambda: "Processing" in bench.log())
    bench.runner.stop(spec.id)
    assert bench.finish(spec.id).outcome == "Stopped"


def test_two_jobs_build_one_environment(bench: Any, monkeypatch: Any) -> None:
    _no_isolation(monkeypatch)
    specs = [bench.spec("import studio_test_tiny; print('ok')", files=REQUIRES) for _ in range(2)]
    for spec in specs:
        bench.runner.launch(spec)
    assert {bench.finish(spec.id).outcome for spec in specs} == {"Completed"}
    installed = [job.id for job in specs if "Successfully installed" in bench.log(job.id)]
    assert len(installed) == 1
    layers = [path for path in bench.runner.environments.iterdir() if path.is_dir()]
    assert len(layers) == 1
    assert (layers[0] / "ready").exists()


def test_an_interpreter_that_does_not_exist(bench: Any) -> None:
    status = bench.run("", python="/no/such/python")
    assert status.failure_class == "InternalServerError"
    assert "/no/such/python" in status.failure_reason


def test_the_job_has_the_packages_of_the_base(bench: Any) -> None:
    status = bench.run("import sys, sklearn, pip; print(sys.version); print(sklearn.__file__)")
    assert status.failure_reason is None
    version, module = bench.log().split("\n", 1)[0], bench.log().splitlines()[-1]
    assert sys.version.startswith(version)
    spec = importlib.util.find_spec("sklearn")
    assert spec is not None and Path(module) == Path(str(spec.origin))
