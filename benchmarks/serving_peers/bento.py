"""BentoML: ``bentoml serve bento:Predictor`` in this folder."""

from __future__ import annotations

import bentoml
import model

batching = {"batchable": True, "max_batch_size": model.MOST, "max_latency_ms": 1000}


@bentoml.service(workers=1, metrics={"enabled": False}, logging={"access": {"enabled": False}})
class Predictor:
    """Rows of CSV in a JSON document; the list is what BentoML can batch."""

    def __init__(self) -> None:
        self.predict_rows = model.load()

    @bentoml.api(route="/predict", **(batching if model.BATCH else {}))  # type: ignore[untyped-decorator]
    def predict(self, rows: list[str]) -> list[float]:
        return self.predict_rows(model.parse(rows)).tolist()  # type: ignore[no-any-return]
