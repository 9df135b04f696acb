"""Two control planes on one database: they share the work, and one killed costs nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import postgresql
import pytest
from botocore.exceptions import ClientError
from planes import BUCKET, CORES, LINES, Calls, Plane, Work, artifact_of, deploy, ended, log_of
from studio_process import wait_for

JOBS = 30

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "postgresql":
        return postgresql.server().new(empty=True)
    return f"sqlite:///{tmp_path / 'shared.db'}"


@pytest.fixture
def started() -> Iterator[list[Plane]]:
    """Planes to be ended, with all they left running."""
    planes: list[Plane] = []
    yield planes
    for plane in planes:
        plane.clean_up()


def check_whole(work: Work, readers: dict[str, Plane], names: list[str]) -> None:
    """Every job ran once, from its start to its end, and left its log and its model."""
    for what in ("start", "end"):
        assert sorted(name for name, _, _ in work.notes(what)) == sorted(names)
    for name in names:
        lines = [line for line in log_of(readers[name], name) if line.startswith("line ")]
        assert lines == [f"line {n + 1}" for n in range(LINES)], name
        assert artifact_of(readers[name], name) == {"made": b"made\n"}


def test_one_home_is_served_by_two_of_which_one_is_killed(
    url: str, tmp_path: Path, started: list[Plane]
) -> None:
    work = Work(tmp_path)
    home = tmp_path / "home"
    first, second = (Plane(home, STUDIO_DATABASE_URL=url) for _ in range(2))
    started += [first, second]
    first.start()
    first.client("s3").create_bucket(Bucket=BUCKET)
    second.start()
    deploy(second, "echo")
    calls = Calls(second, "echo")
    calls.start()

    names = [f"job-{number}" for number in range(JOBS)]
    for number, name in enumerate(names):
        work.train((first, second)[number % 2], name)
    wait_for(lambda: len(work.notes("end")) >= JOBS // 3, "a third of the jobs")
    first.kill()
    wait_for(lambda: len(work.notes("end")) >= JOBS * 2 // 3, "two thirds of the jobs")
    first.start()
    statuses = ended(first, names)
    calls.stop()

    assert statuses == dict.fromkeys(names, "Completed")
    check_whole(work, dict.fromkeys(names, second), names)
    assert work.most_at_once() <= CORES
    assert {by for _, by, _ in work.notes("start")} == {first.url, second.url}
    order = [int(name.removeprefix("job-")) for name, _, _ in work.notes("start")]
    # First come, first served; two that were let in together may start in either order.
    assert all(abs(number - position) <= CORES for position, number in enumerate(order)), order


def test_an_upload_is_completed_by_both_at_once(
    url: str, tmp_path: Path, started: list[Plane]
) -> None:
    home = tmp_path / "home"
    planes = [Plane(home, STUDIO_DATABASE_URL=url) for _ in range(2)]
    started += planes
    planes[0].start().client("s3").create_bucket(Bucket=BUCKET)
    clients = [planes[0].client("s3"), planes[1].start().client("s3")]
    bodies = [bytes([n]) * (5 << 20) for n in (1, 2)] + [b"end"]
    for key in map(str, range(8)):
        where = {"Bucket": BUCKET, "Key": key}
        where["UploadId"] = clients[0].create_multipart_upload(**where)["UploadId"]
        parts = []
        for number, body in enumerate(bodies, 1):
            sent = clients[number % 2].upload_part(PartNumber=number, Body=body, **where)
            parts.append({"PartNumber": number, "ETag": sent["ETag"]})
        with ThreadPoolExecutor(2) as threads:
            both = threads.map(
                lambda s3, where=where, parts=parts: s3.complete_multipart_upload(
                    MultipartUpload={"Parts": parts}, **where
                ),
                clients,
            )
            assert len({answer["ETag"] for answer in both}) == 1
        got = clients[1].get_object(Bucket=BUCKET, Key=key)["Body"].read()
        assert got == b"".join(bodies)


def test_two_homes_run_their_own_and_share_what_waits(tmp_path: Path, started: list[Plane]) -> None:
    url = postgresql.server().new(empty=True)
    objects = (tmp_path / "objects").as_uri()
    settings = {"STUDIO_DATABASE_URL": url, "STUDIO_OBJECT_STORE_URL": objects}
    work = Work(tmp_path)
    first, second = (Plane(tmp_path / name, **settings) for name in ("a", "b"))
    started += [first, second]
    first.start()
    second.start()
    first.client("s3").create_bucket(Bucket=BUCKET)
    deploy(first, "echo")
    calls = Calls(first, "echo")
    calls.start()

    names = [f"job-{number}" for number in range(JOBS)]
    for name in names:
        work.train(first, name, seconds=0.5)
    wait_for(lambda: len(work.notes("end")) >= JOBS // 3, "a third of the jobs")
    first.kill()
    # What it had begun, though a script may tell only later, goes on and is its own.
    begun = len(list((first.home / "jobs").iterdir()))
    wait_for(lambda: {name for name, _, _ in work.notes("end")} >= {*names}, "the end of all", 120)
    calls.stop()
    first.start()
    assert ended(second, names) == dict.fromkeys(names, "Completed")
    by = {name: url for name, url, _ in work.notes("start")}
    readers = {name: first if by[name] == first.url else second for name in names}
    check_whole(work, readers, names)
    assert set(by.values()) == {first.url, second.url}
    assert list(by.values()).count(first.url) <= begun  # what waited is done by the other one
    for plane in (first, second):
        assert work.most_at_once(plane.url) <= CORES
        jobs = {path.name for path in (plane.home / "jobs").iterdir()}
        assert len(jobs) == sum(launched == plane.url for launched in by.values())


def test_a_database_that_crashes_and_comes_back_costs_nothing(
    tmp_path: Path, started: list[Plane]
) -> None:
    server = postgresql.OwnServer({"synchronous_commit": "on"})  # else a crash undoes commits
    try:
        plane = Plane(tmp_path / "home", STUDIO_DATABASE_URL=server.new())
        started.append(plane)
        plane.start()
        plane.client("s3").create_bucket(Bucket=BUCKET)
        deploy(plane, "echo")
        calls = Calls(plane, "echo")
        calls.start()
        work = Work(tmp_path)
        without_retries = plane.client("sagemaker", retries={"total_max_attempts": 1})
        without_retries.list_models()
        names = [f"job-{number}" for number in range(8)]
        for name in names:
            work.train(plane, name, seconds=0.5)
        for done in (2, 4):
            wait_for(lambda done=done: len(work.notes("end")) >= done, "some jobs")
            server.stop()
            with pytest.raises(ClientError) as refused:
                without_retries.list_models()
            assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
            assert "database" in str(refused.value)
            time.sleep(1.0)
            server.start()
        assert ended(plane, names) == dict.fromkeys(names, "Completed")
        calls.stop()
        check_whole(work, dict.fromkeys(names, plane), names)
        plane.clean_up()
    finally:
        server.remove()
