"""One Studio with two user profiles beside the administrator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from people import Person, person
from studio_plane import Studio, running_studio


@pytest.fixture(scope="session")
def studio() -> Iterator[Studio]:
    with running_studio(max_cores=4) as studio:
        yield studio


@pytest.fixture(scope="session")
def ana(studio: Studio) -> Person:
    return person(studio, "ana")


@pytest.fixture(scope="session")
def ben(studio: Studio) -> Person:
    return person(studio, "ben")
