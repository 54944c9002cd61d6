"""Measures as frames: a row a page or a panel, aligned with the vectors of `Units` by row.

Characters are counted without white space. Areas and places are shares of the page. What is not
known is null: a look that was not measured, the regularity of a page with one panel.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from longbox.analysis.measures.layout import layout_of_pages
from longbox.analysis.units import Unit, Units, work_of
from longbox.book import LOOK_FEATURES, PageFlag, TextKind
from longbox.errors import QueryError
from longbox.library import PAGE_FLAGS, PAGE_TYPES, Library, PageColumns

_FLAGS: Final = {
    PageFlag.LANDSCAPE: "is_landscape",
    PageFlag.PROSE: "is_prose",
    PageFlag.WATERMARK: "has_watermark",
    PageFlag.NEAR_BLANK: "is_near_blank",
    PageFlag.DUPLICATE: "is_duplicate",
    PageFlag.NOT_COMIC_BOOK: "is_not_comic_book",
}
_BLEED: Final = 0.01  # of the page, as in the composition vector
_SHARES: Final = ("center_x", "center_y", "panel_width", "panel_height", "area_share")


def page_measures(library: Library, rows: NDArray[np.int64] | None = None) -> pl.DataFrame:
    """Return what is known of pages, a row each.

    Args:
        library: Open.
        rows: Of the first panels of the wanted pages; every page that has panels when None. Pages
            that are gone are left out.

    Returns:
        Columns `row`, what the book says of itself, the categories of `CATEGORIES` and the numbers
        of `PAGE_NUMBERS`, by rising row.
    """
    found = library.page_columns(rows)
    counts = _per_page(found.characters, found.n_panels)  # (P, 5)
    lettered = _per_page((found.characters.sum(axis=1) > 0)[:, None], found.n_panels)[:, 0]
    looks = {name: found.looks[:, at] for at, name in enumerate(LOOK_FEATURES)}
    columns: dict[str, Any] = {
        "row": found.first_rows,
        **_of_book(found),
        **_kinds(found),
        **layout_of_pages(found.boxes, found.n_panels, found.size),
        **_lettering(counts),
        "lettered_panels": lettered / np.maximum(found.n_panels, 1),
        **looks,
    }
    return _frame(columns)


def panel_measures(library: Library, rows: NDArray[np.int64] | None = None) -> pl.DataFrame:
    """Return what is known of panels, a row each.

    Args:
        library: Open.
        rows: Of the wanted panels; every panel when None. Panels that are gone are left out.

    Returns:
        Columns `row`, what the book says of itself, the categories of `CATEGORIES` and the numbers
        of `PANEL_NUMBERS`, by rising row.
    """
    starts = None if rows is None else _page_starts(library, rows)
    found = library.page_columns(starts)
    page = np.repeat(np.arange(found.n_panels.size), found.n_panels)
    firsts = np.concatenate([[0], np.cumsum(found.n_panels)[:-1]])[: found.n_panels.size]
    panel = np.arange(page.size) - firsts[page]
    columns: dict[str, Any] = {
        "row": found.first_rows[page] + panel,
        "panel": panel.astype(np.int32),
        **{name: values[page] for name, values in _of_book(found).items()},
        **{name: values[page] for name, values in _kinds(found).items()},
        **_places(found, page),
        "place_on_page": panel / np.maximum(found.n_panels[page] - 1, 1),
        "n_panels": found.n_panels[page].astype(np.float64),
        **_lettering(found.characters),
        **{f"page_{name}": found.looks[page, at] for at, name in enumerate(LOOK_FEATURES)},
    }
    frame = _frame(columns)
    if rows is None:
        return frame
    return frame.filter(pl.Series(np.isin(columns["row"], rows)))


def units_measures(library: Library, units: Units) -> pl.DataFrame:
    """Return the measures of exactly these units, in their order.

    Raises:
        QueryError: Some went away since their vectors were read; read them again.
    """
    measured = page_measures if units.unit is Unit.PAGES else panel_measures
    frame = measured(library, units.rows)
    if not np.array_equal(frame["row"].to_numpy(), units.rows):
        raise QueryError("the library changed while it was looked at; ask again")
    return frame


def _page_starts(library: Library, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    starts = library.page_starts()
    if not starts.size or not rows.size:
        return np.empty(0, dtype=np.int64)
    at = np.searchsorted(starts, np.unique(rows), side="right") - 1
    return np.unique(starts[at[at >= 0]])


def _frame(columns: dict[str, Any]) -> pl.DataFrame:
    frame = pl.DataFrame(columns)
    return frame.with_columns(pl.col(pl.Float64, pl.Float32).fill_nan(None))


def _of_book(found: PageColumns) -> dict[str, Any]:
    """Return what a page's book says of itself, by column."""

    def told(values: list[Any], kind: type[pl.DataType] = pl.String) -> pl.Series:
        return pl.Series(values, dtype=kind)[found.book]

    last = np.maximum(found.n_book_pages - 1, 1)[found.book]
    return {
        "book_id": told([line.book_id for line in found.books]),
        "title": told([line.title for line in found.books]),
        "series": told([line.series for line in found.books]),
        "work": told([work_of(line) for line in found.books]),
        "year": told([line.year for line in found.books], pl.Int32),
        "language": told([line.language for line in found.books]),
        "direction": told([line.direction.value for line in found.books]),
        "page_index": found.page_index,
        "place_in_book": found.page_index / last,
    }


def _kinds(found: PageColumns) -> dict[str, Any]:
    names = pl.Series([page_type.value for page_type in PAGE_TYPES])
    flags = {
        _FLAGS[flag]: (found.flags >> bit & 1).astype(np.bool_)
        for bit, flag in enumerate(PAGE_FLAGS)
    }
    return {"page_type": names[found.page_type], "is_spread": found.is_spread, **flags}


def _lettering(counts: NDArray[np.int32]) -> dict[str, NDArray[np.float64]]:
    kinds = {
        f"{kind.value}_characters": counts[:, at].astype(np.float64)
        for at, kind in enumerate(TextKind)
    }
    return {"n_characters": counts.sum(axis=1).astype(np.float64), **kinds}


def _places(found: PageColumns, page: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Return where each panel stands on its page, and its shape."""
    size = np.maximum(found.size, 1).astype(np.float64)[page]  # (M, 2)
    share = np.clip(found.boxes / np.tile(size, 2), 0, 1)
    width = np.maximum(share[:, 2] - share[:, 0], 1e-4)
    height = np.maximum(share[:, 3] - share[:, 1], 1e-4)
    values = (
        (share[:, 0] + share[:, 2]) / 2,
        (share[:, 1] + share[:, 3]) / 2,
        width,
        height,
        width * height,
    )
    edges = (share[:, :2] <= _BLEED).sum(axis=1) + (share[:, 2:] >= 1 - _BLEED).sum(axis=1)
    return {
        **dict(zip(_SHARES, values, strict=True)),
        "panel_aspect": np.log2(width * size[:, 0] / (height * size[:, 1])),
        "page_aspect": np.log2(size[:, 0] / size[:, 1]),
        "bleed": edges / 4,
    }


def _per_page(values: NDArray[Any], n_panels: NDArray[np.int32]) -> NDArray[np.int32]:
    """Add up the panels' values by page, (P, K)."""
    ends = np.cumsum(n_panels)
    total = np.concatenate([np.zeros((1, values.shape[1]), np.int64), np.cumsum(values, axis=0)])
    sums: NDArray[np.int32] = (total[ends] - total[ends - n_panels]).astype(np.int32)
    return sums
