"""What a step has learned, in the file and out of it."""

from __future__ import annotations

import pyarrow as pa

from studio_ext.wrangler import Flow, catalogue
from studio_ext.wrangler.flow.trained import PREFIX
from studio_ext.wrangler.operators.parameters import parse

KEY = "process_numeric/scale_values/min_max_scaler"
LEARNED = {"columns": {"x": {"min": 0.0, "max": 10.0}}}


def test_what_was_learned_is_kept_with_the_parameters_it_was_learned_for() -> None:
    operator = catalogue[KEY]
    p = parse(operator.Parameters, {"input_column": "x"})
    saved = operator.saved(LEARNED, p)
    assert operator.restored(saved, p) == LEARNED
    other = parse(operator.Parameters, {"input_column": "x", "max": 2})
    assert operator.restored(saved, other) is None


def test_a_schema_is_kept_as_data_wrangler_does() -> None:
    operator = catalogue["infer_and_cast_type"]
    p = parse(operator.Parameters, {})
    schema = {"schema": {"a": "long"}}
    assert operator.form.write_trained(operator.saved(schema, p)) == schema
    assert operator.restored(schema, p) == schema


def test_a_damaged_model_is_learned_anew_and_that_is_said() -> None:
    flow = Flow.from_dataframe(pa.table({"c": ["a", "b", "b"]}))
    node = flow.add("encode_categorical/ordinal_encode", input_column="c")
    node.trained = {"ordinal_encode_parameters": {"string_indexer_model": PREFIX + "no ZIP at all"}}
    result = flow.run()
    assert result.table()["c"].to_pylist() == [1.0, 0.0, 0.0]
    (note,) = result.notes[node.id]
    assert "damaged" in note
    assert "learned anew" in note


def test_a_parameter_that_nobody_knows_is_not_left_out_silently() -> None:
    flow = Flow.from_dataframe(pa.table({"x": [1, 2]}))
    node = flow.add("cast_single_data_type", column="x", data_type="float")
    node.parameters["original_data_type"] = "Long"
    assert not flow.run().notes
    node.parameters["surprise"] = "so"
    assert flow.run().notes[node.id] == (
        "surprise: Studio does not know this parameter, and leaves it out",
    )


def test_the_names_of_a_schema_are_data_wranglers() -> None:
    flow = Flow.from_dataframe(pa.table({"yes": ["true", "false"], "day": ["2020-01-02"] * 2}))
    node = flow.add("infer_and_cast_type")
    flow.fit()
    assert node.trained == {"schema": {"yes": "bool", "day": "date"}}
    node.trained = {"schema": {"yes": "boolean", "day": "string"}}
    assert flow.run().table().schema.types == [pa.bool_(), pa.string()]
