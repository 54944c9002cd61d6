"""What is known of a book's panels: features that do not fit are refused, utterances are worded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from longbox.book import TextKind
from longbox.errors import ModelError
from longbox.features import (
    MAX_UTTERANCES,
    MODALITIES,
    TEXT_KINDS,
    BookFeatures,
    LearnedVectors,
    Utterances,
    View,
    Wording,
    no_vectors,
    worded,
)
from longbox.vectors import PanelVectors, Space, unit
from panel_books import Drawn, panel_book, utterances_of

CAPTION, DIALOGUE = TEXT_KINDS.index(TextKind.CAPTION), TEXT_KINDS.index(TextKind.DIALOGUE)


def said(*rows: list[float], kinds: list[int] | None = None, mask: list[bool] | None = None):
    """Return the utterances of one panel."""
    vectors = unit(np.array(rows, np.float32).reshape(len(rows), -1))
    known = np.ones(len(rows), np.bool_) if mask is None else np.array(mask)
    return Utterances(
        "words",
        vectors * known[:, None],
        known,
        np.array(kinds or [DIALOGUE] * len(rows), np.int64),
        np.zeros(len(rows), np.int64),
    )


def test_book_without_panels_has_features() -> None:
    book = panel_book(0)
    assert book.n_panels == 0
    assert [book.of(space).mask.shape for space in MODALITIES] == [(0,)] * 4


def test_made_spaces_are_no_modality() -> None:
    with pytest.raises(ModelError, match="made from them"):
        panel_book(3).of(Space.FUSED)


def test_features_that_do_not_fit_are_refused() -> None:
    book = panel_book(4)
    wrong = {
        "vision": book.text,
        "text": panel_book(3).text,
        "kinds": np.zeros((4, 2), np.float32),
        "is_story": np.ones(3, np.bool_),
        "pages": np.array([0, 2, 1, 3]),
        "wordings": ("one",),
        "utterances": utterances_of([0, 0, 0, 0, 1], np.random.default_rng(0)),
    }
    for name, value in wrong.items():
        with pytest.raises(ModelError, match=r"fit|rise|wordings|lettering"):
            replace(book, **{name: value})
    with pytest.raises(ModelError, match="finite"):
        replace(book, kinds=np.full((4, len(TEXT_KINDS)), np.nan, np.float32))


def test_hostile_utterances_are_refused() -> None:
    good = said([1, 0], [0, 1])
    for change, message in (
        ({"mask": np.ones(3, np.bool_)}, "do not fit"),
        ({"vectors": np.full((2, 2), np.nan, np.float32)}, "finite"),
        ({"vectors": np.zeros(2, np.float32)}, "one row"),
        ({"mask": np.array([True, False])}, "could not be read"),
        ({"kinds": np.array([0, 9])}, "kinds"),
        ({"kinds": np.array([-1, 0])}, "kinds"),
        ({"panels": np.array([1, 0])}, "rise"),
        ({"panels": np.array([-1, 0])}, "rise"),
    ):
        with pytest.raises(ModelError, match=message):
            replace(good, **change)


def test_utterances_of_a_panel_are_its_readable_ones_in_order() -> None:
    rng = np.random.default_rng(0)
    drawn = utterances_of([2, 0, 3], rng)
    assert [drawn.of_panel(row).tolist() for row in range(4)] == [[0, 1], [], [2, 3, 4], []]
    mask = np.array([True, True, True, False, True])
    part = replace(drawn, mask=mask, vectors=drawn.vectors * mask[:, None])
    assert part.of_panel(2).tolist() == [2, 4]


def test_swapped_exchanges_the_first_two_that_differ() -> None:
    assert worded(said([1, 0], [0, 1], [1, 1]), 0, Wording.SWAPPED).tolist() == [1, 0, 2]
    assert worded(said([1, 0], [1, 0], [0, 1]), 0, Wording.SWAPPED).tolist() == [2, 1, 0]
    assert worded(said([1, 0], [1, 1e-5]), 0, Wording.SWAPPED).tolist() == []
    assert worded(said([1, 0]), 0, Wording.SWAPPED).tolist() == []
    assert worded(said([1, 0], [0, 1]), 5, Wording.SWAPPED).tolist() == []


def test_swapped_is_another_order_of_the_very_utterances_in_order() -> None:
    book = panel_book(60, 1, Drawn(said=9))
    assert book.utterances is not None
    n_swapped = 0
    for row in range(60):
        in_order = worded(book.utterances, row, Wording.IN_ORDER).tolist()
        swapped = worded(book.utterances, row, Wording.SWAPPED).tolist()
        assert len(in_order) <= MAX_UTTERANCES
        if swapped:
            n_swapped += 1
            assert swapped != in_order
            assert sorted(swapped) == in_order
    assert n_swapped > 20


def test_captions_are_captions_only_and_whole_lettering_has_no_pieces() -> None:
    spoken = said([1, 0], [0, 1], [1, 1], kinds=[CAPTION, DIALOGUE, CAPTION])
    assert worded(spoken, 0, Wording.CAPTIONS).tolist() == [0, 2]
    with pytest.raises(ModelError, match="one vector"):
        worded(spoken, 0, Wording.WHOLE)


def test_view_has_a_name_that_does_not_depend_on_its_order() -> None:
    both = View(frozenset({Space.TEXT, Space.VISION}))
    assert both.name == "vision+text"
    assert View(both.modalities, Wording.SWAPPED).name == "vision+text (swapped)"


def test_learned_vectors_that_do_not_fit_are_refused() -> None:
    def made(space: Space, n: int) -> PanelVectors:
        return no_vectors(space, n, 4)

    fused, contextual = made(Space.FUSED, 3), made(Space.CONTEXTUAL, 3)
    pages, mask = np.zeros((2, 4), np.float32), np.zeros(2, np.bool_)
    assert LearnedVectors(fused, contextual, pages, pages, mask).pages.shape == (2, 4)
    for parts in (
        (contextual, fused, pages, pages, mask),
        (fused, made(Space.CONTEXTUAL, 2), pages, pages, mask),
        (fused, contextual, pages[:1], pages, mask),
    ):
        with pytest.raises(ModelError):
            LearnedVectors(*parts)


def test_books_of_one_seed_are_the_same() -> None:
    first, second = panel_book(20, 3), panel_book(20, 3)
    assert isinstance(first, BookFeatures)
    assert np.array_equal(first.vision.vectors, second.vision.vectors)
