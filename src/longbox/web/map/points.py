"""The points of a map as the browser wants them: one block of bytes, columns after each other.

JSON of a hundred thousand points is ten megabytes and a second of parsing; columns are 24 bytes a
point and are used as they arrive. The block begins with "LBMAP1" and two zero bytes, then the
length of a JSON header as a little-endian uint32 and 4 more zero bytes, the header, and the
columns, each from a multiple of 8 bytes. The header names every column with its type, place and
length, and holds what is said once: the books, the names of page types and flags, and how the map
was made. One answer, so that columns and names cannot be of two states of the library.

Blocks are kept for a library that does not change; there is one for each map that people look at.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from longbox.analysis import ShownMap, Unit, fingerprint_of, map_path, show_map
from longbox.library import PAGE_FLAGS, PAGE_TYPES, KeptAnswers, Library, PanelColumns
from longbox.vectors import Space

MAGIC: Final = b"LBMAP1\0\0"
_KEPT: Final = 8
_ALIGNMENT: Final = 8


@dataclass(frozen=True, slots=True)
class PointBlock:
    """A map's points as bytes.

    Attributes:
        etag: Changes with the bytes.
        data: The block.
        n_points: How many.
    """

    etag: str
    data: bytes
    n_points: int


class PointCache:
    """The last few blocks of one library."""

    def __init__(self) -> None:
        self._blocks = KeptAnswers[tuple[object, ...], PointBlock | None](_KEPT)

    def get(self, library: Library, space: Space, unit: Unit) -> PointBlock | None:
        """Return a map's points, or None where it was not made yet.

        Raises:
            QueryError: The library has no vectors in this space.
            LibraryError: The map or the catalog is damaged.
        """

        def make() -> PointBlock | None:
            shown = show_map(library, space, unit)
            return None if shown is None else point_block(library, shown)

        key = (space, unit, _stamp(library, space, unit))
        return self._blocks.get(library.generation(), key, make)


def point_block(library: Library, shown: ShownMap) -> PointBlock:
    """Pack a map with what its points can be coloured by."""
    columns = library.panel_columns(shown.map.rows)
    at = np.searchsorted(shown.map.rows, columns.rows)  # a row may have gone in between
    arrays: dict[str, NDArray[Any]] = {
        "places": shown.map.places[at].astype("<f4"),
        "book": columns.book.astype("<i4"),
        "page": columns.page_index.astype("<i4"),
        "panel": columns.panel.astype("<u2"),
        "text": columns.text_characters.astype("<u2"),
        "cluster": shown.map.clusters[at].astype("<i2"),
        "area": np.rint(columns.area_fraction * 255).astype(np.uint8),
        "type": columns.page_type,
        "flags": columns.flags,
    }
    header = json.dumps(_about(shown, columns) | {"columns": _laid_out(arrays)}).encode()
    start = len(MAGIC) + 8
    pieces = [MAGIC, len(header).to_bytes(4, "little"), bytes(4), header]
    pieces.append(bytes(-(start + len(header)) % _ALIGNMENT))
    for array in arrays.values():
        data = array.tobytes()
        pieces += [data, bytes(-len(data) % _ALIGNMENT)]
    block = b"".join(pieces)
    return PointBlock(f'"{hashlib.sha256(block).hexdigest()[:32]}"', block, columns.rows.size)


def _laid_out(arrays: dict[str, NDArray[Any]]) -> list[dict[str, Any]]:
    """Say where each column begins, counted from the end of the padded header."""
    found, offset = [], 0
    for name, array in arrays.items():
        found.append(
            {"name": name, "type": array.dtype.name, "offset": offset, "length": array.size}
        )
        offset += array.nbytes + -array.nbytes % _ALIGNMENT
    return found


def _about(shown: ShownMap, columns: PanelColumns) -> dict[str, Any]:
    made = shown.map
    return {
        "space": made.space.value,
        "of": made.unit.value,
        "vector_of": made.vector_of,
        "method": made.method.value,
        "n_points": columns.rows.size,
        "n_known": made.n_known,
        "n_fitted": made.n_fitted,
        "n_clusters": made.n_clusters,
        "n_books_new": shown.n_books_new,
        "n_books_changed": shown.n_books_changed,
        "made_at": made.made_at,
        "books": [
            {
                "id": book.book_id,
                "title": book.title,
                "series": book.series,
                "year": book.year,
                "language": book.language,
            }
            for book in columns.books
        ],
        "page_types": [page_type.value for page_type in PAGE_TYPES],
        "page_flags": [flag.value for flag in PAGE_FLAGS],
    }


def _stamp(library: Library, space: Space, unit: Unit) -> tuple[int, int]:
    """Return what changes when a map is made again; zeros where there is none."""
    path = map_path(library.root, space, fingerprint_of(library, space), unit)
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_size, found.st_mtime_ns
