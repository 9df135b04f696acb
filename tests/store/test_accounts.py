"""Accounts: each user profile has one that is nobody else's, ever."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from studio_ext.config import Config
from studio_ext.store import Store, accounts
from studio_ext.store.accounts import AccountMismatch, AccountTaken


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(Config(home=str(tmp_path / "home")))
    yield store
    store.close()


def test_the_default_profile_has_the_configured_account(tmp_path: Path, store: Store) -> None:
    assert store.accounts.of("default", "default") == "000000000000"
    again = Store(Config(home=str(tmp_path / "home")))
    assert again.accounts.of("default", "default") == "000000000000"
    again.close()
    with pytest.raises(AccountMismatch, match="Set account_id to 000000000000"):
        Store(Config(home=str(tmp_path / "home"), account_id="123456789012"))


def test_accounts_are_unique_and_last(store: Store) -> None:
    ana, ben = store.accounts.open("default", "ana"), store.accounts.open("default", "ben")
    elsewhere = store.accounts.open("other", "ana")
    assert len({ana, ben, elsewhere, "000000000000"}) == 4
    assert all(len(account) == 12 and account.isdecimal() for account in (ana, ben, elsewhere))
    with pytest.raises(AccountTaken):
        store.accounts.open("default", "ana")
    assert store.accounts.of("default", "ana") == ana
    assert store.accounts.holder(ben) == accounts.Account(ben, "default", "ben")


def test_an_id_that_is_taken_is_not_given_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = store.accounts.open("default", "ana")
    drawn = iter([0, int(ana), 7])
    monkeypatch.setattr(accounts.secrets, "randbelow", lambda _: next(drawn))
    assert store.accounts.open("default", "ben") == "000000000007"


def test_who_is_created_anew_gets_another_account(store: Store) -> None:
    first = store.accounts.open("default", "ana")
    store.accounts.close(first)
    assert store.accounts.of("default", "ana") is None
    assert store.accounts.holder(first) is None
    assert store.accounts.open("default", "ana") != first


def test_one_of_many_at_once_wins(store: Store) -> None:
    def attempt(_: int) -> str | None:
        try:
            return store.accounts.open("default", "ana")
        except AccountTaken:
            return None

    with ThreadPoolExecutor(8) as pool:
        won = [account for account in pool.map(attempt, range(16)) if account]
    assert won == [store.accounts.of("default", "ana")]
