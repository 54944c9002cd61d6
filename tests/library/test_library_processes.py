"""Several processes and threads at once, and processes that are killed."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from drawn_books import add, draw_book, filled

from longbox.library import Filters, Library, WordsQuery
from longbox.library import masks as masks_module
from longbox.library import words as words_module
from longbox.library.leftovers import clean_partial
from longbox.vectors import QueryVector, Space

HERE = str(Path(__file__).parent)
VISION = QueryVector(Space.VISION, "vision-v1", np.ones(32, np.float32))

INDEX = """
import sys, random
from pathlib import Path
from drawn_books import *
from longbox.library import has_store
root, first, last = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
with Library.create(root) as library:
    for number in range(first, last):
        drawn = draw_book(number)
        if drawn.path in library.known_files():
            continue
        if not has_store(root, drawn.book_id, "r1"):
            write_book_store(root, drawn.annotated, drawn.vectors, "r1")
        library.merge_book(drawn.book_id, drawn.path, STAMP)
        if number % 2:
            library.update_indexes()
    library.update_indexes()
print("done")
"""

SEARCH = """
import sys, time
from pathlib import Path
import numpy as np
from longbox.library import Library, WordsQuery
from longbox.vectors import QueryVector, Space
vision = QueryVector(Space.VISION, "vision-v1", np.ones(32, np.float32))
most = answers = 0
with Library.open(Path(sys.argv[1])) as library:
    while most < int(sys.argv[2]):
        hits = library.nearest(vision, 10_000)
        assert len({h.row for h in hits}) == len(hits)
        assert len(hits) % 12 == 0, len(hits)
        words = library.match_words(WordsQuery(("panel",)), 10_000)
        assert len(words) % 12 == 0, len(words)
        assert len(library.panel_records([h.row for h in words])) == len(words)
        assert len(hits) >= most, (most, len(hits))
        most, answers = len(hits), answers + 1
print("done")
"""


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", script, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": HERE, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> None:
    out, error = process.communicate(timeout=120)
    assert (process.returncode, out.strip()) == (0, "done"), error


def test_two_processes_index_while_two_search(tmp_path: Path) -> None:
    Library.create(tmp_path).close()
    indexing = [start(INDEX, tmp_path, 0, 12), start(INDEX, tmp_path, 8, 20)]
    searching = [start(SEARCH, tmp_path, 20 * 12) for _ in range(2)]
    for process in (*indexing, *searching):
        finish(process)
    with Library.open(tmp_path) as library:
        found = library.fingerprint_contents()
    with filled(tmp_path / "alone", [draw_book(i) for i in range(20)]) as library:
        assert library.fingerprint_contents() == found


def test_killed_at_random_moments_and_run_again_nothing_differs(tmp_path: Path) -> None:
    with filled(tmp_path / "whole", [draw_book(i) for i in range(10)]) as library:
        wanted = library.fingerprint_contents()
    root = tmp_path / "killed"
    moments = random.Random(0)
    for _ in range(6):
        process = start(INDEX, root, 0, 10)
        time.sleep(0.25 + moments.random() * 0.6)
        process.kill()
        process.communicate()
    finish(start(INDEX, root, 0, 10))
    with Library.open(root) as library:
        assert library.fingerprint_contents() == wanted
        library.update_indexes()
    assert list((root / "partial").iterdir()) == []
    assert len(list((root / "books").iterdir())) == 10


def test_killed_inside_every_file_operation_nothing_differs(tmp_path: Path) -> None:
    """Die at the n-th rename, sync, insert or commit, for every n that happens."""
    with filled(tmp_path / "whole", [draw_book(i) for i in range(3)]) as library:
        wanted = library.fingerprint_contents()
    killer = """
import os, signal, sys
from pathlib import Path
left = int(sys.argv.pop())
def mortal(call):
    def inner(*args, **kwargs):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args, **kwargs)
    return inner
os.fsync = mortal(os.fsync)
Path.rename = mortal(Path.rename)
Path.replace = mortal(Path.replace)
import longbox.library.merging as merging, longbox.library.segment_making as making
merging._insert_texts = mortal(merging._insert_texts)
making._is_current = mortal(making._is_current)
"""
    n, was_killed = 0, True
    while was_killed:
        n += 7 if n else 1
        root = tmp_path / str(n)
        process = start(killer + INDEX, root, 0, 3, n)
        process.communicate(timeout=60)
        was_killed = process.returncode == -signal.SIGKILL
        assert was_killed or process.returncode == 0
        finish(start(INDEX, root, 0, 3))
        with Library.open(root) as library:
            assert library.fingerprint_contents() == wanted, n
        assert list((root / "partial").iterdir()) == []
    assert n > 7


def test_a_store_that_was_written_but_not_merged_is_merged_without_being_made_again(
    tmp_path: Path,
) -> None:
    from longbox.library import has_store, write_book_store

    drawn = draw_book(1)
    write_book_store(tmp_path, drawn.annotated, drawn.vectors, "r1")  # and killed here
    Library.rebuild(tmp_path)
    with Library.create(tmp_path) as library:
        assert has_store(tmp_path, drawn.book_id, "r1")
        library.merge_book(drawn.book_id, drawn.path, draw_stamp())
        assert library.status().missing_books == 0


def draw_stamp():  # type: ignore[no-untyped-def]
    from drawn_books import STAMP

    return STAMP


def test_leftovers_go_when_their_writer_is_gone_and_stay_while_it_lives(tmp_path: Path) -> None:
    folder = tmp_path / "partial"
    folder.mkdir()
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    host = socket.gethostname()
    mine, dead = f"{host}~{os.getpid()}~a~x", f"{host}~{process.pid}~a~x"
    other, ancient, odd = "elsewhere~1~a~x", "elsewhere~2~a~x", "readme.txt"
    for name in (mine, dead, other, ancient, odd):
        (folder / name).write_text("half")
    (folder / f"{dead}-folder").mkdir()
    os.utime(folder / ancient, (1, 1))
    clean_partial(tmp_path)
    assert {p.name for p in folder.iterdir()} == {mine, other, odd}


def test_an_unlisted_segment_is_swept_out(tmp_path: Path) -> None:
    with filled(tmp_path, [draw_book(1)]) as library:
        (tmp_path / "index" / "vision-leftover").mkdir()
        before = library.fingerprint_contents()
        library.update_indexes()
        assert not (tmp_path / "index" / "vision-leftover").exists()
        assert library.fingerprint_contents() == before


def test_threads_share_one_library(tmp_path: Path) -> None:
    with filled(tmp_path, [draw_book(i) for i in range(4)]) as library:
        failures: list[BaseException] = []

        def work(number: int) -> None:
            try:
                for turn in range(5):
                    assert len(library.nearest(VISION, 999)) % 12 == 0
                    assert len(library.match_words(WordsQuery(("panel",)), 999)) >= 48
                    add(library, draw_book(100 * (number + 1) + turn))
                    library.update_indexes()
            except BaseException as error:  # noqa: BLE001 - a thread cannot fail a test itself
                failures.append(error)

        threads = [threading.Thread(target=work, args=(i,)) for i in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert len(library.nearest(VISION, 999)) == 12 * 19


def test_a_thread_that_was_overtaken_leaves_no_old_mask_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with filled(tmp_path, [draw_book(1)]) as library:
        cache, everything = masks_module.MaskCache(), Filters()
        compiled = masks_module.compile_mask

        def overtaken(connection, filters):  # type: ignore[no-untyped-def]
            mask = compiled(connection, filters)  # of generation 1, and then the world moves on
            monkeypatch.setattr(masks_module, "compile_mask", compiled)
            add(library, draw_book(2))
            cache.get(connection, 2, Filters(series="x"))
            return mask

        monkeypatch.setattr(masks_module, "compile_mask", overtaken)
        with library._catalog.guarded() as connection:
            assert cache.get(connection, 1, everything).size == 12
            assert cache.get(connection, 2, everything).size == 24


def test_a_thread_that_was_overtaken_leaves_no_old_word_counts_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with filled(tmp_path, [draw_book(1)]) as library:
        cache = words_module.WordCounts()
        counted = words_module._count_term

        def overtaken(connection, *asked):  # type: ignore[no-untyped-def]
            n = counted(connection, *asked)
            monkeypatch.setattr(words_module, "_count_term", counted)
            add(library, draw_book(2))
            cache.of(connection, 2, ())
            return n

        monkeypatch.setattr(words_module, "_count_term", overtaken)
        with library._catalog.guarded() as connection:
            assert cache.of(connection, 1, ("panel",))["panel"] == 12
            assert cache.of(connection, 2, ("panel",))["panel"] == 24


def test_a_book_merged_while_a_mask_is_made_does_not_break_it(tmp_path: Path) -> None:
    with filled(tmp_path, [draw_book(1)]) as library, library._catalog.guarded() as connection:

        class Merging:
            """A connection beside which a book is merged before the first answer."""

            is_done = False

            def execute(self, sql, values=()):  # type: ignore[no-untyped-def]
                found = connection.execute(sql, values).fetchall()
                if not self.is_done:
                    self.is_done = True
                    add(library, draw_book(2))
                return Rows(found)

        class Rows(list):  # type: ignore[type-arg]
            def fetchall(self):  # type: ignore[no-untyped-def]
                return self

            def fetchone(self):  # type: ignore[no-untyped-def]
                return self[0]

        mask = masks_module.compile_mask(Merging(), Filters(min_text_characters=1))  # type: ignore[arg-type]
        assert int(mask.sum()) == 12
