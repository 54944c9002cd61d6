"""Stage 3 for many panels at once: the encoder's door, torch's forward pass behind it.

numpy is quicker to load and enough for a query; torch is several times quicker over a book, and two
libraries' threads do not get in each other's way where stage 4 runs in torch beside it.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from longbox.fusion.encoder import FusionEncoder
from longbox.fusion.model import PanelFusion, TokenTensors
from longbox.fusion.tokens import Tokens


class BulkFusionEncoder(FusionEncoder):
    """The same model and fingerprint as the encoder it is made from; vectors within 1e-5."""

    def __init__(self, encoder: FusionEncoder) -> None:
        super().__init__(encoder.config, encoder.weights, encoder.fingerprint)
        with torch.random.fork_rng(devices=[]):
            self._model = PanelFusion(encoder.config).eval()
        self._model.load_state_dict(
            {name: torch.from_numpy(w.copy()) for name, w in encoder.weights.items()}
        )

    def fuse(self, tokens: Tokens) -> NDArray[np.float32]:
        """Fuse panels: unit vectors float32 (B, D), zero where nothing is present."""
        with torch.inference_mode():
            fused: NDArray[np.float32] = self._model(TokenTensors.of(tokens)).numpy()
        return fused
