"""Queries of one modality through the fused space, against the modality's own encoder.

    python -m benchmarks.fused_retrieval --cache build/features [--fusion DIR] [--comics DIR]

The gallery is every panel of the real comics, fused from all that is known of it: for crops one
language edition of each, for words all editions. Queries: a harsh crop of a panel (as in
benchmarks/crops.py), and one utterance of a panel that has several. Each is asked in its encoder's
own space and, fused alone, in the fused space; recall at 10 of the second over the first is the
target (.95), on val works. Diversity: mean cosine of 100 different query vectors, and pairs of them
with the same ten answers, beside the own encoder's, because two panels may be the same drawing.
Train works are asked as well and given apart.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.report import SHARED, table, write
from numpy.typing import NDArray
from training.corpora import load_corpora, panel_pixels

from longbox.encoders import picture_encoder
from longbox.evaluation import diversity, harsh_crop, score_retrieval, through_fused
from longbox.features import MODALITIES, BookFeatures, View
from longbox.fusion import FusionEncoder, open_fusion
from longbox.vectors import QueryVector, Space

SEED = 5
N_DIVERSE = 100
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Queries of one modality: vectors, the row each should find, the book of each."""

    space: Space
    fingerprint: str
    vectors: Floats
    targets: NDArray[np.int64]
    books: NDArray[np.int64]


def gallery_of(books: Sequence[BookFeatures], encoder: FusionEncoder, space: Space) -> Floats:
    """Stack the vectors of all books: of a modality (zero where missing), or fused."""
    if space is Space.FUSED:
        return np.concatenate(
            [encoder.encode(b, View(frozenset(MODALITIES))).vectors for b in books]
        )
    return np.concatenate([b.of(space).vectors for b in books])


def crops_of(books: Sequence[BookFeatures], comics: Path, chosen: Sequence[int]) -> Asked:
    """Cut a harsh crop out of every panel of the chosen books."""
    rng = np.random.default_rng(SEED)
    encoder = picture_encoder()
    first = np.cumsum([0, *(b.n_panels for b in books)])
    vectors, targets, owners = [], [], []
    for index in chosen:
        crops = [harsh_crop(p, rng) for p in panel_pixels(comics, books[index].book_id)]
        vectors.append(encoder.encode(crops))
        targets.append(first[index] + np.arange(len(crops)))
        owners.append(np.full(len(crops), index))
    rows = np.concatenate(vectors), np.concatenate(targets), np.concatenate(owners)
    return Asked(Space.VISION, encoder.fingerprint, *rows)


def utterances_of(books: Sequence[BookFeatures], chosen: Sequence[int]) -> Asked:
    """Take one utterance of every panel that has several."""
    rng = np.random.default_rng(SEED)
    first = np.cumsum([0, *(b.n_panels for b in books)])
    vectors, targets, owners = [], [], []
    name = ""
    for index in chosen:
        spoken = books[index].utterances
        if spoken is None:
            continue
        for row in range(books[index].n_panels):
            said = spoken.of_panel(row)
            if len(said) > 1:
                vectors.append(spoken.vectors[said[rng.integers(len(said))]])
                targets.append(first[index] + row)
                owners.append(index)
                name = spoken.fingerprint
    return Asked(Space.TEXT, name, np.array(vectors), np.array(targets), np.array(owners))


def row_of(
    name: str, asked: Asked, books: Sequence[BookFeatures], encoder: FusionEncoder
) -> dict[str, Any]:
    """Ask in both spaces."""
    fused = np.array(
        [
            encoder.fuse_query(QueryVector(asked.space, asked.fingerprint, v)).vector
            for v in asked.vectors
        ]
    )
    whole = gallery_of(books, encoder, Space.FUSED)
    own = score_retrieval(
        "own", asked.vectors, gallery_of(books, encoder, asked.space), asked.targets, asked.books
    )
    through = score_retrieval("fused", fused, whole, asked.targets, asked.books)
    both = through_fused(own, through)
    some = np.linspace(0, len(fused) - 1, min(N_DIVERSE, len(fused))).astype(int)
    seen = diversity(fused[some], whole)
    alone = diversity(asked.vectors[some], gallery_of(books, encoder, asked.space))
    return {
        "queries": name,
        "n": len(fused),
        "gallery": len(whole),
        "own first": own.recall_at_1.value,
        "own in ten": own.recall_at_10.value,
        "fused first": through.recall_at_1.value,
        "fused in ten": through.recall_at_10.value,
        "chance in ten": own.recall_at_10.chance,
        "kept": both.kept,
        "difference low": both.difference.low,
        "difference high": both.difference.high,
        "mean cosine": seen.mean_cosine,
        "pairs with the same ten": seen.n_same_answers,
        "own mean cosine": alone.mean_cosine,
        "own pairs": alone.n_same_answers,
    }


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--fusion", type=Path)
    parser.add_argument("--comics", type=Path, default=SHARED / "comics")
    asked = parser.parse_args()
    corpora = load_corpora(asked.cache, 0)
    every = [*corpora.real_val, *corpora.real_tune, *corpora.real]
    editions = [b for b in every if b.series != "peppercarrot" or b.language == "en"]
    encoder = open_fusion(asked.fusion) if asked.fusion else open_fusion()
    val = {b.book_id for b in corpora.real_val}
    rows = []
    for name, is_val in (("val", True), ("train", False)):
        pictured = [i for i, b in enumerate(editions) if (b.book_id in val) is is_val]
        written = [i for i, b in enumerate(every) if (b.book_id in val) is is_val]
        crops = crops_of(editions, asked.comics, pictured)
        rows.append(row_of(f"harsh crops, {name}", crops, editions, encoder))
        rows.append(row_of(f"utterances, {name}", utterances_of(every, written), every, encoder))
    print(table(rows))
    write("fused_retrieval", {"seed": SEED, "fusion": encoder.fingerprint, "rows": rows})


if __name__ == "__main__":
    main()
