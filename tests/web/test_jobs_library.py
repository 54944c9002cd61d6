"""Jobs that do the real thing to a small library."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from longbox.book import Direction
from longbox.config import Config, config_from
from longbox.correction import CorrectedField, Correction, word_value
from longbox.errors import QueryError
from longbox.library import Library
from longbox.web.jobs import Job, JobBoard, JobState
from tiny_comics import draw_cbz
from waiting import PATIENCE_S, until

SETTINGS: Config = config_from({"index": {"n_workers": 1}, "models": {"embed": False}})


@pytest.fixture
def board(tmp_path: Path) -> Iterator[JobBoard]:
    Library.create(tmp_path / "library").close()
    made = JobBoard(tmp_path / "library", SETTINGS)
    yield made
    made.close(5)


def _now(board: JobBoard, job: Job) -> Job:
    found = board.get(job.job_id)
    assert found is not None
    return found


def _ended(board: JobBoard, job: Job) -> Job:
    until(lambda: _now(board, job).is_over)
    return _now(board, job)


def test_folder_becomes_books_and_corrections_are_taken_over(
    board: JobBoard, tmp_path: Path
) -> None:
    shelf = tmp_path / "shelf"
    draw_cbz(shelf / "one.cbz", [0, 1])
    (shelf / "ghost.cbz").write_bytes(b"no comic at all")
    job = _ended(board, board.submit("index", {"paths": [str(shelf)]}))
    assert job.state is JobState.DONE, job.outcome
    assert "1 book read" in job.outcome
    assert "1 file could not be read" in job.outcome
    assert job.n_problems == 1
    assert "ghost.cbz" in job.problems[0]
    with Library.open(tmp_path / "library") as library:
        (book_id,) = library.book_ids()
        library.add_correction(
            Correction(
                book_id,
                None,
                CorrectedField.TITLE,
                word_value("A New Name"),
                "2026-01-01T00:00:00+00:00",
            )
        )
    first = board.submit("apply_corrections", {"book_ids": [book_id]})
    again = board.submit("apply_corrections", {"book_ids": ["0" * 16, book_id]})
    assert again.job_id == first.job_id
    done = _ended(board, first)
    assert done.state is JobState.DONE, done.outcome
    assert done.n_problems == 1
    assert "is not there" in done.problems[0]
    with Library.open(tmp_path / "library", read_only=True) as library:
        annotated = library.annotated_book(book_id)
        assert annotated.book.metadata.title == "A New Name"
        assert annotated.book.direction is Direction.LTR


def test_stopped_run_leaves_a_library_that_goes_on(board: JobBoard, tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    for n in range(6):
        draw_cbz(shelf / f"book{n}.cbz", list(range(8 * n, 8 * n + 8)))
    job = board.submit("index", {"paths": [str(shelf)]})
    until(lambda: _now(board, job).now.startswith("1 of 6"))
    board.cancel(job.job_id)
    stopped = _ended(board, job)
    assert stopped.state is JobState.STOPPED
    assert "goes on from here" in stopped.outcome
    with Library.open(tmp_path / "library") as library:
        n_books = len(library.book_ids())
        assert 1 <= n_books < 6
        assert library.status().panels == sum(
            library.annotated_book(book).n_panels for book in library.book_ids()
        )
        for space in library.status().spaces:
            assert space.n_indexed == space.n_vectors
    # and `sync` finds nothing wrong with it
    synced = _ended(board, board.submit("sync"))
    assert (synced.state, synced.outcome) == (JobState.DONE, f"{6 - n_books} new files to read")


_SERVER = """
import sys, time
from pathlib import Path
from longbox.config import config_from
from longbox.web.jobs import JobBoard
if __name__ == "__main__":
    config = config_from({"index": {"n_workers": 2}, "models": {"embed": False}})
    board = JobBoard(Path(sys.argv[1]), config)
    job = board.submit("index", {"paths": [sys.argv[2]]})
    while " page " not in board.get(job.job_id).now:
        time.sleep(0.05)
    print("running", flush=True)
    time.sleep(600)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no signals to kill with")
def test_killed_server_leaves_no_process_and_a_usable_library(tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    for n in range(4):
        draw_cbz(shelf / f"book{n}.cbz", list(range(30 * n, 30 * n + 30)))
    script = tmp_path / "server.py"
    script.write_text(_SERVER)
    root = tmp_path / "library"
    Library.create(root).close()
    server = subprocess.Popen(
        [sys.executable, str(script), str(root), str(shelf)], stdout=subprocess.PIPE
    )
    assert server.stdout is not None
    assert server.stdout.readline() == b"running\n"
    family = psutil.Process(server.pid).children(recursive=True)
    assert len(family) >= 2  # the job and its workers
    os.kill(server.pid, signal.SIGKILL)
    server.wait()
    server.stdout.close()
    _, alive = psutil.wait_procs(family, timeout=PATIENCE_S)
    assert not [p for p in alive if p.status() != psutil.STATUS_ZOMBIE]
    with Library.open(root) as library:
        library.update_indexes()
        assert len(library.book_ids()) < 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "paths"),
        ({"paths": []}, "at least one"),
        ({"paths": ["/no/such/folder"]}, "no such file"),
        ({"paths": ["comics"]}, "whole path"),
        ({"paths": ["/"]}, "no shelf"),
        ({"paths": ["/proc"]}, "no shelf"),
        ({"paths": ["/proc/self/root"]}, "no shelf"),
        ({"paths": ["/tmp/../dev/../sys/kernel"]}, "no shelf"),
        ({"paths": ["/tmp/\0"]}, "give the path"),
        ({"paths": ["/tmp/\ud800"]}, "give the path"),
        ({"paths": ["/" + "x" * 5000]}, "give the path"),
        ({"paths": ["/" + "x" * 3000]}, "cannot be looked at"),
        ({"paths": "/tmp"}, "paths"),
        ({"paths": ["/tmp"], "refresh": "yes"}, "refresh"),
    ],
)
def test_paths_that_make_no_sense_are_refused_at_once(
    board: JobBoard, arguments: dict[str, object], said: str
) -> None:
    with pytest.raises(QueryError, match=said):
        board.submit("index", arguments)


@pytest.mark.parametrize("book_ids", [[], ["../../etc"], ["A" * 16], [1]])
def test_book_ids_that_are_none_are_refused(board: JobBoard, book_ids: list[object]) -> None:
    with pytest.raises(QueryError):
        board.submit("apply_corrections", {"book_ids": book_ids})
