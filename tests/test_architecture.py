"""Who may import whom: the rooms of ``studio_ext``, and the files in them.

A room is a folder or a file directly below the package. Imports count wherever they stand, also
inside functions and for types alone.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = "studio_ext"
SOURCE = Path(__file__).parents[1] / PACKAGE

BOTTOM = {"config", "files", "seen"}
CAPABILITIES = {"training", "processing", "hosting", "domains", "schedules", "aws", "flows"}
BELOW_CAPABILITIES = BOTTOM | {"store", "wire", "run", "control", "jobs", "algorithms"}
#: Makes one Studio of the parts; runs with Jupyter and without.
WIRING = {"plane", "home", "logsource", "occupancy", "watching", "metering"}
#: Nothing below these may import one of them.
TOP = WIRING | {"app", "cli", "doctor", "handlers", "kernels", "notebook", "serving", "users"}

#: Room -> rooms it may import. A new room must be entered here.
MAY_IMPORT: dict[str, set[str]] = {
    "config": set(),
    "files": set(),
    "client": set(),
    "algorithms": set(),
    "wrangler": {"files"},
    "wire": set(),
    "seen": {"config", "files"},
    "store": BOTTOM,
    "run": BOTTOM,
    "control": BOTTOM | {"store", "wire", "run"},
    #: What jobs of all kinds share: accepting, launching, following, storing.
    "jobs": BOTTOM | {"store", "wire", "run", "control"},
    **dict.fromkeys(CAPABILITIES, BELOW_CAPABILITIES),
    # Its processes load the engine; the control plane does not.
    "flows": BELOW_CAPABILITIES | {"wrangler"},
    # Steps of a notebook's own tables run in its kernel: the wrangler needs no server.
    "notebook": BOTTOM | {"client", "wrangler"},
    "kernels": BOTTOM,
    "users": BOTTOM | {"notebook", "store"},
    "occupancy": BOTTOM | {"notebook"},
    "doctor": BELOW_CAPABILITIES | {"notebook", "occupancy"},
    "logsource": BELOW_CAPABILITIES | CAPABILITIES,
    "watching": BELOW_CAPABILITIES,
    "metering": BELOW_CAPABILITIES | CAPABILITIES | {"watching"},
    "home": BELOW_CAPABILITIES | {"doctor"},
    "plane": BELOW_CAPABILITIES | CAPABILITIES | WIRING - {"plane"} | {"notebook"},
    "handlers": BELOW_CAPABILITIES | CAPABILITIES | {"plane"},
    "app": BELOW_CAPABILITIES | {"handlers", "notebook", "plane"},
    "serving": BOTTOM | {"plane"},
    "cli": BELOW_CAPABILITIES | {"doctor", "kernels", "notebook", "occupancy", "serving", "users"},
    "__init__": {"app", "notebook"},
}

#: The control plane runs without Jupyter as well, so only these rooms know its libraries.
JUPYTER = {"IPython", "anywidget", "ipykernel", "ipywidgets", "jupyter_server", "tornado"}
KNOW_JUPYTER = {"app", "handlers", "kernels", "notebook"}

MOST_LINES = 400
#: File -> why it is longer.
LONGER: dict[str, str] = {}


@dataclass(frozen=True)
class Import:
    """``file`` imports the module ``target``."""

    file: str
    line: int
    target: str

    @property
    def room(self) -> str:
        """Where the import stands."""
        return self.file.split("/")[0].removesuffix(".py")

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.target}"


def imports(source: Path) -> Iterator[Import]:
    """Every import below ``source``, the folder of the package; relative ones are resolved."""
    for path in sorted(source.rglob("*.py")):
        file = path.relative_to(source)
        package = [PACKAGE, *file.parts[:-1]]
        for node in ast.walk(ast.parse(path.read_text(), str(path))):
            for target in _targets(node, package):
                yield Import(str(file), getattr(node, "lineno", 0), target)


def _targets(node: ast.AST, package: list[str]) -> list[str]:
    if isinstance(node, ast.Import):
        return [name.name for name in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = package[: len(package) - node.level + 1] if node.level else []
    module = ".".join([*base, *([node.module] if node.module else [])])
    # `from . import x` may name a module: x counts as part of the path.
    return [f"{module}.{name.name}" for name in node.names]


def rooms(source: Path) -> set[str]:
    """Names of the rooms below ``source`` that hold Python."""
    files = {path.stem for path in source.glob("*.py")}
    return files | {path.name for path in source.iterdir() if any(path.rglob("*.py"))}


def violations(source: Path) -> list[str]:
    """Imports that break the rule, in words."""
    there = rooms(source)
    found = []
    for item in imports(source):
        parts = item.target.split(".")
        if parts[0] == PACKAGE:
            wrong = (
                len(parts) > 1
                and parts[1] in there
                and parts[1] != item.room
                and parts[1] not in MAY_IMPORT.get(item.room, set())
            )
        else:
            wrong = parts[0] in JUPYTER and item.room not in KNOW_JUPYTER
        if wrong:
            found.append(str(item))
    return found


def cycles(source: Path) -> list[str]:
    """Rooms that import each other, directly or by way of others."""
    there = rooms(source)
    graph: dict[str, set[str]] = {room: set() for room in there}
    for item in imports(source):
        parts = item.target.split(".")
        # __init__ only names what Jupyter and IPython shall load, when they ask.
        if parts[0] == PACKAGE and len(parts) > 1 and item.room != "__init__":
            graph[item.room] |= {parts[1]} & there - {item.room}
    reached = {room: _reach(graph, room) for room in graph}
    return sorted(room for room in graph if room in reached[room])


def _reach(graph: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        room = waiting.pop()
        if room not in seen:
            seen.add(room)
            waiting.extend(graph[room])
    return seen


def test_imports_point_down() -> None:
    assert violations(SOURCE) == []


def test_no_room_imports_itself_by_way_of_others() -> None:
    assert cycles(SOURCE) == []


def test_every_room_is_entered() -> None:
    assert rooms(SOURCE) - set(MAY_IMPORT) == set()


def test_the_table_is_a_layering() -> None:
    """Sideways imports between capabilities are not in the table, nor are ways up."""
    for name in CAPABILITIES:
        assert not MAY_IMPORT[name] & (CAPABILITIES | TOP)
    for name in BELOW_CAPABILITIES:
        assert not MAY_IMPORT[name] & (CAPABILITIES | TOP | {"client"})


@pytest.mark.parametrize("room", ["files.py", "client"])
def test_the_bottom_needs_the_standard_library_alone(room: str) -> None:
    """``client`` is imported by programs that do not have Studio's dependencies."""
    allowed = sys.stdlib_module_names | {"__future__"}
    # The plugin's host; absent where it is not loaded.
    allowed |= {"botocore"} if room == "client" else set()
    used = [item for item in imports(SOURCE) if item.file.split("/")[0] == room]
    assert used
    assert [str(item) for item in used if item.target.split(".")[0] not in allowed] == []


def test_files_are_short() -> None:
    lengths = {
        str(path.relative_to(SOURCE)): len(path.read_text().splitlines())
        for path in SOURCE.rglob("*.py")
    }
    assert {file: n for file, n in lengths.items() if n > MOST_LINES and file not in LONGER} == {}
    assert [file for file in LONGER if lengths.get(file, 0) <= MOST_LINES] == [], "no longer needed"


def _tree(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("hosting/a.py", "from studio_ext.training import jobs"),
        ("hosting/a.py", "import studio_ext.training.jobs"),
        ("hosting/a.py", "from ..training.jobs import Job"),
        ("hosting/a.py", "from .. import training"),
        ("hosting/deep/a.py", "def f():\n    from ...training import jobs"),
        ("hosting/a.py", "if TYPE_CHECKING:\n    from ..training import jobs"),
        ("wire/a.py", "from ..store import database"),
        ("wire/a.py", "from ..files import read_json"),
        ("run/a.py", "from .. import store"),
        ("store/a.py", "from ..wire.errors import ApiError"),
        ("algorithms/a.py", "from .. import config"),
        ("control/a.py", "from ..training import kinds"),
        ("training/a.py", "from ..app import StudioApp"),
        ("training/a.py", "from tornado import web"),
        ("plane.py", "import tornado.web"),
        ("config.py", "from . import files"),
        ("unknown/a.py", "from .. import config"),
    ],
)
def test_the_walker_sees_violations(tmp_path: Path, file: str, text: str) -> None:
    names = ("app", "config", "files", "store/x", "wire/x", "training/x", "hosting/x")
    tree = _tree(tmp_path, {f"{name}.py": "" for name in names} | {file: text})
    line = len(text.splitlines())
    found = violations(tree)
    assert len(found) == 1
    assert found[0].startswith(f"{file}:{line} imports ")


def test_the_walker_lets_pass_what_is_allowed(tmp_path: Path) -> None:
    tree = _tree(
        tmp_path,
        {
            "config.py": "import os",
            "store/__init__.py": "from ..config import Config\nfrom . import objects",
            "store/objects/__init__.py": "from ..database import metadata",
            "store/database.py": "import sqlalchemy",
            "hosting/__init__.py": "from ..store.database import metadata",
            "cli.py": "from . import __version__\nfrom .config import Config",
            "__init__.py": "",
        },
    )
    assert violations(tree) == []
    assert cycles(tree) == []


def test_the_walker_sees_cycles(tmp_path: Path) -> None:
    tree = _tree(
        tmp_path,
        {
            "a.py": "from .b import x",
            "b/__init__.py": "def f():\n    from ..c import y",
            "c.py": "import studio_ext.a",
            "d.py": "from .a import x",
        },
    )
    assert cycles(tree) == ["a", "b", "c"]
