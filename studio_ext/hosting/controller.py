"""Drives an endpoint: new instances before old ones, traffic switched between, then the drain."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from .. import __version__
from ..control.world import World
from ..store.resources import Resource
from . import instances, keys
from .gateway import client
from .instances import InstanceFailed, Wanted

log = logging.getLogger(__name__)

STEP_S = 0.2
KEEP_S = 2.0
#: How often an instance that ends without a word is started before a deployment is given up.
MAX_STARTS = 3
#: Ended instances whose logs are kept while the endpoint exists.
MAX_PAST = 20


def reconcile(world: World, resource_id: int) -> float | None:
    """Take one step; in how many seconds to look again."""
    endpoint = world.store.resources.by_id(resource_id)
    if endpoint is None or not world.runs(endpoint):
        return None
    if endpoint.status == "Deleting":
        return _delete(world, endpoint)
    draining = _drain(world, endpoint)
    if endpoint.status in ("Creating", "Updating"):
        return _deploy(world, endpoint)
    if endpoint.status == "InService":
        renewing = _renew(world, _keep(world, endpoint))
        return STEP_S if draining or renewing else KEEP_S
    return STEP_S if draining else None


def _deploy(world: World, endpoint: Resource) -> float:
    target = endpoint.state["target"]
    _keep(world, endpoint)
    wanted = instances.wanted(endpoint, target)
    retiring = endpoint.state.get("retiring", [])
    statuses = {}
    for instance in wanted:
        if instance.id in retiring:
            continue  # of a count that was lowered just now: it must end before it starts again
        try:
            status = _started(world, endpoint, instance)
        except InstanceFailed as error:
            return _give_up(world, endpoint, instance.variant["name"], str(error))
        if status is not None:
            statuses[instance.id] = status
    if len(statuses) < len(wanted) or any(s["state"] != "InService" for s in statuses.values()):
        return STEP_S
    version = _publish(world, endpoint, target, statuses)
    if not _applied(world, version):
        return STEP_S
    _take_over(world, endpoint, target)
    return STEP_S


def _started(world: World, endpoint: Resource, instance: Wanted) -> dict[str, Any] | None:
    """The status of an instance that runs; one that does not is started. Or InstanceFailed."""
    status = instances.observe(world, instance.id)
    if status is not None:
        if status["state"] == "Failed":
            raise InstanceFailed(status["reason"])
        if status["alive"]:
            return status
        if status["starts"] >= MAX_STARTS:
            raise InstanceFailed(f"it ended {MAX_STARTS} times while it started")
    if status is None or status["due"]:
        instances.start(world, endpoint, instance)
    return None


def _publish(
    world: World,
    endpoint: Resource,
    deployment: dict[str, Any],
    statuses: dict[str, dict[str, Any]],
) -> int:
    variants = []
    for variant in deployment["variants"]:
        ids = [
            instances.instance_id(endpoint, variant, number) for number in range(variant["count"])
        ]
        variants.append(
            {
                "name": variant["name"],
                "weight": variant["weight"],
                "image": variant["image"],
                "instances": [
                    {"id": i, "sockets": [w["socket"] for w in statuses[i]["workers"]]} for i in ids
                ],
            }
        )
    group = f"log-group:/aws/sagemaker/Endpoints/{endpoint.name}"
    config = world.config
    return world.store.routes.put(
        {
            "endpoint": endpoint.name,
            "account": endpoint.account,
            "domain": endpoint.domain,
            "user_profile": endpoint.owner,
            "shared": endpoint.shared,
            "variants": variants,
            "log_stream_arn": f"arn:aws:logs:{config.region}:{endpoint.account}:{group}",
        }
    )


def _applied(world: World, version: int) -> bool:
    """Whether the gateway routes by a version or a later one."""
    state = client.in_flight(world.config)
    if state is None:
        client.ensure(world.config)
        return False
    return state[0] >= version


def _take_over(world: World, endpoint: Resource, target: dict[str, Any]) -> None:
    """Record the new deployment; the instances it does not use are to be drained."""
    with world.store.resources.edit(endpoint.id) as edited:
        if edited is None or edited.status == "Deleting":
            return
        state = edited.state
        kept = {instance.id for instance in instances.wanted(edited, target)}
        before = [instance.id for instance in instances.wanted(edited, state.get("serving"))]
        retiring = [*state.get("retiring", []), *(i for i in before if i not in kept)]
        past = [i for i in state.get("past", []) if i not in kept]
        state.update(serving=target, config=target["config"], target=None)
        state.update(retiring=retiring, past=past, shared=endpoint.shared)
        state.pop("failure_reason", None)
        edited.status = "InService"


def _give_up(world: World, endpoint: Resource, variant: str, reason: str | None) -> float:
    """Keep what served before; without it the endpoint has failed."""
    text = (
        f"The {variant} variant's model server did not come up: {reason or 'no reason is known'}. "
        f"See the log group /aws/sagemaker/Endpoints/{endpoint.name}."
    )
    with world.store.resources.edit(endpoint.id) as edited:
        if edited is None or edited.status == "Deleting":
            return STEP_S
        state = edited.state
        serving = {instance.id for instance in instances.wanted(edited, state.get("serving"))}
        failed = [instance.id for instance in instances.wanted(edited, state["target"])]
        retiring = [*state.get("retiring", []), *(i for i in failed if i not in serving)]
        state.update(target=None, retiring=retiring, failure_reason=text)
        edited.status = "InService" if state.get("serving") else "Failed"
    return STEP_S


def _keep(world: World, endpoint: Resource) -> dict[str, dict[str, Any] | None]:
    """Start again what died; its sockets have the same paths, so the routes stay right.

    Except for whom it is shared with, which may change at any time. Gives what was seen.
    """
    statuses = {}
    if endpoint.state.get("serving") and endpoint.state.get("shared") != endpoint.shared:
        world.store.routes.share(endpoint.account, endpoint.name, endpoint.shared)
        with world.store.resources.edit(endpoint.id, progress=True) as edited:
            if edited is not None:
                edited.state["shared"] = endpoint.shared
    for instance in instances.wanted(endpoint, endpoint.state.get("serving")):
        keys.keep(world, endpoint, instances.folder(world, instance.id))
        statuses[instance.id] = status = instances.observe(world, instance.id)
        if status is None or (not status["alive"] and status["due"]):
            try:
                instances.start(world, endpoint, instance)
            except InstanceFailed:
                log.exception("instance %s cannot be started again", instance.id)
    return statuses


def _renew(world: World, statuses: dict[str, dict[str, Any] | None]) -> bool:
    """End an instance of another version, so that it is started again; True while there are any.

    One after the other, and after the gateway: until then it may speak another form of messages.
    What an endpoint with a single instance is asked meanwhile waits in the gateway.
    """
    old = [i for i, status in statuses.items() if status and status["version"] != __version__]
    if not old:
        return False
    serving = (s and s["alive"] and s["state"] == "InService" for s in statuses.values())
    gateway = client.info(world.config)
    if all(serving) and gateway is not None and gateway.is_current:
        instances.stop(world, old[0])
    return True


def _drain(world: World, endpoint: Resource) -> bool:
    """End instances that traffic has left, once they are idle; True while there are any."""
    retiring = endpoint.state.get("retiring", [])
    if not retiring:
        return False
    state = client.in_flight(world.config)
    busy = state[1] if state else {}
    idle = [i for i in retiring if not busy.get(i)]
    ended = _stopped(world, idle, [i for i in retiring if busy.get(i)])
    for identity in _retire(world, endpoint, ended):
        instances.remove(world, identity)
    return True


def _stopped(world: World, ids: list[str], busy: Sequence[str] = ()) -> list[str]:
    """Those that have ended of instances that shall; others are told to, fronts first.

    Containers behind another answer what that one still works on.
    """
    fronts = [i for i in ids if instances.front(i) == i]
    ended = [i for i in fronts if instances.stop(world, i)]
    alive = {*busy, *fronts} - set(ended)
    behind = [i for i in ids if instances.front(i) != i and instances.front(i) not in alive]
    return ended + [i for i in behind if instances.stop(world, i)]


def _retire(world: World, endpoint: Resource, ended: list[str]) -> list[str]:
    """Note instances that have ended; returns those whose logs are kept no longer."""
    if not ended:
        return []
    with world.store.resources.edit(endpoint.id) as edited:
        if edited is None:
            return ended
        state = edited.state
        state["retiring"] = [i for i in state["retiring"] if i not in ended]
        again = {i.id for i in instances.wanted(edited, state.get("target"))}
        past = [i for i in [*state.get("past", []), *ended] if i not in again]
        state["past"] = past[-MAX_PAST:]
    return past[:-MAX_PAST]


def _delete(world: World, endpoint: Resource) -> float | None:
    version = world.store.routes.remove(endpoint.account, endpoint.name)
    state = endpoint.state
    if state.get("serving") and not _applied(world, version):
        return STEP_S
    ids = instance_ids(endpoint)
    if len(_stopped(world, ids)) < len(ids):
        return STEP_S
    for identity in ids:
        instances.remove(world, identity)
    world.store.credentials.revoke(keys.purpose(endpoint))
    world.store.resources.delete(endpoint.id, "controller")
    return None


def instance_ids(endpoint: Resource) -> list[str]:
    """Every instance an endpoint has or had, each once, the serving ones first."""
    state = endpoint.state
    deployed = [
        instance.id
        for deployment in (state.get("serving"), state.get("target"))
        for instance in instances.wanted(endpoint, deployment)
    ]
    return list(dict.fromkeys([*deployed, *state.get("retiring", []), *state.get("past", [])]))
