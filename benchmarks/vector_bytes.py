"""What is lost by keeping vectors in 8 bits a number, and in which 8 bits.

    python benchmarks/vector_bytes.py [LIBRARY]

Takes the vectors of a library whose stores are of format 1 (float16), or, without one, draws 60
books with the spread of a real shelf's (benchmarks/shelf_profile.py). Each vector is kept as
float16, as plain 8-bit numbers and as 8-bit square roots (what stores of format 2 hold). For each:
how much of the cosine is lost, and how many of the ten nearest panels are those that full
precision finds, when all panels are kept so and when the query is of full precision.
"""

from __future__ import annotations

import argparse
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import drawn_library
from longbox.library.stored_vectors import packed, raw_array, restored, unpacked
from longbox.vectors import Metric, Space, metric_of, unit
from report import table, write

SPACES = (Space.VISION, Space.TEXT, Space.FUSED, Space.CONTEXTUAL)
N_BOOKS = 60
Floats = NDArray[np.float32]


def half(vectors: Floats) -> Floats:
    """Keep vectors as stores of format 1 did."""
    return unit(vectors.astype(np.float16))


def plain(vectors: Floats) -> Floats:
    """Keep vectors as int8 between the largest number of each and its opposite."""
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    return unit(np.rint(vectors / largest * 127))


def roots(vectors: Floats) -> Floats:
    """Keep vectors as stores of format 2 do."""
    return restored(Space.VISION, unpacked(packed(vectors)))


def drawn(space: Space) -> Floats:
    """Draw books of vectors."""
    mask = np.ones(drawn_library.PANELS_A_BOOK, dtype=bool)
    books = [
        drawn_library.draw_vectors(space, mask, np.random.default_rng([7, number])).vectors
        for number in range(N_BOOKS)
    ]
    return np.concatenate(books)


def stored(root: Path, space: Space) -> Floats:
    """Read all vectors of a space from stores of format 1."""
    parts = []
    name = f"vectors/{space.value}"
    for path in sorted(root.rglob("*.zarr.zip")):
        with zipfile.ZipFile(path) as archive:
            if f"{name}/zarr.json" not in archive.namelist():
                continue
            if b'"int8"' in archive.read(f"{name}/vectors/zarr.json"):
                raise SystemExit(f"{path}: its vectors are 8-bit already; take an older library")
            mask = raw_array(archive, f"{name}/mask", np.dtype(np.bool_))
            parts.append(raw_array(archive, f"{name}/vectors", np.dtype("<f2"))[mask])
    return unit(np.concatenate(parts))


def nearest(queries: Floats, vectors: Floats) -> NDArray[np.int64]:
    """Return each row's ten nearest other rows, int64 (N, 10)."""
    found = np.empty((len(vectors), 10), dtype=np.int64)
    for start in range(0, len(queries), 2_000):
        scores = queries[start : start + 2_000] @ vectors.T
        own = np.arange(len(scores))
        scores[own, start + own] = -np.inf
        found[start : start + 2_000] = np.argpartition(-scores, 10, axis=1)[:, :10]
    return found


def agreement(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """Return the share of the ten nearest that both have."""
    pairs = zip(one.tolist(), other.tolist(), strict=True)
    return float(np.mean([len(set(a) & set(b)) / 10 for a, b in pairs]))


def main() -> None:
    """Compare, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", type=Path, nargs="?")
    args = parser.parse_args()
    ways: dict[str, tuple[Callable[[Floats], Floats], int]] = {
        "float16": (half, 2),
        "8 bits": (plain, 1),
        "8 bits, roots": (roots, 1),
    }
    rows = []
    for space in SPACES:
        if metric_of(space) is not Metric.COSINE:
            continue
        vectors = stored(args.library, space) if args.library else drawn(space)
        wanted = nearest(vectors, vectors)
        for name, (keep, n_bytes) in ways.items():
            kept = keep(vectors)
            rows.append(
                {
                    "space": str(space),
                    "vectors": len(vectors),
                    "kept as": name,
                    "bytes": n_bytes * vectors.shape[1],
                    "cosine lost": float(1 - np.einsum("nd,nd->n", vectors, kept).mean()) * 1e6,
                    "same ten": agreement(wanted, nearest(kept, kept)),
                    "same ten, full query": agreement(wanted, nearest(vectors, kept)),
                }
            )
    print(table(rows))
    print("cosine lost: in millionths")
    write("vector_bytes", {"from": "a library" if args.library else "drawn vectors", "rows": rows})


if __name__ == "__main__":
    main()
