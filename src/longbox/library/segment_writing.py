"""Segments being written: a copy of the vectors, or codes and where the vectors are.

A large segment is made in two passes over its blocks: a sample trains the index, then every
vector is coded, and the index is tried out (`longbox.library.segment_trials`). Nothing but the
codes is held in memory, and nothing but them is written.

Codes are those of product quantisation (Jegou, Douze & Schmid 2011) behind a learned rotation
(Ge et al. 2013, optimised product quantisation), which keeps the ten nearest among far fewer
candidates: on vectors with the spread of a real shelf's, .97 of them among 200 instead of .80
without it (benchmarks/large_library.py). Everything is seeded: the same vectors give the same
index.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from longbox.errors import DiskError, LibraryError
from longbox.library.ivf import faiss_metric, import_faiss
from longbox.library.segment_trials import Trials
from longbox.library.segments import (
    BOOK_TABLE_NAME,
    INFO_NAME,
    IVF_NAME,
    ROWS_NAME,
    VECTORS_NAME,
    Block,
    SegmentInfo,
)
from longbox.vectors import Space

SEED: Final = 20_240_917
_TRAINING_PER_LIST: Final = 48
_LEAST_TRAINING: Final = 50_000
# Numbers that one byte of a code stands for, and the fewest numbers that a code is made of.
_NUMBERS_A_BYTE: Final = 8
_LEAST_BYTES: Final = 48
# The rotation keeps half of an embedding's numbers, those that vary: lists cost half as much.
_KEPT_A_BYTE: Final = 4
_ROTATION_TRAINING: Final = 50_000
_ROTATION_ROUNDS: Final = 8
_ADDED_AT_ONCE: Final = 16_384

Blocks = Callable[[], Iterable[Block]]
Tell = Callable[[int], None]


def write_copying_segment(folder: Path, info: SegmentInfo, blocks: Blocks, tell: Tell) -> None:
    """Write a segment that holds its vectors, synced, into a new folder.

    Args:
        folder: Must not exist; under `partial/`.
        info: `n_vectors` must be the blocks' sum.
        blocks: Gives rows and float16 vectors, rows ascending over all blocks.
        tell: Called with the number of vectors after each block.
    """
    folder.mkdir(parents=True)
    rows = np.empty(info.n_vectors, dtype="<i8")
    at = 0
    with _copying(folder, info) as copy:
        for block_rows, block_vectors in blocks():
            rows[at : at + block_rows.size] = block_rows
            copy(block_vectors)
            at += block_rows.size
            tell(block_rows.size)
    _require_all(folder, at, info)
    np.save(folder / ROWS_NAME, rows)
    _seal(folder, info)


@contextlib.contextmanager
def _copying(folder: Path, info: SegmentInfo) -> Iterator[Callable[[NDArray[np.float16]], None]]:
    """Give what writes the next vectors of a copy.

    Written, not mapped: where the disk is full, a write says so and a mapped page kills.
    """
    shape = (info.n_vectors, info.dimension)
    said = {"descr": "<f2", "fortran_order": False, "shape": shape}
    with (folder / VECTORS_NAME).open("wb") as file:
        np.lib.format.write_array_header_1_0(file, said)
        yield lambda vectors: _write(file, vectors)


def _write(file: BinaryIO, vectors: NDArray[np.float16]) -> None:
    file.write(np.ascontiguousarray(vectors, dtype="<f2").data)


def write_coded_segment(
    folder: Path, info: SegmentInfo, blocks: Blocks, books: NDArray[np.void] | None, tell: Tell
) -> None:
    """Write a segment of codes, whose vectors stay in the books' stores, or are copied.

    Args:
        folder: Must not exist; under `partial/`.
        info: `n_vectors` must be the blocks' sum; `n_lists` and `probes` are found here.
        blocks: Gives rows and float16 vectors, rows ascending over all blocks; called twice.
        books: Where the vectors are (`segment_vectors.book_table`); None to copy them.
        tell: Called with the number of vectors after each block of the second pass.
    """
    folder.mkdir(parents=True)
    sample = _sample(info, blocks)
    index, trials = _trained(info, sample), Trials(info.space, sample)
    del sample
    rows = np.empty(info.n_vectors, dtype="<i8")
    at = n_added = 0
    waiting: list[NDArray[np.float16]] = []

    def add() -> None:
        vectors = np.concatenate(waiting).astype(np.float32)
        index.add(vectors)
        trials.see(vectors)
        waiting.clear()

    copying = _copying(folder, info) if books is None else contextlib.nullcontext()
    with copying as copy:
        for block_rows, block_vectors in blocks():
            rows[at : at + block_rows.size] = block_rows
            at += block_rows.size
            waiting.append(block_vectors)
            if copy is not None:
                copy(block_vectors)
            if at - n_added >= _ADDED_AT_ONCE:
                add()
                n_added = at
            tell(block_rows.size)
    _require_all(folder, at, info)
    if waiting:
        add()
    try:
        import_faiss().write_index(index, str(folder / IVF_NAME))
    except RuntimeError as error:  # faiss says so where the disk refuses
        raise DiskError(
            f"{folder}: the index cannot be written; check the disk's space and permissions"
        ) from error
    np.save(folder / ROWS_NAME, rows)
    if books is not None:
        np.save(folder / BOOK_TABLE_NAME, books)
    made = replace(info, n_lists=list_count(info.n_vectors), probes=trials.probes(index))
    _seal(folder, made)


def list_count(n_vectors: int) -> int:
    """Return how many lists an IVF index of so many vectors has: about twice the square root."""
    return int(2 ** round(math.log2(2 * math.sqrt(n_vectors))))


def code_size(dimension: int) -> int:
    """Return how many bytes the code of a vector has."""
    return max(dimension // _NUMBERS_A_BYTE, min(dimension, _LEAST_BYTES))


def _sample(info: SegmentInfo, blocks: Blocks) -> NDArray[np.float32]:
    """Return some of the vectors to train on, float32 (n, D)."""
    wanted = max(list_count(info.n_vectors) * _TRAINING_PER_LIST, _LEAST_TRAINING)
    n = min(info.n_vectors, wanted)
    chosen = np.sort(np.random.default_rng(SEED).choice(info.n_vectors, n, replace=False))
    sample = np.empty((n, info.dimension), dtype=np.float32)
    at = 0
    for rows, vectors in blocks():
        start, stop = np.searchsorted(chosen, [at, at + rows.size])
        sample[start:stop] = vectors[chosen[start:stop] - at]
        at += rows.size
    return sample


def _trained(info: SegmentInfo, sample: NDArray[np.float32]) -> Any:
    """Return an empty index that knows how to code vectors like these."""
    faiss = import_faiss()

    dimension, metric = info.dimension, faiss_metric(info.space)
    n_bytes = code_size(dimension)
    is_rotated = info.space is not Space.COMPOSITION  # a byte for each of its twelve numbers
    n_kept = n_bytes * min(_KEPT_A_BYTE, dimension // n_bytes) if is_rotated else dimension
    quantizer = faiss.IndexFlat(n_kept, metric)
    coded = faiss.IndexIVFPQ(quantizer, n_kept, list_count(info.n_vectors), n_bytes, 8, metric)
    coded.cp.seed, coded.cp.niter = SEED, 8
    coded.cp.spherical = metric != faiss.METRIC_L2
    coded.cp.min_points_per_centroid = coded.pq.cp.min_points_per_centroid = 1
    coded.pq.cp.seed = SEED
    if not is_rotated:
        coded.train(sample)
        return coded
    rotation = faiss.OPQMatrix(dimension, n_bytes, n_kept)
    rotation.niter, rotation.max_train_points = _ROTATION_ROUNDS, _ROTATION_TRAINING
    rotation.train(np.ascontiguousarray(sample[:: max(1, len(sample) // _ROTATION_TRAINING)]))
    index = faiss.IndexPreTransform(rotation, coded)
    index.train(sample)
    return index


def _require_all(folder: Path, n: int, info: SegmentInfo) -> None:
    if n != info.n_vectors:
        raise LibraryError(f"{folder}: {n} vectors where {info.n_vectors} were promised")


def _seal(folder: Path, info: SegmentInfo) -> None:
    """Write `segment.json`, which says what the other files are, and sync everything."""
    files: dict[str, dict[str, int | str]] = {}
    for path in sorted(folder.iterdir()):
        with path.open("rb+") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            files[path.name] = {"size_bytes": path.stat().st_size, "sha256": digest}
            os.fsync(file.fileno())
    said = json.dumps(asdict(replace(info, files=files)), indent=1) + "\n"
    with (folder / INFO_NAME).open("w", encoding="utf-8") as file:
        file.write(said)
        file.flush()
        os.fsync(file.fileno())
