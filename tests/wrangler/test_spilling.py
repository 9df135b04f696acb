"""What a session keeps on disk: text parsed once, and folders that outlive no session."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from studio_ext.wrangler import Flow
from studio_ext.wrangler.engines import DuckDB
from studio_ext.wrangler.engines.spilling import LOCK, PREFIX, SpillFolder

HELD = """
import sys, time
from studio_ext.wrangler.engines import DuckDB
engine = DuckDB()
print(engine.folder, flush=True)
time.sleep(600)
"""


FAILING = """
import duckdb, sys
from studio_ext.wrangler.engines import DuckDB
QUERY = "SELECT (CASE WHEN range = 2000000 THEN 'x' ELSE '1' END)::INT AS i FROM range(3000000)"
failed = 0
with DuckDB() as engine:
    for _ in range(10):
        try:
            engine.connection.execute(f"COPY ({QUERY}) TO '{engine.folder}/x.parquet'")
        except duckdb.Error:
            failed += 1
print(failed)
"""


class Counted(DuckDB):
    """Counts how often text is parsed."""

    parsed = 0

    def _run(self, sql: str):  # type: ignore[no-untyped-def]
        self.parsed += "READ_CSV" in sql and not sql.startswith("DESCRIBE")
        return super()._run(sql)


def _flow(path: Path) -> Flow:
    flow = Flow.new()
    place = {"s3Uri": str(path), "s3ContentType": "csv", "s3HasHeader": True}
    source = flow.document.add(
        "sagemaker.s3_source_0.1",
        {"dataset_definition": {"datasetSourceType": "S3", "s3ExecutionContext": place}},
        type="SOURCE",
    )
    for name in ("a", "b"):
        flow.add("manage_columns/duplicate_column", *([source] if name == "a" else []),
                 input_column=name, new_name=f"{name}2")  # fmt: skip
    for name in ("a", "b"):
        flow.add(
            "encode_categorical/ordinal_encode", input_column=name, output_column=f"{name}_code"
        )
    return flow


def test_a_text_file_is_parsed_once_for_all_steps_that_learn(tmp_path: Path) -> None:
    rows = [(f"x{n % 7}", f"y,{n % 3}") for n in range(500)]
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "".join(f'{a},"{b}"\n' for a, b in rows))
    with Counted() as engine:
        before = engine.parsed
        table = _flow(path).run(engine=engine).table()
        after = engine.parsed
        assert list(engine.folder.glob("stored-*.parquet"))
    assert after - before <= 1
    assert list(zip(table["a2"].to_pylist(), table["b2"].to_pylist(), strict=True)) == rows
    assert not engine.folder.exists()


def test_what_parquet_has_no_type_for_is_not_stored() -> None:
    from sqlglot import exp

    from studio_ext.wrangler.relation import Base, Relation

    with DuckDB() as engine:
        query = exp.select(exp.alias_(exp.cast(exp.Literal.number("1" * 35), "INT128"), "n"))
        relation = Relation.of(engine, Base(query, engine.bind_query(query)), {"n": "n"})
        assert engine.stored(relation) is relation
        assert engine.stored(relation).rows() == [(int("1" * 35),)]


def test_a_killed_sessions_folder_is_swept_up_and_a_living_ones_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-c", HELD], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    folder = Path(process.stdout.readline().strip())
    (folder / "spilled.tmp").write_bytes(b"rows")
    making = tmp_path / f"{PREFIX}making"
    making.mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / LOCK).touch()
    (tmp_path / f"{PREFIX}link").symlink_to(elsewhere)
    SpillFolder().remove()
    assert (folder / "spilled.tmp").exists(), "its session lives"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    mine = SpillFolder()
    assert not folder.exists()
    assert mine.path.exists() and making.exists() and (elsewhere / LOCK).exists()
    mine.remove()
    assert not mine.path.exists()


def test_parquet_keeps_its_columns_own_names_beside_nested_ones(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"A": [1], "a": [[1]], "s": [{"x": 1, "y": [{"z": 2}]}], "Ä.b": [1]})
    pq.write_table(table, tmp_path / "t.parquet")
    flow = Flow.new()
    place = {"s3Uri": str(tmp_path / "t.parquet"), "s3ContentType": "parquet"}
    source = flow.document.add(
        "sagemaker.s3_source_0.1",
        {"dataset_definition": {"datasetSourceType": "S3", "s3ExecutionContext": place}},
        type="SOURCE",
    )
    assert flow.run().table(source).to_pylist() == table.to_pylist()


def test_writing_that_fails_midway_ends() -> None:
    """With DuckDB's own writers one of some ten waited for them for ever."""
    run = subprocess.run(
        [sys.executable, "-c", FAILING], capture_output=True, text=True, timeout=120, check=True
    )
    assert run.stdout.strip() == "10"
