"""Small decision trees along an axis: what they explain of books not seen, and what chance does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.clusters.axes import Rule
from longbox.analysis.clusters.contrasts import book_weights
from longbox.analysis.clusters.measured import Numbers
from longbox.analysis.clusters.options import AxisOptions
from longbox.analysis.units import Tell

if TYPE_CHECKING:
    from sklearn.tree import DecisionTreeRegressor

_LEAST_LEAF: Final = 5
_LEAF_SHARE: Final = 0.02
_DRAWS: Final = 1_000


@dataclass(frozen=True, slots=True, eq=False)
class Grown:
    """What trees made of an axis.

    Attributes:
        explained: R2 over books that each tree has not seen.
        low: Of its 95 % interval, from drawing books with replacement.
        high: Of its 95 % interval.
        by_chance: The same R2 of shuffled axes, float64 (n_permuted,).
        measures: Those that the tree of all units asks for, the most telling first.
        rules: Its leaves, from the low to the high end.
        n: Units.
        n_books: Books.
    """

    explained: float
    low: float
    high: float
    by_chance: Numbers
    measures: tuple[str, ...]
    rules: tuple[Rule, ...]
    n: int
    n_books: int


def explain_places(
    values: Numbers,
    names: tuple[str, ...],
    along: Numbers,
    books: NDArray[np.int64],
    options: AxisOptions,
    tell: Tell | None = None,
) -> Grown:
    """Explain places on an axis by measures.

    Args:
        values: Measures, nan where unknown, float64 (n, F).
        names: Of the measures.
        along: Places, (n,).
        books: A number for each unit's book, int64 (n,); five books and more.
        options: Of the tree.
        tell: Called with "explaining", the shuffled axes explained and how many there are.
    """
    from scipy.stats import rankdata

    rng = np.random.default_rng([options.seed, 2])
    _, own = np.unique(books, return_inverse=True)
    target = (rankdata(along) - 0.5) / along.size
    grove = _Grove(values, own, book_weights(np.bincount(own))[own], options)
    errors, spreads = grove.left_over(target)
    by_chance = np.empty(options.n_permuted)
    for at in range(options.n_permuted):
        by_chance[at] = _explained(*grove.left_over(_shuffled(target, own, rng)))
        if tell:
            tell("explaining", at + 1, options.n_permuted)
    low, high = _interval(errors, spreads, rng)
    tree = grove.grown(target, np.ones(own.size, dtype=np.bool_))
    order = np.argsort(-tree.feature_importances_, kind="stable")
    asked = tuple(names[at] for at in order if tree.feature_importances_[at] > 0)
    return Grown(
        explained=_explained(errors, spreads),
        low=low,
        high=high,
        by_chance=by_chance,
        measures=asked,
        rules=_rules(tree, values, names, target),
        n=own.size,
        n_books=int(own.max()) + 1,
    )


class _Grove:
    """Trees on the same measures and the same parts of books, for any target."""

    def __init__(
        self, values: Numbers, books: NDArray[np.int64], weights: Numbers, options: AxisOptions
    ) -> None:
        from sklearn.model_selection import GroupKFold

        self._values = values.astype(np.float32)
        self._books = books
        self._weights = weights
        self._depth = options.depth
        self._leaf = max(_LEAST_LEAF, round(_LEAF_SHARE * books.size))
        n_folds = min(options.n_folds, int(books.max()) + 1)
        folds = GroupKFold(n_folds, shuffle=True, random_state=options.seed)
        self._unseen = np.zeros(books.size, dtype=np.int64)
        for number, (_, test) in enumerate(folds.split(values, groups=books)):
            self._unseen[test] = number

    def grown(self, target: Numbers, is_seen: NDArray[np.bool_]) -> DecisionTreeRegressor:
        """Return a tree of some units."""
        from sklearn.tree import DecisionTreeRegressor

        tree = DecisionTreeRegressor(
            max_depth=self._depth, min_samples_leaf=self._leaf, random_state=0
        )
        return tree.fit(
            self._values[is_seen], target[is_seen], sample_weight=self._weights[is_seen]
        )

    def left_over(self, target: Numbers) -> tuple[Numbers, Numbers]:
        """Return each book's squared errors of trees that did not see it, and of their means."""
        error, spread = np.empty(target.size), np.empty(target.size)
        for number in range(int(self._unseen.max()) + 1):
            is_unseen = self._unseen == number
            guess = self.grown(target, ~is_unseen).predict(self._values[is_unseen])
            mean = np.average(target[~is_unseen], weights=self._weights[~is_unseen])
            error[is_unseen] = (target[is_unseen] - guess) ** 2
            spread[is_unseen] = (target[is_unseen] - mean) ** 2
        errors = np.bincount(self._books, error * self._weights).astype(np.float64)
        spreads = np.bincount(self._books, spread * self._weights).astype(np.float64)
        return errors, spreads


def _explained(errors: Numbers, spreads: Numbers) -> float:
    total = float(spreads.sum())
    return 1 - float(errors.sum()) / total if total > 0 else 0.0


def _interval(errors: Numbers, spreads: Numbers, rng: np.random.Generator) -> tuple[float, float]:
    """Return the 95 % interval of R2 when books are drawn anew."""
    n = errors.size
    counts = rng.multinomial(n, np.full(n, 1 / n), size=_DRAWS).astype(np.float64)  # (draws, n)
    totals = counts @ spreads
    drawn = 1 - (counts @ errors) / np.where(totals > 0, totals, 1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def _shuffled(target: Numbers, books: NDArray[np.int64], rng: np.random.Generator) -> Numbers:
    """Let books exchange their means, and turn what is left of each round by a random number."""
    counts = np.bincount(books)
    means = np.bincount(books, target) / counts
    left = target - means[books]
    order = np.argsort(books, kind="stable")
    turned = np.empty_like(left)
    for own in np.split(order, np.cumsum(counts)[:-1]):
        turned[own] = np.roll(left[own], int(rng.integers(own.size)))
    shuffled: Numbers = rng.permutation(means)[books] + turned
    return shuffled


def _rules(
    tree: DecisionTreeRegressor, values: Numbers, names: tuple[str, ...], target: Numbers
) -> tuple[Rule, ...]:
    """Return the leaves in words, from the low to the high end."""
    leaves = tree.apply(values.astype(np.float32))
    rules = []
    for leaf, bounds in _leaves(tree.tree_, 0, ()):
        is_here = leaves == leaf
        n = int(is_here.sum())
        if n:
            place = float(target[is_here].mean())
            rules.append(Rule(_said(bounds, values, names), place, n, n / leaves.size))
    return tuple(sorted(rules, key=lambda rule: rule.place))


_Bound = tuple[int, bool, float, bool]
"""Measure, whether its value is above, the threshold, and whether unknown values go there too."""


def _leaves(tree: Any, node: int, path: tuple[_Bound, ...]) -> list[tuple[int, tuple[_Bound, ...]]]:
    left, right = int(tree.children_left[node]), int(tree.children_right[node])
    if left == right:
        return [(node, path)]
    at, threshold = int(tree.feature[node]), float(tree.threshold[node])
    to_left = bool(tree.missing_go_to_left[node])
    return [
        *_leaves(tree, left, (*path, (at, False, threshold, to_left))),
        *_leaves(tree, right, (*path, (at, True, threshold, not to_left))),
    ]


def _said(bounds: tuple[_Bound, ...], values: Numbers, names: tuple[str, ...]) -> str:
    """Put a leaf's conditions into words; of two on one side of a measure the narrower counts."""
    narrow: dict[tuple[int, bool], tuple[float, bool]] = {}
    for at, is_above, threshold, has_unknown in bounds:
        old = narrow.get((at, is_above))
        if old is not None:
            threshold = max(old[0], threshold) if is_above else min(old[0], threshold)
            has_unknown = has_unknown and old[1]
        narrow[at, is_above] = (threshold, has_unknown)
    said = []
    for (at, is_above), (threshold, has_unknown) in narrow.items():
        unknown = " (or unknown)" if has_unknown and np.isnan(values[:, at]).any() else ""
        said.append(f"{names[at]} {'>' if is_above else '<='} {threshold:.3g}{unknown}")
    return " and ".join(said) if said else "everywhere"
