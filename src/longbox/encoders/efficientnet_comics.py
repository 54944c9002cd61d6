"""EfficientNet-Lite0 tuned on comics: the same network and cost, other weights from block 6 on.

Choices a reader would question:
- Only tensors that training changed are shipped, in half precision; the stem, the first six blocks
  and the statistics of batch normalisation are read from the package as before.
- The network was trained to know a panel after crops, recolouring, print screens, other lettering
  and photographs (training/picture_encoder.py), with neighbouring panels as soft positives, on
  train works and drawn books only. docs/models.md has the figures.
- It is another encoder with another fingerprint, not a new version of the old one: vectors of the
  two are never compared, and a library indexed with one goes on with it by naming it in the config.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from longbox.encoders.efficientnet import (
    WEIGHTS_SHA256,
    EfficientNetLite0,
    probe_picture,
    read_lite0_weights,
)
from longbox.encoders.efficientnet_graph import Projection, efficientnet_graph
from longbox.encoders.graph_cache import GraphRecipe, check_digest, open_graph
from longbox.encoders.graph_writer import Weights

if TYPE_CHECKING:
    from onnx import ModelProto

TUNED = Path(__file__).parent / "picture_encoder.safetensors"
TUNED_SHA256 = "1137229d233dd8b8e0445b27d69d38ea5dbdc49c9a9e04057d8c7cbf8c60dc5b"
_VERSION = 1
# The start of the vector that torch gives for the picture of `probe_picture`, made by
# training/picture_fit.py.
_PROBE_ANSWER = (-1.891349, -1.20296, 0.029341, 0.511744, -1.931093, 0.899359)


class EfficientNetComics(EfficientNetLite0):
    """EfficientNet-Lite0 tuned on comics: 256 numbers a picture."""

    name = "efficientnet-comics"
    fingerprint = f"efficientnet-comics-{WEIGHTS_SHA256[:8]}-{TUNED_SHA256[:8]}-v{_VERSION}"

    def __init__(self, cache: Path, n_threads: int) -> None:
        recipe = GraphRecipe(
            name=self.fingerprint,
            build=_build,
            probe={"pixels": probe_picture()[None]},
            answer=_PROBE_ANSWER,
            tolerance=1e-3,
        )
        self._session = open_graph(recipe, cache, n_threads)


def read_comics_weights() -> tuple[Weights, Projection]:
    """Read the tuned network and its projection.

    Returns:
        The state dict of the package with the tuned tensors in it, and the projection.

    Raises:
        ModelError: The package or the shipped file is missing or another one.
    """
    from safetensors.numpy import load_file

    check_digest(TUNED, TUNED_SHA256)
    arrays = {name: value.astype(np.float32) for name, value in load_file(TUNED).items()}
    projection = Projection(arrays.pop("mean"), arrays.pop("matrix"))
    return {**read_lite0_weights(), **arrays}, projection


def _build() -> ModelProto:
    return efficientnet_graph(*read_comics_weights())
