"""How operators declare what a person can set: pydantic models that know kinds of columns.

One declaration makes the validation, the form (JSON Schema), the documentation and the tests. What
a flow file carries for other sub-operators is ignored, an empty text means "not set".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import core_schema

from .. import types
from ..errors import ColumnError, ParameterError
from ..relation import Relation

M = TypeVar("M", bound="Parameters")


@dataclass(frozen=True)
class OfColumn:
    """Marks a field that names columns of an input, of these kinds (none: of any)."""

    kinds: tuple[str, ...] = ()
    #: Which input: 0 is the first (left), 1 the second.
    input: int = 0

    def __get_pydantic_json_schema__(self, core: core_schema.CoreSchema, handler: Any) -> Any:
        column = {"kinds": list(self.kinds), "input": self.input}
        return {**handler(core), "column": column}

    def accepts(self, datatype: Any) -> bool:
        """Whether a column of this type may be named."""
        return not self.kinds or types.kind_of(datatype) in self.kinds


def _names(value: Any) -> Any:
    """Flows write one column as a text, several as a list."""
    if value in ("", None):
        return []
    return [value] if isinstance(value, str) else value


def _blank(value: Any) -> Any:
    return "" if value is None else value


_List = Annotated[list[str], BeforeValidator(_names)]
AnyColumn = Annotated[str, OfColumn(), Field(min_length=1)]
AnyColumns = Annotated[_List, OfColumn(), Field(min_length=1)]
#: None of them: as the operator says, mostly all.
SomeColumns = Annotated[_List, OfColumn()]
ScalarColumns = Annotated[_List, OfColumn(types.SCALAR), Field(min_length=1)]
NumericColumn = Annotated[str, OfColumn(types.NUMERIC), Field(min_length=1)]
NumericColumns = Annotated[_List, OfColumn(types.NUMERIC), Field(min_length=1)]
StringColumn = Annotated[str, OfColumn(("string",)), Field(min_length=1)]
StringColumns = Annotated[_List, OfColumn(("string",)), Field(min_length=1)]
#: A text that may be left out, also as null.
NewText = Annotated[str, BeforeValidator(_blank)]
#: A column to be made; empty: in place of the input.
NewColumn = Annotated[str, BeforeValidator(_blank)]
#: A column that may be left out.
MaybeColumn = Annotated[str, BeforeValidator(_blank), OfColumn()]
#: A type as flows name it; ``boolean``, ``int`` and the like are understood.
TypeName = Annotated[
    Literal["long", "float", "bool", "date", "datetime", "string"], BeforeValidator(types.named)
]


class Parameters(BaseModel):
    """What an operator's parameters derive from."""

    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        coerce_numbers_to_str=True,
        # There are hundreds of them, and a flow uses a few.
        defer_build=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _given(cls, values: Any) -> Any:
        """Flow files write null for what is not set."""
        if not isinstance(values, Mapping):
            return values
        return {name: value for name, value in values.items() if value is not None}

    #: Fields that flow files hold and that change nothing.
    without_effect: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def unused(cls, given: Mapping[str, Any]) -> list[str]:
        """Fields given that are none of ours: what lies in containers is another choice's."""
        known = set(cls.model_fields) | {each.alias for each in cls.model_fields.values()}
        return [
            name
            for name, value in given.items()
            if name not in known | cls.without_effect and _says_something(value)
        ]

    def check(self, relations: Iterable[Relation]) -> None:
        """Every column named is there and of a kind that fits; raises ColumnError."""
        inputs = list(relations)
        for name, declared in type(self).model_fields.items():
            mark = next((each for each in declared.metadata if isinstance(each, OfColumn)), None)
            if mark:
                value = getattr(self, name)
                for column in [value] if isinstance(value, str) else value or []:
                    _check(inputs[mark.input], column, mark, declared.alias or name)


def _check(relation: Relation, column: str, mark: OfColumn, field: str) -> None:
    if not column:
        return
    if column not in relation:
        raise ColumnError.missing(column, relation.columns, field)
    datatype = relation.schema[column]
    if not mark.accepts(datatype):
        wanted = " or ".join(mark.kinds)
        raise ColumnError(
            f"{field}: the column {column!r} is {types.kind_of(datatype)}, not {wanted}: "
            "parse it as that type in a step before",
            field=field,
        )


def _says_something(value: Any) -> bool:
    return not isinstance(value, Mapping) and value not in (None, "", [])


class Declared:
    """What is declared as a class: its parameters in ``Base[...]``, its help as docstring."""

    Parameters: ClassVar[type[Parameters]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for base in cls.__dict__.get("__orig_bases__", ()):
            for argument in get_args(base):
                if isinstance(argument, type) and issubclass(argument, Parameters):
                    cls.Parameters = argument

    @property
    def help(self) -> str:
        """The first paragraph of the class's docstring."""
        return " ".join((type(self).__doc__ or "").split("\n\n")[0].split())


def parse(model: type[M], values: Mapping[str, Any], where: str = "") -> M:
    """``values`` as ``model``; raises ParameterError that names the first field amiss."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join([*([where] if where else []), *(str(each) for each in first["loc"])])
        given = None if first["type"] == "missing" else first["input"]
        right = "must be given" if first["type"] == "missing" else f"is not right: {first['msg']}"
        raise ParameterError(field, given, right) from error


def as_object(value: Any, field: str) -> Mapping[str, Any]:
    """``value``, empty where there is none; raises ParameterError where it is no object."""
    if value is not None and not isinstance(value, Mapping):
        raise ParameterError(field, value, "must be a JSON object")
    return value or {}


def spelled(*labels: str) -> BeforeValidator:
    """Reads a label in any spelling that differs by case, blanks and signs alone."""
    known = {_plain(each): each for each in labels}
    return BeforeValidator(lambda value: known.get(_plain(value), value))


def _plain(value: Any) -> str:
    return "".join(each for each in str(value).casefold() if each.isalnum())


def outputs(inputs: Iterable[str], output: str) -> dict[str, str]:
    """Input column -> the column that takes its result.

    Without ``output`` a column is replaced; one column's result is named ``output``, and those of
    several ``output_column``.
    """
    names = list(inputs)
    if not output:
        return {name: name for name in names}
    return {name: output if len(names) == 1 else f"{output}_{name}" for name in names}


@dataclass(frozen=True)
class When:
    """When a field of a form matters: where another one of the same form has one of some values.

    Without values: where the other one says something (``given``), or nothing.
    """

    field: str
    values: tuple[str | bool, ...] = ()
    given: bool = True

    def json(self) -> dict[str, Any]:
        """As the schema of the form has it."""
        told = {"values": list(self.values)} if self.values else {"given": self.given}
        return {"field": self.field, **told}


def field(
    title: str,
    help: str = "",
    *,
    when: tuple[When, ...] | When = (),
    language: Literal["", "python", "sql", "expression"] = "",
    rarely: bool = False,
    **options: Any,
) -> Any:
    """A field with its label and what a person should know about it.

    It matters where one of ``when`` holds, if there are any; ``language`` is what it is written in;
    forms show at their end what is ``rarely`` set.
    """
    conditions = [when] if isinstance(when, When) else list(when)
    extra = dict(options.pop("json_schema_extra", {}))
    extra |= {"when": [each.json() for each in conditions]} if conditions else {}
    extra |= {"language": language} if language else {}
    extra |= {"rarely": True} if rarely else {}
    return Field(title=title, description=help or None, json_schema_extra=extra or None, **options)


def declared(model: type[Parameters]) -> dict[str, FieldInfo]:
    """The fields of a declaration, by the name that flow files use."""
    return {info.alias or name: info for name, info in model.model_fields.items()}
