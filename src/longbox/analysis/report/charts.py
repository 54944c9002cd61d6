"""The report's figures as SVG, each with its caption."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
from markupsafe import Markup

from longbox.analysis.ablation import Ablation
from longbox.analysis.measures import PAGE_NUMBERS
from longbox.analysis.plots import (
    choosing_k,
    cluster_agreement,
    distributions,
    effects_heatmap,
    map_by_cluster,
    neighbour_overlap,
    page_types_along,
    svg_of,
    variance_shares,
)
from longbox.analysis.report.values import SpaceStudy
from longbox.analysis.report.words import looked_at, map_words
from longbox.analysis.units import lowest_hashes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_CLUSTERS: Final = 24


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure, ready to stand in the page."""

    name: str
    svg: Markup
    caption: str


def _chart(name: str, figure: Figure, title: str, caption: str) -> Chart:
    return Chart(name, Markup(svg_of(figure, name, title)), caption)


def _begun(words: str) -> str:
    return words[:1].upper() + words[1:]


def map_chart(study: SpaceStudy, most_points: int, seed: int) -> Chart:
    """Draw the map of a space, coloured by cluster."""
    at = shown_points(study, most_points, seed)
    names = [portrait.name for portrait in study.portraits]
    title = f"Map of {study.unit.value} by {study.space.value}"
    figure = map_by_cluster(
        study.places.xy[at], study.clusters.labels[at], names, title, map_words(study)
    )
    drawn = f" Drawn are {at.size:,} of them." if at.size < study.units.n else ""
    return _chart(
        f"map-{study.key}",
        figure,
        title,
        f"{_begun(looked_at(study))}. Near means alike; far, and the two directions, mean "
        f"little.{drawn}",
    )


def shown_points(study: SpaceStudy, most: int, seed: int) -> np.ndarray:
    """Return which units are drawn on a map, rising: all that it shows, or a seeded sample."""
    known = np.flatnonzero(np.isfinite(study.places.xy[:, 0]))
    kept = lowest_hashes(study.units.rows[known], most, seed)
    return np.sort(known[kept])


def effects_chart(study: SpaceStudy) -> Chart | None:
    """Draw what sets clusters apart; None below two clusters."""
    if not len(study.portraits) >= 2:
        return None
    shown = study.portraits[:_MOST_CLUSTERS]
    more = len(study.portraits) - len(shown)
    caption = (
        f"{_begun(looked_at(study))}. Effects are over books, p corrected over all clusters and "
        "measures (Benjamini and Hochberg)."
    ) + (f" {more} smaller clusters are not shown." if more else "")
    figure = effects_heatmap(shown, study.unit)
    return _chart(f"effects-{study.key}", figure, "What sets each cluster apart", caption)


def k_chart(study: SpaceStudy) -> Chart | None:
    """Draw how the number of clusters was chosen; None where it was not."""
    if not study.clusters.trials:
        return None
    caption = (
        f"{study.clusters.n_fitted:,} {study.unit.value} in {study.clusters.n_dimensions} "
        f"principal components ({study.clusters.explained:.0%} of the variance)."
    )
    return _chart(f"k-{study.key}", choosing_k(study.clusters), "How many clusters", caption)


def ablation_charts(found: Ablation) -> tuple[Chart, ...]:
    """Draw what spaces are made of, and how far they agree."""
    unit_of, n = found.unit.value, f"{found.n:,}"
    charts = []
    if found.shares:
        caption = (
            "Intervals are over books. Chance is what is left of the share when the group is dealt "
            "anew, so that only what books have in common remains."
        )
        charts.append(_chart("shares", variance_shares(found), "What explains each space", caption))
    if any(not one.own_book for one in found.overlaps):
        figure = neighbour_overlap(found, own_book=False)
        caption = f"{n} {unit_of}. Neighbours are of other books, or one book's style would decide."
        charts.append(_chart("overlap", figure, "Do spaces have the same neighbours?", caption))
    if found.agreements:
        caption = f"{n} {unit_of}; k-means with as many clusters in every space."
        figure = cluster_agreement(found)
        charts.append(_chart("agreement", figure, "Do spaces fall into the same groups?", caption))
    return tuple(charts)


def shelf_charts(pages: pl.DataFrame) -> tuple[Chart, Chart]:
    """Draw kinds of pages along the book, and the distributions of all measures."""
    types = _chart(
        "types",
        page_types_along(pages),
        "Kinds of pages along the book",
        f"{pages.height:,} pages that have panels.",
    )
    numbers = _chart(
        "numbers",
        distributions(pages, PAGE_NUMBERS),
        "Distributions of all measures",
        f"{pages.height:,} pages that have panels; values beyond 99 % stand in the last bar.",
    )
    return types, numbers
