"""Does the ablation find what spaces are made of, and claim nothing that they are not?

    python -m benchmarks.planted_ablation [--draws 200] [--workers 2]

Shelves of 12 works of 3 books of 12 pages. Every page has a layout, a look, a type and a meaning;
half of a page's layout is its book's habit. Spaces are made of known shares of these, of books and
of works, and of noise.

    recovered   mean error of each share, how often its interval holds the truth, and how often it
                is claimed (p <= .05 after correction)
    nothing     the same shelf, a space of noise and one of books only: how often is a group
                claimed that was not planted
    verdicts    spaces of layout, of meaning, of both alike, of neither
    neighbours  unrelated spaces: overlap beside chance

Truth is the planted share; for layout and look beside books it is the part that is not the book's
habit, because a habit cannot be told from the book.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
from benchmarks.report import REPOSITORY, table, write

from longbox.analysis.ablation import Ablation, AblationOptions, Group, Verdict, ablate
from longbox.vectors import Space

sys.path.insert(0, str(REPOSITORY / "tests"))  # the same shelves as the tests
from planted_spaces import COLUMNS, Plan, draw_shelf, draw_space, shelf_units

V, T, C, F, X = (
    Space.VISION,
    Space.TEXT,
    Space.COMPOSITION,
    Space.FUSED,
    Space.CONTEXTUAL,
)
PLANTED: Mapping[Space, Mapping[str, float]] = {
    T: {"meaning": 0.6},
    C: {"layout": 0.5, "page type": 0.1},
    V: {"layout": 0.2, "look": 0.1, "book": 0.2, "work": 0.1},
    F: {"meaning": 0.2, "layout": 0.2},
    X: {"meaning": 0.2, "book": 0.3},
}
NOTHING: Mapping[Space, Mapping[str, float]] = {T: {"meaning": 0.6}, V: {}, C: {"book": 0.4}}
OPTIONS = AblationOptions(n_clusters=6, n_seeds=2, n_permutations=99, n_draws=200)
PARTS = {
    Group.LAYOUT: ("layout", True),
    Group.LOOK: ("look", True),
    Group.PAGE_TYPE: ("page type", False),
    Group.WORK: ("work", False),
    Group.BOOK: ("book", False),
}


def one(asked: tuple[str, int]) -> Ablation:
    """Draw a shelf and take it apart."""
    what, seed = asked
    rng = np.random.default_rng([seed, len(what)])
    shelf = draw_shelf(Plan(), rng)
    parts = PLANTED if what == "planted" else NOTHING
    spaces = {space: draw_space(shelf, shares, rng) for space, shares in parts.items()}
    return ablate(shelf_units(shelf, spaces), shelf.frame, COLUMNS, OPTIONS)


def recovered(found: Sequence[Ablation]) -> list[dict[str, Any]]:
    """Set every unique share beside what was planted."""
    rows = []
    for space in PLANTED:
        for group, (name, is_habit) in PARTS.items():
            planted = PLANTED[space].get(name, 0.0)
            truth = planted * (1 - Plan().book_layout) if is_habit else planted
            lines = [s for a in found for s in a.shares if (s.space, s.group) == (space, group)]
            values = np.array([s.unique.value for s in lines])
            held = [s.unique.low <= truth <= s.unique.high for s in lines]
            rows.append(
                {
                    "space": space.value,
                    "group": group.value,
                    "planted": planted,
                    "beside the book": truth,
                    "found": float(values.mean()),
                    "spread": float(values.std()),
                    "interval holds it": float(np.mean(held)),
                    "claimed": float(np.mean([s.p_corrected <= 0.05 for s in lines])),
                    "n": len(lines),
                }
            )
    return rows


def nothing(found: Sequence[Ablation]) -> list[dict[str, Any]]:
    """Count claims of what was not planted."""
    rows = []
    for space in NOTHING:
        for group in PARTS:
            if space is C and group is Group.BOOK:
                continue  # planted
            lines = [s for a in found for s in a.shares if (s.space, s.group) == (space, group)]
            rows.append(
                {
                    "space": space.value,
                    "group": group.value,
                    "p at most .05": float(np.mean([s.p <= 0.05 for s in lines])),
                    "claimed": float(np.mean([s.p_corrected <= 0.05 for s in lines])),
                    "n": len(lines),
                }
            )
    return rows


def verdicts(name: str, found: Sequence[Ablation]) -> list[dict[str, Any]]:
    """Count verdicts by space."""
    rows = []
    for space in PLANTED if name == "planted" else NOTHING:
        claims = [c for a in found for c in a.claims if c.space is space]
        if not claims:
            continue
        rows.append(
            {
                "shelf": name,
                "space": space.value,
                "layout": float(np.mean([c.layout.value for c in claims])),
                "meaning": float(np.mean([c.meaning.value for c in claims])),
                **{
                    f"said {v.value}": float(np.mean([c.verdict is v for c in claims]))
                    for v in Verdict
                },
                "n": len(claims),
            }
        )
    return rows


def neighbours(found: Sequence[Ablation]) -> list[dict[str, Any]]:
    """Set the overlap of unrelated spaces beside chance."""
    rows = []
    for own_book in (True, False):
        lines = [o for a in found for o in a.overlaps if {o.a, o.b} == {T, V}]
        lines = [o for o in lines if o.own_book is own_book]
        rows.append(
            {
                "own book": str(own_book),
                "overlap": float(np.mean([o.share.value for o in lines])),
                "chance": float(np.mean([o.chance for o in lines])),
                "interval holds chance": float(
                    np.mean([o.share.low <= o.chance <= o.share.high for o in lines])
                ),
                "n": len(lines),
            }
        )
    return rows


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    with ProcessPoolExecutor(asked.workers) as pool:
        planted = list(pool.map(one, [("planted", seed) for seed in range(asked.draws)]))
        none = list(pool.map(one, [("nothing", seed) for seed in range(asked.draws)]))
    result = {
        "recovered": recovered(planted),
        "nothing": nothing(none),
        "verdicts": [*verdicts("planted", planted), *verdicts("nothing", none)],
        "neighbours": neighbours(none),
    }
    for name, rows in result.items():
        print(f"\n{name}\n{table(rows)}")
    write("planted_ablation", {"draws": asked.draws, **result})


if __name__ == "__main__":
    main()
