"""Faces and figures by an object detector of the Hugging Face hub (DETR, YOLOS, RT-DETR ...).

Which of the model's labels are faces and which are figures is read from their names; the others
are ignored, and a model without any of either is refused when it is opened. Opening the files is
the caller's: this file only asks an opened model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from longbox.characters.contract import Detection, PanelPicture, Pixels, RegionKind
from longbox.errors import ModelError

_FACE_WORDS = frozenset({"face", "faces", "head", "heads"})
_FIGURE_WORDS = frozenset(
    {"person", "people", "figure", "character", "characters", "body", "human", "animal", "cat"}
    | {"dog", "bird", "horse", "bear", "man", "woman", "boy", "girl", "child"}
)
_WIDEST_ASPECT = 8


class HubFigureDetector:
    """An object detector that transformers loaded.

    Attributes:
        fingerprint: Names model, files and threshold.
    """

    def __init__(self, model: Any, processor: Any, name: str, threshold: float = 0.5) -> None:
        """Take an opened model.

        Args:
            model: What `AutoModelForObjectDetection` gave, in evaluation mode.
            processor: Its image processor.
            name: The fingerprint of its files.
            threshold: Confidence below which an answer is left out.

        Raises:
            ModelError: None of its labels is a face or a figure.
        """
        self._model = model
        self._processor = processor
        self._threshold = threshold
        self.fingerprint = f"{name}-t{threshold:g}"
        self._kinds = region_kinds(model.config.id2label)
        if not self._kinds:
            labels = ", ".join(str(v) for v in list(model.config.id2label.values())[:6])
            raise ModelError(
                f"{name} finds neither faces nor figures, but {labels}; use a detector whose "
                f"labels name a face, a person or a character"
            )

    def detect(self, panel: PanelPicture) -> Sequence[Detection]:
        """Ask the model about one panel."""
        import torch

        pixels = _without_sliver(panel.pixels)
        height, width = panel.pixels.shape[:2]
        with torch.inference_mode():
            inputs = self._processor(
                images=[pixels], input_data_format="channels_last", return_tensors="pt"
            )
            outputs = self._model(**inputs)
            answer = self._processor.post_process_object_detection(
                outputs, threshold=self._threshold, target_sizes=[(height, width)]
            )[0]
        found = []
        for score, label, box in zip(
            answer["scores"].tolist(),
            answer["labels"].tolist(),
            answer["boxes"].tolist(),
            strict=True,
        ):
            kind = self._kinds.get(int(label))
            if kind is not None:
                x0, y0, x1, y1 = box
                found.append(Detection(x0, y0, x1, y1, kind, score))
        return found


def region_kinds(labels: Mapping[int, str]) -> dict[int, RegionKind]:
    """Say which labels of a detector are faces and which are figures, by their names."""
    kinds = {}
    for number, label in labels.items():
        words = set(re.findall(r"[a-z]+", str(label).lower()))
        if words & _FACE_WORDS:
            kinds[int(number)] = RegionKind.FACE
        elif words & _FIGURE_WORDS:
            kinds[int(number)] = RegionKind.FIGURE
    return kinds


def _without_sliver(pixels: Pixels) -> Pixels:
    """Squash a panel to at most 8:1: a sliver scaled up would take gigabytes."""
    from PIL import Image

    height, width = pixels.shape[:2]
    if max(height, width) <= _WIDEST_ASPECT * min(height, width):
        return np.ascontiguousarray(pixels)
    shortest = max(height, width) // _WIDEST_ASPECT
    size = (max(width, shortest), max(height, shortest))
    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).resize(size))
