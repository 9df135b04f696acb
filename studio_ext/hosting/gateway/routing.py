"""Routes: which variants an endpoint has, how traffic is split, which workers serve them."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable, Iterable
from itertools import accumulate
from typing import Any

from ...control.access import EVERYONE, readers
from ...store.credentials import Credential
from .pool import Pool

MAX_WAITING = 1000
DEFAULT_MAX_PAYLOAD = 6 * 1024 * 1024


class Variant:
    """One production variant of an endpoint."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.weight = 0.0
        self.instances = 0
        self.pool = Pool(MAX_WAITING)

    def update(self, document: dict[str, Any]) -> None:
        """Take over weight and instances of a routing document."""
        self.weight = float(document.get("weight", 1.0))
        instances = document.get("instances", [])
        self.instances = len(instances)
        self.pool.update(
            (instance["id"], socket) for instance in instances for socket in instance["sockets"]
        )


class Endpoint:
    """An endpoint in service."""

    def __init__(self, account: str, name: str) -> None:
        self.account = account
        self.name = name
        self.series = f"{account}/endpoint/{name}"  # what its metrics are stored under
        self.variants: dict[str, Variant] = {}
        self.log_stream_arn = ""
        self.max_payload = DEFAULT_MAX_PAYLOAD
        self._names: list[str] = []
        self._bounds: list[float] = []

    def update(self, document: dict[str, Any]) -> list[Variant]:
        """Take over a routing document; returns the variants that are gone."""
        self.log_stream_arn = document.get("log_stream_arn") or ""
        self.max_payload = int(document.get("max_payload_bytes") or DEFAULT_MAX_PAYLOAD)
        wanted = {variant["name"]: variant for variant in document["variants"]}
        gone = [self.variants.pop(name) for name in list(self.variants) if name not in wanted]
        for name, variant in wanted.items():
            self.variants.setdefault(name, Variant(name)).update(variant)
        weighted = [variant for variant in self.variants.values() if variant.weight > 0]
        self._names = [variant.name for variant in weighted]
        self._bounds = list(accumulate(variant.weight for variant in weighted))
        return gone

    def choose(self, number: float) -> Variant | None:
        """The variant that a number from [0, 1) falls on; None when no variant has weight."""
        if not self._bounds:
            return None
        at = bisect_right(self._bounds, number * self._bounds[-1])
        return self.variants[self._names[min(at, len(self._names) - 1)]]


class Table:
    """All endpoints. ``random_number`` gives numbers from [0, 1); tests bring their own."""

    def __init__(self, random_number: Callable[[], float] = random.random) -> None:
        self.version = 0
        self.max_payload = DEFAULT_MAX_PAYLOAD  # the largest of any endpoint
        self.random_number = random_number
        self._endpoints: dict[tuple[str, str], Endpoint] = {}
        self._shared: dict[tuple[tuple[str, str], str], Endpoint] = {}
        self._retired: list[Pool] = []

    def find(self, caller: Credential, name: str) -> Endpoint | None:
        """The endpoint that a caller means by a name: its own, else one shared with it."""
        found = self._endpoints.get((caller.account_id, name))
        if found is None and self._shared:
            who = caller.domain, caller.user_profile
            everyone = caller.domain, EVERYONE
            found = self._shared.get((who, name)) or self._shared.get((everyone, name))
        return found

    def apply(self, version: int, documents: Iterable[dict[str, Any]]) -> None:
        """Serve exactly these documents from now on, in one step of the event loop."""
        wanted = {(item["account"], item["endpoint"]): item for item in documents}
        gone: list[Variant] = []
        for key in [key for key in self._endpoints if key not in wanted]:
            gone += self._endpoints.pop(key).variants.values()
        for key, document in wanted.items():
            gone += self._endpoints.setdefault(key, Endpoint(*key)).update(document)
        self._shared = {
            (reader, key[1]): self._endpoints[key]
            for key, document in sorted(wanted.items(), reverse=True)
            for reader in readers(document["domain"], document.get("shared"))
        }
        for variant in gone:
            variant.pool.retire()
            self._retired.append(variant.pool)
        self.version = version
        limits = [endpoint.max_payload for endpoint in self._endpoints.values()]
        self.max_payload = max([DEFAULT_MAX_PAYLOAD, *limits])

    def in_flight(self) -> dict[str, int]:
        """Requests that each instance has or may yet get, of removed ones too."""
        self._retired = [pool for pool in self._retired if not pool.is_quiet]
        pools = [v.pool for e in self._endpoints.values() for v in e.variants.values()]
        counts: dict[str, int] = {}
        for pool in [*pools, *self._retired]:
            for instance, count in pool.in_flight():
                counts[instance] = counts.get(instance, 0) + count
        return counts
