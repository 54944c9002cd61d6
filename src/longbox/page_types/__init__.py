"""Stage 2, page stream segmentation: what each page is to its book, and what is odd about it.

`look_at` measures a page while its pixels are there; `label_book` labels all pages of a book at
once (declared types, else the sequence model, else rules); `flag_pages` lists what a person should
see, `left_out_of_training` what models should not.
"""

from longbox.page_types.advice import FLAG_ADVICE
from longbox.page_types.comicinfo import from_comicinfo, to_comicinfo
from longbox.page_types.features import (
    LAYOUT_FEATURES,
    SEEN_FEATURES,
    WRITTEN_FEATURES,
    BookFeatures,
    PageRows,
    PageVectors,
    book_features,
    layout_row,
    page_rows,
)
from longbox.page_types.flags import flag_pages, left_out_of_training
from longbox.page_types.labeller import BookSight, label_book
from longbox.page_types.look import look_at, look_row
from longbox.page_types.options import PageTypeOptions
from longbox.page_types.rules import label_page
from longbox.page_types.sequence import SequenceModel

__all__ = [
    "FLAG_ADVICE",
    "LAYOUT_FEATURES",
    "SEEN_FEATURES",
    "WRITTEN_FEATURES",
    "BookFeatures",
    "BookSight",
    "PageRows",
    "PageTypeOptions",
    "PageVectors",
    "SequenceModel",
    "book_features",
    "flag_pages",
    "from_comicinfo",
    "label_book",
    "label_page",
    "layout_row",
    "left_out_of_training",
    "look_at",
    "look_row",
    "page_rows",
    "to_comicinfo",
]
