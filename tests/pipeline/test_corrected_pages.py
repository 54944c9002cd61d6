"""A page as it counts now is the page that the next run makes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from longbox.book import PageType, TextKind
from longbox.config import Config
from longbox.correction import (
    CorrectedField,
    CorrectedPanel,
    CorrectedText,
    Correction,
    Verdict,
    panels_value,
    texts_value,
    word_value,
)
from longbox.geometry import Box
from longbox.library import Library
from longbox.pipeline import (
    index_shelf,
    is_taken_over,
    present_book,
    present_page,
    withdraw_corrections,
    words_waiting,
)
from longbox.pipeline.corrections import NO_CORRECTIONS, book_corrections, full_recipe
from tiny_comics import draw_cbz

PANELS = [CorrectedPanel(Box(20, 310, 380, 580)), CorrectedPanel(Box(-9, 20, 380, 290))]
TEXTS = [CorrectedText(Box(60, 40, 340, 130), "put right", TextKind.CAPTION, 1)]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    draw_cbz(tmp_path / "shelf" / "one.cbz", [0, 1])
    with Library.create(tmp_path / "library") as made:
        run(made, tmp_path)
        yield made


def run(library: Library, home: Path) -> None:
    index_shelf([home / "shelf"], library, Config(), in_process=True)


def say(library: Library, field: CorrectedField, value: str, page: int | None = 0) -> None:
    (book_id,) = library.book_ids()
    library.add_correction(
        Correction(book_id, page, field, value, f"2026-01-01T00:00:{len(field):02}+00:00")
    )


def test_what_is_said_shows_at_once_as_the_next_run_makes_it(
    library: Library, tmp_path: Path
) -> None:
    (book_id,) = library.book_ids()
    stored = library.annotated_book(book_id)
    say(library, CorrectedField.TEXTS, texts_value(TEXTS))
    say(library, CorrectedField.PANELS, panels_value(PANELS))
    say(library, CorrectedField.PAGE_TYPE, word_value("splash"))
    say(library, CorrectedField.TITLE, word_value("A New Name"), None)
    said = library.corrections(book_id)
    assert not is_taken_over(library.book_store(book_id).recipe, said)
    now = present_page(stored, 0, said)
    assert now.held == frozenset()
    assert now.corrected == {CorrectedField.TEXTS, CorrectedField.PANELS, CorrectedField.PAGE_TYPE}
    assert now.page.label.page_type is PageType.SPLASH
    assert [t.text for t in now.page.texts] == ["put right"]
    book = present_book(stored, said)

    run(library, tmp_path)
    made = library.annotated_book(book_id)
    assert is_taken_over(library.book_store(book_id).recipe, said)
    assert made.pages[0].panels == now.page.panels == book.pages[0].panels
    assert made.pages[0].texts[0].panel == now.page.texts[0].panel
    assert made.book.metadata.title == book.book.metadata.title == "A New Name"
    again = present_page(made, 0, said)
    assert again.page.panels == now.page.panels
    assert again.held == again.corrected


def test_what_is_taken_back_waits_for_the_next_run(library: Library, tmp_path: Path) -> None:
    (book_id,) = library.book_ids()
    before = library.annotated_book(book_id).pages[0]
    say(library, CorrectedField.PANELS, panels_value(PANELS))
    say(library, CorrectedField.DIRECTION, word_value("rtl"), None)
    run(library, tmp_path)
    withdraw_corrections(library, book_id)
    said = library.corrections(book_id)
    held = present_page(library.annotated_book(book_id), 0, said)
    assert held.waiting == {CorrectedField.PANELS}
    assert words_waiting(library.annotated_book(book_id).book, said)
    run(library, tmp_path)
    after = present_page(library.annotated_book(book_id), 0, said)
    assert (after.waiting, after.page.panels) == (frozenset(), before.panels)
    assert not words_waiting(library.annotated_book(book_id).book, said)


def test_texts_follow_panels_that_were_moved_under_them(library: Library) -> None:
    (book_id,) = library.book_ids()
    stored = library.annotated_book(book_id)
    assert [t.panel for t in stored.pages[0].texts] == [0]
    say(library, CorrectedField.PANELS, panels_value(PANELS))
    now = present_page(stored, 0, library.corrections(book_id))
    assert [t.panel for t in now.page.texts] == [1]


def test_verdict_leaves_marks_and_pages_as_they_are(library: Library) -> None:
    (book_id,) = library.book_ids()
    stored = library.annotated_book(book_id)
    for verdict in Verdict:
        say(library, CorrectedField.REVIEW, word_value(verdict.value))
    said = library.corrections(book_id)
    assert book_corrections(said) == NO_CORRECTIONS
    assert full_recipe("r", book_corrections(said)) == "r"
    now = present_page(stored, 0, said)
    assert now.page == stored.pages[0]
    assert now.corrected == {CorrectedField.REVIEW}
