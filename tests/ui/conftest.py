"""A real JupyterLab with Studio on a home of its own, and a real browser before it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from running_lab import Lab

REPOSITORY = Path(__file__).parents[2]
BUILT = REPOSITORY / "studio_ext" / "labextension"
TOKEN = "studio-ui-tests"
#: A cold start on a busy machine takes this long in the worst case.
START_S = 120


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab with the built panels of this checkout."""
    if not (BUILT / "static").is_dir():
        pytest.fail("The panels are not built: run `jlpm install && jlpm build` in labextension.")
    folder = tmp_path_factory.mktemp("lab")
    root, home, share = folder / "root", folder / "home", folder / "share"
    (root / "notebooks").mkdir(parents=True)
    shutil.copy(REPOSITORY / "notebooks" / "bank_marketing.ipynb", root / "notebooks")
    (share / "labextensions").mkdir(parents=True)
    (share / "labextensions" / "studio-ext").symlink_to(BUILT)
    port = _free_port()
    with (folder / "lab.log").open("wb") as log:
        server = subprocess.Popen(
            _command(port, root), env=_environment(folder, home, share), stdout=log, stderr=log
        )
        try:
            running = Lab(f"http://127.0.0.1:{port}/", TOKEN, root, home)
            _wait_until_up(running, server, folder / "lab.log")
            yield running
        finally:
            server.terminate()
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                server.kill()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The machine's Chromium, or Playwright's own where there is none."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@pytest.fixture
def page(lab: Lab, browser: Browser) -> Iterator[Page]:
    """JupyterLab as a new user sees it; errors of its scripts fail the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{lab.url}lab?token={lab.token}&reset")
    page.wait_for_selector(".jp-LauncherCard", timeout=START_S * 1000)
    yield page
    context.close()
    assert not errors


def _command(port: int, root: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={root}",
        f"--IdentityProvider.token={TOKEN}",
        "--LabApp.news_url=None",
        "--LabApp.expose_app_in_browser=True",
        *("--ServerApp.jpserver_extensions", "studio_ext=True"),
    ]


def _environment(folder: Path, home: Path, share: Path) -> dict[str, str]:
    """The surroundings of a new user: no settings, no files."""
    user = folder / "user"
    config = user / ".jupyter" / "labconfig"
    config.mkdir(parents=True)
    news = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    (config / "page_config.json").write_text(json.dumps(news))
    return {
        **os.environ,
        "HOME": str(user),
        "JUPYTER_CONFIG_DIR": str(user / ".jupyter"),
        "JUPYTER_PATH": str(share),
        "STUDIO_HOME": str(home),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_up(lab: Lab, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            lab.open("api/status")
            return
        except OSError:
            time.sleep(0.25)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-4000:]}")
