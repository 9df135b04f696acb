"""Running single operators on small tables, as a flow would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from studio_ext.wrangler import catalogue
from studio_ext.wrangler.engines import Engine
from studio_ext.wrangler.operators import Trained
from studio_ext.wrangler.operators.parameters import parse
from studio_ext.wrangler.relation import Relation

Table = Mapping[str, Any]


class Steps:
    """Operators by key on tables given as columns of Python values."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def relation(self, table: Table | pa.Table) -> Relation:
        """A table of the engine's."""
        return self.engine.from_arrow(
            table if isinstance(table, pa.Table) else pa.table(dict(table))
        )

    def fit(self, key: str, table: Table | pa.Table, **parameters: Any) -> Trained | None:
        """What the operator learns of the table."""
        operator = catalogue[key]
        return operator.fit(self.relation(table), parse(operator.Parameters, parameters))

    def relations(
        self,
        key: str,
        *tables: Table | pa.Table,
        trained: Trained | None = None,
        **parameters: Any,
    ) -> Mapping[str, Relation]:
        """All outputs; learns first where nothing ``trained`` is given."""
        operator = catalogue[key]
        p = parse(operator.Parameters, parameters)
        relations = [self.relation(each) for each in tables]
        p.check(relations)
        if trained is None:
            trained = operator.fit(relations[0], p)
        return operator.run(relations, p, trained)

    def arrow(self, key: str, *tables: Table | pa.Table, **parameters: Any) -> pa.Table:
        """The one output, as Arrow."""
        return self.relations(key, *tables, **parameters)["default"].to_arrow()

    def __call__(self, key: str, *tables: Table | pa.Table, **parameters: Any) -> dict[str, Any]:
        """The one output, as columns of Python values."""
        return self.arrow(key, *tables, **parameters).to_pydict()
