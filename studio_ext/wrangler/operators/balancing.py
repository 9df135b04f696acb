"""Balance data: more rows of rare classes, or fewer of frequent ones. For training data only."""

from __future__ import annotations

from sqlglot import exp

from ..places import numbered, unused
from ..relation import Relation, column
from .base import Choice, Form, Operator, Trained, Traits
from .catalogue import catalogue
from .parameters import AnyColumn, Parameters, field

GROUP = "Balance data"
TRAITS = Traits(row_local=False, training_only=True, ordered=True)


def form(label: str) -> Form:
    """Where an operator of this group stands in a flow file: parameters lie beside its name."""
    return Form(
        "sagemaker.spark.balance_data_0.1",
        (Choice("operator", label, container=""),),
        origin="code",
    )


class Balanced(Parameters):
    """What all of the group ask for."""

    target_column: AnyColumn = field("Target column")
    ratio: float = field(
        "Ratio", "Rows of the rare class for each of the most frequent.", default=1.0, gt=0, le=1
    )
    seed: int = field("Seed", default=42, rarely=True)


def ranked(relation: Relation, p: Balanced) -> tuple[Relation, str, str, str]:
    """The rows with their number, their chance's rank in their class, and the class's rows; and
    what these columns are called.

    Ranks count from one. Rows without a class have the number of rows null.
    """
    f, target = relation.functions, relation[p.target_column]
    before, row = numbered(relation)
    rank, size = unused(before, "studio_rank"), unused(before, "studio_class")
    chance = f.uniform(p.seed, before[row])
    inside = exp.Window(
        this=exp.RowNumber(),
        partition_by=[target.copy()],
        order=exp.Order(expressions=[chance, before[row]]),
    )
    rows = exp.Window(this=exp.Count(this=target.copy()), partition_by=[target.copy()])
    known = exp.case().when(target.copy().is_(exp.null()).not_(), rows)
    return before.with_columns({rank: inside, size: known}).nested(), row, rank, size


def _over_all(aggregate: exp.Expr) -> exp.Window:
    return exp.Window(this=aggregate)


@catalogue.add
class RandomOversample(Operator[Balanced]):
    """Repeat rows of the rare classes until they are ``ratio`` times the most frequent one.

    Copies go to the end. Chance (a hash of the row's place and the seed) chooses which rows are
    repeated once more than others; none is repeated twice more. Rows without a class stay.
    """

    number, group, label = "T006", GROUP, "Random oversample"
    form = form("Random oversample")
    variants = ("oversample",)
    traits = TRAITS

    def apply(self, relation: Relation, p: Balanced, trained: Trained | None) -> Relation:
        f = relation.functions
        rows, row, place, size = ranked(relation, p)
        most, copy = unused(rows, "studio_wanted"), unused(rows, "studio_copy")
        target = f.floor(f.multiply(_over_all(exp.Max(this=rows[size])), p.ratio))
        wanted = rows.with_columns({most: f.coalesce(target, 0.0)}).nested()
        of_class, rank = f.number(wanted[size]), f.number(wanted[place])
        # Of n rows k are wanted: every one floor(k / n) times, the first k mod n by rank once more.
        times = f.floor(f.divide(wanted[most], of_class))
        rest = f.subtract(wanted[most], f.multiply(times, of_class))
        copies = f.add(times, f.when(exp.LTE(this=rank, expression=rest), 1.0, 0.0))
        at_least_one = f.when(exp.GTE(this=copies, expression=f.constant(1.0)), copies, 1.0)
        counted = wanted.with_columns({copy: f.whole(at_least_one)}).nested()
        numbers = f.exploded(f.counting(column(copy, "t")))
        names = [column(name, "t") for name in [*relation.columns, row]]
        repeated = counted.derive(
            lambda table: exp.select(
                *(name.copy() for name in names), exp.alias_(numbers.copy(), copy)
            ).from_(table)
        )
        first = exp.case().when(
            exp.EQ(this=column(copy, "t"), expression=f.constant(1)), f.constant(0)
        )
        ordered = repeated.sort(first.else_(f.constant(1)), column(copy, "t"), column(row, "t"))
        return ordered.select(relation.columns)


@catalogue.add
class RandomUndersample(Operator[Balanced]):
    """Leave rows of the frequent classes out until the rarest is ``ratio`` times each of them.

    Which ones, chance (a hash of the row's place and the seed) chooses. Rows without a class stay.
    """

    number, group, label = "T007", GROUP, "Random undersample"
    form = form("Random undersample")
    variants = ("undersample",)
    traits = TRAITS

    def apply(self, relation: Relation, p: Balanced, trained: Trained | None) -> Relation:
        f = relation.functions
        rows, row, rank, size = ranked(relation, p)
        bound = unused(rows, "studio_most")
        most = f.floor(f.divide(_over_all(exp.Min(this=rows[size])), p.ratio))
        bounded = rows.with_columns({bound: most}).nested()
        few = exp.LTE(this=f.number(bounded[rank]), expression=bounded[bound])
        kept = bounded.filter(exp.or_(bounded[size].is_(exp.null()), few))
        return kept.sort(column(row, "t")).select(relation.columns)
