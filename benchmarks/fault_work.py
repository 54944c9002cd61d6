"""What is done to a small drawn library while faults are put into it; see faults.py.

Every work can be repeated: that is what a person does after an error. The books are drawn from
their number, so two libraries that did the same work hold the same.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np

from longbox.book import (
    AnnotatedBook,
    AnnotatedPage,
    Book,
    Direction,
    DirectionSource,
    FileStamp,
    Metadata,
    Page,
    PageLabel,
    PageType,
    Panel,
    TextKind,
    TextRegion,
)
from longbox.correction import CorrectedField, Correction
from longbox.description import AnswerState, PageDescription, PanelDescription
from longbox.errors import LibraryError
from longbox.features import LearnedVectors
from longbox.geometry import Box
from longbox.library import (
    Library,
    backup_library,
    check_library,
    has_store,
    repair_library,
    restore_library,
    write_book_store,
    write_description_store,
    write_learned_store,
)
from longbox.vectors import PanelVectors, Space, unit

N_BOOKS: Final = 4
N_PAGES: Final = 2
N_PANELS: Final = 3
MODEL: Final = "0123456789abcdef"
DIMENSIONS: Final = {Space.VISION: 16, Space.TEXT: 8, Space.COMPOSITION: 5}
_LEARNED_DIMENSION: Final = 12
_VIRTUAL: Final = ("words", "word_counts", "substrings", "trigram_counts")


def draw_book(number: int, shelf: Path, series: str = "Drawn") -> AnnotatedBook:
    """Draw a book of lettered panels; the second panel of a page is silent."""
    pages = []
    for index in range(N_PAGES):
        boxes = [Box(0, 100 * i, 300, 100 * i + 90) for i in range(N_PANELS)]
        texts = tuple(
            TextRegion(
                box, f"book {number} page {index} panel {i}", 0.5, TextKind.DIALOGUE, "d", i, i
            )
            for i, box in enumerate(boxes)
            if i != 1
        )
        pages.append(
            AnnotatedPage(
                Page(index, f"{index}.png", f"{number * 100 + index:064x}", 300, 300),
                tuple(Panel(box, i, 0.75, "drawn") for i, box in enumerate(boxes)),
                texts,
                PageLabel(PageType.STORY, 0.5, "drawn"),
            )
        )
    book = Book(
        f"{number:016x}",
        str(shelf / f"{number}.cbz"),
        "cbz",
        Metadata(series=series, year=2000 + number, language="en"),
        Direction.LTR,
        DirectionSource.GUESS,
        tuple(page.page for page in pages),
    )
    return AnnotatedBook(book, tuple(pages))


def draw_vectors(number: int, n: int, space: Space, dimension: int) -> PanelVectors:
    """Draw a space's vectors; every third panel has no text vector."""
    rows = np.random.default_rng(number).standard_normal((n, dimension)).astype(np.float32)
    mask = np.ones(n, dtype=np.bool_)
    if space is Space.TEXT:
        mask[1::3] = False
    if space is not Space.COMPOSITION:
        rows = unit(rows)
    rows[~mask] = 0
    return PanelVectors(space, f"{space}-v1", rows, mask)


def draw_shelf(shelf: Path) -> None:
    """Make the files that the books are said to be read from."""
    shelf.mkdir(parents=True, exist_ok=True)
    for number in range(1, N_BOOKS + 1):
        (shelf / f"{number}.cbz").write_bytes(b"comic")


def index(root: Path, shelf: Path, *, merges: bool = True, updates: bool = True) -> None:
    """Do what `longbox index` does with a book, without looking at pictures."""
    with Library.create(root) as library:
        for number in range(1, N_BOOKS + 1):
            annotated = draw_book(number, shelf)
            book, path = annotated.book.book_id, annotated.book.path
            stamp = FileStamp(5, number)
            known = library.known_files().get(path)
            if known is not None and (known.book_id, known.stamp) == (book, stamp):
                continue
            if not has_store(root, book, "r1"):
                vectors = [
                    draw_vectors(number, annotated.n_panels, space, dimension)
                    for space, dimension in DIMENSIONS.items()
                ]
                write_book_store(root, annotated, vectors, "r1")
            if merges:
                try:
                    library.merge_book(book, path, stamp)
                except LibraryError:
                    if has_store(root, book, "r1"):
                        raise
                    return index(root, shelf)  # it was damaged and is made again
            if updates and number % 2:
                library.update_indexes()
        if updates:
            library.update_indexes()
    return None


def merge(root: Path, shelf: Path) -> None:
    """Take stores that are there into the catalog."""
    index(root, shelf)


def update(root: Path, _shelf: Path) -> None:
    """Write the vector segments."""
    with Library.open(root) as library:
        library.update_indexes()


def describe(root: Path, shelf: Path) -> None:
    """Describe books that have no descriptions."""
    with Library.open(root) as library:
        for number in range(1, N_BOOKS, 2):
            annotated = draw_book(number, shelf)
            book = annotated.book.book_id
            try:
                is_there = len(library.descriptions(book)) == N_PAGES
            except LibraryError:
                is_there = False
            if not is_there:
                vectors = draw_vectors(number + 50, annotated.n_panels, Space.DESCRIPTION, 6)
                pages = [_described(annotated, p) for p in range(N_PAGES)]
                write_description_store(root, book, pages, vectors)
            library.merge_descriptions(book)
        library.update_indexes()


def _described(annotated: AnnotatedBook, page: int) -> PageDescription:
    panels = tuple(PanelDescription(i, i + 1, f"scene {page} {i}") for i in range(N_PANELS))
    return PageDescription(
        page_index=page,
        page_digest=annotated.pages[page].page.digest,
        state=AnswerState.CLEAN,
        summary="a page",
        panels=panels,
        disagreements=(),
        model="drawn",
        prompt="p",
        n_prompt_tokens=1,
        n_answer_tokens=1,
        cost=0.01,
        made_at="2026-01-01T00:00:00",
    )


def embed(root: Path, _shelf: Path) -> None:
    """Do what `longbox embed` does, with a model that draws its vectors."""
    with Library.open(root) as library:
        library.begin_model(MODEL)
        for book in library.unembedded_books(MODEL):
            source = library.book_source(book)
            n = source.store.annotated.n_panels
            write_learned_store(root, MODEL, book, _learned(int(book, 16), n), source.made_from)
            library.merge_learned(book, MODEL)
        library.switch_model(MODEL)


def _learned(number: int, n: int) -> LearnedVectors:
    pages = draw_vectors(number + 70, N_PAGES, Space.VISION, _LEARNED_DIMENSION).vectors
    return LearnedVectors(
        draw_vectors(number + 80, n, Space.FUSED, _LEARNED_DIMENSION),
        draw_vectors(number + 90, n, Space.CONTEXTUAL, _LEARNED_DIMENSION),
        pages,
        pages[::-1].copy(),
        np.ones(N_PAGES, dtype=np.bool_),
    )


def correct(root: Path, _shelf: Path) -> None:
    """Type what a person types: corrections, a verdict, a search."""
    with Library.open(root) as library:
        made_at = "2026-11-22T01:01:5{}+00:00"
        for number in (1, 2, 3):
            book = f"{number:016x}"
            said = (
                (0, CorrectedField.PAGE_TYPE, '"cover"'),
                (1, CorrectedField.REVIEW, '"right"'),
                (None, CorrectedField.SERIES, f'"Series {number}"'),
            )
            for i, (page, field, value) in enumerate(said):
                library.add_correction(Correction(book, page, field, value, made_at.format(i)))
        library.save_search("Rain at night", "q=rain")
        library.save_search("Cats", "q=cat")


def migrate(root: Path, _shelf: Path) -> None:
    """Open a library of an older format for writing, and bring its indexes in line."""
    with Library.open(root) as library:
        library.update_indexes()


def rebuild(root: Path, _shelf: Path) -> None:
    """Make the catalog and the indexes again."""
    Library.rebuild(root)


def back_up(root: Path, _shelf: Path) -> None:
    """Keep a copy beside the library."""
    backup_library(root, root.parent / "backup")


def restore(root: Path, _shelf: Path) -> None:
    """Make a library from that copy."""
    if root.exists():
        return
    report = restore_library(root.parent / "backup", root)
    if report.left_out:  # said for each file, and the next try needs another folder
        shutil.rmtree(root)
        raise LibraryError(f"{dict(report.left_out)}; restore again into another folder")


def repair(root: Path, _shelf: Path) -> None:
    """Check, and put right what can be."""
    found = check_library(root)
    if found.findings:
        repair_library(root, found)


def redo(root: Path, shelf: Path) -> None:
    """Do everything that the next steps of a repair name."""
    index(root, shelf)
    describe(root, shelf)
    embed(root, shelf)


def age(root: Path) -> None:
    """Put the catalog's rows into one of format 1, as the first version left it."""
    new = sqlite3.connect(root / "catalog.sqlite")
    old = sqlite3.connect(root / "old.sqlite")
    script = resources.files("longbox.library") / "migrations" / "0001_catalog.sql"
    old.executescript(script.read_text(encoding="utf-8"))
    old.execute("DELETE FROM meta")
    found = old.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for table in [n for (n,) in found if not n.startswith(("sqlite_", *_VIRTUAL))]:
        columns = ", ".join(row[1] for row in old.execute(f"PRAGMA table_info({table})"))
        rows: list[tuple[Any, ...]] = new.execute(f"SELECT {columns} FROM {table}").fetchall()
        marks = ", ".join("?" * len(columns.split(", ")))
        old.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)
    for name in ("words", "substrings"):
        old.execute(f"INSERT INTO {name} ({name}) VALUES ('rebuild')")
    old.execute(
        "INSERT INTO corrections VALUES (1, ?, NULL, NULL, 'title', '\"Typed long ago\"', ?)",
        (f"{4:016x}", "2026-01-01T00:00:00+00:00"),
    )
    old.execute("PRAGMA application_id = 1279416369")
    old.execute("PRAGMA user_version = 1")
    old.commit()
    old.close()
    new.close()
    for suffix in ("", "-wal", "-shm"):
        (root / f"catalog.sqlite{suffix}").unlink(missing_ok=True)
    (root / "old.sqlite").rename(root / "catalog.sqlite")


WORKS: Final[dict[str, Callable[[Path, Path], None]]] = {
    "index": index,
    "merge": merge,
    "update indexes": update,
    "describe": describe,
    "embed": embed,
    "correct": correct,
    "rebuild": rebuild,
    "migrate": migrate,
    "backup": back_up,
    "restore": restore,
    "repair": repair,
}
