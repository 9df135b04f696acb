"""One Studio for the tests of flows, with files to read and a second user profile."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from flow_studio import ROWS, flows_client
from studio_plane import Studio, running_studio

sys.path.insert(0, str(Path(__file__).parents[1] / "isolation"))

from people import Person, person

TABLE = f"""
    SELECT range AS id, range % 97 AS k, (range % 1000) / 10.0 AS x,
    'name ' || (range % 50) AS name,
    CASE WHEN range % 10 = 0 THEN NULL ELSE 'v' || (range % 3) END AS v,
    DATE '2020-01-01' + (range % 1000)::INT AS day FROM range({ROWS})
"""


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the server's user: one table as Parquet and as CSV."""
    folder = tmp_path_factory.mktemp("root")
    table = duckdb.sql(TABLE)
    table.write_parquet(str(folder / "table.parquet"))
    table.write_csv(str(folder / "table.csv"))
    return folder


@pytest.fixture(scope="session")
def studio(root: Path) -> Iterator[Studio]:
    with running_studio(flow_root=str(root), flow_processes=3) as studio:
        yield studio


@pytest.fixture(scope="session")
def api(studio: Studio) -> Any:
    """The operations, as the server's own user."""
    return flows_client(studio)


@pytest.fixture(scope="session")
def ana(studio: Studio) -> Person:
    return person(studio, "ana")
