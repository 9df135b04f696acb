"""Destination nodes: files read back by pandas and Arrow, and what happens half-way."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from steps import Steps

from studio_ext.wrangler import Flow
from studio_ext.wrangler.engines import Engine
from studio_ext.wrangler.errors import ColumnError, ParameterError, UnsupportedError, WranglerError
from studio_ext.wrangler.flow import Input
from studio_ext.wrangler.sources import Sources
from studio_ext.wrangler.targets import written

TABLE = {
    "a": [1, 2, None],
    "A": [0.1, float("inf"), -3.0],
    'te"xt': ["x,y", 'say "hi"\nagain', None],
    "list": [[1, 2], None, []],
    "k": ["p/q", "r", "p/q"],
}


def _write(steps: Steps, path: Path, table: dict[str, Any] = TABLE, **config: Any) -> None:
    written(steps.relation(table), {"output_config": {"output_path": str(path), **config}})


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd"])
def test_parquet_comes_back_as_it_was(steps: Steps, tmp_path: Path, compression: str) -> None:
    path = tmp_path / "new" / "out.parquet"
    _write(steps, path, output_content_type="Parquet", compression=compression)
    assert pq.ParquetFile(path).read().to_pydict() == TABLE
    codec = pq.ParquetFile(path).metadata.row_group(0).column(0).compression
    assert codec == {"none": "UNCOMPRESSED"}.get(compression, compression.upper())


@pytest.mark.parametrize(
    ("compression", "ending"),
    [("none", ""), ("gzip", ".gz"), ("bzip2", ".bz2"), ("zstd", ".zst"), ("deflate", ".deflate")],
)
def test_csv_is_read_by_pandas(steps: Steps, tmp_path: Path, compression: str, ending: str) -> None:
    folder = tmp_path / "out"
    _write(steps, folder, output_content_type="CSV", compression=compression, delimiter=";")
    (path,) = folder.iterdir()
    assert path.name == f"part-00000.csv{ending}"
    if compression == "deflate":
        path.write_bytes(zlib.decompress(path.read_bytes()))
    if compression == "zstd":
        path.write_bytes(pa.input_stream(path, compression="zstd").read())
    packed = None if compression in ("deflate", "zstd") else "infer"
    read = pd.read_csv(path, sep=";", compression=packed)
    assert list(read) == list(TABLE)
    assert read['te"xt'].tolist()[:2] == TABLE['te"xt'][:2]
    assert read["A"].tolist() == TABLE["A"]
    assert read["list"].tolist()[0] == "[1, 2]"
    assert read["a"].isna().tolist() == [False, False, True]


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_partitions_are_folders(steps: Steps, tmp_path: Path, format: str) -> None:
    table = {name: TABLE[name] for name in ("a", "k")} | {"b": [1, 2, 3]}
    _write(steps, tmp_path / "out", table, output_content_type=format, partition_by="k")
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == ["k=p%2Fq", "k=r"]
    read = ds.dataset(tmp_path / "out", format=format, partitioning="hive").to_table()
    assert sorted(read.to_pylist(), key=str) == sorted(pa.table(table).to_pylist(), key=str)


def test_what_was_there_is_replaced_whole(steps: Steps, tmp_path: Path) -> None:
    old = tmp_path / "out"
    old.mkdir()
    (old / "stale.csv").write_text("old")
    _write(steps, old, {"a": [1]})
    assert [each.name for each in old.iterdir()] == ["part-00000.csv"]
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


def test_what_fails_leaves_what_was_there(steps: Steps, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")
    relation = steps.relation({"a": ["1", "x"]})
    broken = relation.with_columns({"b": relation.functions.fail(relation["a"])})
    with pytest.raises(WranglerError):
        written(broken, {"output_config": {"output_path": str(path)}})
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["out.csv"]


@pytest.mark.parametrize(
    ("config", "error", "words"),
    [
        ({"output_content_type": "XML"}, ParameterError, "output_config.output_content_type"),
        ({"compression": "snappy"}, UnsupportedError, "csv files are not written with 'snappy'"),
        ({"partition_by": ["z"]}, ColumnError, "no column 'z'"),
        ({"output_path": "s3://bucket/key"}, UnsupportedError, "no place on this machine"),
        ({"delimiter": "||"}, ParameterError, "output_config.delimiter"),
    ],
)
def test_what_cannot_be_written_is_said(
    steps: Steps, tmp_path: Path, config: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        written(
            steps.relation({"a": [1]}),
            {"output_config": {"output_path": str(tmp_path / "out.csv"), **config}},
        )
    assert not list(tmp_path.iterdir())


def test_destinations_write_when_asked(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("a,b\n1,x\n2,y\n")
    flow = Flow.new()
    place = {"s3Uri": str(tmp_path / "in.csv"), "s3ContentType": "csv", "s3HasHeader": True}
    source = flow.document.add(
        "sagemaker.s3_source_0.1",
        {"dataset_definition": {"datasetSourceType": "S3", "s3ExecutionContext": place}},
        type="SOURCE",
    )
    types = flow.add("infer_and_cast_type", source)
    target = tmp_path / "out.parquet"
    config = {"output_path": str(target), "output_content_type": "PARQUET", "compression": "none"}
    flow.document.add(
        "sagemaker.spark.s3_destination_0.1",
        {"output_config": config},
        [Input(types.id)],
        type="DESTINATION",
    )
    assert not flow.run().errors
    assert not target.exists()
    assert not flow.run(write=True).errors
    assert pq.ParquetFile(target).read().to_pydict() == {"a": [1, 2], "b": ["x", "y"]}


@pytest.mark.parametrize("format", ["csv", "jsonl"])
@pytest.mark.parametrize("compression", ["none", "gzip", "bzip2", "deflate", "zstd"])
def test_what_is_written_is_read_by_sources(
    duckdb: Engine, tmp_path: Path, format: str, compression: str
) -> None:
    steps = Steps(duckdb)
    table = {
        "t": ["x", None, "", 'a,"b"\n'],
        "n": [1.5, None, float("nan"), -2.0],
        "k": list("aabb"),
    }
    config = {"output_content_type": format, "compression": compression}
    for more in ({}, {"num_partitions": 3}, {"partition_by": ["k"], "delimiter": ";"}):
        _write(steps, tmp_path / "out", table, **config, **more)
        place = {"s3Uri": str(tmp_path / "out"), "s3ContentType": format}
        definition = {"datasetSourceType": "S3", "s3ExecutionContext": place}
        found = Sources(duckdb).read("node", definition).to_arrow().to_pydict()
        nan = "nan" if format == "csv" else None
        numbers = ["1.5", None, nan, "-2"] if format == "csv" else [1.5, None, None, -2.0]
        assert found == {"t": table["t"], "n": numbers, "k": table["k"]}
        files = [each for each in (tmp_path / "out").rglob("*") if each.is_file()]
        assert len(files) == more.get("num_partitions", 2 if "partition_by" in more else 1)


@pytest.mark.parametrize("values", [["a", None, "", 'x"y'], [1, None, 3], [True, None]])
@pytest.mark.parametrize("parts", [0, 2])
def test_a_column_alone_keeps_its_rows(
    steps: Steps, tmp_path: Path, values: list[Any], parts: int
) -> None:
    _write(steps, tmp_path / "out", {"a": values}, num_partitions=parts)
    read = pd.concat(pd.read_csv(each) for each in sorted((tmp_path / "out").iterdir()))
    expected = [None if each in (None, "") else each for each in values]
    assert read["a"].astype(object).where(read["a"].notna(), None).tolist() == expected


def test_csv_without_header_and_all_in_quotes(steps: Steps, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    _write(steps, path, {"a": [1, None], "b": ["x", "y"]}, header=False, quoting="all")
    assert path.read_text() == '"1","x"\n,"y"\n'


def test_a_channel_has_the_label_first_and_no_header(tmp_path: Path) -> None:
    table = pa.table({"x": [1.5, 2.0], "y": [True, False], "z": [None, 7]})
    flow = Flow.from_dataframe(table)
    (source,) = flow.document
    for name, label in (("good", "y"), ("bad", "gone")):
        config = {"output_path": str(tmp_path / name), "label_column": label}
        flow.document.add(
            "studio.channel_destination_0.1",
            {"output_config": config},
            [Input(source.id)],
            type="DESTINATION",
            name=name,
        )
    result = flow.run(write=True)
    assert (tmp_path / "good" / "part-00000.csv").read_text() == "1,1.5,\n0,2,7\n"
    assert "There is no column 'gone'" in next(iter(result.errors.values()))
    words = Flow.from_dataframe(table.append_column("t", pa.array(["a", "b"]))).run()
    relation = words.relation(next(iter(words.outcomes)))
    config = {"output_config": {"output_path": str(tmp_path / "words"), "label_column": "y"}}
    with pytest.raises(WranglerError, match="holds numbers alone, and 't' is string: encode"):
        written(relation, config, operator="studio.channel_destination_0.1")


def test_a_place_that_cannot_be_written_is_an_error_of_the_node(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    flow = Flow.from_dataframe(pa.table({"a": [1]}))
    (source,) = flow.document
    config = {"output_path": str(tmp_path / "file" / "below" / "out.csv")}
    node = flow.document.add(
        "sagemaker.spark.s3_destination_0.1",
        {"output_config": config},
        [Input(source.id)],
        type="DESTINATION",
    )
    assert "output_path" in flow.run(write=True).errors[node.id]
