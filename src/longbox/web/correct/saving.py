"""Saving what a person put right, unless somebody else was faster.

A save names the revision that it was made on. Whether that still is the present one is looked up
while nobody else can write, so of two people who save at once the second is told, whatever process
they came to. Nothing is written then.

What a run has to take over starts one, a few seconds after the last save; a verdict alone changes
nothing that is searched.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from longbox.correction import (
    NO_VALUE,
    CorrectedField,
    CorrectedPanel,
    CorrectedText,
    Correction,
    check_correction,
    panels_value,
    texts_value,
    time_after,
    word_value,
)
from longbox.errors import BusyError, ConflictError, QueryError
from longbox.geometry import Box
from longbox.library import Library
from longbox.web.correct.present import PresentBooks, book_revision
from longbox.web.correct.values import BookChange, PageChange, PanelGiven, TextGiven
from longbox.web.jobs import JobBoard

# A panel thinner than this on the page is a slip of the hand.
_LEAST_SIDE_PX: Final = 2.0
_FASTER: Final = "somebody else put this {} right in the meantime; nothing of yours was written"


def save_page(
    library: Library, books: PresentBooks, place: tuple[str, int], revision: str, change: PageChange
) -> bool:
    """Keep what a person says of a page; on the disk when this returns.

    Args:
        library: Open for writing.
        books: How its pages count now.
        place: Book id and page index.
        revision: What the change was made on.
        change: What is said.

    Returns:
        Whether a run has to take it over.

    Raises:
        ConflictError: The page has another revision by now; nothing was written.
        QueryError: A value makes no sense.
        LibraryError: The library is read-only, or the disk refuses.
    """
    book_id, page_index = place
    values = _page_values(books, place, change)
    made_at = time_after(library.corrections(book_id))
    new = [Correction(book_id, page_index, f, value, made_at) for f, value in values.items()]
    _check(new)

    def refuse_outdated(present: Sequence[Correction]) -> None:
        if books.page_revision(book_id, page_index, present) != revision:
            raise ConflictError(_FASTER.format("page"))

    library.add_corrections(new, refuse_outdated)
    return any(f is not CorrectedField.REVIEW for f in values)


def save_book(library: Library, book_id: str, revision: str, change: BookChange) -> bool:
    """Keep what a person says of a book as a whole; see `save_page`."""
    given = {
        CorrectedField.DIRECTION: change.direction,
        CorrectedField.LANGUAGE: change.language and change.language.lower(),
        CorrectedField.TITLE: change.title,
        CorrectedField.SERIES: change.series,
    }
    values = {field: word_value(str(word)) for field, word in given.items() if word is not None}
    values |= _taken_back(change.take_back, of_page=False, besides=values)
    _require_something(values)
    made_at = time_after(library.corrections(book_id))
    new = [Correction(book_id, None, f, value, made_at) for f, value in values.items()]
    _check(new)

    def refuse_outdated(present: Sequence[Correction]) -> None:
        if book_revision(present) != revision:
            raise ConflictError(_FASTER.format("book"))

    library.add_corrections(new, refuse_outdated)
    return True


def take_over_soon(jobs: JobBoard, book_id: str) -> str | None:
    """Start the job that takes a book's corrections over; return its id.

    Returns:
        None where too many jobs wait: what was saved is safe, and the next run takes it over.
    """
    try:
        return jobs.submit("apply_corrections", {"book_ids": [book_id]}).job_id
    except BusyError:
        return None


def _page_values(
    books: PresentBooks, place: tuple[str, int], change: PageChange
) -> dict[CorrectedField, str]:
    state = books.page(*place)
    values: dict[CorrectedField, str] = {}
    if change.panels is not None:
        panels = [_panel(i, p, state.width, state.height) for i, p in enumerate(change.panels)]
        values[CorrectedField.PANELS] = panels_value(panels)
    if change.texts is not None:
        n_panels = len(state.panels if change.panels is None else change.panels)
        texts = [_text(i, t, n_panels) for i, t in enumerate(change.texts)]
        values[CorrectedField.TEXTS] = texts_value(texts)
    if change.page_type is not None:
        values[CorrectedField.PAGE_TYPE] = word_value(change.page_type.value)
    if change.review is not None:
        values[CorrectedField.REVIEW] = word_value(change.review.value)
    values |= _taken_back(change.take_back, of_page=True, besides=values)
    _require_something(values)
    return values


def _taken_back(
    fields: Sequence[CorrectedField], *, of_page: bool, besides: dict[CorrectedField, str]
) -> dict[CorrectedField, str]:
    for field in fields:
        if field.is_of_page is not of_page:
            raise QueryError(f"{field} is said of {'the book' if of_page else 'a page'}, not here")
        if field in besides:
            raise QueryError(f"{field} is given and taken back at once; do one of them")
    return dict.fromkeys(fields, NO_VALUE)


def _require_something(values: dict[CorrectedField, str]) -> None:
    if not values:
        raise QueryError("nothing is said; give at least one field")


def _check(corrections: Sequence[Correction]) -> None:
    """Refuse with a line for the person what the library would refuse."""
    for correction in corrections:
        try:
            check_correction(correction)
        except ValueError as error:
            raise QueryError(f"{correction.field}: {error}") from error


def _panel(index: int, given: PanelGiven, width: int, height: int) -> CorrectedPanel:
    box = _box(f"panel {index + 1}", given.box)
    shown = box.clip(width, height)
    if min(shown.width, shown.height) < _LEAST_SIDE_PX:
        raise QueryError(f"panel {index + 1}: nothing of it lies on the page; draw it again")
    polygon = given.polygon
    return CorrectedPanel(box, None if polygon is None else tuple((x, y) for x, y in polygon))


def _text(index: int, given: TextGiven, n_panels: int) -> CorrectedText:
    name = f"text {index + 1}"
    if given.panel is not None and given.panel >= n_panels:
        raise QueryError(f"{name}: there is no panel {given.panel + 1} on this page")
    return CorrectedText(_box(name, given.box), given.text, given.kind, given.panel)


def _box(name: str, numbers: Sequence[float]) -> Box:
    try:
        return Box(*numbers)
    except ValueError as error:
        raise QueryError(f"{name}: its right edge is left of its left one, or upside down") from (
            error
        )
