"""Measure a real library so that a large one can be drawn like it.

    python benchmarks/shelf_profile.py LIBRARY

Of every space: the mean vector and how vectors spread, between books and within them, as the
strongest directions of each covariance and the variance that these leave; the fingerprints, so
that the encoders of today can be asked. Of lettering: the share
of panels that have any, and its length in characters. Writes benchmarks/data/shelf_profile.npz,
which holds moments and no vector, picture or word of any book.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longbox.library import Library
from report import REPOSITORY, table

PROFILE = REPOSITORY / "benchmarks" / "data" / "shelf_profile.npz"
RANK = 128


def factor(rows: NDArray[np.float64], n_free: int) -> tuple[NDArray[np.float32], float]:
    """Return directions (r, D) scaled by their spread, and the variance that each number keeps."""
    _, singular, directions = np.linalg.svd(rows, full_matrices=False)
    scaled = directions * (singular / np.sqrt(max(1, n_free)))[:, None]
    left = float((scaled[RANK:] ** 2).sum()) / rows.shape[1]
    return scaled[:RANK].astype(np.float32), left


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", type=Path)
    args = parser.parse_args()
    kept: dict[str, NDArray[np.generic]] = {}
    rows_of_table = []
    with Library.open(args.library, read_only=True) as library:
        for space, fingerprints in library.spaces().items():
            chunks = list(library.vectors(space, fingerprints[0]))
            rows = np.concatenate([each for each, _ in chunks])
            vectors = np.concatenate([each for _, each in chunks]).astype(np.float64)
            book = library.panel_columns(rows).book
            books, place = np.unique(book, return_inverse=True)
            means = np.stack([vectors[book == each].mean(axis=0) for each in books])
            mean = means.mean(axis=0)
            between, left_between = factor(means - mean, len(books) - 1)
            within, left_within = factor(vectors - means[place], len(vectors) - len(books))
            kept |= {
                f"{space}/mean": mean.astype(np.float32),
                f"{space}/between": between.astype(np.float16),
                f"{space}/within": within.astype(np.float16),
                f"{space}/left": np.array([left_between, left_within]),
                f"{space}/fingerprint": np.array(fingerprints[0]),
            }
            share = float((between**2).sum() / ((between**2).sum() + (within**2).sum()))
            rows_of_table.append(
                {
                    "space": str(space),
                    "vectors": len(vectors),
                    "dimension": vectors.shape[1],
                    "between books": share,
                    "left out": left_within * vectors.shape[1],
                }
            )
        characters = library.page_columns().characters.sum(axis=1)
        lengths = characters[characters > 0]
        kept["text/lengths"] = np.quantile(lengths, np.linspace(0, 1, 201)).astype(np.float32)
        kept["model"] = np.array(library.answering_model() or "")
        kept["text/share"] = np.array(float((characters > 0).mean()))
    PROFILE.parent.mkdir(exist_ok=True)
    np.savez_compressed(PROFILE, **kept)
    print(table(rows_of_table))
    print(f"{PROFILE.stat().st_size / 1e3:.0f} kB, {float(kept['text/share']):.2f} lettered")


if __name__ == "__main__":
    main()
