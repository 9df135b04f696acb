"""The same conversation with moto and with us; moto is the oracle.

Where S3 itself is known to differ from moto, the check is in ``test_s3_wire.py`` with its answer
written out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from s3_checks import CHECKS, Talk


@pytest.mark.parametrize("name", CHECKS)
def test_same_as_moto(
    name: str, client: Any, moto_client: Any, new_name: Callable[[], str]
) -> None:
    bucket = new_name()
    transcripts = []
    for s3 in (client, moto_client):
        s3.create_bucket(Bucket=bucket)
        talk = Talk(s3, bucket)
        CHECKS[name](talk)
        transcripts.append(talk.transcript)
    ours, theirs = transcripts
    assert ours == theirs


def test_there_are_enough_checks() -> None:
    assert len(CHECKS) >= 60
