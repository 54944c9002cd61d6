"""Pacing: the rhythm of panels, and the pages at which the tempo changes.

What a shot shows (a face, a street) is not known without descriptions, so the rhythm is that of
panel areas, of panel shapes and of lettering: the typical step from panel to panel, and the echo,
the autocorrelation at one panel's distance, two panels', and so on. The band of chance is the
largest echo of the same panels in another order.

Tempo is panels a page and characters a panel, both as logarithms, scaled by their spread. Where it
changes is found by cutting the book in two where the means differ most, and each part again (binary
segmentation, Scott and Knott 1974). No penalty is taken for granted: a cut counts when the pages in
any other order rarely allow as good a one (as in e-divisive, Matteson and James 2014). Pages that
drift slowly have good cuts too: a change is of level, not proof of a sudden turn.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.reading.values import Floats, PageLines, PanelLines, Rhythm, TempoChange

LEVEL: Final = 0.05
_SHORTEST: Final = 4  # pages of one tempo
_N_ORDERS: Final = 199
_LONGEST_ECHO: Final = 8
_FEWEST_PANELS: Final = 24


def rhythms(panels: PanelLines, rng: np.random.Generator) -> tuple[Rhythm, ...]:
    """Measure the rhythm of area, shape and lettering; what does not vary has none."""
    inside = panels.is_story
    if int(inside.sum()) < _FEWEST_PANELS:
        return ()
    series = (
        ("area", np.log2(np.maximum(panels.area[inside], 1e-4))),
        ("shape", panels.aspect[inside]),
        ("lettering", np.log2(1 + panels.n_characters[inside])),
    )
    found = []
    for name, values in series:
        if values.std() < 1e-3:
            continue
        echo = _echo(values)
        orders = np.array([np.abs(_echo(rng.permutation(values))).max() for _ in range(_N_ORDERS)])
        change = float(np.median(np.abs(np.diff(values))))
        chance = float(np.quantile(orders, 1 - LEVEL))
        found.append(Rhythm(name, change, tuple(echo.tolist()), chance, int(values.size)))
    return tuple(found)


def tempo_changes(pages: PageLines, rng: np.random.Generator) -> tuple[TempoChange, ...]:
    """Find the pages from which on the tempo is another."""
    story = np.flatnonzero(pages.is_story)
    if story.size < 2 * _SHORTEST:
        return ()
    a_page = pages.n_panels[story].astype(np.float64)
    a_panel = pages.n_characters[story] / np.maximum(a_page, 1)
    series = np.stack([np.log1p(a_page), np.log1p(a_panel)], axis=1)
    spread = series.std(axis=0)
    varied = spread > 1e-6
    series = (series[:, varied] - series[:, varied].mean(axis=0)) / spread[varied]
    if not series.shape[1]:
        return ()
    cuts = sorted(_cuts(series, 0, rng))
    bounds = [0, *(cut for cut, _ in cuts), story.size]
    found = []
    for i, (cut, p) in enumerate(cuts):
        before, after = slice(bounds[i], cut), slice(cut, bounds[i + 2])
        panels = float(a_page[before].mean()), float(a_page[after].mean())
        said = float(a_panel[before].mean()), float(a_panel[after].mean())
        page = int(pages.page_index[story[cut]])
        found.append(TempoChange(page, p, *panels, *said, _words(page, panels, said)))
    return tuple(found)


def _echo(values: Floats) -> Floats:
    centred = values - values.mean()
    whole = float(centred @ centred)
    most = min(_LONGEST_ECHO, values.size // 3)
    return np.array([centred[lag:] @ centred[:-lag] / whole for lag in range(1, most + 1)])


def _cuts(series: Floats, first: int, rng: np.random.Generator) -> list[tuple[int, float]]:
    """Return where a stretch is cut, and p of each cut."""
    n = len(series)
    if n < 2 * _SHORTEST:
        return []
    gains = _gains(series)
    best = int(np.argmax(gains))
    others = np.array([_gains(rng.permutation(series)).max() for _ in range(_N_ORDERS)])
    p = float((1 + (others >= gains[best]).sum()) / (1 + _N_ORDERS))
    if p > LEVEL:
        return []
    cut = best + _SHORTEST
    left, right = series[:cut], series[cut:]
    return [(first + cut, p), *_cuts(left, first, rng), *_cuts(right, first + cut, rng)]


def _gains(series: Floats) -> NDArray[np.float64]:
    """Return by how much squares fall when a stretch is cut, for every place it may be."""
    n = len(series)
    at = np.arange(_SHORTEST, n - _SHORTEST + 1)
    sums = np.cumsum(series, axis=0)
    left = sums[at - 1] / at[:, None]
    right = (sums[-1] - sums[at - 1]) / (n - at)[:, None]
    gains: NDArray[np.float64] = at * (n - at) / n * ((left - right) ** 2).sum(axis=1)
    return gains


def _words(page: int, panels: tuple[float, float], said: tuple[float, float]) -> str:
    more = "more" if panels[1] > panels[0] else "fewer"
    text = "more" if said[1] > said[0] else "less"
    return (
        f"From page {page + 1} on {more} panels a page ({panels[0]:.1f} before, {panels[1]:.1f} "
        f"after) and {text} lettering a panel ({said[0]:.0f} characters before, {said[1]:.0f} "
        f"after)."
    )
