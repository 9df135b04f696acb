"""What functions of a flow mean, said in DuckDB's SQL; other engines override what differs.

The meanings are ours, not an engine's: a missing value is NULL, and NaN becomes NULL where it could
arise; what arithmetic cannot answer (x/0, the logarithm of a negative number) is NULL and no error;
a cast that does not succeed is NULL, and one from a float to a long cuts off; regular expressions
are RE2's, and every match counts; positions are counted from one; days of the week from Monday as
one; standard deviation and variance are of a sample unless the name says population, skewness and
kurtosis of the population (kurtosis in excess of three); quantiles are interpolated.

Each topic has a class in a module of its own.
"""

from __future__ import annotations

from .aggregates import Aggregates
from .building import E, call, expression, literal
from .casts import Casts
from .dates import Dates
from .documents import Documents
from .letters import Letters
from .lists import Lists
from .mathematics import Mathematics
from .rows import Rows
from .text import Text
from .times import Times
from .words import Words

__all__ = ["E", "Functions", "call", "expression", "literal"]


class Functions(
    Casts,
    Letters,
    Words,
    Aggregates,
    Rows,
    Lists,
    Mathematics,
    Dates,
    Documents,
    Text,
    Times,
):
    """All topics. Arguments are expressions or Python values; none is changed."""
