"""One book along its pages: strips below each other.

The axis counts pages from 1 and always runs from the first page read to the last, for books that
are read right to left too: it is time, not paper. Values of panels stand within their page, in
reading order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.plots.styles import (
    ACCENT,
    BLUE,
    EMPTY,
    FAINT,
    GROUPS,
    INK,
    LINE,
    SMALL,
    boxed_axes,
    head,
    head_height,
    name_ticks,
    new_figure,
    shortened,
    widest,
    wrapped,
    write,
)
from longbox.book import Direction
from longbox.errors import ModelError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_STRIP_IN: Final = 0.82
_PRESENCE_IN: Final = 0.24
_GAP_IN: Final = 0.24
_MOST_TICKS: Final = 16
_MOST_NOTE: Final = 30
_WAYS: Final = {
    Direction.LTR: "",
    Direction.RTL: "read right to left; the axis follows the reading",
    Direction.TTB: "one long strip; pages are its slices",
}


class StripStyle(StrEnum):
    """How a strip is drawn."""

    BARS = "bars"
    LINE = "line"
    PRESENCE = "presence"


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """Something that is followed along a book.

    Attributes:
        name: For people.
        style: Bars for pages, a line for panels or shares, marks for who is there.
        places: Page of each value, from 1, float64 (N,); panels stand at fractions of it.
        values: float64 (N,), nan where not known; for presence nothing but 0 counts as there.
        usual: Drawn as a thin line across; nan for none.
        usual_words: What that line is.
        trend: Drawn over bars, one a place, nan where not known; None for none.
        note: What a value is: "characters a page".

    Raises:
        ModelError: There is not one value a place.
    """

    name: str
    style: StripStyle
    places: NDArray[np.float64]
    values: NDArray[np.float64]
    usual: float = float("nan")
    usual_words: str = "shelf"
    trend: NDArray[np.float64] | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if self.places.ndim != 1 or self.places.shape != self.values.shape:
            raise ModelError(f"{self.name}: {self.values.shape} values at {self.places.shape}")
        if self.trend is not None and self.trend.shape != self.places.shape:
            raise ModelError(f"{self.name}: a trend of {self.trend.shape} at {self.places.shape}")


@dataclass(frozen=True, slots=True)
class Marks:
    """Places on the axis of pages: where scenes begin, and where another tempo does."""

    scenes: tuple[float, ...] = ()
    tempos: tuple[float, ...] = ()


def panel_places(
    page_index: NDArray[np.integer], panel: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Return where panels stand on the axis of pages: within their page, in reading order.

    Args:
        page_index: From 0, int (N,).
        panel: Order on the page from 0, int (N,).
    """
    n_on_page = np.ones(page_index.size)
    for page in np.unique(page_index):
        own = page_index == page
        n_on_page[own] = panel[own].max() + 1
    return page_index + 0.5 + (panel + 0.5) / n_on_page


def reading_strips(
    title: str,
    n_pages: int,
    strips: Sequence[Strip],
    marks: Marks = Marks(),
    direction: Direction = Direction.LTR,
    note: str = "",
) -> Figure:
    """Draw strips below each other along the pages of a book.

    Args:
        title: Of the book.
        n_pages: Of the book.
        strips: What to follow, from above.
        marks: Where something begins.
        direction: How the book is read; said where it is not left to right.
        note: What it rests on.
    """
    said = [note, _WAYS[direction]]
    if marks.scenes:
        said.insert(1, f"red lines: where scenes begin ({len(marks.scenes)})")
    if marks.tempos:
        said.insert(2, "▼ another tempo")
    whole_note = wrapped("; ".join(part for part in said if part), 122, 3)
    names = [line for strip in strips for line in _said(strip).split("\n")]
    notes = [shortened(strip.note, _MOST_NOTE) for strip in strips]
    left = max(1.6, widest(names) + 0.65, widest(notes, 7.5) + 0.65)
    heights = [_PRESENCE_IN if s.style is StripStyle.PRESENCE else _STRIP_IN for s in strips]
    gaps = [_GAP_IN if h == _STRIP_IN else 0.04 for h in heights]
    figure = new_figure(head_height(whole_note) + 0.25 + sum(heights) + sum(gaps) + 0.35)
    top = float(figure.get_size_inches()[1]) - head_height(whole_note) - 0.2
    axes = None
    for strip, height, gap in zip(strips, heights, gaps, strict=True):
        top -= height
        axes = boxed_axes(figure, left, top, 9.0 - left - 0.75, height)
        _draw_strip(axes, strip, n_pages)
        for scene in marks.scenes:
            axes.axvline(scene, color=ACCENT, linewidth=0.9, alpha=0.75, zorder=1)
        for place in marks.tempos if strip is strips[0] else ():
            write(axes, place, 1.0, "▼", transform=axes.get_xaxis_transform(), ha="center",
                  va="bottom", fontsize=8)  # fmt: skip
        top -= gap
    if axes is not None:
        _page_axis(axes, n_pages)
    head(figure, shortened(title, 78), whole_note)
    return figure


def _draw_strip(axes: Axes, strip: Strip, n_pages: int) -> None:
    axes.set_xlim(0.5, max(n_pages, 1) + 0.5)
    axes.set_xticks([])
    axes.spines["left"].set_visible(False)
    is_known = np.isfinite(strip.values)
    places, values = strip.places[is_known], strip.values[is_known]
    if strip.style is StripStyle.PRESENCE:
        _draw_presence(axes, places[values != 0])
        _name(axes, _said(strip), "")
        return
    _name(axes, _said(strip), strip.note)
    if not values.size:
        axes.set_yticks([])
        write(axes, 0.01, 0.5, "not known", transform=axes.transAxes, color=FAINT, va="center")
        return
    _limits(axes, strip, values)
    if strip.style is StripStyle.BARS:
        is_led = strip.trend is not None
        axes.bar(places, values, width=0.8, color=BLUE, alpha=0.5 if is_led else 0.8,
                 linewidth=0, zorder=2)  # fmt: skip
        if strip.trend is not None:
            axes.plot(strip.places, strip.trend, color=INK, linewidth=1.5, zorder=3)
    else:
        axes.plot(*_broken(strip), color=BLUE, linewidth=1.2, zorder=2)
        if values.size < 150:
            axes.plot(places, values, "o", color=BLUE, markersize=2.2, zorder=2)
    if np.isfinite(strip.usual):
        axes.axhline(strip.usual, color=INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=3)
        write(axes, 1.005, strip.usual, f" {strip.usual_words}", fontsize=7.5, va="center",
              transform=axes.get_yaxis_transform())  # fmt: skip


def _said(strip: Strip) -> str:
    """Return a strip's name as it is written: one line where the strip is low."""
    if strip.style is StripStyle.PRESENCE:
        return shortened(strip.name, 22)
    return wrapped(strip.name, 20, 2)


def _limits(axes: Axes, strip: Strip, values: NDArray[np.float64]) -> None:
    low, high = float(values.min()), float(values.max())
    if np.isfinite(strip.usual):
        low, high = min(low, strip.usual), max(high, strip.usual)
    if strip.style is StripStyle.BARS or 0 <= low < 0.5 * high:
        low = min(0.0, low)
    span = high - low or 1.0
    axes.set_ylim(low - (0.06 * span if low < 0 else 0), high + 0.12 * span)
    axes.locator_params(axis="y", nbins=3)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.4g}".replace("-", "−"))
    axes.tick_params(axis="y", labelsize=7.5)
    axes.yaxis.grid(visible=True, color=LINE, linewidth=0.6, zorder=0)


def _broken(strip: Strip) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return places and values with a gap wherever pages are left out."""
    order = np.argsort(strip.places, kind="stable")
    places, values = strip.places[order], strip.values[order]
    holes = np.flatnonzero(np.diff(places) > 2.0) + 1
    return np.insert(places, holes, np.nan), np.insert(values, holes, np.nan)


def _draw_presence(axes: Axes, places: NDArray[np.float64]) -> None:
    axes.set_yticks([])
    axes.set_ylim(0, 1)
    axes.spines["bottom"].set_visible(False)
    axes.axhspan(0.2, 0.8, color=EMPTY, linewidth=0, zorder=0)
    if places.size:
        axes.vlines(places, 0.12, 0.88, color=GROUPS[2], linewidth=1.6, zorder=2)


def _name(axes: Axes, name: str, note: str) -> None:
    x = -0.066  # beside the ticks
    lines = name.count("\n") + 1
    write(axes, x, 0.5 if not note else 0.56, name, transform=axes.transAxes, ha="right",
          va="center" if not note else ("center" if lines > 1 else "bottom"))  # fmt: skip
    if note:
        below = 0.5 if lines == 1 else 0.16
        write(axes, x, below, shortened(note, _MOST_NOTE), transform=axes.transAxes,
              ha="right", va="top", fontsize=7.5, color=FAINT)  # fmt: skip


def _page_axis(axes: Axes, n_pages: int) -> None:
    step = next(
        step
        for step in (1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000, 5000, max(n_pages, 1))
        if n_pages / step <= _MOST_TICKS
    )
    ticks = [1, *range(step if step > 1 else 2, n_pages + 1, step)]
    name_ticks(axes, "x", ticks, [str(tick) for tick in ticks])
    axes.spines["bottom"].set_visible(True)
    write(axes, 1.025, 0.0, "\n\n page", transform=axes.transAxes, ha="left", va="top",
          fontsize=SMALL, color=FAINT, linespacing=0.55)  # fmt: skip
