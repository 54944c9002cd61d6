"""A worker that stands still is noticed: by the time of a page, longer while it opens a file."""

from __future__ import annotations

import pytest

from longbox.pipeline import workers
from longbox.pipeline.workers import Watch


class Clock:
    """A clock that a test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 1000.0
        monkeypatch.setattr(workers.time, "monotonic", lambda: self.now_s)


def test_page_that_takes_too_long_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    progress = [3, 5, 1]  # ticks, pages, pages done
    watch = Watch(progress, 180.0)
    assert watch.look(0) == (1, 5)
    clock.now_s += 179
    assert not watch.is_stuck(0)
    clock.now_s += 2
    assert watch.is_stuck(0)
    progress[0], progress[2] = 4, 2
    assert watch.look(0) == (2, 5)
    assert not watch.is_stuck(0)


def test_opening_may_take_ten_times_as_long_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    watch = Watch([1, 0, 0], 10.0)
    assert watch.look(0) == (0, 0)
    clock.now_s += 99
    assert not watch.is_stuck(0)
    clock.now_s += 2
    assert watch.is_stuck(0)


def test_job_that_has_not_begun_is_not_stuck_and_a_new_one_begins_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(monkeypatch)
    progress = [0, 0, 0]
    watch = Watch(progress, 10.0)
    assert watch.look(0) is None
    progress[0] = 1
    watch.look(0)
    clock.now_s += 1000
    watch.forget(0)
    watch.look(0)
    assert not watch.is_stuck(0)
