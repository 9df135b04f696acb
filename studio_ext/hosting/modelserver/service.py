"""The handler functions of a model: the user's, or the framework's in their place."""

from __future__ import annotations

import importlib
import inspect
import json
import logging
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .codecs import TEXT, media_type
from .errors import ConfigurationError, ServiceError

logger = logging.getLogger(__name__)

_PARTS = ("input_fn", "predict_fn", "output_fn")


class Context:
    """What a handler's last argument ``context`` tells of the request and takes for the answer."""

    def __init__(self, model_dir: str) -> None:
        self.system_properties: dict[str, Any] = {"model_dir": model_dir, "gpu_id": None}
        self.model_name = "model"
        self.headers: dict[str, str] = {}
        self.status: int | None = None
        self.content_type: str | None = None

    def begin(self, headers: Mapping[str, str]) -> None:
        """Start a request."""
        self.headers = dict(headers)
        self.status = self.content_type = None

    def get_request_header(self, idx: int, key: str) -> str | None:
        """A header of the request, whatever its case."""
        wanted = key.lower()
        return next((v for k, v in self.headers.items() if k.lower() == wanted), None)

    def get_all_request_header(self, idx: int) -> dict[str, str]:
        """All headers of the request."""
        return dict(self.headers)

    def set_response_content_type(self, idx: int, value: str) -> None:
        """Content type of the answer."""
        self.content_type = value

    def set_response_status(self, code: int = 200, phrase: str = "", idx: int = 0) -> None:
        """HTTP status of the answer."""
        self.status = code


class Service:
    """A loaded model and the functions that answer requests with it."""

    def __init__(self, default: Any, model_dir: str, environment: Mapping[str, str]) -> None:
        """``default`` is the framework's handler: an object with default_* functions."""
        self._default = default
        self._model_dir = model_dir
        self._accept = environment.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT") or "application/json"
        self._context = Context(model_dir)
        self._module = _user_module(environment)
        self._transform = self._find("transform_fn", required=False)
        given = [name for name in _PARTS if hasattr(self._module, name)]
        if self._transform and given:
            raise ConfigurationError(
                f"transform_fn cannot be used together with {', '.join(given)}: it replaces them"
            )
        self._model: Any = None

    def load(self) -> None:
        """Load the model, as ``pre_model_fn``, ``model_fn`` and ``model_warmup_fn`` say."""
        before, warm_up = (self._find(n, False) for n in ("pre_model_fn", "model_warmup_fn"))
        if before:
            self._call(before, self._model_dir)
        self._model = self._call(self._find("model_fn"), self._model_dir)
        if warm_up:
            self._call(warm_up, self._model_dir, self._model)
        if self._transform is None:
            self._input, self._predict, self._output = (self._find(name) for name in _PARTS)

    def answer(self, header: Mapping[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """Header and body of the answer to one request; never raises an Exception."""
        content_type = header.get("content_type")
        accept = header.get("accept")
        if not accept or accept == "*/*":
            accept = self._accept
        try:
            result = self._run(header, body, content_type, accept)
        except ServiceError as error:
            return {"status": error.status, "content_type": "text/plain"}, error.message.encode()
        except Exception as error:  # whatever the user's functions raise is the caller's answer
            traceback.print_exc()
            status = getattr(error, "status_code", 500)
            status = status if isinstance(status, int) and 400 <= status < 600 else 500
            return {"status": status, "content_type": "text/plain"}, _describe(error).encode()
        kind = accept
        if isinstance(result, tuple) and len(result) == 2:
            result, kind = result
        answer = {
            "status": self._context.status or 200,
            "content_type": self._context.content_type or str(kind),
        }
        return answer, _payload(result)

    def _run(
        self, header: Mapping[str, Any], body: bytes, content_type: str | None, accept: str
    ) -> Any:
        self._context.begin(_headers(header, accept))
        data: str | bytes = body
        if media_type(content_type) in TEXT:
            try:
                data = body.decode()
            except UnicodeDecodeError as error:
                raise ServiceError(400, f"The body is not UTF-8 text: {error}") from error
        if self._transform:
            return self._call(self._transform, self._model, data, content_type, accept)
        value = self._call(self._input, data, content_type)
        prediction = self._call(self._predict, value, self._model)
        return self._call(self._output, prediction, accept)

    def _find(self, name: str, required: bool = True) -> Callable[..., Any] | None:
        function = getattr(self._module, name, None)
        if function is None:
            function = getattr(self._default, f"default_{name}", None)
        if function is None and required:
            raise ConfigurationError(f"Please provide a {name} implementation in the entry point.")
        return function

    def _call(self, function: Any, *arguments: Any) -> Any:
        if _count(function) == len(arguments) + 1:
            return function(*arguments, self._context)
        return function(*arguments)


def _headers(header: Mapping[str, Any], accept: str) -> dict[str, str]:
    named = {
        "Content-Type": header.get("content_type"),
        "Accept": accept,
        "X-Amzn-SageMaker-Custom-Attributes": header.get("attributes"),
        "X-Amzn-SageMaker-Inference-Id": header.get("inference_id"),
    }
    return {name: value for name, value in named.items() if value}


_counts: dict[Any, int] = {}


def _count(function: Any) -> int:
    """Number of parameters; looked up once, because a request makes three calls."""
    if function not in _counts:
        _counts[function] = len(inspect.signature(function).parameters)
    return _counts[function]


def _user_module(environment: Mapping[str, str]) -> Any:
    """The entry point's module, or None when there is none."""
    code = environment.get("STUDIO_CODE_DIR")
    program = environment.get("SAGEMAKER_PROGRAM") or ""
    if not code:
        if program:
            raise ConfigurationError(f"SAGEMAKER_PROGRAM is {program}, but the model has no code")
        return None
    path = Path(code, program or "inference.py")
    if not path.is_file():
        if program:
            raise ConfigurationError(f"The entry point {program} is not in the model's code")
        return None
    for folder in {str(path.parent), code}:
        if folder not in sys.path:
            sys.path.insert(0, folder)
    return importlib.import_module(path.stem)


def _payload(result: Any) -> bytes:
    if isinstance(result, (bytes, bytearray, memoryview)):
        return bytes(result)
    if isinstance(result, str):
        return result.encode()
    if result is None:
        return b""
    plain = result.tolist() if hasattr(result, "tolist") else result
    return json.dumps(plain, default=str).encode()


def _describe(error: Exception) -> str:
    lines = traceback.format_exception_only(type(error), error)
    return "".join(lines).strip()
