"""A runtime of MLServer for what it has none for in this environment: XGBoost's own file."""

from __future__ import annotations

import model
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Booster(MLModel):  # type: ignore[misc]
    """Tensors of rows in the V2 protocol."""

    async def load(self) -> bool:
        self.predict_rows = model.load()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        rows = self.decode(payload.inputs[0], default_codec=NumpyCodec)
        answer = NumpyCodec.encode_output("predict", self.predict_rows(rows.astype("float32")))
        return InferenceResponse(model_name=self.name, outputs=[answer])
