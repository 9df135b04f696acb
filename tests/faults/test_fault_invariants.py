"""A checker that cannot fail is worth nothing: each violation is planted, and must be found."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.faults.contents import CHECKPOINT_BYTES, WITHOUT_B, answer, digest, flowed, made
from tests.faults.history import Call, History, Injected, Job, State, Write
from tests.faults.invariants import broken
from tests.faults.invocations import RETURN_S, covered, recoveries, returns, slowness

ROWS_OUT = "\n".join(reversed(WITHOUT_B))  # in any order
AWAY = "the database is away or starting again"
#: The one of the jobs whose script keeps files while it runs.
JOB = "work"
Round = tuple[History, State]


def _call(outcome: str = "accepted", started: float = 100.0, **more: Any) -> Call:
    return Call("Operation", more.pop("name", "thing"), started, started + 0.1, outcome, **more)


def _stored(body: bytes) -> dict[str, Any]:
    md5 = hashlib.md5(body, usedforsecurity=False).hexdigest()
    return {"sha256": digest(body), "md5": md5, "etag": md5, "size": len(body)}


def _description(status: str, reason: str = "", form: str = "Training") -> dict[str, Any]:
    found: dict[str, Any] = {
        f"{form}JobStatus": status,
        f"{form}EndTime": datetime.fromtimestamp(120, UTC),
    }
    return found | ({"FailureReason": reason} if reason else {})


def _good() -> Round:
    """A round in which all was well: five jobs, two objects, an endpoint that was updated."""
    history = History(
        jobs={
            "fine": Job("fine", "works", 12, _call()),
            "bad": Job("bad", "fails", 3, _call()),
            "ended": Job("ended", "long", 1000, _call(), stops=[_call(started=110.0)]),
            "work": Job("work", "works", 3, _call(), form="Processing"),
            "flow": Job("flow", "flow", 0, _call(), form="Processing"),
        },
        writes=[Write("a", _call(), "a 1", 10), Write("b", _call("unknown"), "b 1", 10)],
        invocations=[_call(started=at) for at in (100.0, 101.0, 150.0)],
        calls=[_call()],
        updates=[_call(name="first"), _call("refused", name="second", status=400)],
    )
    state = State(
        jobs={
            "fine": _description("Completed"),
            "bad": _description(
                "Failed",
                "AlgorithmError: ExitCode 1\nValueError: bad fails on purpose",
            ),
            "ended": _description("Stopped"),
            "work": _description("Completed", form="Processing"),
            "flow": _description("Completed", form="Processing"),
        },
        ids={
            "fine": "training-1",
            "bad": "training-2",
            "ended": "training-3",
            "work": "processing-4",
            "flow": "processing-5",
        },
        logs={
            "fine": [*(f"line {n} of fine" for n in range(12)), "end of fine"],
            "bad": [f"line {n} of bad" for n in range(3)],
            "ended": ["line 0 of ended", "line 1 of ended"],
            "work": [*(f"line {n} of work" for n in range(3)), "end of work"],
            "flow": ["500 -> 500 rows"],
        },
        objects={
            "a": _stored(made("a 1", 10)),
            **{
                f"checkpoints/fine/checkpoint-{n}": _stored(
                    made(f"checkpoint-{n} of fine", CHECKPOINT_BYTES)
                )
                for n in (0, 10)
            },
            f"out/{JOB}/while/checkpoint-0": _stored(
                made("checkpoint-0 of work", CHECKPOINT_BYTES)
            ),
        },
        answers={"fine": answer("fine"), "work": answer("work"), "flow": flowed(f"a\n{ROWS_OUT}")},
        endpoint={"EndpointStatus": "InService", "EndpointConfigName": "first"},
    )
    return history, state


def test_a_good_round_is_not_complained_of() -> None:
    assert broken(*_good()) == []


def _set(path: str, value: Any) -> Callable[[History, State], None]:
    """Plant a value: ``state.jobs.fine`` and the like."""

    def plant(history: History, state: State) -> None:
        first, *middle, last = path.split(".")
        at: Any = {"history": history, "state": state}[first]
        for name in middle:
            at = at[name] if isinstance(at, dict) else getattr(at, name)
        if isinstance(at, dict):
            at[last] = value
        else:
            setattr(at, last, value)

    return plant


def _without(kind: str, name: str) -> Callable[[History, State], None]:
    return lambda _history, state: getattr(state, kind).pop(name)


def _failed_invocation(**call: Any) -> Callable[[History, State], None]:
    return lambda history, _state: history.invocations.append(
        _call("refused", **{"status": 424, **call})
    )


LINES = [f"line {n} of fine" for n in range(12)]
PLANTED: dict[str, tuple[Callable[[History, State], None], str]] = {
    "a lost job": (_without("jobs", "fine"), "fine was accepted, but does not exist"),
    "a stuck job": (_set("state.jobs.fine", _description("InProgress")), "is stuck in InProgress"),
    "a wrong end": (_set("state.jobs.bad", _description("Completed")), "cannot have completed"),
    "a stop by nobody": (_set("history.jobs.ended.stops", []), "was stopped by nobody"),
    "a false reason": (
        _set("state.jobs.fine", _description("Failed", "the supervisor was killed")),
        "failed, which nothing explains",
    ),
    "a refused job that runs": (
        _set("history.jobs.fine.create", _call("refused", status=400)),
        "fine was refused (), but exists",
    ),
    "a deleted job that is there": (_set("history.jobs.fine.delete", _call()), "was deleted"),
    "a gap": (_set("state.logs.fine", [*LINES[:4], *LINES[5:]]), "for line 4"),
    "a repeat": (_set("state.logs.fine", [*LINES[:4], *LINES[3:]]), "for line 4"),
    "a torn line": (_set("state.logs.ended", ["line 0 of ended", "line 1 o"]), "torn line"),
    "a short log": (_set("state.logs.fine", LINES[:5]), "completed with 5 of 12 lines"),
    "no end of the log": (_set("state.logs.fine", LINES), "completed with 12 of 12"),
    "another model": (_set("state.answers.fine", "00"), "is not what it wrote"),
    "no model": (_without("answers", "fine"), "is not what it wrote"),
    "no checkpoint": (_without("objects", "checkpoints/fine/checkpoint-10"), "is not stored"),
    "half a checkpoint": (
        _set("state.objects.checkpoints/fine/checkpoint-0", _stored(b"half")),
        "is not what fine wrote",
    ),
    "a stuck processing job": (
        _set("state.jobs.work", _description("Stopping", form="Processing")),
        "work is stuck in Stopping",
    ),
    "an output that was not kept": (
        _without("objects", f"out/{JOB}/while/checkpoint-0"),
        "checkpoint-0 of work, which completed, is not stored",
    ),
    "a flow's row lost": (
        _set("state.answers.flow", flowed("\n".join(["a", *WITHOUT_B[1:]]))),
        "the result of flow",
    ),
    "a lost object": (_without("objects", "a"), "a holds nothing"),
    "another object": (_set("state.objects.a", _stored(b"other")), "holds 5 other bytes"),
    "half an upload": (_set("state.objects.b", _stored(b"half")), "holds 4 other bytes"),
    "a wrong ETag": (
        _set("state.objects.a", {**_stored(made("a 1", 10)), "etag": "00"}),
        "a has ETag 00",
    ),
    "an internal error": (
        _set("history.calls", [_call("refused", status=500, code="InternalFailure")]),
        "500 InternalFailure",
    ),
    "a 503 without a word": (
        _set("history.calls", [_call("refused", status=503, message="Sorry")]),
        "503",
    ),
    "a database that was there": (
        _set("history.calls", [_call("refused", status=503, message=AWAY)]),
        "the database is away",
    ),
    "a failed invocation": (_failed_invocation(), "an invocation failed, which nothing explains"),
    "a wrong answer": (
        lambda history, _state: history.invocations.append(_call("wrong")),
        "an invocation failed",
    ),
    "another configuration": (
        _set("state.endpoint.EndpointConfigName", "second"),
        "the endpoint serves second",
    ),
    "a failed endpoint": (_set("state.endpoint.EndpointStatus", "Failed"), "endpoint is Failed"),
    "an orphan": (_set("state.processes", ["trainer 7"]), "process left: trainer 7"),
    "a temporary file": (_set("state.files", ["x"]), "file left: x"),
    "a lease": (_set("state.leases", ["x"]), "lease left: x"),
    "a damaged database": (_set("state.integrity", ["x"]), "database: x"),
    "no rest": (_set("state.unsettled", ["x"]), "never settled: x"),
    "a server that died": (_set("history.notes", ["the server ended by itself"]), "by itself"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_violation_is_found(name: str) -> None:
    history, state = _good()
    plant, words = PLANTED[name]
    plant(history, state)
    assert any(words in line for line in broken(history, state)), broken(history, state)


def _hit(label: str, at: float, role: str = "", job: str = "") -> Injected:
    return Injected(label, at, at, role, job)


def test_a_fault_excuses_only_what_it_hit() -> None:
    history, state = _good()
    history.faults = [_hit("kill shim", 110.0, "shim", "training-1")]
    reason = "InternalServerError: the job's supervisor was killed; please start the job again"
    state.jobs["fine"] = _description("Failed", reason)
    assert broken(history, state) == []
    history.faults = [_hit("kill shim", 110.0, "shim", "training-2")]
    assert broken(history, state)


def test_nobody_is_refused_while_a_control_plane_has_the_gateways_socket() -> None:
    history, state = _good()
    history.faults = [_hit("kill gateway", 110.0, "gateway")]
    history.invocations.append(_call("unknown", 109.95, status=0))  # in flight
    history.invocations.append(_call(started=112.0))
    assert broken(history, state) == []
    history.invocations.append(_call("undelivered", 111.0, status=0))
    assert "an invocation was refused" in broken(history, state)[0]
    history.faults.append(_hit("kill server", 110.5, "server"))
    assert broken(history, state) == []


def test_a_killed_worker_excuses_requests_in_flight_alone() -> None:
    history, state = _good()
    history.faults = [_hit("kill worker", 140.0, "worker")]
    _failed_invocation(started=139.95)(history, state)
    assert broken(history, state) == []
    _failed_invocation(started=141.0)(history, state)
    assert "nothing explains" in broken(history, state)[0]


def test_an_excused_invocation_still_needs_an_error_to_try_again_on() -> None:
    history, state = _good()
    history.faults = [_hit("kill worker", 140.0, "worker")]
    _failed_invocation(started=139.95, status=500)(history, state)
    assert "nobody would try again on" in broken(history, state)[0]


def test_slow_recovery_is_measured_and_found() -> None:
    history, state = _good()
    history.faults = [_hit("kill gateway", 149.0, "gateway")]
    assert recoveries(history) == {"kill gateway": [pytest.approx(1.1)]}
    assert broken(history, state) == []
    history.faults = [_hit("kill gateway", 150.0 - RETURN_S - 1, "gateway")]
    assert "until an invocation succeeded" in broken(history, state)[0]


def test_the_return_of_the_control_plane_is_measured() -> None:
    history, _ = _good()
    history.calls = [_call(started=at) for at in (99.0, 103.0)]
    history.faults = [
        Injected("crash database", 99.5, 101.0),
        Injected("cut database", 99.5, 102.0),
        Injected("kill worker", 99.0, 99.0, "worker"),
        Injected("pause server", 102.5, 103.5, "server"),
        Injected("busy", 105.0, 106.0),
    ]
    found = returns(history)
    assert found["cut database"] == [pytest.approx(0.5)]  # until there was no server
    assert found["crash database"] == [pytest.approx(0.5)]  # nor the time of the cut
    assert found["pause server"] == [0.0]  # it answered before the fault was known to be over
    assert found.keys() == {"cut database", "crash database", "pause server"}
    history.faults = history.faults[:1]
    history.calls[1].ended += RETURN_S
    assert any("until a request was accepted" in line for line in broken(history, State()))


def test_never_recovering_is_found() -> None:
    history, state = _good()
    history.faults = [_hit("kill gateway", 160.0, "gateway")]
    assert "no invocation succeeded after kill gateway" in broken(history, state)[0]


def test_time_without_a_control_plane_does_not_count() -> None:
    history, state = _good()
    away = Injected("kill server", 125.0, 149.5, "server")
    history.faults = [_hit("kill gateway", 126.0, "gateway"), away]
    assert recoveries(history) == {"kill gateway": [pytest.approx(0.6)]}
    assert broken(history, state) == []


def test_time_counts_from_the_last_fault_before_the_answer() -> None:
    history, _ = _good()
    history.faults = [_hit("kill gateway", 126.0, "gateway"), _hit("kill worker", 148.0, "worker")]
    assert recoveries(history)["kill gateway"] == [pytest.approx(2.1)]


def test_a_refused_connection_is_excused_until_all_is_back_and_no_longer() -> None:
    history, state = _good()
    history.faults = [_hit("power", 145.0)]
    history.invocations.append(_call("undelivered", 147.0, status=0))
    assert broken(history, state) == []
    history.invocations.append(_call("undelivered", 152.0, status=0))
    assert "nothing explains" in broken(history, state)[0]


def test_time_in_the_way_counts_once() -> None:
    assert covered([(12.0, 22.0), (10.0, 20.0), (13.0, 14.0)], 5.0, 25.0) == 12.0
    assert covered([(1.0, 7.0), (20.0, 40.0)], 5.0, 25.0) == 7.0
    assert covered([(1.0, 2.0), (30.0, 40.0)], 5.0, 25.0) == 0.0


def test_limits_stretch_with_the_machine() -> None:
    history, state = _good()
    history.faults = [_hit("kill gateway", 150.0 - RETURN_S - 1, "gateway")]
    assert broken(history, state)
    history.starts = [2.0, 12.0, 13.0]
    assert slowness(history) == pytest.approx(4.0)
    assert broken(history, state) == []
