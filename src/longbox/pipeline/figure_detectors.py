"""Detectors of faces and figures by name; the heavy library is imported inside the choice.

`panel` takes every panel as it is, `salient` needs no model, `hf:NAME` is an object detector of the
Hugging Face hub, already on this machine, vetted as the picture encoders are: safetensors only, no
code of its own, nothing downloaded.
"""

from __future__ import annotations

from typing import Any

from longbox.characters import FigureDetector, HubFigureDetector, SalientFigures
from longbox.encoders import find_model, hub_fingerprint, loading
from longbox.errors import ModelError

NO_DETECTOR = "panel"
_HUB = "hf:"
_VERSION = "v1"


def figure_detector(name: str) -> FigureDetector | None:
    """Open a detector.

    Args:
        name: "panel" for none, "salient", or "hf:" and a model that transformers can load.

    Raises:
        ModelError: The name is unknown, or the model is missing, altered or no such detector.
    """
    if name == NO_DETECTOR:
        return None
    if name == "salient":
        return SalientFigures()
    if name.startswith(_HUB):
        return _hub_detector(name.removeprefix(_HUB))
    raise ModelError(f"no figure detector is called {name!r}; use panel, salient or hf:NAME")


def _hub_detector(name: str) -> FigureDetector:
    folder = find_model(name)
    with loading(name):
        import transformers

        hub: Any = transformers
        model = hub.AutoModelForObjectDetection.from_pretrained(
            folder, use_safetensors=True, local_files_only=True, trust_remote_code=False
        ).eval()
        processor = hub.AutoImageProcessor.from_pretrained(
            folder, backend="pil", local_files_only=True, trust_remote_code=False
        )
    return HubFigureDetector(model, processor, hub_fingerprint(name, folder, _VERSION))
