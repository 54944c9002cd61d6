"""Lists of several spaces become one, by weighted reciprocal rank.

Scores of different spaces are not comparable (a cosine of .3 is a lot for sentences and nothing
for pictures), ranks are. Reciprocal rank fusion: Cormack, Clarke and Buettcher, SIGIR 2009,
score = sum of weight / (60 + rank). With a single list the order is exactly that list's.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from longbox.book import Match

# The paper's constant: ranks 1 and 2 of one list differ by 1.6 %, so agreement between lists
# counts for more than the very top of one.
RRF_CONSTANT = 60

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class RankedList:
    """One space's answer: items best first with that space's own scores, and its weight.

    Attributes:
        strength: Turns a score into 0 to 1 for people to see, where that is known.
    """

    name: str
    items: Sequence[int]
    scores: Sequence[float]
    weight: float = 1.0
    strength: Callable[[float], float] | None = None


@dataclass(slots=True)
class Candidate(Generic[K]):
    """What the lists together say of one group (a panel, a page or a book)."""

    key: K
    score: float = 0.0
    matched: dict[str, Match] = field(default_factory=dict)
    best_item: int = -1
    best_share: float = 0.0


def fuse(lists: Sequence[RankedList], key_of: Callable[[int], K]) -> list[Candidate[K]]:
    """Fuse lists of items into groups, best first.

    A group's rank in a list counts groups, not items: a page is as good as its best panel there,
    and a page with five middling panels does not beat one with the right panel. Lists that share
    a name (several terms in one space) add up and show their best match.

    Args:
        lists: The answers; each lists an item at most once.
        key_of: The group of an item.

    Returns:
        Candidates with the best-supported item of each group, by falling score; ties keep the
        order in which the lists named them.
    """
    found: dict[K, Candidate[K]] = {}
    for ranked in lists:
        seen: set[K] = set()
        for item, score in zip(ranked.items, ranked.scores, strict=True):
            key = key_of(item)
            if key in seen:
                continue
            seen.add(key)
            share = ranked.weight / (RRF_CONSTANT + len(seen))
            candidate = found.setdefault(key, Candidate(key))
            candidate.score += share
            known = candidate.matched.get(ranked.name)
            if known is None or len(seen) < known.rank:
                strength = ranked.strength(score) if ranked.strength else None
                candidate.matched[ranked.name] = Match(len(seen), float(score), strength)
            if candidate.best_item < 0 or share > candidate.best_share:
                candidate.best_item, candidate.best_share = item, share
    return sorted(found.values(), key=lambda c: -c.score)


def hamming(a: str, b: str) -> int:
    """Return how many bits of two hexadecimal hashes differ."""
    return (int(a, 16) ^ int(b, 16)).bit_count()
