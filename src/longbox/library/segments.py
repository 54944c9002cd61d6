"""Vector segments: immutable folders of one space's vectors, searched by themselves.

A segment holds its panel rows in ascending order and either a copy of its vectors (float16) or,
above 64 MiB of vectors, product-quantised codes in a faiss IVF index, and where to read the exact
vectors in the books' stores. It is built under `partial/` and renamed; nothing ever changes in it,
so a reader that has it open goes on even when it was replaced and deleted.

The limits are bytes of vectors. They were chosen on one core with vectors of 1280 numbers, and not
measured again with shorter ones: numpy scans 20,000 panels (49 MiB) in 46 ms, faiss (float16,
exact) in 3 ms. numpy costs no import and is used up to 8 MiB, which is some 16,000 panels of 256
numbers, as the present vision encoder makes them; exact faiss up to 64 MiB, some 131,000 panels.

Above that an index finds candidates by their codes, and these are compared exactly. How many
candidates was chosen on vectors drawn with the spread that a real shelf's have, between books and
within them (benchmarks/large_library.py); how many lists are probed each segment says itself
(`longbox.library.segment_trials`). A filter that leaves few panels, or few books, is always
answered exactly.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from tokenize import TokenError
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from longbox.library.ivf import OpenIvf, Selection, damaged_segment, faiss_metric, import_faiss
from longbox.library.masks import Mask
from longbox.library.segment_vectors import (
    BOOK_TABLE,
    CopiedVectors,
    ExactVectors,
    Positions,
    StoredVectors,
    Taken,
)
from longbox.library.stored_vectors import restored
from longbox.vectors import Metric, Space, metric_of

NUMPY_BYTES: Final = 8 << 20
EXACT_BYTES: Final = 64 << 20
CANDIDATES: Final = 250
# Lists that hold so much of what is near are probed; codes lose a hundredth more.
PROBED_SHARE: Final = "0.97"
# Of a segment that was made before it was tried how many are enough.
_UNTRIED_SHARE: Final = 0.1
INFO_NAME: Final = "segment.json"
ROWS_NAME: Final = "rows.npy"
VECTORS_NAME: Final = "vectors.npy"
BOOK_TABLE_NAME: Final = "books.npy"
IVF_NAME: Final = "ivf.faiss"
_CHUNK_ROWS: Final = 256
_CHUNK_ELEMENTS: Final = 1 << 18
# Allowed panels of more books than these are not looked up one by one in their stores.
SCANNED_BOOKS: Final = 64
# Without a filter and with one: two people at once, or one who goes back and forth.
_KEPT_FILTERS: Final = 2

Found = tuple[NDArray[np.int64], NDArray[np.float32]]
Block = tuple[NDArray[np.int64], NDArray[np.float16]]


@dataclass(frozen=True, slots=True)
class SegmentInfo:
    """What `segment.json` says.

    Attributes:
        n_lists: Of its IVF index; 0 without one.
        probes: How many of them hold which share of what is near (`segment_trials`).
        files: Size in bytes and SHA-256 of every other file; of older segments unknown.
    """

    space: Space
    fingerprint: str
    dimension: int
    n_vectors: int
    n_lists: int = 0
    probes: dict[str, int] = field(default_factory=dict)
    files: dict[str, dict[str, int | str]] = field(default_factory=dict)

    def is_sound(self) -> bool:
        """Say whether everything that counts something is a count."""
        said: tuple[object, object] = (self.probes, self.files)  # by anybody's file
        if not all(isinstance(value, dict) for value in said):
            return False
        counts = (self.dimension, self.n_vectors, self.n_lists, *self.probes.values())
        return all(type(count) is int and count >= 0 for count in counts)


def is_coded(info: SegmentInfo) -> bool:
    """Say whether a segment of so many vectors is searched by codes."""
    return info.n_vectors * info.dimension * 2 > EXACT_BYTES


def has_its_files(folder: Path) -> bool:
    """Say whether every file of a segment is there, whatever is in it."""
    kept_as = ((VECTORS_NAME,), (BOOK_TABLE_NAME, IVF_NAME))
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    return {INFO_NAME, ROWS_NAME} <= names and any(names.issuperset(each) for each in kept_as)


@dataclass(frozen=True, slots=True, eq=False)
class _Allowed:
    """What a filter leaves of a segment.

    Attributes:
        mask: bool (n,) over positions.
        n: How many it allows.
        is_scanned: Few enough to be compared one by one.
        selection: The filter for the index; None where that is not asked or nothing is filtered.
    """

    mask: Mask
    n: int
    is_scanned: bool
    selection: Selection | None = None


# What the readers of JSON and of arrays make of files that nobody of ours wrote; NumPy reads the
# head of an old array as Python's words.
_UNREADABLE: Final = (
    ValueError,
    TypeError,
    KeyError,
    EOFError,
    OverflowError,
    RecursionError,
    SyntaxError,
    TokenError,
)


class Segment:
    """One open segment.

    Attributes:
        info: What it says of itself.
        rows: Panel rows, rising, int64 (n,).
        is_copy: It holds its vectors; else they are read from the books' stores.
    """

    def __init__(self, folder: Path, root: Path | None = None) -> None:
        """Open a segment.

        Args:
            folder: The segment's.
            root: The library's, where it is not the folder that `index/` lies in.

        Raises:
            FileNotFoundError: It was replaced and deleted since it was listed.
            LibraryError: It is damaged.
        """
        self.folder = folder
        try:
            said = json.loads((folder / INFO_NAME).read_text(encoding="utf-8"))
            self.info = SegmentInfo(**{**said, "space": Space(said["space"])})
            self.rows: NDArray[np.int64] = np.load(folder / ROWS_NAME, mmap_mode="r")
            self.is_copy = not (folder / BOOK_TABLE_NAME).exists()
            kept = np.load(
                folder / (VECTORS_NAME if self.is_copy else BOOK_TABLE_NAME), mmap_mode="r"
            )
        except _UNREADABLE as error:
            raise damaged_segment(folder) from error
        n, dimension, space = self.info.n_vectors, self.info.dimension, self.info.space
        if not self.info.is_sound():
            raise damaged_segment(folder)
        is_whole = kept.shape == (n, dimension) if self.is_copy else kept.dtype == BOOK_TABLE
        is_whole &= self.is_copy or self.info.n_lists > 0
        if not is_whole or self.rows.shape != (n,) or self.rows.dtype != np.dtype("<i8"):
            raise damaged_segment(folder)
        self._vectors: ExactVectors
        if self.is_copy:
            self._vectors = CopiedVectors(kept)
        else:
            where = root or folder.parent.parent
            self._vectors = StoredVectors(where, space, dimension, np.array(kept), self.rows)
        self._is_euclidean = metric_of(space) is Metric.EUCLIDEAN
        self._faiss: Any = None
        self._allowed: tuple[tuple[Mask, _Allowed], ...] = ()
        # Opened now: a replaced segment's files go, and a reader must not find them gone later.
        self._ivf = None
        if self.info.n_lists:
            self._ivf = OpenIvf(folder / IVF_NAME, (n, dimension), self.info.n_lists)

    def search(self, query: NDArray[np.float32], k: int, mask: Mask) -> Found:
        """Find the k nearest allowed vectors.

        Args:
            query: float32 (D,), unit length in cosine spaces.
            k: At most so many.
            mask: Rows that may answer, bool (rows ever given,).

        Returns:
            Panel rows, int64 (<=k,), and exact scores, float32, best first. Panels whose store
            was replaced and not merged yet are left out.
        """
        allowed = self._local(mask)
        k = min(k, allowed.n)
        if k <= 0:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        if allowed.is_scanned:
            positions = self._scan(query, 2 * k + 32, allowed)
        else:
            positions = self._candidates(query, k, allowed)
        half, is_there = self.halves(positions)
        positions = positions[is_there]
        scores = self._scores(query, half[is_there])
        order = np.lexsort((positions, -scores))[:k]
        return np.asarray(self.rows[positions[order]]), scores[order]

    def halves(self, positions: Positions) -> Taken:
        """Return vectors as they are stored, float16 (m, D), and whether each could be read."""
        return self._vectors.take(positions)

    def vector(self, row: int) -> NDArray[np.float32] | None:
        """Return one panel's vector, float32 (D,), or None."""
        at = int(np.searchsorted(self.rows, row))
        if at >= self.rows.size or int(self.rows[at]) != row:
            return None
        half, is_there = self.halves(slice(at, at + 1))
        if not is_there[0]:
            return None
        vector: NDArray[np.float32] = restored(self.info.space, half)[0]
        return vector

    def has_rows(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Say which of some rows are in the segment, bool (n,)."""
        if not self.rows.size:
            return np.zeros(rows.size, dtype=np.bool_)
        at = np.minimum(np.searchsorted(self.rows, rows), self.rows.size - 1)
        found: NDArray[np.bool_] = np.asarray(self.rows[at]) == rows
        return found

    def block(self, first_row: int, n: int) -> Block:
        """Return the vectors of a book's block of rows that can be read."""
        start, stop = np.searchsorted(self.rows, [first_row, first_row + n])
        half, is_there = self.halves(slice(int(start), int(stop)))
        return np.asarray(self.rows[start:stop])[is_there], half[is_there]

    def _local(self, mask: Mask) -> _Allowed:
        """Return which of this segment's own positions a mask allows."""
        for known, allowed in self._allowed:
            if known is mask:
                return allowed
        made = self._allow(mask)
        self._allowed = ((mask, made), *self._allowed[: _KEPT_FILTERS - 1])
        return made

    def _allow(self, mask: Mask) -> _Allowed:
        inside = np.searchsorted(self.rows, mask.size)
        allowed = np.zeros(self.rows.size, dtype=np.bool_)
        try:
            allowed[:inside] = mask[self.rows[:inside]]
        except IndexError as error:  # rows that do not rise
            raise damaged_segment(self.folder) from error
        n = int(allowed.sum())
        is_few = n * self.info.dimension * 2 <= NUMPY_BYTES
        if is_few and not self.is_copy:
            n_books = self._vectors.n_sources(np.flatnonzero(allowed))
            is_few = n_books <= SCANNED_BOOKS
        is_filtered = 0 < n < allowed.size and not is_few
        selection = self._ivf.select(allowed) if self._ivf and is_filtered else None
        return _Allowed(allowed, n, is_few, selection)

    def _scores(self, query: NDArray[np.float32], half: NDArray[np.float16]) -> NDArray[np.float32]:
        """Return exact scores, float32, of the vectors as `restored` gives them."""
        vectors = restored(self.info.space, half)
        if self._is_euclidean:
            scores: NDArray[np.float32] = 1 / (1 + np.linalg.norm(vectors - query, axis=1))
            return scores
        return vectors @ query

    def _scan(
        self, query: NDArray[np.float32], wanted: int, allowed: _Allowed
    ) -> NDArray[np.int64]:
        """Compare with every allowed vector; return the positions of the best."""
        is_everything = allowed.n == allowed.mask.size
        positions = np.arange(allowed.n) if is_everything else np.flatnonzero(allowed.mask)
        scores = np.empty(allowed.n, dtype=np.float32)
        rows = max(_CHUNK_ROWS, _CHUNK_ELEMENTS // self.info.dimension)
        for start in range(0, allowed.n, rows):
            part = slice(start, min(start + rows, allowed.n))
            half, is_there = self.halves(part if is_everything else positions[part])
            vectors = half.astype(np.float32)
            if self._is_euclidean:
                vectors -= query
                scores[part] = -np.einsum("nd,nd->n", vectors, vectors)
            else:
                scores[part] = vectors @ query
            scores[part][~is_there] = -np.inf
        if allowed.n <= wanted:
            return positions
        return np.sort(positions[np.argpartition(-scores, wanted)[:wanted]])

    def _candidates(
        self, query: NDArray[np.float32], k: int, allowed: _Allowed
    ) -> NDArray[np.int64]:
        """Return the positions that an index finds to be near."""
        if self._ivf is not None:
            untried = max(16, math.ceil(_UNTRIED_SHARE * self.info.n_lists))
            n_probes = self.info.probes.get(PROBED_SHARE, untried)
            wanted = min(max(k * 3 // 2, CANDIDATES), allowed.n)
            return self._ivf.search(query, wanted, n_probes, allowed.selection)
        faiss = import_faiss()

        parameters = None
        if allowed.n < allowed.mask.size:
            bits = np.packbits(allowed.mask, bitorder="little")
            parameters = faiss.SearchParameters(sel=faiss.IDSelectorBitmap(bits))
        wanted = min(2 * k + 32, allowed.n)
        _, found = self._exact().search(query[None], wanted, params=parameters)
        positions: NDArray[np.int64] = found[0][found[0] >= 0]
        return positions

    def _exact(self) -> Any:
        """Return a faiss index over the float16 vectors as they are, made once."""
        if self._faiss is None:
            faiss = import_faiss()

            index = faiss.IndexScalarQuantizer(
                self.info.dimension, faiss.ScalarQuantizer.QT_fp16, faiss_metric(self.info.space)
            )
            codes = np.ascontiguousarray(self.halves(slice(0, self.info.n_vectors))[0])
            index.add_sa_codes(codes.view(np.uint8).reshape(self.info.n_vectors, -1))
            self._faiss = index
        return self._faiss
