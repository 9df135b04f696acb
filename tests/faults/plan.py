"""Which fault happens when, drawn from a seed: pure, so that a seed replays the same plan."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

#: What a control plane may lose while endpoints go on answering.
CONTROL = ("server", "shim", "trainer")
#: What answers invocations.
DATA = ("gateway", "worker", "supervisor")
PAUSE_S = (0.5, 3.0)
DOWN_S = (0.0, 2.0)
FULL_S = (0.5, 3.0)
BUSY_S = (0.5, 4.0)
BETWEEN_S = (0.2, 1.6)


@dataclass(frozen=True)
class Fault:
    """``after`` seconds since the one before; ``seconds`` it lasts; ``pick`` in [0, 1) chooses
    among processes of the role ``target``.

    Kinds: ``kill`` (SIGKILL; of the server, which is started again after ``seconds``), ``pause``
    (SIGSTOP, then SIGCONT), ``freeze`` (SIGSTOP for good), ``fill`` (the disk), ``busy`` (the
    database's write lock), ``power`` (every process at once), ``rival`` (a second server on the
    home for a while, then killed). On PostgreSQL as well: ``crash`` (of its server, started again
    after ``seconds``), ``cut`` (of every connection to it).
    """

    after: float
    kind: str
    target: str = ""
    seconds: float = 0.0
    pick: float = 0.0

    @property
    def label(self) -> str:
        """``kill worker``; what is counted."""
        return f"{self.kind} {self.target}".strip()


@dataclass(frozen=True)
class Plan:
    """One round on a kind of ``database``. Without ``data_plane`` nothing that answers invocations
    is touched."""

    seed: int
    data_plane: bool
    faults: list[Fault]
    database: str = "sqlite"


def draw(seed: int, count: int, data_plane: bool, database: str = "sqlite") -> Plan:
    """``count`` faults; every kind comes once before any comes twice."""
    random_source = random.Random(f"plan {seed}")
    kinds = _kinds(random_source, data_plane, database)
    faults = [_fault(random_source, *next(kinds)) for _ in range(count)]
    return Plan(seed, data_plane, faults, database)


def nth(number: int, seed: int, count: int, database: str = "sqlite") -> Plan:
    """A round of a run that has a seed; every other one spares the data plane."""
    return draw(seed * 1000 + number, count, number % 2 == 0, database)


def save(plan: Plan, path: Path) -> None:
    """Write a plan for :func:`load`."""
    path.write_text(json.dumps(asdict(plan), indent=1))


def load(path: Path) -> Plan:
    """Read what :func:`save` wrote."""
    data = json.loads(path.read_text())
    return Plan(**{**data, "faults": [Fault(**item) for item in data["faults"]]})


def _kinds(
    random_source: random.Random, data_plane: bool, database: str
) -> Iterator[tuple[str, str]]:
    roles = CONTROL + (DATA if data_plane else ())
    every = [(kind, role) for kind in ("kill", "pause") for role in roles]
    every += [("kill", "guard")]  # of a shim: alone it changes nothing
    every += [("fill", ""), ("busy", ""), ("rival", "")]
    if data_plane:
        every += [("freeze", "worker"), ("power", "")]
    if database == "postgresql":
        every += [("crash", "database"), ("cut", "database")]
    while True:
        yield from random_source.sample(every, len(every))


def _fault(random_source: random.Random, kind: str, target: str) -> Fault:
    lasting = {
        "kill": DOWN_S,
        "power": DOWN_S,
        "crash": DOWN_S,
        "cut": (0.0, 0.0),
        "pause": PAUSE_S,
        "fill": FULL_S,
        "busy": BUSY_S,
        "rival": PAUSE_S,
        "freeze": (0.0, 0.0),
    }
    after, seconds = random_source.uniform(*BETWEEN_S), random_source.uniform(*lasting[kind])
    pick = random_source.random()
    return Fault(round(after, 3), kind, target, round(seconds, 3), round(pick, 6))
