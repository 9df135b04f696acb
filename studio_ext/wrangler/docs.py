"""``docs/transforms.md``, written from the operators' declarations.

``python -m studio_ext.wrangler.docs docs/transforms.md``
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from .operators import Operator, catalogue
from .operators.parameters import OfColumn, declared

HEAD = """# Transforms

Written from the declarations in `studio_ext/wrangler/operators` by
`python -m studio_ext.wrangler.docs docs/transforms.md`; do not edit it by hand.

{operators} operators, {variants} variants. Numbers T001 to T097 are those of Data Wrangler
({covered} of 97 are there), X... are beyond it. *Learns*: the step fits parameters, which are kept
in the flow file. *Training rows only*: left out where a fitted flow answers for single rows.

How the names that flow files use are known, of the {forms} forms of Data Wrangler's: {file} are
*seen in flow files* that people have published, {code} are *from exported code* (the Python that
Data Wrangler writes), {guessed} are *guessed* from its documentation.
"""
ORIGINS = {"file": "seen in flow files", "code": "from exported code", "guessed": "guessed"}


def written() -> str:
    """The whole page."""
    operators = list(catalogue)
    covered = {each.number for each in operators if each.number.startswith("T")}
    variants = sum(len(each.variants) for each in operators)
    origins = Counter[str](each.form.origin for each in operators if theirs(each))
    parts = [
        HEAD.format(
            operators=len(operators),
            variants=variants,
            covered=len(covered),
            forms=origins.total(),
            **{each: origins[each] for each in ORIGINS},
        )
    ]
    grouped = sorted(
        operators, key=lambda each: (each.number[0], each.group, each.number, each.key)
    )
    for group, members in groupby(grouped, key=lambda each: each.group):
        parts.append(f"## {group}\n")
        parts += [_operator(each) for each in members]
    return "\n".join(parts)


def theirs(operator: Operator[Any]) -> bool:
    """Whether flow files of Data Wrangler's may hold it."""
    return operator.form.operator.startswith("sagemaker.")


def _operator(operator: Operator[Any]) -> str:
    traits = [
        *(["learns"] if operator.fitted else []),
        *(["training rows only"] if operator.traits.training_only else []),
        *([] if operator.traits.row_local else ["needs other rows"]),
        *(["needs an order"] if operator.traits.ordered else []),
    ]
    form = [f"form: {ORIGINS[operator.form.origin]}"] if theirs(operator) else []
    facts = [f"`{operator.key}`", f"flow: `{operator.form.operator}`", *form, *traits]
    lines = [f"### {operator.number} {operator.label}\n", f"{operator.help}\n"]
    lines += [" · ".join(facts) + "\n", f"Variants: {', '.join(operator.variants)}\n"]
    rows = list(_parameters(operator))
    if rows:
        lines += ["| parameter | | default | |", "| --- | --- | --- | --- |", *rows, ""]
    return "\n".join(lines)


def _parameters(operator: Operator[Any]) -> Iterator[str]:
    schema = operator.Parameters.model_json_schema()
    for name, field in declared(operator.Parameters).items():
        entry = schema["properties"][name]
        mark = next((each for each in field.metadata if isinstance(each, OfColumn)), None)
        default = "required" if field.is_required() else f"`{json.dumps(entry.get('default'))}`"
        title, help = _cell(field.title or ""), _cell(field.description or "")
        yield f"| `{name}` | {title}: {_kind(entry, mark)} | {default} | {help} |"


def _kind(entry: dict[str, Any], mark: OfColumn | None) -> str:
    if mark:
        many = "columns" if entry.get("type") == "array" else "column"
        return f"{many} ({', '.join(mark.kinds)})" if mark.kinds else many
    if "enum" in entry:
        return " / ".join(f"`{_cell(str(each))}`" for each in entry["enum"])
    if "const" in entry:
        return f"`{_cell(str(entry['const']))}`"
    if "anyOf" in entry:
        return " or ".join(_kind(each, None) for each in entry["anyOf"])
    bounds = [
        text.format(entry[key])
        for key, text in (
            ("minimum", "at least {}"),
            ("exclusiveMinimum", "above {}"),
            ("maximum", "at most {}"),
            ("exclusiveMaximum", "below {}"),
        )
        if key in entry
    ]
    return " ".join(
        [str(entry.get("type", "object")), *([f"({', '.join(bounds)})"] if bounds else [])]
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(written(), encoding="utf-8")
    else:
        print(written())
