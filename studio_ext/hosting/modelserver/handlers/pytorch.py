"""Defaults of the PyTorch image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .. import codecs
from ..errors import ConfigurationError
from . import toolkit


class Handler(toolkit.Handler):
    """A TorchScript file is the model; arrays become tensors; no gradients."""

    def __init__(self) -> None:
        import torch

        self._torch = torch
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    def default_model_fn(self, model_dir: str) -> Any:
        """``model.pt``, or the only ``.pt`` or ``.pth`` file, as TorchScript."""
        path = Path(model_dir, "model.pt")
        if not path.exists():
            files = [p for p in Path(model_dir).iterdir() if p.suffix in (".pt", ".pth")]
            if len(files) != 1:
                names = ", ".join(sorted(p.name for p in files)) or "none"
                raise ConfigurationError(
                    f"Exactly one .pt or .pth file is needed without a model_fn; found {names}"
                )
            path = files[0]
        try:
            load: Any = self._torch.jit.load
            model = load(str(path), map_location=self._device)
        except RuntimeError as error:
            raise ConfigurationError(
                f"{path.name} is not a TorchScript file: save the model with torch.jit.save, "
                "or provide a model_fn"
            ) from error
        return model.eval()

    def default_input_fn(self, input_data: Any, content_type: str) -> Any:
        """A tensor; text becomes float32."""
        array = codecs.decode(input_data, content_type)
        if codecs.media_type(content_type) in codecs.TEXT:
            array = array.astype("float32")
        return self._torch.from_numpy(array).to(self._device)

    def default_predict_fn(self, data: Any, model: Any) -> Any:
        """The model's output on the tensor."""
        with self._torch.no_grad():
            return model(data.to(self._device))

    def default_output_fn(self, prediction: Any, accept: str) -> Any:
        """The tensor as an array."""
        if isinstance(prediction, self._torch.Tensor):
            prediction = prediction.detach().cpu().numpy()
        return super().default_output_fn(prediction, accept)
