"""The handler functions of a model: the user's, or the framework's in their place."""

from __future__ import annotations

import importlib
import inspect
import json
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import batching
from .codecs import TEXT, media_type
from .errors import ConfigurationError, ServiceError

_ARGUMENTS = {
    "pre_model_fn": 1,
    "model_fn": 1,
    "model_warmup_fn": 2,
    "transform_fn": 4,
    "input_fn": 2,
    "predict_fn": 2,
    "output_fn": 2,
}  # without the context, which any of them may take as one more
_PARTS = ("input_fn", "predict_fn", "output_fn")
#: 1: predict all rows that wait together, whatever the model; 0: never; unset: where the answers
#: are certain to be the same.
BATCH_VARIABLE = "STUDIO_BATCH_PREDICT"

Answer = tuple[dict[str, Any], bytes]


class Context:
    """What a handler's last argument ``context`` tells of the request and takes for the answer."""

    def __init__(self, model_dir: str) -> None:
        self.system_properties: dict[str, Any] = {"model_dir": model_dir, "gpu_id": None}
        self.model_name = "model"
        self._header: Mapping[str, Any] = {}
        self._accept = ""
        self.status: int | None = None
        self.content_type: str | None = None

    def begin(self, header: Mapping[str, Any], accept: str) -> None:
        """Start a request."""
        self._header, self._accept = header, accept
        self.status = self.content_type = None

    @property
    def headers(self) -> dict[str, str]:
        """The request's headers; made when asked for, which few functions do."""
        named = {
            "Content-Type": self._header.get("content_type"),
            "Accept": self._accept,
            "X-Amzn-SageMaker-Custom-Attributes": self._header.get("attributes"),
            "X-Amzn-SageMaker-Inference-Id": self._header.get("inference_id"),
        }
        return {name: value for name, value in named.items() if value}

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
        self._with_context: set[str] = set()
        self._transform = self._find("transform_fn")
        given = [name for name in _PARTS if hasattr(self._module, name)]
        if self._transform and given:
            raise ConfigurationError(
                f"transform_fn cannot be used together with {', '.join(given)}: it replaces them"
            )
        self._environment = environment
        self._model: Any = None
        self._together: batching.Together | None = None
        self._plain = False  # whether requests are read and written as the framework does

    def load(self) -> None:
        """Load the model, as ``pre_model_fn``, ``model_fn`` and ``model_warmup_fn`` say."""
        before, warm_up = map(self._find, ("pre_model_fn", "model_warmup_fn"))
        if before:
            before(self._model_dir)
        self._model = self._needed("model_fn")(self._model_dir)
        if warm_up:
            warm_up(self._model_dir, self._model)
        if self._transform is None:
            self._input, self._predict, self._output = map(self._needed, _PARTS)
            self._together = self._find_together(self._environment)
            own = (hasattr(self._module, name) for name in ("input_fn", "output_fn"))
            self._plain = self._together is not None and not any(own)

    @property
    def room(self) -> int:
        """How many requests it likes to have at once: more than one where it predicts together."""
        return batching.MOST_REQUESTS if self._together else 1

    def answer(self, header: Mapping[str, Any], body: bytes) -> Answer:
        """Header and body of the answer to one request; never raises an Exception."""
        return self.answer_all([(header, body)])[0]

    def answer_all(self, requests: Sequence[tuple[Mapping[str, Any], bytes]]) -> list[Answer]:
        """The answers to requests that wait at the same moment, in order.

        Those that can be are predicted together. What one of them does wrong is told to it alone.
        """
        if self._together is None:
            return [self._answer(header, self._run, header, body) for header, body in requests]
        return self._alike(requests) or self._each(requests)

    def _alike(self, requests: Sequence[tuple[Mapping[str, Any], bytes]]) -> list[Answer] | None:
        """The answers to requests that are read, predicted and written as one array; None where
        that is not possible, or one of them is at fault."""
        first = requests[0][0]
        if not self._plain or any(header is not first for header, _ in requests):
            return None
        stack = self._default.stack([body for _, body in requests], first.get("content_type"))
        predictions = None if stack is None else self._predictions(stack)
        if predictions is None:
            return None
        try:
            bodies, kind = self._default.write_all(predictions, self._accepted(first))
        except ServiceError:
            return None
        answer = {"status": 200, "content_type": kind}
        return [(answer, body) for body in bodies]

    def _each(self, requests: Sequence[tuple[Mapping[str, Any], bytes]]) -> list[Answer]:
        values: dict[int, Any] = {}
        answers: dict[int, Answer] = {}
        for index, (header, body) in enumerate(requests):
            try:
                values[index] = self._value(header, body)
            except Exception as error:
                answers[index] = _failed(error)
        indices = list(values)
        for members in batching.group(list(values.values())):
            chosen = [indices[member] for member in members]
            predictions = self._predictions([values[index] for index in chosen])
            for number, index in enumerate(chosen):
                if predictions is None:
                    made = self._predict_one, values[index]
                else:
                    made = _same, predictions[number]
                answers[index] = self._answer(requests[index][0], self._result, *made)
        return [answers[index] for index in range(len(requests))]

    def _predictions(self, values: Sequence[Any]) -> Sequence[Any] | None:
        """Predictions of equal values; None when each has to be asked for by itself."""
        if self._together is None:
            return None
        try:
            return self._together(values)
        except Exception:  # one of them is at fault, and will be told when it is alone
            return None

    def _answer(self, header: Mapping[str, Any], run: Callable[..., Any], *given: Any) -> Answer:
        accept = self._accepted(header)
        self._context.begin(header, accept)
        try:
            result = run(*given, accept)
        except Exception as error:
            return _failed(error)
        kind = accept
        if isinstance(result, tuple) and len(result) == 2:
            result, kind = result
        answer = {
            "status": self._context.status or 200,
            "content_type": self._context.content_type or str(kind),
        }
        return answer, _payload(result)

    def _accepted(self, header: Mapping[str, Any]) -> str:
        accept = header.get("accept")
        return self._accept if not accept or accept == "*/*" else str(accept)

    def _run(self, header: Mapping[str, Any], body: bytes, accept: str) -> Any:
        if self._transform:
            content_type = header.get("content_type")
            data = _data(content_type, body)
            return self._transform(self._model, data, content_type, accept)
        return self._result(self._predict_one, self._value(header, body), accept)

    def _value(self, header: Mapping[str, Any], body: bytes) -> Any:
        content_type = header.get("content_type")
        return self._input(_data(content_type, body), content_type)

    def _predict_one(self, value: Any) -> Any:
        return self._predict(value, self._model)

    def _result(self, predict: Callable[[Any], Any], value: Any, accept: str) -> Any:
        return self._output(predict(value), accept)

    def _find_together(self, environment: Mapping[str, str]) -> batching.Together | None:
        """How requests are predicted together: by default only where that changes no bit."""
        asked = environment.get(BATCH_VARIABLE, "")
        if asked not in ("", "0", "1"):
            raise ConfigurationError(f"{BATCH_VARIABLE} is {asked!r}; it can be 0 or 1")
        if asked == "0" or self._with_context.intersection(_PARTS):
            return None
        if asked == "1":
            return batching.stacked(self._predict_one)
        if any(hasattr(self._module, name) for name in _PARTS):
            return None
        found: batching.Together | None = self._default.together(self._model)
        return found

    def _find(self, name: str) -> Callable[..., Any] | None:
        """The user's function of that name, else the default one, to be called without context."""
        function = getattr(self._module, name, None)
        if function is None:
            function = getattr(self._default, f"default_{name}", None)
        if function is None or not _takes(function, _ARGUMENTS[name] + 1):
            return function
        self._with_context.add(name)
        return lambda *arguments: function(*arguments, self._context)

    def _needed(self, name: str) -> Callable[..., Any]:
        function = self._find(name)
        if function is None:
            raise ConfigurationError(f"Please provide a {name} implementation in the entry point.")
        return function


def _same(value: Any) -> Any:
    return value


def _data(content_type: str | None, body: bytes) -> str | bytes:
    """The body as the user's functions take it: text where it is text."""
    if media_type(content_type) not in TEXT:
        return body
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise ServiceError(400, f"The body is not UTF-8 text: {error}") from error


def _failed(error: Exception) -> Answer:
    """The answer where a function raised: whatever the user's functions raise, the caller sees."""
    if isinstance(error, ServiceError):
        return {"status": error.status, "content_type": "text/plain"}, error.message.encode()
    traceback.print_exception(error)
    status = getattr(error, "status_code", 500)
    status = status if isinstance(status, int) and 400 <= status < 600 else 500
    return {"status": status, "content_type": "text/plain"}, _describe(error).encode()


def _takes(function: Any, count: int) -> bool:
    """Whether a function has that many parameters; of one that does not tell, it is not known."""
    try:
        return len(inspect.signature(function).parameters) == count
    except ValueError:
        return False


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
