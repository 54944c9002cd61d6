"""The pages and panels of a book as arrays: what is counted and measured, before any statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.reading.values import Floats, PageLines, PanelLines
from longbox.book import AnnotatedBook, AnnotatedPage, PageFlag, PageType, Panel
from longbox.description import PageDescription
from longbox.library import Library
from longbox.pipeline import pages_ahead, present_book

_STORY: Final = (PageType.STORY, PageType.SPLASH)
_SMOOTHED: Final = 5
_THINNEST: Final = 1e-3  # of a page's side


@dataclass(frozen=True, slots=True, eq=False)
class OpenedBook:
    """A book as it counts now, and where its panels are among the stored ones.

    Attributes:
        book: With what people put right.
        stored: Of each panel its place among the panels that vectors were made of, int64 (N,);
            -1 where its page was put right since.
    """

    book: AnnotatedBook
    stored: NDArray[np.int64]


def open_book(library: Library, book_id: str) -> OpenedBook:
    """Read a book.

    Raises:
        LibraryError: It is not in the library, or its store is damaged.
    """
    stored = library.annotated_book(book_id)
    present = present_book(stored, library.corrections(book_id))
    changed = pages_ahead(stored, present)
    places = {
        (page.page.index, panel.order): at for at, (page, panel) in enumerate(stored.panels())
    }
    rows = [
        -1 if page.page.index in changed else places.get((page.page.index, panel.order), -1)
        for page, panel in present.panels()
    ]
    return OpenedBook(present, np.array(rows, dtype=np.int64))


def page_lines(book: AnnotatedBook) -> PageLines:
    """Count and measure pages."""
    pages = book.pages
    is_story = np.array([_tells(page) for page in pages], dtype=np.bool_)
    if not is_story.any():
        is_story = np.ones(len(pages), dtype=np.bool_)
    n_panels = np.array([len(page.panels) for page in pages], dtype=np.int64)
    is_story &= n_panels > 0
    n_characters = np.array([characters(page) for page in pages], dtype=np.int64)
    areas = [[_share(panel, page) for panel in page.panels] for page in pages]
    known = np.maximum(n_panels, 1)
    return PageLines(
        np.array([page.page.index for page in pages], dtype=np.int64),
        tuple(page.label.page_type for page in pages),
        is_story,
        n_panels,
        n_characters,
        np.array([np.mean(area) if area else np.nan for area in areas], dtype=np.float64),
        _smooth(n_panels.astype(np.float64), is_story),
        _smooth(n_characters / known, is_story),
    )


def panel_lines(
    book: AnnotatedBook, pages: PageLines, descriptions: Sequence[PageDescription]
) -> PanelLines:
    """Measure panels; surprise, novelty and scenes are not known yet."""
    shots = {
        (page.page_index, panel.panel): panel.shot
        for page in descriptions
        for panel in page.panels
        if panel.shot
    }
    place = {int(index): at for at, index in enumerate(pages.page_index)}
    panels = list(book.panels())
    n = len(panels)
    page = np.array([place[p.page.index] for p, _ in panels], dtype=np.int64)
    return PanelLines(
        page,
        np.array([panel.order for _, panel in panels], dtype=np.int64),
        pages.is_story[page] if n else np.zeros(0, dtype=np.bool_),
        np.array([_share(panel, p) for p, panel in panels], dtype=np.float64),
        np.array([_aspect(panel) for _, panel in panels], dtype=np.float64),
        np.array([characters(p, panel.order) for p, panel in panels], dtype=np.int64),
        tuple(shots.get((p.page.index, panel.order)) for p, panel in panels),
        np.full(n, np.nan),
        np.full(n, np.nan),
        np.full(n, -1, dtype=np.int64),
    )


def with_curves(
    panels: PanelLines, surprise: Floats, novelty: Floats, at: Sequence[int]
) -> PanelLines:
    """Add what was found along the book; `at` are the panels that begin a scene but the first."""
    inside = np.flatnonzero(panels.is_story)
    scene = np.full(panels.page.size, -1, dtype=np.int64)
    scene[inside] = np.searchsorted(np.array(at, dtype=np.int64), inside, side="right")
    return replace(panels, surprise=surprise, novelty=novelty, scene=scene)


def characters(page: AnnotatedPage, panel: int | None = None) -> int:
    """Count the characters of a page's lettering, or of one panel's, white space left out."""
    texts = page.texts if panel is None else page.panel_texts(panel)
    return sum(len("".join(text.text.split())) for text in texts)


def _tells(page: AnnotatedPage) -> bool:
    hidden = (PageFlag.DUPLICATE, PageFlag.NOT_COMIC_BOOK)
    return page.label.page_type in _STORY and not any(flag in hidden for flag in page.flags)


def _share(panel: Panel, page: AnnotatedPage) -> float:
    area = max(page.page.width * page.page.height, 1)
    return float(min(panel.box.area / area, 1.0))


def _aspect(panel: Panel) -> float:
    width, height = max(panel.box.width, _THINNEST), max(panel.box.height, _THINNEST)
    return float(np.log2(width / height))


def _smooth(values: Floats, is_story: NDArray[np.bool_]) -> Floats:
    """Return the running median over story pages, five at a time; nan on other pages."""
    from scipy.ndimage import median_filter

    smoothed = np.full(values.size, np.nan)
    if is_story.any():
        smoothed[is_story] = median_filter(values[is_story], size=_SMOOTHED, mode="nearest")
    return smoothed
