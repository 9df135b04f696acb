"""Access keys."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio_ext.config import Config
from studio_ext.store import Store, credentials


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(home=str(tmp_path / "home"))


@pytest.fixture
def store(config: Config) -> Iterator[Store]:
    store = Store(config)
    yield store
    store.close()


def test_issued_keys_are_found_and_differ(store: Store) -> None:
    account = store.accounts.open("d", "ana")
    keys = [store.credentials.issue("job 1", domain="d", user_profile="ana") for _ in range(3)]
    assert len({key.access_key_id for key in keys}) == 3
    found = store.credentials.get(keys[0].access_key_id)
    assert found == keys[0]
    assert (found.domain, found.user_profile, found.session_token) == ("d", "ana", None)
    assert found.account_id == account
    assert found.role_arn == f"arn:aws:iam::{account}:role/StudioExecutionRole"
    assert found.secret_access_key not in repr(found)
    with pytest.raises(credentials.UnknownUserProfile, match="d/ben"):
        store.credentials.issue("job 1", domain="d", user_profile="ben")
    assert store.credentials.get("AKIAUNKNOWN") is None


def test_temporary_keys_expire_even_when_cached(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = store.credentials.issue("job 1", lifetime_s=60)
    assert key.access_key_id.startswith("ASIA")
    assert key.session_token
    assert store.credentials.get(key.access_key_id) == key
    assert key.expires is not None
    later = key.expires + 1
    monkeypatch.setattr(credentials.time, "time", lambda: later)
    assert store.credentials.get(key.access_key_id) is None
    store.credentials.issue("job 2")  # clears out what has expired
    assert store.credentials.of_purpose("job 1") is None


def test_revoked_keys_end_here_at_once_and_elsewhere_soon(
    store: Store, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = Store(config)
    key = store.credentials.issue("job 1")
    kept = store.credentials.issue("job 2")
    assert elsewhere.credentials.get(key.access_key_id) == key
    store.credentials.revoke("job 1")
    assert store.credentials.get(key.access_key_id) is None
    monkeypatch.setattr(credentials, "_CACHE_S", 0.0)
    assert elsewhere.credentials.get(key.access_key_id) is None
    assert elsewhere.credentials.get(kept.access_key_id) == kept
    elsewhere.close()


def test_the_default_key_is_kept(store: Store, config: Config) -> None:
    key = store.credentials.default()
    path = config.path / "credentials.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(config.path.stat().st_mode) == 0o700
    again = Store(config)
    assert again.credentials.default() == key
    again.close()
    path.write_text("{not json")
    assert store.credentials.default() == key
    path.unlink()
    assert store.credentials.default() == key
    assert path.exists()


def test_a_default_key_of_another_database_is_replaced(store: Store, config: Config) -> None:
    key = store.credentials.default()
    store.credentials.revoke("default user profile")
    other = store.credentials.default()
    assert other.access_key_id != key.access_key_id
    assert store.credentials.get(other.access_key_id) == other
