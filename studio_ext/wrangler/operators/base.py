"""What an operator is: a declaration, ``fit`` that learns, ``apply`` that never does.

An operator is written once as a class; the catalogue, the forms, the documentation, the tests and
the place of its parameters in a flow file follow from it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, TypeVar

from sqlglot import exp

from ..errors import DamagedError
from ..flow.trained import decoded
from ..relation import Relation
from .parameters import Declared, Parameters, as_object

P = TypeVar("P", bound=Parameters)
#: What a fit has learned: plain JSON.
Trained = dict[str, Any]
DEFAULT = "default"
Origin = Literal["file", "code", "guessed"]
#: Where :meth:`Form.read_trained` puts what was learned of each of several columns.
BY_COLUMN = "by_column"


def fingerprint(p: Parameters) -> str:
    """Short and the same for the same parameters."""
    return hashlib.sha256(p.model_dump_json().encode()).hexdigest()[:16]


def snake(label: str) -> str:
    """``One-hot encode`` as ``one_hot_encode``: how flow files name a label's parameters."""
    return re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")


def group_of(operator: str) -> str:
    """``sagemaker.spark.handle_missing_0.1`` as ``handle_missing``: how its keys begin."""
    return re.sub(r"_\d+(\.\d+)*$", "", operator).split(".")[-1]


def plain(name: str) -> str:
    """What Data Wrangler calls a column while Spark learns, which would mind dots."""
    return re.sub(r"[.`]+", "_", name)


@dataclass(frozen=True)
class Choice:
    """One level of a flow's parameters: ``key`` holds ``value``, ``container`` what belongs to it.

    By default ``{"operator": "Drop column", "drop_column_parameters": {...}}``.
    """

    key: str
    value: str
    container: str | None = None
    #: Files may leave this level out, and have its parameters beside those above.
    optional: bool = False

    def left_out(self, level: Mapping[str, Any]) -> bool:
        """Whether a file does without this level."""
        return self.optional and self.key not in level

    @property
    def place(self) -> str:
        """The key that the parameters of this choice lie under; empty: beside it."""
        return f"{snake(self.value)}_parameters" if self.container is None else self.container


@dataclass(frozen=True)
class Nested:
    """Parameters that lie in a container of their own: our names -> theirs in it."""

    container: str
    names: Mapping[str, str]

    def lift(self, values: dict[str, Any]) -> None:
        """Out of the container; what is in it and not of ours keeps both names."""
        ours = {theirs: name for name, theirs in self.names.items()}
        for theirs, value in as_object(values.pop(self.container, None), self.container).items():
            values[ours.get(theirs, f"{self.container}.{theirs}")] = value

    def sink(self, values: dict[str, Any]) -> None:
        """Into the container, which is there even when it is empty."""
        there = [name for name in self.names if name in values]
        values[self.container] = {self.names[name]: values.pop(name) for name in there}


@dataclass(frozen=True)
class Form:
    """Where an operator stands in a flow file: the node's operator, and the choices below it."""

    operator: str
    choices: tuple[Choice, ...] = ()
    nested: tuple[Nested, ...] = ()
    #: How its names are known: ``file`` and ``code`` are Data Wrangler's own, in flow files that
    #: people have published and in the Python it exports; ``guessed`` from its documentation.
    origin: Origin = "guessed"

    @property
    def key(self) -> str:
        """Its name in Studio: ``manage_columns/drop_column``."""
        labels = (snake(choice.value) for choice in self.choices)
        return "/".join([group_of(self.operator), *labels])

    def matches(self, operator: str, parameters: Mapping[str, Any]) -> bool:
        """Whether a node with these parameters is meant."""
        if operator != self.operator:
            return False
        level: Any = parameters
        for choice in self.choices:
            if not isinstance(level, Mapping):
                return False
            if choice.left_out(level):
                continue
            # Flows write a label as "Random" here and "random" there.
            if snake(str(level.get(choice.key, ""))) != snake(choice.value):
                return False
            level = level.get(choice.place, {}) if choice.place else level
        return True

    def read(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """This operator's own parameters, out of a node's."""
        level: Any = parameters
        for choice in self.choices:
            if not choice.left_out(level) and choice.place:
                level = as_object(level.get(choice.place), choice.place)
        own = dict(level)
        for each in self.nested:
            each.lift(own)
        return own

    def write(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """A node's parameters, with the operator's own in their place."""
        level = dict(values)
        for each in self.nested:
            each.sink(level)
        for choice in reversed(self.choices):
            inner = {choice.place: level} if choice.place else level
            level = {choice.key: choice.value, **inner}
        return level

    def read_trained(self, trained: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """What the operator has learned, out of a node's ``trained_parameters``."""
        level: Any = trained
        for choice in self.choices:
            if not isinstance(level, Mapping):
                return None
            level = level.get(choice.place) if choice.place else level
        if isinstance(level, list):
            # What was learned of several columns is a list, an entry for each.
            return {BY_COLUMN: level} if level else None
        return dict(level) if isinstance(level, Mapping) and level else None

    def write_trained(self, learned: Mapping[str, Any]) -> dict[str, Any]:
        """A node's ``trained_parameters``."""
        level = dict(learned)
        for choice in reversed(self.choices):
            level = {choice.place: level} if choice.place else level
        return level


@dataclass(frozen=True)
class Traits:
    """What a runner and an export have to know of an operator."""

    #: A row's result follows from that row (and what was learned) alone.
    row_local: bool = True
    #: For training data only: changes which rows there are, so that inference leaves it out.
    training_only: bool = False
    #: The order of rows matters.
    ordered: bool = False


class Operator(Declared, Generic[P]):
    """One operator of the catalogue. Subclasses declare the class variables, and ``apply``."""

    #: The row of the reference (``T001`` to ``T097``), or ``X001``... beyond it.
    number: ClassVar[str]
    group: ClassVar[str]
    label: ClassVar[str]
    form: ClassVar[Form]
    #: Selectable variants, by name: each has a test.
    variants: ClassVar[tuple[str, ...]] = ()
    traits: ClassVar[Traits] = Traits()
    #: How many tables it takes; where it takes any number, at least.
    tables: ClassVar[int] = 1

    @property
    def key(self) -> str:
        """Its name in Studio: ``manage_columns/drop_column``."""
        return self.form.key

    def unused(self, given: Mapping[str, Any]) -> list[str]:
        """Notes on parameters of a node that this operator does not know."""
        choices = {choice.key for choice in self.form.choices}
        names = [name for name in self.Parameters.unused(given) if name not in choices]
        return [f"{name}: Studio does not know this parameter, and leaves it out" for name in names]

    @property
    def fitted(self) -> bool:
        """Whether it learns something."""
        kind = type(self)
        return kind.aggregates is not Operator.aggregates or kind.fit is not Operator.fit

    def aggregates(self, relation: Relation, p: P) -> Mapping[str, exp.Expr]:
        """What it has to know of the training rows, as aggregates of one scan; none: nothing."""
        return {}

    def learned(self, values: Mapping[str, Any], p: P) -> Trained:
        """What it keeps of the aggregates' values; raises DataError where they teach nothing."""
        return dict(values)

    def fit(self, relation: Relation, p: P) -> Trained | None:
        """Learn from the training relation; overridden where aggregates do not suffice."""
        wanted = self.aggregates(relation, p)
        return self.learned(relation.aggregate(wanted), p) if wanted else None

    def adopt(self, saved: Trained, p: P) -> Trained:
        """What Data Wrangler has learned, in this operator's form; Spark's models are decoded.

        (:mod:`studio_ext.wrangler.flow.trained`). Raises DamagedError where nothing can be kept.
        """
        raise DamagedError("trained_parameters: Studio cannot take over what was learned elsewhere")

    def saved(self, trained: Trained, p: P) -> dict[str, Any]:
        """What was learned as flow files keep it, with the parameters it was learned for."""
        return {"learned": trained, "parameters": fingerprint(p)}

    def restored(self, saved: Mapping[str, Any], p: P) -> Trained | None:
        """What a flow file keeps; None where that was learned for other parameters."""
        if "learned" in saved:
            return saved["learned"] if saved.get("parameters") == fingerprint(p) else None
        try:
            return self._adopted(decoded(saved), p)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise DamagedError(
                f"trained_parameters: of a form Studio does not know ({error!r})"
            ) from error

    def _adopted(self, saved: Trained, p: P) -> Trained:
        """What was learned of all columns at once, or of each on its own, brought together."""
        if BY_COLUMN not in saved:
            return self.adopt(saved, p)
        whole: Trained = {}
        wanted = list(getattr(p, "input_column", []))
        names = {plain(name): name for name in wanted}
        for each in saved[BY_COLUMN]:
            name = each["input_column"]
            one = p.model_copy(update={"input_column": [names.get(name, name)]})
            for key, value in self.adopt(each, one).items():
                whole.setdefault(key, {}).update(value)
        if not all(set(wanted) <= set(columns) for columns in whole.values()):
            raise DamagedError("trained_parameters: not of every column")
        return whole

    def apply(self, relation: Relation, p: P, trained: Trained | None) -> Relation:
        """The relation with this step on top; reads no data."""
        raise NotImplementedError(type(self).__name__)

    def run(
        self, relations: Sequence[Relation], p: P, trained: Trained | None
    ) -> Mapping[str, Relation]:
        """Output name -> relation; one input and the output ``default`` unless overridden."""
        return {DEFAULT: self.apply(relations[0], p, trained)}
