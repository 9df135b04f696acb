"""The front end's files agree with what they were made from."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import studio_ext

FRONT_END = Path(__file__).parents[1] / "labextension"


def test_types_are_those_of_the_service_models() -> None:
    script = FRONT_END / "scripts" / "generate_types.py"
    result = subprocess.run(
        [sys.executable, script, "--check"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_lock_file_names_no_registry() -> None:
    assert "://" not in (FRONT_END / "yarn.lock").read_text()


def test_versions_agree() -> None:
    package = json.loads((FRONT_END / "package.json").read_text())
    assert package["version"] == studio_ext.__version__


def test_icons_follow_the_theme() -> None:
    icons = sorted((FRONT_END / "style" / "icons").glob("*.svg"))
    assert icons
    for icon in icons:
        assert 'class="jp-icon3"' in icon.read_text(), icon.name
