"""Reasons found in the end of a log."""

from __future__ import annotations

import pytest

from studio_ext.run import failure

CHAINED = """start
Traceback (most recent call last):
  File "a.py", line 1, in <module>
    int("x")
ValueError: invalid literal

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "a.py", line 3, in <module>
    raise KeyError("y")
KeyError: 'y'
"""


@pytest.mark.parametrize(
    ("log", "message"),
    [
        (CHAINED, "KeyError: 'y'"),
        ("usage: x\ntrain.py: error: unknown --a\n", "usage: x\ntrain.py: error: unknown --a"),
        ("bar\r50%\rTraceback (most recent call last):\n  File\nE: m\n", "E: m"),
        (
            "Traceback (most recent call last):\n  File\n",
            "Traceback (most recent call last):\n  File",
        ),
        ("", ""),
    ],
)
def test_error_message(log: str, message: str) -> None:
    assert failure.error_message(log) == message


def test_script_error_has_the_toolkits_form() -> None:
    text = failure.script_error("ExecuteUserScriptError", 1, ["python", "a.py"], CHAINED, "why")
    assert text == (
        "ExecuteUserScriptError:\nExitCode 1\nErrorMessage \"KeyError: 'y'\"\n"
        'ExtraInfo "why"\nCommand "python a.py"'
    )


def test_long_messages_leave_room_for_the_command() -> None:
    log = "Traceback (most recent call last):\n  File\nValueError: " + "x" * 5000
    text = failure.script_error("ExecuteUserScriptError", 1, ["python", "a.py"], log)
    assert len(text) <= 1024
    assert text.endswith('Command "python a.py"')


@pytest.mark.parametrize(
    ("returned", "code", "text"),
    [
        (-9, 137, "Process killed by SIGKILL (signal 9); the machine may be out of memory"),
        (137, 137, "Process killed by SIGKILL (signal 9); the machine may be out of memory"),
        (-11, 139, "Process killed by SIGSEGV (signal 11)"),
        (-6, 134, "Process killed by SIGABRT (signal 6)"),
        (1, 1, None),
        (200, 200, None),
    ],
)
def test_signals(returned: int, code: int, text: str | None) -> None:
    assert (failure.exit_code(returned), failure.killed_by(returned)) == (code, text)
