"""Who is in which panel, as far as `longbox characters` put regions into clusters.

Only the book's own regions are clustered here: those of its series may have been found by another
detector, and identity vectors of two spaces are never compared. A cluster is pictures that look
alike; without a detector of figures it is repeated scenes, not people (docs/characters.md).
"""

from __future__ import annotations

import numpy as np

from longbox.analysis.reading.lines import OpenedBook
from longbox.analysis.reading.values import PageLines, PanelLines, Presence
from longbox.errors import LibraryError
from longbox.library import Library
from longbox.pipeline import cluster_books, kept_regions


def presence_of(
    library: Library, opened: OpenedBook, pages: PageLines, panels: PanelLines
) -> Presence:
    """Say which cluster appears in which panel."""
    book = opened.book.book
    try:
        regions = kept_regions(library, book.book_id)
    except LibraryError as error:
        return no_presence(panels, str(error))
    if regions is None:
        command = f"longbox characters --book {book.book_id}"
        return no_presence(panels, f"no characters were grouped; run `{command}`")
    places = {
        (int(pages.page_index[page]), int(panel)): at
        for at, (page, panel) in enumerate(zip(panels.page, panels.panel, strict=True))
        if opened.stored[at] >= 0
    }
    looked = np.zeros(panels.page.size, dtype=np.bool_)
    for region in regions.regions:
        at = places.get((region.page_index, region.panel))
        if at is not None:
            looked[at] = True
    group = cluster_books(library, book.title, [regions])
    there = np.zeros((len(group.clusters), panels.page.size), dtype=np.bool_)
    for number, cluster in enumerate(group.clusters):
        for member in cluster.members:
            at = places.get((member.region.page_index, member.region.panel))
            if at is not None:
                there[number, at] = True
    order = np.argsort(-there.sum(axis=1), kind="stable")
    why = "" if group.clusters else "no two of the regions that were looked at are alike"
    return Presence(
        tuple(group.clusters[i].key for i in order),
        tuple(group.clusters[i].name for i in order),
        there[order],
        looked,
        why,
    )


def no_presence(panels: PanelLines, why: str) -> Presence:
    """Return that nobody is known, and why."""
    n = panels.page.size
    return Presence((), (), np.zeros((0, n), np.bool_), np.zeros(n, np.bool_), why)
