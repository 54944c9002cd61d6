"""Panels in which a named character was found: clusters of regions that a person gave a name.

Only what an earlier `longbox characters` kept is read; nothing is looked at now. Clusters are made
of the books of a series together, as that command makes them, so the names go to the same clusters.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from longbox.library import Library
from longbox.pipeline import BookRegions, cluster_books, group_books, kept_regions


@dataclass(frozen=True, slots=True, eq=False)
class NamedPanels:
    """Where a named character was found.

    Attributes:
        rows: Of the panels, rising, int64 (n,).
        book_ids: Books with any of them.
    """

    rows: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    book_ids: frozenset[str] = frozenset()


def named_panels(library: Library, name: str) -> NamedPanels:
    """Return the panels of the clusters that carry a name; none where nobody was named.

    Args:
        library: Open.
        name: Part of the name; case does not matter.

    Raises:
        LibraryError: Kept regions or names cannot be read.
    """
    if not (library.root / "characters" / "names.json").is_file():
        return NamedPanels()
    panels = set()
    for looked in _kept_by_space(library).values():
        for title, ids in group_books(library, list(looked)):
            group = cluster_books(library, title, [looked[book_id] for book_id in ids])
            for cluster in group.clusters:
                if cluster.name and name.casefold() in cluster.name.casefold():
                    panels |= {member.panel_id for member in cluster.members}
    rows = sorted({library.panel_row(panel) for panel in panels})
    return NamedPanels(np.array(rows, dtype=np.int64), frozenset(panel.book_id for panel in panels))


def _kept_by_space(library: Library) -> dict[str, dict[str, BookRegions]]:
    """Return kept regions by identity space (the folder kept last), then by book.

    Vectors of two identity spaces are never clustered together.
    """
    found: dict[str, dict[str, BookRegions]] = {}
    for book_id in library.book_ids():
        paths = list((library.root / "characters").glob(f"*/{book_id}.json"))
        kept = kept_regions(library, book_id) if paths else None
        if kept is not None:
            newest = max(paths, key=lambda path: path.stat().st_mtime_ns)
            found.setdefault(newest.parent.name, {})[book_id] = kept
    return found
