"""Maps of a space: every point a page or a panel, coloured by cluster or by a measure.

Only what is near on such a map means anything: the axes have no unit and are not drawn. More than
3,000 points are drawn as a picture inside the figure, or a browser would be slow with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.plots.labels import Label, place_labels
from longbox.analysis.plots.styles import (
    FAINT,
    SMALL,
    Margins,
    axes_in,
    bare,
    boxed_axes,
    group_colour,
    head,
    head_height,
    new_figure,
    rising,
    wrapped,
    write,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_DRAWN: Final = 3_000
_GRID: Final = 32
_LEAST_NAMED: Final = 3


def map_by_cluster(
    places: NDArray[np.floating],
    labels: NDArray[np.integer],
    names: Sequence[str],
    title: str = "Map",
    note: str = "",
) -> Figure:
    """Draw a map coloured by cluster, each cluster named where most of it is.

    Args:
        places: x and y of each point, (N, 2).
        labels: Cluster of each point, (N,); -1 for none.
        names: Of the clusters, by number.
        title: Of the figure.
        note: What it rests on: how many points of how many.
    """
    figure = new_figure(7.0)
    axes = _map_axes(figure, places, note, foot_in=0.2)
    colours = np.array([group_colour(int(number)) for number in labels], dtype=object)
    order = np.argsort(labels >= 0, kind="stable")  # those of no cluster lie below
    _scatter(axes, places[order], {"c": colours[order].tolist() or None})
    named = []
    for number, name in enumerate(names):
        own = places[labels == number]
        if len(own) >= min(_LEAST_NAMED, max(1, len(places) // 50)):
            x, y = middle_of(own)
            words = wrapped(f"{number + 1}  {name}", 24)
            named.append(Label(x, y, words, group_colour(number)))
    place_labels(axes, named, places)
    n_none = int(np.count_nonzero(labels < 0))
    said = note + (f"; {n_none:,} of no cluster in grey" if n_none else "")
    head(figure, title, said)
    return figure


def map_by_measure(
    places: NDArray[np.floating],
    values: NDArray[np.floating],
    words: str,
    title: str = "",
    note: str = "",
) -> Figure:
    """Draw a map coloured by a measure; points whose value is not known are hollow.

    Args:
        places: x and y of each point, (N, 2).
        values: Of each point, nan where not known, (N,).
        words: What the measure is called.
        title: Of the figure; the words when empty.
        note: What it rests on.
    """
    from matplotlib.colors import Normalize

    figure = new_figure(7.0)
    axes = _map_axes(figure, places, note, foot_in=0.75)
    is_known = np.isfinite(values)
    known = values[is_known]
    low, high = (float(v) for v in np.quantile(known, (0.02, 0.96))) if known.size else (0.0, 1.0)
    if high <= low:
        low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    norm = Normalize(low, high if high > low else low + 1, clip=True)
    _scatter(axes, places[~is_known], {"facecolors": "none", "edgecolors": "#b9b0a1"})
    order = np.argsort(known, kind="stable")
    if known.size:
        colours = {"c": known[order], "cmap": rising(), "norm": norm}
        _scatter(axes, places[is_known][order], colours)
    _scale(figure, norm, words)
    n_unknown = int(np.count_nonzero(~is_known))
    said = note + (f"; {n_unknown:,} without a value are hollow" if n_unknown else "")
    head(figure, title or words[:1].upper() + words[1:], said)
    return figure


def middle_of(own: NDArray[np.floating]) -> tuple[float, float]:
    """Return where points are densest: the middle of a cluster that may lie in several pieces."""
    low, high = own.min(axis=0), own.max(axis=0)
    span = np.maximum(high - low, 1e-9)
    cells = np.minimum(((own - low) / span * _GRID).astype(np.int64), _GRID - 1)
    counts = np.zeros((_GRID, _GRID))
    np.add.at(counts, (cells[:, 0], cells[:, 1]), 1)
    from scipy.ndimage import gaussian_filter

    smooth = gaussian_filter(counts, 2.0, mode="constant")
    peak = np.array(np.unravel_index(int(smooth.argmax()), smooth.shape)) + 0.5
    near = low + peak / _GRID * span
    distance = (((own - near) / span) ** 2).sum(axis=1)
    x, y = own[int(distance.argmin())]
    return float(x), float(y)


def _map_axes(figure: Figure, places: NDArray[np.floating], note: str, foot_in: float) -> Axes:
    axes = axes_in(figure, Margins(0.2, 0.2, head_height(note) + 0.1, foot_in))
    bare(axes)
    if len(places):
        low, high = places.min(axis=0), places.max(axis=0)
        pad = np.maximum((high - low) * 0.06, 1e-3)
        axes.set_xlim(float(low[0] - pad[0]), float(high[0] + pad[0]))
        axes.set_ylim(float(low[1] - pad[1]), float(high[1] + pad[1]))
    return axes


def _scatter(axes: Axes, places: NDArray[np.floating], colours: dict[str, Any]) -> None:
    n = len(places)
    if not n:
        return
    size = float(np.clip(14_000 / n, 2.5, 30.0))
    if "edgecolors" not in colours:
        colours = {**colours, "linewidths": 0.25, "edgecolors": "#fffdf8"}
    else:
        colours = {**colours, "linewidths": 0.6}
    axes.scatter(
        places[:, 0], places[:, 1], s=size, alpha=0.9 if n < MOST_DRAWN else 0.7,
        rasterized=n > MOST_DRAWN, zorder=2, **colours,
    )  # fmt: skip


def _scale(figure: Figure, norm: Any, words: str) -> None:
    """Draw what the colours of a measure mean, below the map."""
    axes = boxed_axes(figure, 0.25, 0.42, 3.0, 0.12)
    steps = np.linspace(0, 1, 256)[None, :]
    axes.imshow(steps, aspect="auto", cmap=rising(), extent=(norm.vmin, norm.vmax, 0, 1))
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_xticks([norm.vmin, (norm.vmin + norm.vmax) / 2, norm.vmax])
    for label in axes.get_xticklabels():
        label.set_parse_math(False)
    axes.xaxis.set_major_formatter("{x:.3g}")
    width, height = figure.get_size_inches()
    write(figure, 3.45 / width, 0.48 / height, words, fontsize=SMALL, color=FAINT, va="center")
