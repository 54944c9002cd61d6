"""What the library knows of a book, as features: vectors, kinds, story marks, utterances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from library.described_books import draw_all, draw_description_vectors
from library.drawn_books import Drawn, add, draw_book, filled, flagged
from longbox.book import AnnotatedBook, Metadata, PageFlag, PageType, TextKind, TextRegion
from longbox.features import TEXT_KINDS
from longbox.library import Library, write_description_store
from longbox.pipeline import book_features
from longbox.pipeline.features import utterance_path
from longbox.vectors import unit


class CountingSentences:
    """A sentence encoder that counts what it reads; it knows no digits."""

    def __init__(self, fingerprint: str = "counting-v1") -> None:
        self.fingerprint = fingerprint
        self.dimension = 4
        self.n_read = 0

    def can_read(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        return np.array([not text.isdigit() for text in texts], np.bool_)

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.n_read += len(texts)
        rows = [np.random.default_rng(len(t)).standard_normal(4) for t in texts]
        return unit(np.array(rows, np.float32).reshape(-1, 4))

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        raise AssertionError(f"utterances are documents, not {texts}")


def with_texts(drawn: Drawn, page: int, said: Sequence[tuple[int | None, TextKind, str]]) -> Drawn:
    """Return the book with these texts on a page: panel, kind, words."""
    pages = list(drawn.annotated.pages)
    box = pages[page].panels[0].box
    regions = tuple(
        TextRegion(box, text, 0.9, kind, "drawn", panel, order)
        for order, (panel, kind, text) in enumerate(said)
    )
    pages[page] = replace(pages[page], texts=regions)
    return Drawn(AnnotatedBook(drawn.annotated.book, tuple(pages)), drawn.vectors)


def lettered() -> Drawn:
    return with_texts(
        draw_book(1, [["a", "b"], ["c"]]),
        0,
        [
            (1, TextKind.DIALOGUE, "six chars"),
            (0, TextKind.CAPTION, "night"),
            (1, TextKind.SOUND_EFFECT, "12345678"),
            (1, TextKind.DIALOGUE, "  "),
            (None, TextKind.CAPTION, "outside"),
        ],
    )


def test_vectors_are_the_stored_ones_and_what_is_not_known_is_masked(tmp_path: Path) -> None:
    drawn = draw_book(1)
    library = filled(tmp_path, [drawn])
    features = book_features(library, drawn.book_id)
    assert features.n_panels == 12
    assert features.pages.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    for given, found in zip(
        drawn.vectors, (features.vision, features.text, features.composition), strict=True
    ):
        assert (found.space, found.fingerprint) == (given.space, given.fingerprint)
        assert np.array_equal(found.mask, given.mask)
        assert np.allclose(found.vectors, given.vectors, atol=8e-3)
    assert not features.description.mask.any()
    assert features.utterances is None


def test_descriptions_join_where_they_fit(tmp_path: Path) -> None:
    drawn = draw_book(1)
    library = filled(tmp_path, [drawn])
    vectors = draw_description_vectors(drawn.annotated)
    write_description_store(tmp_path, drawn.book_id, draw_all(drawn.annotated), vectors)
    features = book_features(library, drawn.book_id)
    assert np.array_equal(features.description.mask, vectors.mask)
    add(library, draw_book(1, [["other"]]), recipe="r2")  # panels that nobody described
    assert not book_features(library, drawn.book_id).description.mask.any()


def test_series_is_that_of_the_metadata_or_the_title(tmp_path: Path) -> None:
    books = [draw_book(1, metadata=Metadata(series="Night", number="3", language="fr"))]
    books.append(draw_book(2, path="/shelf/Alone.cbz"))
    library = filled(tmp_path, books)
    named = book_features(library, books[0].book_id)
    assert (named.series, named.language) == ("Night", "fr")
    assert book_features(library, books[1].book_id).series == "Alone"


def test_only_unflagged_story_and_splash_pages_are_story(tmp_path: Path) -> None:
    kinds = [PageType.COVER, PageType.STORY, PageType.SPLASH, PageType.STORY]
    drawn = flagged(draw_book(1, [["a"]] * 4, kinds=kinds), {3: (PageFlag.PROSE,)})
    library = filled(tmp_path, [drawn])
    assert book_features(library, drawn.book_id).is_story.tolist() == [False, True, True, False]


def test_kinds_are_shares_of_characters_and_wordings_the_joined_text(tmp_path: Path) -> None:
    drawn = lettered()
    features = book_features(filled(tmp_path, [drawn]), drawn.book_id)
    at = {kind: TEXT_KINDS.index(kind) for kind in TextKind}
    assert features.kinds[0, at[TextKind.CAPTION]] == 1
    assert features.kinds[1, at[TextKind.DIALOGUE]] == pytest.approx(0.5)
    assert features.kinds[1, at[TextKind.SOUND_EFFECT]] == pytest.approx(0.5)
    assert features.wordings == ("night", "six chars\n12345678", "c")


def test_utterances_are_encoded_one_by_one_and_only_once(tmp_path: Path) -> None:
    drawn = lettered()
    library = filled(tmp_path, [drawn])
    sentences = CountingSentences()
    first = book_features(library, drawn.book_id, sentences).utterances
    assert first is not None
    assert first.panels.tolist() == [0, 1, 1, 2]
    assert first.mask.tolist() == [True, True, False, True]
    assert [TEXT_KINDS[k] for k in first.kinds[:3]] == [
        TextKind.CAPTION, TextKind.DIALOGUE, TextKind.SOUND_EFFECT,
    ]  # fmt: skip
    assert np.allclose(np.linalg.norm(first.vectors[first.mask], axis=1), 1, atol=1e-6)
    assert sentences.n_read == 3
    again = book_features(library, drawn.book_id, sentences).utterances
    assert again is not None
    assert sentences.n_read == 3
    assert np.array_equal(again.vectors, first.vectors)
    book_features(library, drawn.book_id, other := CountingSentences("hf:odd/../name"))
    assert other.n_read == 3


def test_cache_of_other_texts_or_half_a_file_is_made_again(tmp_path: Path) -> None:
    drawn = lettered()
    library = filled(tmp_path, [drawn])
    sentences = CountingSentences()
    book_features(library, drawn.book_id, sentences)
    path = utterance_path(tmp_path, sentences.fingerprint, drawn.book_id)
    path.write_bytes(path.read_bytes()[:50])
    book_features(library, drawn.book_id, sentences)
    assert sentences.n_read == 6
    add(library, with_texts(drawn, 1, [(0, TextKind.DIALOGUE, "new words")]), recipe="r2")
    changed = book_features(library, drawn.book_id, sentences).utterances
    assert changed is not None
    assert sentences.n_read == 9
    path.write_bytes(b"")
    library.remove_book(drawn.book_id)
    assert not path.exists()


def test_book_without_panels_or_lettering(tmp_path: Path) -> None:
    books = [draw_book(1, []), draw_book(2, [[], []]), draw_book(3, [["", ""]])]
    library: Library = filled(tmp_path, books)
    sentences = CountingSentences()
    for drawn, n in zip(books, (0, 0, 2), strict=True):
        features = book_features(library, drawn.book_id, sentences)
        assert features.n_panels == n
        assert features.utterances is not None
        assert len(features.utterances.vectors) == 0
        assert not features.kinds.any()
    assert sentences.n_read == 0
