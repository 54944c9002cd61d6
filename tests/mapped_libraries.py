"""Libraries with maps whose points lie where a test wants them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longbox.analysis import LibraryMap, Method, Unit, fingerprint_of, write_map
from longbox.library import Library
from longbox.vectors import Space

SPACES = (Space.VISION, Space.TEXT)


def put_maps(root: Path) -> None:
    """Keep a map of panels in two spaces: points in rows and columns, by reading order."""
    with Library.open(root) as library:
        for space in SPACES:
            write_map(root, on_a_grid(library, space))


def on_a_grid(library: Library, space: Space) -> LibraryMap:
    """Return a map of every panel of a space, in a square grid; the text space's is turned."""
    fingerprint = fingerprint_of(library, space)
    rows = np.sort(np.concatenate([r for r, _ in library.vectors(space, fingerprint)]))
    side = int(np.ceil(np.sqrt(rows.size)))
    at = np.arange(rows.size)
    places = np.stack([at % side, at // side], axis=1) / max(side - 1, 1) * 1.8 - 0.9
    return LibraryMap(
        space=space,
        fingerprint=fingerprint,
        unit=Unit.PANELS,
        vector_of="panel",
        method=Method.UMAP,
        n_known=rows.size,
        n_fitted=rows.size,
        books=library.book_blocks(space, fingerprint),
        rows=rows,
        places=(places if space is Space.VISION else -places).astype(np.float32),
        clusters=(at % 3).astype(np.int16),
        made_at="2026-01-01T00:00:00+00:00",
    )


def unpacked(block: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read a block of points as docs/map.md says it is laid out."""
    assert block[:8] == b"LBMAP1\0\0"
    length = int.from_bytes(block[8:12], "little")
    header = json.loads(block[16 : 16 + length])
    start = -(-(16 + length) // 8) * 8
    columns = {
        c["name"]: np.frombuffer(block, c["type"], c["length"], start + c["offset"])
        for c in header["columns"]
    }
    return header, columns
