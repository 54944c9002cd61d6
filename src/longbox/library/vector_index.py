"""The open segments of a library, and search over them.

The list of live segments is in the catalog. It is read for every search, and once more when a
segment vanished between reading the list and opening it. A segment that another process replaced
stays open for those who still search the library as it was, and is let go of a minute later.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from longbox.errors import LibraryError
from longbox.library.fulltext import best
from longbox.library.kept import KeptAnswers
from longbox.library.learned import answering_fingerprints
from longbox.library.masks import Mask
from longbox.library.records import ScoredPanel
from longbox.library.segments import Segment
from longbox.vectors import QueryVector, Space, require_same_space

INDEX_NAME: Final = "index"
ATTEMPTS: Final = 5
_KEPT_S: Final = 60.0

Spaces = dict[Space, tuple[str, ...]]
T = TypeVar("T")


class SegmentGoneError(LibraryError):
    """A listed segment is not there: replaced since the list was read, or lost."""


class VectorIndex:
    """Segments kept open between queries."""

    def __init__(self, root: Path) -> None:
        self._folder = root / INDEX_NAME
        self._open: dict[str, Segment] = {}
        self._used: dict[str, float] = {}
        self._spaces = KeptAnswers[None, Spaces](1)

    def spaces(self, connection: sqlite3.Connection) -> Spaces:
        """Return what `spaces` does, kept until the catalog changes: it counts every book."""
        (generation,) = connection.execute(
            "SELECT value FROM meta WHERE key = 'generation'"
        ).fetchone()
        return self._spaces.get(int(generation), None, lambda: spaces(connection))

    def nearest(
        self, connection: sqlite3.Connection, query: QueryVector, k: int, mask: Mask
    ) -> list[ScoredPanel]:
        """Find the nearest panels over all segments of the query's space.

        Raises:
            SpaceMismatchError: The space's vectors were made by another encoder.
            SegmentGoneError: A listed segment is not there.
        """
        stored = self.spaces(connection).get(query.space, ())
        if not stored:
            return []
        if query.fingerprint not in stored:
            require_same_space(query.space, query.fingerprint, query.space, stored[0])

        def search(segments: list[Segment]) -> list[ScoredPanel]:
            found = []
            for segment in segments:
                require_same_space(
                    query.space, query.fingerprint, segment.info.space, segment.info.fingerprint
                )
                _require_dimension(query, segment)
                found.append(segment.search(query.vector, k, mask))
            if not found:
                return []
            return best(
                np.concatenate([rows for rows, _ in found]),
                np.concatenate([scores for _, scores in found]),
                k,
            )

        return self.with_segments(connection, query.space, query.fingerprint, search)

    def vector(
        self, connection: sqlite3.Connection, row: int, space: Space, fingerprint: str
    ) -> NDArray[np.float32] | None:
        """Return one panel's vector, float32 (D,), or None when no segment has it."""

        def look(segments: list[Segment]) -> NDArray[np.float32] | None:
            vectors = (segment.vector(row) for segment in segments)
            return next((v for v in vectors if v is not None), None)

        return self.with_segments(connection, space, fingerprint, look)

    def has_vectors(
        self,
        connection: sqlite3.Connection,
        rows: NDArray[np.int64],
        space: Space,
        fingerprint: str,
    ) -> NDArray[np.bool_]:
        """Say which panels have a vector in a space, bool (n,) for rows (n,)."""

        def look(segments: list[Segment]) -> NDArray[np.bool_]:
            found = np.zeros(rows.size, dtype=np.bool_)
            for segment in segments:
                found |= segment.has_rows(rows)
            return found

        return self.with_segments(connection, space, fingerprint, look)

    def with_segments(
        self,
        connection: sqlite3.Connection,
        space: Space,
        fingerprint: str,
        use: Callable[[list[Segment]], T],
    ) -> T:
        """Call a function with the live segments of a space, reloading the list if one vanished.

        Inside a snapshot the list stays what it was: then take another and try again.

        Raises:
            SegmentGoneError: A segment that is listed is not there, even after reloading.
        """
        for _ in range(ATTEMPTS):
            names = self.names(connection, space, fingerprint)
            try:
                return use([self.segment(name) for name in names])
            except FileNotFoundError as error:
                lost = error
            finally:
                self._let_go(connection)
        raise SegmentGoneError(
            f"{self._folder}: an index segment is gone ({lost.filename or lost}); "
            "run `longbox library rebuild`"
        )

    def names(
        self, connection: sqlite3.Connection, space: Space, fingerprint: str
    ) -> tuple[str, ...]:
        """Return the folder names of the live segments of a space."""
        rows = connection.execute(
            "SELECT folder FROM segments WHERE space = ? AND fingerprint = ? ORDER BY segment_id",
            (space.value, fingerprint),
        )
        return tuple(name for (name,) in rows)

    def segment(self, name: str) -> Segment:
        """Return an open segment by its folder name."""
        segment = self._open.get(name)
        if segment is None:
            segment = self._open[name] = Segment(self._folder / name, self._folder.parent)
        self._used[name] = time.monotonic()
        return segment

    def keep_only(self, names: set[str]) -> None:
        """Let go of segments that are no longer live."""
        for name in set(self._open) - names:
            self._open.pop(name, None)
            self._used.pop(name, None)

    def _let_go(self, connection: sqlite3.Connection) -> None:
        """Let go of segments that were not used for a while and are not live."""
        before = time.monotonic() - _KEPT_S
        # A copy: other threads search meanwhile.
        old = {name for name, used in list(self._used.items()) if used < before}
        if old:
            live = {name for (name,) in connection.execute("SELECT folder FROM segments")}
            self.keep_only(set(self._open) - (old - live))
            self._used.update(dict.fromkeys(old & live, time.monotonic()))


def spaces(connection: sqlite3.Connection) -> Spaces:
    """Return the fingerprints of every space that has vectors, the most used first.

    Of trained models only those of the one that answers searches.
    """
    rows = connection.execute(
        "SELECT space, fingerprint FROM book_spaces WHERE model IS NULL "
        "OR fingerprint IN (SELECT value FROM json_each(?)) GROUP BY space, fingerprint "
        "ORDER BY space, sum(n_vectors) DESC, fingerprint",
        (json.dumps(answering_fingerprints(connection)),),
    )
    found: Spaces = {}
    for name, fingerprint in rows:
        space = Space(name)
        found[space] = (*found.get(space, ()), fingerprint)
    return found


def _require_dimension(query: QueryVector, segment: Segment) -> None:
    if query.vector.shape != (segment.info.dimension,):
        raise LibraryError(
            f"a {query.space} query of shape {query.vector.shape} for vectors of "
            f"{segment.info.dimension} numbers; embed the query with the library's encoder"
        )
