"""The catalogues as forms: what ListTransforms and ListAnalyses tell."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from ...wrangler.analyses import analyses
from ...wrangler.operators import catalogue
from ...wrangler.operators.labels import labelled

#: The one transform that takes any number of tables.
CONCATENATE = "concatenate_datasets"


def transforms() -> dict[str, Any]:
    """Every transform with its form, and the version of all that."""
    found = []
    for each in catalogue:
        found.append(
            {
                "Key": each.key,
                "Number": each.number,
                "Group": each.group,
                "Label": each.label,
                "Help": each.help,
                "Operator": each.form.operator,
                "Variants": list(each.variants),
                "Schema": labelled(each.Parameters.model_json_schema()),
                "Inputs": each.tables,
                "Many": each.key == CONCATENATE,
                "Learns": each.fitted,
                "RowLocal": each.traits.row_local,
                "TrainingOnly": each.traits.training_only,
                "Ordered": each.traits.ordered,
            }
        )
    return {"Version": _version(found), "NotModified": False, "Transforms": found}


def all_analyses() -> dict[str, Any]:
    """Every analysis with its form, and the version of all that."""
    found = [
        {
            "Key": each.form.key,
            "Number": each.number,
            "Label": each.label,
            "Help": each.help,
            "Operator": each.form.operator,
            "Schema": labelled(each.Parameters.model_json_schema()),
        }
        for each in analyses
    ]
    return {"Version": _version(found), "NotModified": False, "Analyses": found}


def _version(found: Any) -> str:
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:32]
