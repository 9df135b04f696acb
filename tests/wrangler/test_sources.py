"""Sources of files: dialects, packings, folders; what is wrong with a file is told by its name."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.orc as orc
import pyarrow.parquet as pq
import pytest

from studio_ext.wrangler import Flow
from studio_ext.wrangler.engines import DuckDB, Engine
from studio_ext.wrangler.errors import WranglerError
from studio_ext.wrangler.flow import Node
from studio_ext.wrangler.running import State
from studio_ext.wrangler.sources import Sources, typed

Rows = list[tuple[Any, ...]]


def _definition(path: Path, **place: Any) -> dict[str, Any]:
    return {"datasetSourceType": "S3", "s3ExecutionContext": {"s3Uri": str(path), **place}}


def _read(engine: Engine, path: Path, **place: Any) -> tuple[list[str], Rows]:
    sources = Sources(engine)
    relation = sources.read("node", _definition(path, **place))
    with sources.faults():
        return relation.columns, relation.rows()


def _file(tmp_path: Path, name: str, content: bytes | str) -> Path:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("content", "place", "columns", "rows"),
    [
        ("a;b,c\n1;2\n3;4\n", {}, ["a", "b,c"], [("1", "2"), ("3", "4")]),
        ("a\tb\n1\t2\n", {"s3FieldDelimiter": "\\t"}, ["a", "b"], [("1", "2")]),
        ("a:b\n1:2\n", {"s3FieldDelimiter": ":"}, ["a", "b"], [("1", "2")]),
        ("a,b\r\n1,2\r\n", {}, ["a", "b"], [("1", "2")]),
        ("a,b\r1,2\r", {}, ["a", "b"], [("1", "2")]),
        ("a,b\n1,2\r\n3,4\n", {}, ["a", "b"], [("1", "2"), ("3", "4")]),
        ('\ufeff"a",b\n1,2', {}, ["a", "b"], [("1", "2")]),
        ('a,b\n"x\n""y""",\n"",z\n', {}, ["a", "b"], [('x\n"y"', None), ("", "z")]),
        ('a,b\n"x\\"y",2\n', {}, ["a", "b"], [('x"y', "2")]),
        ("a,b\n'x,y',2\n", {"s3QuoteCharacter": "'"}, ["a", "b"], [("x,y", "2")]),
        ("1,2\n3,4\n", {"s3HasHeader": False}, ["_c0", "_c1"], [("1", "2"), ("3", "4")]),
        ("a,a,,A\n1,2,3,4\n", {}, ["a0", "a1", "_c2", "A"], [("1", "2", "3", "4")]),
        ("a\n1\n\n3\n", {}, ["a"], [("1",), (None,), ("3",)]),
        ("a,b\n", {}, ["a", "b"], []),
        ("a,b\n1\0,2\n", {}, ["a", "b"], [("1\0", "2")]),
        (
            "junk\n# c\na,b\n# c\n1,2\n",
            {"s3SkipLines": 1, "s3CommentCharacter": "#"},
            ["a", "b"],
            [("1", "2")],
        ),
        ("a,b\nNA,-\n", {"s3NullValues": ["NA", "-"]}, ["a", "b"], [(None, None)]),
        (
            "a;b\n1.234,5;x,y\n-3,25;1.5\n",
            {"s3DecimalSeparator": ","},
            ["a", "b"],
            [("1234.5", "x,y"), ("-3.25", "1.5")],
        ),
        # What the web pages write for what they do not say.
        ("a,b\n1,2\n", {"s3FieldDelimiter": None, "s3SkipLines": None}, ["a", "b"], [("1", "2")]),
    ],
)
def test_csv_dialects(
    duckdb: Engine,
    tmp_path: Path,
    content: str,
    place: dict[str, Any],
    columns: list[str],
    rows: Rows,
) -> None:
    path = _file(tmp_path, "in.csv", content)
    assert _read(duckdb, path, **place) == (columns, rows)


@pytest.mark.parametrize("encoding", ["ISO_8859_1", "utf-16", "cp1252", "shift_jis"])
def test_csv_encodings(duckdb: Engine, tmp_path: Path, encoding: str) -> None:
    text = "あ,b\n1,い\n" if encoding == "shift_jis" else "ä,b\n1,ö\n"
    path = _file(tmp_path, "in.csv", text.encode(encoding.replace("_", "-").lower()))
    header, first = (tuple(line.split(",")) for line in text.split())
    assert _read(duckdb, path, s3CsvEncodingType=encoding) == (list(header), [first])


def _zipped(**members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return bytes(sink.getvalue())


PACKED = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": _zstd,
    "deflate": zlib.compress,
    "zip": lambda data: _zipped(**{"in.csv": data.decode()}),
}


@pytest.mark.parametrize("ending", PACKED)
def test_packed_files(duckdb: Engine, tmp_path: Path, ending: str) -> None:
    rows = [(str(each), str(each * each)) for each in range(20_000)]
    data = "a,b\n" + "".join(f"{a},{b}\n" for a, b in rows)
    packed = PACKED[ending](data.encode())
    whole = _file(tmp_path, f"in.csv.{ending}", packed)
    assert _read(duckdb, whole, s3ContentType="CSV") == (["a", "b"], rows)
    cut = _file(tmp_path, f"cut.csv.{ending}", packed[: len(packed) // 2])
    with pytest.raises(WranglerError, match=rf"cut\.csv\.{ending}: "):
        _read(duckdb, cut, s3ContentType="CSV")


def test_folders_are_one_table(duckdb: Engine, tmp_path: Path) -> None:
    _file(tmp_path, "in/day=1/p.csv", "v,w\n1,2\n")
    _file(tmp_path, "in/day=02/k=x%2Fy/q.csv", "w,v\n3,4\n")
    _file(tmp_path, "in/day=02/k=x%2Fy/_SUCCESS", "")
    assert _read(duckdb, tmp_path / "in" / "day=1") == (["v", "w"], [("1", "2")])
    with pytest.raises(WranglerError):
        _read(duckdb, tmp_path / "in")  # one file has a k, the other none
    (tmp_path / "in" / "day=1" / "p.csv").rename(tmp_path / "p.csv")
    _file(tmp_path, "in/day=1/k=z/p.csv", "v,w\n1,2\n")
    address = str(tmp_path / "in")
    columns, rows = _read(duckdb, tmp_path / "in", s3AddsFilenameColumn=True)
    assert sorted(columns) == ["_data_source_filename", "day", "k", "v", "w"]
    found = {row[columns.index("_data_source_filename")]: row for row in rows}
    first = dict(zip(columns, found[f"{address}/day=1/k=z/p.csv"], strict=True))
    assert (first["v"], first["w"], first["day"], first["k"]) == ("1", "2", "1", "z")
    second = dict(zip(columns, found[f"{address}/day=02/k=x%2Fy/q.csv"], strict=True))
    assert (second["v"], second["w"], second["day"], second["k"]) == ("4", "3", "02", "x/y")


def test_nested_folders_count_when_asked(duckdb: Engine, tmp_path: Path) -> None:
    _file(tmp_path, "in/a.csv", "x\n1\n")
    _file(tmp_path, "in/deep/b.csv.bz2", bz2.compress(b"x\n2\n"))
    _file(tmp_path, "in/.hidden.csv", "y\n")
    assert _read(duckdb, tmp_path / "in")[1] == [("1",)]
    both = _read(duckdb, tmp_path / "in", s3DirIncludesNested=True, s3AddsFilenameColumn=True)[1]
    assert both == [
        ("1", str(tmp_path / "in" / "a.csv")),
        ("2", str(tmp_path / "in" / "deep" / "b.csv.bz2")),
    ]
    with pytest.raises(
        WranglerError, match=r"there is no file in .* count with s3DirIncludesNested"
    ):
        (tmp_path / "in" / "a.csv").unlink()
        _read(duckdb, tmp_path / "in")


def test_names_with_the_signs_of_patterns(duckdb: Engine, tmp_path: Path) -> None:
    _file(tmp_path, "a1.csv", "x\nwrong\n")
    path = _file(tmp_path, "a[1]*'?.csv", "x\nright\n")
    assert _read(duckdb, path)[1] == [("right",)]


TYPED = pa.table(
    {
        "i": pa.array([1, None, 3], pa.int16()),
        "a": pa.array(["x", "ü", None]),
        "A": pa.array([1.5, None, 2.0], pa.float32()),
        "list": [[1, 2], None, []],
    }
)


@pytest.mark.parametrize("kind", ["parquet", "orc", "jsonl", "json"])
def test_typed_files(engine: Engine, tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"in.{kind}"
    # DuckDB tells keys of JSON apart by more than case alone.
    table = TYPED.rename_columns(["i", "a", "b", "list"]) if "json" in kind else TYPED
    if kind == "parquet":
        pq.write_table(table, path)
    elif kind == "orc":
        orc.write_table(table, path)
    else:
        rows = [json.dumps(row) for row in table.to_pylist()]
        path.write_text("\n".join(rows) if kind == "jsonl" else f"[{','.join(rows)}]")
    found = Sources(engine).read("node", _definition(path)).to_arrow()
    assert found.to_pydict() == table.to_pydict()
    assert [found.schema.field(place).type for place in (0, 2)] == [pa.int64(), pa.float64()]


def test_other_types_become_those_of_flows(duckdb: Engine, tmp_path: Path) -> None:
    import datetime
    import decimal

    table = pa.table(
        {
            "u": pa.array([2**63], pa.uint64()),
            "d": [decimal.Decimal("1.50")],
            "t": [datetime.time(1, 2, 3)],
            "z": pa.array([0], pa.timestamp("ns", "Europe/Berlin")),
            "e": pa.array(["x"]).dictionary_encode(),
        }
    )
    pq.write_table(table, tmp_path / "in.parquet")
    found = Sources(duckdb).read("node", _definition(tmp_path / "in.parquet")).to_arrow()
    epoch = datetime.datetime(1970, 1, 1)
    assert found.to_pylist() == [{"u": 2.0**63, "d": 1.5, "t": "01:02:03", "z": epoch, "e": "x"}]


def test_first_rows_need_no_more(tmp_path: Path) -> None:
    """Of what follows the sample nothing is read: it would be an error."""
    path = _file(tmp_path, "in.csv", "a,b\n" + "1,2\n" * 2_000_000 + "broken\n")
    flow = Flow.new()
    source = _source(flow, path)
    source.data["outputs"][0]["sampling"] = {"sampling_method": "sample_by_limit", "limit_rows": 3}
    assert flow.run().table(source).to_pydict() == {"a": ["1"] * 3, "b": ["2"] * 3}
    orc.write_table(pa.table({"a": range(200_000)}), tmp_path / "in.orc", stripe_size=1)
    sources = Sources(DuckDB())
    relation = sources.read("node", _definition(tmp_path / "in.orc"), most=10)
    assert 10 <= relation.count() < 200_000


def _source(flow: Flow, path: Path, **place: Any) -> Node:
    definition = {"dataset_definition": {"name": path.name, **_definition(path, **place)}}
    return flow.document.add("sagemaker.s3_source_0.1", definition, type="SOURCE")


def test_rows_that_do_not_fit_are_an_error_or_counted(duckdb: Engine, tmp_path: Path) -> None:
    path = _file(tmp_path, "in.csv", "a,b\n1,2\n3\n4,5,6\n7,8\n")
    with pytest.raises(WranglerError, match=r"in\.csv: line 3: .*Found: 1.*The line: '3'"):
        _read(duckdb, path)
    flow = Flow.new()
    outcome = flow.run().outcomes
    source = _source(flow, path, s3BadRows="skip")
    outcome = flow.run().outcomes[source.id]
    assert outcome.outputs["default"].rows() == [("1", "2"), ("7", "8")]
    (note,) = outcome.notes
    assert note.startswith(f"2 rows were left out, the first in {path}, line 3: ")


def test_what_is_wrong_with_a_file_is_said_at_its_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typed, "SURE_BYTES", 0)
    rows = "".join(f'{{"n":{each}}}\n' for each in range(250_000))
    late = _file(tmp_path, "late.jsonl", rows + '{"n":"text"}\n')
    torn = _file(tmp_path, "torn.csv", "n\n" + "1\n" * 50_000 + '"2\n')
    for path, words in (
        (late, r"late\.jsonl: .*line 250001.*text"),
        (torn, r"torn\.csv: line 50002"),
    ):
        flow = Flow.new()
        source = _source(flow, path)
        good = _source(flow, _file(tmp_path, "good.csv", "n\n1\n"))
        types = flow.add("infer_and_cast_type", source)
        flow.add("process_numeric/scale_values/min_max_scaler", types, input_column="n")
        result = flow.run()
        assert result.outcomes[good.id].state == State.DONE
        assert result.outcomes[source.id].state == State.FAILED
        assert {each.state for each in result.outcomes.values()} == {
            State.DONE,
            State.FAILED,
            State.SKIPPED,
        }
        assert list(result.errors) == [source.id]
        with pytest.raises(WranglerError, match=words):
            result.table()


@pytest.mark.parametrize(
    ("name", "content", "place", "words"),
    [
        ("in.csv", "", {}, "in.csv: the file is empty"),
        ("in.csv", "ä,b\n1,ö\n".encode("latin-1"), {}, "not utf-8 .* s3CsvEncodingType"),
        (
            "in.csv",
            "ä".encode("latin-1"),
            {"s3CsvEncodingType": "utf-16"},
            "the text is not utf-16",
        ),
        ("in.csv", "a\n", {"s3CsvEncodingType": "klingon"}, "'klingon' is no encoding"),
        ("in.csv", "a\n", {"s3BadRows": "guess"}, "s3ExecutionContext.s3BadRows"),
        ("in.csv", b"a,b\n1," + b"x" * 3_000_000, {}, "line 2 is longer than 2097152 bytes"),
        ("in.json", "", {}, "in.json: the file is empty"),
        ("in.json", '[{"a":1},{"a":', {}, "in.json: Malformed JSON"),
        ("in.jsonl", '{"a":1}\n{"a":2\n', {}, "in.jsonl: Malformed JSON .* line"),
        ("in.json", '{"a":"' + "x" * 20_000_000 + '"}', {}, "in.json: .*maximum_object_size"),
        ("in.json", b'{"a":"\xff"}', {}, "invalid UTF-8"),
        ("in.parquet", b"PAR1 and no end", {}, "in.parquet: the file is damaged or cut off"),
        ("in.orc", b"ORC and no end", {}, "in.orc: the file is damaged or cut off"),
        ("in.xlsx", "PK", {}, "Studio does not read 'xlsx' files; it reads csv, json"),
        ("in.zip", _zipped(**{"../x.csv": "a"}), {"s3ContentType": "csv"}, "leads out of it"),
        ("in.zip", _zipped(), {"s3ContentType": "csv"}, "the archive holds no file"),
    ],
)
def test_broken_files(
    duckdb: Engine,
    tmp_path: Path,
    name: str,
    content: bytes | str,
    place: dict[str, Any],
    words: str,
) -> None:
    path = _file(tmp_path, name, content)
    with pytest.raises(WranglerError, match=words):
        _read(duckdb, path, **place)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("in.parquet", b"a,b\n1,2\n", "no Parquet but looks like text: name the source's type"),
        ("in.orc", b'{"a": 1}\n', "no ORC but looks like JSON"),
        ("in.json", b"a,b\n1,2\n", "no JSON but looks like text"),
        ("in.csv", None, "no CSV but looks like Parquet: name the source's type, s3ContentType"),
        ("in.csv", gzip.compress(b"a\n1\n"), "packed by gzip: let its name end in .gz"),
    ],
)
def test_a_file_of_another_kind_than_its_name_says_is_told(
    duckdb: Engine, tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    path = tmp_path / name
    if content is None:
        pq.write_table(pa.table({"a": [1]}), path)
    else:
        path.write_bytes(content)
    with pytest.raises(WranglerError, match=words):
        _read(duckdb, path)
    if content is None:
        assert _read(duckdb, path, s3ContentType="parquet") == (["a"], [(1,)])


def test_a_header_may_begin_as_a_binary_file_does(duckdb: Engine, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("ORCID,PAR1\nx,y\n")
    assert _read(duckdb, tmp_path / "in.csv", s3HasHeader=True)[0] == ["ORCID", "PAR1"]


def test_a_table_has_a_column() -> None:
    with pytest.raises(WranglerError, match="has no columns"):
        Flow.from_dataframe(pa.table({})).run()
    flow = Flow.from_dataframe(pa.table({"a": [1]}))
    last = flow.add("manage_columns/drop_column", column_to_drop="a")
    assert "There is no column left" in flow.run().errors[last.id]


def test_damaged_parquet_is_told(duckdb: Engine, tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    pq.write_table(pa.table({"a": range(100_000)}), path)
    content = bytearray(path.read_bytes())
    content[100:5_000] = b"\xff" * 4_900
    path.write_bytes(content)
    with pytest.raises(WranglerError, match=r"in\.parquet: "):
        _read(duckdb, path)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_files_of_other_columns(duckdb: Engine, tmp_path: Path, kind: str) -> None:
    for name, columns in (("a", ["x", "y"]), ("b", ["x", "z"])):
        table = pa.table({column: ["1"] for column in columns})
        path = tmp_path / "in" / f"{name}.{kind}"
        path.parent.mkdir(exist_ok=True)
        if kind == "csv":
            table.to_pandas().to_csv(path, index=False)
        else:
            pq.write_table(table, path)
    with pytest.raises(WranglerError, match=rf"b\.{kind}: other columns than 'a\.{kind}'.*'z'"):
        _read(duckdb, tmp_path / "in")


SAMPLINGS = {
    "limit": {"sampling_method": "sample_by_limit", "limit_rows": 100},
    "ratio": {"sampling_method": "sample_by_ratio", "sample_ratio": 0.1},
    "count": {"sampling_method": "sample_by_count", "sample_size": 100},
    "stratum": {
        "sampling_method": "sample_by_stratum",
        "sample_size": 100,
        "stratify_column": "k",
    },
}


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_a_sample_is_the_same_from_every_kind_of_file(tmp_path: Path, sampling: str) -> None:
    table = pa.table({"n": range(1000), "k": ["rare" if n % 10 == 0 else "x" for n in range(1000)]})
    pq.write_table(table, tmp_path / "in.parquet")
    orc.write_table(table, tmp_path / "in.orc")
    table.to_pandas().to_csv(tmp_path / "in.csv", index=False)
    table.to_pandas().to_csv(tmp_path / "in.csv.bz2", index=False)
    table.to_pandas().to_json(tmp_path / "in.jsonl", orient="records", lines=True)
    found = []
    for path in sorted(tmp_path.iterdir()):
        flow = Flow.new()
        source = _source(flow, path)
        source.data["outputs"][0]["sampling"] = SAMPLINGS[sampling]
        kept = flow.run().table(source)
        found.append([(int(row["n"]), row["k"]) for row in kept.to_pylist()])
    assert len(found) == 5 and all(each == found[0] for each in found)
    assert found[0] == sorted(found[0])
    assert len(found[0]) == 100 or (sampling == "ratio" and 60 < len(found[0]) < 140)
    if sampling == "stratum":
        assert sum(k == "rare" for _, k in found[0]) == 10
    if sampling == "limit":
        assert found[0][-1][0] == 99
