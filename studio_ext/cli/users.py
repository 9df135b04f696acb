"""``studio user`` and ``studio keys``."""

from __future__ import annotations

import argparse
from typing import Any

from .. import users
from .calling import printing


def add_commands(commands: Any, home: argparse.ArgumentParser) -> None:
    """Add both to the parser's commands."""
    help = "User profiles: each with an account, keys and things of its own."
    people = commands.add_parser("user", help=help, description=help).add_subparsers(
        required=True, metavar="ACTION"
    )
    help = "Access keys of user profiles."
    keys = commands.add_parser("keys", help=help, description=help).add_subparsers(
        required=True, metavar="ACTION"
    )
    for actions, action, command, text in (
        (people, "add", printing(users.add, "name"), "Create a user profile."),
        (people, "remove", printing(users.remove, "name"), "Delete a profile that runs nothing."),
        (people, "list", printing(users.listed), "Show the user profiles."),
        (keys, "create", printing(users.create_key, "user"), "Make a key and print it, this once."),
        (
            keys,
            "list",
            printing(users.listed_keys, "user"),
            "Show the keys, less their secrets.",
        ),
        (keys, "revoke", printing(users.revoke_key, "user", "key"), "End a key, within seconds."),
    ):
        made = actions.add_parser(action, parents=[home], help=text, description=text)
        made.set_defaults(command=command)
        if actions is keys:
            made.add_argument("--user", required=True, metavar="NAME", help="whose")
        if action == "revoke":
            made.add_argument("key", metavar="ACCESS_KEY_ID")
        if actions is people and action != "list":
            made.add_argument("name", metavar="NAME")
