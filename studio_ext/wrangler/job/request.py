"""What a job is asked: its arguments, and the configuration that SageMaker puts beside it."""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from ..errors import FlowError, ParameterError, shown
from ..flow import Document

#: Where ``/opt/ml`` is, on machines where a job cannot have one of its own.
ML_VARIABLE = "STUDIO_ML"
#: ``output_config`` of the arguments -> ``output_config`` of a destination node.
_OUTPUT = {
    "content_type": "output_content_type",
    "delimiter": "delimiter",
    "compression": "compression",
}
_PARTITIONS = ("partition_by", "num_partitions")


@dataclass(frozen=True)
class Given:
    """A dataset that the platform has brought: the input's name and address, and its folder."""

    name: str
    address: str
    folder: Path


@dataclass(frozen=True)
class Place:
    """An output of the job: its folder, and the address that the folder's files go to."""

    folder: Path
    address: str


@dataclass(frozen=True)
class Wanted:
    """A table to write: the output ``output`` of ``node``, as ``config`` says, below ``folder``,
    which goes to ``address``."""

    node: str
    output: str
    folder: Path
    address: str
    config: Mapping[str, Any]

    @property
    def name(self) -> str:
        """As exports write it."""
        return f"{self.node}.{self.output}"


@dataclass(frozen=True)
class Request:
    """All of it. ``refitted``: where the refitted flow goes; None: nothing is learned anew."""

    job: str
    flow: Document
    given: Sequence[Given]
    wanted: Sequence[Wanted]
    refitted: Path | None
    checkpoints: Path
    #: Where connections and tables that the flow may name are listed.
    config: Path
    parameters: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, arguments: Sequence[str], ml: Path) -> Request:
        """From a command line and the files below ``ml``; FlowError names what is wrong."""
        asked = _parsed(arguments)
        config = json.loads((ml / "config" / "processingjobconfig.json").read_text())
        given = [
            Given(each["InputName"], each["S3Input"]["S3Uri"], Path(each["S3Input"]["LocalPath"]))
            for each in config["ProcessingInputs"]
            if "LocalPath" in each.get("S3Input", {})
        ]
        flow = _flow(ml / "processing" / "flow", given)
        outputs = {
            each["OutputName"]: each.get("S3Output", {})
            for each in config["ProcessingOutputConfig"]["Outputs"]
        }
        places = {
            name: Place(Path(target["LocalPath"]), target["S3Uri"])
            for name, target in outputs.items()
            if "LocalPath" in target
        }
        job = config["ProcessingJobName"]
        configs = _merged(asked.output_config, "--output-config")
        refit = _merged(asked.refit_trained_params, "--refit-trained-params")
        return cls(
            job,
            flow,
            given,
            _wanted(flow, places, configs, job),
            _refitted(refit, places, job),
            ml / "checkpoints",
            ml / "config",
            _merged(asked.parameter_override, "--parameter-override"),
        )


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise FlowError(f"ContainerArguments: {message}")


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """Exports write an option and its value as one argument, quoted as for a shell."""
    words: list[str] = []
    for each in arguments:
        try:
            words += shlex.split(each) if each.startswith("--") else [each]
        except ValueError as error:
            raise FlowError(f"ContainerArguments: {shown(each)}: {error}") from error
    parser = _Parser(prog="data-wrangler", allow_abbrev=False)
    for option in ("--output-config", "--refit-trained-params", "--parameter-override"):
        parser.add_argument(option, action="append", default=[])
    return parser.parse_args(words)


def _merged(texts: Sequence[str], option: str) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for text in texts:
        try:
            value = json.loads(text)
        except json.JSONDecodeError as error:
            raise FlowError(f"{option}: {shown(text)} is no JSON: {error}") from error
        if not isinstance(value, dict):
            raise FlowError(f"{option}: {shown(text)} is no JSON object")
        merged |= value
    return merged


def _flow(folder: Path, given: Sequence[Given]) -> Document:
    """The flow; where it is none, what is wrong with it, by the input that brought it."""
    file = _flow_file(folder)
    name = next((each.name for each in given if each.folder == folder), folder.name)
    try:
        return Document.open(file)
    except FlowError as error:
        told = error.message.replace(str(file), file.name)
        raise FlowError(
            f"ProcessingInputs[{name}]: {file.name} is no flow: {told}", field=error.field
        ) from error


def _flow_file(folder: Path) -> Path:
    """The one file, or of several the one that is called as flows are."""
    found = sorted(each for each in folder.glob("*") if each.is_file())
    flows = [each for each in found if each.suffix == ".flow"]
    for files in (found, flows):
        if len(files) == 1:
            return files[0]
    there = ", ".join(each.name for each in found) or "nothing"
    raise FlowError(
        f"ProcessingInputs: the input at {folder} is to bring one flow file; it brought {there}"
    )


def _wanted(
    flow: Document, places: Mapping[str, Place], configs: Mapping[str, Any], job: str
) -> list[Wanted]:
    """What the outputs and ``--output-config`` name; both name it ``<node>.<output>``."""
    nodes = {node.id for node in flow}
    names = list(configs) + [
        name for name in places if name not in configs and name.rpartition(".")[0] in nodes
    ]
    if not names:
        raise FlowError(
            "--output-config: it names no output, nor does ProcessingOutputConfig: name one as "
            "<node_id>.<output>"
        )
    found = []
    for name in names:
        node, _, output = name.rpartition(".")
        if node not in nodes:
            raise ParameterError("--output-config", name, "names no node of the flow")
        if name not in places and len(places) != 1:
            raise ParameterError(
                "ProcessingOutputConfig.Outputs", list(places), f"has no output named {name!r}"
            )
        place = places.get(name) or next(iter(places.values()))
        config = _output_config(flow, node, configs.get(name, {}))
        address = f"{place.address.rstrip('/')}/{job}/{node}/{output}/"
        found.append(Wanted(node, output, place.folder / job / node / output, address, config))
    return found


def _output_config(flow: Document, node: str, asked: Any) -> dict[str, Any]:
    """As a destination node has it: what the node itself says, and what the arguments change."""
    if not isinstance(asked, dict):
        raise ParameterError("--output-config", asked, "is no JSON object")
    partitions = {k: v for k, v in (asked.get("partition_config") or {}).items() if v is not None}
    unknown = sorted(set(asked) - set(_OUTPUT) - {"partition_config"})
    unknown += sorted(set(partitions) - set(_PARTITIONS))
    if unknown:
        known = ", ".join([*_OUTPUT, "partition_config"])
        raise ParameterError("--output-config", unknown[0], f"is none of {known}")
    own = flow[node].parameters.get("output_config") or {} if flow[node].inputs else {}
    kept = {key: value for key, value in own.items() if key != "output_path"}
    given = {_OUTPUT[key]: value for key, value in asked.items() if key in _OUTPUT}
    return {**kept, **given, **partitions}


def _refitted(refit: Mapping[str, Any], places: Mapping[str, Place], job: str) -> Path | None:
    if not refit.get("refit"):
        return None
    name = refit.get("output_flow") or f"{job}.flow"
    if not isinstance(name, str) or Path(name).name != name:
        raise ParameterError("--refit-trained-params.output_flow", name, "is no name of a file")
    if not places:
        raise FlowError("ProcessingOutputConfig: the refitted flow needs an output to go to")
    return next(iter(places.values())).folder / name
