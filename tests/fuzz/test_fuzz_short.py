"""A short seeded run over every operation; `make fuzz` runs for longer and with a seed of its own.

The judge itself is tried in ``test_fuzz_judge.py``.
"""

from __future__ import annotations

import random

import pytest
from botocore.model import OperationModel
from fuzz_run import Run, operations
from fuzz_server import Server
from fuzz_values import Values
from fuzz_world import World

from studio_ext.config import Config
from studio_ext.plane import ControlPlane
from studio_ext.wire import models, validate

SEED = "suite"


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> list[OperationModel]:
    """Every operation that the control plane has a handler for."""
    plane = ControlPlane(Config(home=str(tmp_path_factory.mktemp("plane"))))
    found = operations(plane.dispatcher.registry)
    plane.stop()
    return found


def test_right_requests_are_right(every: list[OperationModel]) -> None:
    """The values made from the models pass the models' own checks."""
    for operation in every:
        for number in range(4):
            values = Values(random.Random(f"{operation.name}{number}"))
            validate.check(operation, values.request(operation.input_shape))


def test_whatever_is_sent_is_answered_well(
    server: Server, world: World, every: list[OperationModel]
) -> None:
    run = Run(server, world, every, mutations=12, attacks=6)
    memory = 0
    for seed, operation, target in run.turns(SEED):
        if int(seed.split(":")[1]) > 0:
            break
        run.turn(seed, operation, target)
        memory = memory or server.memory()
    run.check_ground(SEED, memory, growth=300 << 20)  # the largest requests come but once
    assert not run.report.findings, "\n".join(map(str, run.report.findings.values()))
    assert sum(run.report.sent.values()) > 16 * len(every)
    assert {models.wire_name(o).split(".")[0] for o in every} >= {
        name.split(".")[0] for name in run.report.accepted
    }
    assert len(run.report.accepted) > len(every) // 5
