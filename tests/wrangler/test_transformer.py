"""A flow as scikit-learn's transformer: its own checks, pipelines, searches, and kept by joblib."""

from __future__ import annotations

import io
import warnings

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.estimator_checks import check_estimator

from studio_ext.wrangler import Flow, FlowTransformer
from studio_ext.wrangler.errors import ColumnError, DataError, FlowError, StepError

SCALE = "process_numeric/scale_values/min_max_scaler"
TABLE = pd.DataFrame(
    {
        "age": [31.0, 52.0, None, 47.0, 20.0, 61.0],
        "job": ["admin", "tech", "tech", None, "admin", "tech"],
    },
    index=[7, 3, 5, 1, 9, 8],
)
LABELS = [0, 1, 1, 1, 0, 1]


def _flow() -> Flow:
    flow = Flow.from_dataframe(TABLE)
    flow.add("handle_missing/impute/numeric", input_column="age", strategy="Mean")
    flow.add(SCALE, input_column="age")
    flow.add("encode_categorical/one_hot_encode", input_column="job", output_style="Columns")
    return flow


@pytest.mark.parametrize("kind", ["nothing", "steps"])
def test_scikit_learns_own_checks_pass(kind: str) -> None:
    made = FlowTransformer()
    if kind == "steps":
        flow = Flow.from_dataframe(pd.DataFrame({"x0": [1.0]}))
        flow.add(SCALE, input_column="x0")
        made = flow.to_sklearn()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(made, on_fail=None)
    # Other arrays than NumPy's are checked where the environment asks for it.
    asked = [each for each in results if each["check_name"] != "check_array_api_input"]
    assert [each["check_name"] for each in asked if each["status"] != "passed"] == []
    assert len(asked) > 30


def test_it_gives_what_the_flow_gives_and_learns_of_its_own_rows() -> None:
    flow = _flow()
    wanted = flow.run().table().to_pandas()
    made = flow.to_sklearn().fit(TABLE)
    found = made.transform(TABLE)
    pd.testing.assert_frame_equal(found, wanted.set_index(TABLE.index))
    assert made.get_feature_names_out().tolist() == list(wanted)
    assert made.feature_names_in_.tolist() == list(TABLE)
    alone = made.transform(TABLE.iloc[[1]])
    pd.testing.assert_frame_equal(alone, found.iloc[[1]])
    older = made.fit(TABLE.assign(age=TABLE.age + 100)).transform(TABLE)
    assert (older.age.drop(index=5) < 0).all(), "but for the one that was missing"
    with pytest.raises(ValueError, match="feature names"):
        made.transform(TABLE.rename(columns={"age": "years"}))


def test_what_the_flow_has_learned_comes_along() -> None:
    flow = _flow().fit()
    made = flow.to_sklearn(learned=True)
    more = pd.DataFrame({"age": [61.0, None], "job": ["tech", "new"]})
    found = made.transform(more)
    assert found.age.tolist() == pytest.approx([1.0, (TABLE.age.mean() - 20) / 41])
    assert found.job_tech.tolist() == [1.0, 0.0]
    assert made.transform(pa.Table.from_pandas(more)).to_pydict() == found.to_dict("list")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # names were there to learn of
        rows = made.transform(more.to_numpy())
    assert rows.tolist() == found.to_numpy().tolist()


def test_other_kinds_of_tables_come_back_as_their_own() -> None:
    polars = pytest.importorskip("polars")
    made = _flow().to_sklearn().fit(polars.from_pandas(TABLE))
    assert isinstance(made.transform(polars.from_pandas(TABLE)), polars.DataFrame)


def test_a_pipeline_is_cloned_kept_and_set_to_an_output() -> None:
    pipeline = make_pipeline(_flow().to_sklearn(), LogisticRegression()).fit(TABLE, LABELS)
    predicted = pipeline.predict(TABLE)
    again = clone(pipeline).fit(TABLE, LABELS)
    assert again.predict(TABLE).tolist() == predicted.tolist()
    file = io.BytesIO()
    joblib.dump(pipeline, file)
    assert b"DuckDB" not in file.getvalue()
    assert joblib.load(io.BytesIO(file.getvalue())).predict(TABLE).tolist() == predicted.tolist()
    assert pipeline[:-1].get_feature_names_out().tolist() == ["age", "job_tech", "job_admin"]
    mixed = make_pipeline(MinMaxScaler(), FlowTransformer()).set_output(transform="pandas")
    assert list(mixed.fit_transform(TABLE[["age"]])) == ["age"]


def test_a_search_sets_the_flows_own_parameters() -> None:
    flow = _flow()
    flow.document.data["parameters"] = [{"name": "top", "type": "number", "value": "1"}]
    (scaler,) = [each for each in flow.document if "process_numeric" in each.operator]
    scaler.parameters["scale_values_parameters"]["min_max_scaler_parameters"]["max"] = "{{top}}"
    made = flow.to_sklearn()
    assert made.get_params()["parameters__top"] == "1"
    assert clone(made).set_params(parameters__top=4).fit(TABLE).transform(TABLE).age.max() == 4
    with pytest.raises(ValueError, match=r"no parameter 'bottom': \['top'\]"):
        made.set_params(parameters__bottom=1)
    search = GridSearchCV(
        make_pipeline(made, LogisticRegression()),
        {"flowtransformer__parameters__top": [1, 50]},
        cv=2,
    )
    assert search.fit(TABLE, LABELS).best_estimator_[0].parameters["top"] in (1, 50)


def test_steps_that_learn_of_the_label_find_it_and_rows_come_without() -> None:
    flow = Flow.from_dataframe(TABLE.assign(bought=LABELS))
    flow.add("balance_data/random_oversample", target_column="bought", ratio=1)
    flow.add("handle_missing/impute/numeric", input_column="age", strategy="Mean")
    made = flow.to_sklearn(target="bought")
    assert list(made.fit(TABLE, LABELS).transform(TABLE)) == ["age", "job"]
    assert made.transform(TABLE).shape == TABLE.shape, "balanced to learn of, not to predict"
    with pytest.raises(ValueError, match="y is None"):
        made.fit(TABLE)
    with pytest.raises(ColumnError, match="'sold'"):
        flow.fitted(target="sold")


def test_what_cannot_be_for_single_rows_is_named() -> None:
    flow = _flow()
    flow.add("manage_rows/sort", sort_by="age")
    with pytest.raises(StepError, match=r"Sort.*needs other rows"):
        flow.to_sklearn().fit(TABLE)
    flow = Flow.from_dataframe(TABLE)
    flow.add("handle_missing/drop_missing/drop_rows", input_column=["age"])
    with pytest.raises(DataError, match=r"Drop missing leaves rows out: 6 came in, 5 go"):
        flow.to_sklearn().fit(TABLE).transform(TABLE)
    with pytest.raises(FlowError, match="7 is no Flow"):
        FlowTransformer(7).fit(TABLE)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="no common type"):
        _flow().to_sklearn().fit(np.array([[1, "a"], ["b", 2]], dtype=object))
