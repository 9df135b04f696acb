"""Magics, the job widget and the shell's commands, as a person uses them on a real Studio."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

SLEEPER = """%%studio train --name sleeper --no-wait
import time
for step in range(600):
    print(f"epoch {step + 1}", flush=True)
    time.sleep(0.5)
"""
TRAINS = """%%studio train --base-name counts --hp epochs=3 --metric "loss=loss=([0-9.]+)" --out job
import argparse, os
parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int)
epochs = parser.parse_args().epochs
for epoch in range(epochs):
    print(f"epoch {epoch + 1}/{epochs} loss={1 / (epoch + 1):.3f}")
with open(os.path.join(os.environ["SM_MODEL_DIR"], "model.txt"), "w") as file:
    file.write("done")
"""
FAILS = """%%studio train --name fails
print("about to fail")
raise ValueError("the table has no rows")
"""


def run(studio: Path, cells: list[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The executed notebook, with the state of its widgets."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("STUDIO_HOME", str(studio))
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [
        nbformat.v4.new_code_cell(source, metadata={"tags": ["raises-exception"]})
        for source in ["%load_ext studio_ext\n%studio connect", *cells]
    ]
    NotebookClient(notebook, timeout=120, store_widget_state=True).execute()
    return notebook


def shown(cell: Any) -> str:
    """What a cell shows, as text."""
    texts = []
    for output in cell.outputs:
        if output.output_type == "stream":
            texts.append(output.text)
        elif output.output_type == "error":
            texts.append("\n".join(output.traceback))
        else:
            texts.append(output.data.get("text/plain", ""))
    return "\n".join(texts)


def widgets(notebook: Any) -> dict[str, Any]:
    """Last state of each job widget, by the start of the job's name."""
    states = notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    found = (model["state"] for model in states.values() if "secondary_status" in model["state"])
    return {state["name"].partition("-")[0]: state for state in found}


def studio_command(studio: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "studio_ext.cli", *words, "--home", str(studio)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.timeout(300)
def test_jobs_are_trained_watched_and_stopped(
    studio: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait = "import time; time.sleep(2)"
    cells = [SLEEPER, TRAINS, FAILS, wait, "%studio jobs", "%studio stop sleeper"]
    cells += ["%studio logs sleeper --follow", "%studio job sleeper"]
    notebook = run(studio, cells, monkeypatch)
    _, _, trained, failed, _, listed, stopped, followed, again = notebook.cells

    assert re.search(r"counts-\S+: Completed .* 3/3 .* loss=0\.333", shown(trained))
    assert "ValueError: the table has no rows" in shown(failed)
    assert "%studio logs fails" in shown(failed)
    assert "Traceback" not in shown(failed), "the reason alone, not this kernel's frames"
    heads, *lines = (line.split() for line in shown(listed).splitlines() if line)
    status = {line[0]: line[heads.index("STATUS")] for line in lines}
    assert (status["fails"], status["sleeper"]) == ("Failed", "InProgress")
    assert "is stopping" in shown(stopped)
    assert "epoch 2" in shown(followed)
    assert "sleeper: Stopped" in shown(again)

    states = widgets(notebook)
    assert (states["counts"]["step"], states["counts"]["total"]) == (3, 3)
    assert states["counts"]["metrics"] == [{"name": "loss", "value": "0.333"}]
    assert states["counts"]["log"][-1] == "epoch 3/3 loss=0.333"
    assert states["fails"]["status"] == "Failed"
    assert "the table has no rows" in states["fails"]["message"]
    assert "Traceback" in "\n".join(states["fails"]["log"])

    told = studio_command(studio, "logs", "fails", "--follow")
    assert told.stdout.startswith("about to fail\n")
    assert "the table has no rows" in told.stdout
    assert studio_command(studio, "jobs", "--status", "Stopped").stdout.count("sleeper") == 1
    assert "ended already: Stopped" in studio_command(studio, "stop", "sleeper").stdout


def test_what_a_server_refuses_is_said_in_words(
    studio: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = ["%%studio train --name under_score\nprint(1)", "%studio job nope", "%studio logs a_b"]
    notebook = run(studio, cells, monkeypatch)
    _, bad_name, no_job, odd_name = map(shown, notebook.cells)
    assert "under_score" in bad_name
    assert "ValidationException" in bad_name
    assert "An error occurred" not in bad_name
    assert "called 'nope'" in no_job
    assert "called 'a_b'" in odd_name
