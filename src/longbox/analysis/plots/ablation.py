"""What spaces are made of, and how far they agree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.ablation import Ablation, Group, Share
from longbox.analysis.plots.styles import (
    ACCENT,
    BLUE,
    FAINT,
    INK,
    LINE,
    PAPER,
    SMALL,
    bare,
    boxed_axes,
    head,
    head_height,
    name_ticks,
    new_figure,
    on,
    rising,
    widest,
    write,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.ticker import Locator

_ROW_IN: Final = 0.36
_GAP_IN: Final = 0.35


def variance_shares(found: Ablation, title: str = "What explains each space") -> Figure:
    """Draw for each space which share of its variance each group of measures explains.

    The point is the group by itself, with its 95 % interval; the hollow one is what is lost when
    this group alone is left out; the tick is chance.

    Args:
        found: The ablation.
        title: Of the figure.
    """
    spaces = [line.space for line in found.spaces]
    groups = [g for g in Group if any(share.group is g for share in found.shares)]
    n, height = max(1, len(spaces)), max(1, len(groups)) * _ROW_IN
    note = (
        "Share of the variance that a group explains. ● by itself with 95 % interval, ○ by it "
        "alone (lost when only it is left out), | chance.\n"
        f"n = {found.n_measured:,} {found.unit.value} of {found.n_books} books "
        f"in {found.n_works} works."
    )
    left = widest([g.value for g in groups]) + 0.45
    panel = (9.0 - left - 0.2 - _GAP_IN * (n - 1)) / n
    figure = new_figure(head_height(note) + 0.35 + height + 0.7)
    most = _most(found.shares)
    for at, space in enumerate(spaces):
        axes = boxed_axes(figure, left + at * (panel + _GAP_IN), 0.6, panel, height)
        own = {share.group: share for share in found.shares if share.space is space}
        _share_panel(axes, own, groups, most)
        write(axes, 0.0, 1.03, space.value, transform=axes.transAxes, fontweight="bold",
              va="bottom")  # fmt: skip
        if at == 0:
            name_ticks(axes, "y", list(range(len(groups))), [g.value for g in groups])
        else:
            axes.set_yticks([])
    head(figure, title, note)
    return figure


def _most(shares: Sequence[Share]) -> float:
    ends = [share.share.high for share in shares] + [share.share.value for share in shares]
    known = [end for end in ends if np.isfinite(end)]
    return float(np.clip(max(known, default=0.1) * 1.08, 0.05, 1.05))


def _share_panel(axes: Axes, own: dict[Group, Share], groups: Sequence[Group], most: float) -> None:
    axes.set_ylim(len(groups) - 0.5, -0.5)
    axes.set_xlim(-0.03 * most, most)
    axes.xaxis.grid(visible=True, color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(_ticks(most))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    for y, group in enumerate(groups):
        share = own.get(group)
        if share is None or not np.isfinite(share.share.value):
            write(axes, 0.0, y, "cannot be told", fontsize=SMALL, color=FAINT, va="center")
            continue
        colour = INK if group is Group.TOGETHER else BLUE
        if np.isfinite(share.share.low):
            axes.plot([share.share.low, share.share.high], [y, y], color=colour, linewidth=2.2,
                      alpha=0.45, solid_capstyle="butt")  # fmt: skip
        if np.isfinite(share.unique.value) and group is not Group.TOGETHER:
            axes.plot(share.unique.value, y, "o", markersize=5.5, markerfacecolor=PAPER,
                      markeredgecolor=colour)  # fmt: skip
        axes.plot(share.share.value, y, "o", markersize=6, color=colour)
        if np.isfinite(share.chance):
            axes.plot([share.chance] * 2, [y - 0.3, y + 0.3], color=ACCENT, linewidth=1.4)


def _ticks(most: float) -> Locator:
    from matplotlib.ticker import MultipleLocator

    step = 0.5 if most > 0.6 else 0.25 if most > 0.3 else 0.1 if most > 0.12 else 0.05
    return MultipleLocator(step)


def neighbour_overlap(
    found: Ablation, own_book: bool = True, title: str = "Do spaces have the same neighbours?"
) -> Figure:
    """Draw the share of nearest neighbours that two spaces have in common, as a matrix.

    Args:
        found: The ablation.
        own_book: Whether neighbours of the unit's own book count.
        title: Of the figure.
    """
    names = [line.space.value for line in found.spaces]
    values = np.full((len(names), len(names)), np.nan)
    words: dict[tuple[int, int], str] = {}
    k, chance, n = 0, float("nan"), 0
    for one in found.overlaps:
        if one.own_book is not own_book:
            continue
        a, b = names.index(one.a.value), names.index(one.b.value)
        values[a, b] = values[b, a] = one.share.value
        said = f"{one.share.value:.0%}\n{one.share.low:.0%} to {one.share.high:.0%}"
        words[a, b] = words[b, a] = said
        k, chance, n = one.k, one.chance, one.n
    where = "of any book" if own_book else "of other books only"
    note = (
        f"Share of the {k} nearest in common, {where}, with 95 % interval; chance {chance:.1%}.  "
        f"n = {n:,} {found.unit.value}."
    )
    return _matrix(names, values, words.get, title, note)


def cluster_agreement(
    found: Ablation, title: str = "Do spaces fall into the same groups?"
) -> Figure:
    """Draw the adjusted mutual information of two spaces' clusters, as a matrix.

    On the diagonal stands how far a space agrees with itself from another starting point.
    """
    names = list(dict.fromkeys([*(line.space.value for line in found.spaces),
                                *(one.b for one in found.agreements)]))  # fmt: skip
    names = [n for n in names if any(n in (one.a, one.b) for one in found.agreements)]
    values = np.full((len(names), len(names)), np.nan)
    words: dict[tuple[int, int], str] = {}
    n_clusters = n_seeds = 0
    for one in found.agreements:
        a, b = names.index(one.a), names.index(one.b)
        values[a, b] = values[b, a] = one.mutual
        words[a, b] = words[b, a] = f"{one.mutual:.2f}\n± {one.mutual_spread:.2f}"
        n_clusters, n_seeds = one.n_clusters, one.n_seeds
    note = (
        f"Adjusted mutual information of {n_clusters} clusters each, mean ± sd over {n_seeds} "
        "seeds; 0 is chance, 1 the same groups.\nDiagonal: a space with itself from other "
        f"starting points.  n = {found.n:,} {found.unit.value}."
    )
    return _matrix(names, values, words.get, title, note)


def _matrix(
    names: Sequence[str],
    values: NDArray[np.float64],
    words: Callable[[tuple[int, int]], str | None],
    title: str,
    note: str,
) -> Figure:
    from matplotlib.patches import Rectangle

    n = max(1, len(names))
    left = max(0.6, widest(names)) + 0.35
    cell = float(np.clip((9.0 - left - 0.3) / n, 0.5, 1.05))
    high = min(cell, 0.62)
    top = head_height(note) + 0.4
    figure = new_figure(top + high * n + 0.25)
    axes = boxed_axes(figure, left, 0.2, cell * n, high * n)
    bare(axes)
    axes.set_xlim(-0.5, n - 0.5)
    axes.set_ylim(n - 0.5, -0.5)
    known = values[np.isfinite(values)]
    most = max(0.1, float(known.max(initial=0.0)))
    for y, name in enumerate(names):
        write(axes, -0.6, y, name, ha="right", va="center")
        write(axes, y, -0.6, name, ha="center", va="bottom")
        for x in range(len(names)):
            value = values[y, x]
            is_known = bool(np.isfinite(value))
            colour = rising()(max(0.0, value / most)) if is_known else PAPER
            hatch = None if is_known or x == y else "////"
            axes.add_patch(
                Rectangle((x - 0.485, y - 0.475), 0.97, 0.95, facecolor=colour, hatch=hatch,
                          edgecolor="#d8cfbd", linewidth=0)
            )  # fmt: skip
            if is_known:
                write(axes, x, y, words((y, x)) or "", ha="center", va="center", fontsize=8,
                      color=on(colour), linespacing=1.3)  # fmt: skip
    head(figure, title, note)
    return figure
