"""Label one page by rules: what the file declares, else layout, text and place in the book.

The first version, enough to filter a search by cover, splash or text page. Confidences are the
author's estimate of how often each rule is right, not measured probabilities; a trained sequence
model over the pages of a book replaces them where it is surer. Advertisements, previews and pages
that are not comics cannot be told by these rules and are never guessed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from longbox.book import PageLabel, PageType, Panel, TextKind, TextRegion
from longbox.page_types.comicinfo import from_comicinfo

# A page is blank when its grey values hardly vary: paper texture and scan noise stay below this
# standard deviation (of 255), the faintest pencil page is far above it.
_BLANK_DEVIATION = 6.0
# A text page holds at least this much prose, or prose lettering covers this share of the page.
_PROSE_CHARACTERS = 500
_PROSE_AREA_FRACTION = 0.25
# One panel that covers this much of the page is a splash.
_SPLASH_AREA_FRACTION = 0.55


def label_page(
    pixels: NDArray[np.uint8],
    panels: tuple[Panel, ...],
    texts: tuple[TextRegion, ...],
    place: tuple[int, int],
    declared: str | None = None,
) -> PageLabel:
    """Say what a page is.

    Args:
        pixels: The page, uint8 (H, W, 3).
        panels: Its panels, in reading order.
        texts: Its texts.
        place: (page index from 0, number of pages in the book).
        declared: ComicInfo's page type as written, or None.

    Returns:
        The label; its source is "comicinfo" where the file says so, else "rules".
    """
    told = from_comicinfo(declared)
    if told is not None and told is not PageType.STORY:
        return PageLabel(told, 1.0, "comicinfo")
    seen = _by_layout(pixels, panels, texts, place)
    if told is PageType.STORY:
        page_type = seen.page_type if seen.page_type is PageType.SPLASH else PageType.STORY
        return PageLabel(page_type, 1.0, "comicinfo")
    return seen


def _by_layout(
    pixels: NDArray[np.uint8],
    panels: tuple[Panel, ...],
    texts: tuple[TextRegion, ...],
    place: tuple[int, int],
) -> PageLabel:
    height, width = pixels.shape[:2]
    index, n_pages = place
    page_area = max(1.0, float(height * width))
    # Every 8th pixel is enough to tell a blank page.
    if not texts and float(pixels[::8, ::8].std()) < _BLANK_DEVIATION:
        return PageLabel(PageType.BLANK, 0.9, "rules")
    if _is_text_page(texts, page_area) and len(panels) <= 2:
        return PageLabel(PageType.TEXT_PAGE, 0.7, "rules")
    dominant = max((p.box.area for p in panels), default=0.0) / page_area
    is_single = len(panels) == 1 and dominant >= _SPLASH_AREA_FRACTION
    # A strip of a few slices has no covers of its own; three pages make a booklet.
    if index == 0 and n_pages >= 3 and is_single and height > width:
        return PageLabel(PageType.COVER, 0.7, "rules")
    if index == n_pages - 1 and n_pages >= 8 and is_single and height > width:
        return PageLabel(PageType.BACK_COVER, 0.4, "rules")
    if is_single and height < 2.5 * width and width < 2.5 * height:
        return PageLabel(PageType.SPLASH, 0.6, "rules")
    return PageLabel(PageType.STORY, 0.8, "rules")


def _is_text_page(texts: tuple[TextRegion, ...], page_area: float) -> bool:
    prose = [t for t in texts if t.kind is TextKind.PROSE]
    n_characters = sum(len(t.text) for t in prose)
    area_fraction = sum(t.box.area for t in prose) / page_area
    return n_characters >= _PROSE_CHARACTERS or area_fraction >= _PROSE_AREA_FRACTION
