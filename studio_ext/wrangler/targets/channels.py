"""A table as the channel of a training job: what algorithms read, the label before all else."""

from __future__ import annotations

from .. import types
from ..errors import ColumnError, DataError
from ..relation import Relation


def channel(relation: Relation, label: str, numeric: bool) -> Relation:
    """The label first, truth values as 0 and 1.

    ``numeric``: files without a header, as XGBoost takes them. Raises DataError where such a file
    would hold what is no number.
    """
    if label not in relation:
        raise ColumnError.missing(label, relation.columns, "label_column")
    f = relation.functions
    ordered = relation.select([label, *(name for name in relation.columns if name != label)])
    truths = {
        name: f.to(ordered[name], types.LONG, ordered.schema[name])
        for name in ordered.columns
        if types.kind_of(ordered.schema[name]) == _TRUTH
    }
    made = ordered.with_columns(truths)
    unfit = [name for name, each in made.schema.items() if not types.is_numeric(each)]
    if numeric and unfit:
        raise DataError(
            f"label_column: a channel without a header holds numbers alone, and {unfit[0]!r} is "
            f"{types.kind_of(made.schema[unfit[0]])}: encode or drop it",
            field="label_column",
        )
    return made


_TRUTH = types.kind_of(types.BOOLEAN)
