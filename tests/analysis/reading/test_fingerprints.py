"""Fingerprints: what is in them, how two books compare, and which are most alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from longbox.analysis.reading import (
    FINGERPRINT_NUMBERS,
    Fingerprints,
    alike_books,
    compare_books,
    fingerprints,
)
from longbox.errors import QueryError
from longbox.library import Library
from longbox.vectors import Space
from numbered_libraries import numbered, put

M = len(FINGERPRINT_NUMBERS)


def shelf_of(values: np.ndarray) -> Fingerprints:
    from longbox.analysis.reading.fingerprints import _percentiles

    n = len(values)
    ids = tuple(f"{i:016x}" for i in range(n))
    return Fingerprints(
        ids, tuple(f"Book {i}" for i in range(n)), np.full(n, 9), values, _percentiles(values)
    )


def place(name: str) -> int:
    return [number.name for number in FINGERPRINT_NUMBERS].index(name)


def test_names_are_told_apart() -> None:
    assert len({number.name for number in FINGERPRINT_NUMBERS}) == M
    assert len({number.words for number in FINGERPRINT_NUMBERS}) == M


def test_a_fingerprint_is_of_story_pages(tmp_path: Path) -> None:
    with numbered(tmp_path, 6) as library:
        told: list[tuple[str, int, int]] = []
        shelf = fingerprints(library, tell=lambda *said: told.append(said))
        assert told[-1] == ("fingerprints", 6, 6)
    row = shelf.values[0]
    assert shelf.n_pages.tolist() == [3] * 6  # the cover is none
    assert row[place("n_panels_50")] == 3
    assert row[place("characters_a_panel_50")] == pytest.approx(5 / 3)
    assert row[place("dialogue_share")] == 1
    assert row[place("lettered_panels")] == pytest.approx(1 / 3)
    assert row[place("type_cover")] == 0.25
    assert np.isnan(row[place("brightness")])  # no look was measured
    frame = shelf.frame()
    assert frame.shape == (6, 3 + M)
    assert frame["brightness"].null_count() == 6


def test_a_book_is_no_distance_from_one_like_it_and_far_from_its_opposite() -> None:
    rng = np.random.default_rng(0)
    values = rng.standard_normal((12, M))
    values[1] = values[0]
    values[2], values[3] = 9.0, -9.0
    shelf = shelf_of(values)
    same = compare_books(shelf, shelf.book_ids[0], shelf.book_ids[1])
    opposite = compare_books(shelf, shelf.book_ids[2], shelf.book_ids[3])
    assert same.distance == 0
    assert same.more_alike == 0
    assert opposite.distance == 1
    assert opposite.more_alike > 0.95
    assert opposite.n_numbers == M
    assert "Book 2 and Book 3 are 1.00 apart" in opposite.words
    drawn = compare_books(shelf, shelf.book_ids[4], shelf.book_ids[5])
    assert 0.2 < drawn.distance < 0.5


def test_the_number_that_differs_most_comes_first() -> None:
    values = np.tile(np.arange(10.0)[:, None], (1, M))
    values[:, place("saturation")] = [9, 1, 2, 3, 4, 5, 6, 7, 8, 0]
    shelf = shelf_of(values)
    found = compare_books(shelf, shelf.book_ids[0], shelf.book_ids[1])
    assert found.differences[0].number.name == "saturation"
    assert (found.differences[0].a, found.differences[0].b) == (9, 1)
    assert "They differ most in saturation (9 and 1)." in found.words


def test_what_is_unknown_or_the_same_everywhere_counts_for_nothing() -> None:
    values = np.tile(np.arange(10.0)[:, None], (1, M))
    values[:, place("type_cover")] = 0
    values[0, place("brightness")] = np.nan
    shelf = shelf_of(values)
    found = compare_books(shelf, shelf.book_ids[0], shelf.book_ids[9])
    assert found.n_numbers == M - 1
    assert found.distance == pytest.approx(1.0)


def test_a_shelf_of_four_books_cannot_tell() -> None:
    shelf = shelf_of(np.random.default_rng(0).standard_normal((4, M)))
    found = compare_books(shelf, shelf.book_ids[0], shelf.book_ids[1])
    assert np.isnan(found.distance)
    assert "cannot be told" in found.words
    with pytest.raises(QueryError, match="no fingerprint"):
        compare_books(shelf, shelf.book_ids[0], "nobody")
    assert shelf.percentiles_of("nobody") == ()


def test_an_empty_library_has_no_fingerprints(tmp_path: Path) -> None:
    with Library.create(tmp_path) as library:
        assert fingerprints(library).values.shape == (0, M)


def test_the_most_alike_book_is_the_one_with_the_same_vectors(tmp_path: Path) -> None:
    with numbered(tmp_path, 5) as library:
        put(library, 9, seed=2)
        library.update_indexes()
        ids = library.book_ids()
        found = alike_books(library, ids[1], Space.VISION, k=3)
        assert found[0].book_id == ids[5]
        assert found[0].likeness == pytest.approx(1.0, abs=1e-3)
        assert len(found) == 3
        assert ids[1] not in {a.book_id for a in found}
        assert all(a.is_same_work for a in found)
        with pytest.raises(QueryError, match="no vision vectors of this book"):
            alike_books(library, "f" * 16, Space.VISION)
