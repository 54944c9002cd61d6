"""Are planted archetypes found and named right, and is nothing claimed of what is unrelated?

    python benchmarks/planted_clusters.py [--draws 200] [--permuted 39] [--first-seed 0]

Vectors and measures are drawn, no pictures. A shelf has 24 books of 12 to 36 pages. A page is of
one of eight archetypes, in shares that differ by book; its vector is the archetype's centre, its
book's offset and noise, its measures are as that archetype has them (one page in twenty is drawn
like a usual page whatever its archetype). Confounds: every book has an offset and means of its own;
one book lies apart from all others, a cluster that is no archetype; five measures have nothing to
do with any archetype: one independent from page to page, two that books have in common, one that
drifts along the pages, one true or not.

Shelves: "plain", as above; "strong books", whose offsets are 2.5 instead of .7, clustered as they
are and with `beside_books` (then the book that lies apart is not counted); "nothing", where vectors
know only books and noise.

What is reported: purity (by how many pages the majority of its cluster is theirs; chance from
shuffled labels), adjusted Rand, chosen k, clusters named right, the cluster of one book seen as
one; of the unrelated measures the share of tests that are claimed, that have p <= .05 before
correction, and that Mann-Whitney over pages would have called significant; of axes that mean
nothing (independent, of books, drifting) the share that a tree is said to explain, and of
correlations claimed; of an axis that means panels, the share explained. Tests on one shelf are not
independent: Wilson intervals of their pooled rates are a little too narrow, so the share of shelves
with any false claim stands beside them.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import binomtest, mannwhitneyu
from sklearn.metrics import adjusted_rand_score

from longbox.analysis import Unit, Units
from longbox.analysis.clusters import (
    AxisOptions,
    ClusterMethod,
    ClusterOptions,
    ClusterPortrait,
    Clusters,
    cluster_units,
    describe_clusters,
    explain_axis,
)
from longbox.book import Direction
from longbox.library import BookLine
from longbox.vectors import Space, unit
from report import table, write

ARCHETYPES = (
    "multi-panel page",
    "splash",
    "dense grid",
    "dominant panel",
    "prose page",
    "dark page",
    "white page",
    "landscape page",
)
SHARES = np.array([0.26, 0.13, 0.13, 0.12, 0.1, 0.09, 0.09, 0.08])
ONE_BOOK = len(ARCHETYPES)
UNRELATED = ("saturation", "fine_grain", "contrast", "row_rhythm", "has_watermark")
N_BOOKS = 24
DIMENSIONS = 96
EVENNESS = 6.0  # of the archetypes' shares over books; larger is more even
ODD_PAGES = 0.05
NOISE = 0.8
APART = 2.5


@dataclass(frozen=True, slots=True)
class Shelf:
    """A drawn shelf: units, measures, and the archetype of every page."""

    units: Units
    frame: pl.DataFrame
    truth: NDArray[np.int64]
    n_panels: NDArray[np.float64]


def draw_shelf(
    rng: np.random.Generator, book_size: float = 0.7, archetype_size: float = 1.0
) -> Shelf:
    """Draw a shelf; sizes are lengths of the offsets, beside noise of .8."""
    counts = rng.integers(12, 37, N_BOOKS)
    book = np.repeat(np.arange(N_BOOKS), counts)
    mixes = rng.dirichlet(SHARES * EVENNESS, N_BOOKS)
    kind = np.array([rng.choice(len(ARCHETYPES), p=mixes[b]) for b in book])
    centres = _directions(rng, len(ARCHETYPES)) * archetype_size
    offsets = _directions(rng, N_BOOKS) * book_size
    offsets[0] *= APART / book_size  # the book that lies apart
    spectrum = 1 / np.sqrt(1 + np.arange(DIMENSIONS))
    spectrum *= NOISE / np.linalg.norm(spectrum)
    noise = rng.normal(size=(book.size, DIMENSIONS)) * spectrum
    common = _directions(rng, 1) * 1.5
    own = np.where((book == 0)[:, None], 0.3, 1.0) * centres[kind]
    vectors = unit(common + own + offsets[book] + noise)
    page = np.arange(book.size) - np.repeat(np.cumsum(counts) - counts, counts)
    rows = np.arange(book.size, dtype=np.int64) * 4
    lines = tuple(
        BookLine(f"{b:016x}", f"Book {b}", f"Series {b // 2}", None, "en", Direction.LTR)
        for b in range(N_BOOKS)
    )
    units = Units(
        Space.VISION, "planted", Unit.PAGES, "mean of panels", book.size, rows, vectors, lines,
        book.astype(np.int32), page.astype(np.int32), np.zeros(book.size, np.int32),
    )  # fmt: skip
    shown = np.where(rng.random(book.size) < ODD_PAGES, 0, kind)
    measures = _measures(rng, shown) | _unrelated(rng, book)
    kinds = {
        "is_near_blank": np.zeros(kind.size, dtype=np.bool_),
        "page_type": np.where(kind == ARCHETYPES.index("prose page"), "text_page", "story"),
        "direction": np.full(book.size, "ltr"),
        "is_landscape": measures["page_aspect"] > 0,
    }
    frame = pl.DataFrame({"row": rows, **measures, **kinds})
    truth = np.where(book == 0, ONE_BOOK, kind)
    return Shelf(units, frame, truth, measures["n_panels"])


def _directions(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    drawn = rng.normal(size=(n, DIMENSIONS))
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def _measures(rng: np.random.Generator, kind: NDArray[np.int64]) -> dict[str, NDArray]:
    """Draw the measures that archetypes have."""

    def among(low: float, high: float) -> NDArray[np.float64]:
        return rng.uniform(low, high, kind.size)

    own = {
        "n_panels": rng.integers(3, 7, kind.size).astype(float),
        "largest_panel": among(0.2, 0.38),
        "panel_area_spread": among(0.1, 0.45),
        "layout_regularity": among(0.2, 0.6),
        "page_aspect": rng.normal(-0.5, 0.05, kind.size),
        "n_characters": among(80, 300),
        "prose_characters": np.zeros(kind.size),
        "dialogue_characters": among(50, 280),
        "dark_share": rng.beta(2, 14, kind.size),
        "light_share": rng.beta(4, 9, kind.size),
        "brightness": among(0.45, 0.75),
        "edge_share": among(0.12, 0.4),
    }
    told = {
        "splash": {"n_panels": among(1, 2.99) // 1, "largest_panel": among(0.65, 1),
                   "n_characters": among(0, 120), "dialogue_characters": among(0, 80)},
        "dense grid": {"n_panels": among(7, 12) // 1, "largest_panel": among(0.1, 0.25),
                       "layout_regularity": among(0.4, 0.8)},
        "dominant panel": {"largest_panel": among(0.45, 0.7), "panel_area_spread": among(0.6, 1.2)},
        "prose page": {"n_panels": among(1, 2.99) // 1, "prose_characters": among(350, 1500),
                       "n_characters": among(400, 1600), "dialogue_characters": among(0, 40),
                       "largest_panel": among(0.5, 0.9)},
        "dark page": {"dark_share": among(0.52, 0.9), "brightness": among(0.1, 0.35)},
        "white page": {"light_share": among(0.77, 0.95), "edge_share": among(0.02, 0.18),
                       "brightness": among(0.8, 0.97)},
        "landscape page": {"page_aspect": rng.normal(0.5, 0.05, kind.size)},
    }  # fmt: skip
    for name, values in told.items():
        is_own = kind == ARCHETYPES.index(name)
        for measure, drawn in values.items():
            own[measure] = np.where(is_own, drawn, own[measure])
    own["layout_regularity"] = np.where(own["n_panels"] < 2, np.nan, own["layout_regularity"])
    return own


def _unrelated(rng: np.random.Generator, book: NDArray[np.int64]) -> dict[str, NDArray]:
    """Draw the measures that no archetype has anything to do with."""
    n = book.size
    return {
        "saturation": rng.normal(size=n),
        "fine_grain": rng.normal(size=N_BOOKS)[book] + rng.normal(size=n),
        "contrast": _drift(rng, n),
        "row_rhythm": 2 * rng.normal(size=N_BOOKS)[book] + rng.normal(size=n),
        "has_watermark": rng.random(n) < rng.beta(1, 4, N_BOOKS)[book],
    }


def _drift(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    steps = rng.normal(size=n)
    for at in range(1, n):
        steps[at] += 0.8 * steps[at - 1]
    return steps


class Tally:
    """Rates over all draws, each with its hits, its n and, by draw, whether there was any."""

    def __init__(self) -> None:
        self.hits: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self.shelves: Counter[str] = Counter()
        self.draws: Counter[str] = Counter()
        self.means: dict[str, list[float]] = defaultdict(list)

    def count(self, name: str, said: list[bool]) -> None:
        """Add the answers of one shelf."""
        self.hits[name] += sum(said)
        self.asked[name] += len(said)
        self.shelves[name] += any(said)
        self.draws[name] += 1

    def add(self, name: str, value: float) -> None:
        """Add a figure of one shelf."""
        self.means[name].append(value)

    def rows(self) -> list[dict]:
        """Return a row a rate or figure, with its interval."""
        rows = []
        for name, values in self.means.items():
            known = np.array([v for v in values if np.isfinite(v)])
            spread = known.std(ddof=1) / np.sqrt(known.size) if known.size > 1 else 0.0
            rows.append(_row(name, known.mean(), known.mean() - 1.96 * spread,
                             known.mean() + 1.96 * spread, known.size, None))  # fmt: skip
        for name, n in self.asked.items():
            if n:
                found = binomtest(self.hits[name], n).proportion_ci(method="wilson")
                any_share = self.shelves[name] / self.draws[name]
                rows.append(_row(name, self.hits[name] / n, found.low, found.high, n, any_share))
        return sorted(rows, key=lambda row: row["what"])


def _row(what: str, value: float, low: float, high: float, n: int, shelves: float | None) -> dict:
    return {"what": what, "value": float(value), "low": float(low), "high": float(high),
            "n": int(n), "shelves with any": shelves}  # fmt: skip


def purity(labels: NDArray[np.int32], truth: NDArray[np.int64]) -> float:
    """Return the share of clustered pages that are of their cluster's majority."""
    is_told = labels >= 0
    pairs = Counter(zip(labels[is_told].tolist(), truth[is_told].tolist(), strict=True))
    best: dict[int, int] = defaultdict(int)
    for (label, _), n in pairs.items():
        best[label] = max(best[label], n)
    return sum(best.values()) / max(1, int(is_told.sum()))


def judge_clusters(
    tally: Tally, name: str, shelf: Shelf, options: ClusterOptions, rng: np.random.Generator
) -> tuple[Clusters, tuple[ClusterPortrait, ...]]:
    """Cluster a shelf, describe the clusters, and hold both against the truth."""
    start = time.perf_counter()
    clusters = cluster_units(shelf.units, options)
    tally.add(f"{name}: seconds to cluster", time.perf_counter() - start)
    portraits = describe_clusters(clusters, shelf.units, shelf.frame)
    shuffled = rng.permutation(clusters.labels)
    counted = np.flatnonzero((shelf.truth != ONE_BOOK) | (not options.beside_books))
    truth, labels = shelf.truth[counted], clusters.labels[counted]
    tally.add(f"{name}: purity", purity(labels, truth))
    tally.add(f"{name}: purity, chance", purity(shuffled[counted], truth))
    tally.add(f"{name}: adjusted Rand", adjusted_rand_score(truth, labels))
    planted = np.unique(truth).size
    tally.add(f"{name}: clusters (planted {planted})", clusters.n_clusters)
    tally.add(f"{name}: in no cluster", clusters.n_noise / shelf.truth.size)
    tally.add(f"{name}: agreement over books", clusters.over_books.mean)
    right, shuffled_right, books = [], [], []
    names = [portrait.archetype for portrait in portraits]
    for portrait, other in zip(portraits, rng.permutation(np.array(names, object)), strict=True):
        own = int(np.bincount(shelf.truth[clusters.members(portrait.number)]).argmax())
        if own == ONE_BOOK:
            books.append(portrait.is_one_book)
        else:
            right.append(portrait.archetype == ARCHETYPES[own] and not portrait.is_one_book)
            shuffled_right.append(other == ARCHETYPES[own])
    tally.count(f"{name}: named right", right)
    tally.count(f"{name}: named right, chance", shuffled_right)
    tally.count(f"{name}: one book seen as one", books)
    judge_effects(tally, name, shelf, clusters, portraits)
    return clusters, portraits


def judge_effects(
    tally: Tally,
    name: str,
    shelf: Shelf,
    clusters: Clusters,
    portraits: tuple[ClusterPortrait, ...],
) -> None:
    """Count what is claimed of measures that were planted to be unrelated."""
    claimed, uncorrected, naive = [], [], []
    for portrait in portraits:
        is_inside = clusters.labels == portrait.number
        for effect in portrait.effects:
            if effect.measure not in UNRELATED:
                continue
            claimed.append(effect.is_claimed)
            if np.isfinite(effect.p):
                uncorrected.append(effect.p <= 0.05)
            values = shelf.frame[effect.measure].cast(pl.Float64).to_numpy()
            naive.append(mannwhitneyu(values[is_inside], values[~is_inside]).pvalue <= 0.05)
    tally.count(f"{name}: unrelated measure claimed", claimed)
    tally.count(f"{name}: unrelated measure, p <= .05 uncorrected", uncorrected)
    tally.count(f"{name}: unrelated measure, Mann-Whitney over pages", naive)


def judge_axes(tally: Tally, shelf: Shelf, rng: np.random.Generator, options: AxisOptions) -> None:
    """Explain axes that mean nothing, and one that means the number of panels."""
    n, book = shelf.units.n, shelf.units.book
    axes = {
        "independent": rng.normal(size=n),
        "of books": 1.5 * rng.normal(size=N_BOOKS)[book] + rng.normal(size=n),
        "drifting": _drift(rng, n),
    }
    explained, correlated = [], []
    for along in axes.values():
        meaning = explain_axis(along, shelf.units, shelf.frame, options=options)
        explained.append(meaning.tree is not None and meaning.tree.is_claimed)
        correlated += [correlation.is_claimed for correlation in meaning.correlations]
    tally.count("axes of nothing: said to be explained", explained)
    tally.count("axes of nothing: correlation claimed", correlated)
    panels = shelf.n_panels + rng.normal(size=n) + 1.5 * rng.normal(size=N_BOOKS)[book]
    meaning = explain_axis(panels, shelf.units, shelf.frame, options=options)
    assert meaning.tree is not None
    tally.count(
        "axis of panels: explained by n_panels first",
        [meaning.tree.is_claimed and meaning.tree.measures[0] == "n_panels"],
    )
    tally.add("axis of panels: explained share", meaning.tree.explained)
    tally.add("axis of panels: 95 % of chance", meaning.tree.chance)


def main() -> None:
    """Draw, judge, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--permuted", type=int, default=39)
    parser.add_argument("--first-seed", type=int, default=0)
    args = parser.parse_args()
    tally = Tally()
    for seed in range(args.first_seed, args.first_seed + args.draws):
        rng = np.random.default_rng([seed, 7])
        plain, strong = draw_shelf(rng), draw_shelf(rng, book_size=APART)
        nothing = draw_shelf(rng, archetype_size=0.0)
        options = ClusterOptions(seed=seed)
        judge_clusters(tally, "k-means", plain, options, rng)
        judge_clusters(
            tally, "HDBSCAN", plain, ClusterOptions(ClusterMethod.HDBSCAN, seed=seed), rng
        )
        judge_clusters(tally, "strong books", strong, options, rng)
        beside = ClusterOptions(beside_books=True, seed=seed)
        judge_clusters(tally, "strong books, beside_books", strong, beside, rng)
        clusters = cluster_units(nothing.units, options)
        portraits = describe_clusters(clusters, nothing.units, nothing.frame)
        named = [p.archetype not in (None, "multi-panel page") for p in portraits]
        tally.count("nothing: cluster gets an archetype's name", named)
        tally.add("nothing: silhouette", clusters.silhouette)
        claims = [effect.is_claimed for p in portraits for effect in p.effects]
        tally.count("nothing: any measure claimed", claims)
        judge_axes(tally, plain, rng, AxisOptions(n_permuted=args.permuted, seed=seed))
    rows = tally.rows()
    print(table(rows))
    about = {"draws": args.draws, "first_seed": args.first_seed, "permuted": args.permuted}
    write("planted_clusters", {**about, "rows": json.loads(json.dumps(rows))})


if __name__ == "__main__":
    main()
