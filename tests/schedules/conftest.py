"""One Studio for the tests of a worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from studio_plane import Studio, running_studio


@pytest.fixture(scope="session")
def studio() -> Iterator[Studio]:
    with running_studio(max_cores=4) as studio:
        yield studio
