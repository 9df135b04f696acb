"""Columns as a grid's header and a column's details show them."""

from __future__ import annotations

from typing import Any

from ...wrangler.insights.profile import Column, kind_of, profiled
from ...wrangler.insights.remarks import of_column
from ...wrangler.relation import Relation


def profiles(relation: Relation, names: list[str]) -> dict[str, Any]:
    """Counts, spread, frequent values, a histogram and remarks of each column."""
    wanted = relation.select(names) if names else relation
    columns = profiled(wanted)
    rows = columns[0].rows if columns else relation.count()
    return {"TotalRows": rows, "Profiles": [_profile(each) for each in columns]}


def _profile(column: Column) -> dict[str, Any]:
    column.kind = kind_of(column)
    told: dict[str, Any] = {
        "Name": column.name,
        "Type": column.type,
        "Kind": column.kind,
        "Missing": column.missing,
        "Distinct": column.distinct,
        "Outliers": column.outliers,
        "Figures": column.figures,
        "Values": [{"Value": str(v), "Count": n} for v, n in column.values.items()],
        "Remarks": [
            {
                "Severity": each.severity,
                "Code": each.code,
                "Message": each.message,
                "Fix": dict(each.fix) if each.fix else None,
            }
            for each in of_column(column, None)
        ],
    }
    if column.histogram is not None:
        start, width, counts = column.histogram
        told["Histogram"] = {"Start": float(start), "Width": float(width), "Counts": counts}
    return told
