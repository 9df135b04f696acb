"""Where the socket of the database's server lies, which is hidden from users' code."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio_ext.store import database


def test_the_folder_of_a_unix_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGHOST", raising=False)
    monkeypatch.setattr(database, "_SOCKETS", str(tmp_path))
    here = str(tmp_path)
    assert database.socket_folder(f"postgresql://studio@/studio?host={here}&port=1") == here
    assert database.socket_folder("postgresql:///studio") == here, "the driver's own default"
    monkeypatch.setenv("PGHOST", "db.example.com")
    assert database.socket_folder("postgresql:///studio") is None


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////home/me/.studio/studio.db",
        "postgresql://studio@localhost/studio",
        "postgresql://studio@/studio?host=/tmp",
        "postgresql://studio@/studio?host=/nowhere/at/all",
    ],
)
def test_what_is_no_folder_to_hide(url: str) -> None:
    assert database.socket_folder(url) is None
