"""Lists are found by indexes: the plans say so, whatever the clock says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from benchmarks import seeding
from studio_ext.config import Config
from studio_ext.store import Store
from studio_ext.store.listing import SORTS, Query, page
from studio_ext.store.resources import _SHARED as SHARED

ACCOUNT = "000000000000"
FILTERS: dict[str, dict[str, object]] = {
    "all": {},
    "by status": {"status": "Failed"},
    "by name": {"name_contains": "fraud"},
    "by time": {"created_after": 1.0, "modified_before": 1e12},
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    home: Path = tmp_path_factory.mktemp("seeded")
    made = Store(Config(home=str(home), database_url=f"sqlite:///{home / 'studio.db'}"))
    seeding.seed_jobs(made, 500)
    yield made
    made.close()


def plan(store: Store, query: Query) -> list[str]:
    """SQLite's steps for a list."""
    statement, values = page(query)
    compiled = statement.compile(store.engine)
    parameters = {**compiled.params, **values}
    ordered = [parameters[name] for name in compiled.positiontup or ()]
    with store.read() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", tuple(ordered))
        return [row[3] for row in rows]


@pytest.mark.parametrize("filters", FILTERS)
@pytest.mark.parametrize("deep", [False, True], ids=["first page", "deep page"])
@pytest.mark.parametrize("descending", [False, True], ids=["up", "down"])
@pytest.mark.parametrize("sort_by", SORTS)
def test_a_page_is_chosen_from_an_index_in_its_order(
    store: Store, sort_by: str, descending: bool, deep: bool, filters: str
) -> None:
    query = Query(
        "training-job", ACCOUNT, sort_by=sort_by, descending=descending, **FILTERS[filters]
    )
    if deep:
        found = store.resources.list(query)
        query.after = query.position(found[-1])
    steps = plan(store, query)
    chosen = next(step for step in steps if "INDEX resources_" in step)
    assert "(kind=? AND account=?" in chosen, steps
    assert not [step for step in steps if step.startswith("SCAN resources")], steps
    # The page itself (at most a hundred rows) is put in order again. What it is chosen from is
    # only where a range of one value is asked for in the order of another.
    across = filters == "by time" and sort_by in ("name", "status")
    assert sum("ORDER BY" in step for step in steps) <= 1 + across, steps
    if filters == "by status":
        assert "status=?" in chosen, steps
    if not (sort_by == "name" and across):
        assert "COVERING INDEX" in chosen, steps


def test_pages_of_seeded_jobs_join_to_the_whole(store: Store) -> None:
    query = Query("training-job", ACCOUNT, sort_by="modified", descending=True, limit=100)
    names: list[str] = []
    while found := store.resources.rows(query, {"secondary": ("state", "secondary")}):
        assert {row.secondary for row in found} <= {"Completed", "Failed", "Stopped"}
        names += [str(row.id) for row in found]
        query.after = query.position(found[-1])
    assert len(names) == len(set(names)) == 500


def test_what_runs_is_found_by_an_index(store: Store) -> None:
    questions = {
        "SELECT id FROM resources WHERE wake_at <= 1 ORDER BY wake_at": "resources_due",
        "SELECT lease_holder FROM resources WHERE lease_holder IS NOT NULL": "resources_leased",
        str(SHARED.statement): "resources_shared",
        "SELECT resource_id FROM tags WHERE key = 'team' AND value = 'x'": "tags_by_value",
    }
    for question, index in questions.items():
        with store.read() as connection:
            explained = text(f"EXPLAIN QUERY PLAN {question}".replace(":kind", "'training-job'"))
            steps = [row[3] for row in connection.execute(explained)]
        assert any(index in step for step in steps), steps
