"""Picture encoders from the Hugging Face hub: SigLIP, CLIP, DINOv2, ViT and their like.

Choices a reader would question:
- The picture's vector is the model's own: the projected one of a dual-tower model, else its
  pooled output; for ViT, DeiT and BEiT the first token, since their poolers are mostly untrained.
- Panels are wide or tall, and a centre crop would throw half of a wide one away. Where the model's
  preprocessing crops, the picture is squashed to the square instead, so all of it is seen.
- A sliver of a panel is squashed to 8:1 first: resizing its short side to 224 pixels as it stands
  would make a picture of gigabytes.
- Preprocessing is Pillow's ("pil" in transformers): torchvision is not needed.
- The towers share a space, but pictures and sentences keep to themselves in it: compare scores of
  text queries only with each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longbox.encoders.crops import require_picture
from longbox.encoders.hub_files import find_model, hub_fingerprint, loading, torch_threads
from longbox.errors import ModelError
from longbox.vectors import unit

_VERSION = "v1"
_MAX_BATCH = 16
_WIDEST_ASPECT = 8
_FIRST_TOKEN_MODELS = ("vit", "deit", "beit", "data2vec-vision")
# SigLIP never saw shorter texts than its limit, so its texts are filled up to it.
_FULL_LENGTH_MODELS = ("siglip", "siglip2")


class HubPictureEncoder:
    """Any picture model that transformers' AutoModel loads."""

    def __init__(self, name: str, n_threads: int) -> None:
        self._name = name
        self._n_threads = n_threads
        self._folder = find_model(name)
        self.fingerprint = hub_fingerprint(name, self._folder, _VERSION)
        with loading(name):
            import transformers

            hub: Any = transformers
            self._model: Any = hub.AutoModel.from_pretrained(
                self._folder, use_safetensors=True, local_files_only=True, trust_remote_code=False
            ).eval()
            self._processor: Any = hub.AutoImageProcessor.from_pretrained(
                self._folder, backend="pil", local_files_only=True, trust_remote_code=False
            )
        self._kind: str = self._model.config.model_type
        self._options = _whole_picture(self._processor)
        self._tokenizer: Any = None
        self.has_text_tower: bool = hasattr(self._model, "get_text_features")
        with loading(name):
            self.dimension: int = self._encode_batch([np.zeros((32, 32, 3), np.uint8)]).shape[1]

    def encode(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Encode crops: unit vectors, float32 (N, D)."""
        for crop in crops:
            require_picture(crop)
        vectors = [np.zeros((0, self.dimension), np.float32)]
        for start in range(0, len(crops), _MAX_BATCH):
            vectors.append(self._encode_batch(crops[start : start + _MAX_BATCH]))
        return unit(np.concatenate(vectors))

    def encode_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Place sentences among the pictures; words beyond the tower's limit are not read."""
        if not self.has_text_tower:
            raise ModelError(
                f"hf:{self._name} has no text tower, so texts cannot be placed among pictures; "
                f"use a SigLIP or CLIP model"
            )
        vectors = [np.zeros((0, self.dimension), np.float32)]
        for start in range(0, len(texts), _MAX_BATCH):
            inputs = self._tokenize(list(texts[start : start + _MAX_BATCH]))
            with torch_threads(self._n_threads):
                vectors.append(_pooled(self._model.get_text_features(**inputs)))
        return unit(np.concatenate(vectors))

    def _encode_batch(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        inputs = self._processor(
            images=[_without_slivers(c) for c in crops],
            input_data_format="channels_last",  # else a picture 3 pixels high is read wrongly
            return_tensors="pt",
            **self._options,
        )
        with torch_threads(self._n_threads):
            if self.has_text_tower:
                return _pooled(self._model.get_image_features(**inputs))
            outputs = self._model(**inputs)
            if self._kind in _FIRST_TOKEN_MODELS:
                return np.asarray(outputs.last_hidden_state[:, 0].float().numpy())
            return _pooled(outputs)

    def _tokenize(self, texts: list[str]) -> Any:
        if self._tokenizer is None:
            with loading(self._name):
                from transformers import AutoTokenizer

                self._tokenizer = AutoTokenizer.from_pretrained(
                    self._folder, local_files_only=True, trust_remote_code=False
                )
        return self._tokenizer(
            [text.encode("utf-8", "replace").decode("utf-8") for text in texts],
            padding="max_length" if self._kind in _FULL_LENGTH_MODELS else True,
            truncation=True,
            max_length=self._model.config.text_config.max_position_embeddings,
            return_tensors="pt",
        )


def _pooled(outputs: Any) -> NDArray[np.float32]:
    """Return the pooled vector of a model's output, (B, D)."""
    pooled = getattr(outputs, "pooler_output", outputs)
    if pooled is None:
        pooled = outputs.last_hidden_state.mean(dim=1)
    vectors: NDArray[np.float32] = pooled.float().flatten(1).numpy()
    return vectors


def _whole_picture(processor: Any) -> dict[str, Any]:
    """Return the options that make a cropping preprocessor squash instead."""
    if not getattr(processor, "do_center_crop", False):
        return {}
    side = dict(processor.crop_size)
    size = {"height": int(side["height"]), "width": int(side["width"])}
    return {"do_center_crop": False, "size": size}


def _without_slivers(crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Squash a picture to at most 8:1."""
    from PIL import Image

    height, width = crop.shape[:2]
    if max(height, width) <= _WIDEST_ASPECT * min(height, width):
        return np.ascontiguousarray(crop)
    longest = max(height, width)
    size = (max(width, longest // _WIDEST_ASPECT), max(height, longest // _WIDEST_ASPECT))
    return np.asarray(Image.fromarray(np.ascontiguousarray(crop)).resize(size))
