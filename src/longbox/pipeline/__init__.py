"""The stages in their order: a file becomes an annotated book with vectors, a shelf a library.

Only this room knows which stage follows which, and only here is one page's error caught so that
the rest of the book, and the rest of the shelf, go on.
"""

from longbox.pipeline.books import BookStages, UnderstoodBook
from longbox.pipeline.clock import StageClock
from longbox.pipeline.crops import page_pixels, panel_crop
from longbox.pipeline.jobs import BookResult
from longbox.pipeline.pages import PageStages
from longbox.pipeline.shelf import IndexReport, ShelfProgress, index_shelf
from longbox.pipeline.sync import SyncOutcome, sync_library

__all__ = [
    "BookResult",
    "BookStages",
    "IndexReport",
    "PageStages",
    "ShelfProgress",
    "StageClock",
    "SyncOutcome",
    "UnderstoodBook",
    "index_shelf",
    "page_pixels",
    "panel_crop",
    "sync_library",
]
