"""Model server instances as processes of this machine: started, looked at, ended."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from .. import __version__
from ..control.hiding import hidden_from_code
from ..control.world import World
from ..files import drop_unfinished, read_json, write_json
from ..run import environments, images, processes
from ..seen import context
from ..store.objects import ObjectStore, ObjectStoreError, parse_s3_uri
from ..store.resources import Resource
from . import keys
from .modelserver import chain
from .modelserver.settings import Folder, socket_path

log = logging.getLogger(__name__)

STATUS = "status.json"
START_GRACE_S = 10.0
HEALTHY_S = 60.0
LARGEST_BETWEEN_MB = "100"
#: How long to wait, after the last start, with starting again what ends soon.
BACKOFF_S = (0.0, 1.0, 2.0, 5.0, 15.0, 60.0)


class InstanceFailed(Exception):
    """An instance that cannot come up; the text is for the user."""


@dataclass(frozen=True)
class Wanted:
    """An instance that a deployment asks for."""

    id: str
    variant: dict[str, Any]


def wanted(endpoint: Resource, deployment: dict[str, Any] | None) -> list[Wanted]:
    """Instances of a deployment, with ids that are the same each time.

    Each container of an inference pipeline runs as one of its own, after the one it is behind.
    """
    if deployment is None:
        return []
    found = []
    for variant in deployment["variants"]:
        for number in range(variant["count"]):
            identity = instance_id(endpoint, variant, number)
            found.append(Wanted(identity, variant))
            found += [
                Wanted(f"{identity}.{place}", {**variant, **container})
                for place, container in enumerate(variant.get("further", []), 1)
            ]
    return found


def front(identity: str) -> str:
    """The id of the first container of an instance, which alone is asked from outside."""
    return identity.partition(".")[0]


def instance_id(endpoint: Resource, variant: dict[str, Any], number: int) -> str:
    """Deterministic, so that looking twice never starts two."""
    return f"endpoint-{endpoint.id}-{variant['revision']}-{variant['name']}-{number}"


def folder(world: World, identity: str) -> Path:
    """The folder of an instance."""
    return world.config.endpoints_dir / identity


def observe(world: World, identity: str) -> dict[str, Any] | None:
    """The status an instance gives of itself; None when it was never started.

    Beside it ``alive``, ``starts`` (how often it was started since it last ran for long), ``due``
    (whether it is time to start it again) and the ``version`` of Studio that started it.
    """
    root = folder(world, identity)
    document = read_json(root / "instance.json")
    if document is None:
        return None
    starts, age = document.get("starts", 1), time.time() - document.get("started", 0.0)
    patience = BACKOFF_S[min(starts, len(BACKOFF_S)) - 1]
    own = {"starts": starts, "due": age >= patience or age < 0}
    own["version"] = document.get("version")
    status: dict[str, Any] | None = read_json(root / STATUS)
    if status is None:
        return {"state": "Starting", "reason": None, "workers": [], "alive": _is_new(root), **own}
    return {**status, "alive": _supervisor(root, status["pid"]) is not None, **own}


def _is_new(root: Path) -> bool:
    """Whether an instance was started so lately that its supervisor may have said nothing yet."""
    try:
        return time.time() - (root / "instance.json").stat().st_mtime < START_GRACE_S
    except FileNotFoundError:
        return False


def start(world: World, endpoint: Resource, instance: Wanted) -> None:
    """Start an instance that does not run; may be called again at any time."""
    root = folder(world, instance.id)
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    variant = instance.variant
    image = images.resolve(variant["image"])
    before = read_json(root / "instance.json") or {}
    now = time.time()
    lasted = now - before.get("started", now) > HEALTHY_S
    environment = {
        **_environment(world, endpoint, root, variant, image),
        **_pipeline(world, instance),
    }
    objects = world.objects_of(endpoint)
    code = environment.get("SAGEMAKER_SUBMIT_DIRECTORY", "")
    document = {
        "id": instance.id,
        "started": now,
        "starts": 1 if lasted else before.get("starts", 0) + 1,
        "endpoint": endpoint.name,
        "variant": variant["name"],
        "image": variant["image"],
        "python": environments.interpreter(image.framework),
        "framework": _framework(image, environment),
        "model_archive": _fetch(objects, root, variant["model_data"], "model.tar.gz"),
        "code_archive": _fetch(objects, root, code, "code.tar.gz") if "s3://" in code else None,
        "environment": environment,
        "environments": str(world.config.environments_dir),
        "workers": _workers(world, variant, environment),
        "socket_dir": str(world.config.socket_dir),
        "hidden": hidden_from_code(world.config),
        "request_id": endpoint.state.get(context.KEY, ""),
        "version": __version__,
    }
    if variant.get("startup_timeout_s"):
        document["startup_timeout_s"] = variant["startup_timeout_s"]
    log.info("starting model server %s", instance.id, extra={"instance": instance.id})
    (root / STATUS).unlink(missing_ok=True)
    drop_unfinished(root)
    write_json(root / "instance.json", document)
    with open(root / "log", "ab") as output:
        subprocess.Popen(
            [sys.executable, "-m", "studio_ext.hosting.modelserver", str(root)],
            env=environments.scrubbed(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            start_new_session=True,
        )


def _framework(image: images.Image, environment: dict[str, str]) -> str:
    scripted = environment.get("SAGEMAKER_PROGRAM") or environment.get("SAGEMAKER_SUBMIT_DIRECTORY")
    if image.algorithm and not scripted:
        return f"{image.algorithm}-algorithm"
    return image.framework


def _environment(
    world: World, endpoint: Resource, root: Path, variant: dict[str, Any], image: images.Image
) -> dict[str, str]:
    return {
        **keys.environment(world, endpoint, root),
        "SAGEMAKER_REGION": world.config.region,
        "AWS_REGION": world.config.region,
        **image.environment,
        **variant["environment"],
    }


def _pipeline(world: World, instance: Wanted) -> dict[str, str]:
    """What a container of an inference pipeline is told of the one behind it."""
    further = instance.variant.get("further", [])
    identity, _, place = instance.id.partition(".")
    number = int(place or 0)
    # Between containers a body may be larger than one that a client may send.
    told = {"SAGEMAKER_MAX_PAYLOAD_IN_MB": LARGEST_BETWEEN_MB} if number else {}
    if number < len(further):
        behind = {**instance.variant, **further[number]}
        image = images.resolve(behind["image"])
        count = _workers(world, behind, {**image.environment, **behind["environment"]})
        folder, name = str(world.config.socket_dir), f"{identity}.{number + 1}"
        told[chain.VARIABLE] = json.dumps(
            {
                "container": instance.variant["container"],
                "next": behind["container"],
                "sockets": [socket_path(folder, name, worker) for worker in range(count)],
            }
        )
    return told


def _workers(world: World, variant: dict[str, Any], environment: dict[str, str]) -> int:
    """By the container's own setting, else one for each core shared by the variant's instances."""
    asked = environment.get("SAGEMAKER_MODEL_SERVER_WORKERS", "")
    if re.fullmatch(r"[1-9]\d{0,2}", asked):
        return int(asked)
    return max(1, int(world.config.max_cores) // int(variant["count"] or 1))


def _fetch(objects: ObjectStore, root: Path, uri: str | None, name: str) -> str | None:
    """A link to an archive, kept as long as the instance: the object may be deleted meanwhile."""
    if not uri:
        return None
    target = root / name
    if target.exists():
        return str(target)
    partial = root / f".{name}"
    partial.unlink(missing_ok=True)
    try:
        objects.link(*parse_s3_uri(uri), partial)
    except ObjectStoreError as error:
        raise InstanceFailed(f"{uri} cannot be read: {error}") from None
    partial.rename(target)
    return str(target)


def stop(world: World, identity: str) -> bool:
    """Ask an instance to end after the requests in flight; True once it has."""
    root = folder(world, identity)
    status = read_json(root / STATUS)
    if status is None:
        return not _is_new(root)
    process = _supervisor(root, status["pid"])
    if process is not None:
        process.send_signal(signal.SIGTERM)
    return process is None


def remove(world: World, identity: str) -> None:
    """Delete the folder of an instance that has ended, and what a killed supervisor left."""
    root = folder(world, identity)
    processes.kill_all(lambda: processes.marked(root))
    sockets = Path(socket_path(world.config.socket_dir, identity, 0)).parent
    shutil.rmtree(sockets, ignore_errors=True)
    shutil.rmtree(Folder(root).tmp, ignore_errors=True)
    shutil.rmtree(root, ignore_errors=True)


def _supervisor(root: Path, pid: int) -> psutil.Process | None:
    """The process that supervises an instance; a number taken over by another is not it."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            os.waitpid(pid, os.WNOHANG)  # nobody else collects it
        elif str(root) in process.cmdline():
            if process.status() == psutil.STATUS_STOPPED:
                process.resume()  # or nobody would replace a worker that ends
            return process
    except (psutil.NoSuchProcess, ChildProcessError):
        pass
    return None
