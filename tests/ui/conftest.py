"""A real JupyterLab with Studio on a home of its own, and a real browser before it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import databases
import pytest
from jupyter_process import START_S, TOKEN, Jupyter
from leftovers import end_all_of
from playwright.sync_api import Browser, Page, expect, sync_playwright

REPOSITORY = Path(__file__).parents[2]
BUILT = REPOSITORY / "studio_ext" / "labextension"
#: The browser and what it looks at share the machine with training jobs.
PATIENCE_MS = 30_000
OPTIONS = (
    "--LabApp.news_url=None",
    "--LabApp.expose_app_in_browser=True",
)
NO_NEWS = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """JupyterLab with the built panels of this checkout."""
    if not (BUILT / "static").is_dir():
        pytest.fail("The panels are not built: run `make ui`.")
    folder, home = tmp_path_factory.mktemp("lab"), tmp_path_factory.mktemp("studio") / "home"
    share = folder / "share"
    (share / "labextensions").mkdir(parents=True)
    (share / "labextensions" / "studio-ext").symlink_to(BUILT)
    environment = {"JUPYTER_PATH": str(share)}
    lab = Jupyter(folder, home, "jupyterlab", OPTIONS, environment)
    (lab.root / "notebooks").mkdir()
    shutil.copy(REPOSITORY / "notebooks" / "bank_marketing.ipynb", lab.root / "notebooks")
    config = lab.user / ".jupyter" / "labconfig"
    config.mkdir()
    (config / "page_config.json").write_text(json.dumps(NO_NEWS))
    try:
        with lab:
            on_sqlite = databases.kind(home) == "sqlite"
            assert (home / "studio.db").exists() == on_sqlite, "JupyterLab uses another database"
            yield lab
    finally:
        end_all_of(home)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The machine's Chromium, or Playwright's own where there is none."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@pytest.fixture
def page(lab: Jupyter, browser: Browser) -> Iterator[Page]:
    """JupyterLab as a new user sees it; errors of its scripts fail the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{lab.url}lab?token={TOKEN}&reset")
    page.wait_for_selector(".jp-LauncherCard", timeout=START_S * 1000)
    yield page
    context.close()
    assert not errors
