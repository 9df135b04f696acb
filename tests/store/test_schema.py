"""The schema: made whole, recognised, upgraded from every release with its data, never half."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import postgresql
import pytest
import schemas
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from studio_ext.config import Config
from studio_ext.store import Store, database, schema

ACCOUNT = "000000000000"
BOTH = ["sqlite", "postgresql"]
RELEASED = [(kind, revision) for kind in BOTH for revision in schemas.revisions(kind)]


@pytest.fixture(params=BOTH)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(kind: str, tmp_path: Path) -> str:
    """An empty database."""
    if kind == "postgresql":
        return postgresql.server().new(empty=True)
    return f"sqlite:///{tmp_path / 'studio.db'}"


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = database.open_engine(url)
    yield engine
    engine.dispose()


def store_on(url: str, tmp_path: Path) -> Store:
    return Store(Config(home=str(tmp_path / "home"), database_url=url))


def set_revision(engine: Engine, revision: str) -> None:
    with database.write(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :r"), {"r": revision})


def upgrade_in_another_process(url: str, killed_at: int = 0) -> subprocess.Popen[bytes]:
    """Open the database; with ``killed_at``, SIGKILL before that statement of the upgrade."""
    return subprocess.Popen([sys.executable, "-c", _UPGRADE, url, str(killed_at)])


_UPGRADE = """
import os, signal, sys
from sqlalchemy import event
from studio_ext.store import database, schema
engine = database.open_engine(sys.argv[1])
left = int(sys.argv[2])
def count(connection, cursor, statement, *_):
    global left
    if statement.split()[0] in ("CREATE", "ALTER", "INSERT", "UPDATE", "DROP", "DELETE"):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
event.listen(engine, "before_cursor_execute", count)
schema.ensure(engine)
"""


def test_the_migrations_are_one_line_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    scripts = list(ScriptDirectory(str(schema.MIGRATIONS)).walk_revisions())[::-1]
    assert [script.revision for script in scripts] == [
        f"{number + 1:04d}" for number in range(len(scripts))
    ]
    assert [script.down_revision for script in scripts] == [
        None,
        *(script.revision for script in scripts[:-1]),
    ]
    assert schema.head() == scripts[-1].revision


def test_an_empty_database_gets_the_tables_and_the_newest_revision(
    engine: Engine, url: str
) -> None:
    assert schema.revision(url) is None
    schema.ensure(engine)
    assert schema.revision(url) == schema.head()
    assert schema.skew(url) is None
    with engine.connect() as connection:
        assert not compare_metadata(MigrationContext.configure(connection), schema.metadata())


@pytest.mark.parametrize(("kind", "revision"), RELEASED)
def test_a_released_database_keeps_its_data_and_becomes_what_is_made_new(
    url: str, engine: Engine, kind: str, revision: str, tmp_path: Path
) -> None:
    schemas.load(url, revision)
    with engine.connect() as connection:
        before = schemas.rows(connection)
    assert schema.revision(url) == revision
    store_on(url, tmp_path).close()

    new = postgresql.server().new() if kind == "postgresql" else f"sqlite:///{tmp_path / 'new.db'}"
    store_on(new, tmp_path).close()
    fresh = database.open_engine(new)
    with engine.connect() as connection, fresh.connect() as other:
        assert not compare_metadata(MigrationContext.configure(connection), schema.metadata())
        assert schemas.description(connection) == schemas.description(other)
        after = schemas.rows(connection)
    fresh.dispose()
    for table, kept in before.items():
        if table == "alembic_version":
            continue
        assert len(kept) == len(after[table]), table
        for row in kept:
            expected = schemas.upgraded(table, row, revision)
            assert any(expected.items() <= found.items() for found in after[table]), expected


@pytest.mark.parametrize(("kind", "revision"), RELEASED)
def test_a_released_database_is_used_after_its_upgrade(
    url: str, kind: str, revision: str, tmp_path: Path
) -> None:
    schemas.load(url, revision)
    store = store_on(url, tmp_path)
    known = store.resources.get("training-job", ACCOUNT, "first")
    assert known is not None and known.spec["HyperParameters"] == {"größe": "1"}
    assert store.resources.tags(known.id) == {"team": "a", "Ärger": "π"}
    made = store.resources.create(
        kind="training-job",
        account=ACCOUNT,
        domain="default",
        name="third",
        arn="arn:third",
        owner="default",
        status="InProgress",
        spec={},
    )
    assert made.id == 5  # 4 was deleted: what it left (a folder, events) is not another's
    events = store.resources.events_after(0)
    assert [event.id for event in events] == [1, 2, 3, 4, 5, 6, 7]
    assert {event.account for event in events} == {ACCOUNT}
    keys = [item.key for item in store.objects.walk("data")]
    assert keys == ["B", "a", "a/b", "parts", "ä", "😀"]
    [curve] = store.metrics.series(known.series)
    assert [value for _, _, value in curve.points] == [1, 0.5, 1 / 3, 0.25, 0.2]
    assert store.routes.version() == 3 and len(store.routes.all()) == 1
    assert [document["account"] for document in store.routes.all()] == [ACCOUNT]
    assert store.routes.put({"account": ACCOUNT, "endpoint": "next", "variants": []}) == 4
    assert store.accounts.of("default", "default") == ACCOUNT
    [key] = [k for k in schemas.keys(store.engine) if k.startswith("AKIA")]
    credential = store.credentials.get(key)
    assert credential is not None and credential.account_id == ACCOUNT
    store.close()


OLDER = [revision for revision in schemas.revisions("sqlite") if revision != schema.head()]


@pytest.mark.parametrize("revision", OLDER)
def test_sqlite_is_copied_before_an_upgrade(tmp_path: Path, revision: str) -> None:
    path = tmp_path / "studio.db"
    schemas.load(f"sqlite:///{path}", revision)
    with sqlite3.connect(path) as connection:
        before = list(connection.iterdump())
    store_on(f"sqlite:///{path}", tmp_path).close()
    copy = tmp_path / f"studio.db.{revision}.bak"
    with sqlite3.connect(copy) as connection:
        assert list(connection.iterdump()) == before
    assert copy.stat().st_mode & 0o777 == 0o600
    assert not list(tmp_path.glob("*.tmp"))


def test_a_newer_database_is_refused_and_left_alone(
    url: str, engine: Engine, tmp_path: Path
) -> None:
    schema.ensure(engine)
    set_revision(engine, "0999")
    with pytest.raises(schema.NewerSchema) as refused:
        store_on(url, tmp_path)
    assert "0999" in str(refused.value) and schema.head() in str(refused.value)
    assert schema.skew(url) == str(refused.value)
    assert schema.revision(url) == "0999"


def test_another_programs_database_is_refused(url: str, engine: Engine, tmp_path: Path) -> None:
    schema.ensure(engine)
    set_revision(engine, "0000")
    with pytest.raises(schema.SchemaError, match=r"'0000'.*another program"):
        store_on(url, tmp_path)


def test_processes_that_open_at_once_upgrade_once(url: str, engine: Engine) -> None:
    schemas.load(url, "0001")
    opening = [upgrade_in_another_process(url) for _ in range(4)]
    assert [process.wait(60) for process in opening] == [0, 0, 0, 0]
    assert schema.revision(url) == schema.head()
    with engine.connect() as connection:
        assert len(schemas.rows(connection)["alembic_version"]) == 1


def test_processes_that_open_an_empty_database_at_once_make_it_once(
    url: str, engine: Engine
) -> None:
    opening = [upgrade_in_another_process(url) for _ in range(4)]
    assert [process.wait(60) for process in opening] == [0, 0, 0, 0]
    with engine.connect() as connection:
        assert len(schemas.rows(connection)["alembic_version"]) == 1


@pytest.mark.parametrize("step", [1, 2, 4, 8, 16])
def test_a_kill_leaves_the_old_schema_or_the_new_one(
    kind: str, url: str, engine: Engine, step: int, tmp_path: Path
) -> None:
    schemas.load(url, "0001")
    killed = upgrade_in_another_process(url, killed_at=step)
    code = killed.wait(60)
    assert code in (0, -signal.SIGKILL)
    assert schema.revision(url) == (schema.head() if code == 0 else "0001")
    if code:
        with engine.connect() as connection:
            found = schemas.description(connection)
        other = f"sqlite:///{tmp_path / 'old.db'}"
        if kind == "postgresql":
            other = postgresql.server().new(empty=True)
        schemas.load(other, "0001")
        released = database.open_engine(other)
        with released.connect() as connection:
            assert found == schemas.description(connection)
        released.dispose()
    store = store_on(url, tmp_path)
    assert store.resources.get("training-job", ACCOUNT, "first")
    store.close()
    assert schema.revision(url) == schema.head()


def test_an_open_of_an_up_to_date_database_imports_no_alembic(
    url: str, engine: Engine, tmp_path: Path
) -> None:
    schema.ensure(engine)
    code = (
        "import sys; from studio_ext.config import Config; from studio_ext.store import Store;"
        "Store(Config(home=sys.argv[1], database_url=sys.argv[2])).close();"
        "sys.exit('alembic' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "home"), url], check=True)


def test_nothing_is_made_by_asking_for_the_revision(tmp_path: Path) -> None:
    assert schema.revision(f"sqlite:///{tmp_path / 'none.db'}") is None
    assert not list(tmp_path.iterdir())


def test_an_upgrade_without_room_for_the_copy_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "studio.db"
    schemas.load(f"sqlite:///{path}", "0001")
    monkeypatch.setattr(schema, "head", lambda: "0998")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store_on(f"sqlite:///{path}", tmp_path)
    assert schema.revision(f"sqlite:///{path}") == "0001"
    assert sorted(p.name for p in tmp_path.glob("studio.db*bak*")) == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://ana:secret@127.0.0.1:1/studio", "cannot be reached.*refused"),
        ("postgresql://127.0.0.1:1/studio?user=ana&password=secret", "cannot be reached"),
        ("mysql://ana:secret@127.0.0.1/studio", "sqlite or postgresql"),
        ("secret", "cannot be read"),
    ],
)
def test_a_database_that_cannot_be_used_is_named_without_its_password(
    url: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(database.DatabaseError, match=words) as refused:
        store_on(url, tmp_path)
    assert "secret" not in str(refused.value)


def test_a_missing_driver_is_said(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from studio_ext.store import database\n"
        "database.open_engine('postgresql://ana:secret@host/studio')"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stderr
    assert "pip install 'studio-ext[postgresql]'" in said
    assert "secret" not in said.splitlines()[-1]


def test_a_migration_is_written_by_one_command(tmp_path: Path) -> None:
    package = tmp_path / "studio_ext"
    shutil.copytree(schema.MIGRATIONS.parents[1], package, ignore=shutil.ignore_patterns("static"))
    tables = package / "store" / "tables.py"
    column = 'Column("value", String(256), nullable=False),'
    changed = tables.read_text().replace(column, f'{column}\n    Column("note", String(9)),')
    tables.write_text(changed)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-m", "studio_ext.store.migrations", "Notes on tags"]
    subprocess.run(command, env=environment, cwd=tmp_path, check=True, capture_output=True)
    number = f"{int(schema.head()) + 1:04d}"
    [written] = (package / "store" / "migrations" / "versions").glob(f"{number}_*.py")
    assert "note" in written.read_text() and f"down_revision = '{schema.head()}'" in (
        written.read_text()
    )
