"""Windows over long sequences: every place once, with neighbours on both sides."""

from __future__ import annotations

import numpy as np
import pytest

from longbox.sequence import windows_of


@pytest.mark.parametrize("n", [*range(1, 70), 200, 501])
@pytest.mark.parametrize("length", [1, 2, 5, 12, 16])
def test_every_place_is_taken_once_from_a_window_that_holds_it(n: int, length: int) -> None:
    plan = windows_of(n, length)
    assert len(plan.window) == len(plan.offset) == n
    assert (plan.starts[plan.window] + plan.offset == np.arange(n)).all()
    assert ((plan.offset >= 0) & (plan.offset < plan.length)).all()
    assert plan.starts.min() == 0
    assert plan.starts.max() + plan.length == n
    assert (np.diff(plan.starts) > 0).all()
    assert (np.diff(plan.starts) <= max(1, length // 2)).all()


def test_short_sequence_is_one_window() -> None:
    for n in range(1, 17):
        plan = windows_of(n)
        assert (plan.starts.tolist(), plan.length) == ([0], n)
        assert plan.offset.tolist() == list(range(n))


def test_empty_sequence_has_no_window() -> None:
    plan = windows_of(0)
    assert (len(plan.starts), len(plan.window), len(plan.offset)) == (0, 0, 0)


def test_places_inside_have_seen_panels_on_both_sides() -> None:
    plan = windows_of(100)
    before, after = plan.offset[8:-8], plan.length - 1 - plan.offset[8:-8]
    assert min(before.min(), after.min()) >= 3
