"""Split data: a table becomes two or three, each an output by its name.

Where chance decides, a row goes by a number from 0 to 1 that follows from the seed and its place
(or its key). The numbers up to which each part goes are learned, so that parts have the sizes asked
for; other rows are then split by the same numbers, as a stream.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

from pydantic import BaseModel, field_validator
from sqlglot import exp

from .. import types
from ..errors import DataError
from ..functions.building import call
from ..places import numbered, unused
from ..relation import Relation, column
from .base import Choice, Form, Operator, Trained, Traits
from .catalogue import catalogue
from .parameters import AnyColumn, AnyColumns, OfColumn, Parameters, field

GROUP = "Split data"
FLOW = "sagemaker.spark.split_0.1"
SEED = 42
MOST_STRATA = 1_000
TRAITS = Traits(row_local=False, training_only=True, ordered=True)
#: How many ways of dealing out whole keys are tried to come within the error threshold.
TRIES = 20


def _form(label: str) -> Form:
    return Form(FLOW, (Choice("operator", label),), origin="code")


class Part(BaseModel):
    """One output: its name, and its part of the rows."""

    name: str = field("Name", min_length=1)
    percentage: float = field("Part", gt=0, lt=1)


_PARTS = [Part(name="Train", percentage=0.8), Part(name="Test", percentage=0.2)]


class _Split(Parameters):
    splits: list[Part] = field(
        "Splits", "Names and parts of 1.", default=_PARTS, min_length=2, max_length=3
    )
    error: float = field(
        "Error threshold",
        "How far a part may be from its size, as a part of 1.",
        default=0.0005,
        ge=0,
        rarely=True,
    )

    @field_validator("splits")
    @classmethod
    def _whole(cls, parts: list[Part]) -> list[Part]:
        total = sum(each.percentage for each in parts)
        if abs(total - 1) > 1e-3:
            raise ValueError(f"the parts add up to {total:g}, not to 1")
        if len({each.name for each in parts}) < len(parts):
            raise ValueError("two parts have one name")
        if any(each.name == "default" for each in parts):
            raise ValueError("a part may not be called default: so the first one is called too")
        return parts

    def ends(self) -> list[float]:
        """Up to which part of all rows each split but the last goes."""
        total, ends = 0.0, []
        for each in self.splits[:-1]:
            total += each.percentage
            ends.append(total)
        return ends


P = TypeVar("P", bound=_Split)
#: Rows, and the number of each row's part, from 0.
Placed = tuple[Relation, exp.Expr]


def _upto(value: exp.Expr, ends: Sequence[exp.Expr]) -> exp.Expr:
    """Which part a value falls into, counted from 0: the first whose end it does not exceed."""
    part = exp.Case()
    for index, end in enumerate(ends):
        part = part.when(exp.LTE(this=value.copy(), expression=end), exp.Literal.number(index))
    return part.else_(exp.Literal.number(len(ends)))


class _Splitting(Operator[P]):
    """Operators with one output for each part."""

    group = GROUP
    traits = TRAITS

    def placed(self, relation: Relation, p: P, trained: Trained | None) -> Placed:
        """The rows (with columns of help), and the number of each row's part, from 0."""
        raise NotImplementedError(type(self).__name__)

    def run(
        self, relations: Sequence[Relation], p: P, trained: Trained | None
    ) -> Mapping[str, Relation]:
        (relation,) = relations
        helped, part = self.placed(relation, p, trained)
        outputs = {}
        for index, each in enumerate(p.splits):
            kept = helped.filter(exp.EQ(this=part.copy(), expression=exp.Literal.number(index)))
            outputs[each.name] = kept.select(relation.columns)
        return outputs


@dataclass(frozen=True)
class _Cut:
    """Where one part of a stratum ends: a number of chance, and how many rows come up to it."""

    stratum: str | None
    chance: float
    reached: int
    rows: int

    def misses(self, end: float) -> float:
        """How far the rows up to it are from the part ``end`` of all, as a part of 1."""
        return abs(self.reached / self.rows - end)


def _cuts(relation: Relation, chance: exp.Expr, end: float, stratum: exp.Expr) -> list[_Cut]:
    """For each stratum, the number of chance up to which nearest to ``end`` of its rows lie."""
    f = relation.functions
    rows = relation.select({"stratum": stratum, "chance": chance})
    by = [column("stratum", "t"), column("chance", "t")]
    count = exp.alias_(exp.Count(this=exp.Star()), "n")
    dealt = rows.derive(lambda t: exp.select(*by, count).from_(t).group_by(*by))
    stratum, chance = dealt["stratum"], dealt["chance"]
    summed = dealt.with_columns(
        {
            "upto": f.over(exp.Sum(this=dealt["n"]), [stratum], [chance], (None, 0)),
            "whole": f.over(exp.Sum(this=dealt["n"]), [stratum]),
        }
    ).nested()
    off = exp.Abs(this=f.subtract(summed["upto"], f.multiply(summed["whole"], end)))
    ranked = summed.with_columns({"off": off}).nested()
    place = f.over(exp.RowNumber(), [ranked["stratum"]], [ranked["off"], ranked["chance"]])
    nearest = ranked.with_columns({"place": place})
    nearest = nearest.filter(exp.EQ(this=nearest["place"], expression=f.constant(1)))
    found = nearest.select(["stratum", "chance", "upto", "whole"]).rows()
    return [_nearest(_Cut(s, float(c), int(u), int(n)), end) for s, c, u, n in found]


def _nearest(cut: _Cut, end: float) -> _Cut:
    """The cut, or none of the rows where that is nearer."""
    none = _Cut(cut.stratum, -1.0, 0, cut.rows)
    return none if none.misses(end) < cut.misses(end) else cut


class _Seeded(_Split):
    seed: int = field(
        "Random seed", "The same seed gives the same parts.", default=SEED, rarely=True
    )


def _learned(relation: Relation, chance: exp.Expr, ends: Sequence[float]) -> list[float]:
    one = relation.functions.constant("")
    found = [_cuts(relation, chance, end, one) for end in ends]
    # No rows: any cut will do.
    return [each[0].chance if each else end for each, end in zip(found, ends, strict=True)]


@catalogue.add
class RandomizedSplit(_Splitting[_Seeded]):
    """Split the rows by chance; the sizes are right to the row where the split is learned."""

    number, label = "T080", "Randomized split"
    form = _form("Randomized split")
    variants = ("two parts", "three parts")

    def fit(self, relation: Relation, p: _Seeded) -> Trained:
        rows, row = numbered(relation)
        return {"cuts": _learned(rows, rows.functions.uniform(p.seed, rows[row]), p.ends())}

    def placed(self, relation: Relation, p: _Seeded, trained: Trained | None) -> Placed:
        assert trained
        rows, row = numbered(relation)
        f = rows.functions
        ends = [f.constant(float(each)) for each in trained["cuts"]]
        return rows, _upto(f.uniform(p.seed, rows[row]), ends)


class _Ordered(_Split):
    input_column: Annotated[str, OfColumn((*types.NUMERIC, *types.TEMPORAL))] = field(
        "Column", "Small values come into the first part. Empty: the rows' own order.", default=""
    )
    handle_duplicates: bool = field(
        "Handle duplicates",
        "Rows of one value may come into two parts; else all come into the first one's.",
        default=False,
    )
    seed: int = field("Random seed", "Orders rows of one value.", default=SEED, rarely=True)


@catalogue.add
class OrderedSplit(_Splitting[_Ordered]):
    """Split the rows in their order, or in that of a column, in which what is missing comes last.

    The sizes follow from the rows that there are: nothing is learned.
    """

    number, label = "T081", "Ordered split"
    form = _form("Ordered split")
    variants = ("the rows' order", "by column", "by column, duplicates handled")

    def placed(self, relation: Relation, p: _Ordered, trained: Trained | None) -> Placed:
        rows, row = numbered(relation)
        f = rows.functions
        place: exp.Expr = rows[row]
        if p.input_column and p.handle_duplicates:
            chance = f.uniform(p.seed, rows[row])
            place = f.over(exp.RowNumber(), (), [f.ordered(rows[p.input_column]), chance, place])
        elif p.input_column:
            place = f.over(call("rank"), (), [f.ordered(rows[p.input_column])])
        name, count = unused(rows, "studio_place"), unused(rows, "studio_count")
        rows = rows.with_columns({name: place, count: f.over(exp.Count(this=exp.Star()))}).nested()
        ends = [f.round(f.multiply(rows[count], end), 0) for end in p.ends()]
        return rows.sort(column(row, "t")), _upto(rows[name], ends)


class _Strata(_Seeded):
    input_column: AnyColumn = field("Column", f"Of at most {MOST_STRATA} values.")


def _stratum(relation: Relation, name: str) -> exp.Expr:
    return exp.cast(relation[name], types.STRING)


@catalogue.add
class StratifiedSplit(_Splitting[_Strata]):
    """Split by chance so that each value of a column has the same part in each output."""

    number, label = "T082", "Stratified split"
    form = _form("Stratified split")
    variants = ("stratified",)

    def fit(self, relation: Relation, p: _Strata) -> Trained:
        rows, row = numbered(relation)
        distinct = exp.Count(this=exp.Distinct(expressions=[rows[p.input_column]]))
        values = rows.aggregate({"n": distinct})["n"]
        if values > MOST_STRATA:
            raise DataError(
                f"input_column: {p.input_column!r} has {values} values, more than {MOST_STRATA}: "
                "split by key, or group its values in a step before",
                field="input_column",
            )
        chance, strata = rows.functions.uniform(p.seed, rows[row]), _stratum(rows, p.input_column)
        cuts: dict[str | None, list[float]] = {}
        for end in p.ends():
            for each in _cuts(rows, chance, end, strata):
                cuts.setdefault(each.stratum, []).append(each.chance)
        ordered = sorted(cuts.items(), key=lambda each: (each[0] is not None, each[0] or ""))
        return {"strata": [{"value": value, "cuts": found} for value, found in ordered]}

    def placed(self, relation: Relation, p: _Strata, trained: Trained | None) -> Placed:
        assert trained is not None
        rows, row = numbered(relation)
        f = rows.functions
        chance, stratum = f.uniform(p.seed, rows[row]), _stratum(rows, p.input_column)
        # A value that was not there to learn from is split by chance alone.
        otherwise = _upto(chance, [f.constant(end) for end in p.ends()])
        if not trained["strata"]:
            return rows, otherwise
        part = exp.Case()
        for each in trained["strata"]:
            same = exp.NullSafeEQ(this=stratum.copy(), expression=f.constant(each["value"]))
            part = part.when(same, _upto(chance, [f.constant(float(c)) for c in each["cuts"]]))
        return rows, part.else_(otherwise)


class _Keyed(_Split):
    key_columns: AnyColumns = field("Key columns", "Rows that are equal here stay together.")


@catalogue.add
class SplitByKey(_Splitting[_Keyed]):
    """Split by chance so that rows of one key stay together.

    Whole keys seldom add up to the sizes asked for: of up to 20 ways of dealing them out the first
    within the error threshold is taken, or the nearest; what it reached is kept.
    """

    number, label = "T083", "Split by key"
    form = _form("Split by key")
    variants = ("by key",)

    def fit(self, relation: Relation, p: _Keyed) -> Trained:
        keys = [relation[name] for name in p.key_columns]
        one, ends = relation.functions.constant(""), p.ends()
        best: Trained = {"seed": SEED, "cuts": ends, "error": None}
        for seed in range(SEED, SEED + TRIES):
            chance = relation.functions.uniform(seed, *keys)
            found = [_cuts(relation, chance, end, one) for end in ends]
            if not found[0]:
                break
            cuts = [each[0] for each in found]
            error = max(cut.misses(end) for cut, end in zip(cuts, ends, strict=True))
            if best["error"] is None or error < best["error"]:
                best = {"seed": seed, "cuts": [cut.chance for cut in cuts], "error": error}
            if error <= p.error:
                break
        return best

    def placed(self, relation: Relation, p: _Keyed, trained: Trained | None) -> Placed:
        assert trained
        f = relation.functions
        chance = f.uniform(int(trained["seed"]), *(relation[name] for name in p.key_columns))
        return relation, _upto(chance, [f.constant(float(each)) for each in trained["cuts"]])
