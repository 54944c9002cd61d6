"""What a worker keeps between its tasks: as long as one runs, and not for ever after."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from longbox.config import Config
from longbox.errors import ClusterError
from longbox.pipeline.cluster.crew import Crew
from longbox.pipeline.cluster.messages import Setup
from longbox.pipeline.jobs import BookJob
from longbox.pipeline.workers import BookPool


class Pool:
    is_closed = False

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def crew(tmp_path: Path) -> Iterator[Crew]:
    made = Crew(Setup("run", tmp_path, Config(), recipe=""), 1, str(tmp_path))
    yield made
    made.close()


def loaded(crew: Crew) -> Pool:
    pool = Pool()
    crew._pool = cast(BookPool, pool)
    crew.kept["model"] = "loaded"
    return pool


def test_idle_time_that_ended_as_a_task_came_closes_nothing(crew: Crew) -> None:
    pool = loaded(crew)
    with crew.busy():
        crew._rest()  # the timer had fired when it was cancelled
        assert (pool.is_closed, crew.kept) == (False, {"model": "loaded"})
    crew._rest()
    assert (pool.is_closed, crew.kept) == (True, {})


def test_run_that_ends_closes_the_pool_under_its_tasks(crew: Crew) -> None:
    pool = loaded(crew)
    with crew.busy():
        crew.close()
        assert pool.is_closed
    assert crew._timer is None
    assert not crew.scratch.exists()


def test_crew_that_was_closed_starts_no_process(crew: Crew, tmp_path: Path) -> None:
    crew.close()
    with pytest.raises(ClusterError, match="the run has ended"):
        crew.read(BookJob(0, tmp_path / "book.cbz", tmp_path, ""), lambda *_: None)
    assert crew._pool is None


def test_crew_rests_when_nothing_came_for_long(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("longbox.pipeline.cluster.crew._IDLE_S", 0.01)
    pool = loaded(crew)
    with crew.busy(), crew.busy():
        pass
    deadline = time.monotonic() + 30
    while not pool.is_closed:
        assert time.monotonic() < deadline
        time.sleep(0.01)
