"""Custom transforms in Python: a function of one column, pandas, PySpark."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import BeforeValidator

from ..errors import ParameterError
from ..python import Program, column, table
from ..relation import Relation
from .base import Choice, Form, Operator, Origin, Trained, Traits
from .catalogue import catalogue
from .parameters import AnyColumn, NewColumn, Parameters, TypeName, When, field

GROUP = "Custom transforms"
FLOW = "sagemaker.spark.custom_code_0.1"
WHOLE = Traits(row_local=False, ordered=True)


def _form(label: str, container: str, origin: Origin = "guessed") -> Form:
    return Form(FLOW, (Choice("operator", label, container),), origin=origin)


def _capital(value: object) -> object:
    return value.capitalize() if isinstance(value, str) else value


Mode = Annotated[Literal["Pandas", "Python"], BeforeValidator(_capital)]


class _Function(Parameters):
    input_col: AnyColumn = field("Column")
    output_col: NewColumn = field("Output column", "Empty: in place.", default="")
    return_type: TypeName = field("Type of the result", default="string")
    udf_mode: Mode = field(
        "Mode", "Pandas: a Series at a time. Python: one value at a time.", default="Pandas"
    )
    pandas_code: str = field(
        "Code",
        "Defines `custom_func(series)`.",
        default="",
        when=When("udf_mode", ("Pandas",)),
        language="python",
    )
    python_code: str = field(
        "Code",
        "Defines `custom_func(value)`.",
        default="",
        when=When("udf_mode", ("Python",)),
        language="python",
    )


@catalogue.add
class PythonFunction(Operator[_Function]):
    """Put every value of a column through a Python function ``custom_func``.

    It runs in a process of its own, batch by batch; what it raises stops the step.
    """

    number, group, label = "T009", GROUP, "Python (User-Defined Function)"
    form = _form("Python (User-Defined Function)", "udf_parameters")
    variants = ("pandas series", "python scalar")

    def apply(self, relation: Relation, p: _Function, trained: Trained | None) -> Relation:
        by_series = p.udf_mode == "Pandas"
        code = p.pandas_code if by_series else p.python_code
        if not code.strip():
            name = "pandas_code" if by_series else "python_code"
            raise ParameterError(name, code, "is empty: it has to define custom_func")
        options = {"by": "series" if by_series else "value", "type": p.return_type}
        program = Program("function", code, options)
        return column(relation, p.input_col, p.output_col or p.input_col, program)


class _Code(Parameters):
    code: str = field(
        "Code", "`df` is the table, and what it is at the end is the result.", language="python"
    )


C = TypeVar("C", bound=_Code)


class _Pandas(Operator[C]):
    number, group, label = "T011", GROUP, "Python (Pandas)"
    variants = ("pandas",)
    traits = WHOLE

    def apply(self, relation: Relation, p: C, trained: Trained | None) -> Relation:
        return table(relation, Program("frame", p.code), relation.engine.python.rows)


@catalogue.add
class PandasCode(_Pandas[_Code]):
    """Change the whole table with pandas: ``df`` in, ``df`` out.

    It runs in a process of its own and holds the whole table, up to a limit of rows. Texts have the
    dtype ``object``; the index is left out of the result.
    """

    form = _form("Python (Pandas)", "pandas_parameters")


@catalogue.add
class OldPandasCode(_Pandas[_Code]):
    """Change the whole table with pandas: ``df`` in, ``df`` out (the form of older flows)."""

    form = Form("sagemaker.spark.custom_pandas_0.1", origin="file")


class _Spark(Operator[C]):
    number, group, label = "T010", GROUP, "Python (PySpark)"
    variants = ("PySpark",)
    traits = WHOLE

    def apply(self, relation: Relation, p: C, trained: Trained | None) -> Relation:
        return table(relation, Program("spark", p.code))


@catalogue.add
class SparkCode(_Spark[_Code]):
    """Change the table with PySpark: ``df`` in, ``df`` out.

    It needs no Spark: SQLFrame turns it into a query of DuckDB's, in a process of its own.
    """

    form = _form("Python (PySpark)", "pyspark_parameters", "file")


@catalogue.add
class OldSparkCode(_Spark[_Code]):
    """Change the table with PySpark: ``df`` in, ``df`` out (the form of older flows)."""

    form = Form("sagemaker.spark.custom_pyspark_0.1", origin="file")
