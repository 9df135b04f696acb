"""A chart of a person's own: code that makes it of the rows, in a process of its own."""

from __future__ import annotations

import json
import re
from typing import Any

from ..errors import ParameterError
from ..operators.base import Form
from ..operators.parameters import Parameters, field
from ..python import Program, table
from ..relation import Relation
from .base import MOST_ROWS, Analysis, Findings, analyses, some_rows

PLOTLY = "application/vnd.plotly.v1+json"
#: JupyterLab's renderers go by the major version of Vega-Lite's schema, and its last one by this.
_VERSION = re.compile(r"/vega-lite/v(\d+)")
LAST = 5


class _Code(Parameters):
    code: str = field(
        "Code",
        "`df` (pandas) is the rows. `chart` at the end is an Altair chart, a plotly figure, or a "
        "dict: a Vega-Lite specification, or a plotly figure's data and layout.",
        language="python",
    )


@analyses.add
class CustomChart(Analysis[_Code]):
    """A chart that Python code makes: ``df`` in, ``chart`` out.

    The code runs in a process of its own, with limits of time and memory, on 100,000 rows at most,
    chosen by chance. ``chart`` of the data is what a notebook shows as ``mime_type``.
    """

    number, label = "A12", "Custom chart"
    form = Form("sagemaker.visualizations.custom_0.1")

    def compute(self, relation: Relation, p: _Code) -> Findings:
        if not p.code.strip():
            raise ParameterError("code", p.code, "is empty: it has to make chart of df")
        rows = some_rows(relation)
        kind, text = table(rows, Program("chart", p.code), MOST_ROWS).rows()[0]
        chart: dict[str, Any] = json.loads(text)
        if kind == "plotly":
            return Findings({"mime_type": PLOTLY, "chart": chart}, chart)
        found = _VERSION.search(kind)
        version = min(int(found[1]), LAST) if found else LAST
        return Findings({"mime_type": f"application/vnd.vegalite.v{version}+json", "chart": chart})
