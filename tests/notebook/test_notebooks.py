"""The tutorials: what is stored in them, and that they run top to bottom."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

from studio_ext.notebook import session

FOLDER = Path(__file__).parents[2] / "notebooks"
TUTORIALS = sorted(FOLDER.glob("*.ipynb"))


def read(name: str) -> Any:
    return nbformat.read(FOLDER / name, as_version=4)


def source(notebook: Any, cell_id: str) -> str:
    return next(str(cell.source) for cell in notebook.cells if cell.id == cell_id)


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_tutorials_are_stored_clean(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    ids = [cell.id for cell in notebook.cells]
    assert len(ids) == len(set(ids))
    for cell in notebook.cells:
        assert re.fullmatch(r"[a-z-]+", cell.id), "ids are words, so that changes can be compared"
        if cell.cell_type == "code":
            assert not cell.outputs
            assert cell.execution_count is None


def test_the_script_in_the_cell_is_the_script_in_the_file() -> None:
    cell = source(read("bank_marketing.ipynb"), "forest").partition("\n")[2]
    file = (FOLDER / "scripts" / "random_forest.py").read_text()
    in_file = ast.parse(file)
    in_file.body = in_file.body[1:]  # its docstring
    assert ast.dump(ast.parse(cell)) == ast.dump(in_file)


def test_both_tutorials_report_alike() -> None:
    texts = [
        source(read(name), "report").partition("\n\n\n")[0]
        for name in ("bank_marketing.ipynb", "bank_marketing_sdk.ipynb")
    ]
    assert texts[0] == texts[1]


def test_the_report_counts_right(capsys: pytest.CaptureFixture[str]) -> None:
    import numpy as np

    namespace: dict[str, Any] = {"np": np}
    code = source(read("bank_marketing.ipynb"), "report").partition("\n\n\n")[0]
    exec(code, namespace)  # noqa: S102
    #                         tn   tn   tn   fn   fp   tp
    namespace["report"]([0, 0, 0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4, 0.9, 0.5])
    assert capsys.readouterr().out.splitlines() == [
        "Overall Classification Rate: 66.7%",
        "",
        "Predicted      No Purchase    Purchase",
        "Observed",
        "No Purchase    75% (3)        50% (1)",
        "Purchase       25% (1)        50% (1)",
    ]


def test_the_data_is_whole_and_says_where_it_is_from() -> None:
    table = pd.read_csv(FOLDER / "data" / "bank-additional.csv", sep=";")
    assert table.shape == (4119, 21)
    told = (FOLDER / "data" / "SOURCES.md").read_text()
    for part in ("bank-additional.csv", "Moro", "Cortez", "Rita", "CC BY 4.0"):
        assert part in told


def connected(studio: Path) -> dict[str, str]:
    """The environment of a program that uses the Studio, whatever this one's says of AWS."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return own | session.connection(studio, environ=own)


def rates(report: str) -> list[float]:
    return [float(rate) for rate in re.findall(r"Classification Rate: ([\d.]+)%", report)]


@pytest.mark.timeout(600)
def test_bank_marketing_runs_top_to_bottom(studio: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("STUDIO_HOME", str(studio))
    notebook = read("bank_marketing.ipynb")
    clean = next(cell for cell in notebook.cells if cell.id == "clean")
    clean.source = clean.source.replace("CLEAN_UP = False", "CLEAN_UP = True")
    resources = {"metadata": {"path": str(FOLDER)}}
    NotebookClient(notebook, timeout=300, resources=resources).execute()
    outputs = {cell.id: cell.get("outputs", []) for cell in notebook.cells}
    report = "".join(output.text for output in outputs["report"] if "text" in output)
    assert len(rates(report)) == 2, report
    assert all(rate > 75 for rate in rates(report)), report
    followed = "".join(output.text for output in outputs["xgboost-logs"] if "text" in output)
    assert "validation-auc" in followed
    for cell, shown in outputs.items():
        noise = [output.text for output in shown if output.get("name") == "stderr"]
        assert not noise, f"{cell} writes to stderr: {noise}"


@pytest.mark.timeout(300)
def test_a_table_is_wrangled_top_to_bottom() -> None:
    notebook = read("wrangle.ipynb")
    resources = {"metadata": {"path": str(FOLDER)}}
    NotebookClient(notebook, timeout=200, resources=resources).execute()
    outputs = {cell.id: cell.get("outputs", []) for cell in notebook.cells}
    for cell in ("clean", "on"):
        (shown,) = [each["data"]["text/html"] for each in outputs[cell]]
        assert "4,119 rows" in shown
    (code,) = [each["text"] for each in outputs["undo"]]
    assert '"manage_columns/drop_column"' in code
    (told,) = [each["text"] for each in outputs["use"]]
    share = re.fullmatch(r"right in (\d+)% of 1030 cases\n", told)
    # Saying "no" to everybody is right for 89 of 100.
    assert share and int(share[1]) >= 89


# The SDK looks at jobs and endpoints every 30 seconds. Here a sleep is short, and the clock says
# that it was long.
IMPATIENT = """
import time
_now, _sleep, _skipped = time.time, time.sleep, []
def _nap(seconds):
    _skipped.append(max(0, seconds - 1))
    _sleep(min(seconds, 1))
time.sleep, time.time = _nap, lambda: _now() + sum(_skipped)
"""


@pytest.mark.timeout(600)
def test_bank_marketing_with_the_sdk_runs_top_to_bottom(studio: Path, tmp_path: Path) -> None:
    """As a script: the SDK's environment may have no kernel, and the notebook has no magics."""
    python = os.environ.get("STUDIO_SDK_PYTHON", str(FOLDER.parent / ".venv-sdk/bin/python"))
    if not Path(python).exists():
        pytest.skip("no SageMaker SDK: `make test` installs it, or set STUDIO_SDK_PYTHON")
    cells = [c.source for c in read("bank_marketing_sdk.ipynb").cells if c.cell_type == "code"]
    code = "\n\n".join([IMPATIENT, *cells]).replace("CLEAN_UP = False", "CLEAN_UP = True")
    shutil.copytree(FOLDER, tmp_path / "notebooks")
    result = subprocess.run(
        [python, "-c", code],
        cwd=tmp_path / "notebooks",
        env=connected(studio),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-4000:]
    found = rates(result.stdout)
    assert len(found) == 2, result.stdout
    assert all(rate > 75 for rate in found), result.stdout
    assert "train-logloss" in result.stdout, "the job's log is followed"
    assert "Training job completed" in result.stdout
