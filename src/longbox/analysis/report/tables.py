"""The tables of the report: a row a page and a row a panel, as Parquet and CSV.

Written some thousand pages at a time, book after book as the shelf lists them, so memory does not
grow with the library. Every page of every book that is there has a row, pages without panels too
(their measures are empty); a unit that was not looked at, or has no vector, has no cluster.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from longbox.analysis.measures import page_measures, panel_measures
from longbox.analysis.report.columns import table_columns
from longbox.analysis.report.spreadsheet import CsvFile
from longbox.analysis.report.values import SpaceStudy
from longbox.analysis.units import Tell, Unit
from longbox.book import PanelId
from longbox.library import BookSummary, Library, PageSummary

_CHUNK_PAGES: Final = 4_000
_BOOKS_AT_ONCE: Final = 500
PAGES, PANELS, BOOKS = "pages", "panels", "books"
_FLAG_COLUMNS: Final = {
    "landscape": "is_landscape",
    "prose": "is_prose",
    "watermark": "has_watermark",
    "near_blank": "is_near_blank",
    "duplicate": "is_duplicate",
    "not_comic_book": "is_not_comic_book",
}


@dataclass(frozen=True, slots=True)
class Counted:
    """Rows that were written."""

    n_pages: int
    n_panels: int


class TableFiles:
    """One table in its two files."""

    def __init__(self, folder: Path, name: str) -> None:
        self._parquet_path = folder / f"{name}.parquet"
        self._parquet: Any = None
        self._csv = CsvFile(folder / f"{name}.csv")
        self.n = 0

    def add(self, frame: pl.DataFrame) -> None:
        """Write the rows of a frame; the first says what the columns are."""
        from pyarrow.parquet import ParquetWriter

        arrow = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        if self._parquet is None:
            self._parquet = ParquetWriter(self._parquet_path, arrow.schema, compression="zstd")
        self._parquet.write_table(arrow.cast(self._parquet.schema))
        self._csv.add(frame)
        self.n += frame.height

    def close(self) -> None:
        """Close both files."""
        self._csv.close()
        if self._parquet is not None:
            self._parquet.close()


def write_tables(
    library: Library, studies: Sequence[SpaceStudy], folder: Path, tell: Tell
) -> Counted:
    """Write both tables.

    Args:
        library: Open.
        studies: Of the spaces, for clusters and maps.
        folder: Where the files go.
        tell: Called with "tables", the pages written and how many there are.

    Raises:
        LibraryError: The library cannot be read.
    """
    n_all = library.status().pages
    joined = {of: _joined(studies, of) for of in Unit}
    order = {of: [one.name for one in table_columns(studies, of)] for of in Unit}
    pages, panels = TableFiles(folder, PAGES), TableFiles(folder, PANELS)
    try:
        for books in _chunks(library):
            of_pages, of_panels = _frames(library, books)
            pages.add(_finished(of_pages, joined[Unit.PAGES], order[Unit.PAGES]))
            panels.add(_finished(of_panels, joined[Unit.PANELS], order[Unit.PANELS]))
            tell("tables", min(pages.n, n_all), n_all)
        if pages.n == 0:
            for files, of in ((pages, Unit.PAGES), (panels, Unit.PANELS)):
                files.add(pl.DataFrame(schema=dict.fromkeys(order[of], pl.String)))
    finally:
        pages.close()
        panels.close()
    return Counted(pages.n, panels.n)


_BookPages = tuple[BookSummary, tuple[PageSummary, ...]]


def shelf(library: Library) -> Iterator[BookSummary]:
    """Yield every book whose file is there, as the shelf lists them."""
    offset = 0
    while True:
        found = library.books(limit=_BOOKS_AT_ONCE, offset=offset)
        yield from (book for book in found.books if not book.is_missing)
        offset += len(found.books)
        if not found.books or offset >= found.total:
            return


def _chunks(library: Library) -> Iterator[list[_BookPages]]:
    """Yield books with their pages, some thousand pages at a time."""
    waiting: list[_BookPages] = []
    n = 0
    for book in shelf(library):
        pages = library.pages_of(book.book_id)
        waiting.append((book, pages))
        n += len(pages)
        if n >= _CHUNK_PAGES:
            yield waiting
            waiting, n = [], 0
    if waiting:
        yield waiting


def _frames(library: Library, books: list[_BookPages]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return what is known of all pages and panels of some books, without clusters."""
    said = _said_of_pages(books)
    rows = said["row"].drop_nulls().to_numpy()
    own = _rows_of_panels(books)
    measured = pl.DataFrame({"row": own}).join(
        panel_measures(library, own), on="row", how="inner", maintain_order="left"
    )
    panels = _panels(library, measured)
    known = page_measures(library, rows).drop(
        [name for name in said.columns if name not in ("row", "place_in_book")], strict=False
    )
    of_text = _text_of_pages(panels)
    pages = said.join(known.drop("place_in_book"), on="row", how="left", maintain_order="left")
    pages = pages.join(of_text, on=["book_id", "page"], how="left", maintain_order="left")
    labels = said.select("book_id", "page", "label_confidence", "label_source")
    panels = panels.join(labels, on=["book_id", "page"], how="left", maintain_order="left")
    first = panels.select("book_id", "page", page_row=pl.col("row") - pl.col("panel") + 1)
    return pages, panels.with_columns(first["page_row"])


def _rows_of_panels(books: list[_BookPages]) -> np.ndarray:
    ranges = [
        np.arange(page.first_row, page.first_row + page.n_panels)
        for _, pages in books
        for page in pages
        if page.n_panels
    ]
    return np.concatenate([np.empty(0, np.int64), *ranges]).astype(np.int64)


def _said_of_pages(books: list[_BookPages]) -> pl.DataFrame:
    """Return what the catalog says of pages, in the order of the shelf; row null without panels."""
    columns: dict[str, list[Any]] = {name: [] for name in _SAID}
    for book, pages in books:
        last = max(1, len(pages) - 1)
        for page in pages:
            flags = {flag.value for flag in page.flags}
            values = {
                "row": page.first_row if page.n_panels else None,
                "book_id": book.book_id,
                "title": book.title,
                "series": book.series,
                "year": book.year,
                "language": book.language,
                "direction": book.direction.value,
                "page": page.page_index + 1,
                "page_type": page.label.page_type.value,
                "label_confidence": page.label.confidence,
                "label_source": page.label.source,
                "is_spread": page.is_spread,
                "place_in_book": page.page_index / last,
                **{column: flag in flags for flag, column in _FLAG_COLUMNS.items()},
            }
            for name, own in columns.items():
                own.append(values[name])
    return pl.DataFrame(columns, schema=_SAID)


_SAID: Final[dict[str, Any]] = {
    "row": pl.Int64,
    "book_id": pl.String,
    "title": pl.String,
    "series": pl.String,
    "year": pl.Int32,
    "language": pl.String,
    "direction": pl.String,
    "page": pl.Int32,
    "page_type": pl.String,
    "label_confidence": pl.Float32,
    "label_source": pl.String,
    "is_spread": pl.Boolean,
    "place_in_book": pl.Float64,
    **dict.fromkeys(_FLAG_COLUMNS.values(), pl.Boolean),
}


def _panels(library: Library, frame: pl.DataFrame) -> pl.DataFrame:
    """Add to panels their ids, places from 1, words and how surely these were read."""
    records = {one.row: one for one in library.panel_records(frame["row"].to_list())}
    found = [records.get(row) for row in frame["row"].to_list()]
    ids = [
        str(PanelId(book_id, page, panel))
        for book_id, page, panel in frame.select("book_id", "page_index", "panel").iter_rows()
    ]
    return frame.with_columns(
        pl.Series("panel_id", ids, dtype=pl.String),
        pl.Series("n_words", [len(r.text.split()) if r else None for r in found], dtype=pl.Int32),
        pl.Series(
            "lettering_confidence",
            [r.text_confidence if r else None for r in found],
            dtype=pl.Float32,
        ),
        page=(pl.col("page_index") + 1).cast(pl.Int32),
        panel=(pl.col("panel") + 1).cast(pl.Int32),
    )


def _text_of_pages(panels: pl.DataFrame) -> pl.DataFrame:
    """Add up words by page; confidence is the mean of panels, by their characters."""
    weight = pl.col("n_characters").filter(pl.col("lettering_confidence").is_not_null())
    sure = (pl.col("n_characters") * pl.col("lettering_confidence")).sum()
    return panels.group_by("book_id", "page").agg(
        n_words=pl.col("n_words").sum(),
        lettering_confidence=pl.when(weight.sum() > 0)
        .then(sure / weight.sum())
        .otherwise(None)
        .cast(pl.Float32),
    )


def _joined(studies: Sequence[SpaceStudy], of: Unit) -> list[tuple[str, pl.DataFrame]]:
    """Return for each study what is joined to the table, and by which column."""
    found = []
    for study in studies:
        if study.unit is of:
            found.append(("row", _own_clusters(study)))
        elif of is Unit.PANELS:
            own = _own_clusters(study)
            space = study.space.value
            kept = own.select(
                pl.col("row").alias("page_row"),
                pl.col(f"{space}_cluster").alias(f"page_{space}_cluster"),
                pl.col(f"{space}_cluster_name").alias(f"page_{space}_cluster_name"),
            )
            found.append(("page_row", kept))
    return found


def _own_clusters(study: SpaceStudy) -> pl.DataFrame:
    space, clusters = study.space.value, study.clusters
    names = pl.Series([one.name for one in study.portraits], dtype=pl.String)
    archetypes = pl.Series([one.archetype for one in study.portraits], dtype=pl.String)
    numbers = pl.Series(clusters.labels.astype(np.int32))
    known = pl.Series(np.where(clusters.labels >= 0, clusters.labels, 0)).cast(pl.UInt32)
    is_in = numbers >= 0
    empty = pl.Series([None] * len(numbers), dtype=pl.String)
    frame = pl.DataFrame(
        {
            "row": clusters.rows,
            f"{space}_cluster": numbers + 1,
            f"{space}_cluster_name": names.gather(known) if len(names) else empty,
            f"{space}_archetype": archetypes.gather(known) if len(names) else empty,
            f"{space}_inside": clusters.edge,
            f"{space}_x": study.places.xy[:, 0],
            f"{space}_y": study.places.xy[:, 1],
        }
    )
    named = [f"{space}_{what}" for what in ("cluster", "cluster_name", "archetype")]
    return frame.with_columns(
        pl.col(pl.Float32).fill_nan(None),
        *(pl.when(is_in).then(pl.col(name)).otherwise(None).alias(name) for name in named),
    )


def _finished(
    frame: pl.DataFrame, joined: Sequence[tuple[str, pl.DataFrame]], order: Sequence[str]
) -> pl.DataFrame:
    """Add clusters, and put the columns in order."""
    for by, other in joined:
        frame = frame.join(other, on=by, how="left", maintain_order="left")
    return frame.select(order)
