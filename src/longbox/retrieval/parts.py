"""One list of hits, asked for in parts: nothing twice, nothing left out.

A longer list is made from deeper lists of every space, and what lies deeper in one of them may lift
a hit over one that was shown already. So a list grows in steps (k hits, then 4 k, 16 k ...): what a
step has settled stays as it is, and the next step's hits follow without those. An edition of a hit
that was shown folds into it. The steps depend on the request alone: a list that was forgotten is
made again exactly as it was, as long as the library is the same.

The lists of the last requests are kept, so that scrolling on searches only when a step is used up.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from longbox.book import Hit
from longbox.library import Filters, KeptAnswers, Writing
from longbox.retrieval.query import PictureTerm, Term
from longbox.retrieval.request import By, ResultPart, SearchRequest

MOST_HITS: Final = 1_000
_GROWTH: Final = 4
_MOST_LISTS: Final = 32

Key = tuple[tuple[Term, ...], Filters, By, int, tuple[tuple[str, float], ...], bool, Writing | None]


@dataclass(frozen=True, slots=True)
class Step:
    """What one step found.

    Attributes:
        hits: That no earlier step had, best first.
        is_exhausted: No deeper search finds more.
    """

    hits: tuple[Hit, ...]
    is_exhausted: bool


class GrowingList:
    """The hits of one request, as far as anybody asked."""

    def __init__(self, k: int, search: Callable[[int], Step]) -> None:
        """Begin without a hit.

        Args:
            k: Hits of the first step.
            search: Makes the list this many hits long and returns what is new; called with a
                rising number.
        """
        self._search = search
        self._wanted = k
        self._hits: list[Hit] = []
        self._is_complete = False
        self._lock = threading.Lock()

    def part(self, offset: int, k: int) -> tuple[tuple[Hit, ...], bool]:
        """Return the hits from a place on, and whether they are the last."""
        with self._lock:
            # One more than wanted tells whether these are the last.
            while len(self._hits) < min(offset + k, MOST_HITS) and not self._is_complete:
                self._grow()
            hits = tuple(self._hits[offset : offset + k])
            is_last = self._is_complete and offset + k >= len(self._hits)
            return hits, is_last or offset + k >= max(MOST_HITS, k)

    def _grow(self) -> None:
        step = self._search(self._wanted)
        self._hits.extend(step.hits)
        most = max(MOST_HITS, self._wanted)
        self._is_complete = step.is_exhausted or self._wanted >= most
        self._wanted = min(self._wanted * _GROWTH, most)


class KeptLists:
    """The lists of the last requests."""

    def __init__(self) -> None:
        self._kept = KeptAnswers[Key, GrowingList](_MOST_LISTS)

    def part(
        self, generation: int, request: SearchRequest, begin: Callable[[], GrowingList]
    ) -> ResultPart:
        """Return the part of a list that is asked for.

        Args:
            generation: Of the library before the search.
            request: What is asked.
            begin: Makes the list where it is not kept.
        """
        pictures = [term for term in request.terms if isinstance(term, PictureTerm)]
        is_file = any(isinstance(picture.source, Path) for picture in pictures)
        # A file may change between two searches; its list is made anew, the same where it did not.
        growing = begin() if is_file else self._kept.get(generation, _key(request), begin)
        hits, is_last = growing.part(request.offset, request.k)
        return ResultPart(hits, is_last, generation)


def _key(request: SearchRequest) -> Key:
    return (
        request.terms,
        request.filters,
        request.by,
        request.k,
        tuple(sorted(request.weights.items())),
        request.fold_editions,
        request.within,
    )
