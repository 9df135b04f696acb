"""What the home panel says of the health: findings in words, with what mends them."""

from __future__ import annotations

from pathlib import Path

from studio_ext.config import Config
from studio_ext.home import _checks
from studio_ext.store import Store


def test_the_panel_shows_what_is_wrong_and_what_mends_it(tmp_path: Path) -> None:
    config = Config(home=str(tmp_path / "home"))
    store = Store(config)
    store.credentials.default()
    store.close()
    shown = {check["Name"]: check for check in _checks(config)}
    # What is well and asked for by nobody is left out.
    assert list(shown) == ["Control plane", "Gateway", "Home", "Disk", "/opt/ml"]
    assert shown["Control plane"]["Status"] == "warning"
    path = config.path / "credentials.json"
    path.chmod(0o644)
    shown = {check["Name"]: check for check in _checks(config)}
    assert shown["Credentials"]["Status"] == "error"
    assert "Whoever reads it can act as you." in shown["Credentials"]["Message"]
    assert f"To mend it: chmod 600 {path}" in shown["Credentials"]["Message"]
