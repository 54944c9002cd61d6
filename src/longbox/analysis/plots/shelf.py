"""A shelf at a glance: how its measures are distributed, and where in a book pages stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from longbox.analysis.measures import Measure
from longbox.analysis.plots.styles import (
    ACCENT,
    BLUE,
    FAINT,
    GROUPS,
    PAPER,
    SMALL,
    Margins,
    axes_in,
    boxed_axes,
    head,
    head_height,
    name_ticks,
    new_figure,
    on,
    size_of,
    wrapped,
    write,
)
from longbox.wording import spoken

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS: Final = 4
_PANEL_IN: Final = 1.0
_BINS: Final = 24
_PLACES: Final = 10
_LEAST_WRITTEN: Final = 0.07


def distributions(
    frame: pl.DataFrame, measures: Sequence[Measure], title: str = "Distributions of all measures"
) -> Figure:
    """Draw a small histogram of each measure, with its median.

    Args:
        frame: Measures, a row a page or panel.
        measures: Which columns.
        title: Of the figure.
    """
    shown = [one for one in measures if one.name in frame.columns]
    rows = max(1, -(-len(shown) // _COLUMNS))
    note = (
        f"n = {frame.height:,}. The red line is the median; how many lack a value stands beside it."
    )
    width = (9.0 - 0.4 - 0.35 * (_COLUMNS - 1)) / _COLUMNS
    step = _PANEL_IN + 0.78
    figure = new_figure(head_height(note) + rows * step + 0.15)
    height = float(figure.get_size_inches()[1])
    for at, measure in enumerate(shown):
        row, column = divmod(at, _COLUMNS)
        left = 0.2 + column * (width + 0.35)
        bottom = height - head_height(note) - (row + 1) * step + 0.36
        axes = boxed_axes(figure, left, bottom, width, _PANEL_IN)
        _histogram(axes, frame[measure.name], measure.words)
    head(figure, title, note)
    return figure


def _histogram(axes: Axes, column: pl.Series, words: str) -> None:
    values = column.cast(pl.Float64).drop_nulls().to_numpy()
    values = values[np.isfinite(values)]
    n_unknown = len(column) - values.size
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    write(axes, 0, 1.08, wrapped(words, 31, 2), transform=axes.transAxes, fontsize=SMALL,
          va="bottom", linespacing=1.1)  # fmt: skip
    if not values.size:
        axes.set_xticks([])
        write(axes, 0.5, 0.4, "not known", transform=axes.transAxes, ha="center", color=FAINT)
        return
    low, high = (float(one) for one in np.quantile(values, (0.002, 0.99)))
    if high <= low:
        low, high = low - 0.5, float(values.max()) + 0.5
    is_whole = bool((values == np.round(values)).all()) and high - low <= _BINS
    edges = (
        np.arange(np.floor(low), np.ceil(high) + 2) - 0.5
        if is_whole
        else np.linspace(low, high, _BINS + 1)
    )
    axes.hist(np.clip(values, edges[0], edges[-1]), bins=edges.tolist(), color=BLUE, alpha=0.75,
              edgecolor=PAPER, linewidth=0.4)  # fmt: skip
    median = float(np.median(values))
    axes.axvline(median, color=ACCENT, linewidth=1.3)
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(0, axes.get_ylim()[1] * 1.2)
    axes.locator_params(axis="x", nbins=4)
    axes.xaxis.set_major_formatter(lambda value, _: _short(value))
    said = f"{_short(median)}" + (f"  ({n_unknown:,} unknown)" if n_unknown else "")
    is_right = median > (edges[0] + edges[-1]) / 2
    write(axes, median, 0.98, f"{said} " if is_right else f" {said}",
          transform=axes.get_xaxis_transform(), fontsize=8, color=ACCENT, va="top",
          ha="right" if is_right else "left")  # fmt: skip


def _short(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}".replace("-", "−")


def page_types_along(frame: pl.DataFrame, title: str = "Kinds of pages along the book") -> Figure:
    """Draw which kinds of pages stand where in their books, in ten parts of each book.

    Args:
        frame: Measures of pages, with `page_type`, `place_in_book` and `book_id`.
        title: Of the figure.
    """
    n_books = frame["book_id"].n_unique() if frame.height else 0
    note = (
        f"Share of the pages of each tenth of a book, and above how many they are.  "
        f"n = {frame.height:,} pages of {n_books} books."
    )
    kinds, shares, counts = _types_by_place(frame)
    figure = new_figure(3.9)
    axes = axes_in(figure, Margins(0.6, 1.7, head_height(note) + 0.25, 0.5))
    head(figure, title, note)
    axes.set_xlim(-0.5, _PLACES - 0.5)
    axes.set_ylim(0, 1)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    bottoms = np.zeros(_PLACES)
    for at, kind in enumerate(kinds):
        own = shares[at]
        axes.bar(np.arange(_PLACES), own, bottom=bottoms, width=0.92, color=_colour(at, kind),
                 edgecolor=PAPER, linewidth=0.6)  # fmt: skip
        for x in np.flatnonzero(own >= _LEAST_WRITTEN).tolist():
            write(axes, x, bottoms[x] + own[x] / 2, f"{own[x]:.0%}", fontsize=7.5,
                  color=on(_colour(at, kind)), ha="center", va="center")  # fmt: skip
        bottoms += own
    name_ticks(axes, "x", list(range(_PLACES)),
               ["first\ntenth", *map(str, range(2, _PLACES)), "last\ntenth"])  # fmt: skip
    _name_kinds(axes, kinds, shares)
    for x, count in enumerate(counts):
        write(axes, x, 1.015, f"{int(count):,}", fontsize=7.5, color=FAINT, ha="center",
              va="bottom")  # fmt: skip
    return figure


def _types_by_place(frame: pl.DataFrame) -> tuple[list[str], np.ndarray, np.ndarray]:
    if not frame.height:
        return [], np.zeros((0, _PLACES)), np.zeros(_PLACES)
    part = (pl.col("place_in_book") * _PLACES).floor().clip(0, _PLACES - 1).cast(pl.Int64)
    counted = frame.group_by(part.alias("part"), "page_type").len()
    totals = frame["page_type"].value_counts(sort=True)
    kinds = totals["page_type"].to_list()
    counts = np.zeros((len(kinds), _PLACES))
    for place, kind, n in counted.iter_rows():
        counts[kinds.index(kind), place] = n
    return kinds, counts / np.maximum(counts.sum(axis=0), 1), counts.sum(axis=0)


def _colour(at: int, kind: str) -> str:
    return "#d9cfbc" if kind == "story" else GROUPS[at % len(GROUPS)]


def _name_kinds(axes: Axes, kinds: list[str], shares: np.ndarray) -> None:
    """Name the kinds at the right, in the order of the bars."""
    step = size_of("x")[1] / 2.3
    ends = np.cumsum(shares[:, -1]) - shares[:, -1] / 2 if len(kinds) else np.zeros(0)
    places: list[float] = []
    for end in ends.tolist():
        places.append(max(end, places[-1] + step) if places else max(end, 0.02))
    for at in reversed(range(len(places))):  # none above the bars
        places[at] = min(places[at], 1.0 - step * (len(places) - 1 - at))
    for at, kind in enumerate(kinds):
        y = places[at]
        axes.plot(_PLACES - 0.33, y, "s", color=_colour(at, kind), markersize=6, clip_on=False)
        write(axes, _PLACES - 0.15, y, spoken(kind), fontsize=SMALL, va="center", clip_on=False)
