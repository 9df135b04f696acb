"""Charts of a person's own code: what comes back, and what is said where nothing does."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from studio_ext.wrangler import Flow
from studio_ext.wrangler.analyses import Findings
from studio_ext.wrangler.errors import StepError

TABLE = pd.DataFrame({"k": ["x", "y", "x"] * 3_000, "a": [1, 2, 4] * 3_000})
MEANS = {"x": 2.5, "y": 2.0}
SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"


def look(code: str) -> Findings:
    """What a flow finds whose one analysis is this code."""
    flow = Flow.from_dataframe(TABLE)
    node = flow.document.add(
        "sagemaker.visualizations.custom_0.1",
        {"code": code},
        [next(iter(flow.document)).output()],
        type="VISUALIZATION",
    )
    copied = Flow(type(flow.document).parse(flow.document.text()), flow.inputs)
    return copied.run().findings(node.id)


def test_a_vega_lite_specification() -> None:
    found = look(
        f"means = df.groupby('k').a.mean().reset_index()\n"
        f"chart = {{'$schema': '{SCHEMA}', 'mark': 'bar',\n"
        f"         'data': {{'values': means.to_dict('records')}}}}"
    )
    assert found.data["mime_type"] == "application/vnd.vegalite.v5+json"
    values = found.data["chart"]["data"]["values"]
    assert {each["k"]: each["a"] for each in values} == MEANS
    assert found.figure is None


def test_a_plotly_figure() -> None:
    go = pytest.importorskip("plotly.graph_objects")
    found = look(
        "import plotly.graph_objects as go\n"
        "means = df.groupby('k').a.mean()\n"
        "chart = go.Figure(go.Bar(x=list(means.index), y=means.tolist()))"
    )
    assert found.data["mime_type"] == "application/vnd.plotly.v1+json"
    figure: Any = go.Figure(found.figure)
    assert dict(zip(figure.data[0].x, figure.data[0].y, strict=True)) == MEANS


def test_an_altair_chart_of_more_rows_than_it_takes_by_itself() -> None:
    altair = pytest.importorskip("altair")
    found = look(
        "import altair as alt\nchart = alt.Chart(df).mark_bar().encode(x='k', y='mean(a)')"
    )
    assert found.data["mime_type"] == "application/vnd.vegalite.v5+json"
    assert altair.Chart.from_dict(found.data["chart"]).to_dict()["mark"] == {"type": "bar"}
    (rows,) = found.data["chart"]["datasets"].values()
    assert len(rows) == len(TABLE)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("", "code: '' is empty: it has to make chart of df"),
        ("bars = df", "chart is None at the end: it has to be an Altair chart"),
        ("chart = df", "chart is of the type DataFrame at the end"),
        ("chart = {'mark': 'bar'}", "chart is a dict with 'mark': it has to be"),
        ("chart = {'data': [{'x': [float('nan')]}]}", "NaN or infinite"),
        ("chart = {'data': [{'x': {1, 2}}]}", "set is of no type that JSON has"),
        ("\nchart = df['b']", "line 2: KeyError: 'b'"),
    ],
)
def test_what_is_wrong_is_said_at_the_node(code: str, said: str) -> None:
    with pytest.raises(StepError) as raised:
        look(code)
    assert said in str(raised.value)
