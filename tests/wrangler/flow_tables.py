"""Tables for the sources of real flows: columns and types as the flow's own schema names them."""

from __future__ import annotations

import random

import pyarrow as pa

from studio_ext.wrangler import Flow

ROWS = 60
#: Words that later steps of a flow name.
WORDS = {
    "customer_gender": ["Male", "Female", "Unkown", "Other"],
    "policy_state": ["CA", "WA", "AZ", "OR", "NV", "ID"],
}


def tables(flow: Flow) -> dict[str, pa.Table]:
    """Dataset name -> a table of texts, as CSV gives them; a twentieth is missing."""
    made = {}
    for node in flow.document:
        if node.type == "SOURCE":
            types = next(
                each.trained["schema"]
                for each in flow.document.readers(node.id)
                if each.trained and "schema" in each.trained
            )
            columns = {name: _column(name, kind) for name, kind in types.items()}
            made[node.parameters["dataset_definition"]["name"]] = pa.table(columns)
    return made


def _column(name: str, kind: str) -> pa.Array:
    chance = random.Random(name)
    values = {
        "long": lambda row: str(row % 40),
        "float": lambda row: f"{chance.random() * 9:.2f}",
        "datetime": lambda row: f"2019-01-{1 + row % 28:02d} {row % 24:02d}:00:00",
        "string": lambda row: chance.choice(WORDS.get(name, ["a", "b", "c"])),
    }[kind]
    column = [values(row) if chance.random() > 0.05 else None for row in range(ROWS)]
    return pa.array(column, pa.string())
