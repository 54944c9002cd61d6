"""What sets clusters apart, and how their number was chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from longbox.analysis.clusters import ClusterPortrait, Clusters, Effect
from longbox.analysis.measures import Measure, MeasureGroup, numbers_of
from longbox.analysis.plots.styles import (
    ACCENT,
    BLUE,
    EMPTY,
    FAINT,
    LINE,
    PAPER,
    SIZE,
    SMALL,
    Margins,
    axes_in,
    boxed_axes,
    diverging,
    group_colour,
    head,
    head_height,
    name_ticks,
    new_figure,
    on,
    shortened,
    size_of,
    widest,
    wrapped,
    write,
)
from longbox.analysis.units import Unit
from longbox.wording import spoken

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_ROWS: Final = 24
_ROW_IN: Final = 0.27
_LEAST_CELL_IN: Final = 0.34
_MOST_CELL_IN: Final = 0.85
_LINE_IN: Final = 0.22  # of tilted words, from column to column
_ORDER: Final = (*MeasureGroup, None)


def effects_heatmap(
    portraits: Sequence[ClusterPortrait], unit: Unit, title: str = "What sets each cluster apart"
) -> Figure:
    """Draw clusters against measures: Cliff's delta of each, where it may be claimed.

    A cell is empty where the difference is not significant or too small, and hatched where it
    cannot be told. Shown are the measures that set any cluster apart most.

    Args:
        portraits: Of the clusters, by number.
        unit: What a member is.
        title: Of the figure.
    """
    rows = _rows(portraits, unit)
    words = [_words(name, unit) for name in rows]
    left = max(1.2, widest(words) + 0.35)
    columns = max(1, len(portraits))
    room = 9.0 - left - 1.2
    cell = float(np.clip(room / columns, _LEAST_CELL_IN, _MOST_CELL_IN))
    lines = int(np.clip(cell / _LINE_IN, 1, 3))
    names = [wrapped(f"{one.number + 1}  {one.name}", 28, lines) for one in portraits]
    tilt = 0 if widest([n.replace("\n", " ") for n in names], SMALL) < cell else 40
    top = _names_height(names, tilt)
    note = (
        "Cliff's delta of members against all others. Empty: not significant (5 %, corrected for "
        "all cells) or below .147;\nhatched: cannot be told."
    )
    head_in = head_height(note)
    figure = new_figure(head_in + top + max(1, len(rows)) * _ROW_IN + 0.6)
    height = max(1, len(rows)) * _ROW_IN
    axes = boxed_axes(figure, left, 0.5, cell * columns, height)
    _cells(axes, portraits, rows)
    name_ticks(axes, "y", np.arange(len(rows)).tolist(), words)
    _column_names(axes, portraits, names, tilt)
    _rules_between_groups(axes, rows, unit, columns)
    head(figure, title, note)
    _key(figure, left)
    return figure


def _rows(portraits: Sequence[ClusterPortrait], unit: Unit) -> list[str]:
    """Return the measures that set any cluster apart most, group by group."""
    strongest: dict[str, float] = {}
    for portrait in portraits:
        for effect in portrait.sets_apart:
            known = strongest.get(effect.measure, 0.0)
            strongest[effect.measure] = max(known, abs(effect.delta))
    kept = sorted(strongest, key=lambda name: -strongest[name])[:_MOST_ROWS]
    return sorted(kept, key=lambda n: (_ORDER.index(_group(n, unit)), -strongest[n]))


def _measure(name: str, unit: Unit) -> Measure | None:
    return next((one for one in numbers_of(unit) if one.name == name), None)


def _group(name: str, unit: Unit) -> MeasureGroup | None:
    found = _measure(name, unit)
    return found.group if found else None


def _words(name: str, unit: Unit) -> str:
    found = _measure(name, unit)
    return shortened(found.words if found else spoken(name).replace(" = ", ": "), 44)


def _cells(axes: Axes, portraits: Sequence[ClusterPortrait], rows: list[str]) -> None:
    from matplotlib.patches import Rectangle

    axes.set_xlim(-0.5, max(1, len(portraits)) - 0.5)
    axes.set_ylim(max(1, len(rows)) - 0.5, -0.5)
    for spine in axes.spines.values():
        spine.set_visible(False)
    for x, portrait in enumerate(portraits):
        effects = {effect.measure: effect for effect in portrait.effects}
        for y, name in enumerate(rows):
            effect = effects.get(name)
            colour, hatch = _filling(effect)
            axes.add_patch(
                Rectangle((x - 0.47, y - 0.44), 0.94, 0.88, facecolor=colour, hatch=hatch,
                          edgecolor="#d8cfbd" if hatch else "none", linewidth=0)
            )  # fmt: skip
            if effect is not None and effect.is_claimed:
                said = f"{effect.delta:+.2f}".replace("0.", ".").replace("-", "−")
                write(axes, x, y, said, fontsize=7.5, color=on(colour), ha="center",
                      va="center_baseline")  # fmt: skip
    if not rows:
        write(axes, 0, 0, "nothing that may be claimed", color=FAINT, ha="center")


def _filling(effect: Effect | None) -> tuple[str, str | None]:
    """Return the colour of a cell, and its hatching where it cannot be told."""
    from matplotlib.colors import to_hex

    if effect is None or np.isnan(effect.p):
        return PAPER, "////"
    if not effect.is_claimed:
        return EMPTY, None
    return to_hex(diverging()((effect.delta + 1) / 2)), None


def _names_height(names: list[str], tilt: int) -> float:
    sizes = [size_of(name, SMALL) for name in names] or [(0.0, 0.0)]
    if not tilt:
        return max(height for _, height in sizes) + 0.3
    return max(0.65 * width + 0.75 * height for width, height in sizes) + 0.3


def _column_names(
    axes: Axes, portraits: Sequence[ClusterPortrait], names: list[str], tilt: int
) -> None:
    axes.set_xticks([])
    for x, (portrait, name) in enumerate(zip(portraits, names, strict=True)):
        write(
            axes, x, -0.85, name, fontsize=SMALL, rotation=tilt, rotation_mode="anchor",
            ha="left" if tilt else "center", va="bottom", linespacing=1.1,
        )  # fmt: skip
        axes.plot([x - 0.44, x + 0.44], [-0.68, -0.68], color=group_colour(portrait.number),
                  linewidth=3, clip_on=False, solid_capstyle="butt")  # fmt: skip


def _rules_between_groups(axes: Axes, rows: list[str], unit: Unit, columns: int) -> None:
    groups = [_group(name, unit) for name in rows]
    for y in range(1, len(rows)):
        if groups[y] is not groups[y - 1]:
            axes.plot([-0.5, columns - 0.5], [y - 0.5, y - 0.5], color=FAINT, linewidth=0.6)


def _key(figure: Figure, left: float) -> None:
    axes = boxed_axes(figure, left, 0.24, 1.6, 0.11)
    axes.imshow(
        np.linspace(0, 1, 256)[None, :], aspect="auto", cmap=diverging(), extent=(-1, 1, 0, 1)
    )
    axes.set_yticks([])
    axes.set_xticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    width, height = figure.get_size_inches()
    y = 0.295 / height
    write(figure, (left - 0.08) / width, y, "−1 less", fontsize=SMALL, color=FAINT, ha="right",
          va="center")  # fmt: skip
    write(figure, (left + 1.68) / width, y, "+1 more than elsewhere", fontsize=SMALL, color=FAINT,
          va="center")  # fmt: skip


def choosing_k(clusters: Clusters, title: str = "How many clusters") -> Figure:
    """Draw silhouette and agreement on other books for every number of clusters that was tried.

    Args:
        clusters: As found; without trials the figure says that the number was given.
        title: Of the figure.
    """
    note = shortened(clusters.how_chosen, 400)
    note = wrapped(note[:1].upper() + note[1:], 118, 3)
    figure = new_figure(3.4 + 0.1 * note.count("\n"))
    axes = axes_in(figure, Margins(0.7, 2.0, head_height(note) + 0.15, 0.55))
    head(figure, title, note)
    trials = clusters.trials
    if not trials:
        axes.set_axis_off()
        return figure
    k = np.array([trial.n_clusters for trial in trials])
    lines = (
        ("silhouette", BLUE, np.array([trial.silhouette for trial in trials])),
        ("agreement on other books\n(adjusted Rand)", ACCENT,
         np.array([trial.agreement for trial in trials])),
    )  # fmt: skip
    axes.axvline(clusters.n_clusters, color=LINE, linewidth=7, zorder=0)
    ends = []
    for words, colour, values in lines:
        axes.plot(k, values, "o-", color=colour, markersize=4, linewidth=1.4)
        told = np.flatnonzero(np.isfinite(values))
        if told.size:
            ends.append((float(values[told[-1]]), words, colour))
    finite = np.concatenate([v[np.isfinite(v)] for _, _, v in lines] or [np.zeros(1)])
    low = min(0.0, float(finite.min(initial=0.0)))
    high = max(0.3, float(finite.max(initial=0.0)))
    axes.set_ylim(low - 0.02, high * 1.06)
    axes.set_xlim(k[0] - 0.5, k[-1] + 0.5)
    name_ticks(axes, "x", k.tolist(), [str(n) for n in k])
    axes.yaxis.grid(visible=True, color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    _end_words(axes, ends, float(k[-1]), high - low)
    write(axes, 0.5, -0.2, "number of clusters", transform=axes.transAxes, ha="center", va="top",
          fontsize=SMALL, color=FAINT)  # fmt: skip
    return figure


def _end_words(axes: Axes, ends: list[tuple[float, str, str]], x: float, span: float) -> None:
    """Name lines at their right ends, apart from each other."""
    ends.sort()
    least = 0.2 * span
    placed = float("-inf")
    for y, words, colour in ends:
        placed = max(y, placed + least)
        write(axes, x + 0.7, placed, words, fontsize=SIZE, color=colour, va="center", clip_on=False)
