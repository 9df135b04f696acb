"""What an answer may look like, whatever the request was."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from xml.etree import ElementTree

from fuzz_http import Answer

#: Longest time for an answer, in seconds; the machine may be busy with others' work.
PATIENCE_S = 20.0
#: The HTTP server's own answer to what is no HTTP, before there is a request to answer.
NOT_HTTP = b"Invalid HTTP request received."
_LEAKS = (
    (re.compile(r"Traceback \(most recent call last\)"), "a traceback"),
    (re.compile(r'File \\?"[^"]+", line \d+'), "a line of a traceback"),
    (re.compile(r"\b(?:site-packages|studio_ext|sqlalchemy|sqlite3|psycopg)\b"), "a package"),
    (re.compile(r"/[\w.-]+\.py\b"), "the path of a source file"),
    (re.compile(r"<[\w.]+ object at 0x[0-9a-f]+>"), "an object"),
    (re.compile(r"\broot:x:0:0:"), "/etc/passwd"),
    (
        re.compile(
            r"\b(?:(?:Attribute|Key|Type|Value|Index|Unicode\w+|OS|Overflow)Error"
            r"|(?:Operational|Integrity|Interface|Data|Statement)Error)\b"
        ),
        "the name of a Python exception",
    ),
)


@dataclass(frozen=True)
class Case:
    """What was sent, as far as the judgement depends on it.

    ``refused``: the answer must be a client error; ``member``: its message must name that.
    ``codes``: the only codes or statuses that it may have. ``raw`` requests are broken as HTTP:
    the server may close the connection without an answer, or answer in plain text.
    """

    operation: str
    protocol: str
    method: str = "POST"
    refused: bool = False
    member: str = ""
    codes: frozenset[str | int] = frozenset()
    raw: bool = False
    private: tuple[str, ...] = ()


def judge(case: Case, answer: Answer) -> list[str]:
    """What is wrong with an answer, in words; nothing when it is right."""
    if answer.status <= 0:
        if answer.status == 0 and case.raw:
            return []
        return [answer.trouble or "the server closed the connection without an answer"]
    problems = [check(case, answer) for check in _CHECKS]
    return [problem for problem in problems if problem]


def error_of(protocol: str, answer: Answer) -> tuple[str, str]:
    """Code and message of an error answer; ValueError when it is not in the protocol's form.

    ``any`` stands for one of them: of a request that no longer says what it was for.
    """
    if protocol == "any":
        is_xml = "xml" in answer.headers.get("content-type", "")
        protocol = "rest-xml" if is_xml else "json"
    if protocol in ("rest-xml", "query"):
        root = ElementTree.fromstring(answer.body)
        if protocol == "query" and _plain(root.tag) != "ErrorResponse":
            raise ValueError(f"the root is {root.tag}")
        texts = {_plain(element.tag): element.text or "" for element in root.iter()}
        return texts["Code"], texts["Message"]
    document = json.loads(answer.body)
    if not isinstance(document, dict):
        raise ValueError("the body is not a JSON object")
    message = document.get("message") or document.get("Message") or ""
    code = answer.headers.get("x-amzn-errortype") or document.get("__type") or ""
    return code.rpartition("#")[2].partition(":")[0], message


def _plain(tag: str) -> str:
    return tag.rpartition("}")[2]


def _status(case: Case, answer: Answer) -> str | None:
    if answer.status == 501:
        return None  # its code is looked at with the form
    if answer.status == 503 and b"cannot be invoked" in answer.body:
        return None  # the model's workers are at their limit
    if answer.status >= 500:
        return f"status {answer.status}: {answer.body[:300]!r}"
    if not 200 <= answer.status < 500:
        return None if answer.status == 304 else f"status {answer.status}"
    return None


def _leak(case: Case, answer: Answer) -> str | None:
    text = answer.body.decode("utf-8", "replace") + repr(answer.headers)
    if answer.status < 400 and "octet-stream" in answer.headers.get("content-type", ""):
        return None
    for pattern, what in _LEAKS:
        if found := pattern.search(text):
            return f"the answer shows {what}: ...{text[max(0, found.start() - 80) :][:300]}"
    for secret in case.private:
        if secret in text:
            return f"the answer shows {secret}"
    return None


def _form(case: Case, answer: Answer) -> str | None:
    if answer.status < 400 or case.method == "HEAD":
        return None
    if answer.status == 400 and NOT_HTTP in answer.body:
        return None
    try:
        code, message = error_of(case.protocol, answer)
    except (ValueError, KeyError, ElementTree.ParseError) as error:
        return f"not an error of {case.protocol}: {error}: {answer.body[:300]!r}"
    if not code or not message.strip():
        return f"an error without code or message: {answer.body[:300]!r}"
    if answer.status == 501 and code != "NotImplemented":
        return f"status 501 with the code {code}"
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9.]*", code):
        return f"the code {code!r} is none"
    return None


def _refusal(case: Case, answer: Answer) -> str | None:
    if case.refused and answer.status < 400:
        return f"accepted with status {answer.status}"
    if case.method == "HEAD" or answer.status < 400 or not (case.codes or case.member):
        if case.codes and answer.status < 400 and answer.status not in case.codes:
            return f"status {answer.status} is none of {sorted(map(str, case.codes))}"
        return None
    if NOT_HTTP in answer.body:
        return None
    try:
        code, message = error_of(case.protocol, answer)
    except (ValueError, KeyError, ElementTree.ParseError):
        return None  # told by the form
    if case.codes and not case.codes & {code, answer.status}:
        return f"{answer.status} {code} is none of {sorted(map(str, case.codes))}: {message[:200]}"
    if case.refused and case.member and case.member.lower() not in message.lower():
        return f"the message does not name {case.member}: {code}: {message[:300]}"
    return None


def _time(_case: Case, answer: Answer) -> str | None:
    if answer.seconds > PATIENCE_S:
        return f"the answer took {answer.seconds:.1f} s"
    return None


def _length(_case: Case, answer: Answer) -> str | None:
    if len(answer.body) > 4 << 20 and answer.status >= 400:
        return f"an error of {len(answer.body)} bytes"
    return None


_CHECKS: tuple[Callable[[Case, Answer], str | None], ...] = (
    _status,
    _leak,
    _form,
    _refusal,
    _time,
    _length,
)
