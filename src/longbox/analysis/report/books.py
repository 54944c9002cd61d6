"""One row a book: its tempo in numbers, and which book is most like it.

A book is the mean of its units' vectors, centred on the mean of all books' means (every book counts
the same, however long). Likeness is the cosine of two such means. Which book is nearest is a fact
about these vectors; whether it is nearer than chance would bring is what concepts test
(`longbox.analysis.concepts`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from longbox.analysis.report.columns import BOOK_COLUMNS
from longbox.analysis.report.tables import shelf
from longbox.analysis.report.values import BookTable
from longbox.analysis.units import Units, work_of
from longbox.library import Library
from longbox.vectors import Space

FEWEST: Final = 3
_STORY: Final = ("story", "splash")
_CHUNK: Final = 1_024


@dataclass(frozen=True, slots=True, eq=False)
class BookMeans:
    """The mean vectors of books that have units enough.

    Attributes:
        space: Whose vectors.
        book_ids, titles, works: One a book.
        means: Centred and of unit length, float32 (B, D).
    """

    space: Space
    book_ids: tuple[str, ...]
    titles: tuple[str, ...]
    works: tuple[str, ...]
    means: NDArray[np.float32]


def book_means(units: Units) -> BookMeans:
    """Return the mean of each book with three units or more.

    Args:
        units: With their vectors, of a space that is compared by cosine.
    """
    from longbox.vectors import unit

    counts = np.bincount(units.book, minlength=len(units.books))
    kept = np.flatnonzero(counts >= FEWEST)
    sums = np.zeros((len(units.books), units.vectors.shape[1]))
    np.add.at(sums, units.book, units.vectors)
    means = sums[kept] / counts[kept, None]
    if kept.size:
        means = means - means.mean(axis=0)
    lines = [units.books[at] for at in kept.tolist()]
    return BookMeans(
        units.space,
        tuple(line.book_id for line in lines),
        tuple(line.title for line in lines),
        tuple(work_of(line) for line in lines),
        unit(means.astype(np.float32)),
    )


def book_table(library: Library, pages: pl.DataFrame, means: BookMeans | None) -> BookTable:
    """Return one row a book, as the shelf lists them.

    Args:
        library: Open.
        pages: Measures of all pages.
        means: For the most alike book; None where there are no vectors to tell by.
    """
    books = [*shelf(library)]
    frame = pl.DataFrame(
        {
            "book_id": [book.book_id for book in books],
            "title": [book.title for book in books],
            "series": pl.Series([book.series for book in books], dtype=pl.String),
            "year": pl.Series([book.year for book in books], dtype=pl.Int32),
            "language": pl.Series([book.language for book in books], dtype=pl.String),
            "direction": [book.direction.value for book in books],
            "n_pages": pl.Series([book.n_pages for book in books], dtype=pl.Int32),
            "n_panels": pl.Series([book.n_panels for book in books], dtype=pl.Int32),
        },
        schema_overrides={"book_id": pl.String, "title": pl.String, "direction": pl.String},
    )
    frame = frame.join(_tempo(pages), on="book_id", how="left", maintain_order="left")
    frame = frame.join(_alike(means), on="book_id", how="left", maintain_order="left")
    ordered = frame.select([column.name for column in BOOK_COLUMNS])
    return BookTable(ordered, means.space if means else None, FEWEST)


def _tempo(pages: pl.DataFrame) -> pl.DataFrame:
    """Return numbers of the story pages of every book; of all pages where it has no such."""
    is_story = pl.col("page_type").is_in(_STORY)
    wanted = pages.filter(is_story | ~is_story.any().over("book_id"))
    return wanted.group_by("book_id").agg(
        n_story_pages=pl.len().cast(pl.Int32),
        panels_a_page=pl.col("n_panels").median(),
        characters_a_panel=(pl.col("n_characters") / pl.col("n_panels")).median(),
        one_panel_pages=(pl.col("n_panels") == 1).mean(),
        wordless_pages=(pl.col("n_characters") == 0).mean(),
        area_spread=pl.col("panel_area_spread").median(),
        brightness=pl.col("brightness").median(),
        saturation=pl.col("saturation").median(),
    )


def _alike(means: BookMeans | None) -> pl.DataFrame:
    schema: dict[str, Any] = {
        "book_id": pl.String,
        "most_alike": pl.String,
        "most_alike_id": pl.String,
        "likeness": pl.Float32,
        "most_alike_elsewhere": pl.String,
        "most_alike_elsewhere_id": pl.String,
        "likeness_elsewhere": pl.Float32,
    }
    rows: list[tuple[Any, ...]] = []
    if means is None or len(means.book_ids) < 2:
        return pl.DataFrame(rows, schema=schema, orient="row")
    _, work = np.unique(means.works, return_inverse=True)
    for start in range(0, len(means.means), _CHUNK):
        own = np.arange(start, min(start + _CHUNK, len(means.means)))
        cosines = means.means[own] @ means.means.T  # (n, B)
        cosines[np.arange(own.size), own] = -np.inf
        nearest = cosines.argmax(axis=1)
        elsewhere = np.where(work[own][:, None] == work[None], -np.inf, cosines)
        further = elsewhere.argmax(axis=1)
        for at, book in enumerate(own.tolist()):
            near, far = int(nearest[at]), int(further[at])
            has_far = np.isfinite(elsewhere[at, far])
            rows.append((
                means.book_ids[book],
                means.titles[near], means.book_ids[near], float(cosines[at, near]),
                means.titles[far] if has_far else None,
                means.book_ids[far] if has_far else None,
                float(elsewhere[at, far]) if has_far else None,
            ))  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")
