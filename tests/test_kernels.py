"""Kernels with environments of their own."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from jupyter_client.manager import KernelManager

from studio_ext import kernels

NAME = "studio_test_dummy"


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A wheel that needs nothing, so that no test needs a network."""
    path = tmp_path / f"{NAME}-1.0-py3-none-any.whl"
    info = f"{NAME}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"{NAME}.py", "VALUE = 7\n")
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1.0\n")
        file.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def recipe(wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recipe `test` with only that wheel; kernelspecs go to a folder of the test."""
    recipe = kernels.Recipe("Test kernel", (str(wheel),), f"import {NAME}")
    monkeypatch.setitem(kernels.RECIPES, "test", recipe)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    prefix = tmp_path / "prefix"
    monkeypatch.setattr(sys, "prefix", str(prefix))
    monkeypatch.setenv("JUPYTER_PATH", str(prefix / "share" / "jupyter"))
    return prefix


def test_add_list_and_remove(recipe: Path, tmp_path: Path) -> None:
    home, said = tmp_path / "a home", []
    assert kernels.add("test", home, said.append) == "studio-test"
    python = home / "kernels" / "test" / "bin" / "python"
    spec = json.loads((kernels.installed()["test"] / "kernel.json").read_text())
    assert spec["display_name"] == "Test kernel"
    assert spec["argv"][0] == str(python)
    assert f"--studio-home={home}" in spec["argv"]
    code = f"import {NAME}, studio_ext; print(studio_ext.__file__)"
    seen = subprocess.run(
        [python, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "site-packages/studio_ext" in seen.stdout

    said.clear()
    kernels.add("test", home, said.append)
    assert "is complete" in said[0], "the second time does nothing"
    (home / "kernels" / "test" / "studio.json").unlink()  # as an interrupted add leaves it
    kernels.add("test", home, said.append)
    assert any("Installing" in line for line in said)

    kernels.remove("test", home, said.append)
    assert "test" not in kernels.installed()
    assert not python.exists()
    with pytest.raises(kernels.KernelError, match="No kernel 'test'"):
        kernels.remove("test", home, said.append)


def test_a_failed_installation_says_why(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = kernels.Recipe("Test kernel", (str(tmp_path / "missing.whl"),), "import nothing")
    monkeypatch.setitem(kernels.RECIPES, "test", missing)
    with pytest.raises(kernels.KernelError, match=r"missing\.whl"):
        kernels.add("test", tmp_path / "home", lambda line: None)
    assert "test" not in kernels.installed()


def test_an_unknown_kernel_names_the_known(tmp_path: Path) -> None:
    with pytest.raises(kernels.KernelError, match="sagemaker"):
        kernels.add("sagemaster", tmp_path, lambda line: None)


@pytest.mark.parametrize("connected", [True, False])
def test_a_launched_kernel_is_connected(tmp_path: Path, connected: bool) -> None:
    home = tmp_path / "home"
    (home / "run").mkdir(parents=True)
    if connected:
        key = {"access_key_id": "AKIA", "secret_access_key": "s", "user_profile": "default"}
        (home / "credentials.json").write_text(json.dumps(key))
        (home / "run" / "control.json").write_text(json.dumps({"port": 4321}))
    manager = KernelManager()
    manager.kernel_spec.argv = [  # type: ignore[union-attr]
        sys.executable,
        "-m",
        "studio_ext.notebook.launch",
        f"--studio-home={home}",
        "-f",
        "{connection_file}",
    ]
    manager.start_kernel()
    client = manager.client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=60)
        code = (
            "import os; address = os.environ.get('AWS_ENDPOINT_URL')\n"
            "try:\n    import studio_botocore; plugin = True\n"
            "except ImportError:\n    plugin = False\n"
        )
        reply = client.execute_interactive(
            code, user_expressions={"seen": "(address, plugin)"}, timeout=60
        )
        seen = reply["content"]["user_expressions"]["seen"]["data"]["text/plain"]
        expected = ("http://127.0.0.1:4321", True) if connected else (None, False)
        assert seen == repr(expected)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
