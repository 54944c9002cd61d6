"""The fingerprint of a book: a fixed list of named numbers, to set one book beside another.

Numbers are of story pages (of all where a book has none); what a library does not know of a book
is nan. They differ in kind and in scale: books are compared by where each stands
on the shelf (`longbox.analysis.reading.comparing`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.reading.lines import open_book, page_lines, panel_lines
from longbox.analysis.reading.reading import scene_borders
from longbox.analysis.reading.scenes import SceneOptions
from longbox.analysis.reading.values import Floats, PageLines, PanelLines
from longbox.analysis.units import Tell
from longbox.book import AnnotatedBook, PageType, TextKind
from longbox.errors import QueryError
from longbox.library import Library

if TYPE_CHECKING:
    import polars

_FEWEST_BOOKS: Final = 5
_QUARTILES: Final = ((0.25, "lower quartile"), (0.5, "median"), (0.75, "upper quartile"))
_LOOKS: Final = (
    ("brightness", "brightness"),
    ("contrast", "contrast"),
    ("saturation", "saturation"),
    ("colour_share", "share of coloured pixels"),
    ("dark_share", "share of dark pixels"),
    ("ink_share", "share of ink"),
    ("edge_share", "share of edges"),
)
_SHAPES: Final = (
    ("mean_panel_aspect", "panel shape"),
    ("layout_regularity", "regularity of layouts"),
    ("panels_cover", "share of the page that panels cover"),
)


@dataclass(frozen=True, slots=True)
class FingerprintNumber:
    """One number: its name, words for people, and what it is about."""

    name: str
    words: str
    group: str


def _numbers() -> tuple[FingerprintNumber, ...]:
    found = [
        FingerprintNumber(f"{name}_{int(level * 100)}", f"{words}, {called}", "pacing")
        for name, words in (
            ("n_panels", "panels a page"),
            ("characters_a_panel", "characters a panel"),
            ("mean_panel_area", "share of the page that a panel has"),
        )
        for level, called in _QUARTILES
    ]
    found += [
        FingerprintNumber("area_change", "change of area from panel to panel", "pacing"),
        FingerprintNumber(
            "scene_borders_a_hundred_panels", "scene borders in a hundred panels", "pacing"
        ),
    ]
    found += [FingerprintNumber(name, words, "layout") for name, words in _SHAPES]
    found += [
        FingerprintNumber(f"{kind.value}_share", f"{_spoken(kind)} in the lettering", "lettering")
        for kind in TextKind
    ]
    found.append(FingerprintNumber("lettered_panels", "share of lettered panels", "lettering"))
    found += [
        FingerprintNumber(f"type_{kind.value}", f"share of {_pages_of(kind)}", "pages")
        for kind in PageType
    ]
    found += [FingerprintNumber(name, words, "look") for name, words in _LOOKS]
    return tuple(found)


def _pages_of(kind: PageType) -> str:
    return f"{kind.value.removesuffix('_page').replace('_', ' ')} pages"


def _spoken(kind: TextKind) -> str:
    return f"share of {kind.value.replace('_', ' ')}"


FINGERPRINT_NUMBERS: Final = _numbers()
_PLACES: Final = {number.name: at for at, number in enumerate(FINGERPRINT_NUMBERS)}


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprints:
    """The fingerprints of B books.

    Attributes:
        book_ids, titles: Of the books, by id.
        n_pages: Story pages of each, int64 (B,).
        values: In the order of `FINGERPRINT_NUMBERS`, float64 (B, M); nan is not known.
        percentiles: Share of the other books that have less, ties counted half, float64 (B, M);
            nan where fewer than five books know the number.
    """

    book_ids: tuple[str, ...]
    titles: tuple[str, ...]
    n_pages: NDArray[np.int64]
    values: Floats
    percentiles: Floats

    def place(self, book_id: str) -> int:
        """Return where a book is.

        Raises:
            QueryError: It is not among these.
        """
        if book_id not in self.book_ids:
            raise QueryError(f"{book_id}: no fingerprint of such a book")
        return self.book_ids.index(book_id)

    def percentiles_of(self, book_id: str) -> tuple[tuple[str, float], ...]:
        """Return a book's known percentiles by the numbers' words; nothing for a book not here."""
        if book_id not in self.book_ids:
            return ()
        row = self.percentiles[self.place(book_id)]
        return tuple(
            (number.words, float(share))
            for number, share in zip(FINGERPRINT_NUMBERS, row, strict=True)
            if np.isfinite(share)
        )

    def frame(self) -> polars.DataFrame:
        """Return a row a book: id, title, pages and every number."""
        import polars as pl

        columns = {number.name: self.values[:, at] for at, number in enumerate(FINGERPRINT_NUMBERS)}
        named = {"book_id": self.book_ids, "title": self.titles, "n_pages": self.n_pages}
        return pl.DataFrame({**named, **columns}).fill_nan(None)


def fingerprints(
    library: Library,
    book_ids: Collection[str] | None = None,
    *,
    with_scenes: bool = True,
    seed: int = 0,
    tell: Tell | None = None,
) -> Fingerprints:
    """Take the fingerprints of books.

    Args:
        library: Open.
        book_ids: Which; all of the library when None.
        with_scenes: Whether scenes are looked for: a tenth of a second a book.
        seed: Of what scenes are told from.
        tell: Called with "fingerprints", the books done and the books to do.

    Raises:
        LibraryError: A book is damaged.
    """
    from longbox.analysis.measures import page_measures

    wanted = [i for i in library.book_ids() if book_ids is None or i in book_ids]
    looks = _looks(page_measures(library))
    values = np.full((len(wanted), len(FINGERPRINT_NUMBERS)), np.nan)
    n_pages = np.zeros(len(wanted), dtype=np.int64)
    titles = []
    for at, book_id in enumerate(wanted):
        found, n_pages[at], title = _of_book(library, book_id, seed if with_scenes else None)
        titles.append(title)
        for name, value in {**looks.get(book_id, {}), **found}.items():
            values[at, _PLACES[name]] = value
        if tell:
            tell("fingerprints", at + 1, len(wanted))
    return Fingerprints(tuple(wanted), tuple(titles), n_pages, values, _percentiles(values))


def _of_book(
    library: Library, book_id: str, scene_seed: int | None
) -> tuple[dict[str, float], int, str]:
    """Measure one book: pacing, layout, lettering, page types."""
    opened = open_book(library, book_id)
    pages = page_lines(opened.book)
    panels = panel_lines(opened.book, pages, ())
    found = {**_pacing(pages, panels), **_lettering(opened.book, pages)}
    if panels.is_story.any():
        lettered = panels.n_characters[panels.is_story] > 0
        found["lettered_panels"] = float(lettered.mean())
    for kind in PageType if pages.page_types else ():
        found[f"type_{kind.value}"] = float(np.mean([t is kind for t in pages.page_types]))
    if scene_seed is not None:
        rng = np.random.default_rng(scene_seed)
        options = SceneOptions(n_books=99)
        borders, looked, _ = scene_borders(library, opened, panels, options, rng)
        if borders is not None:
            n = int((borders.novelty[borders.at] >= borders.threshold).sum())
            found["scene_borders_a_hundred_panels"] = 100 * n / looked.size
    return found, int(pages.is_story.sum()), opened.book.book.title


def _pacing(pages: PageLines, panels: PanelLines) -> dict[str, float]:
    story = pages.is_story
    if not story.any():
        return {}
    series = {
        "n_panels": pages.n_panels[story],
        "characters_a_panel": pages.n_characters[story] / pages.n_panels[story],
        "mean_panel_area": pages.mean_area[story],
    }
    found = {
        f"{name}_{int(level * 100)}": float(np.quantile(values, level))
        for name, values in series.items()
        for level, _ in _QUARTILES
    }
    areas = np.log2(np.maximum(panels.area[panels.is_story], 1e-4))
    if areas.size > 1:
        found["area_change"] = float(np.abs(np.diff(areas)).mean())
    return found


def _lettering(book: AnnotatedBook, pages: PageLines) -> dict[str, float]:
    counts = dict.fromkeys(TextKind, 0)
    for page, tells in zip(book.pages, pages.is_story.tolist(), strict=True):
        for text in page.texts if tells else ():
            counts[text.kind] += len("".join(text.text.split()))
    total = sum(counts.values())
    return {f"{kind.value}_share": n / total for kind, n in counts.items()} if total else {}


def _looks(frame: polars.DataFrame) -> dict[str, dict[str, float]]:
    """Return the medians of what only the measures know, by book."""
    import polars as pl

    names = [name for name, _ in (*_LOOKS, *_SHAPES) if name in frame.columns]
    tells = pl.col("page_type").is_in(["story", "splash"]) & ~pl.col("is_duplicate")
    has_story = tells.any().over("book_id")
    told = frame.filter(tells | ~has_story).group_by("book_id").agg(pl.col(names).median())
    return {
        row.pop("book_id"): {name: value for name, value in row.items() if value is not None}
        for row in told.to_dicts()
    }


def _percentiles(values: Floats) -> Floats:
    """Return the share of the other books that have less of each number, ties counted half."""
    from scipy.stats import rankdata

    percentiles = np.full(values.shape, np.nan)
    for at, column in enumerate(values.T):
        known = np.isfinite(column)
        if known.sum() >= _FEWEST_BOOKS:
            percentiles[known, at] = (rankdata(column[known]) - 1) / (known.sum() - 1)
    return percentiles
