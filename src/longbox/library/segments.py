"""Vector segments: immutable folders of one space's vectors, searched by themselves.

A segment holds float16 vectors, their panel rows in ascending order, and, above 64 MiB of vectors,
a faiss IVF index of 8-bit codes. It is built under `partial/` and renamed; nothing ever changes in
it, so a reader that has it open goes on even when it was replaced and deleted.

The limits are bytes of vectors. They were chosen on one core with vectors of 1280 numbers, and not
measured again with shorter ones: numpy scans 20,000 panels (49 MiB) in 46 ms, faiss (float16,
exact) in 3 ms, the IVF index answers from 100,000 (244 MiB) in 6 ms. numpy costs no import and is
used up to 8 MiB, which is some 16,000 panels of 256 numbers, as the present vision encoder makes
them; exact faiss up to 64 MiB, some 131,000 panels; then IVF, whose candidates are compared again
exactly. A filter that leaves few panels is always answered exactly.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from longbox.errors import LibraryError
from longbox.library.masks import Mask
from longbox.library.stores import restored
from longbox.vectors import Metric, Space, metric_of

NUMPY_BYTES: Final = 8 << 20
EXACT_BYTES: Final = 64 << 20
SEED: Final = 20_240_917
_CHUNK_ROWS: Final = 256
_CHUNK_ELEMENTS: Final = 1 << 18
_TRAINING_PER_LIST: Final = 48

Found = tuple[NDArray[np.int64], NDArray[np.float32]]
Block = tuple[NDArray[np.int64], NDArray[np.float16]]


@dataclass(frozen=True, slots=True)
class SegmentInfo:
    """What `segment.json` says."""

    space: Space
    fingerprint: str
    dimension: int
    n_vectors: int
    n_lists: int = 0


class Segment:
    """One open segment."""

    def __init__(self, folder: Path) -> None:
        """Open a segment.

        Raises:
            FileNotFoundError: It was replaced and deleted since it was listed.
            LibraryError: It is damaged.
        """
        self.folder = folder
        try:
            said = json.loads((folder / "segment.json").read_text(encoding="utf-8"))
            self.info = SegmentInfo(**{**said, "space": Space(said["space"])})
            self.rows: NDArray[np.int64] = np.load(folder / "rows.npy", mmap_mode="r")
            self.vectors: NDArray[np.float16] = np.load(folder / "vectors.npy", mmap_mode="r")
        except (ValueError, TypeError, KeyError, EOFError) as error:
            raise LibraryError(
                f"{folder}: damaged index segment; run `longbox library rebuild`"
            ) from error
        if self.vectors.shape != (self.info.n_vectors, self.info.dimension):
            raise LibraryError(f"{folder}: damaged index segment; run `longbox library rebuild`")
        self._is_euclidean = metric_of(self.info.space) is Metric.EUCLIDEAN
        self._faiss: Any = None
        self._allowed: tuple[Mask, Mask, int] | None = None
        # Opened now: a replaced segment's files go, and a reader must not find them gone later.
        self._ivf = _open_ivf(folder) if self.info.n_lists else None

    def search(self, query: NDArray[np.float32], k: int, mask: Mask) -> Found:
        """Find the k nearest allowed vectors.

        Args:
            query: float32 (D,), unit length in cosine spaces.
            k: At most so many.
            mask: Rows that may answer, bool (rows ever given,).

        Returns:
            Panel rows, int64 (<=k,), and exact scores, float32, best first.
        """
        allowed, n_allowed = self._local(mask)
        k = min(k, n_allowed)
        if k <= 0:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        if n_allowed * self.info.dimension * 2 <= NUMPY_BYTES:
            positions = self._scan(query, 2 * k + 32, allowed, n_allowed)
        else:
            positions = self._candidates(query, k, allowed, n_allowed)
        scores = self._scores(query, positions)
        order = np.lexsort((positions, -scores))[:k]
        return np.asarray(self.rows[positions[order]]), scores[order]

    def vector(self, row: int) -> NDArray[np.float32] | None:
        """Return one panel's vector, float32 (D,), or None."""
        at = int(np.searchsorted(self.rows, row))
        if at >= self.rows.size or int(self.rows[at]) != row:
            return None
        vector: NDArray[np.float32] = restored(self.info.space, self.vectors[at : at + 1])[0]
        return vector

    def has_rows(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Say which of some rows are in the segment, bool (n,)."""
        if not self.rows.size:
            return np.zeros(rows.size, dtype=np.bool_)
        at = np.minimum(np.searchsorted(self.rows, rows), self.rows.size - 1)
        found: NDArray[np.bool_] = np.asarray(self.rows[at]) == rows
        return found

    def block(self, first_row: int, n: int) -> Block:
        """Return the vectors of a book's block of rows."""
        start, stop = np.searchsorted(self.rows, [first_row, first_row + n])
        return np.asarray(self.rows[start:stop]), np.asarray(self.vectors[start:stop])

    def _local(self, mask: Mask) -> tuple[Mask, int]:
        """Return the mask over this segment's own positions, and how many it allows."""
        kept = self._allowed
        if kept is None or kept[0] is not mask:
            inside = np.searchsorted(self.rows, mask.size)
            allowed = np.zeros(self.rows.size, dtype=np.bool_)
            allowed[:inside] = mask[self.rows[:inside]]
            kept = self._allowed = (mask, allowed, int(allowed.sum()))
        return kept[1], kept[2]

    def _scores(
        self, query: NDArray[np.float32], positions: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Return exact scores, float32, of the vectors as `restored` gives them."""
        vectors = restored(self.info.space, self.vectors[positions])
        if self._is_euclidean:
            scores: NDArray[np.float32] = 1 / (1 + np.linalg.norm(vectors - query, axis=1))
            return scores
        return vectors @ query

    def _scan(
        self, query: NDArray[np.float32], wanted: int, allowed: Mask, n_allowed: int
    ) -> NDArray[np.int64]:
        """Compare with every allowed vector; return the positions of the best."""
        is_everything = n_allowed == allowed.size
        positions = np.arange(allowed.size) if is_everything else np.flatnonzero(allowed)
        scores = np.empty(n_allowed, dtype=np.float32)
        rows = max(_CHUNK_ROWS, _CHUNK_ELEMENTS // self.info.dimension)
        for start in range(0, n_allowed, rows):
            part = slice(start, min(start + rows, n_allowed))
            chosen = self.vectors[part if is_everything else positions[part]]
            vectors = chosen.astype(np.float32)
            if self._is_euclidean:
                vectors -= query
                scores[part] = -np.einsum("nd,nd->n", vectors, vectors)
            else:
                scores[part] = vectors @ query
        if n_allowed <= wanted:
            return positions
        return np.sort(positions[np.argpartition(-scores, wanted)[:wanted]])

    def _candidates(
        self, query: NDArray[np.float32], k: int, allowed: Mask, n_allowed: int
    ) -> NDArray[np.int64]:
        faiss = _faiss()

        selector = None
        if n_allowed < allowed.size:
            selector = faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))
        wanted = min(n_allowed, 2 * k + 32)
        if self._ivf is None:
            parameters = faiss.SearchParameters(sel=selector) if selector else None
            _, found = self._exact().search(query[None], wanted, params=parameters)
        else:
            n_lists = self.info.n_lists
            share = max(16, n_lists // 8) * allowed.size / n_allowed
            parameters = faiss.SearchParametersIVF(
                sel=selector, nprobe=min(n_lists, math.ceil(share))
            )
            _, found = self._ivf.search(query[None], wanted, params=parameters)
        positions: NDArray[np.int64] = found[0][found[0] >= 0]
        return positions

    def _exact(self) -> Any:
        """Return a faiss index over the float16 vectors as they are, made once."""
        if self._faiss is None:
            faiss = _faiss()

            index = faiss.IndexScalarQuantizer(
                self.info.dimension, faiss.ScalarQuantizer.QT_fp16, _faiss_metric(self.info.space)
            )
            codes = np.ascontiguousarray(self.vectors)
            index.add_sa_codes(codes.view(np.uint8).reshape(self.info.n_vectors, -1))
            self._faiss = index
        return self._faiss


def write_segment(
    folder: Path, info: SegmentInfo, blocks: Iterable[Block], tell: Callable[[int], None]
) -> None:
    """Write a segment's files, synced, into a new folder.

    Args:
        folder: Must not exist; under `partial/`.
        info: `n_vectors` must be the blocks' sum; `n_lists` is chosen here.
        blocks: Rows and float16 vectors, rows ascending over all blocks.
        tell: Called with the number of vectors after each block.
    """
    folder.mkdir(parents=True)
    shape = (info.n_vectors, info.dimension)
    vectors = np.lib.format.open_memmap(folder / "vectors.npy", "w+", np.dtype("<f2"), shape)
    rows = np.empty(info.n_vectors, dtype="<i8")
    at = 0
    for block_rows, block_vectors in blocks:
        rows[at : at + block_rows.size] = block_rows
        vectors[at : at + block_rows.size] = block_vectors
        at += block_rows.size
        tell(block_rows.size)
    if at != info.n_vectors:
        raise LibraryError(f"{folder}: {at} vectors where {info.n_vectors} were promised")
    vectors.flush()
    np.save(folder / "rows.npy", rows)
    n_lists = 0
    if info.n_vectors * info.dimension * 2 > EXACT_BYTES:
        n_lists = _write_ivf(folder / "ivf.faiss", vectors, info.space)
    said = {**asdict(info), "n_lists": n_lists}
    (folder / "segment.json").write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    for path in folder.iterdir():
        with path.open("rb+") as file:
            os.fsync(file.fileno())


def list_count(n_vectors: int) -> int:
    """Return how many lists an IVF index of so many vectors has: about twice the square root."""
    return int(2 ** round(math.log2(2 * math.sqrt(n_vectors))))


def _write_ivf(path: Path, vectors: NDArray[np.float16], space: Space) -> int:
    faiss = _faiss()

    n, dimension = vectors.shape
    n_lists = list_count(n)
    metric = _faiss_metric(space)
    quantizer = faiss.IndexFlat(dimension, metric)
    index = faiss.IndexIVFScalarQuantizer(
        quantizer, dimension, n_lists, faiss.ScalarQuantizer.QT_8bit, metric
    )
    index.by_residual = False
    index.cp.seed, index.cp.niter = SEED, 8
    index.cp.spherical = metric != faiss.METRIC_L2
    index.cp.min_points_per_centroid = 1
    chosen = np.random.default_rng(SEED).choice(
        n, min(n, n_lists * _TRAINING_PER_LIST), replace=False
    )
    index.train(vectors[np.sort(chosen)].astype(np.float32))
    for start in range(0, n, 16_384):
        index.add(vectors[start : start + 16_384].astype(np.float32))
    faiss.write_index(index, str(path))
    return n_lists


def _open_ivf(folder: Path) -> Any:
    faiss = _faiss()

    path = folder / "ivf.faiss"
    try:
        return faiss.read_index(str(path), faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY)
    except RuntimeError as error:
        if not path.exists():
            raise FileNotFoundError(str(path)) from error
        raise LibraryError(
            f"{path}: damaged index segment; run `longbox library rebuild`"
        ) from error


def _faiss() -> Any:
    """Import faiss where it is needed; its SWIG wrappers have no usable types."""
    import faiss

    return faiss


def _faiss_metric(space: Space) -> int:
    faiss = _faiss()

    is_euclidean = metric_of(space) is Metric.EUCLIDEAN
    return int(faiss.METRIC_L2 if is_euclidean else faiss.METRIC_INNER_PRODUCT)
