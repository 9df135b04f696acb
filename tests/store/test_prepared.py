"""Statements that go past SQLAlchemy's execution give what it would, in both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import bindparam, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from studio_ext.config import Config
from studio_ext.store import Store
from studio_ext.store.portable import now
from studio_ext.store.prepared import Prepared, PreparedInsert, execute
from studio_ext.store.tables import resources

COLUMNS = [
    column.name
    for column in resources.c
    if column.name not in ("id", "wake_at", "lease_holder", "lease_until", "node", "parent_id")
]
INSERT = insert(resources).values(wake_at=now()).returning(resources.c.id)
CREATE = Prepared(INSERT, COLUMNS)
BY_NAME = select(resources).where(resources.c.name == bindparam("name")).limit(1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(Config(home=str(tmp_path / "home")))
    yield store
    store.close()


def values(name: str) -> dict[str, object]:
    """A row, with what JSON and text can hold."""
    return {
        "kind": "job",
        "account": "000000000000",
        "domain": "d-default",
        "name": name,
        "version": 0,
        "arn": f"arn:aws:sagemaker:us-east-1:000000000000:job/{name}",
        "owner": "ada",
        "shared": None,
        "status": "InProgress",
        "spec": {"text": "Grüße, 世界 \U0001f600 %s ? :name", "deep": [{"none": None, "n": 1.5}]},
        "state": {},
        "generation": 1,
        "created": 1.25,
        "modified": 2.5,
    }


def test_rows_are_those_that_sqlalchemy_gives(store: Store) -> None:
    with store.begin() as connection:
        key = CREATE.one(connection, values("a"))[0]
    with store.read() as connection:
        expected = connection.execute(BY_NAME, {"name": "a"}).one()
        assert list(Prepared(BY_NAME).one(connection, {"name": "a"})) == list(expected)
        assert expected.id == key
        assert expected.spec == values("a")["spec"]
        assert Prepared(BY_NAME).one(connection, {"name": "b"}) is None
        assert connection.scalar(select(now())) - expected.wake_at < 60


def test_errors_are_sqlalchemys_and_undo_the_transaction(store: Store) -> None:
    with pytest.raises(IntegrityError) as caught, store.begin() as connection:
        CREATE.one(connection, values("a"))
        CREATE.one(connection, values("a"))
    assert "Grüße" not in str(caught.value)
    with store.read() as connection:
        assert Prepared(BY_NAME).one(connection, {"name": "a"}) is None
    with pytest.raises(DBAPIError), store.glance() as connection:
        execute(connection, "SELECT nothing FROM nowhere")
    with store.glance() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1


def test_a_value_that_is_missing_is_an_error(store: Store) -> None:
    given = values("a")
    del given["arn"]
    with pytest.raises(KeyError, match="arn"), store.begin() as connection:
        CREATE.one(connection, given)


def test_the_time_of_day_is_one_in_all_of_a_statement(store: Store) -> None:
    differ = Prepared(select(now() - now()))
    with store.read() as connection:
        assert {differ.one(connection)[0] for _ in range(200)} == {0.0}


def test_an_insert_tells_the_id_of_its_row(store: Store) -> None:
    create = PreparedInsert(resources, insert(resources), COLUMNS)
    with store.begin() as connection:
        ids = {name: create.id(connection, values(name)) for name in ("a", "b")}
    with store.lookup() as found:
        assert {name: Prepared(BY_NAME).one(found, {"name": name})[0] for name in ids} == ids
