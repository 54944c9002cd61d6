"""Stage 3: any non-empty subset of a panel's modalities becomes one vector.

`open_fusion` gives what search and indexing use, without torch; training needs `load_fusion`,
`PanelFusion` and the losses, which import torch when they are asked for.
"""

from typing import TYPE_CHECKING, Any

from longbox.fusion.config import FusionConfig, FusionWeights
from longbox.fusion.encoder import FusionEncoder
from longbox.fusion.files import load_fusion, open_fusion, save_fusion
from longbox.fusion.tokens import Tokens, joined, tokens_of

if TYPE_CHECKING:
    from longbox.fusion.bulk import BulkFusionEncoder
    from longbox.fusion.losses import FusionBatch, NeighbourPredictor, fusion_objective
    from longbox.fusion.model import GatedFusion, PanelFusion, TokenTensors

_WITH_TORCH = {
    "BulkFusionEncoder": "bulk",
    "FusionBatch": "losses",
    "GatedFusion": "model",
    "NeighbourPredictor": "losses",
    "PanelFusion": "model",
    "TokenTensors": "model",
    "fusion_objective": "losses",
}

__all__ = [
    "BulkFusionEncoder",
    "FusionBatch",
    "FusionConfig",
    "FusionEncoder",
    "FusionWeights",
    "GatedFusion",
    "NeighbourPredictor",
    "PanelFusion",
    "TokenTensors",
    "Tokens",
    "fusion_objective",
    "joined",
    "load_fusion",
    "open_fusion",
    "save_fusion",
    "tokens_of",
]


def __getattr__(name: str) -> Any:
    if name not in _WITH_TORCH:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"longbox.fusion.{_WITH_TORCH[name]}"), name)
