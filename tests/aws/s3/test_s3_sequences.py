"""Random conversations with us and with moto: answer for answer the same, or in the table.

Where S3 itself differs from moto, S3 wins. ``STUDIO_S3_SEQUENCES=2000`` with
``--hypothesis-seed=N`` makes it a long run (`make fuzz` does).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from s3_differences import DIFFERENCES, Difference, explained
from s3_sequences import SEQUENCES, Step, Talker

EXAMPLES = int(os.environ.get("STUDIO_S3_SEQUENCES", "120"))
Pair = Callable[[], tuple[Talker, Talker]]


@pytest.fixture
def pair(client: Any, moto_client: Any, new_name: Callable[[], str]) -> Pair:
    """Makes both sides of a conversation, each with a new bucket of one name."""

    def make() -> tuple[Talker, Talker]:
        bucket = new_name()
        for side in (client, moto_client):
            side.create_bucket(Bucket=bucket)
        return Talker(client, bucket), Talker(moto_client, bucket)

    return make


@settings(
    max_examples=EXAMPLES,
    derandomize="STUDIO_S3_SEQUENCES" not in os.environ,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, Phase.shrink),
)
@given(steps=SEQUENCES)
def test_same_as_moto_in_any_order(pair: Pair, steps: list[Step]) -> None:
    ours, theirs = pair()
    for step in steps:
        mine, other = ours.say(step), theirs.say(step)
        if mine == other:
            continue
        assert explained(step, mine, other), f"{step}\nwe:   {mine}\nmoto: {other}"
        return  # from here on the two stores may differ


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda d: d.name)
def test_the_table_is_true(pair: Pair, difference: Difference) -> None:
    """Each difference is still there, so that none stays in the table for nothing."""
    ours, theirs = pair()
    for step in difference.example[:-1]:
        ours.say(step), theirs.say(step)
    step = difference.example[-1]
    mine, other = ours.say(step), theirs.say(step)
    assert mine != other
    assert difference.holds(step, mine, other), f"{step}\nwe:   {mine}\nmoto: {other}"
