"""Where the pages of an open book come from, one at a time.

StoredPages serves everything whose pages are picture files: archives, EPUBs, folders. (PDF has
its own, see pdf.py.) A page's digest is that of its stored bytes, so it does not depend on how the
book is packed. A page whose bytes cannot be read at all gets a digest of its name and size, so that
the book's identity stays the same on every run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from longbox.book import Direction
from longbox.errors import PageError
from longbox.ingest.containers import Container, Member
from longbox.ingest.options import IngestOptions
from longbox.ingest.pictures import decode, grey_rows, probe


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What one look at a page tells.

    Attributes:
        digest: Hex SHA-256 of the page's stored bytes.
        width: Pixels as shown; 0 when the page cannot be decoded.
        height: As width.
        fault: Why it cannot be decoded, or None.
    """

    digest: str
    width: int = 0
    height: int = 0
    fault: str | None = None


class PageSource(Protocol):
    """The pages of an open book."""

    format: str
    names: Sequence[str]
    notices: Sequence[str]
    direction: Direction | None

    def inspect(self, index: int) -> PageFacts:
        """Return a page's digest and size without decoding it; never raises for a bad page."""
        ...

    def pixels(self, index: int) -> NDArray[np.uint8]:
        """Return a page's RGB pixels, uint8 (H, W, 3); raises PageError."""
        ...

    def grey(self, index: int) -> NDArray[np.uint8]:
        """Return about half-size grey values, uint8 (H, W); raises PageError."""
        ...

    def picture_bytes(self, index: int) -> bytes:
        """Return the stored picture; raises PageError where there is none."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class StoredPages:
    """Pages that are picture files in an archive or folder.

    Args:
        container: The open archive or folder; closed with this.
        members: The page pictures in order.
        options: The limits.
        notices: What was left out of the book, and why.
        direction: What the package itself says of the reading direction.
        book_format: The book's format where it is not the container's ("epub").
    """

    def __init__(
        self,
        container: Container,
        members: Sequence[Member],
        options: IngestOptions,
        *,
        notices: Sequence[str] = (),
        direction: Direction | None = None,
        book_format: str | None = None,
    ) -> None:
        self._container = container
        self._members = tuple(members)
        self._options = options
        self.format = book_format or container.format
        self.names: Sequence[str] = tuple(member.shown for member in self._members)
        self.notices: Sequence[str] = (*container.listing.notices, *notices)
        self.direction = direction

    @property
    def all_encrypted(self) -> bool:
        """Whether there are pages and every one needs a password."""
        return bool(self._members) and all(member.is_encrypted for member in self._members)

    def inspect(self, index: int) -> PageFacts:
        """See PageSource."""
        member = self._members[index]
        try:
            data = self.picture_bytes(index)
        except PageError as error:
            name = f"unreadable\0{member.path}\0{member.size_bytes}"
            return PageFacts(
                hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest(), fault=str(error)
            )
        digest = hashlib.sha256(data).hexdigest()
        try:
            size = probe(data, self._options)
        except PageError as error:
            return PageFacts(digest, fault=str(error))
        return PageFacts(digest, size.width, size.height)

    def pixels(self, index: int) -> NDArray[np.uint8]:
        """See PageSource."""
        return decode(self.picture_bytes(index), self._options)

    def grey(self, index: int) -> NDArray[np.uint8]:
        """See PageSource."""
        return grey_rows(self.picture_bytes(index), self._options)

    def picture_bytes(self, index: int) -> bytes:
        """See PageSource."""
        return self._container.read(self._members[index], self._options.max_member_bytes)

    def close(self) -> None:
        """See PageSource."""
        self._container.close()
