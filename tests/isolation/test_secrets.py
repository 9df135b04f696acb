"""Secrets stay where they are kept: in no log, no event, no file that others can read."""

from __future__ import annotations

import json
import logging
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from people import Person, person, refusal
from sqlalchemy import create_engine, inspect, select, text
from studio_plane import Studio, running_studio, wait_for

from studio_ext.run.contract import JobSpec
from studio_ext.seen import exposition
from studio_ext.seen import logs as seen_logs
from studio_ext.seen import secrets as seen_secrets
from studio_ext.store import credentials as stored
from studio_ext.store.credentials import Credential
from studio_ext.store.tables import events

#: Files that are there to hold a secret, for the owner of the home alone.
KEEPERS = {"credentials.json", "gateway.json", "metrics-token", "spec.json", "instance.json"}
KEEPERS |= {"key.json", "ana.json"}
#: Columns that are there to hold one.
COLUMNS = {("access_keys", "secret_access_key"), ("access_keys", "session_token")}


@pytest.fixture(scope="module")
def issued() -> Iterator[list[str]]:
    """Every key and token that is made while this lasts."""
    made: list[str] = []

    def noting(make: Any) -> Any:
        def run(*args: Any) -> str:
            made.append(make(*args))
            return made[-1]

        return run

    with pytest.MonkeyPatch.context() as patch:
        for name in ("new_key", "new_token"):
            patch.setattr(stored, name, noting(getattr(stored, name)))
        yield made


@pytest.fixture(scope="module")
def studio(issued: list[str]) -> Iterator[Studio]:
    """At the level DEBUG, with everything that any library has to say in a file of the home."""
    with running_studio(max_cores=4) as studio:
        handler = seen_logs.ToFile(studio.config.logs_dir / "everything.log")
        root = logging.getLogger()
        before = root.level
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        yield studio
        root.setLevel(before)
        root.removeHandler(handler)
        handler.close()


def forged(key: Credential, **changes: Any) -> Credential:
    return Credential(**{**vars(key), **changes})


def work(studio: Studio, ana: Person) -> None:
    """What people do, and what they do wrong."""
    ana.run("work", "print('at work')")
    ana.run("broken", "raise ValueError('no luck')")
    ana.deploy("serving")
    ana.runtime.invoke_endpoint(EndpointName="serving", Body=b"{}")
    assert ana.key is not None
    session = studio.client("sts", ana.key).get_session_token()["Credentials"]
    temporary = stored_key(studio, session["AccessKeyId"])
    url = studio.client("s3", temporary).generate_presigned_url(
        "get_object", Params={"Bucket": ana.bucket, "Key": "code/work.tar.gz"}
    )
    assert httpx.get(url).status_code == 200
    assert httpx.get(url.replace("work.tar", "more.tar")).status_code == 403
    for wrong in (
        forged(ana.key, secret_access_key=temporary.secret_access_key),
        forged(temporary, session_token=f"{temporary.session_token}x"),
        forged(temporary, session_token=None),
        forged(ana.key, access_key_id="AKIANOBODY"),
    ):
        assert refusal(studio.client("sts", wrong).get_caller_identity)[2] == 403
        assert refusal(studio.client("s3", wrong).list_buckets)[2] == 403
    studio.iam.create_access_key(UserName="ana")
    token = (studio.config.path / "metrics-token").read_text().strip()
    assert httpx.get(f"{studio.plane.url}/metrics", headers={"Authorization": f"Bearer {token}"})
    assert httpx.get(f"{studio.plane.url}/metrics?token={token}").status_code in (400, 401, 403)
    studio.plane.store.credentials.kept("ana")
    ana.sagemaker.delete_endpoint(EndpointName="serving")
    wait_for(lambda: ana.sagemaker.list_endpoints()["Endpoints"] == [])


def stored_key(studio: Studio, identity: str) -> Credential:
    found = studio.plane.store.credentials.get(identity)
    assert found is not None
    return found


def test_nothing_that_is_written_has_a_secret(studio: Studio, issued: list[str]) -> None:
    ana = person(studio, "ana")
    secrets = {exposition.token(studio.config)}
    work(studio, ana)
    gateway = json.loads((studio.config.run_dir / "gateway.json").read_text())
    secrets |= {gateway["token"], *issued}
    assert len(secrets) > 10
    for path in sorted(studio.config.path.rglob("*")):
        if not path.is_file() or path.is_symlink() or path.name.startswith("studio.db"):
            continue
        found = [secret for secret in secrets if secret.encode() in path.read_bytes()]
        if found:
            assert path.name in KEEPERS, path
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    everything = (studio.config.logs_dir / "everything.log").read_text()
    assert "GetSessionToken" in everything  # it was listened to
    assert "DEBUG" in everything
    with studio.plane.store.read() as connection:
        assert connection.execute(select(events)).all()
        for table in inspect(connection).get_table_names():
            for row in connection.execute(text(f"SELECT * FROM {table}")).mappings():
                for column, value in row.items():
                    if (table, column) not in COLUMNS:
                        assert not [s for s in secrets if s in str(value)], (table, column)


def test_what_it_looks_like_in_a_log() -> None:
    key, token = seen_secrets.new_key(), seen_secrets.new_token()
    for told, expected in (
        (f"key {key}.", "key studio_key_***."),
        (f'{{"a": "{token}"}}', '{"a": "studio_token_***"}'),
        ("GET /b?X-Amz-Signature=12ab&x=1", "GET /b?X-Amz-Signature=***&x=1"),
        ("Credential=AKIA/x, Signature=12ab", "Credential=AKIA/x, Signature=***"),
        ("Authorization: Bearer abc", "Authorization: Bearer ***"),
        ("postgresql://me:pass@host/db", "postgresql://me:***@host/db"),
        ("http://127.0.0.1:8000/a?b=c", "http://127.0.0.1:8000/a?b=c"),
        ("arn:aws:s3:::bucket/key", "arn:aws:s3:::bucket/key"),
    ):
        assert seen_secrets.without(told) == expected


def test_a_log_blots_out_what_an_error_quotes(tmp_path: Path) -> None:
    handler = seen_logs.ToFile(tmp_path / "log")
    logger = logging.getLogger("studio_ext.test")
    logger.addHandler(handler)
    key = seen_secrets.new_key()
    try:
        raise ValueError(f"the key is {key}")
    except ValueError:
        logger.exception("it failed with %s", key)
    handler.close()
    logger.removeHandler(handler)
    written = (tmp_path / "log").read_text()
    assert "it failed with studio_key_***" in written and "the key is studio_key_***" in written
    assert key not in written


def test_an_error_of_the_database_tells_no_parameters(studio: Studio) -> None:
    key = seen_secrets.new_key()
    engine = studio.plane.store.engine
    with pytest.raises(Exception, match="no_such_table") as failed, engine.begin() as connection:
        connection.execute(text("INSERT INTO no_such_table VALUES (:key)"), {"key": key})
    assert key not in str(failed.value)
    # As it would be without the setting: the test sees what it looks for.
    loose = create_engine("sqlite://")
    with pytest.raises(Exception, match="no_such_table") as told, loose.begin() as connection:
        connection.execute(text("INSERT INTO no_such_table VALUES (:key)"), {"key": key})
    assert key in str(told.value)


def test_values_that_hold_keys_do_not_show_them(studio: Studio) -> None:
    key = studio.plane.store.credentials.default()
    assert key.secret_access_key not in repr(key)
    spec = JobSpec("id", "name", "python", environment={"AWS_SECRET_ACCESS_KEY": "secret-key"})
    assert "secret-key" not in repr(spec)
