"""A book's store becomes rows of the catalog.

A book's panels get one block of fresh rows, in reading order; rows are never given twice, so the
vector segments of a book that was replaced need no change: their rows are simply no longer live.

Lettering that no panel owns is searched with the panel nearest to it, so that a caption in the
gutter is found; it is not shown as that panel's own text.

The language is the metadata's, or else the most frequent one of the lettering.
"""

from __future__ import annotations

import math
import sqlite3
from collections import Counter
from dataclasses import replace
from typing import Any, Final

import msgspec
import numpy as np

from longbox.book import AnnotatedBook, AnnotatedPage, Book, Panel, Problem
from longbox.errors import LibraryError
from longbox.library.catalog import path_from_sql, path_to_sql
from longbox.library.folding import fold, storable
from longbox.library.measured import MAX_CHARACTERS, page_looks, stray_texts, text_kinds
from longbox.library.records import BookStore
from longbox.vectors import Space

PADDING: Final = "\n\n"  # so that every character begins a trigram
CONFIDENCE_STEPS: Final = 254
NO_CONFIDENCE: Final = 255
# Spaces whose vectors have stores of their own.
KEPT_APART: Final = (Space.DESCRIPTION, Space.FUSED, Space.CONTEXTUAL)
ADD_SPACE: Final = (
    "INSERT OR IGNORE INTO book_spaces (book_row, space, fingerprint, dimension, n_vectors, model) "
    "VALUES (?, ?, ?, ?, ?, ?)"
)


def insert_book(connection: sqlite3.Connection, store: BookStore, store_sha256: str) -> None:
    """Add a book's rows, replacing those it had; the caller holds the transaction."""
    annotated = store.annotated
    book = annotated.book
    delete_book(connection, book.book_id)
    first_row = _take_rows(connection, annotated.n_panels)
    texts = [panel_text(page, panel) for page, panel in annotated.panels()]
    book_row = _insert_book_row(connection, store, store_sha256, first_row, texts)
    _insert_pages(connection, annotated, book_row, first_row)
    n_texts = _insert_texts(connection, annotated, first_row, texts)
    connection.execute("UPDATE books SET n_texts = ? WHERE book_row = ?", (n_texts, book_row))
    connection.executemany(
        "INSERT INTO problems (book_id, page, stage, reason) VALUES (?, ?, ?, ?)",
        [
            (book.book_id, problem.page, problem.stage, storable(problem.reason))
            for problem in _unique((*book.problems, *annotated.problems))
        ],
    )
    _require_dimensions(connection, store)
    connection.executemany(
        ADD_SPACE,
        [
            (book_row, v.space.value, v.fingerprint, v.dimension, int(v.mask.sum()), None)
            for v in store.vectors
            if v.mask.any() and v.space not in KEPT_APART
        ],
    )


def delete_book(connection: sqlite3.Connection, book_id: str) -> None:
    """Remove a book's rows, not what the ledger knows of its files."""
    found = connection.execute(
        "SELECT book_row, first_row, n_panels FROM books WHERE book_id = ?", (book_id,)
    ).fetchone()
    if found is None:
        return
    book_row, first_row, n_panels = found
    block = (first_row, first_row + n_panels)
    delete_texts(connection, "panel_text", ("words", "substrings"), block)
    delete_descriptions(connection, block)
    connection.execute("DELETE FROM panels WHERE row >= ? AND row < ?", block)
    connection.execute("DELETE FROM books WHERE book_row = ?", (book_row,))


def delete_descriptions(connection: sqlite3.Connection, block: tuple[int, int]) -> None:
    """Remove the descriptions of rows from the first to before the second."""
    indexes = ("description_words", "description_substrings")
    delete_texts(connection, "panel_descriptions", indexes, block)


def delete_texts(
    connection: sqlite3.Connection, table: str, indexes: tuple[str, ...], block: tuple[int, int]
) -> None:
    """Remove a block of rows from a table of texts and from its full-text indexes."""
    for index in indexes:
        connection.execute(
            f"INSERT INTO {index} ({index}, rowid, folded) SELECT 'delete', row, folded "
            f"FROM {table} WHERE row >= ? AND row < ?",
            block,
        )
    connection.execute(f"DELETE FROM {table} WHERE row >= ? AND row < ?", block)


def refresh_book(connection: sqlite3.Connection, book_id: str) -> None:
    """Bring what a book takes from its files up to date: its title, and whether it is missing.

    A title that comes from a file name follows the file; of several copies the first by name
    that is still there counts, so the order of indexing does not matter.
    """
    found = connection.execute("SELECT book_json FROM books WHERE book_id = ?", (book_id,))
    row = found.fetchone()
    if row is None:
        return
    path = first_path(connection, book_id)
    book = load_book(row[0])
    title = storable((book if path is None else replace(book, path=path)).title)
    present = connection.execute(
        "SELECT 1 FROM files WHERE book_id = ? AND NOT is_missing LIMIT 1", (book_id,)
    ).fetchone()
    connection.execute(
        "UPDATE books SET title = ?, title_folded = ?, is_missing = ? WHERE book_id = ?",
        (title, fold(title), present is None, book_id),
    )


def first_path(connection: sqlite3.Connection, book_id: str) -> str | None:
    """Return the path that stands for a book: present before missing, then by name."""
    row = connection.execute(
        "SELECT path FROM files WHERE book_id = ? ORDER BY is_missing, path LIMIT 1", (book_id,)
    ).fetchone()
    return None if row is None else path_from_sql(row[0])


def load_book(data: bytes | str) -> Book:
    """Read a Book that the catalog keeps as JSON (its path escaped by `dump_book`)."""
    book = msgspec.json.decode(data, type=Book)
    return replace(book, path=path_from_sql(bytes.fromhex(book.path)))


def dump_book(book: Book) -> str:
    """Write a Book as JSON, its path in hexadecimal because it need not be Unicode text."""
    path = path_to_sql(book.path)
    raw = path if isinstance(path, bytes) else path.encode()
    return storable(msgspec.json.encode(replace(book, path=raw.hex())).decode())


def panel_text(page: AnnotatedPage, panel: Panel) -> str:
    """Return the panel's own lettering, one region a line."""
    return storable("\n".join(t.text for t in page.panel_texts(panel.order)))


def text_confidences(annotated: AnnotatedBook) -> bytes:
    """Return how surely each panel's lettering was read, one byte a panel in reading order.

    The mean of the confidences of the regions that are searched with the panel, each weighted by
    its characters, in steps of 1/254; 255 for a panel without lettering.
    """
    found = bytearray()
    for page in annotated.pages:
        strays = stray_texts(page)
        for panel in page.panels:
            regions = (*page.panel_texts(panel.order), *strays.get(panel.order, ()))
            counted = [(len("".join(t.text.split())), _share(t.confidence)) for t in regions]
            total = sum(n for n, _ in counted)
            mean = sum(n * share for n, share in counted) / total if total else None
            found.append(NO_CONFIDENCE if mean is None else round(CONFIDENCE_STEPS * mean))
    return bytes(found)


def confidence_of(step: int) -> float | None:
    """Return the confidence, 0 to 1, that a byte of `text_confidences` stands for."""
    return None if step == NO_CONFIDENCE else step / CONFIDENCE_STEPS


def _share(confidence: float) -> float:
    return min(max(confidence, 0.0), 1.0) if math.isfinite(confidence) else 0.0


def _take_rows(connection: sqlite3.Connection, n: int) -> int:
    row = connection.execute("SELECT value FROM meta WHERE key = 'next_row'").fetchone()
    connection.execute("UPDATE meta SET value = value + ? WHERE key = 'next_row'", (n,))
    return int(row[0])


def _insert_book_row(
    connection: sqlite3.Connection,
    store: BookStore,
    store_sha256: str,
    first_row: int,
    texts: list[str],
) -> int:
    annotated, book = store.annotated, store.annotated.book
    series = book.metadata.series
    counts = [min(MAX_CHARACTERS, sum(map(len, text.split()))) for text in texts]
    values: dict[str, Any] = {
        "book_id": book.book_id,
        "recipe": store.recipe,
        "store_sha256": store_sha256,
        "title": storable(book.title),
        "title_folded": fold(book.title),
        "series": None if series is None else storable(series),
        "series_folded": fold(series or ""),
        "year": book.metadata.year,
        "language": language_of(annotated),
        "direction": book.direction.value,
        "book_json": dump_book(replace(book, pages=(), problems=())),
        "n_pages": len(annotated.pages),
        "first_row": first_row,
        "n_panels": annotated.n_panels,
        "n_texts": 0,
        "text_characters": np.asarray(counts, dtype="<u2").tobytes(),
        "text_confidence": text_confidences(annotated),
        "text_kinds": text_kinds(annotated).tobytes(),
        "page_looks": page_looks(annotated),
    }
    columns = ", ".join(values)
    marks = ", ".join("?" * len(values))
    cursor = connection.execute(
        f"INSERT INTO books ({columns}) VALUES ({marks})", tuple(values.values())
    )
    return int(cursor.lastrowid or 0)


def _insert_pages(
    connection: sqlite3.Connection, annotated: AnnotatedBook, book_row: int, first_row: int
) -> None:
    row = first_row
    panels: list[tuple[Any, ...]] = []
    for item in annotated.pages:
        page, label = item.page, item.label
        cursor = connection.execute(
            "INSERT INTO pages (book_row, page_index, digest, width, height, page_type, "
            "label_confidence, label_source, picture_hash, is_spread, first_row, n_panels) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                book_row,
                page.index,
                page.digest,
                page.width,
                page.height,
                label.page_type.value,
                label.confidence,
                label.source,
                item.picture_hash,
                item.is_spread,
                row,
                len(item.panels),
            ),
        )
        connection.executemany(
            "INSERT INTO page_flags VALUES (?, ?)",
            [(cursor.lastrowid, flag.value) for flag in dict.fromkeys(item.flags)],
        )
        panels += [
            (row + i, cursor.lastrowid, p.order, *p.box.as_tuple(), p.confidence, p.source)
            for i, p in enumerate(item.panels)
        ]
        row += len(item.panels)
    connection.executemany("INSERT INTO panels VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", panels)


def _insert_texts(
    connection: sqlite3.Connection, annotated: AnnotatedBook, first_row: int, texts: list[str]
) -> int:
    rows: list[tuple[int, str, str]] = []
    row = first_row
    for page in annotated.pages:
        strays = stray_texts(page)
        for panel in page.panels:
            regions = (*page.panel_texts(panel.order), *strays.get(panel.order, ()))
            folded = "\n".join(filter(None, (fold(t.text) for t in regions)))
            if folded:
                rows.append((row, texts[row - first_row], folded + PADDING))
            row += 1
    connection.executemany("INSERT INTO panel_text VALUES (?, ?, ?)", rows)
    for index in ("words", "substrings"):
        connection.executemany(
            f"INSERT INTO {index} (rowid, folded) VALUES (?, ?)",
            [(row, folded) for row, _, folded in rows],
        )
    return len(rows)


def language_of(annotated: AnnotatedBook) -> str | None:
    """Return the book's language: the metadata's, or else its lettering's most frequent one."""
    declared = annotated.book.metadata.language
    if declared:
        return declared
    seen = Counter(t.language for page in annotated.pages for t in page.texts if t.language)
    return min(seen, key=lambda code: (-seen[code], code)) if seen else None


def _require_dimensions(connection: sqlite3.Connection, store: BookStore) -> None:
    """Refuse vectors whose length differs from that of the same encoder's other ones."""
    for item in store.vectors:
        row = connection.execute(
            "SELECT dimension FROM book_spaces WHERE space = ? AND fingerprint = ? LIMIT 1",
            (item.space.value, item.fingerprint),
        ).fetchone()
        if row is not None and row[0] != item.dimension:
            raise LibraryError(
                f"{store.annotated.book.path}: {item.space} vectors of {item.dimension} numbers, "
                f"but {item.fingerprint} gave {row[0]} before; give the encoder a new fingerprint"
            )


def _unique(problems: tuple[Problem, ...]) -> list[Problem]:
    return list(dict.fromkeys(problems))
