"""LitServe: ``python lit.py PORT``."""

from __future__ import annotations

import sys
from typing import Any

import litserve
import model
import numpy as np


class Api(litserve.LitAPI):  # type: ignore[misc]
    """One row of CSV in a JSON document, which is what LitServe takes."""

    def setup(self, device: str) -> None:
        self.predict_rows = model.load()

    def decode_request(self, request: dict[str, str]) -> np.ndarray:
        return model.parse([request["csv"]])[0]

    def predict(self, inputs: np.ndarray) -> Any:
        return self.predict_rows(np.atleast_2d(inputs))

    def encode_response(self, output: Any) -> list[float]:
        return np.atleast_1d(output).tolist()


if __name__ == "__main__":
    options = {"max_batch_size": model.MOST, "batch_timeout": 0.001} if model.BATCH else {}
    server = litserve.LitServer(Api(**options), accelerator="cpu", workers_per_device=1)
    server.run(
        port=int(sys.argv[1]), num_api_servers=1, log_level="error", generate_client_file=False
    )
