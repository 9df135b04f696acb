"""Typed parameters of flows: in addresses, patterns and ranges of time included."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from studio_ext.wrangler import Flow
from studio_ext.wrangler.errors import ParameterError
from studio_ext.wrangler.flow.typed import Address, values
from studio_ext.wrangler.flow.variables import filled
from studio_ext.wrangler.storage import Anywhere

NOW = datetime.datetime(2022, 1, 1, 15, 30, tzinfo=datetime.UTC)


def _values(*declared: dict[str, Any], **given: Any) -> dict[str, Any]:
    return values({"parameters": list(declared)}, given, NOW)


@pytest.mark.parametrize(
    ("kind", "given", "text"),
    [
        ("string", "x-1", "x-1"),
        ("path", "s3://bucket/in.csv", "s3://bucket/in.csv"),
        ("Number", "7", "7"),
        ("number", 7.0, "7"),
        ("number", 2.5, "2.5"),
        ("Integer", 7, "7"),
        ("datetime", "2020-03-04", "2020/03/04"),
        ("datetime", "2020/03/04", "2020/03/04"),
        ("datetime", datetime.date(2020, 3, 4), "2020/03/04"),
    ],
)
def test_values_of_a_type_stand_in_texts(kind: str, given: Any, text: str) -> None:
    declared = {"name": "p", "type": kind, "format": "yyyy/MM/dd", "value": None}
    assert filled({"a": ["<{{ p }}>"]}, _values(declared, p=given)) == {"a": [f"<{text}>"]}
    declared["value"] = given
    assert filled("{{p}}", _values(declared)) == text


@pytest.mark.parametrize(
    ("declared", "given", "words"),
    [
        ({"type": "number"}, "seven", r"parameters\.p: 'seven' is no number"),
        ({"type": "number"}, True, r"parameters\.p: True is no number"),
        ({"type": "number"}, "nan", r"parameters\.p: 'nan' is no number"),
        ({"type": "integer"}, 7.5, r"parameters\.p: 7\.5 is no whole number"),
        ({"type": "string"}, 7, r"parameters\.p: 7 is no text"),
        ({"type": "path"}, ["x"], r"parameters\.p: \['x'\] is no text"),
        ({"type": "pattern"}, "[", r"parameters\.p: '\[' is no regular expression"),
        ({"type": "pattern"}, "(a|b)", r"parameters\.p: .* has a group"),
        ({"type": "datetime", "format": "%Y"}, "soon", r"parameters\.p: 'soon' is no date"),
        ({"type": "datetime", "format": "%Y"}, None, r"parameters\.p\.range: None is no range"),
        ({"type": "datetime", "format": "%q"}, None, r"parameters\.p\.format"),
        ({"type": "colour"}, "red", r"parameters\.p\.type: 'colour' is none of string"),
    ],
)
def test_another_type_names_the_parameter(declared: dict[str, Any], given: Any, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        _values({"name": "p", **declared}, **({} if given is None else {"p": given}))


@pytest.mark.parametrize(
    ("back", "inside", "outside"),
    [
        ("1 years", ["2021/01/01", "2021/06/30", "2022/01/01"], ["2020/12/31", "2022/01/02"]),
        ("2 months", ["2021/11/01", "2021/12/31"], ["2021/10/31", "2021/13/01"]),
        ("24 hours", ["2021/12/31", "2022/01/01"], ["2021/12/30"]),
        ("1 weeks", ["2021/12/25"], ["2021/12/24", "x021/12/25", "2021-12-25"]),
    ],
)
def test_ranges_of_time_in_addresses(back: str, inside: list[str], outside: list[str]) -> None:
    found = _values({"name": "t", "type": "datetime", "format": "yyyy/MM/dd", "range": back})
    address = filled("s3://bucket/{{t}}/in.csv", found, "parameters.s3Uri")
    assert isinstance(address, Address) and address.folder == "s3://bucket/"
    assert all(address.fits(f"{each}/in.csv") for each in inside)
    assert not any(address.fits(f"{each}/in.csv") for each in outside)


def _flow(address: str, *declared: dict[str, Any], **place: Any) -> Flow:
    flow = Flow.new()
    flow.document.data["parameters"] = list(declared)
    definition = {
        "datasetSourceType": "S3",
        "s3ExecutionContext": {"s3Uri": address, "s3ContentType": "csv", **place},
    }
    flow.document.add("sagemaker.s3_source_0.1", {"dataset_definition": definition}, type="SOURCE")
    return flow


def _rows(flow: Flow, **parameters: Any) -> list[Any]:
    (node,) = flow.document
    table = flow.run(parameters=parameters).table(node)
    return sorted(table.column(0).to_pylist())


def test_patterns_choose_the_files(tmp_path: Path) -> None:
    for name in ("p-0/d-1/a.csv", "p-0/d-20/a.csv", "p-x/d-1/a.csv", "p-1/d-1/a.csv.old"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"a\n{name}\n")
    number = {"name": "n", "type": "pattern", "value": r"\d+"}
    flow = _flow(f"{tmp_path}/p-{{{{n}}}}/d-{{{{n}}}}/a.csv", number)
    assert _rows(flow) == ["p-0/d-1/a.csv", "p-0/d-20/a.csv"]
    assert _rows(flow, n="0|1") == ["p-0/d-1/a.csv"]
    flow = _flow(f"{tmp_path}/{{{{any}}}}.csv", {"name": "any", "type": "pattern", "value": ".*"})
    assert _rows(flow) == ["p-0/d-1/a.csv", "p-0/d-20/a.csv", "p-x/d-1/a.csv"]
    assert _rows(flow, any="p-x.*") == ["p-x/d-1/a.csv"]
    (node,) = flow.document
    assert "there is no file that fits" in flow.run(parameters={"any": "none"}).errors[node.id]


def test_patterns_of_s3_copy_only_what_fits(s3: Any, tmp_path: Path) -> None:
    for day in ("2021/12/31", "2021/06/30", "2020/01/01"):
        s3.put_object(Bucket="tables", Key=f"log/{day}/a.csv", Body=f"a\n{day}\n".encode())
    days = {"name": "day", "type": "datetime", "format": "%Y/%m/%d", "range": "1000 years"}
    flow = _flow("s3://tables/log/{{day}}/a.csv", days)
    places = Anywhere(tmp_path / "cache")
    (node,) = flow.document
    found = flow.run(places=places).table(node).column(0).to_pylist()
    assert sorted(found) == ["2020/01/01", "2021/06/30", "2021/12/31"]
    other = Anywhere(tmp_path / "other")
    one = flow.run(places=other, parameters={"day": "2021-06-30"}).table(node)
    assert one.column(0).to_pylist() == ["2021/06/30"]
    assert len(list((tmp_path / "other").iterdir())) == 1
    bucket = _flow("s3://{{b}}/a.csv", {"name": "b", "type": "pattern", "value": ".*"})
    assert "a pattern for its bucket" in next(iter(bucket.run().errors.values()))


def test_a_wrong_value_stops_the_run_with_its_name(tmp_path: Path) -> None:
    flow = _flow("{{file}}", {"name": "file", "type": "number", "value": 1})
    with pytest.raises(ParameterError, match=r"parameters\.file: 'x' is no number"):
        flow.run(parameters={"file": "x"})


def test_patterns_stand_in_addresses_alone() -> None:
    found = _values({"name": "p", "type": "pattern", "value": "a"})
    with pytest.raises(ParameterError, match="those stand in addresses of sources"):
        filled({"column": "{{p}}"}, found, "parameters")
