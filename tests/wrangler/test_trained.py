"""What a step has learned, in the file and out of it."""

from __future__ import annotations

from studio_ext.wrangler import catalogue
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
