"""Which books are learnt from, and which are validated on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from learning_toys import stories, story
from library.drawn_books import draw_book, filled
from longbox.book import Metadata, PageType
from longbox.errors import ModelError
from longbox.features import BookFeatures
from longbox.learning import Split, TrainingData, library_data, split_by_series, split_data


class Sentences:
    """A SentenceEncoder of hashes."""

    dimension = 16

    def __init__(self, fingerprint: str = "text-v1") -> None:
        self.fingerprint = fingerprint

    def can_read(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        return np.ones(len(texts), np.bool_)

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = [np.random.default_rng(list(t.encode())).standard_normal(16) for t in texts]
        return np.array(rows, np.float32).reshape(len(texts), 16)

    encode_queries = encode_documents


def names(books: Sequence[BookFeatures]) -> set[str]:
    return {b.series for b in books}


@pytest.mark.parametrize("seed", range(5))
def test_no_series_is_on_both_sides(seed: int) -> None:
    books = [story(i, series=f"series {i // 3}") for i in range(12)]
    train, tune = split_by_series(books, 0.25, seed)
    assert names(train).isdisjoint(names(tune))
    assert train
    assert tune
    assert len(train) + len(tune) == 12


def test_one_series_is_split_by_book() -> None:
    books = [story(i, series="one") for i in range(5)]
    train, tune = split_by_series(books, 0.2, 0)
    assert (len(train), len(tune)) == (4, 1)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.9])
def test_both_sides_have_a_book_whatever_the_share(share: float) -> None:
    for seed in range(4):
        train, tune = split_by_series(stories(3), share, seed)
        assert train
        assert tune


def test_split_is_that_of_its_seed() -> None:
    found = [{b.book_id for b in split_by_series(stories(12), 0.25, s)[1]} for s in (1, 1, 2, 3)]
    assert found[0] == found[1]
    assert len({frozenset(f) for f in found}) > 1


@pytest.mark.parametrize("n", [0, 1])
def test_fewer_than_two_books_are_refused(n: int) -> None:
    with pytest.raises(ModelError, match="at least two books"):
        split_data(stories(n), Split())


def test_book_on_both_sides_is_refused() -> None:
    with pytest.raises(ModelError, match="both training and validation"):
        TrainingData(stories(3), stories(1, 2), {})


def test_data_says_what_it_is_made_of() -> None:
    data = split_data(stories(10), Split(0.2, 0), {"source": "toys"})
    assert data.about["books"] + data.about["validation_books"] == 10
    assert data.about["panels"] == sum(b.n_panels for b in data.train)
    assert data.about["languages"] == f"en {len(data.train)}"
    assert data.about["source"] == "toys"


def test_library_is_read_with_utterances(tmp_path: Path) -> None:
    books = [draw_book(i, metadata=Metadata(series=f"s{i // 2}")) for i in range(6)]
    blank = draw_book(9, kinds=[PageType.COVER] * 4)
    said: list[str] = []
    with filled(tmp_path / "library", [*books, blank]) as library:
        data = library_data(library, Sentences(), Split(0.3, 0), said.append)
    both = [*data.train, *data.tune]
    assert len(both) == 6
    assert all(b.utterances is not None and len(b.utterances.vectors) == 12 for b in both)
    assert names(data.train).isdisjoint(names(data.tune))
    assert said == ["1 books without a story page are left out"]


def test_utterances_of_another_encoder_are_left_out_and_told_of(tmp_path: Path) -> None:
    said: list[str] = []
    with filled(tmp_path / "library", [draw_book(1), draw_book(2)]) as library:
        data = library_data(library, Sentences("another"), Split(), said.append)
    assert all(b.utterances is None for b in (*data.train, *data.tune))
    assert len(said) == 1
    assert "caption relevance and character coherence" in said[0]


def test_empty_library_is_refused(tmp_path: Path) -> None:
    with (
        filled(tmp_path / "library", []) as library,
        pytest.raises(ModelError, match="at least two books"),
    ):
        library_data(library, Sentences(), Split(), lambda _: None)
