"""The control plane: every operation on one port, controllers, and the gateway kept running.

It runs in the Jupyter server's process or alone; in both on threads of its own, so that it never
waits for a notebook nor a notebook for it.
"""

from __future__ import annotations

import asyncio
import ctypes
import errno
import logging
import socket
import threading
import time
from functools import partial
from typing import Any

import uvicorn

from . import home, occupancy
from .aws import cloudtrail, cloudwatch, iam, logs, s3, sts
from .config import Config
from .control import access, sharing, trouble
from .control.auditing import Auditor
from .control.reconciler import Reconciler
from .control.search import Search
from .control.tags import Tags
from .control.world import World
from .domains import operations as domains
from .files import drop_unfinished, read_json
from .flows.operations import Flows
from .hosting import operations as hosting
from .hosting.gateway import client as gateway
from .hosting.gateway.keeper import Keeper
from .logsource import ResourceLogs
from .metering import Metering
from .notebook import session
from .processing import operations as processing
from .processing import resume
from .run.runners.process import ProcessRunner
from .schedules import operations as schedules
from .seen import logs as seen_logs
from .store import Store
from .store.checkpoints import Checkpoints
from .store.chores import Chores
from .store.credentials import Credential
from .training import operations as training
from .watching import Watching
from .wire.dispatch import Dispatcher, Registry
from .wire.http import BoundedHttp, Server
from .wire.identity import Caller
from .wire.server import asgi_app

log = logging.getLogger(__name__)

_M_ARENA_MAX = -8  # of glibc's <malloc.h>
KEEP_S = 5.0
START_TIMEOUT_S = 30.0
GATEWAY_TIMEOUT_S = 15.0
UNFINISHED_S = 60.0


class ControlPlane:
    """One Studio, started by :meth:`start` and ended by :meth:`stop`; jobs and endpoints go on.

    Raises
    ------
    HomeInUse
        If another one serves the home and ``config.share_home`` is off.
    OSError
        If the port that is set cannot be had.
    """

    def __init__(self, config: Config) -> None:
        _few_arenas()
        self.config = config
        self._seat = occupancy.take(config)
        self.store = Store(config)
        self.store.credentials.default()
        self.credential = self.store.credentials.kept(config.user_profile)
        self.world = World(
            config=config,
            store=self.store,
            runner=ProcessRunner(config.jobs_dir, config.environments_dir),
            connect=self._connect,
        )
        self.flows = Flows(self.world)
        registry = self._registry()
        self._watching = watching = Watching(registry.has)
        self.dispatcher = Dispatcher(
            registry,
            self.store.credentials,
            config.region,
            access.require_operation,
            watching,
            trouble.explain,
        )
        self.reconciler = Reconciler(self.world)
        metering = Metering(self.world, watching, self.reconciler)
        self._socket = _bind(config)
        self.port: int = self._socket.getsockname()[1]
        self._server = Server(
            uvicorn.Config(
                metering.app(asgi_app(self.dispatcher)),
                interface="asgi3",
                http=BoundedHttp,
                ws="none",
                log_config=None,
                access_log=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=5,
                server_header=False,
            )
        )
        self._gateway = Keeper(config)
        self._checkpoints = Checkpoints(self.store.engine)
        self._life = threading.Lock()
        self._stopping = threading.Event()
        self._log: seen_logs.ToFile | None = None
        self._threads = [
            threading.Thread(target=self._serve, name="studio-api", daemon=True),
            threading.Thread(target=self._keep, name="studio-keeper", daemon=True),
        ]

    def _registry(self) -> Registry:
        registry = Registry()
        training.register(registry, self.world)
        processing.register(registry, self.world)
        hosting.register(registry, self.world)
        domains.register(registry, self.world)
        Tags(self.world).register(registry)
        Search(self.world).register(registry)
        sts.register(registry, self.store.credentials)
        iam.register(registry)
        iam.AccessKeys(self.store.credentials, self.store.accounts).register(registry)
        logs.register(registry, ResourceLogs(self.world))
        cloudwatch.register(registry, self.store, partial(sharing.series_account, self.world))
        cloudtrail.register(registry, self.config.logs_dir / "audit")
        self.flows.register(registry)
        home.register(registry, self.world, lambda: self.url)
        self.schedules = schedules.register(registry, self.world, self._invoke)
        s3.register(registry, self.store.objects, partial(domains.account_of, self.world))
        return registry

    @property
    def url(self) -> str:
        """Where clients on this machine reach the API."""
        return f"http://{session.reachable(self.config.host)}:{self.port}"

    def start(self) -> None:
        """Serve; returns once the API and the gateway answer."""
        self._log = self._watching.log = seen_logs.to_file(self.config.logs_dir / "control.log")
        self._watching.auditor = Auditor(self.config)
        self._start_gateway()
        with self._life:
            if self._stopping.is_set():
                return
            self._listen()
            self._announce()
            self._gateway.start()
            for thread in self._threads:
                thread.start()
            self.reconciler.start()
            self._checkpoints.start()
        end = time.monotonic() + START_TIMEOUT_S
        while not self._server.started and not self._stopping.is_set():
            if time.monotonic() > end:
                raise TimeoutError(f"the API did not start on {self.url}")
            time.sleep(0.01)
        log.info("Studio serves %s from %s", self.url, self.config.home)
        if not self._seat.held:
            first = occupancy.Occupant.read(self.config)
            log.info("beside the control plane at %s, sharing the work", first and first.url)

    def stop(self) -> None:
        """End this process's part; what runs goes on and is found again."""
        self._stopping.set()
        self._server.end()
        with self._life:  # what is half started cannot be ended
            self._gateway.stop()
            self.reconciler.stop()
            self._checkpoints.stop()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(timeout=10)
        self._socket.close()
        self._seat.leave()
        self.flows.stop()
        self.dispatcher.close()
        self.store.close()
        if self._watching.auditor is not None:
            self._watching.auditor.close()
        if self._log is not None:
            self._watching.log = None
            seen_logs.end(self._log)

    def _start_gateway(self) -> None:
        """The gateway first: whoever can connect to the API finds the gateway's address too.

        Without one, as on a full disk, jobs and panels work, and the keeper goes on trying.
        """
        try:
            gateway.ensure(self.config, GATEWAY_TIMEOUT_S)
        except OSError as error:
            log.error(
                "Studio starts without a gateway, so endpoints cannot be invoked for now: %s", error
            )

    def _listen(self) -> None:
        """Accept connections; on another port if one that was only bound is taken by now."""
        try:
            self._socket.listen(1024)
        except OSError as error:
            if self.config.port:
                raise _taken(self.config, self.port, error) from None
            self._socket.close()
            self._socket = _bind(self.config, remember=False)
            self.port = self._socket.getsockname()[1]
            self._socket.listen(1024)

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])

    def _keep(self) -> None:
        """Keep this process findable; clean up now and then."""
        chores = Chores(self.store, self._forget)
        while not self._stopping.wait(KEEP_S):
            try:
                self._announce()
                if self._watching.auditor is not None:
                    self._watching.auditor.keep()
                for folder in (self.config.path, self.config.run_dir):
                    drop_unfinished(folder, UNFINISHED_S)
                chores.step()
            except Exception:
                log.exception("keeping the home in order failed")

    def _forget(self) -> None:
        resume.forget(self.world, time.time())
        if self._watching.auditor is not None:
            self._watching.auditor.sweep()

    def _announce(self) -> None:
        """Say where this control plane is; take the home's seat when its holder is gone.

        Only once it listens: whoever reads the address connects to it.
        """
        self._seat.take(0.0)
        occupancy.Occupant.this(self.config, self.port).announce(self.config)

    def _invoke(
        self, service: str, operation: str, params: dict[str, Any], caller: Caller, request_id: str
    ) -> dict[str, Any]:
        """Have a schedule call an operation, as its owner, from a controller's thread."""
        headers = {"user-agent": "scheduler.amazonaws.com"}
        return asyncio.run(
            self.dispatcher.invoke(
                service, operation, params, caller, request_id=request_id, headers=headers
            )
        )

    def _connect(self, credential: Credential) -> dict[str, str]:
        """Environment for code that runs for a credential on this machine."""
        variables = session.connection(self.config.path, environ={}, region=self.config.region)
        for name in ("STUDIO_HOME", "STUDIO_USER_PROFILE"):
            variables.pop(name, None)
        variables["AWS_ENDPOINT_URL"] = self.url
        variables["AWS_ACCESS_KEY_ID"] = credential.access_key_id
        variables["AWS_SECRET_ACCESS_KEY"] = credential.secret_access_key
        if credential.session_token:
            variables["AWS_SESSION_TOKEN"] = credential.session_token
        return variables


def _few_arenas() -> None:
    """Have glibc keep freed memory in two pools, not in one for each thread that ever ran.

    After 8,000 fuzzed requests of up to 32 MB a server held 272 MiB so, and after 13,000 449 MiB
    otherwise.
    """
    try:
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)
    except (OSError, AttributeError):
        log.debug("this C library has no mallopt")


def _bind(config: Config, *, remember: bool = True) -> socket.socket:
    """A socket bound to the configured port, else to the one this home had before.

    A port that is set and taken is an error; one that was merely remembered is given up.
    """
    before = read_json(config.run_dir / "control.json") if remember else None
    choices = [config.port] if config.port else [(before or {}).get("port", 0), 0]
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    for number, port in enumerate(choices):
        listener = socket.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((config.host, port))
            return listener
        except OSError as error:
            listener.close()
            if number == len(choices) - 1:
                raise _taken(config, port, error) from None
    raise AssertionError("there is always a choice")


def _taken(config: Config, port: int, error: OSError) -> OSError:
    by = occupancy.taken_by(port) if error.errno == errno.EADDRINUSE else ""
    text = f"Studio cannot listen on {config.host}:{port}: {error.strerror}{by}"
    return OSError(error.errno, text)
