"""What is wrong with a column or a table, how bad it is, and the step that would help."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..operators.catalogue import catalogue
from .profile import OUTLIER, Column

SKEW = 3.0
#: Words that stand for "not known" (compared without case).
DISGUISES = frozenset(
    "? - -- . n/a na nan nil none null unknown undefined missing not available not known".split()
) | {"not available", "not known"}
#: Numbers that often stand for "not known", where they stand apart from the others.
SENTINELS = ("-1", "-9", "-99", "-999", "-9999", "99", "999", "9999")
LEAK = 0.98


@dataclass(frozen=True)
class Remark:
    """One warning. ``fix`` is a node of a flow that would mend it, ready to be added."""

    severity: str
    code: str
    message: str
    column: str | None = None
    fix: Mapping[str, Any] | None = None


def fix(key: str, **parameters: Any) -> dict[str, Any]:
    """The operator ``key`` with these parameters, as a node has them."""
    operator = catalogue[key]
    return {
        "label": operator.label,
        "operator": operator.form.operator,
        "parameters": operator.form.write(parameters),
    }


def of_column(column: Column, power: float | None) -> Iterator[Remark]:
    """Everything to be said of a feature; ``power`` is how well it alone predicts the target."""
    name = column.name
    drop = fix("manage_columns/drop_column", column_to_drop=name)
    if not column.known:
        yield Remark("high", "all_missing", f"{name!r} has no value at all", name, drop)
        return
    if column.kind == "constant":
        yield Remark("medium", "constant", f"{name!r} has one value in all rows", name, drop)
        return
    yield from _missing(column, drop)
    yield from _identity(column, drop)
    if power is not None and power >= LEAK:
        words = f"{name!r} alone predicts the target: it may not be known when predictions are made"
        yield Remark("high", "target_leakage", words, name, drop)
    yield from _numbers(column)


def _missing(column: Column, drop: Mapping[str, Any]) -> Iterator[Remark]:
    name, ratio = column.name, column.missing_ratio
    numeric = column.type in ("long", "float")
    way = "handle_missing/impute/" + ("numeric" if numeric else "categorical")
    if ratio > 0.5:
        words = f"{name!r} is missing in {ratio:.1%} of the rows"
        yield Remark("high", "mostly_missing", words, name, drop)
    elif ratio > 0:
        severity = "medium" if ratio > 0.1 else "low"
        words = f"{name!r} is missing in {ratio:.1%} of the rows"
        yield Remark(severity, "missing", words, name, fix(way, input_column=name))
    hidden = _disguised(column)
    if hidden and sum(hidden.values()) >= 0.001 * column.known:
        said = ", ".join(repr(each) for each in hidden)
        words = f"{name!r} says {said} in {sum(hidden.values()):,} rows: is that a missing value?"
        pattern = f"^({'|'.join(re.escape(each) for each in hidden)})$"
        key = "search_and_edit/convert_regex_to_missing"
        mend = None if numeric else fix(key, input_column=name, pattern=pattern)
        yield Remark("medium", "disguised_missing", words, name, mend)


def _disguised(column: Column) -> dict[str, int]:
    """Words for "not known", and numbers for it that lie far from all others; how often each."""
    if column.type not in ("long", "float"):
        return {
            value: count
            for value, count in column.values.items()
            if value.strip().lower() in DISGUISES
        }
    hidden = {}
    for value in SENTINELS:
        others = [float(each) for each in column.values if each != value]
        if value in column.values and len(others) > 1 and column.distinct <= len(column.values):
            apart = 3 * (max(others) - min(others))
            if float(value) > max(others) + apart or float(value) < min(others) - apart:
                hidden[value] = column.values[value]
    return hidden


def _identity(column: Column, drop: Mapping[str, Any]) -> Iterator[Remark]:
    name = column.name
    whole = column.type == "long" or column.figures.get("whole") == column.known
    unique = column.distinct >= 0.95 * column.known and column.known >= 20
    if unique and (column.type == "string" or (column.type == "long" and whole)):
        words = (
            f"{name!r} is different in nearly every row: it identifies rows, and teaches nothing"
        )
        yield Remark("medium", "identifier", words, name, drop)
    elif column.type == "string" and column.kind == "categorical" and column.distinct > 100:
        rare = fix(
            "handle_outliers/replace_rare_values", input_column=name, replacement_string="Other"
        )
        words = f"{name!r} has {column.distinct} categories"
        yield Remark("low", "high_cardinality", words, name, rare)


def _numbers(column: Column) -> Iterator[Remark]:
    name, figures = column.name, column.figures
    if column.kind != "numeric" or column.type not in ("long", "float"):
        if column.kind == "numeric":
            cast = fix("cast_single_data_type", column=name, data_type="float")
            yield Remark("low", "numbers_as_text", f"{name!r} holds numbers as text", name, cast)
        return
    if abs(figures.get("skewness", 0.0)) > SKEW:
        words = f"{name!r} is skewed ({figures['skewness']:.1f})"
        straight = fix("transform_numbers/power_transform", input_column=[name])
        yield Remark("low", "skewed", words, name, straight)
    if column.outliers:
        clip = fix(
            "handle_outliers/robust_standard_deviation_numeric_outliers",
            input_column=[name],
            # The report's own bounds, about: those the step has by default are far narrower.
            lower_quantile=0.05,
            upper_quantile=0.95,
            standard_deviations=OUTLIER,
            fix_method="Clip",
        )
        words = f"{name!r} has {column.outliers:,} outliers ({column.outliers / column.known:.2%})"
        yield Remark("low", "outliers", words, name, clip)


def of_target(column: Column, problem: str) -> Iterator[Remark]:
    """Everything to be said of the target."""
    name = column.name
    if column.missing:
        rows = fix("handle_missing/drop_missing/drop_rows", input_column=[name])
        words = f"The target is missing in {column.missing:,} rows, which teach nothing"
        yield Remark("high", "target_missing", words, name, rows)
    if problem == "Regression":
        if abs(column.figures.get("skewness", 0.0)) > SKEW:
            words = f"The target is skewed ({column.figures['skewness']:.1f})"
            yield Remark("medium", "target_skewed", words, name)
        if column.outliers:
            words = f"The target has {column.outliers:,} outliers"
            yield Remark("medium", "target_outliers", words, name)
        return
    counts = sorted(column.values.values(), reverse=True)
    if not counts:
        return
    if 0 < column.figures.get("numbers", 0) < column.known:
        words = "The target mixes numbers and words"
        yield Remark("medium", "target_mixed", words, name)
    if column.distinct > 30:
        words = f"The target has {column.distinct} classes: is it a number to estimate?"
        yield Remark("medium", "target_many_classes", words, name)
    if counts[0] > 0.9 * column.known:
        words = (
            f"{next(iter(column.values))!r} is the target of {counts[0] / column.known:.1%} of rows"
        )
        yield Remark("high", "target_frequent_label", words, name)
    if counts[-1] < 10:
        few = sum(1 for each in counts if each < 10)
        yield Remark("medium", "target_rare_label", f"{few} classes have fewer than 10 rows", name)
    if len(counts) > 1 and counts[-1] * 5 < counts[0]:
        words = f"The rarest class has {counts[-1]:,} rows, the most frequent {counts[0]:,}"
        balanced = fix("balance_data/random_oversample", target_column=name)
        yield Remark("medium", "target_imbalance", words, name, balanced)


def of_table(rows: int, duplicates: int) -> Iterator[Remark]:
    """Everything to be said of the table as a whole."""
    if rows < 100:
        yield Remark("medium", "few_rows", f"The table has {rows} rows: a model needs more")
    if duplicates:
        words = f"{duplicates:,} rows repeat another ({duplicates / rows:.2%})"
        share = duplicates / rows
        severity = "high" if share > 0.1 else "medium" if share > 0.01 else "low"
        mend = fix("manage_rows/drop_duplicates")
        yield Remark(severity, "duplicates", words, None, mend)
