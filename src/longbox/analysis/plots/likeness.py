"""How alike concepts are: a matrix in the order of a tree, and in each cell what may be said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.concepts import Dendrogram, Likenesses, Verdict
from longbox.analysis.plots.styles import (
    FAINT,
    PAPER,
    SMALL,
    bare,
    boxed_axes,
    diverging,
    head,
    head_height,
    new_figure,
    on,
    shortened,
    size_of,
    write,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TREE_IN: Final = 1.1
_LEAST_WRITTEN_IN: Final = 0.36
_FOOT_IN: Final = 0.75
_FIRM: Final = 0.7


def likeness_matrix(
    found: Likenesses, tree: Dendrogram | None = None, title: str = "How alike the concepts are"
) -> Figure:
    """Draw the matrix, with the tree beside it.

    Args:
        found: The likenesses.
        tree: Of them; concepts that it leaves out come last. Without it, the order is as given.
        title: Of the figure.
    """
    n = len(found.names)
    order = _order(found.names, tree)
    names = [shortened(name, 30) for name in found.names]
    said = [f"{name}  n={int(own):,}" for name, own in zip(names, found.n, strict=True)]
    left = max([1.0, *[size_of(one)[0] for one in said]]) + 0.35
    cell = float(np.clip((9.0 - left - _TREE_IN - 0.4) / max(n, 1), 0.2, 0.8))
    side = cell * n
    tops = max([0.3, *[size_of(name)[0] for name in names]]) * 0.72 + 0.25
    sampled = f" of {found.n_known:,}" if found.n_known > found.n_units else ""
    note = (
        f"Cosine of means over different books, {found.space.value} vectors centred on "
        f"{found.n_units:,}{sampled} {found.unit.value}.  ● alike, ○ less alike than chance "
        f"(q ≤ {found.level_of_error:g});\nno mark: not told apart from chance; hatched: cannot be "
        f"told. {found.n_draws:,} random sets. Dotted: merges that fewer than 70 % of the draws "
        "repeat."
    )
    top = head_height(note) + tops
    figure = new_figure(top + side + _FOOT_IN)
    axes = boxed_axes(figure, left, _FOOT_IN, side, side)
    _matrix(axes, found, order, names, cell)
    for y, at in enumerate(order):
        write(axes, -0.62, y, said[at], ha="right", va="center")
    _draw_tree(boxed_axes(figure, left + side + 0.12, _FOOT_IN, _TREE_IN, side), tree, n)
    _key(figure, _scale(found.values), left)
    head(figure, title, note)
    return figure


def _order(names: tuple[str, ...], tree: Dendrogram | None) -> list[int]:
    """Return the concepts in the order of the tree, those that it leaves out last."""
    if tree is None:
        return list(range(len(names)))
    free = list(range(len(names)))  # two concepts may have one name: each is taken once
    own = []
    for name in tree.names:
        own.append(next(at for at in free if names[at] == name))
        free.remove(own[-1])
    return [own[leaf] for leaf in tree.order] + free


def _scale(values: NDArray[np.float64]) -> float:
    off = values[~np.eye(len(values), dtype=np.bool_)]
    return max(0.1, float(np.nanmax(np.abs(off), initial=0.0)))


def _matrix(axes: Axes, found: Likenesses, order: list[int], names: list[str], cell: float) -> None:
    from matplotlib.patches import Rectangle

    bare(axes)
    n = len(order)
    axes.set_xlim(-0.5, max(n, 1) - 0.5)
    axes.set_ylim(max(n, 1) - 0.5, -0.5)
    scale = _scale(found.values)
    for x, b in enumerate(order):
        write(axes, x - 0.1, -0.7, names[b], rotation=45, rotation_mode="anchor", ha="left",
              va="bottom")  # fmt: skip
        for y, a in enumerate(order):
            if a == b:
                continue
            value = float(found.values[a, b])
            is_told = np.isfinite(value) and found.verdicts[a][b].is_told
            colour = diverging()((value / scale + 1) / 2) if np.isfinite(value) else PAPER
            axes.add_patch(
                Rectangle((x - 0.48, y - 0.48), 0.96, 0.96, facecolor=colour if is_told else PAPER,
                          hatch=None if is_told else "////", edgecolor="#d8cfbd", linewidth=0)
            )  # fmt: skip
            if is_told:
                _say(axes, (x, y), value, found.verdicts[a][b], on(colour), cell)


def _say(
    axes: Axes, at: tuple[float, float], value: float, verdict: Verdict, ink: str, cell: float
) -> None:
    mark = {Verdict.ALIKE: "●", Verdict.LESS_ALIKE: "○"}.get(verdict, "")
    if cell < _LEAST_WRITTEN_IN:
        write(axes, *at, mark, ha="center", va="center", color=ink, fontsize=6)
        return
    shift = 0.14 if mark else 0.0
    words = f"{value:.2f}".replace("0.", ".").replace("-", "−")
    size = float(np.clip(cell * 16, 6.5, SMALL))
    write(axes, at[0], at[1] + shift, words, ha="center", va="center", color=ink, fontsize=size)
    if mark:
        write(axes, at[0], at[1] - 0.2, mark, ha="center", va="center", color=ink,
              fontsize=size)  # fmt: skip


def _draw_tree(axes: Axes, tree: Dendrogram | None, n: int) -> None:
    """Draw merges from the leaves at the left; a merge that few draws repeat is dotted."""
    bare(axes)
    axes.set_ylim(max(n, 1) - 0.5, -0.5)
    if tree is None or not len(tree.merges):
        return
    axes.set_xlim(0, float(tree.merges[:, 2].max()) * 1.05 or 1.0)
    places = {leaf: float(at) for at, leaf in enumerate(tree.order)}
    heights = dict.fromkeys(places, 0.0)
    for at, (first, second, height, _) in enumerate(tree.merges.tolist()):
        a, b, number = int(first), int(second), len(tree.order) + at
        support = float(tree.supports[at])
        is_firm = not np.isfinite(support) or support >= _FIRM
        axes.plot(
            [heights[a], height, height, heights[b]],
            [places[a], places[a], places[b], places[b]],
            color=FAINT, linewidth=1.1, linestyle="-" if is_firm else (0, (1, 1.5)),
        )  # fmt: skip
        places[number], heights[number] = (places[a] + places[b]) / 2, height
    write(axes, 0.0, 1.02, "1 − cosine", transform=axes.transAxes, fontsize=SMALL, color=FAINT)


def _key(figure: Figure, scale: float, left: float) -> None:
    axes = boxed_axes(figure, left, 0.3, 1.6, 0.11)
    bare(axes)
    steps = np.linspace(0, 1, 256)[None, :]
    axes.imshow(steps, aspect="auto", cmap=diverging(), extent=(-scale, scale, 0, 1))
    width, height = figure.get_size_inches()
    y = 0.355 / height
    for x, words, side in (
        (left - 0.08, f"−{scale:.2f} less alike", "right"),
        (left + 1.68, f"+{scale:.2f} more alike than the average page", "left"),
    ):
        write(figure, x / width, y, words, fontsize=SMALL, color=FAINT, ha=side, va="center")
