"""What values of forms are called: flow files write them for programs, people read these."""

from __future__ import annotations

from typing import Any

#: What is no plain word as it stands.
LABELS = {
    "long": "Whole number",
    "float": "Decimal number",
    "bool": "Boolean",
    "datetime": "Date and time",
    "replace_null": "Make it missing",
    "replace_null_with_new_col": "Make it missing, and keep it in a new column",
    "replace_value": "Replace it by a value",
    "replace_value_with_new_col": "Replace it by a value, and keep it in a new column",
    "leftouter": "Left outer",
    "rightouter": "Right outer",
    "fullouter": "Full outer",
    "leftsemi": "Left semi",
    "leftanti": "Left anti",
    "row_wise": "Under one another",
    "column_wise": "Side by side, row by row",
    "ffill": "Last value before",
    "bfill": "Next value after",
    "drop": "Drop the rows",
    "indicate": "Mark them in a new column",
    "raise": "Stop with an error",
    "min": "Minimum",
    "max": "Maximum",
    "avg": "Mean",
    "std": "Standard deviation",
    "stddev": "Standard deviation",
    "stddev_pop": "Standard deviation of all",
    "variance_pop": "Variance of all",
    "approx_count_distinct": "Different values, about",
    "count_distinct": "Different values",
    "collect_list": "List of values",
    "mode": "Most frequent",
    "ntile": "Parts of equal size",
    "lag": "Value before",
    "lead": "Value after",
    "log": "Natural logarithm",
    "log2": "Logarithm to base 2",
    "log10": "Logarithm to base 10",
    "log1p": "Logarithm of 1 + x",
    "exp": "Exponential",
    "sqrt": "Square root",
    "abs": "Absolute value",
    "floor": "Round down",
    "ceil": "Round up",
    "l1": "Sum of absolute values",
    "l2": "Length",
    "kebab-case": "kebab-case",
    "snake_case": "snake_case",
    "camelCase": "camelCase",
}


def label_of(value: Any) -> str:
    """What a person reads for a value that can be chosen."""
    text = str(value)
    if text in LABELS:
        return LABELS[text]
    words = text.replace("_", " ")
    return words[:1].upper() + words[1:]


def labelled(schema: Any) -> Any:
    """The JSON Schema with ``labels`` beside each ``enum``, value by value."""
    if isinstance(schema, list):
        return [labelled(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    told = {name: labelled(value) for name, value in schema.items()}
    # A property may be called enum; a list of values is one.
    if isinstance(schema.get("enum"), list):
        told["labels"] = [label_of(each) for each in schema["enum"]]
    return told
