"""Balance data: more rows of rare classes, or fewer of frequent ones. For training data only."""

from __future__ import annotations

from sqlglot import exp

from ..relation import Relation, column
from .base import Choice, Form, Operator, Trained, Traits
from .catalogue import catalogue
from .parameters import AnyColumn, Parameters, field

GROUP = "Balance data"
TRAITS = Traits(row_local=False, training_only=True, ordered=True)
ROW, RANK, CLASS, COPY = "studio_row", "studio_rank", "studio_class", "studio_copy"


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


def ranked(relation: Relation, p: Balanced) -> Relation:
    """The rows with their number, their chance's rank in their class, and the class's rows.

    Ranks count from one. Rows without a class have the number of rows null.
    """
    f, target = relation.functions, relation[p.target_column]
    numbered = relation.with_columns({ROW: f.row_number()}).nested()
    chance = f.uniform(p.seed, numbered[ROW])
    inside = exp.Window(
        this=exp.RowNumber(),
        partition_by=[target.copy()],
        order=exp.Order(expressions=[chance, numbered[ROW]]),
    )
    rows = exp.Window(this=exp.Count(this=target.copy()), partition_by=[target.copy()])
    known = exp.case().when(target.copy().is_(exp.null()).not_(), rows)
    return numbered.with_columns({RANK: inside, CLASS: known}).nested()


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
        rows = ranked(relation, p)
        size = rows[CLASS]
        target = f.floor(f.multiply(_over_all(exp.Max(this=size.copy())), p.ratio))
        wanted = rows.with_columns({"studio_wanted": f.coalesce(target, 0.0)}).nested()
        of_class, rank = f.number(wanted[CLASS]), f.number(wanted[RANK])
        # Of n rows k are wanted: every one floor(k / n) times, the first k mod n by rank once more.
        times = f.floor(f.divide(wanted["studio_wanted"], of_class))
        rest = f.subtract(wanted["studio_wanted"], f.multiply(times, of_class))
        copies = f.add(times, f.when(exp.LTE(this=rank, expression=rest), 1.0, 0.0))
        at_least_one = f.when(exp.GTE(this=copies, expression=f.constant(1.0)), copies, 1.0)
        counted = wanted.with_columns({COPY: f.whole(at_least_one)}).nested()
        numbers = f.exploded(f.counting(column(COPY, "t")))
        names = [column(name, "t") for name in [*relation.columns, ROW]]
        repeated = counted.derive(
            lambda table: exp.select(
                *(name.copy() for name in names), exp.alias_(numbers.copy(), COPY)
            ).from_(table)
        )
        first = exp.case().when(
            exp.EQ(this=column(COPY, "t"), expression=f.constant(1)), f.constant(0)
        )
        ordered = repeated.sort(first.else_(f.constant(1)), column(COPY, "t"), column(ROW, "t"))
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
        rows = ranked(relation, p)
        rarest = _over_all(exp.Min(this=rows[CLASS]))
        most = f.floor(f.divide(rarest, p.ratio))
        bounded = rows.with_columns({"studio_most": most}).nested()
        few = exp.LTE(this=f.number(bounded[RANK]), expression=bounded["studio_most"])
        kept = bounded.filter(exp.or_(bounded[CLASS].is_(exp.null()), few))
        return kept.sort(column(ROW, "t")).select(relation.columns)
