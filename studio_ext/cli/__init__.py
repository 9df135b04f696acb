"""The ``studio`` command.

Nothing heavy is imported before the command that needs it: ``eval "$(studio env)"`` stands in shell
start-up files.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from typing import Any

from .. import __version__
from ..config import Config
from ..notebook import session
from ..notebook.jobs import JOBS, positive
from . import schedules, users
from .calling import Command, calling, fail


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0, or 1 with the reason on stderr."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except session.NotRunning as error:
        return fail(error)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `studio logs NAME | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _serve(options: argparse.Namespace) -> int:
    from .. import serving
    from ..occupancy import HomeInUse
    from ..store.database import DatabaseError

    config = Config(home=options.home)
    config.share_home = options.share or os.environ.get("STUDIO_SHARED", "") not in ("", "0")
    if options.host is not None:
        config.host = options.host
    if options.port is not None:
        config.port = options.port
    try:
        serving.serve(config)
    except (HomeInUse, DatabaseError) as error:
        return fail(error)
    except OSError as error:
        return fail(error.strerror or error)
    return 0


def _env(options: argparse.Namespace) -> int:
    session.require_running(options.home)
    if options.user is not None:
        from ..store.credentials import UnknownUserProfile
        from ..users import keep_key

        try:
            keep_key(options.home, options.user)
        except UnknownUserProfile as error:
            return fail(f"there is no user profile {error}; studio user add makes one")
    variables = session.connection(options.home, user_profile=options.user)
    unset = session.foreign(variables)
    for line in (_fish if options.shell == "fish" else _posix)(variables, unset):
        print(line)
    return 0


def _posix(variables: dict[str, str], unset: list[str]) -> list[str]:
    return [f"unset {' '.join(unset)}"] + [
        f"export {name}={shlex.quote(value)}" for name, value in variables.items()
    ]


def _fish(variables: dict[str, str], unset: list[str]) -> list[str]:
    def quoted(value: str) -> str:
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"

    return [f"set -e {name};" for name in unset] + [
        f"set -gx {name} {quoted(value)};" for name, value in variables.items()
    ]


def _jobs(options: argparse.Namespace, api: Any) -> int:
    from ..notebook import jobs

    print(jobs.listing(api, options))
    return 0


def _endpoints(options: argparse.Namespace, api: Any) -> int:
    from ..notebook import jobs

    print(jobs.table(jobs.endpoints(api, limit=options.limit), "No endpoints."))
    return 0


def _logs(options: argparse.Namespace, api: Any) -> int:
    from ..notebook import jobs, logs

    line, only = None, jobs.meant(options)
    for line in logs.log_lines(api, options.name, only=only, follow=options.follow):
        print(line, flush=options.follow)
    if line is None:
        print(f"The log of {options.name} is empty.", file=sys.stderr)
    return 0


def _trace(options: argparse.Namespace) -> int:
    from ..seen import trace

    found = trace.trace(Config(home=options.home), options.id)
    if not found:
        return fail(f"no log of {options.home} has a request {options.id}")
    for line in found:
        fields = " ".join(f"{name}={value}" for name, value in line.fields.items())
        print(f"{line.time}  {line.file}  {line.text}{f'  {fields}' if fields else ''}")
    return 0


def _audit(options: argparse.Namespace) -> int:
    import json

    from ..seen import auditread
    from ..seen.audit import read_journals

    folder = Config(home=options.home).logs_dir / "audit"
    found = auditread.newest(
        folder, auditread.matching(options.user, options.operation), since=options.since or ""
    )
    records = [item.record for item, _ in zip(found, range(options.limit), strict=False)][::-1]
    if options.json:
        for record in records:
            print(json.dumps(record))
        return 0
    known = {record["eventID"] for record in records}
    for record in records:
        print(auditread.words(record))
    for record in read_journals(folder):
        if record["eventID"] not in known:
            print(f"{auditread.words(record)}  (no outcome yet)")
    return 0


def _metrics_token(options: argparse.Namespace) -> int:
    from ..seen import exposition

    config = Config(home=options.home)
    config.make_folders()
    print(exposition.token(config))
    return 0


def _stop(options: argparse.Namespace, api: Any) -> int:
    from ..notebook import jobs

    print(jobs.stop(api, options.name, jobs.meant(options)))
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from .. import doctor

    config = Config(home=options.home)
    if options.fix:
        doctor.fix(config, print)
    return doctor.report(config, print, as_json=options.json)


def _kernel_add(options: argparse.Namespace) -> int:
    return _kernel(lambda kernels, home: kernels.add(options.name, home, _progress), options)


def _kernel_remove(options: argparse.Namespace) -> int:
    return _kernel(lambda kernels, home: kernels.remove(options.name, home, _progress), options)


def _kernel_list(options: argparse.Namespace) -> int:
    from .. import kernels

    found = kernels.installed()
    for name, recipe in sorted(kernels.RECIPES.items()):
        state = found.get(name, "not installed")
        print(f"{name:12} {recipe.display_name:28} {state}")
    return 0


def _kernel(do: Callable[[Any, Any], object], options: argparse.Namespace) -> int:
    from .. import kernels

    try:
        do(kernels, Config(home=options.home).path)
    except kernels.KernelError as error:
        return fail(error)
    return 0


def _progress(line: str) -> None:
    print(line, flush=True)


def _version(options: argparse.Namespace) -> int:
    print(f"studio {__version__}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="studio", description="SageMaker's workflow on your own machine."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    home = argparse.ArgumentParser(add_help=False)
    home.add_argument(
        "--home",
        default=str(session.default_home()),
        metavar="DIR",
        help="folder with Studio's data (default: $STUDIO_HOME or ~/.studio)",
    )

    def add(name: str, command: Command, help: str, **kwargs: Any) -> argparse.ArgumentParser:
        made = commands.add_parser(name, parents=[home], help=help, description=help, **kwargs)
        made.set_defaults(command=command)
        return made

    serve = add("serve", _serve, "Run the control plane in the foreground, without JupyterLab.")
    serve.add_argument("--port", type=_port, metavar="N", help="default: a free one, kept")
    serve.add_argument("--host", metavar="ADDRESS", help="default: 127.0.0.1")
    serve.add_argument(
        "--share", action="store_true", help="run beside another one on this home, sharing the work"
    )

    env = add("env", _env, 'Print what connects a shell to Studio: eval "$(studio env)".')
    env.add_argument(
        "--shell", choices=["posix", "fish"], default="posix", help="whose syntax (default: posix)"
    )

    env.add_argument("--user", metavar="NAME", help="as which user profile (default: default)")

    jobs = add("jobs", calling(_jobs), "List jobs, newest first.")
    jobs.add_argument("--kind", choices=list(JOBS), help="of this kind alone")
    jobs.add_argument(
        "--status", choices=["InProgress", "Completed", "Failed", "Stopping", "Stopped"]
    )
    jobs.add_argument("--limit", type=positive, default=20, metavar="N", help="default: 20")

    endpoints = add("endpoints", calling(_endpoints), "List endpoints, newest first.")
    endpoints.add_argument("--limit", type=positive, default=20, metavar="N", help="default: 20")

    logs = add("logs", calling(_logs), "Print the log of a job or an endpoint.")
    _add_job(logs)
    logs.add_argument(
        "-e", "--endpoint", action="store_true", help="the endpoint, if several have the name"
    )
    logs.add_argument("-f", "--follow", action="store_true", help="go on until the job ends")

    trace = add("trace", _trace, "Print all that is known of one API request, in order of time.")
    trace.add_argument("id", metavar="REQUEST_ID", help="ResponseMetadata.RequestId of an answer")

    audit = add("audit", _audit, "Print who changed what, from the audit log, the newest last.")
    audit.add_argument("--user", metavar="PROFILE", help="of this user profile alone")
    audit.add_argument("--operation", metavar="NAME", help="such as CreateTrainingJob")
    audit.add_argument(
        "--since",
        type=_since,
        metavar="TIME",
        help="2026-01-31, 2026-01-31T09:00Z, 90m, 12h, 7d",
    )
    audit.add_argument("--limit", type=positive, default=100, metavar="N", help="default: 100")
    audit.add_argument("--json", action="store_true", help="the records, in CloudTrail's form")

    add("metrics-token", _metrics_token, "Print the token that lets Prometheus read /metrics.")

    stop = add("stop", calling(_stop), "Stop a job.")
    _add_job(stop)

    check = add("doctor", _doctor, "Check that all is in order; say what is not and what mends it.")
    check.add_argument("--json", action="store_true", help="for programs")
    check.add_argument("--fix", action="store_true", help="mend what can be mended without harm")
    schedules.add_commands(commands, home)
    users.add_commands(commands, home)
    _add_kernel_commands(commands, home)
    version = commands.add_parser("version", help="Print the version.")
    version.set_defaults(command=_version)
    return parser


def _add_job(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    help = "the processing job, if several have the name"
    parser.add_argument("-p", "--processing", action="store_true", help=help)


def _add_kernel_commands(commands: Any, home: argparse.ArgumentParser) -> None:
    help = "Kernels with packages of their own, connected to Studio."
    actions = commands.add_parser("kernel", help=help, description=help).add_subparsers(
        required=True, metavar="ACTION"
    )
    for action, command, text in (
        ("add", _kernel_add, "Create the environment and install the kernel (repeatable)."),
        ("remove", _kernel_remove, "Remove the kernel and its environment."),
        ("list", _kernel_list, "Show the kernels there are and which are installed."),
    ):
        made = actions.add_parser(action, parents=[home], help=text, description=text)
        made.set_defaults(command=command)
        if action != "list":
            made.add_argument("name", metavar="NAME", help="sagemaker")


def _since(text: str) -> str:
    """A moment as records write it; units count back from now."""
    import re
    import time

    ago = re.fullmatch(r"(\d+)([mhd])", text)
    if ago:
        seconds = int(ago[1]) * {"m": 60, "h": 3600, "d": 86400}[ago[2]]
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - seconds))
    if re.fullmatch(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?Z?)?", text):
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is no time: 2026-01-31, 2026-01-31T09:00, 12h, 7d")


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is no port number")
    return port
