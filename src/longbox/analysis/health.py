"""Pages for the health report: are the vectors of pages spread out, and of high rank?

`longbox.evaluation` judges rows of any space, and reads panels itself; the vectors of pages (means
of panels, or trained strips) are made in this room. Large libraries are sampled page by page.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from longbox.analysis.units import Sampling, Tell, Unit, gather_units
from longbox.evaluation import MAX_PANELS, AbsentSpace, LibrarySpaces, SpaceRows, absent_space
from longbox.library import Library
from longbox.vectors import Space


def gather_page_spaces(
    library: Library,
    spaces: Collection[Space] = tuple(Space),
    sampling: Sampling | None = None,
    tell: Tell | None = None,
) -> LibrarySpaces:
    """Read the vectors of a library's pages, as rows to measure.

    Args:
        library: Open.
        spaces: Which; all when not given.
        sampling: How many pages at most, each with the same chance; 50,000 when None.
        tell: Called with "reading", the panels read and the panels to read.

    Returns:
        The spaces that have pages, those that have none, and what was left out.
    """
    chosen = sampling or Sampling(MAX_PANELS)
    found: list[SpaceRows] = []
    absent: list[AbsentSpace] = []
    notes: list[str] = []
    known = library.spaces()
    for space in Space:
        if space not in spaces:
            continue
        if not known.get(space):
            absent.append(absent_space(space))
            continue
        units = gather_units(library, space, Unit.PAGES, sampling=chosen, tell=tell)
        if not units.n:
            absent.append(absent_space(space))
            continue
        if units.is_sampled:
            notes.append(
                f"{space}: measured on {units.n:,} of {units.n_known:,} pages, drawn with seed "
                f"{chosen.seed}"
            )
        for other in known[space][1:]:
            notes.append(
                f"left out: {space} vectors by {other}; most are by {units.fingerprint}, and they "
                "are not comparable"
            )
        found.append(
            SpaceRows(
                space,
                units.fingerprint,
                units.vectors,
                np.ones(units.n, dtype=np.bool_),
                units.page_index.astype(np.int64),
                units.book.astype(np.int64),
            )
        )
    return LibrarySpaces(tuple(found), tuple(absent), tuple(notes))
