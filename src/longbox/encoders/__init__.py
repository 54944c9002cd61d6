"""Pictures and sentences become vectors; one door, many models behind it.

`picture_encoder` and `sentence_encoder` choose a model by name. The defaults run in ONNX Runtime
and import neither torch nor transformers, so a cold search stays quick.
"""

from longbox.encoders.choose import picture_encoder, sentence_encoder
from longbox.encoders.composition import (
    COMPOSITION_FEATURES,
    COMPOSITION_FINGERPRINT,
    composition,
)
from longbox.encoders.contract import PictureEncoder, SentenceEncoder
from longbox.encoders.crops import crop_panel
from longbox.encoders.hub_files import find_model, hub_fingerprint, loading

__all__ = [
    "COMPOSITION_FEATURES",
    "COMPOSITION_FINGERPRINT",
    "PictureEncoder",
    "SentenceEncoder",
    "composition",
    "crop_panel",
    "find_model",
    "hub_fingerprint",
    "loading",
    "picture_encoder",
    "sentence_encoder",
]
