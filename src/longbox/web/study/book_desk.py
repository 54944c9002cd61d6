"""Reads books for the page: one at a time, few may wait, and what was read is kept.

Reading a book takes from a tenth of a second to seconds, its place on the shelf as long as the
shelf is wide. So a shelf of more than a hundred and fifty books is a sample of as many, the same
each time, and says so. Surprise opens the trained model, which loads torch: only when it is asked.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from longbox.analysis import Sampling
from longbox.analysis.reading import (
    AlikeBook,
    BookReading,
    Fingerprints,
    ReadingOptions,
    alike_books,
    fingerprints,
    read_book,
)
from longbox.errors import BusyError
from longbox.library import KeptAnswers, Library
from longbox.vectors import Space

MOST_ON_SHELF: Final = 150
# Threads that may wait for a book, for the shelf, for what is alike: six columns ask at once.
_WAITING: Final = (6, 4, 12)
_MOST_BOOKS, _MOST_SHELVES, _MOST_ALIKE = 16, 4, 64
_MOST_PAGES: Final = 20_000
N_ALIKE: Final = 6
_MODELS_NAME: Final = "models"
K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shelf:
    """Fingerprints that a book is set beside; of how many books there are."""

    found: Fingerprints
    n_known: int


class _Line:
    """Does one thing at a time; few may wait for their turn."""

    def __init__(self, most_waiting: int) -> None:
        self._turn = threading.Lock()
        self._waiting = threading.BoundedSemaphore(most_waiting)

    def answer(self, kept: KeptAnswers[K, T], generation: int, key: K, make: Callable[[], T]) -> T:
        """Return the kept answer, or make it when it is this one's turn.

        Raises:
            BusyError: Too many wait.
        """
        if not self._waiting.acquire(blocking=False):
            raise BusyError("too many books are being read at once; try again in a moment")
        try:
            return kept.get(generation, key, lambda: self._in_turn(make))
        finally:
            self._waiting.release()

    def _in_turn(self, make: Callable[[], T]) -> T:
        with self._turn:
            return make()


class BookDesk:
    """Reads the books of one library."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._for_books, self._for_shelves, self._for_alike = map(_Line, _WAITING)
        self._books = KeptAnswers[tuple[object, ...], BookReading](_MOST_BOOKS)
        self._shelves = KeptAnswers[tuple[str, ...], Shelf](_MOST_SHELVES)
        self._alike = KeptAnswers[tuple[object, ...], tuple[AlikeBook, ...]](_MOST_ALIKE)

    def reading(self, book_id: str, *, with_surprise: bool = False) -> BookReading:
        """Return a book along its pages.

        Raises:
            BusyError: Too many wait.
            LibraryError: The book is not in the library, or is damaged.
        """
        options = ReadingOptions(with_surprise=with_surprise)
        key = (book_id, with_surprise, *(self._mark() if with_surprise else ()))
        return self._for_books.answer(
            self._books,
            self._library.generation(),
            key,
            lambda: read_book(self._library, book_id, None, options),
        )

    def shelf(self, *book_ids: str) -> Shelf:
        """Return the fingerprints of the shelf, these books among them.

        Raises:
            BusyError: Too many wait.
            LibraryError: A book is damaged.
        """
        known = self._library.book_ids()
        chosen = sorted(known, key=_drawn)[:MOST_ON_SHELF]
        wanted = tuple(sorted({*chosen, *(each for each in book_ids if each in known)}))

        def make() -> Shelf:
            return Shelf(fingerprints(self._library, wanted, with_scenes=False), len(known))

        return self._for_shelves.answer(self._shelves, self._library.generation(), wanted, make)

    def alike(self, book_id: str, space: Space) -> tuple[AlikeBook, ...]:
        """Return the books most like one in a space.

        Raises:
            QueryError: The library, or the book, has no vectors in this space.
            BusyError: Too many wait.
        """

        def make() -> tuple[AlikeBook, ...]:
            sampling = Sampling(_MOST_PAGES)
            return alike_books(self._library, book_id, space, N_ALIKE, sampling)

        return self._for_alike.answer(
            self._alike, self._library.generation(), (book_id, space), make
        )

    def _mark(self) -> tuple[object, ...]:
        """Return what changes when the library's own model does."""
        folder: Path = self._library.root / _MODELS_NAME
        try:
            changed = folder.stat().st_mtime_ns
        except OSError:
            changed = 0
        return (self._library.answering_model(), changed)


def _drawn(book_id: str) -> bytes:
    """Return what the sample of a shelf is drawn by: the same books each time."""
    return hashlib.sha256(book_id.encode()).digest()
