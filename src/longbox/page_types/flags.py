"""Data hygiene: which pages a person should look at, and which ones training leaves out.

Flags say what is odd about a page, not what to do; `left_out_of_training` is the default answer to
that, in one place. All of it is pure: it reads annotations and looks, never pixels.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Sequence

from longbox.book import (
    AnnotatedBook,
    AnnotatedPage,
    PageFlag,
    PageLook,
    PageType,
    TextKind,
    TextRegion,
)
from longbox.page_types.cues import CUES, count_cues, has_address, names_scanner
from longbox.page_types.rules import is_empty, is_prose

# Wider than this times its height a page is landscape; a square page is not.
_LANDSCAPE_ASPECT = 1.15
# The same address at the same place (to a tenth of the page) on this many pages is a watermark.
_WATERMARK_PAGES = 3
_PLACES = 10
# Bits of the 64 in which the hashes of two scans of one page may differ. Editions allow 6; inside
# one book, whose pages look alike by nature, fewer.
_DUPLICATE_BITS = 4
# A page of less contrast (PageLook) is of one colour.
_FLAT_CONTRAST = 0.02
# Two pages with at least this much lettering each are no duplicates when less than this share of
# their words is common: the same drawing with other words is a joke, not a mistake.
_COMPARED_WORDS = 6
_COMMON_WORDS = 0.5
# From this many pages on a book may be called no comic, when so many of its pages are.
_NOT_COMIC_PAGES = 4
_NOT_COMIC_SHARE = 0.7

_UNTRAINED_FLAGS = frozenset(
    {
        PageFlag.PROSE,
        PageFlag.NEAR_BLANK,
        PageFlag.DUPLICATE,
        PageFlag.NOT_COMIC_BOOK,
    }
)
_UNTRAINED_TYPES = frozenset(
    {
        PageType.TEXT_PAGE,
        PageType.ADVERTISEMENT,
        PageType.BLANK,
        PageType.NOT_COMIC,
    }
)


def flag_pages(
    annotated: AnnotatedBook, looks: Sequence[PageLook | None]
) -> tuple[tuple[PageFlag, ...], ...]:
    """Say what is odd about each page.

    - landscape: wider than high by 15 %; in a book of strips that is every page.
    - prose: prose lettering makes up the page.
    - watermark: an address at the same place on three pages or more, or a page of a scanner's own.
    - near_blank: next to no ink and no edges, and fewer than thirty letters.
    - duplicate: the picture of an earlier page again. Pages of one colour are never duplicates.
    - not_comic_book: said of every page where at least 70 % of four pages or more are prose, code
      or forms without panels.

    Args:
        annotated: The book with panels, texts, labels and hashes.
        looks: One a page, None where the pixels could not be had.

    Returns:
        For every page its flags, in the order of PageFlag.

    Raises:
        ValueError: There is not one look a page.
    """
    if len(looks) != len(annotated.pages):
        raise ValueError(f"{len(looks)} looks for {len(annotated.pages)} pages")
    found: list[set[PageFlag]] = [set() for _ in annotated.pages]
    for flags, page, look in zip(found, annotated.pages, looks, strict=True):
        flags |= _of_page(page, look)
    for index in _watermarked(annotated.pages):
        found[index].add(PageFlag.WATERMARK)
    for index in _duplicates(annotated.pages, looks):
        found[index].add(PageFlag.DUPLICATE)
    if _is_not_comic(annotated.pages):
        for flags in found:
            flags.add(PageFlag.NOT_COMIC_BOOK)
    return tuple(tuple(flag for flag in PageFlag if flag in flags) for flags in found)


def left_out_of_training(annotated: AnnotatedBook) -> tuple[bool, ...]:
    """Say which pages training leaves out unless told otherwise.

    Left out are prose, near-blank, duplicate and non-comic pages, text pages, advertisements,
    blanks and pages that are not comics by their label, pages without pixels, and landscape pages
    of a book whose other pages are mostly not: there they are inserts or scanned spreads. A
    watermark alone keeps no page out, since the comic is still there under it.
    """
    usual = [PageFlag.LANDSCAPE in page.flags for page in annotated.pages if page.page.is_readable]
    is_usual = sum(usual) * 2 >= len(usual)
    return tuple(
        not page.page.is_readable
        or page.label.page_type in _UNTRAINED_TYPES
        or not _UNTRAINED_FLAGS.isdisjoint(page.flags)
        or (PageFlag.LANDSCAPE in page.flags and not is_usual)
        for page in annotated.pages
    )


def _of_page(page: AnnotatedPage, look: PageLook | None) -> set[PageFlag]:
    """Return the flags that need no other page."""
    claims = {
        PageFlag.LANDSCAPE: page.page.width > _LANDSCAPE_ASPECT * page.page.height,
        PageFlag.PROSE: is_prose(page),
        PageFlag.NEAR_BLANK: look is not None and is_empty(page, look),
        PageFlag.WATERMARK: _is_scanner_page(page),
    }
    return {flag for flag, is_so in claims.items() if is_so}


def _is_scanner_page(page: AnnotatedPage) -> bool:
    """A page on which a scanner or translator presents itself: little art, such words twice."""
    said = "\n".join(t.text for t in page.texts)
    n_cues = dict(zip(CUES, count_cues(said), strict=True))["scanner"]
    return names_scanner(said) and n_cues >= 2 and len(page.panels) <= 2


def _watermarked(pages: Sequence[AnnotatedPage]) -> set[int]:
    """Return the pages that carry an address which others carry at the same place."""
    at: dict[tuple[int, int], set[int]] = defaultdict(set)
    for index, page in enumerate(pages):
        for text in page.texts:
            if len(text.text) <= 120 and (has_address(text.text) or names_scanner(text.text)):
                at_x, at_y = _place(page, text)
                at[at_x, at_y].add(index)
    # Places that touch are one: the same stamp may straddle a border of tenths.
    found: set[int] = set()
    for x, y in at:
        near = set[int]().union(
            *(at.get((x + dx, y + dy), set()) for dx in (-1, 0, 1) for dy in (-1, 0, 1))
        )
        if len(near) >= _WATERMARK_PAGES:
            found |= near
    return found


def _place(page: AnnotatedPage, text: TextRegion) -> tuple[int, int]:
    x, y = text.box.center
    return (
        int(_PLACES * x / max(1, page.page.width)),
        int(_PLACES * y / max(1, page.page.height)),
    )


def _duplicates(pages: Sequence[AnnotatedPage], looks: Sequence[PageLook | None]) -> set[int]:
    """Return the pages whose picture an earlier page has."""
    kept: list[tuple[int, set[str]]] = []
    found: set[int] = set()
    for index, (page, look) in enumerate(zip(pages, looks, strict=True)):
        # A flat page's hash is noise, or the same for every flat page.
        if (
            page.picture_hash is None
            or look is None
            or is_empty(page, look)
            or look.contrast < 0.02
        ):
            continue
        bits, words = int(page.picture_hash, 16), _words(page)
        if any(
            (bits ^ other).bit_count() <= _DUPLICATE_BITS and _may_be_same(words, others)
            for other, others in kept
        ):
            found.add(index)
        else:
            kept.append((bits, words))
    return found


def _words(page: AnnotatedPage) -> set[str]:
    """Words of a page; pieces of two letters where a script has no spaces."""
    said = " ".join(t.text.lower() for t in page.texts)
    if said.isascii() or said.count(" ") * 12 > len(said):
        return {w for w in said.split() if any(c.isalnum() for c in w)}
    return {said[i : i + 2] for i in range(len(said) - 1)}


def _may_be_same(one: set[str], two: set[str]) -> bool:
    if min(len(one), len(two)) < _COMPARED_WORDS:
        return True
    return len(one & two) >= _COMMON_WORDS * min(len(one), len(two))


def _is_not_comic(pages: Sequence[AnnotatedPage]) -> bool:
    readable = [page for page in pages if page.page.is_readable]
    if len(readable) < _NOT_COMIC_PAGES:
        return False
    n_odd = sum(_is_bookish(page) for page in readable)
    lettered = [len("".join(t.text for t in page.texts)) for page in readable]
    return n_odd >= _NOT_COMIC_SHARE * len(readable) and statistics.median(lettered) >= 300


def _is_bookish(page: AnnotatedPage) -> bool:
    """Prose, code or a form: much lettering that is not spoken, in at most two panels."""
    if is_prose(page):
        return True
    n_all = sum(len(t.text) for t in page.texts)
    unspoken = (TextKind.PROSE, TextKind.OTHER)
    n_unspoken = sum(len(t.text) for t in page.texts if t.kind in unspoken)
    said = "\n".join(t.text for t in page.texts)
    is_code = dict(zip(CUES, count_cues(said), strict=True))["code"] >= 5
    return len(page.panels) <= 2 and n_all >= 250 and (is_code or n_unspoken >= 0.6 * n_all)
