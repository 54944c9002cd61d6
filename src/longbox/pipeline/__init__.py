"""The stages in their order: a file becomes an annotated book with vectors, a shelf a library.

Only this room knows which stage follows which, and only here is one page's error caught so that
the rest of the book, and the rest of the shelf, go on.
"""

from longbox.pipeline.attention_overlay import attention_picture, draw_attention
from longbox.pipeline.books import BookStages, UnderstoodBook
from longbox.pipeline.budget import Prices
from longbox.pipeline.character_files import BookRegion, BookRegions
from longbox.pipeline.character_groups import (
    CharacterCluster,
    CharacterGroup,
    FoundRegion,
    cluster_books,
    forget_name,
    group_books,
    name_cluster,
    remember_shown,
    same_character_as,
)
from longbox.pipeline.characters import (
    LookPlan,
    LookTools,
    kept_regions,
    look_at_books,
    open_tools,
)
from longbox.pipeline.clock import StageClock
from longbox.pipeline.cluster import spread
from longbox.pipeline.corrected_pages import (
    PresentPage,
    is_taken_over,
    pages_ahead,
    present_book,
    present_page,
    words_waiting,
)
from longbox.pipeline.crops import page_pixels, panel_crop
from longbox.pipeline.describe import (
    DescribeEstimate,
    DescribePlan,
    DescribeProgress,
    DescribeReport,
    describe_library,
    estimate_descriptions,
)
from longbox.pipeline.description_vectors import description_vectors, refresh_descriptions
from longbox.pipeline.embedding import (
    EmbedProgress,
    EmbedReport,
    embed_library,
    library_model,
)
from longbox.pipeline.exporting import (
    correction_lines,
    export_books,
    export_corrections,
    find_books,
)
from longbox.pipeline.features import book_features
from longbox.pipeline.figure_detectors import figure_detector
from longbox.pipeline.importing import (
    ImportPlan,
    files_of,
    plan_import,
    withdraw_corrections,
)
from longbox.pipeline.jobs import BookResult
from longbox.pipeline.looking import measure_looks
from longbox.pipeline.overlays import contact_sheet, draw_overlay
from longbox.pipeline.pages import PageStages
from longbox.pipeline.patience import RetryPolicy
from longbox.pipeline.sheets import SHEET_SUFFIXES, SheetLayout, write_sheets
from longbox.pipeline.shelf import IndexReport, ShelfProgress, index_shelf
from longbox.pipeline.surprise import surprise_of
from longbox.pipeline.sync import SyncOutcome, sync_library

__all__ = [
    "SHEET_SUFFIXES",
    "BookRegion",
    "BookRegions",
    "BookResult",
    "BookStages",
    "CharacterCluster",
    "CharacterGroup",
    "DescribeEstimate",
    "DescribePlan",
    "DescribeProgress",
    "DescribeReport",
    "EmbedProgress",
    "EmbedReport",
    "FoundRegion",
    "ImportPlan",
    "IndexReport",
    "LookPlan",
    "LookTools",
    "PageStages",
    "PresentPage",
    "Prices",
    "RetryPolicy",
    "SheetLayout",
    "ShelfProgress",
    "StageClock",
    "SyncOutcome",
    "UnderstoodBook",
    "attention_picture",
    "book_features",
    "cluster_books",
    "contact_sheet",
    "correction_lines",
    "describe_library",
    "description_vectors",
    "draw_attention",
    "draw_overlay",
    "embed_library",
    "estimate_descriptions",
    "export_books",
    "export_corrections",
    "figure_detector",
    "files_of",
    "find_books",
    "forget_name",
    "group_books",
    "index_shelf",
    "is_taken_over",
    "kept_regions",
    "library_model",
    "look_at_books",
    "measure_looks",
    "name_cluster",
    "open_tools",
    "page_pixels",
    "pages_ahead",
    "panel_crop",
    "plan_import",
    "present_book",
    "present_page",
    "refresh_descriptions",
    "remember_shown",
    "same_character_as",
    "spread",
    "surprise_of",
    "sync_library",
    "withdraw_corrections",
    "words_waiting",
    "write_sheets",
]
