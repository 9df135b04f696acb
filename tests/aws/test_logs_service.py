"""CloudWatch Logs by boto3 and by the SageMaker SDK, over logs that grow."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from growing_log import GROUP, OTHER, GrowingLog, Source

from studio_ext.aws import logs
from studio_ext.wire.dispatch import Caller, Registry


@pytest.fixture(scope="module")
def server(
    serving: Callable[[Registry], Any],
    connected: Callable[[str, str], Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[SimpleNamespace]:
    source = SimpleNamespace(current=Source(tmp_path_factory.mktemp("unused")))

    class Current:
        def groups(self, caller: Caller) -> list[str]:
            return source.current.groups(caller)

        def streams(self, caller: Caller, group: str, prefix: str) -> list[logs.LogStream]:
            return source.current.streams(caller, group, prefix)

    registry = Registry()
    logs.register(registry, Current())
    with serving(registry) as url:
        yield SimpleNamespace(url=url, source=source, client=connected(url, "logs"))


@pytest.fixture
def source(server: SimpleNamespace, tmp_path: Path) -> Source:
    server.source.current = Source(tmp_path)
    return server.source.current


@pytest.fixture
def client(server: SimpleNamespace) -> Any:
    return server.client


def texts(answer: dict[str, Any]) -> list[str]:
    return [event["message"] for event in answer["events"]]


def refusal(call: Callable[..., Any], **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**params)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


# --- groups and streams


def test_groups_by_prefix_pattern_and_page(client: Any, source: Source) -> None:
    names = [g["logGroupName"] for g in client.describe_log_groups()["logGroups"]]
    assert names == [OTHER, GROUP]
    found = client.describe_log_groups(logGroupNamePrefix="/aws/sagemaker/Tr")["logGroups"]
    assert [g["logGroupName"] for g in found] == [GROUP]
    assert found[0]["arn"] == f"arn:aws:logs:us-east-1:000000000000:log-group:{GROUP}:*"
    found = client.describe_log_groups(logGroupNamePattern="endpoints")["logGroups"]
    assert [g["logGroupName"] for g in found] == [OTHER]
    first = client.describe_log_groups(limit=1)
    second = client.describe_log_groups(limit=1, nextToken=first["nextToken"])
    assert [g["logGroupName"] for g in second["logGroups"]] == [GROUP]
    assert "nextToken" not in second


def test_streams_tell_their_first_and_last_event(client: Any, source: Source) -> None:
    log = source.add("job/algo-1-1")
    source.add("other/algo-1-1")
    log.lines("one", "two", "three")
    answer = client.describe_log_streams(
        logGroupName=GROUP, logStreamNamePrefix="job/", orderBy="LogStreamName", limit=1
    )
    assert "nextToken" not in answer  # the SDK would loop for ever
    (stream,) = answer["logStreams"]
    events = client.get_log_events(
        logGroupName=GROUP, logStreamName="job/algo-1-1", startFromHead=True
    )["events"]
    assert stream["firstEventTimestamp"] == events[0]["timestamp"]
    assert stream["lastEventTimestamp"] == events[-1]["timestamp"]
    assert stream["creationTime"] == 1_700_000_000_500
    assert stream["storedBytes"] == 14
    (empty,) = client.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix="other/")[
        "logStreams"
    ]
    assert "firstEventTimestamp" not in empty


def test_streams_by_page_and_order(client: Any, source: Source) -> None:
    for name in ("c", "a", "b"):
        source.add(name).lines(name)
    pages = client.get_paginator("describe_log_streams").paginate(
        logGroupName=GROUP, PaginationConfig={"PageSize": 2}
    )
    assert [[s["logStreamName"] for s in p["logStreams"]] for p in pages] == [["a", "b"], ["c"]]
    pages = client.get_paginator("describe_log_streams").paginate(
        logGroupName=GROUP,
        orderBy="LastEventTime",
        descending=True,
        PaginationConfig={"PageSize": 1},
    )
    assert [s["logStreamName"] for p in pages for s in p["logStreams"]] == ["b", "a", "c"]


def test_missing_groups_and_streams_in_the_words_clients_match(client: Any, source: Source) -> None:
    group = ("ResourceNotFoundException", "The specified log group does not exist.")
    stream = ("ResourceNotFoundException", "The specified log stream does not exist.")
    source.add("job/algo-1-1")
    assert refusal(client.describe_log_streams, logGroupName="none") == group
    assert refusal(client.get_log_events, logGroupName="none", logStreamName="s") == group
    assert refusal(client.filter_log_events, logGroupName="none") == group
    assert refusal(client.get_log_events, logGroupName=GROUP, logStreamName="job") == stream
    assert refusal(client.filter_log_events, logGroupName=GROUP, logStreamNames=["x"]) == stream
    code, _ = refusal(client.describe_log_streams)
    assert code == "InvalidParameterException"


# --- one stream


def test_reads_forwards_to_an_end_whose_token_repeats(client: Any, source: Source) -> None:
    log = source.add("s")
    log.lines(*(f"line {i}" for i in range(5)))
    stream = {"logGroupName": GROUP, "logStreamName": "s", "startFromHead": True}
    first = client.get_log_events(**stream, limit=3)
    assert texts(first) == ["line 0", "line 1", "line 2"]
    second = client.get_log_events(**stream, limit=3, nextToken=first["nextForwardToken"])
    assert texts(second) == ["line 3", "line 4"]
    token = second["nextForwardToken"]
    at_end = client.get_log_events(**stream, nextToken=token)
    assert texts(at_end) == []
    assert at_end["nextForwardToken"] == token
    log.lines("late")
    assert texts(client.get_log_events(**stream, nextToken=token)) == ["late"]


def test_reads_the_newest_first_and_on_backwards(client: Any, source: Source) -> None:
    source.add("s").lines(*(f"line {i}" for i in range(5)))
    stream = {"logGroupName": GROUP, "logStreamName": "s"}
    last = client.get_log_events(**stream, limit=2)
    assert texts(last) == ["line 3", "line 4"]
    before = client.get_log_events(**stream, limit=2, nextToken=last["nextBackwardToken"])
    assert texts(before) == ["line 1", "line 2"]
    first = client.get_log_events(**stream, limit=2, nextToken=before["nextBackwardToken"])
    assert texts(first) == ["line 0"]
    token = first["nextBackwardToken"]
    at_start = client.get_log_events(**stream, nextToken=token)
    assert texts(at_start) == []
    assert at_start["nextBackwardToken"] == token
    again = client.get_log_events(
        **stream, startFromHead=True, nextToken=before["nextForwardToken"]
    )
    assert texts(again) == ["line 3", "line 4"]


@pytest.mark.parametrize("from_head", [True, False])
def test_times_include_the_start_and_exclude_the_end(
    client: Any, source: Source, from_head: bool
) -> None:
    log = source.add("s")
    log.lines("a", "b")
    log.write("c\nd\n")
    log.sample()
    log.lines("e")
    stream = {"logGroupName": GROUP, "logStreamName": "s", "startFromHead": from_head}
    times = {e["message"]: e["timestamp"] for e in client.get_log_events(**stream)["events"]}
    assert times["c"] == times["d"]
    answer = client.get_log_events(**stream, startTime=times["b"], endTime=times["e"])
    assert texts(answer) == ["b", "c", "d"]
    assert texts(client.get_log_events(**stream, startTime=times["c"])) == ["c", "d", "e"]
    assert texts(client.get_log_events(**stream, endTime=times["c"])) == ["a", "b"]
    assert texts(client.get_log_events(**stream, startTime=times["e"] + 1)) == []
    limited = client.get_log_events(**stream, startTime=times["b"], endTime=times["e"], limit=1)
    assert texts(limited) == (["b"] if from_head else ["d"])


def test_an_answer_is_bounded_in_bytes_and_nothing_is_lost(client: Any, source: Source) -> None:
    log = source.add("s")
    written = [f"{i:06d}" + "x" * 60_000 for i in range(40)]
    log.lines(*written)
    for from_head, key in ((True, "nextForwardToken"), (False, "nextBackwardToken")):
        stream = {"logGroupName": GROUP, "logStreamName": "s", "startFromHead": from_head}
        pages, token = [], {}
        while True:
            answer = client.get_log_events(**stream, **token)
            if not answer["events"]:
                break
            assert sum(len(text) + 26 for text in texts(answer)) <= 1 << 20
            pages.append(texts(answer))
            token = {"nextToken": answer[key]}
        ordered = pages if from_head else pages[::-1]
        assert len(pages) > 1
        assert [text for page in ordered for text in page] == written


def test_ten_thousand_events_are_the_most(client: Any, source: Source) -> None:
    log = source.add("s")
    log.write("".join(f"{i}\n" for i in range(25_000)))
    log.sample()
    stream = {"logGroupName": GROUP, "logStreamName": "s"}
    assert texts(client.get_log_events(**stream, startFromHead=True))[-1] == "9999"
    newest = client.get_log_events(**stream)
    assert (texts(newest)[0], texts(newest)[-1]) == ("15000", "24999")
    before = client.get_log_events(**stream, nextToken=newest["nextBackwardToken"])
    assert (texts(before)[0], texts(before)[-1]) == ("5000", "14999")


def test_blank_and_foreign_text(client: Any, source: Source) -> None:
    source.add("s").lines("", "größer \u4e16 \x1b[34mblue")
    answer = client.get_log_events(logGroupName=GROUP, logStreamName="s")
    assert texts(answer) == [" ", "größer \u4e16 \x1b[34mblue"]  # no message may be empty


def test_lines_wait_for_their_final_time_unless_the_job_has_ended(
    client: Any, source: Source
) -> None:
    log = source.add("s")
    log.lines("dated")
    log.write("not dated yet\nhalf a li")
    stream = {"logGroupName": GROUP, "logStreamName": "s", "startFromHead": True}
    assert texts(client.get_log_events(**stream)) == ["dated"]
    log.ended = True
    assert texts(client.get_log_events(**stream)) == ["dated", "not dated yet", "half a li"]


def test_lines_that_a_killed_supervisor_did_not_date_come_a_little_later(
    client: Any, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio_ext.aws.logs.tape.QUIET_MS", 300)
    log = source.add("s")
    log.lines("dated")
    log.write("why it died\n")
    stream = {"logGroupName": GROUP, "logStreamName": "s", "startFromHead": True}
    assert texts(client.get_log_events(**stream)) == ["dated"]
    time.sleep(0.4)
    assert texts(client.get_log_events(**stream)) == ["dated", "why it died"]


def test_a_progress_bar_shows_before_its_line_ends(
    client: Any, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio_ext.run.logs.REDRAW_MS", 2)
    log = source.add("s")
    for percent in range(0, 50, 10):
        log.write(f"\r{percent}%")
        log.sample()
    seen = texts(client.get_log_events(logGroupName=GROUP, logStreamName="s"))
    assert seen == ["0%", "10%", "20%"] or seen == ["0%", "10%", "20%", "30%"]


@pytest.mark.parametrize("token", ["f/x", "0", "f/-1", "b/"])
def test_a_foreign_token_is_refused(client: Any, source: Source, token: str) -> None:
    source.add("s")
    code, _ = refusal(client.get_log_events, logGroupName=GROUP, logStreamName="s", nextToken=token)
    assert code == "InvalidParameterException"


def test_following_reads_only_the_new_part(client: Any, source: Source) -> None:
    log = source.add("s")
    with log.log.open("w") as file:
        for start in range(0, 1_000_000, 100_000):
            file.writelines(f"{i:040d}\n" for i in range(start, start + 100_000))
            file.flush()
            log.sample()
    stream = {"logGroupName": GROUP, "logStreamName": "s", "startFromHead": True}
    token = client.get_log_events(logGroupName=GROUP, logStreamName="s", limit=1)[
        "nextForwardToken"
    ]
    log.lines("new")
    started = time.process_time()
    assert texts(client.get_log_events(**stream, nextToken=token)) == ["new"]
    assert time.process_time() - started < 0.3  # all of it takes several times as long


# --- several streams


def test_streams_interleave_by_time(client: Any, source: Source) -> None:
    one, two = source.add("job/1"), source.add("job/2")
    source.add("elsewhere").lines("not asked for")
    for i in range(6):
        (one if i % 2 else two).lines(f"{i}")
    group = {"logGroupName": GROUP, "logStreamNamePrefix": "job/"}
    everything = client.filter_log_events(**group)
    assert texts(everything) == [str(i) for i in range(6)]
    assert "nextToken" not in everything
    assert len({event["eventId"] for event in everything["events"]}) == 6
    times = [event["timestamp"] for event in everything["events"]]
    some = client.filter_log_events(**group, startTime=times[1], endTime=times[4])
    assert texts(some) == ["1", "2", "3", "4"]
    assert some["events"] == everything["events"][1:5]


def test_interleaved_pages_lose_and_repeat_nothing(client: Any, source: Source) -> None:
    logs_of = [source.add(f"job/{i}") for i in range(3)]
    written = []
    for i in range(30):
        for number, log in enumerate(logs_of):
            written.append(f"{number} {i}")
            log.write(written[-1] + "\n")
        if i % 4 == 3:
            for log in logs_of:
                log.indexer.sample()  # the same millisecond, most likely
            time.sleep(0.003)
    for log in logs_of:
        log.ended = True
    for page_size in (1, 7, 10_000):
        pages = client.get_paginator("filter_log_events").paginate(
            logGroupName=GROUP, PaginationConfig={"PageSize": page_size}
        )
        assert sorted(t for page in pages for t in texts(page)) == sorted(written)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("", ["ERROR disk full", "WARN slow", "info fine", "ERROR slow disk"]),
        ("ERROR", ["ERROR disk full", "ERROR slow disk"]),
        ("error", []),
        ("ERROR slow", ["ERROR slow disk"]),
        ('"slow disk"', ["ERROR slow disk"]),
        ('"disk full"', ["ERROR disk full"]),
        ("ERROR -full", ["ERROR slow disk"]),
        ("?WARN ?info", ["WARN slow", "info fine"]),
        ('?"disk full" ?fine', ["ERROR disk full", "info fine"]),
        ("?WARN ERROR", ["ERROR disk full", "ERROR slow disk"]),
    ],
)
def test_terms_and_phrases(client: Any, source: Source, pattern: str, expected: list[str]) -> None:
    source.add("s").lines("ERROR disk full", "WARN slow", "info fine", "ERROR slow disk")
    answer = client.filter_log_events(logGroupName=GROUP, filterPattern=pattern)
    assert texts(answer) == expected


@pytest.mark.parametrize("pattern", ['{ $.level = "x" }', "[a, b]", "%[0-9]+%", '"open'])
def test_other_patterns_are_refused_with_a_reason(
    client: Any, source: Source, pattern: str
) -> None:
    code, message = refusal(client.filter_log_events, logGroupName=GROUP, filterPattern=pattern)
    assert code == "InvalidParameterException"
    assert "pattern" in message


def test_a_long_search_comes_in_parts(
    client: Any, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio_ext.aws.logs.filtering.SCAN_LIMIT", 100)
    source.add("s").lines(*(f"line {i}" for i in range(40)))
    query = {"logGroupName": GROUP, "filterPattern": '"line 39"'}
    first = client.filter_log_events(**query)
    assert texts(first) == []
    assert "nextToken" in first
    pages = list(client.get_paginator("filter_log_events").paginate(**query))
    assert [t for page in pages for t in texts(page)] == ["line 39"]
    assert len(pages) == 3


# --- the SDK follows a growing log


_FOLLOW = """
import os, sys, time
import boto3
from sagemaker.session import _flush_log_streams

client, positions, streams = boto3.client("logs"), {}, []
is_last = False
while not is_last:
    is_last = os.path.exists(sys.argv[1])
    _flush_log_streams(streams, 2, client, "/aws/sagemaker/TrainingJobs", "job", positions, False,
                       lambda index, text: print(index, text))
    streams = sorted(positions)
    time.sleep(0.02)
"""


def test_the_sdk_sees_every_line_of_a_growing_log_once(
    server: SimpleNamespace,
    source: Source,
    sdk_python: str,
    sdk_environment: Callable[[str], dict[str, str]],
    tmp_path: Path,
) -> None:
    done = tmp_path / "done"
    writers = [source.add(f"job/algo-{i}-1") for i in (1, 2)]
    count = 3000

    def write(log: GrowingLog) -> None:
        for i in range(1, count):
            log.write(f"line {i}\n")
            if i % 3 == 0:
                time.sleep(0.002)

    def sample() -> None:
        while not done.exists():
            for log in writers:
                log.indexer.sample()
            time.sleep(0.05)

    for log in writers:
        log.lines("line 0")
    follower = subprocess.Popen(
        [sdk_python, "-c", _FOLLOW, str(done)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=sdk_environment(server.url),
        cwd=tmp_path,
    )
    sampler = threading.Thread(target=sample)
    sampler.start()
    assert follower.stdout is not None
    first = follower.stdout.readline()
    threads = [threading.Thread(target=write, args=(log,)) for log in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    time.sleep(0.3)
    for log in writers:
        log.indexer.sample()
        log.ended = True
    done.touch()
    sampler.join()
    output, errors = follower.communicate(timeout=60)
    assert follower.returncode == 0, errors
    printed = [line for line in (first + output).splitlines() if line.strip(" .")]
    for stream in (0, 1):
        seen = [line for line in printed if line.startswith(f"{stream} ")]
        assert seen == [f"{stream} line {i}" for i in range(count)]
