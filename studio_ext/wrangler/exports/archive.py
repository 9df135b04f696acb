"""A fitted flow as a model archive (``model.tar.gz``), and back.

The archive holds the flow as JSON, with what its steps have learned, and ``studio.json``: the node
that answers, the columns that a record has to have with their types, and the target's name. An
archive that holds a ``.flow`` file alone, as Data Wrangler makes them, is read too: its columns are
those that the step after the source gives types to.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlglot import exp

from ...files import write_atomic
from .. import types
from ..engines.duckdb import DIALECT
from ..errors import FlowError
from ..flow import Document
from ..inference import Fitted

FLOW, MORE = "model.flow", "studio.json"
#: How Data Wrangler's container is told of the column that records do not have.
TARGET_VARIABLE = "INFERENCE_TARGET_COLUMN_NAME"


def write_archive(fitted: Fitted, path: str | Path) -> Path:
    """Write the archive, whole or not at all; the same content gives the same bytes."""
    more = {
        "node": fitted.node,
        "target": fitted.target,
        "parameters": dict(fitted.values),
        "schema": {name: each.sql(DIALECT) for name, each in fitted.whole.items()},
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=6) as tar:
        for name, text in ((FLOW, fitted.document.text()), (MORE, json.dumps(more, indent=2))):
            member = tarfile.TarInfo(name)
            data = text.encode("utf-8")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    target = Path(path)
    write_atomic(target, buffer.getvalue(), mode=0o644)
    return target


def read_folder(folder: str | Path, environment: Mapping[str, str] | None = None) -> Fitted:
    """The fitted flow of an archive that was unpacked into ``folder``.

    Raises FlowError where there is no flow, several, or one whose columns are not known.
    """
    files = sorted(Path(folder).glob("*.flow"))
    if len(files) != 1:
        found = ", ".join(each.name for each in files) or "none"
        raise FlowError(f"The model archive has to hold exactly one .flow file; found {found}")
    document = Document.open(files[0])
    more: dict[str, Any] = {}
    if (Path(folder) / MORE).exists():
        more = json.loads((Path(folder) / MORE).read_text("utf-8"))
    target = (environment or {}).get(TARGET_VARIABLE) or more.get("target")
    node = more.get("node")
    schema = _types(more["schema"]) if "schema" in more else _columns(document, node)
    return Fitted(document, schema, node, values=more.get("parameters"), target=target)


def _types(named: Mapping[str, str]) -> types.Schema:
    return {name: exp.DataType.build(each, dialect=DIALECT) for name, each in named.items()}


def _columns(document: Document, node: str | None) -> types.Schema:
    """The source's columns, as texts: the step after it gives them types."""
    path = document.upstream(node or document.last().id)
    for each in path:
        schema = (each.trained or {}).get("schema")
        if isinstance(schema, Mapping) and each.inputs[0].node == path[0].id:
            return dict.fromkeys(map(str, schema), types.STRING)
    raise FlowError(
        "The flow does not tell the columns of its source: no step after it has learned their types"
    )
