"""The stages in their order: a file becomes an annotated book with vectors, a shelf a library.

Only this room knows which stage follows which, and only here is one page's error caught so that
the rest of the book, and the rest of the shelf, go on.
"""

from longbox.pipeline.books import BookStages, UnderstoodBook
from longbox.pipeline.budget import Prices
from longbox.pipeline.clock import StageClock
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
from longbox.pipeline.exporting import export_books, export_corrections, find_books
from longbox.pipeline.importing import (
    ImportPlan,
    files_of,
    plan_import,
    withdraw_corrections,
)
from longbox.pipeline.jobs import BookResult
from longbox.pipeline.overlays import contact_sheet, draw_overlay
from longbox.pipeline.pages import PageStages
from longbox.pipeline.patience import RetryPolicy
from longbox.pipeline.sheets import SHEET_SUFFIXES, SheetLayout, write_sheets
from longbox.pipeline.shelf import IndexReport, ShelfProgress, index_shelf
from longbox.pipeline.sync import SyncOutcome, sync_library

__all__ = [
    "SHEET_SUFFIXES",
    "BookResult",
    "BookStages",
    "DescribeEstimate",
    "DescribePlan",
    "DescribeProgress",
    "DescribeReport",
    "ImportPlan",
    "IndexReport",
    "PageStages",
    "Prices",
    "RetryPolicy",
    "SheetLayout",
    "ShelfProgress",
    "StageClock",
    "SyncOutcome",
    "UnderstoodBook",
    "contact_sheet",
    "describe_library",
    "description_vectors",
    "draw_overlay",
    "estimate_descriptions",
    "export_books",
    "export_corrections",
    "files_of",
    "find_books",
    "index_shelf",
    "page_pixels",
    "panel_crop",
    "plan_import",
    "refresh_descriptions",
    "sync_library",
    "withdraw_corrections",
    "write_sheets",
]
