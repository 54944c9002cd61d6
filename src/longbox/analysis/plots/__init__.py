"""Every figure of the study: a function takes values and returns a matplotlib `Figure`.

The one room that knows of matplotlib. `svg_of` and `png_of` write a figure; a notebook shows it as
it is.
"""

from longbox.analysis.plots.ablation import cluster_agreement, neighbour_overlap, variance_shares
from longbox.analysis.plots.books import (
    Marks,
    Strip,
    StripStyle,
    panel_places,
    reading_strips,
)
from longbox.analysis.plots.clusters import choosing_k, effects_heatmap
from longbox.analysis.plots.files import png_of, svg_of
from longbox.analysis.plots.fingerprints import BookFingerprint, fingerprint_bars
from longbox.analysis.plots.likeness import likeness_matrix
from longbox.analysis.plots.maps import map_by_cluster, map_by_measure, middle_of
from longbox.analysis.plots.reading import book_fingerprints, book_strips
from longbox.analysis.plots.shelf import distributions, page_types_along
from longbox.analysis.plots.styles import group_colour

__all__ = [
    "BookFingerprint",
    "Marks",
    "Strip",
    "StripStyle",
    "book_fingerprints",
    "book_strips",
    "choosing_k",
    "cluster_agreement",
    "distributions",
    "effects_heatmap",
    "fingerprint_bars",
    "group_colour",
    "likeness_matrix",
    "map_by_cluster",
    "map_by_measure",
    "middle_of",
    "neighbour_overlap",
    "page_types_along",
    "panel_places",
    "png_of",
    "reading_strips",
    "svg_of",
    "variance_shares",
]
