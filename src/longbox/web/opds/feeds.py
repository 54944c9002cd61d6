"""What a catalogue's feed says, before it is written as Atom or as JSON."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

ACQUISITION: Final = "http://opds-spec.org/acquisition/open-access"
IMAGE: Final = "http://opds-spec.org/image"
THUMBNAIL: Final = "http://opds-spec.org/image/thumbnail"
FACET: Final = "http://opds-spec.org/facet"
STREAM: Final = "http://vaemendis.net/opds-pse/stream"
NEWEST: Final = "http://opds-spec.org/sort/new"
_NAMESPACE: Final = uuid.UUID("6f2d7a54-0b51-4d5c-9a39-5a8a4c8a1e77")


def urn(*names: str) -> str:
    """Return the name for ever of what these names mean; any text makes a valid one."""
    return f"urn:uuid:{uuid.uuid5(_NAMESPACE, chr(0).join(names))}"


class Kind(StrEnum):
    """What a feed leads to: further feeds, or books."""

    NAVIGATION = "navigation"
    ACQUISITION = "acquisition"


@dataclass(frozen=True, slots=True)
class Link:
    """A link of an entry to something that is no feed: a picture, a file, a page on the web."""

    rel: str
    href: str
    type: str
    title: str = ""
    n_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """Pages one at a time (OPDS-PSE).

    Attributes:
        href: Address with {pageNumber}, from 0, and {maxWidth}.
        count: Pages.
    """

    href: str
    count: int


@dataclass(frozen=True, slots=True)
class FacetLink:
    """One way to narrow or sort a feed."""

    group: str
    title: str
    href: str
    is_active: bool = False


@dataclass(frozen=True, slots=True)
class Book:
    """An entry that can be opened.

    Attributes:
        urn: Names it for ever.
        updated: ISO 8601 with its zone.
        summary: Plain text.
        size: Of the first picture, width and height in pixels; None where not known.
    """

    urn: str
    title: str
    updated: str
    summary: str = ""
    links: tuple[Link, ...] = ()
    stream: Stream | None = None
    language: str | None = None
    year: int | None = None
    publisher: str | None = None
    series: str | None = None
    authors: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    n_pages: int | None = None
    alternate: str = ""


@dataclass(frozen=True, slots=True)
class Door:
    """An entry that leads to another feed."""

    urn: str
    title: str
    updated: str
    href: str
    kind: Kind
    summary: str = ""
    rel: str = "subsection"


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed.

    Attributes:
        href: Its own address.
        up: Address of the feed above it; empty for the root.
        previous, next: Addresses of the parts before and after it; empty for none.
        total: Entries of all its parts together; None where nobody counted.
    """

    urn: str
    title: str
    updated: str
    href: str
    kind: Kind
    entries: tuple[Book | Door, ...] = ()
    up: str = ""
    previous: str = ""
    next: str = ""
    first: str = ""
    facets: tuple[FacetLink, ...] = field(default=())
    total: int | None = None
    start: int = 0
    per_page: int | None = None
