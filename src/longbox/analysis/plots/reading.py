"""The reading of one book, and fingerprints of books, as figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from longbox.analysis.plots.books import Marks, Strip, StripStyle, panel_places, reading_strips
from longbox.analysis.plots.fingerprints import BookFingerprint, fingerprint_bars
from longbox.analysis.reading import FINGERPRINT_NUMBERS, BookReading, Fingerprints

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_CHARACTERS: Final = 8


def book_strips(reading: BookReading) -> Figure:
    """Draw a book along its pages: tempo, lettering, areas, surprise, scenes, who is there.

    What is not known has no strip; `reading.notes` say why.

    Args:
        reading: Of one book.
    """
    pages, panels = reading.pages, reading.panels
    page_places = (pages.page_index + 1).astype(np.float64)
    own_pages = pages.page_index[panels.page] if panels.page.size else panels.page
    places = panel_places(own_pages, panels.panel)
    bars, line = StripStyle.BARS, StripStyle.LINE
    strips = [
        Strip("panels", bars, page_places, pages.n_panels.astype(np.float64), trend=pages.pace,
              note="a page; line: median"),
        Strip("lettering", bars, page_places, pages.n_characters.astype(np.float64),
              note="characters a page"),
        Strip("area", line, places, panels.area, note="of the page, each panel"),
    ]  # fmt: skip
    if np.isfinite(panels.surprise).any():
        strips.append(Strip("surprise", line, places, panels.surprise, note="1 − cosine"))
    if np.isfinite(panels.novelty).any():
        strips.append(
            Strip("novelty", line, places, panels.novelty, reading.scenes.threshold, "border",
                  note="does a scene begin?")
        )  # fmt: skip
    presence = reading.presence
    for at, key in enumerate(presence.keys[:_MOST_CHARACTERS]):
        there = presence.is_there[at].astype(np.float64)
        strips.append(Strip(presence.names[at] or key, StripStyle.PRESENCE, places, there))
    marks = Marks(
        scenes=tuple(_start(places, border.at) for border in reading.scenes.borders),
        tempos=tuple(change.page_index + 0.5 for change in reading.tempo_changes),
    )
    n_pages = int(pages.page_index.max()) + 1 if pages.page_index.size else 0
    note = f"{places.size:,} panels on {pages.page_index.size:,} pages"
    return reading_strips(reading.title, n_pages, strips, marks, reading.direction, note)


def _start(places: np.ndarray, at: int) -> float:
    """Return where a panel's time begins: half way from the panel before it."""
    return float(places[at] if at == 0 else (places[at - 1] + places[at]) / 2)


def book_fingerprints(found: Fingerprints, book_ids: Sequence[str], title: str = "") -> Figure:
    """Draw the fingerprint of one book, or of two beside each other.

    Numbers that none of them has, and those that are the same for every book, are left out.

    Args:
        found: Of all books of the shelf.
        book_ids: One or two of them.
        title: Of the figure; the books' when empty.

    Raises:
        QueryError: A book is not among these.
    """
    places = [found.place(book_id) for book_id in book_ids]
    values = found.values[places]
    is_known = np.isfinite(values).any(axis=0)
    shelf = np.where(np.isfinite(found.values), found.values, -1.0)
    kept = np.flatnonzero(is_known & (np.ptp(shelf, axis=0) > 0)).tolist()
    books = [
        BookFingerprint(
            found.titles[at],
            tuple(_number(float(found.values[at, number])) for number in kept),
            found.percentiles[at, kept],
        )
        for at in places
    ]
    words = [FINGERPRINT_NUMBERS[number].words for number in kept]
    return fingerprint_bars(books, words, len(found.book_ids), title)


def _number(value: float) -> str:
    return f"{value:,.3g}".replace("-", "−") if np.isfinite(value) else "–"
