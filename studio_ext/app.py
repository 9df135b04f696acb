"""Studio as a Jupyter server extension, and alone: wiring only."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from traitlets import Instance, default

from .config import Config
from .control import sharing
from .control.events import EventFeed
from .handlers import ROUTES
from .notebook import session
from .plane import ControlPlane
from .store.resources import Event
from .wire.dispatch import Caller

CHANGED = "https://schema.studio-ext.org/changed/v1"
_SCHEMA = Path(__file__).parent / "events" / "changed.yaml"


class StudioApp(ExtensionApp):
    """Serves Studio's panels and API from the Jupyter server."""

    name = "studio_ext"
    extension_url = "/studio"
    load_other_extensions = True
    classes = [Config]  # noqa: RUF012 (as traitlets wants it)

    settings_config = Instance(Config)
    plane: ControlPlane | None = None
    feed: EventFeed | None = None
    _starting: asyncio.Future[None] | None = None

    @default("settings_config")
    def _default_config(self) -> Config:
        config = Config(parent=self)
        # What the server's user sees in the file browser is what its flows may read.
        config.flow_root = config.flow_root or str(self._server.root_dir)
        return config

    @property
    def _server(self) -> Any:
        """The Jupyter server; set, and with an event logger, whenever it calls us."""
        return self.serverapp

    def initialize_settings(self) -> None:
        """Make the control plane; without one, Jupyter works on and the panels say why."""
        try:
            self.plane = ControlPlane(self.settings_config)
        except Exception as error:
            self.log.exception("Studio cannot start on %s", self.settings_config.home)
            self.settings["studio_failure"] = f"Studio could not start: {error}"
            return
        self.settings["studio_plane"] = self.plane
        server = self._server
        server.event_logger.register_event_schema(_SCHEMA)
        _connect_kernels(server.kernel_manager, self.plane, self._started)

    def initialize_handlers(self) -> None:
        """Register the panels' routes below the server's base URL."""
        self.handlers.extend(ROUTES)

    async def _start_jupyter_server_extension(self, _serverapp: Any) -> None:
        if self.plane is None:
            return
        loop = asyncio.get_running_loop()
        caller = Caller.of(self.plane.credential)

        def changed(event: Event) -> None:
            # Every listener of this server's is the panels' user.
            if self.plane is not None and sharing.concerns(self.plane.world, caller, event):
                loop.call_soon_threadsafe(self._emit, event)

        self._starting = asyncio.ensure_future(asyncio.to_thread(self.plane.start))
        await self._starting
        self.feed = EventFeed(self.plane.store, changed)
        self.feed.start()

    async def _started(self) -> None:
        """Until the control plane has started, or has failed to: Jupyter answers before."""
        if self._starting is not None:
            await asyncio.wait([self._starting])

    def _emit(self, event: Event) -> None:
        data = {"kind": event.kind, "name": event.name, "change": event.change}
        self._server.event_logger.emit(schema_id=CHANGED, data=data)

    async def stop_extension(self) -> None:
        """End the control plane; jobs and endpoints go on."""
        # What is half started cannot be ended: its port would not be free for the next one.
        await self._started()
        if self.feed is not None:
            await asyncio.to_thread(self.feed.stop)
        if self.plane is not None:
            await asyncio.to_thread(self.plane.stop)


def _connect_kernels(
    manager: Any, plane: ControlPlane, started: Callable[[], Awaitable[None]]
) -> None:
    """Have every kernel of this server start with the connection to Studio in its environment."""
    start = manager.start_kernel

    async def start_kernel(*args: Any, **kwargs: Any) -> Any:
        # Notebooks that a page restores come in the moments in which Studio itself starts.
        await started()
        try:
            kwargs["env"] = kernel_environment(plane, kwargs.get("env"))
        except session.NotRunning as error:
            manager.log.warning("A kernel starts without Studio: %s", error)
        return await start(*args, **kwargs)

    manager.start_kernel = start_kernel


def kernel_environment(plane: ControlPlane, asked: Mapping[str, str] | None) -> dict[str, str]:
    """A kernel's environment: the given one (default: the server's), connected to Studio."""
    environment = dict(asked or os.environ)
    variables = session.connection(
        plane.config.path,
        environ=environment,
        region=plane.config.region,
        user_profile=plane.config.user_profile,
    )
    for name in session.foreign(variables, environment):
        environment.pop(name, None)
    return environment | variables | {"AWS_ENDPOINT_URL": plane.url}
