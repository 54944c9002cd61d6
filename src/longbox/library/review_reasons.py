"""Why a page deserves a person's look, and how much.

Five reasons, from what the catalog and the description stores say; nothing is looked at again. What
a person drew is not doubted: of a page with corrected panels only its lettering and its flags may
still be a reason.

A page's need is what is left of trust when each reason takes its share: 1 - (1 - a)(1 - b)..., so
that two reasons weigh more than one and the order does not depend on which was counted first.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from longbox.book import PageType
from longbox.errors import LibraryError
from longbox.library.description_stores import description_path, read_description_store
from longbox.library.merging import CONFIDENCE_STEPS, NO_CONFIDENCE
from longbox.library.records import DescribedPage


class ReviewReason(StrEnum):
    """Why a page is in the queue."""

    DISAGREEMENT = "disagreement"
    PANELS = "panels"
    TEXT = "text"
    FLAG = "flag"
    UNFIT = "unfit"

    @property
    def bit(self) -> int:
        """Its place in a page's mask of reasons."""
        return 1 << _ORDER.index(self)


_ORDER: Final = tuple(ReviewReason)
# How much of the trust each reason takes at its worst. Two that look at the same page and see
# different panels are right more often than a doubt of one about itself; flags are mostly harmless.
_WEIGHTS: Final = {
    ReviewReason.DISAGREEMENT: 0.9,
    ReviewReason.PANELS: 0.7,
    ReviewReason.TEXT: 0.45,
    ReviewReason.FLAG: 0.35,
    ReviewReason.UNFIT: 0.25,
}
_SURE_PANELS: Final = 0.6  # a panel below it is doubted
_SURE_TEXT: Final = 0.6
_SAME_BOX: Final = 0.7  # overlap (IoU) from which the two mean the same panel in the same place
# Types that are one picture by nature: that no panel was found on them says nothing.
_ONE_PICTURE: Final = frozenset(
    kind.value for kind in PageType if kind not in (PageType.STORY, PageType.PREVIEW)
)
_PAGES_SQL: Final = """
SELECT g.book_row, g.page_index, g.first_row, g.n_panels, g.page_type,
  (SELECT min(confidence) FROM panels p
   WHERE p.row >= g.first_row AND p.row < g.first_row + g.n_panels),
  (SELECT min(source) FROM panels p
   WHERE p.row >= g.first_row AND p.row < g.first_row + g.n_panels),
  EXISTS (SELECT 1 FROM page_flags f WHERE f.page_row = g.page_row),
  d.is_done, d.is_fitting
FROM json_each(?) wanted
JOIN pages g ON g.book_row = wanted.value
LEFT JOIN page_descriptions d ON d.book_row = g.book_row AND d.page_index = g.page_index
WHERE g.width > 0
"""


@dataclass(frozen=True, slots=True)
class DoubtfulPage:
    """A page that deserves a look.

    Attributes:
        reasons: Mask of `ReviewReason.bit`, never 0.
        need: 0 to 1; the higher, the sooner.
    """

    page_index: int
    reasons: int
    need: float


def doubtful_pages(
    connection: sqlite3.Connection, root: Path, books: Mapping[int, str]
) -> dict[int, list[DoubtfulPage]]:
    """Return the pages of some books that deserve a look.

    Args:
        connection: The catalog's.
        root: The library's folder.
        books: Book id by row in the catalog.

    Returns:
        By book row; a book without such pages has an empty list.
    """
    wanted = json.dumps(list(books))
    blobs = connection.execute(
        "SELECT book_row, first_row, text_confidence, description_sha256 FROM books "
        "WHERE book_row IN (SELECT value FROM json_each(?))",
        (wanted,),
    )
    texts: dict[int, tuple[int, bytes]] = {}
    differing: dict[int, dict[int, float]] = {}
    for row, first, confidences, described in blobs.fetchall():
        texts[row] = (first, confidences or b"")
        differing[row] = _disagreements(root, books[row]) if described else {}
    found: dict[int, list[DoubtfulPage]] = {row: [] for row in books}
    for row, *page in connection.execute(_PAGES_SQL, (wanted,)):
        doubts = _doubts(page, texts.get(row, (0, b"")), differing.get(row, {}))
        if doubts:
            found[row].append(_doubtful(page[0], doubts))
    return found


def reasons_of(mask: int) -> tuple[ReviewReason, ...]:
    """Return the reasons of a mask."""
    return tuple(reason for reason in ReviewReason if mask & reason.bit)


def disagreement(page: DescribedPage) -> float:
    """Return how much a model and the panel detector differ about a page, 0 to 1.

    The share of panels that only one of the two has, or that lie elsewhere; of answers without
    boxes only their number and what they were matched to can be compared.
    """
    said = page.description.panels
    if not said:
        return 0.0
    matched = {p.panel for p in said if p.panel is not None}
    wrong = float(sum(order not in matched for order in page.orders))
    for panel in said:
        if panel.panel is None:
            wrong += 1.0
        elif panel.overlap is not None and panel.overlap < _SAME_BOX:
            wrong += 1.0 - panel.overlap
    return min(1.0, wrong / max(len(page.orders), len(said)))


def _disagreements(root: Path, book_id: str) -> dict[int, float]:
    try:
        pages = read_description_store(description_path(root, book_id)).pages
    except LibraryError:  # gone or damaged: `merge_descriptions` says so where it matters
        return {}
    scores = {
        p.description.page_index: disagreement(p) for p in pages if p.description.state.is_done
    }
    return {index: score for index, score in scores.items() if score > 0}


def _doubts(
    page: Sequence[Any], texts: tuple[int, bytes], differing: Mapping[int, float]
) -> dict[ReviewReason, float]:
    """Return how strong each reason is on a page, 0 to 1."""
    index, first, n_panels, kind, panel_sure, source, has_flag, is_done, is_fitting = page
    doubts: dict[ReviewReason, float] = {}
    if has_flag:
        doubts[ReviewReason.FLAG] = 1.0
    at = first - texts[0]
    steps = [step for step in texts[1][at : at + n_panels] if step != NO_CONFIDENCE]
    if steps and (sure := min(steps) / CONFIDENCE_STEPS) < _SURE_TEXT:
        doubts[ReviewReason.TEXT] = 1.0 - sure / _SURE_TEXT
    if source == "correction":
        return doubts
    is_plain = source == "whole_page" and kind in _ONE_PICTURE
    if panel_sure is not None and panel_sure < _SURE_PANELS and not is_plain:
        doubts[ReviewReason.PANELS] = 1.0 - panel_sure / _SURE_PANELS
    if is_done and is_fitting and index in differing:
        doubts[ReviewReason.DISAGREEMENT] = differing[index]
    if is_done and not is_fitting:
        doubts[ReviewReason.UNFIT] = 1.0
    return doubts


def _doubtful(index: int, doubts: Mapping[ReviewReason, float]) -> DoubtfulPage:
    trust, mask = 1.0, 0
    for reason, strength in doubts.items():
        # A reason that barely counts still is one: the page is listed, at the end.
        trust *= 1.0 - _WEIGHTS[reason] * max(0.05, min(1.0, strength))
        mask |= reason.bit
    return DoubtfulPage(index, mask, round(1.0 - trust, 6))
