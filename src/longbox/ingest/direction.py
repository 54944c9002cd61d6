"""Which way a book reads, and who said so.

In order of trust:

1. The file: ComicInfo Manga=YesAndRightToLeft is right to left; an EPUB's
   page-progression-direction is what it says, and rendition:flow=scrolled-continuous is a vertical
   strip. Manga=No excludes right to left and counts as left to right, unless the user's option or
   the pictures say that the book is a vertical strip, which ComicInfo cannot express.
2. The user's option.
3. A guess. Vertical strip: the median page is more than 2.2 times as tall as wide (a printed page
   stays under 1.6), or slices of one width continue each other (see below). Right to left:
   Manga=Yes, unless the language is Korean or Chinese, whose comics mostly are not, or the language
   is Japanese. Else left to right.

Slices of a webtoon: the last row of one picture and the first row of the next are neighbours of one
drawing. Rows of plain colour say nothing (most pages end in a white margin); of the others, at
least three and at least half must be correlated by .85 or more. On pages of ordinary comics such
rows hardly occur, so the guess is made from few seams and errs on the side of pages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import median

import numpy as np
from numpy.typing import NDArray

from longbox.book import Direction, DirectionSource, Page
from longbox.errors import PageError

TALL_ASPECT = 2.2
MOST_SEAMS = 16
_PLAIN_DEVIATION = 8.0
_SAME_CORRELATION = 0.85
_LEAST_JOINED = 3
_EARLY_LOOK = 8


def stated_direction(manga: str, epub: Direction | None) -> Direction | None:
    """Return the direction that a book's own metadata states, or None.

    Args:
        manga: ComicInfo's Manga field in lower case.
        epub: What an EPUB's package document says.
    """
    if manga == "yesandrighttoleft":
        return Direction.RTL
    return epub


def choose_direction(
    stated: Direction | None,
    option: Direction | None,
    manga: str,
    language: str | None,
    is_strip: Callable[[], bool],
) -> tuple[Direction, DirectionSource]:
    """Decide a book's direction.

    Args:
        stated: What the metadata states, see stated_direction.
        option: What the user asked for.
        manga: ComicInfo's Manga field in lower case.
        language: ISO 639-1 code, or None.
        is_strip: Looks at the pictures; called only when nothing better is known.
    """
    if stated is not None:
        return stated, DirectionSource.METADATA
    if manga == "no":
        if option is Direction.TTB:
            return Direction.TTB, DirectionSource.OPTION
        if is_strip():
            return Direction.TTB, DirectionSource.GUESS
        return Direction.LTR, DirectionSource.METADATA
    if option is not None:
        return option, DirectionSource.OPTION
    if is_strip():
        return Direction.TTB, DirectionSource.GUESS
    if (manga == "yes" and language not in ("ko", "zh")) or language == "ja":
        return Direction.RTL, DirectionSource.GUESS
    return Direction.LTR, DirectionSource.GUESS


def looks_like_strip(pages: Sequence[Page], grey: Callable[[int], NDArray[np.uint8]]) -> bool:
    """Say whether the pages are slices of one tall strip.

    Args:
        pages: The book's pages.
        grey: Gives a page's grey values, uint8 (H, W); may raise PageError.
    """
    readable = [page for page in pages if page.is_readable]
    if not readable:
        return False
    if median(page.height / page.width for page in readable) > TALL_ASPECT:
        return True
    seams = [
        (first.index, second.index)
        for first, second in pairwise(pages)
        if first.is_readable and first.width == second.width and second.is_readable
    ]
    if len(seams) < max(_LEAST_JOINED, len(pages) // 2):
        return False
    return _are_joined(_spread(seams), grey)


def _spread(seams: list[tuple[int, int]]) -> list[tuple[int, int]]:
    step = max(1, len(seams) // MOST_SEAMS)
    return seams[::step][:MOST_SEAMS]


def _are_joined(seams: Sequence[tuple[int, int]], grey: Callable[[int], NDArray[np.uint8]]) -> bool:
    joined = telling = 0
    cached: tuple[int, NDArray[np.uint8]] | None = None
    for count, (first, second) in enumerate(seams, start=1):
        try:
            upper = cached[1] if cached and cached[0] == first else grey(first)
            lower = grey(second)
        except PageError:
            continue
        cached = (second, lower)
        agreement = _seam_correlation(upper[-1], lower[0])
        if agreement is not None:
            telling += 1
            joined += agreement >= _SAME_CORRELATION
        if count == _EARLY_LOOK and joined == 0:
            return False
    return joined >= _LEAST_JOINED and 2 * joined >= telling


def _seam_correlation(last: NDArray[np.uint8], first: NDArray[np.uint8]) -> float | None:
    """Return the correlation of two rows (W,), or None where one is plain or wider."""
    if last.shape != first.shape:
        return None
    above, below = last.astype(np.float64), first.astype(np.float64)
    if min(above.std(), below.std()) < _PLAIN_DEVIATION:
        return None
    return float(np.corrcoef(above, below)[0, 1])
