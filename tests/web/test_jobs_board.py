from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest

from longbox.config import Config
from longbox.errors import BusyError, QueryError
from longbox.web.jobs import Job, JobBoard, JobState, Kind
from longbox.web.jobs.messages import shown
from waiting import PATIENCE_S, until


@dataclass(frozen=True)
class Given:
    n: int = 0
    note: str = ""


def _kind(name: str, **more: object) -> Kind:
    return Kind(name, f"web_job_works:{name}", lambda asked: f"{name} {asked.n}", Given, **more)  # type: ignore[arg-type]


KINDS = [_kind(n) for n in ("count", "refuse", "break_down", "die", "sleep_with_child", "garble")]


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobBoard]:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "job_works"))
    made = JobBoard(tmp_path, Config(), KINDS)
    yield made
    made.close(2)


def _ended(board: JobBoard, job: Job) -> Job:
    until(lambda: (now := board.get(job.job_id)) is not None and now.is_over)
    now = board.get(job.job_id)
    assert now is not None
    return now


def _is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_job_says_how_far_it_is_and_how_it_ended(board: JobBoard) -> None:
    job = board.submit("count", {"n": 4})
    assert (job.state, job.what, job.fraction) == (JobState.QUEUED, "count 4", None)
    seen = set()
    version = 0
    while not (now := board.get(job.job_id) or job).is_over:
        seen.add((now.state, now.fraction, now.now))
        version = board.wait(version, 10)
    assert {(JobState.RUNNING, 0.5, "2 of 4"), (JobState.RUNNING, 0.75, "3 of 4")} <= seen
    assert (now.state, now.outcome, now.fraction) == (JobState.DONE, "counted to 4", 1.0)
    assert now.problems == ("one [31mthing went wrong",)
    assert now.started_at is not None
    assert now.ended_at is not None
    assert now.ended_at > now.started_at >= now.created_at
    result = board.result("count")
    assert result is not None
    assert result[1] == {"n": 4}
    assert result[0].job_id == job.job_id


def test_error_of_ours_is_the_reason_of_a_failed_job(board: JobBoard) -> None:
    job = _ended(board, board.submit("refuse"))
    assert (job.state, job.outcome) == (JobState.FAILED, "there is no model to do it with")
    assert board.result("refuse") is None


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("break_down", "status 1 (ZeroDivisionError"),
        ("die", "ended by SIGKILL, perhaps for want of memory"),
        ("garble", "no message"),
    ],
)
def test_crashed_process_is_a_failed_job_with_a_clear_line(
    board: JobBoard, kind: str, said: str
) -> None:
    job = _ended(board, board.submit(kind))
    assert job.state is JobState.FAILED
    assert said in job.outcome
    assert "start it again" in job.outcome
    assert _ended(board, board.submit("refuse")).state is JobState.FAILED  # the board goes on


def test_jobs_run_one_after_the_other(board: JobBoard) -> None:
    first, second = board.submit("count", {"n": 2}), board.submit("count", {"n": 3})
    until(lambda: _now(board, first).state is JobState.RUNNING)
    assert _now(board, second).state is JobState.QUEUED
    assert board.submit("count", {"n": 3}).job_id == second.job_id  # the very same waits already
    one, two = _ended(board, first), _ended(board, second)
    assert one.ended_at is not None
    assert two.started_at is not None
    assert one.ended_at <= two.started_at
    assert [job.job_id for job in board.jobs()] == [second.job_id, first.job_id]


def test_waiting_job_is_stopped_before_it_begins(board: JobBoard) -> None:
    first, second = board.submit("count", {"n": 2}), board.submit("count", {"n": 3})
    stopped = board.cancel(second.job_id)
    assert stopped is not None
    assert (stopped.state, stopped.started_at) == (JobState.STOPPED, None)
    assert _ended(board, first).state is JobState.DONE
    assert board.cancel("0" * 12) is None


def test_stopped_job_leaves_no_process(board: JobBoard, tmp_path: Path) -> None:
    note = tmp_path / "note"
    job = board.submit("sleep_with_child", {"note": str(note)})
    until(lambda: _now(board, job).now == "asleep")
    pids = [int(pid) for pid in note.read_text().split()]
    assert all(_is_alive(pid) for pid in pids)
    asked = board.cancel(job.job_id)
    assert asked is not None
    assert asked.now == "stopping"
    assert _ended(board, job).state is JobState.STOPPED
    until(lambda: not any(_is_alive(pid) for pid in pids))


def test_board_that_closes_ends_what_does_not_stop(board: JobBoard, tmp_path: Path) -> None:
    note = tmp_path / "note"
    job = board.submit("sleep_with_child", {"n": 1, "note": str(note)})
    waiting = board.submit("count", {"n": 1})
    until(lambda: _now(board, job).now == "asleep")
    start = time.monotonic()
    board.close(1.0)
    assert time.monotonic() - start < 30  # the job sleeps for a minute
    assert _now(board, job).state is JobState.STOPPED
    assert "force" in _now(board, job).outcome
    assert _now(board, waiting).state is JobState.STOPPED
    until(lambda: not any(_is_alive(int(pid)) for pid in note.read_text().split()))
    with pytest.raises(BusyError, match="shutting down"):
        board.submit("count", {"n": 1})


def test_many_of_a_kind_that_settles_are_one_job(tmp_path: Path) -> None:
    ran: list[object] = []
    kind = replace(
        _kind("count"),
        merge=lambda waiting, new: Given(waiting.n + new.n),
        settle_s=1.5,
        settle_at_most_s=60.0,
    )
    board = JobBoard(tmp_path, Config(), [kind])
    board.listen(lambda: ran.append(None))
    try:
        first = board.submit("count", {"n": 1})
        for _ in range(9):
            time.sleep(0.2)  # longer in all than it settles
            assert board.submit("count", {"n": 1}).job_id == first.job_id
        assert _now(board, first).what == "count 10"
        until(lambda: _now(board, first).state is not JobState.QUEUED)
        second = board.submit("count", {"n": 1})
        assert second.job_id != first.job_id
        assert len(board.jobs()) == 2
        assert len(ran) >= 11
    finally:
        board.close(1)


def test_settling_does_not_last_for_ever(tmp_path: Path) -> None:
    kind = replace(
        _kind("refuse"), merge=lambda waiting, _: waiting, settle_s=0.4, settle_at_most_s=1.0
    )
    board = JobBoard(tmp_path, Config(), [kind])
    try:
        first = board.submit("refuse")
        deadline = time.monotonic() + PATIENCE_S
        while _now(board, first).state is JobState.QUEUED and time.monotonic() < deadline:
            board.submit("refuse")
            time.sleep(0.1)
        assert _now(board, first).state is not JobState.QUEUED
    finally:
        board.close(1)


@pytest.mark.parametrize(
    ("kind", "arguments", "said"),
    [
        ("no_such", {}, "known are"),
        ("count", {"m": 1}, "no argument 'm'"),
        ("count", {"n": "many"}, "count"),
    ],
)
def test_what_cannot_be_asked_is_refused_at_once(
    board: JobBoard, kind: str, arguments: dict[str, object], said: str
) -> None:
    with pytest.raises(QueryError, match=said):
        board.submit(kind, arguments)
    assert board.jobs() == ()


def test_history_and_queue_are_bounded(tmp_path: Path) -> None:
    board = JobBoard(
        tmp_path, Config(), [replace(_kind("count"), settle_s=60, settle_at_most_s=60)]
    )
    try:
        jobs = [board.submit("count", {"n": n}) for n in range(50)]
        with pytest.raises(BusyError, match="wait already"):
            board.submit("count", {"n": 50})
        for n in range(120):
            board.cancel(board.submit("count", {"n": 100 + n}).job_id if n else jobs[0].job_id)
        assert len(board.jobs()) == 100
    finally:
        board.close(1)


def test_board_answers_many_threads(board: JobBoard) -> None:
    errors: list[BaseException] = []

    def ask() -> None:
        try:
            for n in range(5):
                board.cancel(board.submit("count", {"n": n}).job_id)
                board.jobs()
        except BusyError as error:
            errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    until(lambda: all(job.is_over for job in board.jobs()))


@pytest.mark.parametrize("hostile", ["\u202eevil", "a\x00b", "x" * 10_000, "\ud800", "\x1b[2J"])
def test_shown_text_is_one_harmless_line(hostile: str) -> None:
    line = shown(f"<b>{hostile}\n</b>")
    assert len(line) <= 510
    assert line.isprintable()
    line.encode("utf-8")


def _now(board: JobBoard, job: Job) -> Job:
    found = board.get(job.job_id)
    assert found is not None
    return found


def test_process_ids_are_not_our_own(board: JobBoard, tmp_path: Path) -> None:
    note = tmp_path / "note"
    job = board.submit("sleep_with_child", {"note": str(note)})
    until(lambda: _now(board, job).now == "asleep")
    pid = int(note.read_text().split()[0])
    assert pid != os.getpid()
    assert os.getpgid(pid) == pid  # Ctrl-C in the server's terminal does not reach it
    board.cancel(job.job_id)
    _ended(board, job)
