"""``%studio`` and ``%%studio train``: Studio from a notebook or IPython."""

# IPython's decorators are not typed.
# mypy: disable-error-code="no-untyped-call, untyped-decorator"

from __future__ import annotations

import argparse
import inspect
import os
import shlex
from collections.abc import Callable
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class
from IPython.core.magic_arguments import (
    MagicArgumentParser,
    argument,
    magic_arguments,
)
from IPython.display import display

from ..config import Config
from . import jobs as views
from . import session, wrangle
from .jobs import FINISHED, Api, NoSuchName
from .logs import log_lines
from .script import IMAGES, ScriptJob, unique_name

_HELP = """Studio from a notebook.

  %studio connect [--home DIR]    point boto3, the SageMaker SDK and the AWS CLI at Studio
  %studio jobs                    list training and processing jobs
  %studio job NAME                a training job, live, with a stop button
  %studio logs NAME [--follow]    the log of a job or an endpoint
  %studio endpoints               list endpoints
  %studio stop NAME               stop a job
  %%studio train --name N ...     train with the cell as the script

`%studio COMMAND --help` tells more of one command."""


class TrainingFailed(RuntimeError):
    """A training job did not complete; shown as its reason, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def load_ipython_extension(ipython: Any) -> None:
    """Register the magics and their completion."""
    magics = StudioMagics(ipython)
    ipython.register_magics(magics)
    ipython.set_hook("complete_command", magics.complete, re_key=r"%{1,2}studio")
    wrangle.register(ipython)


@magics_class
class StudioMagics(Magics):
    """The magics; each command is a method with its own arguments."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self._commands: dict[str, tuple[Callable[..., Any], MagicArgumentParser]] = {}
        for name in ("connect", "jobs", "job", "logs", "endpoints", "stop", "train"):
            method = getattr(type(self), name)
            parser = method.parser
            parser.formatter_class = argparse.RawDescriptionHelpFormatter
            parser.description = inspect.cleandoc(parser.description)
            parser.prog = f"%%studio {name}" if name == "train" else f"%studio {name}"
            self._commands[name] = (method, parser)

    @line_cell_magic
    def studio(self, line: str, cell: str | None = None) -> Any:
        # The first words are the help of `%studio?`; set below from _HELP.
        words = shlex.split(line)
        if not words or words[0] in {"help", "--help", "-h"}:
            print(_HELP)
            return None
        name, *rest = words
        if name not in self._commands:
            raise UsageError(f"%studio has no command {name!r}. `%studio` lists them.")
        method, parser = self._commands[name]
        if {"-h", "--help"} & set(rest):
            print(parser.format_help())
            return None
        if (cell is not None) != (name == "train"):
            right = (
                "%%studio train with the script below it" if name == "train" else f"%studio {name}"
            )
            raise UsageError(f"Write {right}.")
        options = parser.parse_args(rest)
        return self._worded(method, options, *([cell] if cell is not None else []))

    studio.__doc__ = _HELP

    def _worded(self, method: Callable[..., Any], *arguments: Any) -> Any:
        """Call a command; what a person can mend is said in one line."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return method(self, *arguments)
        except (session.NotRunning, NoSuchName, ClientError, BotoCoreError, ValueError) as error:
            raise UsageError(views.reason(error)) from None

    @magic_arguments()
    @argument("--home", metavar="DIR", help="Studio's folder (default: $STUDIO_HOME or ~/.studio)")
    def connect(self, options: argparse.Namespace) -> None:
        """Point this kernel at Studio: boto3, the SageMaker SDK and what `!` starts."""
        home = options.home or session.default_home()
        session.require_running(home)
        variables = session.apply(home)
        import studio_botocore

        studio_botocore.install()
        config = Config(home=str(home))
        rows = {
            "Connected": variables["AWS_ENDPOINT_URL"],
            "Region": variables["AWS_REGION"],
            "Bucket": f"s3://{config.default_bucket}",
            "Role": config.role_arn,
            "User": session.user(config.path),
        }
        print("\n".join(f"{name:10} {value}" for name, value in rows.items()))

    @magic_arguments()
    @argument("--status", help="InProgress, Completed, Failed, Stopping or Stopped")
    @argument("--kind", choices=list(views.JOBS), help="of this kind alone")
    @argument("--limit", type=views.positive, default=20, help="at most so many (default: 20)")
    def jobs(self, options: argparse.Namespace) -> None:
        """List jobs, newest first."""
        print(views.listing(self._api(), options))

    @magic_arguments()
    @argument("name", help="training job")
    def job(self, options: argparse.Namespace) -> Any:
        """Show a training job, live, with a stop button."""
        api = self._api()
        kind, _ = views.describe(api, options.name)
        if kind is views.PROCESSING:
            raise UsageError(f"{options.name} is a processing job: see %studio logs -f.")
        if kind is views.ENDPOINT:
            raise UsageError(f"{options.name} is an endpoint: see %studio endpoints.")
        from .widgets.job import JobWidget

        return JobWidget(options.name, api=api)

    @magic_arguments()
    @argument("name", help="job or endpoint")
    @argument("-p", "--processing", action="store_true", help="the processing job of the name")
    @argument("-e", "--endpoint", action="store_true", help="the endpoint of the name")
    @argument("-f", "--follow", action="store_true", help="go on until the job ends")
    def logs(self, options: argparse.Namespace) -> None:
        """Print the log of a job or an endpoint; interrupt the kernel to stop following."""
        line, only = None, views.meant(options)
        try:
            for line in log_lines(self._api(), options.name, only=only, follow=options.follow):
                print(line)
            if line is None:
                print(f"(the log of {options.name} is empty)")
        except KeyboardInterrupt:
            print(f"(no longer following {options.name})")

    @magic_arguments()
    @argument("--limit", type=views.positive, default=20, help="at most so many (default: 20)")
    def endpoints(self, options: argparse.Namespace) -> None:
        """List endpoints, newest first."""
        print(views.table(views.endpoints(self._api(), limit=options.limit), "No endpoints."))

    @magic_arguments()
    @argument("name", help="job")
    @argument("-p", "--processing", action="store_true", help="the processing job of the name")
    def stop(self, options: argparse.Namespace) -> None:
        """Stop a job."""
        print(views.stop(self._api(), options.name, views.meant(options)))

    @magic_arguments()
    @argument("--name", help="the job's name; it must be new")
    @argument("--base-name", default="notebook", help="start of a name; the time is appended")
    @argument("--image", default="sklearn", help=f"{', '.join(IMAGES)} or an image URI")
    @argument("--train", metavar="S3", help="data of the channel `train`")
    @argument("--validation", metavar="S3", help="data of the channel `validation`")
    @argument("--test", metavar="S3", help="data of the channel `test`")
    @argument("--channel", metavar="NAME=S3", action="append", default=[], help="another channel")
    @argument("--instance-type", default="ml.m5.large", help="(default: ml.m5.large)")
    @argument(
        "--hp",
        metavar="KEY=VALUE",
        nargs="+",
        action="extend",
        default=[],
        help="hyperparameters; the script gets --KEY VALUE",
    )
    @argument(
        "--env",
        metavar="KEY=VALUE",
        nargs="+",
        action="extend",
        default=[],
        help="environment variables of the script",
    )
    @argument("--requirements", metavar='"A B"', default="", help="packages to install for the job")
    @argument(
        "--metric",
        metavar="NAME=REGEX",
        action="append",
        default=[],
        help="a metric: the regex's group in the log",
    )
    @argument("--max-runtime", type=int, default=86_400, metavar="SECONDS", help="(default: a day)")
    @argument(
        "--wait",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="wait for the end (default); interrupting the kernel leaves the job running",
    )
    @argument("--out", metavar="VARIABLE", help="put the job's description in this variable")
    def train(self, options: argparse.Namespace, cell: str) -> Any:
        """Train with the cell as the script.

        The script finds its data in `os.environ["SM_CHANNEL_TRAIN"]`, and what it writes to
        `os.environ["SM_MODEL_DIR"]` becomes the model.
        """
        api = self._api()
        script = f"\n{cell}"  # in the place of %%studio: lines count as the cell shows them
        _check_syntax(script)
        job = ScriptJob(
            source=script,
            name=options.name or unique_name(options.base_name),
            image=options.image,
            channels=_channels(options),
            role_arn=Config().role_arn,
            instance_type=options.instance_type,
            hyperparameters=_pairs("--hp", options.hp),
            requirements=options.requirements.split(),
            metrics=_pairs("--metric", options.metric),
            environment=_pairs("--env", options.env),
            max_runtime_s=options.max_runtime,
        )
        job.submit(api)
        try:
            self._show(api, job.name, wait=options.wait)
        finally:
            description = api.sagemaker.describe_training_job(TrainingJobName=job.name)
            if options.out and self.shell is not None:
                self.shell.user_ns[options.out] = description
        if options.wait and description["TrainingJobStatus"] in FINISHED - {"Completed"}:
            raise TrainingFailed(
                f"Training {views.how_ended(description)}\nIts whole log: %studio logs {job.name}"
            )

    def _show(self, api: Api, name: str, *, wait: bool) -> None:
        """The job's widget in a notebook, its log in a terminal."""
        try:
            if getattr(self.shell, "kernel", None) is None:
                print(f"Training job {name}")
                if wait:
                    for line in log_lines(api, name, follow=True):
                        print(line)
                return
            from .widgets.job import JobWidget

            widget = JobWidget(name, api=api)
            display(widget)
            if wait:
                widget.wait()
                print(widget)
        except KeyboardInterrupt:
            print(f"(no longer waiting; {name} goes on: %studio job {name})")

    def complete(self, shell: Any, event: Any) -> list[str]:
        """Completions of the word before the cursor."""
        words = event.line.split()
        typed = "" if event.line.endswith(" ") else words.pop()
        if len(words) <= 1:
            is_cell = event.line.lstrip().startswith("%%")
            names = ["train"] if is_cell else [name for name in self._commands if name != "train"]
        elif words[1] not in self._commands:
            names = []
        elif typed.startswith("-"):
            names = list(self._commands[words[1]][1]._option_string_actions)
        elif words[-1] == "--image":
            names = list(IMAGES)
        elif words[1] in {"logs", "stop", "job"} and os.environ.get("AWS_ENDPOINT_URL"):
            names = [row["name"] for row in views.listed(Api(), limit=50)]
        else:
            names = []
        return [name for name in names if name.startswith(typed)]

    def _api(self) -> Api:
        if not os.environ.get("AWS_ENDPOINT_URL"):
            raise UsageError("This kernel is not connected: run `%studio connect` first.")
        return Api()


def _check_syntax(script: str) -> None:
    """Find a typing error here and not in the job."""
    try:
        compile(script, "<cell>", "exec")
    except SyntaxError as error:
        shown = f"\n    {error.text.rstrip()}" if error.text else ""
        raise UsageError(f"line {error.lineno} of the cell: {error.msg}{shown}") from None


def _channels(options: argparse.Namespace) -> dict[str, str]:
    named = {name: getattr(options, name) for name in ("train", "validation", "test")}
    return {k: v for k, v in named.items() if v} | _pairs("--channel", options.channel)


def _pairs(option: str, items: list[str]) -> dict[str, str]:
    pairs = {}
    for item in items:
        key, equals, value = item.partition("=")
        if not key or not equals:
            raise UsageError(f"{option} wants KEY=VALUE, not {item!r}")
        pairs[key] = value
    return pairs
