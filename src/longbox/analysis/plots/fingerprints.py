"""The fingerprint of a book: where it stands on its shelf, measure by measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.plots.styles import (
    EMPTY,
    FAINT,
    GROUPS,
    INK,
    PAPER,
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
from longbox.errors import ModelError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True, eq=False)
class BookFingerprint:
    """Where a book stands on its shelf, measure by measure.

    Attributes:
        title: Of the book.
        values: For people, one a measure: "5.2".
        percentiles: Share of the shelf's books below it, 0 to 1; nan where not known.
    """

    title: str
    values: tuple[str, ...]
    percentiles: NDArray[np.float64]


def fingerprint_bars(
    books: Sequence[BookFingerprint], words: Sequence[str], n_shelf: int, title: str = ""
) -> Figure:
    """Draw where one book, or two beside each other, stand on the shelf, measure by measure.

    A bar runs from the shelf's middle to the book's place among its books.

    Args:
        books: One or two.
        words: What the measures are called.
        n_shelf: Books that were compared with.
        title: Of the figure; the books' when empty.

    Raises:
        ModelError: There is not one value a measure.
    """
    if any(len(b.values) != len(words) or b.percentiles.shape != (len(words),) for b in books):
        raise ModelError("a fingerprint has one value for each measure")
    note = (
        f"Place among the {n_shelf} books of the shelf, from the lowest (0) to the highest (100); "
        "the middle is the median."
    )
    labels = [shortened(one, 50) for one in words]
    left = max(1.0, widest(labels)) + 0.4
    n = max(1, len(books))
    value_in = 0.75
    panel = (9.0 - left - 0.2 - n * value_in - 0.25 * (n - 1)) / n
    row_in = 0.27
    figure = new_figure(head_height(note) + 0.55 + row_in * max(1, len(words)) + 0.45)
    for at, book in enumerate(books):
        x = left + at * (panel + value_in + 0.25)
        axes = boxed_axes(figure, x, 0.4, panel, row_in * max(1, len(words)))
        _fingerprint(axes, book, GROUPS[at % 2])
        most = int(panel * 11)
        write(axes, 0.0, 1.02, wrapped(book.title, most, 2), transform=axes.transAxes,
              fontweight="bold", va="bottom")  # fmt: skip
        if at == 0:
            name_ticks(axes, "y", list(range(len(words))), labels)
        else:
            axes.set_yticks([])
    named = " and ".join(shortened(book.title, 32) for book in books)
    head(figure, title or f"Fingerprint of {named}", note)
    return figure


def _fingerprint(axes: Axes, book: BookFingerprint, colour: str) -> None:
    n = len(book.values)
    axes.set_xlim(0, 100)
    axes.set_ylim(n - 0.5, -0.5)
    axes.spines["left"].set_visible(False)
    axes.set_xticks([0, 25, 50, 75, 100])
    axes.barh(np.arange(n), 100, height=0.7, color=EMPTY, linewidth=0, zorder=0)
    axes.axvline(50, color=FAINT, linewidth=0.8, zorder=3)
    for y, (said, share) in enumerate(zip(book.values, book.percentiles, strict=True)):
        write(axes, 102, y, shortened(said, 11), fontsize=SMALL, color=INK, va="center")
        if not np.isfinite(share):
            write(axes, 50, y, "not known", fontsize=7.5, color=FAINT, ha="center", va="center",
                  bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1})  # fmt: skip
            continue
        place = 100 * float(share)
        axes.barh(y, place - 50, left=50, height=0.7, color=colour, alpha=0.85, linewidth=0)
        axes.plot(place, y, "o", markersize=4, color=colour, zorder=4)
