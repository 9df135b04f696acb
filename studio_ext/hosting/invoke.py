"""InvokeEndpoint on the control plane: passed on to the gateway, for clients with one URL."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from ..control.world import World
from ..store.credentials import Credential
from ..wire.dispatch import Call, Handler
from ..wire.errors import AccessDenied, ApiError, ValidationException
from .gateway import client

if TYPE_CHECKING:
    import httpx

TIMEOUT_S = 70.0
_PASSED_ON = (
    "content-type",
    "accept",
    "x-amzn-sagemaker-custom-attributes",
    "x-amzn-sagemaker-target-model",
    "x-amzn-sagemaker-target-variant",
    "x-amzn-sagemaker-target-container-hostname",
    "x-amzn-sagemaker-inference-id",
    "x-amzn-sagemaker-enable-explanations",
    "x-amzn-sagemaker-inference-component",
    "x-amzn-sagemaker-session-id",
)


class Invoker:
    """Sends requests to the gateway, signed as their caller."""

    def __init__(self, world: World) -> None:
        self._world = world

    @cached_property
    def _http(self) -> httpx.Client:
        """Made when it is needed: it takes a tenth of the start to load, and few do."""
        import httpx

        return httpx.Client(
            timeout=TIMEOUT_S, trust_env=False, limits=httpx.Limits(max_connections=64)
        )

    def send(
        self, credential: Credential, endpoint: str, headers: dict[str, str], body: bytes
    ) -> httpx.Response:
        """The gateway's answer, whatever it is; ApiError when there is no gateway."""
        gateway = client.info(self._world.config) or client.ensure(self._world.config)
        url = f"http://{self._world.config.host}:{gateway.port}/endpoints/{endpoint}/invocations"
        # Blanks around a value are not part of it, and no header may be sent with them.
        kept = {
            name: value.strip() for name, value in headers.items() if name.lower() in _PASSED_ON
        }
        for name, value in kept.items():
            if not value.isascii():
                raise ValidationException(f"{name}: the header may hold ASCII characters alone.")
        request = AWSRequest("POST", url, headers=kept, data=body)
        keys = Credentials(
            credential.access_key_id, credential.secret_access_key, credential.session_token
        )
        SigV4Auth(keys, "sagemaker", self._world.config.region).add_auth(request)
        from httpx import HTTPError

        try:
            return self._http.post(url, content=body, headers=dict(request.headers.items()))
        except HTTPError as error:
            text = f"The invocation gateway does not answer: {error}"
            raise ApiError("ServiceUnavailable", text, 503) from None


def handler(world: World) -> Handler:
    """The handler of ``InvokeEndpoint``."""
    invoker = Invoker(world)

    def invoke_endpoint(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        credential = world.store.credentials.get(call.caller.access_key)
        if credential is None:
            raise AccessDenied("The access key of this request has been revoked.")
        answer = invoker.send(
            credential, params["EndpointName"], dict(call.headers), params.get("Body", b"")
        )
        if answer.status_code != 200:
            raise _error(answer)
        return {
            "Body": answer.content,
            "ContentType": answer.headers.get("content-type"),
            "InvokedProductionVariant": answer.headers.get("x-amzn-invoked-production-variant"),
            "CustomAttributes": answer.headers.get("x-amzn-sagemaker-custom-attributes"),
        }

    return invoke_endpoint


def _error(answer: httpx.Response) -> ApiError:
    try:
        document = answer.json()
    except ValueError:
        return ApiError("InternalFailure", answer.text[:1000], answer.status_code)
    code = answer.headers.get("x-amzn-errortype") or document.get("__type") or "InternalFailure"
    message = document.pop("message", None) or document.pop("Message", "")
    document.pop("__type", None)
    return ApiError(code, message, answer.status_code, fields=document)
