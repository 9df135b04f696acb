"""Balance data: new rows between rows of a rare class, by imbalanced-learn's SMOTE."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from .. import types
from ..errors import ColumnError, DataError
from ..relation import Relation
from .balancing import GROUP, TRAITS, Balanced, form
from .base import Operator, Trained
from .catalogue import catalogue
from .figures import counted
from .joining import stacked
from .parameters import Parameters, field

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

#: Rows of one class that may leave the engine: finding neighbours grows faster than they do.
MOST = 1_000_000


class _Neighbours(Parameters):
    num_neighbors: int = field("Neighbours", default=5, ge=1)
    normalize: bool = field("Bring columns to one scale for distances", default=True)


class _Smote(Balanced):
    smote_params: _Neighbours = field("SMOTE", default=_Neighbours())


@catalogue.add
class Smote(Operator[_Smote]):
    """Add rows between rows of a rare class until it is ``ratio`` times the most frequent one.

    SMOTE (Chawla et al. 2002) by imbalanced-learn: a new row lies on the line from a row to one of
    its nearest neighbours of the same class. Only numbers count for distances (with ``normalize``
    divided by their deviation over all rows); other columns are copied from the first of both.
    Numbers that are longs are rounded. Rows without a number are no parents. New rows go to the
    end. Only the rows of the rare classes leave the engine.
    """

    number, group, label = "T008", GROUP, "SMOTE"
    form = form("SMOTE")
    variants = ("SMOTE (numeric)", "SMOTE (mixed)")
    traits = TRAITS

    def apply(self, relation: Relation, p: _Smote, trained: Trained | None) -> Relation:
        numbers = [n for n in relation.columns_of(*types.NUMERIC) if n != p.target_column]
        if not numbers:
            raise ColumnError("target_column: there is no numeric column beside it to go by")
        counts = counted(relation, p.target_column)
        most = max(counts.values(), default=0)
        scales = _scales(relation, numbers) if p.smote_params.normalize else [1.0] * len(numbers)
        for label, rows in sorted(counts.items()):
            wanted = int(most * p.ratio) - rows
            if wanted > 0:
                made = _made(relation, p, label, numbers, scales, wanted)
                relation = stacked([relation, relation.engine.from_arrow(made)])
        return relation


def _scales(relation: Relation, names: Sequence[str]) -> list[float]:
    """Standard deviations; 1 for a column that does not vary."""
    f = relation.functions
    found = relation.aggregate(
        {str(i): f.deviation(f.figure(relation[name])) for i, name in enumerate(names)}
    )
    return [float(each) if each else 1.0 for each in found.values()]


def _made(
    relation: Relation,
    p: _Smote,
    label: str,
    numbers: Sequence[str],
    scales: Sequence[float],
    wanted: int,
) -> pa.Table:
    """``wanted`` new rows of the class ``label``."""
    import numpy as np
    import pyarrow as pa

    f = relation.functions
    same = exp.EQ(this=f.text(relation[p.target_column]), expression=f.constant(label))
    known = [f.figure(relation[name]).is_(exp.null()).not_() for name in numbers]
    parents = relation.filter(same, *known).to_arrow()
    if not 2 <= parents.num_rows <= MOST:
        bound = "two rows or more" if parents.num_rows < 2 else f"{MOST:,} rows at most"
        raise DataError(
            f"target_column: {label!r} has {parents.num_rows:,} rows without a missing number; "
            f"SMOTE takes {bound}: use random oversampling",
            field="target_column",
        )
    x = np.column_stack([parents[name].to_numpy().astype(float) for name in numbers])
    scale = np.array(scales)
    neighbours = min(p.smote_params.num_neighbors, parents.num_rows - 1)
    new, chosen = _between(x / scale, wanted, neighbours, p.seed)
    made = parents.take(pa.array(chosen))
    for index, name in enumerate(numbers):
        column = new[:, index] * scale[index]
        datatype = parents.schema.field(name).type
        values = np.rint(column).astype(np.int64) if pa.types.is_integer(datatype) else column
        place = made.schema.get_field_index(name)
        made = made.set_column(place, name, pa.array(values).cast(datatype))
    return made


def _between(
    x: np.ndarray[Any, Any], wanted: int, neighbours: int, seed: int
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """New rows, and which row of ``x`` each starts from."""
    import numpy as np
    from imblearn.over_sampling import SMOTE

    class Remembering(SMOTE):
        parents: np.ndarray[Any, Any]

        def _generate_samples(
            self, X: Any, nn_data: Any, nn_num: Any, rows: Any, *rest: Any, **named: Any
        ) -> Any:
            self.parents = rows
            return super()._generate_samples(X, nn_data, nn_num, rows, *rest, **named)

    # One row of another class, which has no part in it: samplers refuse a single class.
    rows = np.vstack([x, np.zeros((1, x.shape[1]))])
    classes = np.array([1] * len(x) + [0])
    sampler = Remembering(
        sampling_strategy={1: len(x) + wanted}, k_neighbors=neighbours, random_state=seed
    )
    both, _ = sampler.fit_resample(rows, classes)
    return both[len(rows) :], sampler.parents
