"""Are planted relations between concepts found, and is what only looks like one left alone?

    python benchmarks/planted_concepts.py [--shelves 200] [--first 0] [--pieces FILE]

Shelves of numbers (`tests/planted_shelves.py`): works of books, effects of work, book and scene,
ideas as directions that their members have. On each, `likenesses` compares concepts of which some
are related (cosine of their directions .5, .6 and .8), and all others are not: independent
directions, or no direction at all and only the same books, the same scenes or the same units. The
naive alternative beside it is the cosine of the two means against random sets of the same size from
the whole shelf, one-sided, with the same correction. Then coherence, whole books, `closer`, and
whether sets of books form a cluster.

A claim is a pair called more or less alike than chance after the correction over its matrix. With
--pieces, what is done of each shelf is kept in a file, and a later run goes on.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, false_discovery_control

from longbox.analysis import Units
from longbox.analysis.concepts import (
    Concept,
    LikenessOptions,
    Verdict,
    closer,
    form_clusters,
    likenesses,
)
from report import REPOSITORY, table, write

sys.path.insert(0, str(REPOSITORY / "tests"))
from planted_shelves import PlantedShelf, planted_shelf

CLAIMS = (Verdict.ALIKE, Verdict.LESS_ALIKE)
RELATED = (0.5, 0.6, 0.8)
N_NAIVE = 999
NO_IDEA = {"scenes": "same scenes", "books": "same books", "works": "random works"}
Outcomes = dict[str, list[Any]]
Members = dict[str, NDArray[np.bool_]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shelves", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="seed of the first shelf")
    parser.add_argument("--pieces", type=Path, help="keep what is done of each shelf here")
    args = parser.parse_args()
    done: dict[int, Outcomes] = {}
    if args.pieces and args.pieces.is_file():
        lines = args.pieces.read_text(encoding="utf-8").splitlines()
        done = {record["seed"]: record["outcomes"] for record in map(json.loads, lines)}
    is_resumed = bool(done)
    start = time.perf_counter()
    seeds = range(args.first, args.first + args.shelves)
    for seed in seeds:
        if seed in done:
            continue
        done[seed] = one_shelf(seed)
        if args.pieces:
            with args.pieces.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"seed": seed, "outcomes": done[seed]}) + "\n")
    seconds = None if is_resumed else time.perf_counter() - start
    together: Outcomes = defaultdict(list)
    for seed in seeds:
        for name, found in done[seed].items():
            together[name] += found
    rows = [row(name, together[name]) for name in sorted(together)]
    print(table(rows))
    write(
        "planted_concepts",
        {"n_shelves": args.shelves, "first_seed": args.first, "seconds": seconds, "rows": rows},
    )


def row(name: str, found: Sequence[Any]) -> dict[str, Any]:
    """Return the share of claims (or of right answers) with Wilson's interval."""
    test = binomtest(int(sum(found)), len(found))
    interval = test.proportion_ci(method="wilson")
    share = sum(found) / len(found)
    return {
        "what": name,
        "share": share,
        "low": interval.low,
        "high": interval.high,
        "of": len(found),
    }


def one_shelf(seed: int) -> Outcomes:
    """Plant, compare, and return what was claimed, by what it was claimed of."""
    outcomes: Outcomes = defaultdict(list)
    parts_of_books(seed, outcomes)
    whole_books(seed, outcomes)
    return dict(outcomes)


def parts_of_books(seed: int, outcomes: Outcomes) -> None:
    """Concepts of pages: related ones, and everything that only looks so."""
    shelf = planted_shelf(seed)
    members: Members = {}
    kinds: dict[tuple[str, str], str] = {}

    def add(name: str, chosen: NDArray[np.bool_], idea: NDArray[np.float64] | None = None) -> None:
        members[name] = chosen
        if idea is not None:
            shelf.plant(chosen, idea, shelf.rng.uniform(0.5, 0.9))

    for cosine in RELATED:
        idea = shelf.direction()
        pair = f"first {cosine}", f"second {cosine}"
        add(pair[0], shelf.pages(0.12, shelf.some_books(40)), idea)
        near = shelf.direction_near(idea, cosine)
        add(pair[1], shelf.pages(0.12, shelf.some_books(40)), near)
        kinds[pair] = f"related, cosine {cosine}"
    for i in range(3):
        add(f"other {i}", shelf.pages(0.1, shelf.some_books(30)), shelf.direction())
    for i in range(2):
        add(f"narrow {i}", shelf.pages(0.1, shelf.some_books(30)), shelf.direction(fall=2))
    kinds["narrow 0", "narrow 1"] = "independent ideas along few directions"
    few = np.flatnonzero(np.isin(shelf.works, shelf.rng.permutation(24)[:3]))
    add("books 0", shelf.pages(0.3, few))
    add("books 1", shelf.pages(0.3, few))
    kinds["books 0", "books 1"] = "same books, no idea"
    add("both 0", shelf.pages(0.3, few), shelf.direction())
    add("both 1", shelf.pages(0.3, few), shelf.direction())
    kinds["both 0", "both 1"] = "same books, two ideas"
    scenes, even = shelf.pages(0.25, shelf.some_books(25), run=8), np.arange(shelf.n) % 2 == 0
    add("scenes 0", scenes & even)
    add("scenes 1", scenes & ~even)
    kinds["scenes 0", "scenes 1"] = "same scenes, no idea"
    one, two = (shelf.pages(0.1, shelf.some_books(30)) for _ in range(2))
    add("units 0", one, shelf.direction())
    add("units 1", two | (one & (shelf.rng.random(shelf.n) < 0.3)), shelf.direction())
    kinds["units 0", "units 1"] = "shared units, two ideas"
    judge(shelf.units(), members, kinds, seed, outcomes)
    ask_closer(shelf, members, seed, outcomes)


def judge(
    units: Units,
    members: Members,
    kinds: dict[tuple[str, str], str],
    seed: int,
    outcomes: Outcomes,
) -> None:
    """Compare all concepts, and the naive way too."""
    concepts = [Concept(name, chosen) for name, chosen in members.items()]
    found = likenesses(units, concepts, LikenessOptions(n_resampled=99, seed=seed))
    naive = naive_claims(units, concepts, seed)
    names = list(members)
    has_fake = False
    for b in range(len(names)):
        for a in range(b):
            kind = kinds.get((names[a], names[b]), "independent ideas")
            is_claimed = found.verdicts[a][b] in CLAIMS
            outcomes[f"{kind}: claimed"].append(is_claimed)
            p = np.fmax(found.p_sets[a, b], found.p_ideas[a, b])
            outcomes[f"{kind}: p <= .05, not corrected"].append(bool(p <= 0.05))
            outcomes[f"{kind}: against sets alone, not corrected"].append(
                bool(found.p_sets[a, b] <= 0.05)
            )
            outcomes[f"{kind}: claimed naively"].append(bool(naive[a, b]))
            has_fake |= is_claimed and not kind.startswith("related")
    outcomes["shelves with any wrong claim"].append(has_fake)
    for one in found.coherences:
        kind = one.name.split()[0]
        if kind in NO_IDEA:
            outcomes[f"coherence of no idea, {NO_IDEA[kind]}"].append(one.verdict is Verdict.ALIKE)
        else:
            outcomes["coherence of an idea"].append(one.verdict is Verdict.ALIKE)


def naive_claims(units: Units, concepts: Sequence[Concept], seed: int) -> NDArray[np.bool_]:
    """Compare cosines of means with those of random sets of the whole shelf."""
    rng = np.random.default_rng(seed)
    vectors = units.vectors - units.vectors.mean(axis=0)
    means = np.stack([vectors[c.members].mean(axis=0) for c in concepts])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    p = np.ones((len(concepts), len(concepts)))
    for a, concept in enumerate(concepts):
        drawn = np.stack([rng.permutation(units.n)[: concept.n] for _ in range(N_NAIVE)])
        random = np.stack([vectors[at].mean(axis=0) for at in drawn])
        random /= np.linalg.norm(random, axis=1, keepdims=True)
        for b in range(a):
            n_above = (random @ means[b] >= means[a] @ means[b]).sum()
            p[a, b] = p[b, a] = (1 + n_above) / (1 + N_NAIVE)
    at = np.triu_indices(len(concepts), 1)
    q = np.ones_like(p)
    q[at] = false_discovery_control(p[at])
    q = np.minimum(q, q.T)
    return q <= 0.05


def ask_closer(shelf: PlantedShelf, members: Members, seed: int, outcomes: Outcomes) -> None:
    """Ask for the related one against an unrelated one, and for two halves of one idea."""
    units = shelf.units()
    first, second, third = (
        Concept(name, members[name]) for name in ("first 0.6", "second 0.6", "other 0")
    )
    answer = closer(units, first, second, third, seed=seed)
    outcomes["closer, parts of books: right"].append(answer.closer_to == second.name)
    outcomes["closer, parts of books: wrong"].append(answer.closer_to == third.name)
    half = shelf.rng.random(len(shelf.sizes)) < 0.5
    halves = [
        Concept(name, members["second 0.6"] & (half == side)[shelf.book])
        for name, side in (("one half", True), ("other half", False))
    ]
    if all(one.n for one in halves):
        answer = closer(units, first, *halves, seed=seed)
        outcomes["closer, two halves of one idea: claimed"].append(answer.closer_to is not None)


def whole_books(seed: int, outcomes: Outcomes) -> None:
    """Concepts of whole works, genres of several works, and a page idea against them."""
    shelf = planted_shelf(seed + 1_000_000, n_works=80, pages=12)
    works = shelf.rng.permutation(80)
    genre = shelf.direction()
    members: Members = {"genre": shelf.whole(works[:4]), "near genre": shelf.whole(works[4:8])}
    shelf.plant(members["genre"], genre, 1.2)
    shelf.plant(members["near genre"], shelf.direction_near(genre, 0.8), 1.2)
    members |= {f"works {i}": shelf.whole(works[8 + 3 * i : 11 + 3 * i]) for i in range(3)}
    members |= {f"work {i}": shelf.whole(works[20 + i : 21 + i]) for i in range(3)}
    free = np.flatnonzero(~np.isin(shelf.works, works[:8]))
    pages = shelf.pages(0.12, shelf.rng.permutation(free)[:40])
    members["pages like the genre"] = pages
    shelf.plant(pages, shelf.direction_near(genre, 0.8), 0.8)
    kinds = {
        ("genre", "near genre"): "related whole books, cosine 0.8",
        ("genre", "pages like the genre"): "related pages and whole books, cosine 0.8",
        ("near genre", "pages like the genre"): "related pages and whole books, cosine 0.64",
    }
    for b, second in enumerate(members):
        for first in list(members)[:b]:
            is_pages = "pages like the genre" in (first, second)
            other = "pages and whole books" if is_pages else "whole books"
            kinds.setdefault((first, second), f"unrelated {other}")
    units = shelf.units()
    judge(units, members, kinds, seed, outcomes)
    concepts = {name: Concept(name, chosen) for name, chosen in members.items()}
    answer = closer(
        units, concepts["genre"], concepts["near genre"], concepts["works 0"], seed=seed
    )
    outcomes["closer, whole books: right"].append(answer.closer_to == "near genre")
    outcomes["closer, whole books: wrong"].append(answer.closer_to == "works 0")
    sets = [Concept("genre", members["genre"]), Concept("works 1", members["works 1"])]
    planted, random = form_clusters(units, sets, seed=seed)
    outcomes["cluster of books, planted: found"].append(bool((planted.p or 1) <= 0.05))
    outcomes["cluster of books, random works: p <= .05"].append(bool((random.p or 1) <= 0.05))


if __name__ == "__main__":
    main()
