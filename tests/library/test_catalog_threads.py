"""Closing a catalog that other threads are asking: each is answered or told; nothing crashes."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from longbox.errors import LibraryError
from longbox.library import Library
from longbox.library.catalog import CATALOG_NAME, Catalog

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
# Python's sqlite3 ends the process where a connection is closed under a query.
ASKED_WHILE_CLOSED = """
import sys, threading, time
from pathlib import Path
from longbox.errors import LibraryError
from longbox.library.catalog import Catalog

def ask():
    try:
        while True:
            with catalog.guarded() as connection:
                connection.execute("SELECT count(*) FROM meta a, meta b, meta c").fetchall()
                asked.set()
    except LibraryError as error:
        said.append(str(error))

for round in range(60):
    catalog, said, asked = Catalog(Path(sys.argv[1]), read_only=True), [], threading.Event()
    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    asked.wait()
    time.sleep(round % 7 / 3000)
    catalog.close()
    for thread in threads:
        thread.join()
    assert len(said) == 3 and all("was closed" in line for line in said), said
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    Library.create(tmp_path / "library").close()
    return tmp_path / "library" / CATALOG_NAME


def test_threads_that_ask_while_it_is_closed_are_told_so(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", ASKED_WHILE_CLOSED, str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


class Asker:
    """A thread in the middle of a question, which it ends when it may."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog, self._is_in, self._may_go = catalog, threading.Event(), threading.Event()
        self._pool = ThreadPoolExecutor(1)
        self._answer = self._pool.submit(self._ask)
        self._is_in.wait()

    def _ask(self) -> int:
        with self._catalog.guarded() as connection:
            self._is_in.set()
            self._may_go.wait()
            return int(connection.execute("SELECT 7").fetchone()[0])

    def answer(self) -> int:
        """Let it go on; return what it was answered."""
        self._may_go.set()
        with self._pool:
            return self._answer.result(30)


def test_question_that_is_soon_answered_is_answered(path: Path) -> None:
    catalog = Catalog(path)
    asker = Asker(catalog)
    with ThreadPoolExecutor(1) as pool:
        closing = pool.submit(catalog.close)
        time.sleep(0.05)
        assert asker.answer() == 7
        closing.result(30)


def test_question_without_an_end_is_interrupted(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("longbox.library.catalog._FINISH_S", 0.05)
    catalog, is_in = Catalog(path), threading.Event()

    def ask() -> None:
        with catalog.guarded() as connection:
            is_in.set()
            connection.execute(ENDLESS).fetchone()

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask)
        is_in.wait()
        catalog.close()
        with pytest.raises(LibraryError, match="was closed"):
            answer.result(30)


def test_thread_that_does_not_come_back_keeps_its_connection(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("longbox.library.catalog._FINISH_S", 0.0)
    monkeypatch.setattr("longbox.library.catalog._INTERRUPT_S", 0.05)
    catalog = Catalog(path)
    asker = Asker(catalog)
    catalog.close()
    assert asker.answer() == 7


def test_who_closes_it_in_the_middle_of_asking_waits_for_nobody(path: Path) -> None:
    catalog, began = Catalog(path), time.monotonic()
    with catalog.guarded():
        catalog.close()
    assert time.monotonic() - began < 1
    with pytest.raises(LibraryError, match="was closed"), catalog.guarded():
        pass
