"""What all commands that call the API share."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

from ..notebook import session

Command = Callable[[argparse.Namespace], int]


def fail(reason: object) -> int:
    """Say on stderr why a command failed; its exit status."""
    print(f"studio: {reason}", file=sys.stderr)
    return 1


def calling(command: Callable[[argparse.Namespace, Any], int]) -> Command:
    """A command that calls the API: connects this process, and words the API's errors."""

    def connected(options: argparse.Namespace) -> int:
        from botocore.exceptions import BotoCoreError, ClientError

        from ..notebook.jobs import Api, NoSuchName, reason

        session.require_running(options.home)
        session.apply(options.home)
        try:
            return command(options, Api())
        except (ClientError, BotoCoreError, NoSuchName) as error:
            return fail(reason(error))

    return connected


def printing(do: Callable[..., str], *names: str) -> Command:
    """A command that prints what a function says of the API and of some of its options."""

    def run(options: argparse.Namespace, api: Any) -> int:
        print(do(api, *(getattr(options, name) for name in names)))
        return 0

    return calling(run)
