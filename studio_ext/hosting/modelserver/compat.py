"""The parts of SageMaker's container toolkits that inference scripts import.

Modules of these names come from here only where the environment has no real ones.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from . import codecs
from .engines import engine
from .errors import ServiceError

_CONTENT_TYPES = {
    "JSON": codecs.JSON,
    "CSV": codecs.CSV,
    "NPY": codecs.NPY,
    "NPZ": codecs.NPZ,
    "OCTET_STREAM": "application/octet-stream",
    "ANY": "*/*",
    "UTF8_TYPES": list(codecs.TEXT),
}


class UnsupportedFormatError(ServiceError):
    """A content type that no codec knows."""

    def __init__(self, content_type: str, **_: Any) -> None:
        super().__init__(415, f"Content type {content_type} is not supported by this container.")


class Response(tuple):  # type: ignore[type-arg]
    """What ``worker.Response(data, mimetype=...)`` of the older toolkit gives an output_fn."""

    def __new__(
        cls, response: Any = None, accept: str = codecs.JSON, mimetype: str | None = None
    ) -> Response:
        return super().__new__(cls, (response, mimetype or accept))


def _codecs() -> dict[str, Any]:
    return {"decode": codecs.decode, "encode": _encode}


def _encode(array_like: Any, content_type: str) -> Any:
    data = codecs.encode(array_like, content_type)
    return data.decode() if codecs.media_type(content_type) in codecs.TEXT else data


def _handler() -> dict[str, Any]:
    from .handlers.toolkit import Handler

    return {"DefaultInferenceHandler": Handler}


def _errors() -> dict[str, Any]:
    return {
        "UnsupportedFormatError": UnsupportedFormatError,
        "BaseInferenceToolkitError": ServiceError,
    }


def _xgboost_encoder() -> dict[str, Any]:
    from .handlers.xgboost_script import Handler

    handler = Handler()

    def decoder(content_type: str) -> Callable[..., Any]:
        return lambda data, **_: handler.default_input_fn(data, content_type)

    return {
        "csv_to_dmatrix": decoder(codecs.CSV),
        "libsvm_to_dmatrix": decoder("text/libsvm"),
        "decode": handler.default_input_fn,
        "json_to_jsonlines": _json_to_jsonlines,
    }


def _xgboost_data() -> dict[str, Any]:
    data = __import__(f"{engine('xgboost').__name__}.data", fromlist=["data"])
    return {"get_content_type": data.content_type, "get_dmatrix": data.load_matrix}


def _json_to_jsonlines(document: Any) -> bytes:
    import json

    document = document if isinstance(document, dict) else json.loads(document)
    rows = next(iter(document.values()))
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


_MODULES: dict[str, Callable[[], dict[str, Any]]] = {
    "sagemaker_inference": dict,
    "sagemaker_inference.content_types": lambda: dict(_CONTENT_TYPES),
    "sagemaker_inference.decoder": _codecs,
    "sagemaker_inference.encoder": _codecs,
    "sagemaker_inference.errors": _errors,
    "sagemaker_inference.default_inference_handler": _handler,
    "sagemaker_containers": dict,
    "sagemaker_containers.beta": dict,
    "sagemaker_containers.beta.framework": dict,
    "sagemaker_containers.beta.framework.content_types": lambda: dict(_CONTENT_TYPES),
    "sagemaker_containers.beta.framework.encoders": _codecs,
    "sagemaker_containers.beta.framework.worker": lambda: {"Response": Response},
    "sagemaker_xgboost_container": dict,
    "sagemaker_xgboost_container.encoder": _xgboost_encoder,
    "sagemaker_xgboost_container.data_utils": _xgboost_data,
}


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in _MODULES:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def exec_module(self, module: ModuleType) -> None:
        for name, value in _MODULES[module.__name__]().items():
            setattr(module, name, value)


def install() -> None:
    """Make the modules importable, after everything that is really installed."""
    sys.meta_path.append(_Finder())
