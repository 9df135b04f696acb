"""Training data: the files of a channel become one ``DMatrix``."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from email.message import Message
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from . import parsing
from .errors import UserError

logger = logging.getLogger(__name__)

CSV, LIBSVM, PARQUET, RECORDIO = "csv", "libsvm", "parquet", "recordio-protobuf"
_CONTENT_TYPES = {
    "csv": CSV,
    "text/csv": CSV,
    "libsvm": LIBSVM,
    "text/libsvm": LIBSVM,
    "text/x-libsvm": LIBSVM,
    "parquet": PARQUET,
    "application/x-parquet": PARQUET,
    "recordio-protobuf": RECORDIO,
    "application/x-recordio-protobuf": RECORDIO,
}
_LINES_AT_ONCE = 100_000


def content_type(declared: str | None) -> str:
    """The format that a channel's ContentType names; LIBSVM when it is left out, as on AWS."""
    if not declared:
        return LIBSVM
    message = Message()
    message["content-type"] = declared.lower()
    kind = declared.lower().split(";")[0].strip()
    if kind not in _CONTENT_TYPES:
        known = ", ".join(_CONTENT_TYPES)
        raise UserError(f"{declared} is not an accepted ContentType: {known}.")
    if _CONTENT_TYPES[kind] == CSV and message.get_param("label_size", "1") != "1":
        raise UserError(
            f"{declared} is not an accepted csv ContentType. "
            "Optional parameter label_size must be equal to 1"
        )
    return _CONTENT_TYPES[kind]


def data_files(path: str | os.PathLike[str]) -> list[Path]:
    """Every data file at or below ``path``, sorted; hidden and ``_SUCCESS``-like ones left out."""
    root = Path(path)
    if root.is_file():
        return [root]
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(folder, name) for name in names if not name.startswith((".", "_"))]
    return sorted(file for file in found if file.is_file() and file.stat().st_size)


def load_matrix(
    path: str | os.PathLike[str],
    declared_type: str | None,
    *,
    csv_weights: bool = False,
    channel: str = "train",
) -> Any:
    """All rows of a file or folder as a labelled ``xgboost.DMatrix``.

    The label is the first column; with ``csv_weights`` the second one is the row's weight.
    """
    import xgboost

    kind = content_type(declared_type)
    files = data_files(path)
    if not files:
        raise UserError(f"No data in {channel} channel path {path}")
    if kind == RECORDIO:
        raise UserError(
            "Content type application/x-recordio-protobuf is not supported by Studio; "
            "use text/csv, text/libsvm or application/x-parquet"
        )
    if kind == LIBSVM:
        return _libsvm_matrix(files)
    read = _read_parquet if kind == PARQUET else _read_csv
    tables = [read(file) for file in files]
    for file, table in zip(files, tables, strict=True):
        if table.shape[1] != tables[0].shape[1]:
            raise UserError(
                f"File '{file.name}' has {table.shape[1]} columns, "
                f"'{files[0].name}' has {tables[0].shape[1]}"
            )
    table = tables[0] if len(tables) == 1 else np.concatenate(tables)
    first = 2 if csv_weights and kind == CSV else 1
    if table.shape[1] <= first:
        raise UserError(
            f"The {channel} data have {table.shape[1]} column(s): the label must be followed by "
            "at least one feature"
        )
    _check_labels(table[:, 0], channel)
    weight = table[:, 1] if first == 2 else None
    return xgboost.DMatrix(table[:, first:], label=table[:, 0], weight=weight)


def _check_labels(labels: np.ndarray, channel: str) -> None:
    missing = np.flatnonzero(np.isnan(labels))
    if len(missing):
        raise UserError(f"Row {missing[0] + 1} of the {channel} data has no label")


def _read_csv(file: Path) -> np.ndarray:
    with open(file, encoding="utf-8-sig", errors="replace") as stream:
        first = stream.readline()
    delimiter = parsing.sniff_delimiter(first)
    fields = first.rstrip("\r\n").split(delimiter)
    unfit = next((field for field in fields if not parsing.is_number(field)), None)
    if unfit is not None:
        raise UserError(
            f"First line '{first.rstrip()[:50]}...' of file '{file.name}' is not 'CSV' format: "
            f"'{unfit.strip()[:50]}' is not a number. The file must have no header row, "
            "and its first column must be the label."
        )
    try:
        return _read_numbers(file, delimiter, len(fields))
    except ValueError:
        return _read_words(file, delimiter)


def _read_numbers(file: Path, delimiter: str, columns: int) -> np.ndarray:
    import pyarrow
    from pyarrow import csv

    types = {f"f{index}": pyarrow.float32() for index in range(columns)}
    table = csv.read_csv(
        file,
        csv.ReadOptions(autogenerate_column_names=True),
        csv.ParseOptions(delimiter=delimiter),
        csv.ConvertOptions(column_types=types),
    )
    out = np.empty((table.num_rows, columns), dtype=np.float32)
    for index in range(columns):
        out[:, index] = table.column(index).to_numpy()  # nulls become NaN
    return out


def _read_words(file: Path, delimiter: str) -> np.ndarray:
    """Slower: takes True and False (which pandas writes for dummy columns), names what is bad."""
    text = file.read_text(encoding="utf-8-sig", errors="replace")
    if delimiter != ",":
        text = text.replace(delimiter, ",")
    try:
        return parsing.csv_array(text)
    except ValueError as error:
        raise UserError(f"Failed to load csv data: file '{file.name}', {error}") from error


def _read_parquet(file: Path) -> np.ndarray:
    import pyarrow
    from pyarrow import parquet

    try:
        table = parquet.read_table(file)
    except (pyarrow.ArrowException, OSError) as error:
        raise UserError(f"Failed to load parquet data: file '{file.name}', {error}") from error
    out = np.empty(table.shape, dtype=np.float32)
    for index, name in enumerate(table.column_names):
        try:
            out[:, index] = table.column(index).cast(pyarrow.float64()).to_numpy()
        except (pyarrow.ArrowException, ValueError) as error:
            raise UserError(
                f"Failed to load parquet data: column '{name}' of file '{file.name}' "
                f"({table.column(index).type}) is not numeric"
            ) from error
    return out


def _libsvm_matrix(files: list[Path]) -> Any:
    import xgboost
    from scipy.sparse import csr_matrix, vstack

    parts = [part for file in files for part in _libsvm_parts(file)]
    if not parts:
        raise UserError("Got input data without labels: every line is empty")
    width = max(part.features.shape[1] for part in parts)
    features = vstack(
        [csr_matrix((p.features.data, p.features.indices, p.features.indptr),
                    shape=(p.features.shape[0], width)) for p in parts]
    )  # fmt: skip
    matrix = xgboost.DMatrix(features, label=np.concatenate([p.labels for p in parts]))
    weights = np.concatenate(
        [np.ones(len(p.labels)) if p.weights is None else p.weights for p in parts]
    )
    weighted = any(p.weights is not None for p in parts)
    if all(p.groups is not None for p in parts):
        groups = np.concatenate([p.groups for p in parts])
        matrix.set_info(qid=groups)
        # A ranking takes one weight for each group: that of its first row.
        weights = weights[np.concatenate([[True], groups[1:] != groups[:-1]])]
    if weighted:
        matrix.set_weight(weights)
    return matrix


def _libsvm_parts(file: Path) -> Iterator[parsing.Libsvm]:
    with open(file, encoding="utf-8", errors="replace") as stream:
        while True:
            lines = list(islice(stream, _LINES_AT_ONCE))
            if not lines:
                return
            kept = [line for line in lines if line.strip()]
            if not kept:
                continue
            try:
                yield parsing.libsvm(kept)
            except ValueError as error:
                raise UserError(
                    f"File '{file.name}' is not 'LIBSVM' format: {error}. "
                    "Please set the channel's ContentType if it is in another format."
                ) from error
