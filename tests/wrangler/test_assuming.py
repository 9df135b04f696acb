"""Means and deviations of columns that hold NaN or infinities, or none, are those of the rest."""

from __future__ import annotations

import statistics
from typing import Any

import pyarrow as pa
import pytest

from studio_ext.wrangler.engines import Engine

INF, NAN = float("inf"), float("nan")


@pytest.mark.parametrize(
    ("values", "left"),
    [
        ([1.0, 2.0, 4.0, None], [1.0, 2.0, 4.0]),
        ([1.0, NAN, 4.0, None], [1.0, 4.0]),
        ([1.0, INF, 4.0, 5.0], [1.0, 4.0, 5.0]),
        ([-INF, INF, 4.0, 5.0], [4.0, 5.0]),
        ([None, None], []),
        ([NAN, None], []),
        ([1, 2, None], [1, 2]),
    ],
)
def test_figures_leave_out_what_is_not_finite(
    engine: Engine, values: list[Any], left: list[float]
) -> None:
    for _ in range(2):  # as long as all was finite, and after it was not
        relation = engine.from_arrow(pa.table({"x": values}))
        f = relation.functions
        x = f.figure(relation["x"])
        made = relation.aggregate(
            {
                "mean": f.mean(x),
                "deviation": f.coalesce(f.deviation(x), 0.0),
                "least": f.least(x),
                "count": f.count(x),
            }
        )
        assert made == {
            "mean": pytest.approx(statistics.mean(left)) if left else None,
            "deviation": pytest.approx(statistics.stdev(left)) if len(left) > 1 else 0.0,
            "least": min(left, default=None),
            "count": len(left),
        }


def test_a_sum_beyond_all_floats_is_what_it_is(engine: Engine) -> None:
    relation = engine.from_arrow(pa.table({"x": [1e308, 1e308, 1e308]}))
    f = relation.functions
    assert relation.aggregate({"mean": f.mean(f.figure(relation["x"]))}) == {"mean": INF}
