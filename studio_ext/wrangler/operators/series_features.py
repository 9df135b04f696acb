"""Features of series: of lists in cells, and of the rows before each row.

The minimal subset is said in SQL, with tsfresh's definitions; the others are tsfresh's own work,
for which it has to be installed (``pip install studio-ext[timeseries]``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from sqlglot import exp

from .. import types
from ..errors import ColumnError, ParameterError, UnsupportedError
from ..functions import Functions
from ..places import in_place, unused
from ..relation import Relation
from .base import Operator, Trained, Traits
from .catalogue import catalogue
from .parameters import AnyColumn, NewColumn, NumericColumn, Parameters, When, field, spelled
from .resampling import GROUP, SeriesColumn, series_form
from .series import ListColumn

if TYPE_CHECKING:
    pass

STRATEGIES = ("Minimal subset", "Efficient subset", "All features", "Manual subset")
Strategy = Annotated[
    Literal["Minimal subset", "Efficient subset", "All features", "Manual subset"],
    spelled(*STRATEGIES),
]
Reduce = Callable[[str], exp.Expr]
BATCH_ROWS = 4096


def _root_mean_square(f: Functions, of: Reduce) -> exp.Expr:
    mean = of("avg")
    return exp.Sqrt(this=f.add(of("var_pop"), f.multiply(mean, mean)))


#: tsfresh's name -> the feature; deviation and variance are those of a population.
IN_SQL: Mapping[str, Callable[[Functions, Reduce], exp.Expr]] = {
    "sum_values": lambda f, of: of("sum"),
    "median": lambda f, of: of("median"),
    "mean": lambda f, of: of("avg"),
    "length": lambda f, of: f.number(of("count")),
    "standard_deviation": lambda f, of: of("stddev_pop"),
    "variance": lambda f, of: of("var_pop"),
    "maximum": lambda f, of: of("max"),
    "minimum": lambda f, of: of("min"),
    "root_mean_square": _root_mean_square,
    "absolute_maximum": lambda f, of: exp.Greatest(
        this=of("max"), expressions=[exp.Neg(this=of("min"))]
    ),
}
#: The eight that Data Wrangler's minimal subset has.
MINIMAL = tuple(IN_SQL)[:8]


class _Features(Parameters):
    strategy: Strategy = field("Strategy", default="Minimal subset")
    features: list[str] = field(
        "Features",
        "By tsfresh's names.",
        default=[],
        when=When("strategy", ("Manual subset",)),
    )
    flatten: bool = field("Flatten", "A column for each feature; else one list.", default=True)
    output_column: NewColumn = field("Output column", "Empty: the column's name.", default="")

    def names(self) -> tuple[str, ...] | None:
        """Features that SQL can say; None where tsfresh has to be asked."""
        if self.strategy == "Manual subset":
            if not self.features:
                raise ParameterError("features", [], "must name features of the manual subset")
            return tuple(self.features) if set(self.features) <= set(IN_SQL) else None
        return MINIMAL if self.strategy == "Minimal subset" else None

    def put(self, relation: Relation, name: str, made: Mapping[str, exp.Expr]) -> Relation:
        """The features as columns ``NAME__FEATURE``, or as a list ``NAME_features``."""
        output = self.output_column or name
        if self.flatten:
            return relation.with_columns({f"{output}__{each}": x for each, x in made.items()})
        vector = relation.functions.vector(list(made.values()))
        return relation.with_columns({self.output_column or f"{name}_features": vector})


class _Extracted(_Features):
    sequence_column: ListColumn = field("Extract features of this column", "Of lists of numbers.")


@catalogue.add
class ExtractFeatures(Operator[_Extracted]):
    """Add features of each list of numbers; missing items do not count.

    The minimal subset is the sum, median, mean, length, standard deviation, variance, maximum and
    minimum.
    """

    number, group, label = "T025", GROUP, "Extract features"
    form = series_form("Extract features")
    variants = STRATEGIES

    def apply(self, relation: Relation, p: _Extracted, trained: Trained | None) -> Relation:
        name, f = p.sequence_column, relation.functions
        if not types.is_vector(relation.schema[name]):
            raise ColumnError(f"sequence_column: the column {name!r} holds no lists of numbers")
        names = p.names()
        if names is None:
            return by_tsfresh(relation, name, p)
        numbers = exp.cast(relation[name], types.VECTOR)
        made = {each: IN_SQL[each](f, lambda how: f.reduced(numbers, how)) for each in names}
        return p.put(relation, name, made)


class _Rolled(_Features):
    sequence_column: NumericColumn = field("Generate rolling window features for this column")
    timestamp_column: AnyColumn = field("Timestamp")
    id_column: SeriesColumn = field("ID", "Tells series apart. Empty: there is one.", default="")
    window_size: int = field("Window size", "In rows of the series.", ge=1)


@catalogue.add
class RollingFeatures(Operator[_Rolled]):
    """Add features of the rows before each row of a series: as many as the window's size.

    The row itself is not in its window. Missing values do not count; the first row of a series has
    no row before it, and the length 0.
    """

    number, group, label = "T027", GROUP, "Rolling window features"
    form = series_form("Rolling window features", origin="file")
    variants = STRATEGIES
    traits = Traits(row_local=False, ordered=True)

    def apply(self, relation: Relation, p: _Rolled, trained: Trained | None) -> Relation:
        name, names = p.sequence_column, p.names()

        def rolled(rows: Relation) -> Relation:
            f, row = rows.functions, rows[rows.columns[-1]]
            within = [rows[p.id_column]] if p.id_column else []
            order = [f.ordered(rows[p.timestamp_column]), row]
            frame = (-p.window_size, -1)
            x = f.number(rows[name])
            ways = {
                "sum": f.total(x),
                "median": f.median(x),
                "avg": f.mean(x),
                "count": f.count(x),
                "stddev_pop": f.deviation_of_all(x),
                "var_pop": f.variance_of_all(x),
                "max": f.most(x),
                "min": f.least(x),
            }

            def of(how: str) -> exp.Expr:
                return f.over(ways[how], within, order, frame)

            if names is not None:
                return p.put(rows, name, {each: IN_SQL[each](f, of) for each in names})
            window = unused(rows, "studio_window")
            lists = f.over(f.gathered(x), within, order, frame)
            return rows.with_columns({window: lists})

        if names is not None:
            return in_place(relation, rolled)
        helped = in_place(relation, rolled)
        window = helped.columns[-1]
        return by_tsfresh(helped, window, p, name).drop([window])


def by_tsfresh(relation: Relation, lists: str, p: _Features, name: str | None = None) -> Relation:
    """Features that tsfresh finds in a column of lists; the rows leave the engine in batches.

    Raises UnsupportedError where tsfresh is not there, ParameterError for a feature that it lacks.
    """
    import pyarrow as pa

    settings = _settings(p)
    wanted = _extracted([[1.0, 2.0, 3.0, 4.0]], settings).columns
    reader = relation.engine.reader(relation, BATCH_ROWS)
    output = p.output_column or name or lists
    fields = (
        [pa.field(f"{output}__{each}", pa.float64()) for each in wanted]
        if p.flatten
        else [pa.field(p.output_column or f"{name or lists}_features", pa.list_(pa.float64()))]
    )
    schema = pa.schema([*reader.schema, *fields])

    def batches() -> Any:
        for batch in reader:
            found = _extracted(batch.column(batch.schema.names.index(lists)).to_pylist(), settings)
            columns = [pa.array(found[each], from_pandas=True) for each in wanted]
            if not p.flatten:
                rows = [list(row) for row in zip(*(c.to_pylist() for c in columns), strict=True)]
                columns = [pa.array(rows, pa.list_(pa.float64()))]
            yield pa.RecordBatch.from_arrays([*batch.columns, *columns], schema=schema)

    return relation.engine.from_arrow(pa.RecordBatchReader.from_batches(schema, batches()))


def _settings(p: _Features) -> Mapping[str, Any]:
    try:
        from tsfresh.feature_extraction import (
            ComprehensiveFCParameters,
            EfficientFCParameters,
        )
    except ImportError as error:
        raise UnsupportedError(
            f"strategy: {p.strategy!r} needs tsfresh: pip install studio-ext[timeseries]",
            field="strategy",
        ) from error
    every = dict(ComprehensiveFCParameters())
    if p.strategy == "All features":
        return every
    if p.strategy == "Efficient subset":
        return dict(EfficientFCParameters())
    unknown = [each for each in p.features if each not in every]
    if unknown:
        raise ParameterError("features", unknown[0], "is no feature that tsfresh knows")
    return {each: every[each] for each in p.features}


def _extracted(lists: Sequence[Sequence[float | None] | None], settings: Mapping[str, Any]) -> Any:
    """A row of features for each list, without the features' prefix; missing for an empty list."""
    import pandas as pd
    from tsfresh import extract_features

    found = [
        (row, float(value))
        for row, each in enumerate(lists)
        for value in each or []
        if value is not None
    ]
    frame = pd.DataFrame(found, columns=["row", "value"])
    if not found:
        empty = _extracted([[1.0, 2.0, 3.0, 4.0]], settings)
        return empty.iloc[:0].reindex(range(len(lists)))
    made = extract_features(
        frame,
        column_id="row",
        column_value="value",
        default_fc_parameters=settings,
        disable_progressbar=True,
        n_jobs=0,
    )
    made.columns = [each.removeprefix("value__") for each in made.columns]
    return made.reindex(range(len(lists))).astype(float)
