"""Label one page by rules: what the file declares, else layout, lettering and place in the book.

Works on day one, in any language and with any encoder, and is the second opinion on the sequence
model. Confidences are the author's estimate of how often each rule is right, not measured
probabilities. The rules go from the surest to the weakest: nothing on the page; code or a scanner's
page; prose; the two ends of the book; pages that sell, announce or credit; one panel; story.
"""

from __future__ import annotations

from dataclasses import dataclass

from longbox.book import AnnotatedPage, PageLabel, PageLook, PageType, TextKind
from longbox.page_types.comicinfo import from_comicinfo
from longbox.page_types.cues import CUES, count_cues

SOURCE = "rules"
DECLARED = "comicinfo"

# Paper texture, scan noise and a page number stay below these shares of the page (measured by
# PageLook); the faintest pencil page is far above them.
_BLANK_INK = 0.012
_BLANK_EDGES = 0.008
# So many panels were framed by somebody; frames alone may be less ink than the share above.
_FRAMED_PANELS = 2
# A text page holds at least this much prose, or prose lettering covers this share of the page.
_PROSE_CHARACTERS = 500
_PROSE_AREA_FRACTION = 0.25
# One panel that covers this much of the page is a splash.
_SPLASH_AREA_FRACTION = 0.55


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the rules ask of a page."""

    n_panels: int
    is_single: bool
    is_portrait: bool
    is_strip: bool
    is_prose: bool
    n_characters: int
    index: int
    n_pages: int
    cues: dict[str, int]


def label_page(page: AnnotatedPage, look: PageLook | None, n_pages: int) -> PageLabel:
    """Say what a page is without looking at any other.

    Args:
        page: With its panels and texts; the label it has is not read.
        look: Measured from its pixels; None where there were none.
        n_pages: Number of pages in the book.

    Returns:
        The label; its source is "comicinfo" where the file says so, else "rules".
    """
    return declared_label(page, _by_rules(page, look, n_pages))


def declared_label(page: AnnotatedPage, seen: PageLabel) -> PageLabel:
    """Put what ComicInfo.xml declares above what was seen.

    "Story" says nothing of splash pages, so a page declared so is a splash where it was seen to be.
    """
    told = from_comicinfo(page.page.declared_type)
    if told is None:
        return seen
    if told is PageType.STORY and seen.page_type is PageType.SPLASH:
        return PageLabel(PageType.SPLASH, 1.0, DECLARED)
    return PageLabel(told, 1.0, DECLARED)


def is_prose(page: AnnotatedPage) -> bool:
    """Say whether prose makes up the page: many characters of it, or much of the area."""
    prose = [t for t in page.texts if t.kind is TextKind.PROSE]
    area = max(1.0, float(page.page.width * page.page.height))
    return (
        sum(len(t.text) for t in prose) >= _PROSE_CHARACTERS
        or sum(t.box.area for t in prose) / area >= _PROSE_AREA_FRACTION
    )


def is_empty(page: AnnotatedPage, look: PageLook) -> bool:
    """Say whether next to nothing is on the page: a page number or dirt at most."""
    n_characters = sum(len(t.text) for t in page.texts)
    return look.ink_share < _BLANK_INK and look.edge_share < _BLANK_EDGES and n_characters < 30


def is_framed(page: AnnotatedPage) -> bool:
    """Say whether a page has several panels: such a page is not blank, however empty they are."""
    return len(page.panels) >= _FRAMED_PANELS


def _by_rules(page: AnnotatedPage, look: PageLook | None, n_pages: int) -> PageLabel:
    if look is not None and is_empty(page, look) and not is_framed(page):
        return PageLabel(PageType.BLANK, 0.9, SOURCE)
    facts = _facts(page, n_pages)
    for rule in (_by_prose, _by_place, _by_words):
        found = rule(facts)
        if found is not None:
            return found
    if facts.is_single and not facts.is_strip:
        return PageLabel(PageType.SPLASH, 0.6, SOURCE)
    return PageLabel(PageType.STORY, 0.8, SOURCE)


def _facts(page: AnnotatedPage, n_pages: int) -> _Facts:
    width, height = page.page.width, page.page.height
    area = max(1.0, float(width * height))
    said = "\n".join(t.text for t in page.texts)
    dominant = max((p.box.area for p in page.panels), default=0.0) / area
    return _Facts(
        len(page.panels),
        len(page.panels) == 1 and dominant >= _SPLASH_AREA_FRACTION,
        height > width,
        height >= 2.5 * width or width >= 2.5 * height,
        is_prose(page),
        len(said),
        page.page.index,
        n_pages,
        dict(zip(CUES, count_cues(said), strict=True)),
    )


def _by_prose(facts: _Facts) -> PageLabel | None:
    if facts.cues["code"] >= 5 and facts.n_panels <= 2:
        return PageLabel(PageType.NOT_COMIC, 0.6, SOURCE)
    if facts.cues["scanner"] >= 2 and facts.n_panels <= 2:
        return PageLabel(PageType.NOT_COMIC, 0.6, SOURCE)
    if facts.is_prose and facts.n_panels <= 2:
        return PageLabel(PageType.TEXT_PAGE, 0.7, SOURCE)
    return None


def _by_place(facts: _Facts) -> PageLabel | None:
    is_whole = facts.n_panels <= 2 and facts.is_portrait and not facts.is_strip
    # A strip of a few slices has no covers of its own; three pages make a booklet.
    if facts.index == 0 and facts.n_pages >= 3 and is_whole:
        return PageLabel(PageType.COVER, 0.7, SOURCE)
    if facts.index == facts.n_pages - 1 and facts.n_pages >= 8 and is_whole:
        return PageLabel(PageType.BACK_COVER, 0.5, SOURCE)
    return None


def _by_words(facts: _Facts) -> PageLabel | None:
    if facts.n_panels > 2:
        return None
    cues = facts.cues
    selling = (cues["sale"] > 0) + (cues["price"] > 0) + (cues["address"] > 0)
    if cues["letters"] and facts.n_characters >= 300:
        return PageLabel(PageType.TEXT_PAGE, 0.5, SOURCE)
    if cues["next"] and selling < 2 and facts.index > facts.n_pages / 2:
        return PageLabel(PageType.PREVIEW, 0.5, SOURCE)
    if selling >= 2:
        return PageLabel(PageType.ADVERTISEMENT, 0.5, SOURCE)
    if cues["credits"] or cues["contents"] or (cues["legal"] and facts.index < 5):
        return PageLabel(PageType.TITLE, 0.5, SOURCE)
    return None
