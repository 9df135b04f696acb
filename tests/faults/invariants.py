"""What must hold after a round; pure functions from what happened and what is to what broke."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults import invocations
from tests.faults.contents import WITHOUT_B, answer, checkpoint, digest, flowed, made
from tests.faults.forms import FORMS
from tests.faults.history import Call, History, Injected, Job, State, Write

#: A fault may still be felt this long after it is over.
ECHO_S = 5.0
DISK_WORDS = ("space", "disk", "full")
#: Faults in which there is no database for a while.
AWAY = ("crash database", "cut database")
FLOWED = flowed("\n".join(["a", *WITHOUT_B]))
TERMINAL = ("Completed", "Failed", "Stopped")


def broken(history: History, state: State) -> list[str]:
    """Every violation, in words."""
    return [
        *(line for job in history.jobs.values() for line in _job(job, history, state)),
        *_objects(history, state),
        *_answers(history),
        *invocations.broken(history),
        *_endpoint(history, state),
        *(f"process left: {text}" for text in state.processes),
        *(f"file left: {text}" for text in state.files),
        *(f"lease left: {text}" for text in state.leases),
        *(f"database: {text}" for text in state.integrity),
        *(f"never settled: {text}" for text in state.unsettled),
        *(text for text in history.notes if not text.startswith("missed")),
    ]


# jobs


def _job(job: Job, history: History, state: State) -> Iterator[str]:
    found = state.jobs.get(job.name)
    deleted = job.delete is not None and job.delete.may_have_effect
    if found is None:
        if job.create.outcome == "accepted" and not deleted:
            yield f"{job.name} was accepted, but does not exist"
        return
    if not job.create.may_have_effect:
        yield f"{job.name} was {job.create.outcome} ({job.create.code}), but exists"
    if job.delete is not None and job.delete.outcome == "accepted":
        yield f"{job.name} was deleted, but exists"
    form = FORMS[job.form]
    status, reason = form.status(found), found.get("FailureReason", "")
    faults = _faults_on(job, found, history, state)
    if status not in TERMINAL:
        yield f"{job.name} is stuck in {status} ({found.get('SecondaryStatus')})"
        return
    if status == "Completed" and job.kind not in ("works", "flow"):
        yield f"{job.name} ({job.kind}) cannot have completed"
    if status == "Stopped" and not any(stop.may_have_effect for stop in job.stops):
        yield f"{job.name} was stopped by nobody"
    if status == "Failed" and not _is_true(job, reason, faults):
        yield f"{job.name} ({job.kind}) failed, which nothing explains: {reason!r}; {faults}"
    disk = any(fault.label == "fill" for fault in faults)
    yield from _log(job, status, state.logs.get(job.name, []), disk)
    yield from _artifacts(job, status, state, disk)


def _faults_on(job: Job, found: dict, history: History, state: State) -> list[Injected]:
    """What may have been the end of a job: hits of its processes, or what hits them all."""
    ended = FORMS[job.form].ended(found)
    identity = state.ids.get(job.name)
    return [
        fault
        for fault in history.faults
        if fault.at < ended
        and fault.until + ECHO_S > job.create.started
        and (
            fault.label in ("fill", "power")
            or (fault.label.startswith("kill") and fault.job and fault.job == identity)
        )
    ]


def _is_true(job: Job, reason: str, faults: list[Injected]) -> bool:
    """Whether a failure's reason says what happened."""
    if job.kind == "fails" and "fails on purpose" in reason and "ExitCode 1" in reason:
        return True
    words = {
        "kill trainer": ("SIGKILL",),
        "kill shim": ("supervisor was killed",),
        "power": ("supervisor was killed",),
        "fill": DISK_WORDS,
    }
    return any(
        word.lower() in reason.lower() for fault in faults for word in words.get(fault.label, ())
    )


def _log(job: Job, status: str, lines: list[str], disk: bool) -> Iterator[str]:
    """Numbered lines without gap, repeat or torn line, and all of them if the job completed."""
    if job.kind == "flow":
        return
    own = [line for line in lines if f"of {job.name}" in line and "purpose" not in line]
    numbered = [line for line in own if line.startswith("line ")]
    for number, line in enumerate(numbered):
        if line != f"line {number} of {job.name}":
            yield f"the log of {job.name} has {line!r} for line {number}"
            return
    if status == "Completed" and (
        len(numbered) != job.lines or lines[-1:] != [f"end of {job.name}"]
    ):
        yield f"{job.name} completed with {len(numbered)} of {job.lines} lines, then {lines[-1:]}"
    torn = [line for line in lines if line.startswith("lin") and line not in numbered]
    if torn and not disk:
        yield f"the log of {job.name} has a torn line {torn[0]!r}"


def _artifacts(job: Job, status: str, state: State, disk: bool) -> Iterator[str]:
    prefix = FORMS[job.form].prefix(job.name)
    if status == "Completed":
        wanted = FLOWED if job.kind == "flow" else answer(job.name)
        if state.answers.get(job.name) != wanted:
            yield f"the result of {job.name} is not what it wrote"
        for number in range(0, job.lines, 10):
            if f"{prefix}checkpoint-{number}" not in state.objects:
                yield f"checkpoint-{number} of {job.name}, which completed, is not stored"
    for key, found in state.objects.items():
        if not key.startswith(prefix) or key.endswith(".part"):
            continue
        if found["sha256"] != checkpoint(job.name, key.removeprefix(prefix)) and not disk:
            yield f"{key} is not what {job.name} wrote ({found['size']} bytes)"


# objects


def _objects(history: History, state: State) -> Iterator[str]:
    for key, found in state.objects.items():
        if "-" not in found["etag"] and found["etag"] != found["md5"]:
            yield f"{key} has ETag {found['etag']}, its bytes have MD5 {found['md5']}"
    for key, writes in _by_key(history.writes).items():
        allowed = _allowed(writes)
        there = state.objects.get(key)
        if (there["sha256"] if there else None) not in allowed:
            what = f"{there['size']} other bytes" if there else "nothing"
            asked = [f"{w.call.operation} {w.call.outcome}" for w in writes]
            yield f"{key} holds {what} after {asked}"


def _by_key(writes: list[Write]) -> dict[str, list[Write]]:
    found: dict[str, list[Write]] = {}
    for write in writes:
        found.setdefault(write.key, []).append(write)
    return found


def _allowed(writes: list[Write]) -> set[str | None]:
    """Digests that a key may have now (None: absent)."""
    allowed: set[str | None] = {None}
    for write in writes:
        wanted = digest(made(write.content, write.size)) if write.content else None
        if write.call.outcome == "accepted":
            allowed = {wanted}
        elif write.call.may_have_effect:
            allowed.add(wanted)
    return allowed


# answers


def _answers(history: History) -> Iterator[str]:
    """An error says what is wrong; none is a fault of the server's own."""
    for call in history.calls:
        if call.outcome == "refused" and call.status >= 500 and not _says_why(call, history):
            yield f"{call.operation} {call.name}: {call.status} {call.code}: {call.message}"


def _says_why(call: Call, history: History) -> bool:
    words = [*DISK_WORDS, "database is busy"]
    if any(_meets(call, fault) for fault in history.faults if fault.label in AWAY):
        words.append("database is away")
    return call.status in (503, 507) and any(word in call.message.lower() for word in words)


def _meets(call: Call, fault: Injected) -> bool:
    return call.ended > fault.at and call.started < fault.until + ECHO_S


def _endpoint(history: History, state: State) -> Iterator[str]:
    """The configuration that was accepted last serves, or the endpoint says why it does not."""
    found = state.endpoint
    if not found:
        yield "the endpoint is gone"
        return
    if found["EndpointStatus"] != "InService":
        yield f"the endpoint is {found['EndpointStatus']}: {found.get('FailureReason')}"
    asked = [call for call in history.updates if call.may_have_effect]
    later = [c for c in asked if c.outcome != "accepted"] or []
    accepted = [call for call in asked if call.outcome == "accepted"]
    if not accepted or found.get("FailureReason"):
        return
    allowed = {accepted[-1].name} | {c.name for c in later if c.started > accepted[-1].started}
    if found["EndpointConfigName"] not in allowed:
        yield f"the endpoint serves {found['EndpointConfigName']}, asked for was {allowed}"
