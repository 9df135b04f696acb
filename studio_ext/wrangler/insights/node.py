"""The report as a node of a flow, among the analyses."""

from __future__ import annotations

from typing import Literal

from ..analyses import Analysis, Findings, analyses
from ..operators.base import Form
from ..operators.parameters import MaybeColumn, Parameters, field
from ..relation import Relation
from .report import insights


class _Wanted(Parameters):
    target_column: MaybeColumn = field("Target column", "Empty: no target.", default="")
    problem_type: Literal["auto", "Classification", "Regression"] = field("Problem", default="auto")


class _Report(Parameters):
    insights_report_parameters: _Wanted = field("Report", default=_Wanted())


@analyses.add
class InsightsReport(Analysis[_Report]):
    """Data Quality and Insights: figures of every column, warnings and what would help."""

    number, label = "R01", "Data Quality and Insights report"
    form = Form("sagemaker.visualizations.data_insights_report_0.1")

    def compute(self, relation: Relation, p: _Report) -> Findings:
        wanted = p.insights_report_parameters
        report = insights(relation, wanted.target_column or None, wanted.problem_type)
        notes = tuple(each.message for each in report.remarks if each.severity == "high")
        return Findings(report.to_json(), None, notes)
