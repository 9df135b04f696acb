"""Invocations: which ones a fault excuses; and how soon what was hit answers again."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from tests.faults.history import Call, History, Injected

#: Within this time after the loss of a part of the data plane, invocations succeed again: on a
#: machine that has time for it, and while nothing stands in the way.
RETURN_S = 15.0
#: A worker that stays stopped is replaced within this time, in which its request waits.
FROZEN_S = 15.0
#: Seconds that the server's start takes where nothing else runs; slower ones stretch the limits.
START_S = 3.0
#: The clock is read before the fault happens, and scheduling takes its time.
SLACK_S = 0.3
#: Without a control plane, its database or room on the disk, what was killed is not started again.
_IN_THE_WAY = ("kill server", "pause server", "power", "fill", "crash database")
#: Without a control plane nobody else has the gateway's socket, and where the next gateway cannot
#: start, nobody is made to wait for it: only then are clients refused.
_EXPOSE = ("kill server", "power", "fill", "crash database")
#: Seconds until a control plane that has just started has the socket.
HOLD_S = 5.0
#: Whom they hit but the data plane.
_CONTROL = ("power", "fill", "busy", "crash database", "cut database")
#: What a client may try again on: a broken connection, ModelError, ServiceUnavailable.
_RETRIABLE = (0, 424, 503)


def broken(history: History) -> Iterator[str]:
    """They fail only where the data plane was hit, and then with an error to try again on."""
    hits = {index: fault for index, fault in enumerate(history.faults) if touches(fault)}
    ends = {index: _first_answer(history, fault) for index, fault in hits.items()}
    for call in history.invocations:
        if call.outcome == "accepted":
            continue
        text = f"{call.name}: {call.outcome} {call.status} {call.code}: {call.message}"
        if not any(_excuses(fault, ends[index], history, call) for index, fault in hits.items()):
            yield f"an invocation failed, which nothing explains: {text} at {call.started:.2f}"
        elif call.outcome == "undelivered" and not _may_be_refused(history, call):
            yield f"an invocation was refused, though the socket is kept: {text}"
        elif call.outcome == "wrong" or call.status not in _RETRIABLE:
            yield f"an invocation failed with an error nobody would try again on: {text}"
    limits = {"freeze worker": FROZEN_S + RETURN_S}
    for label, times in recoveries(history).items():
        limit = limits.get(label, RETURN_S) * slowness(history)
        for seconds in times:
            if seconds == float("inf"):
                yield f"no invocation succeeded after {label}"
            elif seconds > limit:
                yield f"after {label} it took {seconds:.1f} s until an invocation succeeded"
    for label, times in returns(history).items():
        if max(times) > RETURN_S * slowness(history):
            yield f"after {label} it took {max(times):.1f} s until a request was accepted"


def _may_be_refused(history: History, call: Call) -> bool:
    patience = HOLD_S * slowness(history)
    return any(
        fault.at - SLACK_S <= call.ended and call.started <= fault.until + patience
        for fault in history.faults
        if fault.label in _EXPOSE
    )


def recoveries(history: History) -> dict[str, list[float]]:
    """For each fault of the data plane: seconds until a request made after it had its answer.

    Where more faults followed before, counted from the last of them; without the time in which
    there was no control plane or no room on the disk.
    """
    found: dict[str, list[float]] = {}
    for fault in history.faults:
        if touches(fault):
            end = _first_answer(history, fault)
            found.setdefault(fault.label, []).append(_took(history, fault, end))
    return found


def returns(history: History) -> dict[str, list[float]]:
    """For each fault of the control plane: seconds from its end until a request was accepted.

    A request counts that began after the fault did, and no time in which there was another one.
    Clients are done with the last fault of a round: after it there may be none.
    """
    found: dict[str, list[float]] = {}
    hits = [f for f in history.faults if f.role == "server" or f.label in _CONTROL]
    for fault in hits:
        done = max(fault.at, fault.done)
        calls = (c for c in history.calls if c.outcome == "accepted" and c.started >= done)
        end = min((call.ended for call in calls), default=None)
        if end is not None:
            waits = [(other.at, other.until) for other in hits]
            took = max(0.0, end - fault.until) - covered(waits, fault.until, end)
            found.setdefault(fault.label, []).append(took)
    return found


def slowness(history: History) -> float:
    """How many times slower than by itself this machine was."""
    return max(1.0, statistics.median(history.starts) / START_S) if history.starts else 1.0


def touches(fault: Injected) -> bool:
    """Whether it hits what answers invocations."""
    return fault.label == "power" or fault.role in ("gateway", "worker", "supervisor")


def _first_answer(history: History, fault: Injected) -> float:
    """When a request that was made after a fault was answered."""
    done = max(fault.at, fault.done)
    ends = [c.ended for c in history.invocations if c.outcome == "accepted" and c.started >= done]
    return min(ends, default=float("inf"))


def _took(history: History, fault: Injected, end: float) -> float:
    if end == float("inf"):
        return end
    before = [max(f.at, f.done) for f in history.faults if touches(f) and f.at < end]
    begun = max([max(fault.at, fault.done), *before])
    waits = [(f.at, f.until) for f in history.faults if f.label in _IN_THE_WAY]
    return max(0.0, end - begun) - covered(waits, begun, end)


def covered(spans: list[tuple[float, float]], begun: float, end: float) -> float:
    """Seconds of the time from ``begun`` to ``end`` that lie in any of the spans."""
    total, reached = 0.0, begun
    for since, until in sorted(spans):
        since, until = max(since, reached), min(until, end)
        if until > since:
            total += until - since
            reached = until
    return total


def _excuses(fault: Injected, answered: float, history: History, call: Call) -> bool:
    """Whether a request was in flight when its worker or the gateway went.

    While there is no gateway, connections are refused, until it is back.
    """
    if call.ended < fault.at - SLACK_S:
        return False
    if fault.role == "gateway" or fault.label == "power":
        return call.started <= answered
    slow = slowness(history)
    frozen = FROZEN_S * slow if fault.label.startswith("freeze") else 0.0
    return call.started <= fault.at + frozen + SLACK_S * slow
