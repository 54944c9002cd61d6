"""How well kinds are told apart: F1 of each class and their mean.

A true item without an answer is a miss of its class, so that what was not found counts. Classes
that the truth lacks are left out of the mean.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KindScore:
    """F1 by class.

    Attributes:
        f1: By class that the truth has.
        n_true: How many of each.
        confusion: (true, answered) to how often; answered is None where nothing was found.
        majority: Macro F1 of always answering the commonest class: the mark to beat.
    """

    f1: Mapping[str, float]
    n_true: Mapping[str, int]
    confusion: Mapping[tuple[str, str | None], int]
    majority: float

    @property
    def macro_f1(self) -> float:
        """Mean F1 over the classes; nan without any."""
        return sum(self.f1.values()) / len(self.f1) if self.f1 else float("nan")


def score_kinds(pairs: Sequence[tuple[str, str | None]]) -> KindScore:
    """Score answers.

    Args:
        pairs: (true, answered) of every item; answered is None where nothing was found.
    """
    confusion = Counter(pairs)
    n_true = Counter(true for true, _ in pairs)
    n_answered = Counter(answer for _, answer in pairs)
    f1 = {
        kind: 2 * confusion[kind, kind] / (n_true[kind] + n_answered[kind])
        for kind in sorted(n_true)
    }
    majority = float("nan")
    if n_true:
        n_most = max(n_true.values())
        majority = 2 * n_most / (n_most + len(pairs)) / len(n_true)
    return KindScore(f1, dict(n_true), dict(confusion), majority)
