"""Describing, indexing and searching at once, and describers that are killed."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from described_books import draw_all, draw_description_vectors
from drawn_books import draw_book, filled

from longbox.library import Library, WordsQuery, Writing, write_description_store

HERE = str(Path(__file__).parent)
N_BOOKS = 5

# Each book is described twice: the first words and vectors must leave no trace.
DESCRIBE = """
import sys
from pathlib import Path
from described_books import draw_all, draw_description_vectors
from drawn_books import draw_book
from longbox.library import Library, write_description_store
root = Path(sys.argv[1])
with Library.open(root) as library:
    for word, seed in (("draft", 1), ("final", 2)):
        for number in range(int(sys.argv[2])):
            annotated = draw_book(number).annotated
            said = draw_all(annotated, word)
            old = library.descriptions(annotated.book.book_id)
            if old == said or (word == "draft" and old):
                continue
            vectors = draw_description_vectors(annotated, 100 * seed + number)
            write_description_store(root, annotated.book.book_id, said, vectors)
            library.merge_descriptions(annotated.book.book_id)
            library.update_indexes()
    library.update_indexes()
print("done")
"""

SEARCH = """
import sys, time
from pathlib import Path
import numpy as np
from described_books import DIMENSION, FINGERPRINT
from longbox.library import Library, WordsQuery, Writing
from longbox.vectors import QueryVector, Space
query = QueryVector(Space.DESCRIPTION, FINGERPRINT, np.ones(DIMENSION, np.float32))
n_final = 0
with Library.open(Path(sys.argv[1]), read_only=True) as library:
    while n_final < 12 * int(sys.argv[2]):
        hits = library.nearest(query, 10_000)
        assert len({h.row for h in hits}) == len(hits)
        drafts, final = (
            library.match_words(WordsQuery((word,)), 10_000, writing=Writing.DESCRIPTION)
            for word in ("draft", "final")
        )
        assert len(drafts) % 12 == len(final) % 12 == 0, (len(drafts), len(final))
        assert len(final) >= n_final, (len(final), n_final)
        lettered = library.match_words(WordsQuery(("panel",)), 10_000)
        assert len(lettered) == 12 * int(sys.argv[2]), (len(lettered), n_final)
        n_final = len(final)
print("done")
"""


def start(script: str, root: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", script, str(root), str(N_BOOKS)],
        env={**os.environ, "PYTHONPATH": HERE, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> None:
    out, error = process.communicate(timeout=120)
    assert (process.returncode, out.strip()) == (0, "done"), error


def wanted(root: Path) -> str:
    """The digest of a library in which every book was described once, undisturbed."""
    books = [draw_book(number) for number in range(N_BOOKS)]
    with filled(root, books) as library:
        for number, drawn in enumerate(books):
            vectors = draw_description_vectors(drawn.annotated, 200 + number)
            pages = draw_all(drawn.annotated, "final")
            write_description_store(root, drawn.book_id, pages, vectors)
            library.merge_descriptions(drawn.book_id)
        library.update_indexes()
        return library.fingerprint_contents()


def require_sound(root: Path) -> None:
    with Library.open(root) as library:
        assert library.fingerprint_contents() == wanted(root.parent / "wanted")
        drafts = library.match_words(WordsQuery(("draft",)), 99, writing=Writing.DESCRIPTION)
        assert drafts == []
    connection = sqlite3.connect(root / "catalog.sqlite")
    for index in ("words", "substrings", "description_words", "description_substrings"):
        connection.execute(f"INSERT INTO {index} ({index}, rank) VALUES ('integrity-check', 1)")
    connection.close()


def test_two_processes_describe_while_one_searches(tmp_path: Path) -> None:
    root = tmp_path / "shared"
    filled(root, [draw_book(number) for number in range(N_BOOKS)]).close()
    for process in [start(SEARCH, root), start(DESCRIBE, root), start(DESCRIBE, root)]:
        finish(process)
    require_sound(root)


def test_a_describer_killed_at_random_moments_leaves_nothing_behind(tmp_path: Path) -> None:
    root = tmp_path / "killed"
    filled(root, [draw_book(number) for number in range(N_BOOKS)]).close()
    moments = random.Random(0)
    for _ in range(4):
        process = start(DESCRIBE, root)
        time.sleep(0.3 + moments.random() * 0.8)
        process.kill()
        process.communicate()
    finish(start(DESCRIBE, root))
    require_sound(root)
