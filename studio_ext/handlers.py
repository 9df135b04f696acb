"""The panels' routes on the Jupyter server: its identity in, the same operations behind."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import lru_cache
from posixpath import basename
from typing import Any
from urllib.parse import quote

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.extension.handler import ExtensionHandlerMixin
from tornado import web

from .hosting.invoke import Invoker
from .plane import ControlPlane
from .store.objects import ObjectStore, ObjectStoreError, parse_s3_uri
from .wire.dispatch import Call, Caller, new_request_id
from .wire.errors import ApiError, ValidationException
from .wire.parse import parse
from .wire.request import Request
from .wire.routing import resolve
from .wire.serialize import Response, serialize, serialize_error

MAX_INVOCATION_BYTES = 25 * 1024 * 1024
CHUNK = 256 * 1024
PROTOCOL = "json"
BINARY = "application/octet-stream"
_ANSWER_HEADERS = (
    "content-type",
    "x-amzn-invoked-production-variant",
    "x-amzn-sagemaker-custom-attributes",
    "x-amzn-requestid",
    "x-amzn-errortype",
)


class _Handler(ExtensionHandlerMixin, APIHandler):
    auth_resource = "studio"

    @property
    def plane(self) -> ControlPlane:
        """The control plane of this server; ApiError when it could not start."""
        if "studio_failure" in self.settings:
            raise ApiError("ServiceUnavailable", self.settings["studio_failure"], 503)
        plane: ControlPlane = self.settings["studio_plane"]
        return plane

    def answer(self, response: Response) -> None:
        """Send a wire answer."""
        self.respond(response.status, response.headers, response.body)

    def respond(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Send a whole answer."""
        self.set_status(status)
        for name, value in headers.items():
            self.set_header(name, value)
        # Jupyter's own answers are JSON, and it says so unless told otherwise.
        kind = next((v for n, v in headers.items() if n.lower() == "content-type"), BINARY)
        self.finish(body, set_content_type=kind)

    def refuse(self, error: ApiError) -> None:
        """Send an error in the API's form."""
        self.answer(serialize_error(PROTOCOL, error, new_request_id()))


class ApiHandler(_Handler):
    """Any operation of the API, named by ``X-Amz-Target``, as the panels' user."""

    def initialize(self, *args: Any, **kwargs: Any) -> None:
        super().initialize(*args, **kwargs)
        self._gone = asyncio.Event()

    def on_connection_close(self) -> None:
        """The page was closed, or has given the request up."""
        super().on_connection_close()
        self._gone.set()

    async def _until_gone(self) -> None:
        await self._gone.wait()

    @web.authenticated
    @authorized("write", resource="studio")  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        """Run an operation."""
        try:
            self.answer(await self._run())
        except ApiError as error:
            self.refuse(error)

    async def _run(self) -> Response:
        headers = {name.lower(): value for name, value in self.request.headers.items()}
        if not headers.get("x-amz-target"):
            raise ValidationException("The header X-Amz-Target must name an operation.")
        request = Request("POST", "/", "", headers, body=self.request.body)
        dispatcher = self.plane.dispatcher
        route = resolve(request, dispatcher.registry.services())
        if route.protocol != PROTOCOL:
            raise ValidationException("Panels speak AWS JSON only.")
        call = Call(
            service=route.operation.service_model.service_name,
            operation=route.operation,
            caller=Caller.of(self.plane.credential),
            region=dispatcher.region,
            request_id=new_request_id(),
            headers=headers,
            gone=self._until_gone,
        )
        with dispatcher.observed(call) as exchange:
            exchange.source = str(self.request.remote_ip)
            result = await dispatcher.run(call, parse(route, request))
        return serialize(route, result, call.request_id)


@lru_cache(maxsize=4)
def _invoker(plane: ControlPlane) -> Invoker:
    return Invoker(plane.world)


class InvokeHandler(_Handler):
    """InvokeEndpoint, for the test form of the endpoint panel."""

    @web.authenticated
    @authorized("execute", resource="studio")  # type: ignore[untyped-decorator]
    async def post(self, endpoint: str) -> None:
        """Send the body to an endpoint; answers as the endpoint does."""
        if len(self.request.body) > MAX_INVOCATION_BYTES:
            self.refuse(ValidationException(f"Body: more than {MAX_INVOCATION_BYTES} bytes."))
            return
        headers = dict(self.request.headers.items())
        try:
            plane = self.plane
            send = _invoker(plane).send
            sent = await asyncio.to_thread(
                send, plane.credential, endpoint, headers, self.request.body
            )
        except ApiError as error:
            self.refuse(error)
            return
        kept = {name: sent.headers[name] for name in _ANSWER_HEADERS if name in sent.headers}
        self.respond(sent.status_code, kept, sent.content)


class ObjectHandler(_Handler):
    """Download of one object, as the panels' user."""

    def _objects(self) -> ObjectStore:
        return self.plane.world.objects_for(Caller.of(self.plane.credential))

    @web.authenticated
    @authorized("read", resource="studio")  # type: ignore[untyped-decorator]
    async def get(self) -> None:
        """Stream ``?uri=s3://bucket/key`` as an attachment."""
        try:
            bucket, key = parse_s3_uri(self.get_query_argument("uri"))
            info, file = await asyncio.to_thread(self._objects().open, bucket, key)
        except ObjectStoreError as error:
            self.refuse(ApiError(error.code, error.message, error.status))
            return
        except ApiError as error:
            self.refuse(error)
            return
        with file:
            self.set_header("Content-Type", BINARY)
            self.set_header("Content-Length", str(info.size))
            name = quote(basename(key) or "object")
            self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{name}")
            while chunk := await asyncio.to_thread(file.read, CHUNK):
                self.write(chunk)
                await self.flush()
        self.finish(set_content_type=BINARY)


#: Every route below the server's base URL.
ROUTES = [
    (r"/studio/api", ApiHandler),
    (r"/studio/invoke/([A-Za-z0-9-]+)", InvokeHandler),
    (r"/studio/object", ObjectHandler),
]
