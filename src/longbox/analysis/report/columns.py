"""The columns of the report's tables, each with what it means: tables and documentation agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from longbox.analysis.measures import PAGE_NUMBERS, PANEL_NUMBERS
from longbox.analysis.report.values import SpaceStudy
from longbox.analysis.units import Unit


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table, and what it means."""

    name: str
    words: str


_FLAGS: Final = (
    Column("is_spread", "two facing pages in one picture"),
    Column("is_landscape", "flag: wider than high"),
    Column("is_prose", "flag: running text"),
    Column("has_watermark", "flag: a mark that was laid over the page"),
    Column("is_near_blank", "flag: next to nothing on it"),
    Column("is_duplicate", "flag: the page occurs before"),
    Column("is_not_comic_book", "flag: the book is perhaps no comic"),
)
_OF_BOOK: Final = (
    Column("book_id", "16 hex digits, made from the pages; the same in every library"),
    Column("title", "of the book"),
    Column("series", "of the book; empty where none is known"),
    Column("year", "of the book"),
    Column("language", "ISO 639-1, of the book or else of its lettering"),
    Column("direction", "ltr, rtl or ttb"),
    Column("page", "number of the page, from 1"),
)
_OF_PAGE: Final = (
    Column("page_type", "cover, story, splash ..."),
    Column("label_confidence", "how sure the page type is, 0 to 1"),
    Column("label_source", "what decided the page type; a person counts as correction"),
    *_FLAGS,
)
_TEXT: Final = (
    Column(
        "n_words",
        "stretches of lettering between white space; says nothing of scripts that use none",
    ),
    Column("lettering_confidence", "how surely the lettering was read, 0 to 1; empty without any"),
)

PAGE_COLUMNS: Final = (
    *_OF_BOOK,
    *_OF_PAGE,
    *(Column(one.name, one.words) for one in PAGE_NUMBERS),
    *_TEXT,
)
PANEL_COLUMNS: Final = (
    Column("panel_id", "book id, page index from 0 and order from 0: the library's own name"),
    *_OF_BOOK,
    Column("panel", "place in the page's reading order, from 1"),
    *_OF_PAGE,
    *(Column(one.name, one.words) for one in PANEL_NUMBERS),
    *_TEXT,
)
BOOK_COLUMNS: Final = (
    *_OF_BOOK[:-1],
    Column("n_pages", "pages"),
    Column("n_panels", "panels"),
    Column("n_story_pages", "pages that the numbers below are of: story and splash pages"),
    Column("panels_a_page", "median"),
    Column("characters_a_panel", "median of pages: characters of lettering over panels"),
    Column("one_panel_pages", "share of pages with one panel"),
    Column("wordless_pages", "share of pages without lettering"),
    Column("area_spread", "median spread of panel areas on a page, standard deviation over mean"),
    Column("brightness", "median of pages, 0 to 1"),
    Column("saturation", "median of pages, 0 to 1"),
    Column("most_alike", "title of the book whose mean vector is nearest"),
    Column("most_alike_id", "its id"),
    Column("likeness", "cosine of the two mean vectors, centred on the shelf's mean"),
    Column("most_alike_elsewhere", "the same among books of other works (series)"),
    Column("most_alike_elsewhere_id", "its id"),
    Column("likeness_elsewhere", "its cosine"),
)


def cluster_columns(study: SpaceStudy, of: Unit) -> tuple[Column, ...]:
    """Return the columns that a study adds to the table of pages or of panels."""
    space = study.space.value
    if study.unit is not of:
        if of is Unit.PAGES:
            return ()
        return (
            Column(f"page_{space}_cluster", f"cluster of its page by {space}, from 1"),
            Column(f"page_{space}_cluster_name", "and its name"),
        )
    return (
        Column(f"{space}_cluster", f"cluster by {space}, from 1; empty for none or no vector"),
        Column(f"{space}_cluster_name", "its name in the report"),
        Column(f"{space}_archetype", "the archetype that names it; empty where none fits"),
        Column(f"{space}_inside", "how far inside its cluster: 0 at the edge, 1 at the centre"),
        Column(f"{space}_x", "on the map, -1 to 1, from left to right"),
        Column(f"{space}_y", "on the map, -1 to 1, from bottom to top"),
    )


def table_columns(studies: Sequence[SpaceStudy], of: Unit) -> tuple[Column, ...]:
    """Return all columns of the table of pages or of panels, in order."""
    own = PAGE_COLUMNS if of is Unit.PAGES else PANEL_COLUMNS
    return (*own, *(column for study in studies for column in cluster_columns(study, of)))
