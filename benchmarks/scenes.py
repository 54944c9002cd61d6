"""Are scene borders found where they are, and not where they are not?

    python -m benchmarks.scenes --cache build/features [--books 40]

`longbox.analysis.reading.find_borders` on vectors of the shipped model, in context and fused.

    drawn arcs        within a drawn story: where one arc ends and the next begins (three panels
                      or more); the story knows
    drawn stories     three drawn stories bound into one book and read as one
    episodes          three episodes of one series bound into one
    other works       three real works bound into one
    drifting          books without scenes, drawn: how many are cut at all

A border counts as found within two panels. Beside it, with the true number of borders given away:
borders at even distances (drawn arcs are about equally long, so these are good there), at random,
and at the strongest peaks of novelty, which says where the signal is before anything is claimed.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.report import table, write
from numpy.typing import NDArray
from training.feature_files import load_features
from training.story_books import story_recipe

from longbox.analysis.reading import FoundBorders, SceneOptions, find_borders
from longbox.features import BookFeatures
from longbox.pipeline.panel_model import SequencePanelModel, open_panel_model
from longbox.synthetic import draw_book
from longbox.vectors import PanelVectors, Space, unit

SEED = 7
NEAR = 2  # panels
SHORTEST_ARC = 3
OPTIONS = SceneOptions(n_books=99)
Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A row of panels and where its borders are."""

    kind: str
    vectors: dict[str, Vectors]
    known: NDArray[np.bool_]
    borders: tuple[int, ...]


def arcs_of(seed: int) -> tuple[int, ...]:
    """Return the panels of a drawn story at which another arc begins."""
    chapters = [panel.chapter for page in draw_book(story_recipe(seed)).story for panel in page]
    borders, at, last = [], 0, None
    for chapter, panels in itertools.groupby(chapters):
        n = len(list(panels))
        if n >= SHORTEST_ARC and chapter != last:
            borders += [at] if at else []
            last = chapter
        at += n
    return tuple(borders)


def bound(books: Sequence[BookFeatures]) -> BookFeatures:
    """Bind books into one, page after page."""
    pages, first = [], 0
    for book in books:
        pages.append(book.pages - book.pages.min() + first)
        first = int(pages[-1].max()) + 1
    return replace(
        books[0],
        book_id="bound",
        pages=np.concatenate(pages),
        is_story=np.concatenate([b.is_story for b in books]),
        vision=_joined(books, Space.VISION),
        text=_joined(books, Space.TEXT),
        description=_joined(books, Space.DESCRIPTION),
        composition=_joined(books, Space.COMPOSITION),
        kinds=np.concatenate([b.kinds for b in books]),
        wordings=sum((b.wordings for b in books), ()),
        utterances=None,
    )


def _joined(books: Sequence[BookFeatures], space: Space) -> PanelVectors:
    parts = [book.of(space) for book in books]
    width = max(part.dimension for part in parts)
    rows = [p.vectors if p.dimension == width else np.zeros((len(p.mask), width)) for p in parts]
    names = [part.fingerprint for part in parts if part.mask.any()] or ["none"]
    mask = np.concatenate([part.mask for part in parts])
    return PanelVectors(space, names[0], np.concatenate(rows).astype(np.float32), mask)


def case(
    kind: str, features: BookFeatures, borders: Sequence[int], model: SequencePanelModel
) -> Case:
    """Embed a book."""
    learned = model.embed(features, int(features.pages.max()) + 1)
    vectors = {"contextual": learned.contextual.vectors, "fused": learned.fused.vectors}
    return Case(kind, vectors, learned.fused.mask, tuple(borders))


def cases(cache: Path, n_books: int) -> list[Case]:
    """Draw all cases."""
    rng = np.random.default_rng(SEED)
    model = open_panel_model()
    drawn = [
        (load_features(path), int(path.stem.split("-")[1]))
        for path in sorted(cache.glob("drawn-3*.npz"))
    ]
    found = [case("drawn arcs", b, arcs_of(seed), model) for b, seed in drawn[:n_books]]
    episodes = [load_features(p) for p in sorted(cache.glob("real-*-peppercarrot-*-en.npz"))]
    works = [
        load_features(next(cache.glob(f"real-*-{name}-*.npz")))
        for name in ("climate-frogs", "haruko", "page-blanche", "tori-no-me")
    ]
    pools = (
        ("drawn stories", [book for book, _ in drawn]),
        ("episodes", episodes),
        ("other works", [*works, episodes[0], episodes[4]]),
    )
    for kind, pool in pools:
        for _ in range(n_books):
            some = [pool[i] for i in rng.choice(len(pool), 3, replace=False)]
            ends = np.cumsum([book.n_panels for book in some])[:-1]
            found.append(case(kind, bound(some), ends.tolist(), model))
    return found


def n_found(said: Sequence[int], true: Sequence[int]) -> int:
    """Count true borders that have one near, each said one counted once."""
    left = list(said)
    hits = 0
    for border in true:
        near = [s for s in left if abs(s - border) <= NEAR]
        if near:
            left.remove(min(near, key=lambda s: abs(s - border)))
            hits += 1
    return hits


def score(kind: str, space: str, some: Sequence[Case]) -> dict[str, Any]:
    """Score one kind of case in one space."""
    rng = np.random.default_rng(SEED)
    counts = dict.fromkeys(("true", "said", "hit", "even", "random", "peaks"), 0)
    for one in some:
        places = np.flatnonzero(one.known)
        found = find_borders(one.vectors[space][places], rng, OPTIONS)
        said = _said(found, places)
        n, k = len(one.known), len(one.borders)
        even = [round((i + 1) * n / (k + 1)) for i in range(k)]
        anywhere = sorted(rng.choice(np.arange(2, n - 2), min(k, n - 4), replace=False).tolist())
        counts["true"] += k
        counts["said"] += len(said)
        counts["hit"] += n_found(said, one.borders)
        counts["even"] += n_found(even, one.borders)
        counts["random"] += n_found(anywhere, one.borders)
        counts["peaks"] += n_found(_peaks(found, places, k), one.borders)
    return {
        "case": kind,
        "space": space,
        "books": len(some),
        "borders": counts["true"],
        "precision": counts["hit"] / counts["said"] if counts["said"] else None,
        "recall": counts["hit"] / counts["true"],
        "F1": 2 * counts["hit"] / (counts["said"] + counts["true"]),
        "even F1": counts["even"] / counts["true"],
        "random F1": counts["random"] / counts["true"],
        "strongest peaks F1": counts["peaks"] / counts["true"],
    }


def _said(found: FoundBorders | None, places: NDArray[np.int64]) -> list[int]:
    if found is None:
        return []
    return places[found.at[found.novelty[found.at] >= found.threshold]].tolist()


def _peaks(found: FoundBorders | None, places: NDArray[np.int64], k: int) -> list[int]:
    if found is None:
        return []
    strongest = found.at[np.argsort(-found.novelty[found.at])][:k]
    return places[strongest].tolist()


def drifting(n_books: int) -> list[dict[str, Any]]:
    """Count drawn books without scenes that are cut."""
    makers: dict[str, Callable[[np.random.Generator], NDArray[Any]]] = {
        f"drift of {keep}": lambda rng, keep=keep: _drift(80, keep, rng)
        for keep in (0.0, 0.2, 0.4, 0.6, 0.8, 0.9)
    }
    makers["pages of four that hold together"] = lambda rng: _held(20, 4, 0.5, rng)
    rows = []
    for name, make in makers.items():
        cut = 0
        for seed in range(n_books):
            rng = np.random.default_rng(seed)
            found = find_borders(unit(make(rng) + 2), rng, OPTIONS)
            cut += bool(_said(found, np.arange(80)))
        rows.append({"books without scenes": name, "cut": cut / n_books, "n": n_books})
    return rows


def _drift(n: int, keep: float, rng: np.random.Generator) -> NDArray[Any]:
    rows = rng.standard_normal((n, 24))
    for at in range(1, n):
        rows[at] = keep * rows[at - 1] + np.sqrt(1 - keep**2) * rows[at]
    return rows


def _held(pages: int, panels: int, alike: float, rng: np.random.Generator) -> NDArray[Any]:
    own = np.repeat(rng.standard_normal((pages, 24)), panels, axis=0)
    return np.sqrt(alike) * own + np.sqrt(1 - alike) * rng.standard_normal(own.shape)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--books", type=int, default=40)
    asked = parser.parse_args()
    drawn = cases(asked.cache, asked.books)
    rows = [
        score(kind, space, [c for c in drawn if c.kind == kind])
        for space in ("contextual", "fused")
        for kind in dict.fromkeys(c.kind for c in drawn)
    ]
    none = drifting(max(asked.books, 20))
    print(table(rows))
    print(table(none))
    write("scenes", {"seed": SEED, "borders": rows, "without": none})


if __name__ == "__main__":
    main()
