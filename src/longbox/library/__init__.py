"""All that Longbox keeps on disk.

A `Library` is a folder: one immutable Zarr store a book, which any worker writes with
`write_book_store`, and a catalog and vector index derived from them. Nothing heavy is imported
until it is needed: a search needs SQLite and numpy, faiss only above 8 MiB of
vectors (some 16,000 panels of 256 numbers), zarr only to read or write a store, pyarrow only to
export.
"""

from longbox.library.chance import ChanceScores
from longbox.library.columns import (
    PAGE_FLAGS,
    PAGE_TYPES,
    BookBlock,
    BookLine,
    PanelColumns,
    VectorChunk,
)
from longbox.library.corrections import (
    add_corrections,
    corrected_books,
    read_corrections,
)
from longbox.library.description_stores import (
    description_path,
    read_description_store,
    write_description_store,
)
from longbox.library.embedded import FEATURES_NAME
from longbox.library.kept import KeptAnswers, LastAnswers
from longbox.library.learned_stores import (
    learned_path,
    read_learned_store,
    require_learned,
    write_learned_store,
)
from longbox.library.library import Library
from longbox.library.marking import MarkedText, Span, merged_spans
from longbox.library.measured import PageColumns
from longbox.library.rebuilding import RebuildReport
from longbox.library.records import (
    BookSource,
    BookStore,
    DescribedPage,
    DescriptionStore,
    Filters,
    FlaggedPage,
    KnownFile,
    LearnedStore,
    LibraryStatus,
    MadeFrom,
    PageFile,
    PanelRecord,
    ScoredPage,
    ScoredPanel,
    SpaceStatus,
    SyncReport,
    WordsQuery,
    Writing,
)
from longbox.library.review_reasons import ReviewReason, disagreement
from longbox.library.reviewing import ReviewCounts, ReviewItem, ReviewQueue
from longbox.library.shelf_records import (
    BookNeighbours,
    BookPage,
    BookSort,
    BookSummary,
    Facet,
    Facets,
    FacetValue,
    KnownProblem,
    PageSummary,
    ProblemPage,
    SavedSearch,
)
from longbox.library.store_update import update_book_store
from longbox.library.stores import (
    has_store,
    read_book_store,
    store_path,
    write_book_store,
)
from longbox.library.zarr_import import read_zarr_books

__all__ = [
    "FEATURES_NAME",
    "PAGE_FLAGS",
    "PAGE_TYPES",
    "BookBlock",
    "BookLine",
    "BookNeighbours",
    "BookPage",
    "BookSort",
    "BookSource",
    "BookStore",
    "BookSummary",
    "ChanceScores",
    "DescribedPage",
    "DescriptionStore",
    "Facet",
    "FacetValue",
    "Facets",
    "Filters",
    "FlaggedPage",
    "KeptAnswers",
    "KnownFile",
    "KnownProblem",
    "LastAnswers",
    "LearnedStore",
    "Library",
    "LibraryStatus",
    "MadeFrom",
    "MarkedText",
    "PageColumns",
    "PageFile",
    "PageSummary",
    "PanelColumns",
    "PanelRecord",
    "ProblemPage",
    "RebuildReport",
    "ReviewCounts",
    "ReviewItem",
    "ReviewQueue",
    "ReviewReason",
    "SavedSearch",
    "ScoredPage",
    "ScoredPanel",
    "SpaceStatus",
    "Span",
    "SyncReport",
    "VectorChunk",
    "WordsQuery",
    "Writing",
    "add_corrections",
    "corrected_books",
    "description_path",
    "disagreement",
    "has_store",
    "learned_path",
    "merged_spans",
    "read_book_store",
    "read_corrections",
    "read_description_store",
    "read_learned_store",
    "read_zarr_books",
    "require_learned",
    "store_path",
    "update_book_store",
    "write_book_store",
    "write_description_store",
    "write_learned_store",
]
