"""Encoders are chosen by name; the heavy library is imported inside the choice.

`hf:NAME` is a model of the Hugging Face hub by its name there, or a folder in the hub's layout.
"""

from __future__ import annotations

from pathlib import Path

from longbox.encoders.contract import PictureEncoder, SentenceEncoder
from longbox.errors import ModelError

_HUB = "hf:"


def picture_encoder(
    name: str = "efficientnet-lite0", *, n_threads: int = 1, cache: Path | None = None
) -> PictureEncoder:
    """Open a picture encoder.

    Args:
        name: "efficientnet-lite0", "efficientnet-comics" (the same network tuned on comics), or
            "hf:" and a model that transformers can load.
        n_threads: Threads that encoding uses.
        cache: Folder for files that are built once; the user's cache folder if None.

    Raises:
        ModelError: The name is unknown, or the model is missing, altered or does not fit.
    """
    if name == "efficientnet-lite0":
        from longbox.encoders.efficientnet import EfficientNetLite0
        from longbox.encoders.graph_cache import default_cache

        return EfficientNetLite0(cache or default_cache(), n_threads)
    if name == "efficientnet-comics":
        from longbox.encoders.efficientnet_comics import EfficientNetComics
        from longbox.encoders.graph_cache import default_cache

        return EfficientNetComics(cache or default_cache(), n_threads)
    if name.startswith(_HUB):
        from longbox.encoders.hub_pictures import HubPictureEncoder

        return HubPictureEncoder(name.removeprefix(_HUB), n_threads)
    raise ModelError(
        f"no picture encoder is called {name!r}; "
        f"use efficientnet-lite0, efficientnet-comics or hf:NAME"
    )


def sentence_encoder(
    name: str = "minilm", *, n_threads: int = 1, cache: Path | None = None
) -> SentenceEncoder:
    """Open a sentence encoder.

    Args:
        name: "minilm", or "hf:" and a model that sentence-transformers can load.
        n_threads: Threads that encoding uses.
        cache: Folder for files that are built once; the user's cache folder if None.

    Raises:
        ModelError: The name is unknown, or the model is missing, altered or does not fit.
    """
    if name == "minilm":
        from longbox.encoders.graph_cache import default_cache
        from longbox.encoders.minilm import MiniLM

        return MiniLM(cache or default_cache(), n_threads)
    if name.startswith(_HUB):
        from longbox.encoders.hub_sentences import HubSentenceEncoder

        return HubSentenceEncoder(name.removeprefix(_HUB), n_threads)
    raise ModelError(f"no sentence encoder is called {name!r}; use minilm or hf:NAME")
