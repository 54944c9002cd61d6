"""A loss as questions with one right answer each, so that its chance is known.

Every loss of the first version is made of these: pick the panel, the class, the successor, the
text. Candidates may differ in number from question to question, and chance is counted per question
(fact 3).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from longbox.errors import ModelError


@dataclass(frozen=True, slots=True, eq=False)
class Guesses:
    """Q questions with up to K candidates each.

    Attributes:
        logits: float32 (Q, K).
        allowed: Which candidates a question has, at least two, bool (Q, K).
        answers: Index of the right one, int64 (Q,).
    """

    logits: Tensor
    allowed: Tensor
    answers: Tensor

    @property
    def n(self) -> int:
        """Q."""
        return len(self.answers)

    @property
    def loss(self) -> Tensor:
        """Mean cross-entropy in nats, a scalar.

        Raises:
            ModelError: Nothing was asked.
        """
        if not self.n:
            raise ModelError("nothing was asked, so there is no loss")
        return functional.cross_entropy(self._scores, self.answers)

    @property
    def chance(self) -> float:
        """Cross-entropy of a guess that favours no candidate, in nats."""
        return float(self.allowed.sum(dim=1).double().log().mean()) if self.n else 0.0

    @property
    def accuracy(self) -> float:
        """Share of questions answered right; candidates that tie share the point."""
        if not self.n:
            return 0.0
        best = self._scores == self._scores.max(dim=1, keepdim=True).values
        right = best.gather(1, self.answers[:, None]).squeeze(1) / best.sum(dim=1)
        return float(right.mean())

    @property
    def chance_accuracy(self) -> float:
        """Accuracy of a guess."""
        return float((1 / self.allowed.sum(dim=1)).mean()) if self.n else 0.0

    @property
    def _scores(self) -> Tensor:
        return self.logits.masked_fill(~self.allowed, -torch.inf)


def ask(logits: Tensor, allowed: Tensor, answers: Tensor) -> Guesses:
    """Make questions, leaving out those that have no second candidate."""
    rows = allowed.sum(dim=1) > 1
    return Guesses(logits[rows], allowed[rows], answers[rows])
