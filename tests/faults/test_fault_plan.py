"""Plans follow from their seed alone, and hold every kind of fault."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.faults import plan
from tests.faults.plan import DATA


def test_a_seed_gives_the_same_plan_and_another_one_another() -> None:
    assert plan.draw(7, 50, True) == plan.draw(7, 50, True)
    assert plan.draw(7, 50, True).faults != plan.draw(8, 50, True).faults


def test_every_kind_comes_before_any_comes_again() -> None:
    counts = Counter(fault.label for fault in plan.draw(1, 36, True).faults)
    assert len(counts) == 18
    assert set(counts.values()) == {2}


def test_on_a_server_its_own_faults_come_too() -> None:
    assert {f.label for f in plan.draw(1, 20, True, "postgresql").faults} == {
        *(f.label for f in plan.draw(1, 18, True).faults),
        "crash database",
        "cut database",
    }
    assert plan.nth(1, 5, 40, "postgresql").database == "postgresql"


def test_a_round_of_the_control_plane_leaves_the_data_plane_alone() -> None:
    labels = {fault.label for fault in plan.draw(3, 100, False).faults}
    assert not any(label.endswith(DATA) or label == "power" for label in labels)
    assert {"kill server", "fill", "busy", "rival"} <= labels


def test_rounds_alternate_and_have_seeds_of_their_own() -> None:
    found = [plan.nth(number, 5, 40) for number in range(3)]
    assert [len(one.faults) for one in found] == [40, 40, 40]
    assert [one.data_plane for one in found] == [True, False, True]
    assert len({one.seed for one in found}) == 3


def test_a_saved_plan_is_read_back(tmp_path: Path) -> None:
    drawn = plan.draw(9, 20, True, "postgresql")
    plan.save(drawn, tmp_path / "plan.json")
    assert plan.load(tmp_path / "plan.json") == drawn
