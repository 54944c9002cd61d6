"""Is planted truth found, and is nothing claimed that was not planted?

A shelf is drawn in which every page has a known archetype and words stand in known panels
(`longbox.synthetic.draw_study_shelf`), indexed as any shelf is, and studied:

- pages: is the first archetype whose rule a page fits the planted one;
- clusters: purity, adjusted Rand and mutual information of page clusters with the archetypes in
  each space, with the works (each work has a style of its own: the confound), and the share of
  pages whose cluster is named as they were planted. Beside them the purity of pages grouped by
  rule, and what the space knows at all: the share of pages whose five nearest pages of other works
  are mostly of their archetype, which no clustering can be expected to pass by much;
- words: which pairs of planted words are called alike, in each space. Pairs that share a motif are
  relations in pictures, pairs that share a topic in lettering; all others are none, those least
  that share a book only;
- nothing: two sets of lettered panels drawn at random, 200 times, in four make-ups. Whatever is
  claimed of them is wrong.

    python benchmarks/planted_shelf.py [--books 24] [--seed 0] [--keep DIR] [--draws 200]

With --keep the shelf and its library stay and are used again; then the seconds of drawing and
indexing say nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from longbox.analysis.clusters import ClusterOptions, cluster_units, describe_clusters, name_page
from longbox.analysis.concepts import (
    Concept,
    LikenessOptions,
    Verdict,
    concept_of,
    likenesses,
    select_all,
)
from longbox.analysis.measures import page_measures, panel_measures, units_measures
from longbox.analysis.units import Unit, Units, gather_units
from longbox.config import Config
from longbox.library import Library
from longbox.pipeline import index_shelf
from longbox.synthetic import TRUTH_NAME, Archetype, Bond, StudyTruth, draw_study_shelf
from longbox.vectors import Space
from report import table, write

SPACES = (Space.VISION, Space.TEXT, Space.COMPOSITION, Space.FUSED, Space.CONTEXTUAL)
# What a page of each archetype may be called by the rules of longbox.analysis.clusters.
NAMES = {
    Archetype.COVER: {"cover"},
    Archetype.SPLASH: {"splash"},
    Archetype.DOMINANT_PANEL: {"dominant panel"},
    Archetype.DENSE_GRID: {"dense grid"},
    Archetype.TYPICAL_GRID: {"multi-panel page"},
    Archetype.PROSE_PAGE: {"prose page"},
    Archetype.DARK: {"dark page"},
    Archetype.WHITE: {"blank page", "white page"},
    Archetype.EXTREME_ASPECT: {"extreme aspect"},
    Archetype.LANDSCAPE: {"landscape page", "comic strip"},
    Archetype.NOT_COMIC: {"not a comic"},
}
RELATIONS = {
    Bond.PICTURE: (Space.VISION, Space.FUSED, Space.CONTEXTUAL),
    Bond.WORDS: (Space.TEXT, Space.FUSED, Space.CONTEXTUAL),
}
CLAIMS = (Verdict.ALIKE, Verdict.LESS_ALIKE)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--books", type=int, default=24)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--draws", type=int, default=200, help="of nothing, in each space")
    parser.add_argument("--keep", type=Path, help="keep the shelf and the library in this folder")
    args = parser.parse_args()
    seconds: dict[str, float] = {}
    with contextlib.ExitStack() as stack:
        folder = args.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        with timed("draw", seconds):
            truth = drawn(folder / "shelf", args.seed, args.books)
        library = stack.enter_context(Library.create(folder / "library"))
        with timed("index", seconds):
            report = index_shelf([folder / "shelf"], library, Config())
        with timed("pages", seconds):
            pages = score_pages(library, truth)
        with timed("clusters", seconds):
            clusters = score_clusters(library, truth)
        with timed("words", seconds):
            words = score_words(library, truth)
        with timed("nothing", seconds):
            nothing = score_nothing(library, args.draws, args.seed)
        status = library.status()
    print(table(pages["rows"]))
    print(f"named right: {pages['right']:.3f} of {pages['n']} pages\n")
    shown = ("named right", "5 nearest right")
    print(table([{k: row.get(k) for k in (*clusters[0], *shown)} for row in clusters]))
    print()
    print(table(words["rows"]))
    print()
    print(table(nothing))
    summary = {
        "books": status.books,
        "pages": status.pages,
        "panels": status.panels,
        "problems": len(report.problems),
        "planted_words_read": words["read"],
        "pages_named_right": pages["right"],
        **{f"{name}_s": value for name, value in seconds.items()},
    }
    print()
    print(table([{"what": k, "figure": v} for k, v in summary.items()]))
    write(
        "planted_shelf",
        {
            "seed": args.seed,
            "summary": summary,
            "pages": pages["rows"],
            "clusters": clusters,
            "words": words["rows"],
            "claimed": words["claimed"],
            "missed": words["missed"],
            "nothing": nothing,
        },
    )


@contextlib.contextmanager
def timed(name: str, seconds: dict[str, float]) -> Iterator[None]:
    """Write down how long something took."""
    start = time.perf_counter()
    yield
    seconds[name] = round(time.perf_counter() - start, 1)


def drawn(shelf: Path, seed: int, n_books: int) -> StudyTruth:
    """Draw the shelf, or read the truth of the one that is there."""
    kept = shelf / TRUTH_NAME
    if kept.is_file():
        return StudyTruth.from_json(kept.read_text(encoding="utf-8"))
    return draw_study_shelf(shelf, seed, n_books)


def score_pages(library: Library, truth: StudyTruth) -> dict[str, Any]:
    """Hold the first archetype that each page fits against the planted one."""
    planted = truth.archetypes()
    found: dict[Archetype, Counter[str]] = defaultdict(Counter)
    for row in page_measures(library).iter_rows(named=True):
        names = name_page(row)
        found[planted[row["title"], row["page_index"]]][names[0] if names else "none"] += 1
    rows = []
    for archetype in Archetype:
        counts = found[archetype]
        n, right = counts.total(), sum(counts[name] for name in NAMES[archetype])
        wrong = ", ".join(
            f"{name} {k}" for name, k in counts.most_common() if name not in NAMES[archetype]
        )
        rows.append(
            {"planted": archetype.value, "pages": n, "right": right / n, "else called": wrong}
        )
    n = sum(row["pages"] for row in rows)
    return {"rows": rows, "n": n, "right": sum(r["pages"] * r["right"] for r in rows) / n}


def score_clusters(library: Library, truth: StudyTruth) -> list[dict[str, Any]]:
    """Cluster the pages in every space, three ways, and compare with archetypes and works."""
    planted = truth.archetypes()
    many = 2 * len(Archetype)
    ways = {
        "k chosen": ClusterOptions(),
        f"k = {many}": ClusterOptions(n_clusters=many),
        f"k = {many}, beside books": ClusterOptions(n_clusters=many, beside_books=True),
    }
    rows = []
    for space in SPACES:
        units = gather_units(library, space, Unit.PAGES)
        frame = units_measures(library, units)
        pages = zip(frame["title"], frame["page_index"], strict=True)
        archetypes = [planted[page] for page in pages]
        if space is Space.VISION:
            rules = [(name_page(row) or ("none",))[0] for row in frame.iter_rows(named=True)]
            labels = np.unique(rules, return_inverse=True)[1].astype(np.int32)
            rows.append(_agreement("(measures)", "rules", labels, archetypes, units))
        known = neighbours_right(units, archetypes)
        for way, options in ways.items():
            clusters = cluster_units(units, options)
            portraits = describe_clusters(clusters, units, frame)
            named = [portrait.archetype for portrait in portraits]
            right = [
                label >= 0 and named[label] in NAMES[archetype]
                for label, archetype in zip(clusters.labels.tolist(), archetypes, strict=True)
            ]
            rows.append(
                {
                    **_agreement(space.value, way, clusters.labels, archetypes, units),
                    "named right": float(np.mean(right)),
                    "5 nearest right": known,
                    "archetypes": by_archetype(clusters.labels, archetypes),
                }
            )
    return rows


def _agreement(
    space: str, way: str, labels: NDArray[np.int32], archetypes: list[Archetype], units: Units
) -> dict[str, Any]:
    return {
        "space": space,
        "way": way,
        "pages": units.n,
        "clusters": int(labels.max()) + 1,
        "purity": purity(labels, archetypes),
        "ARI": adjusted_rand_score(archetypes, labels),
        "AMI": adjusted_mutual_info_score(archetypes, labels),
        "ARI works": adjusted_rand_score(units.works, labels),
    }


def neighbours_right(units: Units, archetypes: list[Archetype]) -> float:
    """Tell each page's archetype by its five nearest pages of other works."""
    truth = np.array([archetype.value for archetype in archetypes])
    tell = make_pipeline(StandardScaler(), KNeighborsClassifier(5))
    folds = LeaveOneGroupOut()
    told = cross_val_predict(tell, units.vectors, truth, groups=units.works, cv=folds)
    return float((told == truth).mean())


def by_archetype(labels: NDArray[np.int32], archetypes: list[Archetype]) -> dict[str, float]:
    """Return the share of each archetype's pages in clusters that are mostly of it."""
    counts = _counts(labels, archetypes)
    found: Counter[Archetype] = Counter()
    for count in counts.values():
        archetype, n = count.most_common(1)[0]
        found[archetype] += n if 2 * n > count.total() else 0
    total = Counter(archetypes)
    return {archetype.value: found[archetype] / total[archetype] for archetype in total}


def _counts(
    labels: NDArray[np.int32], archetypes: list[Archetype]
) -> dict[int, Counter[Archetype]]:
    counts: dict[int, Counter[Archetype]] = defaultdict(Counter)
    for label, archetype in zip(labels.tolist(), archetypes, strict=True):
        if label >= 0:
            counts[label][archetype] += 1
    return counts


def purity(labels: NDArray[np.int32], archetypes: list[Archetype]) -> float:
    """Return the share of pages that are of their cluster's commonest archetype."""
    best = sum(max(count.values()) for count in _counts(labels, archetypes).values())
    return best / max(1, len(archetypes))


def lettered(library: Library, space: Space) -> Units:
    """Return the panels with lettering: words are compared among those that could bear them."""
    units = gather_units(library, space)
    frame = panel_measures(library, units.rows)
    return units.taken(frame["n_characters"].to_numpy() > 0)


def score_words(library: Library, truth: StudyTruth) -> dict[str, Any]:
    """Compare all planted words two by two in every space."""
    selections = select_all(library, [f"{w.word}={w.word.lower()}" for w in truth.words])
    planted = sum(truth.panels_with(w.word) for w in truth.words)
    bonds = {frozenset((p.first, p.second)): p.bond for p in truth.pairs()}
    rows, claimed, missed = [], [], []
    for space in SPACES:
        units = lettered(library, space)
        found = likenesses(units, [concept_of(units, selection) for selection in selections])
        for bond in Bond:
            pairs = [p for p in found.pairs() if bonds[frozenset((p.first, p.second))] is bond]
            is_relation = space in RELATIONS.get(bond, ())
            claims = [p for p in pairs if p.verdict in CLAIMS]
            rows.append(
                {
                    "space": space.value,
                    "tied by": bond.value,
                    "a relation here": "yes" if is_relation else "no",
                    "pairs": len(pairs),
                    "told": sum(p.verdict.is_told for p in pairs),
                    "alike": sum(p.verdict is Verdict.ALIKE for p in pairs),
                    "less alike": sum(p.verdict is Verdict.LESS_ALIKE for p in pairs),
                    "mean likeness": mean([p.value for p in pairs]),
                    "mean expected": mean([p.expected for p in pairs]),
                }
            )
            if not is_relation:
                claimed += [said(space, bond, p) for p in claims]
            else:
                missed += [said(space, bond, p) for p in pairs if p.verdict is not Verdict.ALIKE]
    return {
        "rows": rows,
        "claimed": claimed,
        "missed": missed,
        "read": sum(len(s.rows) for s in selections) / planted,
    }


def mean(values: list[float | None]) -> float | None:
    """Return the mean of those that could be told."""
    told = [value for value in values if value is not None]
    return float(np.mean(told)) if told else None


def said(space: Space, bond: Bond, pair: Any) -> dict[str, Any]:
    """Return one pair for the file of results."""
    return {
        "space": space.value,
        "tied by": bond.value,
        "pair": f"{pair.first} and {pair.second}",
        "verdict": pair.verdict.value,
        "value": pair.value,
        "expected": pair.expected,
        "p_sets": pair.p_sets,
        "p_ideas": pair.p_ideas,
        "q": pair.q,
    }


def score_nothing(library: Library, n_draws: int, seed: int) -> list[dict[str, Any]]:
    """Compare two random sets again and again; every claim is false."""
    rows = []
    for space in (Space.VISION, Space.TEXT, Space.FUSED):
        units = lettered(library, space)
        rng = np.random.default_rng(seed)
        made_up = {
            "anywhere": anywhere,
            "four books each, of different works": different_works,
            "the same four books": same_books,
            "whole pages": whole_pages,
        }
        told, claims = Counter[str](), Counter[str]()
        names = list(made_up)
        for draw in range(n_draws):
            name = names[draw % len(names)]
            first, second = made_up[name](units, rng)
            concepts = [Concept("first", first), Concept("second", second)]
            options = LikenessOptions(
                n_draws=399, n_resampled=99, with_coherence=False, seed=seed + draw
            )
            verdict = likenesses(units, concepts, options).verdicts[0][1]
            told[name] += verdict.is_told
            claims[name] += verdict in CLAIMS
        for name in [*names, "all"]:
            n = told.total() if name == "all" else told[name]
            k = claims.total() if name == "all" else claims[name]
            bounds = binomtest(k, n).proportion_ci() if n else None
            rows.append(
                {
                    "space": space.value,
                    "make-up": name,
                    "draws told": n,
                    "claimed": k,
                    "share": k / n if n else None,
                    "low": float(bounds.low) if bounds else None,
                    "high": float(bounds.high) if bounds else None,
                }
            )
    return rows


Members = NDArray[np.bool_]
N_MEMBERS = 12


def _two(units: Units, at: NDArray[np.int64], rng: np.random.Generator) -> tuple[Members, Members]:
    chosen = rng.permutation(at)[: 2 * N_MEMBERS]
    return _members(units, chosen[::2]), _members(units, chosen[1::2])


def _members(units: Units, at: NDArray[np.int64]) -> Members:
    members = np.zeros(units.n, dtype=np.bool_)
    members[at] = True
    return members


def anywhere(units: Units, rng: np.random.Generator) -> tuple[Members, Members]:
    """Any panels of the shelf."""
    return _two(units, np.arange(units.n), rng)


def different_works(units: Units, rng: np.random.Generator) -> tuple[Members, Members]:
    """Twelve panels of four books each, no work in both."""
    works = rng.permutation(np.unique(units.works))
    sides = (works[::2], works[1::2])
    return tuple(_of_books(units, np.isin(units.works, side), rng) for side in sides)  # type: ignore[return-value]


def same_books(units: Units, rng: np.random.Generator) -> tuple[Members, Members]:
    """Two times twelve panels of the same four books."""
    books = rng.choice(np.unique(units.book), 4, replace=False)
    return _two(units, np.flatnonzero(np.isin(units.book, books)), rng)


def whole_pages(units: Units, rng: np.random.Generator) -> tuple[Members, Members]:
    """All panels of three pages of different books each: what a scene is."""
    books = rng.choice(np.unique(units.book), 6, replace=False)
    pages = [rng.choice(np.unique(units.pages[units.book == book])) for book in books]
    return np.isin(units.pages, pages[:3]), np.isin(units.pages, pages[3:])


def _of_books(units: Units, is_allowed: Members, rng: np.random.Generator) -> Members:
    books = rng.choice(np.unique(units.book[is_allowed]), 4, replace=False)
    at = [rng.permutation(np.flatnonzero(units.book == book))[: N_MEMBERS // 4] for book in books]
    return _members(units, np.concatenate(at))


if __name__ == "__main__":
    main()
