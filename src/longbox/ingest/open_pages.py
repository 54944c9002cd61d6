"""Comics that are open: their pages on request, with or without what is known of the book."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from longbox.book import Book
from longbox.errors import PageError
from longbox.ingest.page_sources import PageSource


class OpenPages:
    """The pages of an open comic, in book order.

    Use it as a context manager; close it otherwise. Not safe to share between threads.
    """

    def __init__(self, source: PageSource, where: str) -> None:
        self._source = source
        self._where = where

    def __len__(self) -> int:
        return len(self._source.names)

    def pixels(self, page_index: int) -> NDArray[np.uint8]:
        """Decode one page: upright, transparency on white, 8 bits a channel.

        Args:
            page_index: Index of the page from 0.

        Returns:
            RGB pixels, uint8 (H, W, 3).

        Raises:
            PageError: The page cannot be decoded, or there is no such page.
        """
        self._require(page_index)
        try:
            return self._source.pixels(page_index)
        except PageError as error:
            raise self._located(error, page_index) from error

    def picture_bytes(self, page_index: int) -> bytes:
        """Return one page's picture as it is stored.

        Raises:
            PageError: It cannot be read, or the page is drawn (PDF) and has no stored picture.
        """
        self._require(page_index)
        try:
            return self._source.picture_bytes(page_index)
        except PageError as error:
            raise self._located(error, page_index) from error

    def digest(self, page_index: int) -> str:
        """Return what the book's identity has of a page: a hash of its stored bytes or drawing.

        Raises:
            PageError: There is no such page.
        """
        self._require(page_index)
        return self._source.inspect(page_index).digest

    def close(self) -> None:
        """Let go of the file."""
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _require(self, page_index: int) -> None:
        if not 0 <= page_index < len(self):
            raise PageError(
                f"{self._where}: there is no page {page_index + 1}; it has {len(self)}",
                page=page_index,
            )

    def _located(self, error: PageError, page_index: int) -> PageError:
        where = f"{self._where}: page {page_index + 1} ({self._source.names[page_index]})"
        return PageError(f"{where}: {error}", page=page_index)


class OpenBook(OpenPages):
    """A comic that is open: what it is, and its pixels on request.

    Attributes:
        book: The comic as its file describes it.
    """

    def __init__(self, book: Book, source: PageSource, where: str) -> None:
        super().__init__(source, where)
        self.book = book
