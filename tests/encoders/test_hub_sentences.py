from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from longbox.encoders import SentenceEncoder, sentence_encoder
from longbox.errors import ModelError


@pytest.fixture(scope="module")
def encoder(sentence_model: Path) -> SentenceEncoder:
    return sentence_encoder(f"hf:{sentence_model}")


def test_hub_sentences_are_unit_vectors_in_order(encoder: SentenceEncoder) -> None:
    texts = ["rain on a roof", "the dragon sleeps", "castle"]
    vectors = encoder.encode_documents(texts)
    assert vectors.shape == (3, encoder.dimension) == (3, 16)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    back = encoder.encode_documents(texts[::-1])[::-1]
    np.testing.assert_allclose(vectors, back, atol=1e-4)
    assert np.linalg.norm(vectors[0] - vectors[1]) > 1e-3


def test_hub_padding_never_changes_a_vector(encoder: SentenceEncoder) -> None:
    alone = encoder.encode_documents(["rain"])
    beside = encoder.encode_documents(["rain", "rain on a roof the dragon sleeps"])
    np.testing.assert_allclose(alone[0], beside[0], atol=1e-4)


def test_hub_empty_list_and_empty_text(encoder: SentenceEncoder) -> None:
    assert encoder.encode_documents([]).shape == (0, 16)
    assert np.isfinite(encoder.encode_documents([""])).all()


def test_hub_long_text_keeps_its_end(encoder: SentenceEncoder) -> None:
    start = "rain on a roof " * 20
    vectors = encoder.encode_documents([start, start + "the dragon sleeps castle " * 20])
    assert np.linalg.norm(vectors[0] - vectors[1]) > 1e-2


def test_hub_vector_of_a_short_text_is_that_of_sentence_transformers(
    encoder: SentenceEncoder, sentence_model: Path
) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(sentence_model), device="cpu")
    texts = ["rain on a roof", "the dragon"]
    expected = model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
    np.testing.assert_allclose(encoder.encode_documents(texts), expected, atol=1e-5)


def test_queries_equal_documents_without_prompts(encoder: SentenceEncoder) -> None:
    np.testing.assert_array_equal(
        encoder.encode_queries(["rain"]), encoder.encode_documents(["rain"])
    )


def test_e5_puts_its_words_in_front(sentence_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "multilingual-e5-tiny"
    shutil.copytree(sentence_model, folder)
    e5, plain = sentence_encoder(f"hf:{folder}"), sentence_encoder(f"hf:{sentence_model}")
    np.testing.assert_allclose(
        e5.encode_queries(["rain"]), plain.encode_documents(["query: rain"]), atol=1e-5
    )
    np.testing.assert_allclose(
        e5.encode_documents(["rain"]), plain.encode_documents(["passage: rain"]), atol=1e-5
    )
    assert np.linalg.norm(e5.encode_queries(["rain"]) - e5.encode_documents(["rain"])) > 1e-3


def test_prompts_of_the_model_are_used(sentence_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "prompted"
    shutil.copytree(sentence_model, folder)
    prompts = {"prompts": {"query": "dragon ", "document": ""}}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    prompted = sentence_encoder(f"hf:{folder}")
    plain = sentence_encoder(f"hf:{sentence_model}")
    np.testing.assert_allclose(
        prompted.encode_queries(["rain"]), plain.encode_documents(["dragon rain"]), atol=1e-5
    )
    assert prompted.fingerprint != plain.fingerprint


def test_sentence_model_with_foreign_modules_is_refused(
    sentence_model: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "foreign"
    shutil.copytree(sentence_model, folder)
    modules = json.loads((folder / "modules.json").read_text())
    modules[1]["type"] = "os.path"
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(ModelError, match="code of its own"):
        sentence_encoder(f"hf:{folder}")


def test_missing_sentence_model_says_how_to_get_it() -> None:
    with pytest.raises(ModelError, match="hf download intfloat/multilingual-e5-none"):
        sentence_encoder("hf:intfloat/multilingual-e5-none")


def test_hub_reads_texts_of_known_words(encoder: SentenceEncoder) -> None:
    texts = [
        "rain on a roof",
        "rain on a volcano",
        "rain volcano",
        "volcano",
        "猫",
        ":",
        "",
        "\udc80",
    ]
    assert encoder.can_read(texts).tolist() == [True, True, *[False] * 6]
    assert encoder.can_read([]).shape == (0,)


def test_hub_wordpiece_does_not_read_a_script_that_it_only_spells_out(
    sentence_model: Path, tmp_path: Path
) -> None:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    folder = tmp_path / "wordpiece"
    shutil.copytree(sentence_model, folder)
    entries = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "は",
        "##は",
        *(f"rain{c}" for c in "abcdefghij"),
    ]
    entries += [f"##of{c}" for c in "abcdefghij"]
    vocabulary = {entry: i for i, entry in enumerate(entries)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    answer = sentence_encoder(f"hf:{folder}").can_read(
        ["raina ofb", "raina rainbofc", "はは", "は"]
    )
    assert answer.tolist() == [False, True, False, False]


def test_torch_keeps_its_threads(encoder: SentenceEncoder) -> None:
    import torch

    before = torch.get_num_threads()
    encoder.encode_documents(["rain"])
    assert torch.get_num_threads() == before
