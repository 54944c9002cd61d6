"""The values that the library takes and gives.

Rows are the library's own short names for panels: a whole number that is never given twice, so a
row that went away answers nothing instead of another panel. Rows differ between two libraries of
the same books; panel ids do not.

Scores grow with likeness: cosine similarity; 1 / (1 + distance) in Euclidean spaces; BM25 for
words; the share of a panel's lettering that a substring covers. They compare within a space only.
"""

from __future__ import annotations

from dataclasses import dataclass

from longbox.book import (
    AnnotatedBook,
    Direction,
    FileStamp,
    PageType,
    PanelId,
    Problem,
)
from longbox.geometry import Box
from longbox.vectors import PanelVectors, Space


@dataclass(frozen=True, slots=True, eq=False)
class BookStore:
    """What one store holds: a book, its vectors, and the recipe they were made by."""

    annotated: AnnotatedBook
    vectors: tuple[PanelVectors, ...]
    recipe: str


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
class PanelRecord:
    """All that a hit needs to know of a panel.

    Attributes:
        file: Path of the book's file; of several copies the alphabetically first that is there.
        text: The panel's own lettering, one region a line.
        language: The book's, or else its lettering's.
        picture_hash: The page's perceptual hash as 16 hex digits.
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


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What `sync` found: paths that are newly gone, and paths that are back."""

    missing: tuple[str, ...]
    returned: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Correction:
    """Something a person typed to put a book right; never derived, kept by a rebuild.

    Attributes:
        page_index: From 0, or None when the book is meant.
        panel: Panel order, or None when the page is meant.
        field: What is corrected ("title", "panels", "text", ...).
        value: The new value as JSON.
        made_at: ISO 8601 time.
    """

    book_id: str
    page_index: int | None
    panel: int | None
    field: str
    value: str
    made_at: str
