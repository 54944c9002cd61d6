"""Bars with an interval and a mark of chance, and cells of a heat table, as a template draws them.

Places are percent of the width, so that a template writes them as attributes of SVG.
"""

from __future__ import annotations

from dataclasses import dataclass

_N_LEVELS = 10


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar from its zero to its value.

    Attributes:
        x, width: Of the bar, in percent.
        zero: Where 0 is.
        low, high: Ends of the interval; None where there is none.
        tick: Where chance is; None where it is not known.
        is_negative: Whether it goes to the left.
    """

    x: float
    width: float
    zero: float
    low: float | None
    high: float | None
    tick: float | None
    is_negative: bool


@dataclass(frozen=True, slots=True)
class Scale:
    """The values at both ends of a bar's field."""

    low: float = 0.0
    high: float = 1.0

    def at(self, value: float) -> float:
        """Return where a value is, in percent; what lies outside is at the edge."""
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return round(100 * min(max(share, 0.0), 1.0), 2)


def bar_of(
    value: float | None,
    low: float | None = None,
    high: float | None = None,
    *,
    tick: float | None = None,
    scale: Scale = Scale(),
) -> Bar | None:
    """Return a bar, or None where the value is not known."""
    if value is None:
        return None
    zero, end = scale.at(0.0), scale.at(value)
    return Bar(
        x=min(zero, end),
        width=round(abs(end - zero), 2),
        zero=zero,
        low=None if low is None or high is None else scale.at(low),
        high=None if low is None or high is None else scale.at(high),
        tick=None if tick is None else scale.at(tick),
        is_negative=value < 0,
    )


def heat_of(value: float | None, low: float = 0.0, high: float = 1.0) -> str:
    """Return the class of a heat table's cell; "unknown" where there is no value.

    Values below zero have colours of their own where the scale has them.
    """
    if value is None:
        return "unknown"
    if value < 0 and low < 0:
        return f"minus-{_level(value / low)}"
    return str(_level((value - max(low, 0.0)) / ((high - max(low, 0.0)) or 1.0)))


def _level(share: float) -> int:
    return min(max(int(share * _N_LEVELS), 0), _N_LEVELS - 1)
