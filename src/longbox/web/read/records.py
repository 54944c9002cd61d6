"""What the reader's script is told of a book, as JSON: boxes in page pixels, counts from 0."""

from __future__ import annotations

from dataclasses import dataclass

from longbox.book import Direction, PageType, TextKind

BoxValues = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class ReadingPanel:
    """A panel of a page.

    Attributes:
        panel: Place in the page's reading order from 0.
        panel_id: Its name in the library; None where people corrected the page's panels and the
            library does not know these yet.
        box: (x0, y0, x1, y1) in page pixels.
        is_whole_page: Nobody found a panel here: the page itself stands for one.
        description: What a model wrote about it, one fact a line; empty for nothing.
    """

    panel: int
    panel_id: str | None
    box: BoxValues
    is_whole_page: bool
    description: str


@dataclass(frozen=True, slots=True)
class ReadingText:
    """One piece of lettering; `panel` is the place of its panel, or None."""

    box: BoxValues
    text: str
    kind: TextKind
    panel: int | None
    is_vertical: bool
    language: str | None


@dataclass(frozen=True, slots=True)
class ReadingPage:
    """A page with what is on it, panels and texts in reading order.

    Attributes:
        width, height: Pixels; 0 for a page that cannot be read.
        is_spread: Two facing pages in one picture.
        is_corrected: Shown as people put it right; the library's own follows with the next run.
        summary: What a model wrote about the whole page; empty for nothing.
    """

    page_index: int
    width: int
    height: int
    page_type: PageType
    is_spread: bool
    is_corrected: bool
    bookmark: str | None
    summary: str
    panels: tuple[ReadingPanel, ...]
    texts: tuple[ReadingText, ...]


@dataclass(frozen=True, slots=True)
class ReadingNeighbour:
    """The book before or after in the series; `cover_page` is None where no page can be read."""

    book_id: str
    title: str
    cover_page: int | None


@dataclass(frozen=True, slots=True)
class ReadingBook:
    """A book and a part of its pages.

    Attributes:
        n_pages: Of the whole book.
        first_page: Index of the first page of this part.
        pages: The part.
    """

    book_id: str
    title: str
    direction: Direction
    language: str | None
    n_pages: int
    previous: ReadingNeighbour | None
    next: ReadingNeighbour | None
    first_page: int
    pages: tuple[ReadingPage, ...]


@dataclass(frozen=True, slots=True)
class TextPiece:
    """A stretch of a text that was found, or of what stands around it."""

    text: str
    is_match: bool


@dataclass(frozen=True, slots=True)
class TextHit:
    """A text that holds what was looked for.

    Attributes:
        text_index: Place of the text among its page's from 0.
        pieces: The text, cut where it matches.
    """

    page_index: int
    panel: int | None
    panel_id: str | None
    text_index: int
    pieces: tuple[TextPiece, ...]


@dataclass(frozen=True, slots=True)
class TextHits:
    """Hits in reading order; `total` counts all, `hits` are the first of them."""

    total: int
    hits: tuple[TextHit, ...]
