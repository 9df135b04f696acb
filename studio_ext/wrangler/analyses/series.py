"""Time series: trend, season and what remains, and the points that do not fit.

Decomposition is STL (Cleveland et al. 1990) by statsmodels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field
from sqlglot import exp

from ..errors import DataError
from ..operators.base import Choice, Form
from ..operators.parameters import NumericColumn, OfColumn, Parameters, field
from ..relation import Relation, column
from .base import MOST_ROWS, Analysis, Findings, analyses, figure

if TYPE_CHECKING:
    import numpy as np

#: Seasons that are smoothed together (odd; Cleveland's n_s).
SEASONS = 13
TimeColumn = Annotated[str, OfColumn(("datetime", "date", "long", "float")), Field(min_length=1)]


class _Series(Parameters):
    sequence_column: NumericColumn = field("Values")
    timestamp_column: TimeColumn = field("Timestamps")
    period: int = field("Points in a season", "7 for days of a week.", default=7, ge=2)
    anomaly_threshold: float = field(
        "Threshold", "Standard deviations of what remains.", default=3.0, gt=0
    )


def _form(analysis: str) -> Form:
    return Form("sagemaker.visualizations.time_series_0.1", (Choice("analysis", analysis, ""),))


def decomposed(relation: Relation, p: _Series) -> tuple[list[str], dict[str, np.ndarray]]:
    """Timestamps, and value, trend, season and residual, all of one length.

    Raises DataError where the series is shorter than two seasons or longer than 100,000 points.
    """
    import numpy as np
    from statsmodels.tsa.seasonal import STL

    wanted = {"at": relation[p.timestamp_column], "y": relation[p.sequence_column]}
    ordered = relation.select(wanted).nested()
    ordered = ordered.filter(*(ordered[name].is_(exp.null()).not_() for name in ("at", "y")))
    rows = ordered.sort(column("at", "t")).rows(MOST_ROWS + 1)
    if not 2 * p.period <= len(rows) <= MOST_ROWS:
        raise DataError(
            f"sequence_column: {len(rows)} points; from {2 * p.period} (two seasons) "
            f"to {MOST_ROWS} can be decomposed"
        )
    values = np.array([float(y) for _, y in rows])
    # Robust, and a season that changes slowly: or one wild point would bend both around it.
    found = STL(values, period=p.period, seasonal=SEASONS, robust=True).fit()
    parts = {"value": values, "trend": found.trend, "season": found.seasonal, "rest": found.resid}
    return [str(at) for at, _ in rows], parts


def unusual(rest: np.ndarray, threshold: float) -> list[int]:
    """Places further from the mean than so many standard deviations."""
    import numpy as np

    far = np.abs(rest - rest.mean()) > threshold * rest.std(ddof=1)
    return [int(each) for each in np.flatnonzero(far)]


@analyses.add
class Decomposition(Analysis[_Series]):
    """A series as trend, season and what remains."""

    number, label = "A10", "Seasonal-trend decomposition"
    form = _form("Seasonality-Trend decomposition")

    def compute(self, relation: Relation, p: _Series) -> Findings:
        at, parts = decomposed(relation, p)
        traces = [
            {
                "type": "scatter",
                "mode": "lines",
                "name": name,
                "x": at,
                "y": list(map(float, values)),
                "yaxis": f"y{index}" if index > 1 else "y",
            }
            for index, (name, values) in enumerate(parts.items(), 1)
        ]
        grid = {"grid": {"rows": len(parts), "columns": 1, "pattern": "coupled"}}
        wild = unusual(parts["rest"], p.anomaly_threshold)
        data = {
            "timestamps": at,
            **{name: list(map(float, values)) for name, values in parts.items()},
            "anomalies": [at[index] for index in wild],
        }
        return Findings(data, figure(*traces, showlegend=True, **grid))


@analyses.add
class Anomalies(Analysis[_Series]):
    """The points of a series that neither trend nor season explain."""

    number, label = "A09", "Anomaly detection"
    form = _form("Anomaly detection")

    def compute(self, relation: Relation, p: _Series) -> Findings:
        at, parts = decomposed(relation, p)
        values = list(map(float, parts["value"]))
        wild = unusual(parts["rest"], p.anomaly_threshold)
        line = {"type": "scatter", "mode": "lines", "name": "value", "x": at, "y": values}
        points = {
            "type": "scatter",
            "mode": "markers",
            "name": "anomaly",
            "x": [at[index] for index in wild],
            "y": [values[index] for index in wild],
            "marker": {"size": 8, "symbol": "x"},
        }
        found = [{"timestamp": at[index], "value": values[index]} for index in wild]
        return Findings({"anomalies": found}, figure(line, points, y=p.sequence_column))
