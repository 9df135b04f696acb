"""Homes of these tests hold SQLite: they look into its file, and hold its lock."""

from __future__ import annotations

from pathlib import Path

from studio_ext.config import Config


def database_url(home: Path) -> str:
    """The database in a home."""
    return f"sqlite:///{home / 'studio.db'}"


def config_of(home: Path) -> Config:
    """Settings of a home, whatever database other tests use."""
    return Config(home=str(home), database_url=database_url(home))
