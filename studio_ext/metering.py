"""``/metrics`` of the control plane: what it counts, and the state of the whole Studio."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Iterable, Iterator

from prometheus_client.core import Metric
from sqlalchemy import func, or_, select
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from .control import access
from .control.reconciler import Reconciler
from .control.world import World
from .files import read_json
from .seen import exposition
from .seen.tally import Labels, counter, gauge, histogram
from .seen.transactions import watch
from .store import queue
from .store.database import on_end
from .store.tables import resources
from .watching import Watching
from .wire.dispatch import Caller
from .wire.errors import ApiError
from .wire.request import Request
from .wire.server import request_of
from .wire.signature import authenticate, scope_service

SERVICE = "studio"


class Metering:
    """Counts of this process, and counts of the store taken when somebody asks."""

    def __init__(self, world: World, watching: Watching, reconciler: Reconciler) -> None:
        self._world = world
        self._watching = watching
        self._reconciler = reconciler
        self._transactions = watch(world.store.engine)
        on_end(world.store.engine, self._ended)
        sources = (self._requests, self._resources, self._controllers, self._store, self._servers)
        self.page = exposition.Page("control", sources)

    def _ended(self, seconds: float, _committed: bool) -> None:
        self._transactions.time("write", seconds=seconds)

    def _requests(self) -> Iterator[Metric]:
        seen = self._watching
        by = ("service", "operation")
        yield counter(
            "studio_requests", "Answered requests.", (*by, "status"), seen.requests.counts()
        )
        yield histogram(
            "studio_request_duration_seconds",
            "From a request's head to its answer's last byte.",
            by,
            seen.durations.times(),
        )
        now: dict[Labels, float] = {(): seen.in_flight}
        yield gauge("studio_requests_in_flight", "Requests not answered yet.", (), now)
        yield counter(
            "studio_object_bytes",
            "Bytes of bodies of S3 requests (in) and answers (out).",
            ("direction",),
            seen.object_bytes.counts(),
        )
        yield counter(
            "studio_log_events_read", "Log events handed out.", (), seen.log_events.counts()
        )

    def _resources(self) -> Iterator[Metric]:
        by_status = select(resources.c.kind, resources.c.status, func.count()).group_by(
            resources.c.kind, resources.c.status
        )
        with self._world.store.read() as connection:
            rows = connection.execute(by_status)
            found: dict[Labels, float] = {(kind, status or ""): n for kind, status, n in rows}
            waiting = queue.waiting(connection)
            taken = sum(queue.taken(connection).values(), start=queue.NOTHING)
        yield gauge("studio_resources", "Resources there are.", ("kind", "status"), found)
        config = self._world.config
        for name, help, value in (
            ("queue_length", "Jobs that wait for room.", waiting),
            ("cores_in_use", "Cores that running jobs have taken.", taken.cores),
            ("memory_in_use_bytes", "Memory that running jobs have taken.", taken.memory_bytes),
            ("cores", "Cores that jobs may take together.", config.max_cores),
            ("memory_bytes", "Memory that jobs may take together.", config.max_memory_bytes),
        ):
            yield gauge(f"studio_{name}", help, (), {(): value})

    def _controllers(self) -> Iterator[Metric]:
        one = self._reconciler
        steps = one.steps.counts()
        yield counter(
            "studio_reconciler_steps", "Steps of controllers.", ("kind", "outcome"), steps
        )
        yield histogram(
            "studio_reconciler_step_duration_seconds",
            "Duration of a controller's step.",
            ("kind",),
            one.durations.times(),
        )
        yield gauge("studio_leases_held", "Resources this process works on.", (), {(): one.held})
        lag: dict[Labels, float] = {(): self._lag()}
        yield gauge(
            "studio_reconciler_lag_seconds",
            "How long the longest due resource has waited.",
            (),
            lag,
        )

    def _lag(self) -> float:
        now = time.time()
        free = or_(resources.c.lease_holder.is_(None), resources.c.lease_until <= now)
        due = select(func.min(resources.c.wake_at)).where(resources.c.wake_at <= now, free)
        with self._world.store.read() as connection:
            first = connection.scalar(due)
        return max(0.0, now - first) if first is not None else 0.0

    def _store(self) -> Iterator[Metric]:
        yield histogram(
            "studio_database_transaction_seconds",
            "Transactions, from the wait for the lock to their end.",
            ("mode",),
            self._transactions.times(),
        )
        rows: dict[Labels, float] = {(): self._world.store.metrics.appended}
        yield counter("studio_metric_rows", "Points and samples written by this process.", (), rows)

    def _servers(self) -> Iterable[Metric]:
        """What the supervisors of model servers say of their workers."""
        found: dict[Labels, float] = {}
        for path in self._world.config.endpoints_dir.glob("*/status.json"):
            status = read_json(path) or {}
            found[(path.parent.name,)] = status.get("restarts", 0)
        return [
            counter(
                "studio_model_server_restarts",
                "Worker processes of a model server that were started again.",
                ("instance",),
                found,
            )
        ]

    def app(self, inner: ASGIApp) -> ASGIApp:
        """``inner``, with ``GET /metrics`` before it for whoever may read it.

        A request signed for S3 is for the bucket of that name, and goes on to ``inner``.
        """

        def app(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
            if scope["type"] != "http" or scope["path"] != exposition.PATH:
                return inner(scope, receive, send)
            return page(scope, receive, send)

        async def page(scope: Scope, receive: Receive, send: Send) -> None:
            request = request_of(scope)
            given = request.headers.get("authorization", "")
            bearer, ours = exposition.is_bearer(given), scope_service(request) == SERVICE
            if not (bearer or ours) and (given or request.raw_query):
                await inner(scope, receive, send)
                return
            answer = PlainTextResponse(
                "Metrics are for the administrator, or who has home/metrics-token "
                "(studio metrics-token).\n",
                403 if ours else 401,
                {"www-authenticate": exposition.CHALLENGE},
            )
            if (bearer and self._token(given)) or (ours and self._administrator(request)):
                text = await asyncio.to_thread(self.page.text)
                answer = PlainTextResponse(text, media_type=exposition.CONTENT_TYPE)
            await answer(scope, receive, send)

        return app

    def _token(self, given: str) -> bool:
        return exposition.opens(given, self._world.config)

    def _administrator(self, request: Request) -> bool:
        """Whether the administrator signed the request."""
        empty = hashlib.sha256(b"").hexdigest()
        lookup = self._world.store.credentials.get
        try:
            signed = authenticate(request.method, request.url, request.headers, empty, lookup)
        except ApiError:
            return False
        return access.administers(Caller.of(signed.credential))
