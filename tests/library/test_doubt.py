"""Lettering that was hard to read ranks lower, and is found all the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawn_books import Drawn, draw_book, filled, sure

from longbox.book import AnnotatedBook, TextKind, TextRegion
from longbox.geometry import Box
from longbox.library import Library, WordsQuery
from longbox.library.doubt import LEAST_FACTOR, compile_factors
from longbox.library.merging import text_confidences


def test_of_two_equal_panels_the_surer_comes_first_and_the_doubtful_is_still_found(
    tmp_path: Path,
) -> None:
    drawn = sure(draw_book(1, [["the dragon sleeps", "the dragon sleeps"]]), [0.2, 0.9])
    with filled(tmp_path, [drawn]) as library:
        for hits in (
            library.match_words(WordsQuery(("dragon",)), 9),
            library.match_substring("drag", 9),
        ):
            assert [h.row for h in hits] == [1, 0]
            assert hits[1].score == pytest.approx(hits[0].score * 0.6 / 0.95, rel=0.01)


def test_rank_rises_with_confidence_and_never_falls_below_half(tmp_path: Path) -> None:
    given = [1.0, 0.0, 0.55, 0.5, 0.9]
    drawn = sure(draw_book(1, [["a dragon"] * 5]), given)
    with filled(tmp_path, [drawn]) as library:
        hits = library.match_words(WordsQuery(("dragon",)), 9)
        assert [given[h.row] for h in hits] == sorted(given, reverse=True)
        assert hits[-1].score == pytest.approx(hits[0].score * LEAST_FACTOR)


def test_a_much_better_match_beats_a_little_doubt(tmp_path: Path) -> None:
    texts = [["boom", "a long text that says boom once among so many other words"]]
    with filled(tmp_path, [sure(draw_book(1, texts), [0.6, 0.99])]) as library:
        assert [h.row for h in library.match_substring("boom", 9)] == [0, 1]
        assert [h.row for h in library.match_words(WordsQuery(("boom",)), 9)] == [0, 1]


def test_confidence_is_weighed_by_characters_and_silence_has_none() -> None:
    drawn = draw_book(1, [["aaaaaaaaa", "", "  "]])
    page = drawn.annotated.pages[0]
    extra = TextRegion(page.panels[0].box, "b", 1.0, TextKind.CAPTION, "x", 0, 5)
    stray = TextRegion(Box(0, 205, 9, 209), "cc", 0.1, TextKind.CAPTION, "x", None, 6)
    page = replace(page, texts=(*page.texts, extra, stray))
    found = text_confidences(AnnotatedBook(drawn.annotated.book, (page,)))
    assert found[0] == round(254 * (9 * 0.5 + 1) / 10)
    assert found[1] == 255
    assert found[2] == round(254 * 0.1)  # only what no panel owns


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -3.0, 7.0])
def test_an_impossible_confidence_is_no_trouble(odd: float) -> None:
    (found,) = text_confidences(sure(draw_book(1, [["hm"]]), [odd]).annotated)
    assert 0 <= found <= 254


def test_a_record_says_how_sure_and_a_silent_panel_nothing(tmp_path: Path) -> None:
    with filled(tmp_path, [sure(draw_book(1, [["hm", ""]]), [0.25])]) as library:
        records = library.panel_records([0, 1])
        assert records[0].text_confidence == pytest.approx(0.25, abs=0.005)
        assert records[1].text_confidence is None


def test_factors_follow_the_library(tmp_path: Path) -> None:
    with filled(tmp_path, [sure(draw_book(1, [["boom"] * 2]), [0.1, 0.9])]) as library:
        assert [h.row for h in library.match_substring("boom", 9)] == [1, 0]
        again = sure(draw_book(1, [["boom"] * 2]), [0.9, 0.1])
        add_again(library, again)
        first = library.panel_records([library.match_substring("boom", 9)[0].row])[0]
        assert first.panel == 0


def add_again(library: Library, drawn: Drawn) -> None:
    from drawn_books import add

    add(library, drawn, recipe="r2")


def test_an_empty_library_has_no_factors(tmp_path: Path) -> None:
    with Library.create(tmp_path) as library, library._catalog.guarded() as connection:
        assert compile_factors(connection).shape == (0,)
        assert compile_factors(connection).dtype == np.float32
