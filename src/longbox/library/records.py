"""The values that the library takes and gives.

Rows are the library's own short names for panels: a whole number that is never given twice, so a
row that went away answers nothing instead of another panel. Rows differ between two libraries of
the same books; panel ids do not.

Scores grow with likeness: cosine similarity; 1 / (1 + distance) in Euclidean spaces; BM25 for
words; the share of a panel's lettering that a substring covers. They compare within a space only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from longbox.book import (
    AnnotatedBook,
    Direction,
    FileStamp,
    PageFlag,
    PageType,
    PanelId,
    Problem,
)
from longbox.description import PageDescription
from longbox.features import LearnedVectors
from longbox.geometry import Box
from longbox.vectors import PanelVectors, Space


@dataclass(frozen=True, slots=True, eq=False)
class BookStore:
    """What one store holds: a book, its vectors, and the recipe they were made by."""

    annotated: AnnotatedBook
    vectors: tuple[PanelVectors, ...]
    recipe: str


@dataclass(frozen=True, slots=True)
class PanelsOfPage:
    """The panels that a page has: what a description must have been made for to belong to it.

    Attributes:
        first: Row of its first panel in the book.
        orders, boxes: One a panel, in reading order.
    """

    page_index: int
    digest: str
    first: int
    orders: tuple[int, ...]
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class DescribedPage:
    """What a model said of a page, and the panels it was shown."""

    description: PageDescription
    orders: tuple[int, ...]
    boxes: tuple[Box, ...]

    def fits(self, page: PanelsOfPage) -> bool:
        """Whether the page still is the picture that was described, with the same panels."""
        said = self.description
        return (said.page_index, said.page_digest, self.orders, self.boxes) == (
            page.page_index,
            page.digest,
            page.orders,
            page.boxes,
        )


@dataclass(frozen=True, slots=True, eq=False)
class DescriptionStore:
    """What one description store holds.

    Attributes:
        pages: By rising page index.
        vectors: Rows are the panels of these pages, one page after another; None for none.
    """

    book_id: str
    pages: tuple[DescribedPage, ...]
    vectors: PanelVectors | None


@dataclass(frozen=True, slots=True)
class MadeFrom:
    """The very bytes that a trained model saw of a book.

    Attributes:
        book_sha256: Of the book's store.
        description_sha256: Of its description store; None where nothing was described.
    """

    book_sha256: str
    description_sha256: str | None


@dataclass(frozen=True, slots=True, eq=False)
class BookSource:
    """What a trained model may see of a book, as it is on disk at one moment.

    Attributes:
        store: The book's store.
        descriptions: Vectors of its descriptions, rows as its panels; None where there are none.
        made_from: Names the bytes that these were read from.
    """

    store: BookStore
    descriptions: PanelVectors | None
    made_from: MadeFrom


@dataclass(frozen=True, slots=True, eq=False)
class LearnedStore:
    """What one learned store holds: the vectors of a model, and what they were made from."""

    book_id: str
    model: str
    learned: LearnedVectors
    made_from: MadeFrom


@dataclass(frozen=True, slots=True)
class ScoredPage:
    """A page and how well it matched; higher is better."""

    book_id: str
    page_index: int
    score: float


@dataclass(frozen=True, slots=True)
class KnownFile:
    """What the ledger remembers of a comic file.

    Attributes:
        stamp: As it was when it was last indexed.
        book_id: Its book, or None when the file failed.
        recipe: What the book was made by, or None when the file failed.
        failed: The file could not become a book; an unchanged one need not be tried again.
        is_missing: The last `sync` did not find it.
    """

    stamp: FileStamp
    book_id: str | None
    recipe: str | None
    failed: bool
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class Filters:
    """Which panels a search may answer with; every field narrows, empty ones do not.

    Attributes:
        series: Part of the series' name; case and accents do not matter.
        title: Part of the book's title, likewise.
        page_types: Any of these.
        languages: Any of these ISO 639-1 codes, of the book or (where it says none) its lettering.
        direction: The book's.
        year_min: First year allowed; books without a year are left out.
        year_max: Last year allowed, likewise.
        min_text_characters: Characters of the panel's own lettering, white space not counted.
        book_ids: Any of these books.
        include_missing: Also books whose file is gone.
        flags: Pages with any of these flags.
        without_flags: Pages with none of these.
        series_exact: Any of these series by their whole names; case and accents do not matter.
        has_text: Panels with lettering of their own (True), or without any (False).
    """

    series: str | None = None
    title: str | None = None
    page_types: tuple[PageType, ...] = ()
    languages: tuple[str, ...] = ()
    direction: Direction | None = None
    year_min: int | None = None
    year_max: int | None = None
    min_text_characters: int = 0
    book_ids: tuple[str, ...] = ()
    include_missing: bool = False
    flags: tuple[PageFlag, ...] = ()
    without_flags: tuple[PageFlag, ...] = ()
    series_exact: tuple[str, ...] = ()
    has_text: bool | None = None


class Writing(StrEnum):
    """Which of a panel's two texts is meant: what is lettered in it, or what a model wrote."""

    TEXT = "text"
    DESCRIPTION = "description"


@dataclass(frozen=True, slots=True)
class WordsQuery:
    """Words to look for. A term of several words is a phrase; one that ends in * is a beginning.

    Attributes:
        terms: Any of them; more and rarer ones score higher.
        required: All of them.
        excluded: None of them.
    """

    terms: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScoredPanel:
    """A panel row and how well it matched; higher is better."""

    row: int
    score: float


@dataclass(frozen=True, slots=True)
class PageFile:
    """Where a page's picture is, and how to know that it still is the one that was indexed.

    Attributes:
        file: Path of the book's file; of several copies the alphabetically first that is there.
        width, height: Pixels; 0 for a page that cannot be read.
        digest: Hex SHA-256 of its stored bytes.
    """

    book_id: str
    page_index: int
    file: str
    width: int
    height: int
    digest: str


@dataclass(frozen=True, slots=True)
class PanelRecord:
    """All that a hit needs to know of a panel.

    Attributes:
        file: Path of the book's file; of several copies the alphabetically first that is there.
        text: The panel's own lettering, one region a line.
        language: The book's, or else its lettering's.
        picture_hash: The page's perceptual hash as 16 hex digits.
        description: What a model wrote about the panel, one fact a line; empty for nothing.
        text_confidence: How surely the lettering was read, 0 to 1; None without lettering, and
            for books that were merged by catalog format 1.
        flags: The page's.
    """

    row: int
    panel_id: PanelId
    book_id: str
    title: str
    file: str
    page_index: int
    panel: int
    box: Box
    text: str
    page_width: int
    page_height: int
    page_type: PageType
    language: str | None
    direction: Direction
    series: str | None
    year: int | None
    picture_hash: str | None
    is_spread: bool
    is_missing: bool
    description: str = ""
    text_confidence: float | None = None
    flags: tuple[PageFlag, ...] = ()


@dataclass(frozen=True, slots=True)
class SpaceStatus:
    """One space made by one encoder.

    Attributes:
        n_vectors: Panels that have this modality.
        n_indexed: Of these, how many a search can find; fewer until `update_indexes`.
    """

    space: Space
    fingerprint: str
    dimension: int
    n_vectors: int
    n_indexed: int


@dataclass(frozen=True, slots=True)
class LibraryStatus:
    """What a library holds, in numbers.

    Attributes:
        missing_books: Books without a file that is still there; kept, but not found by a search.
        failed_files: Files that could not become a book.
        described_pages: Pages with a description that can be searched.
        unfit_descriptions: Pages that were described with other panels than they have now.
        unfinished_descriptions: Pages whose answer was truncated or failed.
        flagged_pages: Pages with any flag.
        flags: How many pages have each flag that occurs.
        model: The trained model that answers searches, or None.
        unembedded_books: Books that lack its vectors, or whose vectors are out of date; 0 without
            a model.
    """

    format: int
    books: int
    pages: int
    panels: int
    missing_books: int
    failed_files: int
    problems: tuple[Problem, ...]
    spaces: tuple[SpaceStatus, ...]
    catalog_bytes: int
    stores_bytes: int
    index_bytes: int
    described_pages: int = 0
    unfit_descriptions: int = 0
    unfinished_descriptions: int = 0
    flagged_pages: int = 0
    flags: tuple[tuple[PageFlag, int], ...] = ()
    model: str | None = None
    unembedded_books: int = 0


@dataclass(frozen=True, slots=True)
class FlaggedPage:
    """A page that deserves a person's look.

    Attributes:
        file: Path of the book's file.
        n_pages: Of its book.
        flags: At least one, in the order of PageFlag.
    """

    book_id: str
    title: str
    file: str
    page_index: int
    n_pages: int
    page_type: PageType
    flags: tuple[PageFlag, ...]


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What `sync` found: paths that are newly gone, and paths that are back."""

    missing: tuple[str, ...]
    returned: tuple[str, ...]
