"""What a person (or a file that people made) says about a book, against what the stages saw.

A correction is stored as such and never overwritten by a later run: the pipeline applies the
latest one of each field on top of what the stages find. Values are JSON text, so that a
correction survives any change of our own types.

    field        page   value
    panels       yes    [{"box": [x0, y0, x1, y1], "polygon": [[x, y], ...] or null}, ...]
                        in reading order, page pixels
    texts        yes    [{"box": [...], "text": "...", "kind": "dialogue", "panel": 0 or null}, ...]
                        in reading order
    page_type    yes    "cover"
    direction    no     "rtl"
    language     no     "ja"
    title        no     "..."
    series       no     "..."
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CorrectedField(StrEnum):
    """What can be corrected."""

    PANELS = "panels"
    TEXTS = "texts"
    PAGE_TYPE = "page_type"
    DIRECTION = "direction"
    LANGUAGE = "language"
    TITLE = "title"
    SERIES = "series"

    @property
    def is_of_page(self) -> bool:
        """Whether it is said of one page and not of the book."""
        return self in (CorrectedField.PANELS, CorrectedField.TEXTS, CorrectedField.PAGE_TYPE)


@dataclass(frozen=True, slots=True)
class Correction:
    """One thing put right.

    Attributes:
        book_id: The book: a hash of its pages, so a page index means the same page for ever.
        page_index: From 0, or None when the book is meant.
        field: What is corrected.
        value: The new value as JSON, of the shape that the table above gives.
        made_at: ISO 8601 time; of two corrections of one field the later one counts.
        origin: Who said so: "person", or the sidecar it was imported from ("mokuro: book.mokuro").
    """

    book_id: str
    page_index: int | None
    field: CorrectedField
    value: str
    made_at: str
    origin: str = "person"
