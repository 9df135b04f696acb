"""Steps of people's own Python: what they give, and how they fail."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from steps import Steps

from studio_ext.wrangler import Flow
from studio_ext.wrangler.engines import DuckDB
from studio_ext.wrangler.errors import DataError, ParameterError
from studio_ext.wrangler.python import Limits, collected

PANDAS = "custom_pandas"
FUNCTION = "custom_code/python_user_defined_function"
TABLE = {
    "i": [1, 2, None],
    "s": ["Añ", None, "Z"],
    "t": [dt.datetime(2020, 2, 29, 1, 2, 3), None, dt.datetime(1969, 1, 1)],
    'a "b".c': [1.5, float("nan"), float("inf")],
}


@pytest.fixture(scope="module")
def bounded() -> Iterator[Steps]:
    """Steps with little of everything but time."""
    limits = Limits(memory=1 << 30, rows=1_000, output=1 << 20)
    with DuckDB(memory="500MB", threads=1, python=limits) as engine:
        yield Steps(engine)


# -- pandas ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [PANDAS, "custom_code/python_pandas"])
def test_pandas_code_of_old_flows_runs(steps: Steps, key: str) -> None:
    code = """
texts = df.dtypes[df.dtypes == object].index
assert list(texts) == ["s"], texts
df[texts] = df[texts].apply(lambda x: x.str.lower())
df["i"].fillna(0, inplace=True)
df['size'] = pd.Series(["S", "M", "S"]).astype("category") if (pd := __import__("pandas")) else 0
df['n'] = df['s'].replace({"añ": 1, "z": 2})
df['when'] = df.t - pd.Timestamp("1969-01-01")
df['u'] = df.t.dt.tz_localize("Europe/Paris")
df.drop_duplicates(subset=['size'], keep='first', inplace=True)
print("kept", len(df))
"""
    with collected() as printed:
        made = steps(key, TABLE, code=code)
    assert printed == ["kept 2\n"]
    assert made == {
        "i": [1.0, 2.0],
        "s": ["añ", None],
        "t": TABLE["t"][:2],
        'a "b".c': [1.5, None],
        "size": ["S", "M"],
        "n": [1, None],
        "when": [(TABLE["t"][0] - dt.datetime(1969, 1, 1)).total_seconds(), None],
        "u": [dt.datetime(2020, 2, 29, 0, 2, 3), None],
    }


def test_tables_of_no_row_and_columns_of_no_value_keep_their_types(steps: Steps) -> None:
    empty = pa.table(TABLE).slice(0, 0)
    made = steps.arrow(PANDAS, empty, code="df['new'] = None")
    assert made.num_rows == 0
    assert made.schema.field("t").type == pa.timestamp("us")
    assert made.schema.field("s").type == pa.string()
    assert made.schema.field("new").type == pa.string()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("y = df['s']\nx = df['nix']", r"^line 2: KeyError: 'nix'\n    x = df\['nix'\]$"),
        ("def f():\n    return 1 / 0\nf()", "^line 2: ZeroDivisionError: division by zero"),
        ("df = (", "^line 1: SyntaxError: '\\(' was never closed"),
        ("import os\nos._exit(3)", r"ended its process \(exit code 3\)"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)", "ended by SIGSEGV"),
        ("raise SystemExit(0)", "^line 1: SystemExit: 0"),
        ("df = None", "df is None at the end"),
        ("df['s'][0] = 'x'", "^line 1: ChainedAssignmentError"),
        ("df['s'] = ['a', 1, object()]", r"s: .*no type .*\(it holds int, object, str\)"),
        ("df.columns = ['a', 'b', 'c', 'a']", "two columns 'a'"),
    ],
)
def test_what_goes_wrong_is_said_with_the_line(steps: Steps, code: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        steps(PANDAS, TABLE, code=code)


def test_a_step_sees_no_secret_and_only_its_own_folder(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    code = """
import os, pandas, sys
df = pandas.DataFrame({"name": sorted(os.environ)})
assert os.getcwd() == os.environ["HOME"] and os.listdir() == []
assert sys.stdin.read() == "" and "/nowhere" not in sys.path
"""
    seen = set(steps(PANDAS, TABLE, code=code)["name"])
    assert {"PATH", "HOME"} <= seen
    assert not {each for each in seen if "AWS" in each or "PYTHON" in each}


# -- limits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("x = 1\ny = bytearray(4 << 30)", "^line 2: The code needs more memory .* limit of 1 GB"),
        ("import numpy\nnumpy.ones(1 << 29)", "^line 2: The code needs more memory"),
        ("import pandas\ndf = pandas.DataFrame({'x': range(200_000)})", "gave more than 1 MB"),
    ],
)
def test_a_step_that_takes_too_much_is_ended(bounded: Steps, code: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        bounded(PANDAS, TABLE, code=code)


def test_a_table_of_too_many_rows_is_refused(bounded: Steps) -> None:
    with pytest.raises(DataError, match=r"more than 1,000 rows.*filter or sample"):
        bounded(PANDAS, {"x": range(1_001)}, code="")
    assert len(bounded(PANDAS, {"x": range(1_000)}, code="")["x"]) == 1_000


def test_a_loop_ends_with_its_time() -> None:
    with DuckDB(python=Limits(seconds=1)) as engine, pytest.raises(DataError, match="1 seconds"):
        Steps(engine)(PANDAS, TABLE, code="while True: pass")


def test_a_step_ends_with_the_process_that_runs_it(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    code = f"import os, time\nopen({str(told)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)"
    program = (
        "from steps import Steps\nfrom studio_ext.wrangler.engines import DuckDB\n"
        f"Steps(DuckDB())('custom_pandas', {{'x': [1]}}, code={code!r})"
    )
    here = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    with subprocess.Popen([sys.executable, "-c", program], env=here) as parent:
        end = time.monotonic() + 60
        while not (told.exists() and told.read_text()) and time.monotonic() < end:
            time.sleep(0.05)
        pid = int(told.read_text())
        os.kill(pid, 0)
        parent.send_signal(signal.SIGKILL)
    while _lives(pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert not _lives(pid)


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_what_a_step_prints_is_kept_with_its_node() -> None:
    flow = Flow.new()
    source = flow.document.add("sagemaker.s3_source_0.1", {}, type="SOURCE")
    first = flow.add(PANDAS, source, code="print('one')")
    second = flow.add(PANDAS, first, code="print('two')\n1 / 0")
    outcomes = flow.run(inputs={source.id: pa.table({"x": [1]})}).outcomes
    assert outcomes[first.id].printed == "one\n"
    assert outcomes[second.id].printed == "two\n"
    assert "line 2: ZeroDivisionError" in str(outcomes[second.id].error)


# -- a function of one column ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "kind", "python", "pandas", "expected"),
    [
        (
            "i",
            "long",
            "def custom_func(x):\n    return None if x is None else x * 10",
            "def custom_func(x: 'pd.Series'):\n    return x * 10",
            [10, 20, None],
        ),
        (
            "s",
            "string",
            "def custom_func(x):\n    return x and x.upper()",
            "def custom_func(x):\n    assert x.dtype == object\n    return x.str.upper()",
            ["AÑ", None, "Z"],
        ),
        (
            "t",
            "date",
            "def custom_func(x):\n    return x and x.date()",
            "def custom_func(x):\n    return x.dt.date",
            [dt.date(2020, 2, 29), None, dt.date(1969, 1, 1)],
        ),
        (
            "s",
            "Boolean",
            "def custom_func(x):\n    return x == 'Z'",
            "def custom_func(x):\n    return x == 'Z'",
            [False, False, True],
        ),
        (
            'a "b".c',
            "double",
            "def custom_func(x):\n    return -x",
            "def custom_func(x):\n    return (-x).to_numpy()",
            [-1.5, None, float("-inf")],
        ),
    ],
)
def test_functions_by_value_and_by_series(
    steps: Steps, column: str, kind: str, python: str, pandas: str, expected: list[Any]
) -> None:
    for mode, code in (("Python", {"python_code": python}), ("Pandas", {"pandas_code": pandas})):
        p = {"input_col": column, "output_col": "y", "return_type": kind, "udf_mode": mode}
        made = steps(FUNCTION, TABLE, **p, **code)
        assert made["y"] == expected
        assert list(made) == [*TABLE, "y"]


def test_rows_of_many_batches_keep_their_places(steps: Steps) -> None:
    table = pa.table({"x": pa.array(range(150_000)), "same": pa.array(range(150_000))})
    code = "def custom_func(x):\n    return x + 1"
    made = steps.arrow(FUNCTION, table, input_col="x", return_type="long", pandas_code=code)
    pd.testing.assert_frame_equal(made.to_pandas(), table.to_pandas().assign(x=lambda f: f.x + 1))
    none = steps.arrow(
        FUNCTION, table.slice(0, 0), input_col="x", return_type="string", pandas_code=code
    )
    assert none.schema.field("x").type == pa.string()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def custom_func(x):\n    return 'abc'", "^row 1: custom_func gave 'abc', .* no int64"),
        ("def custom_func(x):\n    return x + 1", "^line 2: TypeError"),
        ("def other(x): pass", "defines no function custom_func"),
    ],
)
def test_a_function_that_does_not_fit(steps: Steps, code: str, words: str) -> None:
    p = {"input_col": "s", "return_type": "long", "udf_mode": "Python", "python_code": code}
    with pytest.raises(DataError, match=words):
        steps(FUNCTION, TABLE, **p)


def test_a_series_of_another_length_is_refused(steps: Steps) -> None:
    code = "def custom_func(x):\n    return x.head(2)"
    with pytest.raises(DataError, match="gave 2 values for 3 rows"):
        steps(FUNCTION, TABLE, input_col="i", pandas_code=code)


def test_parameters_of_a_function(steps: Steps) -> None:
    with pytest.raises(ParameterError, match="pandas_code: '' is empty"):
        steps(FUNCTION, TABLE, input_col="i", python_code="def custom_func(x): pass")
    with pytest.raises(ParameterError, match=r"return_type: 'money'.*'long', 'float'"):
        steps(FUNCTION, TABLE, input_col="i", return_type="money")
