"""Money and tokens of a run, with what is in the air counted before it comes back.

A request is only sent when the most that it can cost still fits: its prompt as estimated and its
answer at its token limit. The estimate is corrected by what the server counted for earlier
prompts, so the first request of a limited run goes alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from longbox.errors import ConfigError

# Prompts of one run differ by a few words; this much is allowed above the largest seen.
_MARGIN = 1.05


@dataclass(frozen=True, slots=True)
class Prices:
    """What a million tokens cost, in any one currency."""

    prompt: float = 0.0
    answer: float = 0.0

    def __post_init__(self) -> None:
        if not all(math.isfinite(p) and p >= 0 for p in (self.prompt, self.answer)):
            raise ConfigError("prices per million tokens must be 0 or more")

    def cost(self, n_prompt: int, n_answer: int) -> float:
        """Return the price of one request."""
        return (n_prompt * self.prompt + n_answer * self.answer) / 1e6


@dataclass(frozen=True, slots=True)
class Reservation:
    """The most that a request in the air can take."""

    n_prompt: int
    n_answer: int
    guess: int


class Budget:
    """Counts what a run spends, and what it may still start.

    Attributes:
        n_tokens: Spent so far, by the server's count where it gave one, else as estimated.
        cost: Likewise, in the currency of the prices.
        n_flying: Requests in the air.
    """

    def __init__(
        self, prices: Prices, max_cost: float | None = None, max_tokens: int | None = None
    ) -> None:
        """Make an empty account.

        Raises:
            ConfigError: A limit is below 0, or one in money is given without prices.
        """
        if max_cost is not None and not (math.isfinite(max_cost) and max_cost >= 0):
            raise ConfigError(f"a budget of {max_cost} is none; give 0 or more")
        if max_tokens is not None and max_tokens < 0:
            raise ConfigError(f"a budget of {max_tokens} tokens is none; give 0 or more")
        if max_cost is not None and not (prices.prompt or prices.answer):
            raise ConfigError("a budget in money needs the prices of a million tokens")
        self._prices = prices
        self._max_cost, self._max_tokens = max_cost, max_tokens
        self._ratio: float | None = None
        self._reserved_tokens, self._reserved_cost = 0, 0.0
        self.n_tokens, self.cost, self.n_flying = 0, 0.0, 0

    @property
    def is_limited(self) -> bool:
        """Whether there is anything to keep to."""
        return self._max_cost is not None or self._max_tokens is not None

    @property
    def must_wait(self) -> bool:
        """Whether the first request must come back before a second is sent."""
        return self.is_limited and self._ratio is None and self.n_flying > 0

    def estimate(self, guess: int) -> int:
        """Return the tokens of a prompt, corrected by what the server counted before."""
        return guess if self._ratio is None else math.ceil(guess * self._ratio * _MARGIN)

    def reserve(self, guess: int, n_answer: int) -> Reservation | None:
        """Set the most that a request can take aside, or return None when it does not fit."""
        n_prompt = self.estimate(guess)
        cost = self._prices.cost(n_prompt, n_answer)
        tokens = self.n_tokens + self._reserved_tokens + n_prompt + n_answer
        if self._max_tokens is not None and tokens > self._max_tokens:
            return None
        if self._max_cost is not None and self.cost + self._reserved_cost + cost > self._max_cost:
            return None
        self.n_flying += 1
        self._reserved_tokens += n_prompt + n_answer
        self._reserved_cost += cost
        return Reservation(n_prompt, n_answer, guess)

    def settle(self, reservation: Reservation, n_prompt: int, n_answer: int) -> float:
        """Replace what was set aside by what was used; return its cost."""
        self.n_flying -= 1
        self._reserved_tokens -= reservation.n_prompt + reservation.n_answer
        self._reserved_cost -= self._prices.cost(reservation.n_prompt, reservation.n_answer)
        if not self.n_flying:
            self._reserved_tokens, self._reserved_cost = 0, 0.0  # no rounding left over
        cost = self._prices.cost(n_prompt, n_answer)
        self.n_tokens += n_prompt + n_answer
        self.cost += cost
        return cost

    def learn(self, reservation: Reservation, n_prompt: int) -> None:
        """Remember how a server counts prompts."""
        ratio = n_prompt / max(1, reservation.guess)
        self._ratio = max(self._ratio or 0.0, ratio)
