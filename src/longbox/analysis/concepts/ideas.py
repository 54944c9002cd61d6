"""Other ideas: how alike two coherent sets are that have nothing to do with each other.

Two directions in a space are never exactly at right angles, so with enough members any two coherent
sets differ from random sets of incoherent units. Whoever asks whether two ideas are related wants
to know more: whether they are more alike than other ideas as coherent as these would be. In a space
whose ideas use few directions that is a lot to ask, in a wide one little.

An idea's direction is drawn as a random unit's: its vector less its book's mean. It is given the
length of what the concept's members have in common (without what chance adds), so an idea is as
coherent as the concept. How far such directions reach along what is held, together with the
variance of random sets, is the null. Its tail is the normal one: a dot product of many dimensions
is a sum of many terms, and the true tail of a bounded cosine is lighter. Units that are members of
either concept are left out: they are no other idea.

Why not sets drawn around random anchors (the units most like a random one)? They lie along the
widest directions of the space more than selections made by people do. Over pairs of words of
a real shelf's lettering (156 to 1,067 pairs in four spaces), likenesses spread around their mean
.97 to 1.15 times as far as this null says, and .57 to .73 times as far as sets around anchors do.
Sets as coherent as a strong concept cannot even be found around anchors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.concepts.comparing import Comparable
from longbox.analysis.concepts.shifts import Shifted

N_IDEAS = 5000
_FEWEST = 30


@dataclass(frozen=True, slots=True, eq=False)
class Ideas:
    """Directions of random units, less their books' means.

    Attributes:
        units: Which they are, rising, int64 (K,).
        directions: float32 (K, D); their mean squared length is 1.
    """

    units: NDArray[np.int64]
    directions: NDArray[np.float32]


def draw_ideas(shelf: Comparable, rng: np.random.Generator, n_ideas: int = N_IDEAS) -> Ideas:
    """Draw the directions of random ideas, at most so many."""
    at = np.sort(rng.permutation(shelf.n)[:n_ideas])
    departures = shelf.vectors[at] - shelf.means[shelf.book[at]]
    length = float(np.sqrt((departures.astype(np.float64) ** 2).sum(axis=1).mean()))
    return Ideas(at, departures / np.float32(max(length, 1e-12)))


def ideas_p(
    ideas: Ideas, shifted: Shifted, members: NDArray[np.bool_], concept: int
) -> NDArray[np.float64]:
    """Return two-sided p of one concept's likeness to all others among other ideas, (C,).

    nan where too few units are left to say what other ideas are.
    """
    from scipy.stats import norm

    reach = ideas.directions @ shifted.weights.T.astype(np.float32)  # (K, C)
    is_other = ~(members[:, ideas.units] | members[concept, ideas.units]).T  # (K, C)
    n_left = is_other.sum(axis=0)
    spread = (reach.astype(np.float64) ** 2 * is_other).sum(axis=0) / np.maximum(n_left, 1)
    variance = np.maximum(shifted.strength, 0) * spread
    variance += shifted.draws.var(axis=0, dtype=np.float64)
    deviation = np.sqrt(np.maximum(variance, 1e-30))
    p: NDArray[np.float64] = 2 * norm.sf(np.abs(shifted.observed) / deviation)
    p[n_left < _FEWEST] = np.nan
    return p
