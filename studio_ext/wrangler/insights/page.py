"""The report as a page: one HTML file with its style and its small charts inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .report import Report

MOST_BARS = 12


def page(report: Report) -> str:
    """The whole page; every value is escaped."""
    from jinja2 import Environment, PackageLoader

    environment = Environment(
        loader=PackageLoader("studio_ext.wrangler.insights", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=number, percent=percent, words=words)
    return environment.get_template("page.html").render(
        report=report, bars=[_bars(each) for each in report.columns], definitions=DEFINITIONS
    )


def number(value: Any) -> str:
    """For reading: four significant digits, thousands parted."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "–" if value is None else str(value)
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return f"{int(value):,}"
    return f"{value:,.4g}"


def percent(value: float) -> str:
    """A ratio; what is there at all is never shown as none."""
    return "under 0.1 %" if 0 < value < 0.001 else f"{100 * value:.1f} %"


def words(name: str) -> str:
    """``balanced_accuracy`` as ``balanced accuracy``; short names are abbreviations."""
    return name.upper() if len(name) <= 4 else name.replace("_", " ")


def _bars(column: Any) -> list[tuple[str, int, float]]:
    """Label, rows, and length from 0 to 100, of the column's small chart."""
    if column.histogram:
        low, width, counts = column.histogram
        bars = [
            (f"{number(low + index * width)} to {number(low + (index + 1) * width)}", count)
            for index, count in enumerate(counts)
        ]
    else:
        bars = list(column.values.items())[:MOST_BARS]
    most = max((count for _, count in bars), default=0) or 1
    return [(label, count, 100 * count / most) for label, count in bars]


DEFINITIONS = {
    "Missing": "null, not a number, or text that is empty or blank.",
    "Outlier": "further from the median than five robust standard deviations: the deviation of the "
    "values after those beyond the 5 % and 95 % quantiles are brought to them.",
    "Prediction power": "how well a feature alone predicts the target, from 0 (not at all) to 1 "
    "(entirely): of a decision tree, cross-validated, twice the AUC beyond one half, or R2.",
    "Quick model": "XGBoost with early stopping, learned from 80 % of the rows and judged on the "
    "others, without any preparation of the data: better preparation should beat it.",
    "Anomaly": "a row that an isolation forest parts soonest from the others.",
    "Categorical": "text with up to 100 values, or with values that repeat ten times on average.",
    "Identifier": "a column that is different in at least 95 % of the rows.",
}
