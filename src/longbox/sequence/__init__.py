"""Stage 4: panels in context, strips and books, and the heads of the closure tasks.

Everything here needs torch, so names are imported when they are asked for.
"""

from typing import TYPE_CHECKING, Any

from longbox.sequence.config import Input, SequenceConfig, TaskWeights
from longbox.sequence.files import load_sequence, save_sequence
from longbox.sequence.windows import WINDOW, Windows, windows_of

if TYPE_CHECKING:
    from longbox.sequence.cross_modal import ModalityVectors
    from longbox.sequence.model import ANCHORED, BookTransformer, Stage4SequenceModel, StripQuery
    from longbox.sequence.transformer import PanelSequenceTransformer, PositionalEncoding

_WITH_TORCH = {
    "ANCHORED": "model",
    "BookTransformer": "model",
    "ModalityVectors": "cross_modal",
    "PanelSequenceTransformer": "transformer",
    "PositionalEncoding": "transformer",
    "Stage4SequenceModel": "model",
    "StripQuery": "model",
}

__all__ = [
    "ANCHORED",
    "WINDOW",
    "BookTransformer",
    "Input",
    "ModalityVectors",
    "PanelSequenceTransformer",
    "PositionalEncoding",
    "SequenceConfig",
    "Stage4SequenceModel",
    "StripQuery",
    "TaskWeights",
    "Windows",
    "load_sequence",
    "save_sequence",
    "windows_of",
]


def __getattr__(name: str) -> Any:
    if name not in _WITH_TORCH:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"longbox.sequence.{_WITH_TORCH[name]}"), name)
