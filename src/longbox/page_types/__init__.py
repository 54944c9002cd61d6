"""Stage 2, page stream segmentation: what each page is to its book."""

from longbox.page_types.comicinfo import from_comicinfo, to_comicinfo
from longbox.page_types.rules import label_page

__all__ = ["from_comicinfo", "label_page", "to_comicinfo"]
