"""The report as a whole: sections as data, each of which JSON and the page show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from sqlglot import exp

from ..analyses.base import MOST_ROWS, some_rows
from ..analyses.features import PROBLEMS, encoded, target
from ..analyses.models import power
from ..errors import DataError
from ..plain import plain
from ..relation import Relation, column
from . import remarks
from .model import anomalies, quick_model
from .profile import Column, kind_of, profiled
from .remarks import Remark

#: Rows that models of the report look at, and rows of samples that it shows.
LEAK_ROWS, ANOMALY_ROWS, SAMPLES = 10_000, 20_000, 10
SEVERITIES = ("high", "medium", "low")
Problem = Literal["auto", "Classification", "Regression"]


@dataclass
class Report:
    """What was found. ``power`` tells how well each feature alone predicts the target, 0 to 1."""

    rows: int
    columns: list[Column]
    duplicates: int
    target: str | None = None
    problem: str | None = None
    power: Mapping[str, float] = field(default_factory=dict)
    model: Mapping[str, Any] | None = None
    remarks: list[Remark] = field(default_factory=list)
    anomalous: list[Mapping[str, Any]] = field(default_factory=list)
    repeated: list[Mapping[str, Any]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        found = asdict(self)
        for each, own in zip(found["columns"], self.columns, strict=True):
            each["missing_ratio"] = own.missing_ratio
        return plain(found)

    def to_html(self) -> str:
        """As one page that needs nothing else: it can be sent to anybody."""
        from .page import page

        return page(self)


def insights(
    relation: Relation, target_column: str | None = None, problem_type: Problem = "auto"
) -> Report:
    """Look at a table, and at how it predicts ``target_column``.

    Counts are of all rows; models look at 100,000 of them at most, chosen by chance.
    """
    columns = profiled(relation)
    for each in columns:
        each.kind = kind_of(each)
    rows = columns[0].rows if columns else relation.count()
    if not rows:
        raise DataError("The table has no rows")
    duplicates = rows - relation.distinct().count()
    report = Report(rows, columns, duplicates, target_column)
    table = _Rows(relation, columns)
    if target_column:
        relation[target_column]
        _predicted(report, table, target_column, problem_type)
    report.remarks = sorted(_remarks(report), key=lambda each: SEVERITIES.index(each.severity))
    report.anomalous = _anomalous(table)
    report.repeated = _repeated(relation) if duplicates else []
    return report


class _Rows:
    """Some rows, as models take them."""

    def __init__(self, relation: Relation, columns: list[Column]) -> None:
        self.relation = some_rows(relation, MOST_ROWS).materialise()
        self.names = [each.name for each in columns if each.kind not in ("unknown", "constant")]
        kinds = {each.name: each.type for each in columns}
        table = self.relation.to_arrow()
        self._numbers = {name: encoded(table[name].to_pylist(), kinds[name]) for name in self.names}

    def matrix(self, names: list[str]) -> Any:
        """Columns as floats, shape (rows, columns)."""
        import numpy as np

        return np.column_stack([self._numbers[name] for name in names])


def _predicted(report: Report, table: _Rows, name: str, wanted: Problem) -> None:
    """Quick model and power of each feature; a target that teaches nothing is a remark."""
    import numpy as np

    values, report.problem = target(table.relation, name, wanted)
    there = [index for index, each in enumerate(values) if each is not None]
    y = np.asarray([values[index] for index in there])
    names = [each for each in table.names if each != name]
    if not names:
        raise DataError("There is no column beside the target that a model could learn from")
    x = table.matrix(names)[there]
    try:
        report.model = quick_model(x, y, names, report.problem)
    except DataError as error:
        report.remarks.append(Remark("high", "no_model", error.message))
    few = slice(None) if len(y) <= LEAK_ROWS else np.arange(0, len(y), len(y) // LEAK_ROWS)
    scores = {}
    for index, each in enumerate(names):
        found = power(x[few][:, [index]], y[few], report.problem)
        # An AUC of a half says nothing, as an R2 of zero does.
        scores[each] = max(0.0, 2 * found - 1) if report.problem == PROBLEMS[0] else found
    report.power = dict(sorted(scores.items(), key=lambda each: -each[1]))


def _remarks(report: Report) -> list[Remark]:
    found = [*report.remarks, *remarks.of_table(report.rows, report.duplicates)]
    for each in report.columns:
        if each.name == report.target:
            found += remarks.of_target(each, report.problem or PROBLEMS[0])
        else:
            found += remarks.of_column(each, report.power.get(each.name))
    return found


def _anomalous(table: _Rows) -> list[Mapping[str, Any]]:
    if not table.names:
        return []
    x = table.matrix(table.names)[:ANOMALY_ROWS]
    found = dict(anomalies(x, SAMPLES))
    rows = table.relation.rows(ANOMALY_ROWS)
    names = table.relation.columns
    return [
        {"score": score, "row": dict(zip(names, rows[index], strict=True))}
        for index, score in found.items()
    ]


def _repeated(relation: Relation) -> list[Mapping[str, Any]]:
    """The rows that are there most often, and how often."""
    names = relation.columns
    keys = [column(name, "t") for name in names]
    count = exp.Count(this=exp.Star())
    found = relation.derive(
        lambda table: (
            exp.select(*keys, exp.alias_(count, "studio_count"))
            .from_(table)
            .group_by(*keys)
            .having(exp.GT(this=count.copy(), expression=exp.Literal.number(1)))
            .order_by(exp.Ordered(this=count.copy(), desc=True), *keys)
            .limit(SAMPLES)
        )
    )
    return [
        {"count": times, "row": dict(zip(names, row, strict=True))} for *row, times in found.rows()
    ]
