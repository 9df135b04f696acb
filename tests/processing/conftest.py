"""One Studio for the tests of a worker, and its processing jobs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from processing_jobs import Jobs
from studio_plane import Studio, running_studio


@pytest.fixture(scope="session")
def studio() -> Iterator[Studio]:
    with running_studio(max_cores=4) as studio:
        yield studio


@pytest.fixture(scope="session")
def jobs(studio: Studio) -> Jobs:
    return Jobs(studio)
