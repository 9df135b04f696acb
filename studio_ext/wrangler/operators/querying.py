"""Spark SQL: a formula over a row, and a query over the table."""

from __future__ import annotations

from ..relation import Relation
from ..spark_sql import formula, query
from .base import Choice, Form, Operator, Trained, Traits
from .catalogue import catalogue
from .parameters import Parameters, field


class _Formula(Parameters):
    output_column: str = field("Output column", min_length=1)
    formula: str = field(
        "Formula",
        "A Spark SQL expression: price * count, concat(a, b), `a name with blanks` / 2.",
        min_length=1,
    )


class _Query(Parameters):
    code: str = field("SQL", "SELECT ... FROM df, in Spark SQL.", min_length=1, language="sql")


@catalogue.add
class CustomFormula(Operator[_Formula]):
    """A column from a Spark SQL expression over the others."""

    number, group, label = "T013", "Custom formula", "Custom formula"
    form = Form("sagemaker.spark.custom_formula_0.1", origin="file")
    variants = ("expression",)

    def apply(self, relation: Relation, p: _Formula, trained: Trained | None) -> Relation:
        return formula(relation, p.formula, p.output_column)


class _Sql(Operator[_Query]):
    """What a SELECT over the table ``df`` gives, in Spark SQL; windows and WITH included."""

    number, group, label = "T012", "Custom transforms", "SQL (PySpark SQL)"
    variants = ("Spark SQL",)
    traits = Traits(row_local=False)

    def apply(self, relation: Relation, p: _Query, trained: Trained | None) -> Relation:
        return query(relation, p.code)


@catalogue.add
class CustomSql(_Sql):
    """What a SELECT over the table ``df`` gives, in Spark SQL; windows and WITH included."""

    form = Form(
        "sagemaker.spark.custom_code_0.1",
        (Choice("operator", "SQL (PySpark SQL)", "sql_parameters"),),
    )


@catalogue.add
class OlderCustomSql(_Sql):
    """What a SELECT over the table ``df`` gives: the older form of the step."""

    label = "SQL (older form)"
    form = Form("sagemaker.spark.custom_sql_0.1")
