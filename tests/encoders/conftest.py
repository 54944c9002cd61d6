"""Tiny random models in the hub's own layout, and one cache for the default encoders."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from longbox.encoders import PictureEncoder, SentenceEncoder, picture_encoder, sentence_encoder

WORDS = ["rain", "on", "a", "roof", "the", "dragon", "sleeps", "query", "passage", ":", "castle"]
VISION = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 32,
    "patch_size": 8,
}
TEXT = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "vocab_size": 40,
}


@pytest.fixture(scope="session")
def encoder_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("encoder-cache")


@pytest.fixture(scope="session")
def minilm(encoder_cache: Path) -> SentenceEncoder:
    return sentence_encoder(cache=encoder_cache)


@pytest.fixture(scope="session")
def lite0(encoder_cache: Path) -> PictureEncoder:
    return picture_encoder(cache=encoder_cache)


@pytest.fixture(scope="session")
def crops() -> list[NDArray[np.uint8]]:
    """A dozen different pictures: blocks of colour in several sizes and shapes."""
    rng = np.random.default_rng(0)
    pictures = []
    for width, height in ((90, 60), (60, 90), (300, 40), (40, 300), (128, 128), (7, 5)) * 2:
        blocks = rng.integers(0, 256, (5, 4, 3), dtype=np.uint8)
        rows, columns = np.arange(height) * 5 // height, np.arange(width) * 4 // width
        pictures.append(np.ascontiguousarray(blocks[rows][:, columns]))
    return pictures


def write_word_tokenizer(folder: Path, *, limit: int = 16) -> None:
    """Write a tokenizer that knows a dozen words, in the files that the hub uses."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    vocabulary = {w: i for i, w in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "pad_token": "[PAD]",
        "unk_token": "[UNK]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "model_max_length": limit,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


def _clip(hub: Any) -> tuple[Any, Any]:
    text = {**TEXT, "max_position_embeddings": 16, "bos_token_id": 2, "eos_token_id": 3}
    config = hub.CLIPConfig(text_config=text, vision_config=VISION, projection_dim=12)
    size = {"height": 32, "width": 32}
    processor = hub.CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=size)
    return hub.CLIPModel(config), processor


def _siglip(hub: Any) -> tuple[Any, Any]:
    text = {**TEXT, "max_position_embeddings": 16}
    config = hub.SiglipConfig(text_config=text, vision_config=VISION)
    processor = hub.SiglipImageProcessorPil(size={"height": 32, "width": 32})
    return hub.SiglipModel(config), processor


def _siglip2(hub: Any) -> tuple[Any, Any]:
    text = {**TEXT, "max_position_embeddings": 16}
    config = hub.Siglip2Config(text_config=text, vision_config={**VISION, "num_patches": 16})
    return hub.Siglip2Model(config), hub.Siglip2ImageProcessorPil(patch_size=8, max_num_patches=16)


def _dinov2(hub: Any) -> tuple[Any, Any]:
    sizes = {k: v for k, v in VISION.items() if k != "intermediate_size"}
    size = {"height": 32, "width": 32}
    processor = hub.BitImageProcessorPil(size={"shortest_edge": 36}, crop_size=size)
    return hub.Dinov2Model(hub.Dinov2Config(**sizes)), processor


def _vit(hub: Any) -> tuple[Any, Any]:
    processor = hub.ViTImageProcessorPil(size={"height": 32, "width": 32})
    return hub.ViTModel(hub.ViTConfig(**VISION)), processor


MAKERS: dict[str, Callable[[Any], tuple[Any, Any]]] = {
    "clip": _clip,
    "siglip": _siglip,
    "siglip2": _siglip2,
    "dinov2": _dinov2,
    "vit": _vit,
}


@pytest.fixture(scope="session")
def picture_models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder for each kind of picture model, as save_pretrained writes it."""
    import torch
    import transformers

    folders = {}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for name, make in MAKERS.items():
            folder = tmp_path_factory.mktemp(f"tiny-{name}")
            model, processor = make(transformers)
            model.save_pretrained(folder)
            processor.save_pretrained(folder)
            if name in ("clip", "siglip", "siglip2"):
                write_word_tokenizer(folder)
            folders[name] = folder
    return folders


@pytest.fixture(scope="session")
def sentence_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of 12 tokens in the layout of sentence-transformers."""
    import torch
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("tiny") / "tiny-bert"
    (folder / "1_Pooling").mkdir(parents=True)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        BertModel(BertConfig(**TEXT, max_position_embeddings=16)).save_pretrained(folder)
    write_word_tokenizer(folder, limit=12)
    kinds = ("Transformer", "Pooling")
    modules = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (kind, path) in enumerate(zip(kinds, ("", "1_Pooling"), strict=True))
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 12}))
    pooling = {"word_embedding_dimension": 16, "pooling_mode_mean_tokens": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    return folder
