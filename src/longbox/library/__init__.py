"""All that Longbox keeps on disk.

A `Library` is a folder: one immutable Zarr store a book, which any worker writes with
`write_book_store`, and a catalog and vector index derived from them. Nothing heavy is imported
until it is needed: a search needs SQLite and numpy, faiss only above 8 MiB of
vectors (some 16,000 panels of 256 numbers), zarr only to read or write a store, pyarrow only to
export.
"""

from longbox.library.backup import BackupReport, backup_library
from longbox.library.backup_lists import Backup, backups_in, remove_backups
from longbox.library.chance import ChanceScores
from longbox.library.checking import check_library
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
from longbox.library.disks import network_file_system, network_note
from longbox.library.embedded import FEATURES_NAME, read_book_source
from longbox.library.findings import CheckReport, Finding, Matter, RepairReport
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
from longbox.library.parcels import (
    Parcel,
    books_on_disk,
    made_files,
    new_mark,
    pack_book,
    sha256_of,
    take_file,
    unpack_book,
)
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
from longbox.library.repairing import repair_library
from longbox.library.restoring import RestoreReport, put_back, restore_library
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
from longbox.library.typed import TypedCounts, export_typed, import_typed
from longbox.library.zarr_import import read_zarr_books

__all__ = [
    "FEATURES_NAME",
    "PAGE_FLAGS",
    "PAGE_TYPES",
    "Backup",
    "BackupReport",
    "BookBlock",
    "BookLine",
    "BookNeighbours",
    "BookPage",
    "BookSort",
    "BookSource",
    "BookStore",
    "BookSummary",
    "ChanceScores",
    "CheckReport",
    "DescribedPage",
    "DescriptionStore",
    "Facet",
    "FacetValue",
    "Facets",
    "Filters",
    "Finding",
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
    "Matter",
    "PageColumns",
    "PageFile",
    "PageSummary",
    "PanelColumns",
    "PanelRecord",
    "Parcel",
    "ProblemPage",
    "RebuildReport",
    "RepairReport",
    "RestoreReport",
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
    "TypedCounts",
    "VectorChunk",
    "WordsQuery",
    "Writing",
    "add_corrections",
    "backup_library",
    "backups_in",
    "books_on_disk",
    "check_library",
    "corrected_books",
    "description_path",
    "disagreement",
    "export_typed",
    "has_store",
    "import_typed",
    "learned_path",
    "made_files",
    "merged_spans",
    "network_file_system",
    "network_note",
    "new_mark",
    "pack_book",
    "put_back",
    "read_book_source",
    "read_book_store",
    "read_corrections",
    "read_description_store",
    "read_learned_store",
    "read_zarr_books",
    "remove_backups",
    "repair_library",
    "require_learned",
    "restore_library",
    "sha256_of",
    "store_path",
    "take_file",
    "unpack_book",
    "update_book_store",
    "write_book_store",
    "write_description_store",
    "write_learned_store",
]
