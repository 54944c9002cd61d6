"""What a library holds, in a canonical form: for comparing two of them.

Everything a search can see is in it, named by panel ids; row numbers, segments, stamps of files
and the order of indexing are not. Panels are found through the full-text indexes and the vector
segments themselves, so an index that lost something is noticed.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from longbox.library.catalog import path_from_sql
from longbox.library.corrections import corrected_books, read_corrections
from longbox.library.ledger import known_files, problems
from longbox.library.vector_index import VectorIndex, spaces


def lines(connection: sqlite3.Connection, index: VectorIndex, root: Path) -> Iterator[str]:
    """Yield one JSON line for every book, page, panel, file, problem and correction."""
    for path, known in sorted(known_files(connection).items()):
        yield _line("file", path, known.book_id, known.recipe, known.failed, known.is_missing)
    for p in problems(connection):
        yield _line("problem", p.file, p.page, p.stage, p.reason)
    for book_id in corrected_books(root):
        for c in read_corrections(root, book_id):
            yield _line("correction", book_id, c.page_index, c.field, c.value, c.made_at, c.origin)
    live = [(space, print_) for space, prints in spaces(connection).items() for print_ in prints]
    for row in connection.execute(
        "SELECT book_row, first_row, n_panels, book_id, recipe, title, series, year, language, "
        "direction, n_pages, n_texts, hex(text_characters), hex(text_confidence), "
        "hex(text_kinds), n_described, is_missing FROM books ORDER BY book_id"
    ).fetchall():
        book_row, first_row, n_panels, *said = row
        yield _line("book", *said, n_panels)
        yield from page_lines(connection, book_row, said[0])
        yield from panel_lines(connection, first_row, n_panels)
        yield from description_lines(connection, book_row, (first_row, n_panels))
        for space, fingerprint in live:
            digest = _vector_digest(connection, index, (space, fingerprint), (first_row, n_panels))
            yield _line("vectors", said[0], space.value, fingerprint, digest)


def digest(connection: sqlite3.Connection, index: VectorIndex, root: Path) -> str:
    """Return the SHA-256 of all lines."""
    found = hashlib.sha256()
    for line in lines(connection, index, root):
        found.update(line.encode() + b"\n")
    return found.hexdigest()


def page_lines(connection: sqlite3.Connection, book_row: int, book_id: str) -> Iterator[str]:
    """Yield a line for every page of a book."""
    for row in connection.execute(
        "SELECT page_index, digest, width, height, page_type, label_confidence, label_source, "
        "picture_hash, is_spread, n_panels, (SELECT group_concat(flag) FROM page_flags f "
        "WHERE f.page_row = pages.page_row) FROM pages WHERE book_row = ? ORDER BY page_index",
        (book_row,),
    ):
        yield _line("page", book_id, *row)


def panel_lines(connection: sqlite3.Connection, first_row: int, n_panels: int) -> Iterator[str]:
    """Yield a line for every panel of a book, with its lettering and whether words find it."""
    for row in connection.execute(
        "SELECT p.row - ?1, p.panel_order, p.x0, p.y0, p.x1, p.y1, p.confidence, p.source, t.text, "
        "t.folded, (SELECT count(*) FROM words w WHERE w.rowid = p.row), "
        "(SELECT count(*) FROM substrings s WHERE s.rowid = p.row) "
        "FROM panels p LEFT JOIN panel_text t ON t.row = p.row "
        "WHERE p.row >= ?1 AND p.row < ?1 + ?2 ORDER BY p.row",
        (first_row, n_panels),
    ):
        yield _line("panel", *row)


def description_lines(
    connection: sqlite3.Connection, book_row: int, block: tuple[int, int]
) -> Iterator[str]:
    """Yield a line for every described page and panel of a book."""
    for row in connection.execute(
        "SELECT page_index, state, is_fitting, model, made_at, summary FROM page_descriptions "
        "WHERE book_row = ? ORDER BY page_index",
        (book_row,),
    ):
        yield _line("described page", *row)
    for row in connection.execute(
        "SELECT row - ?1, text, folded, "
        "(SELECT count(*) FROM description_words w WHERE w.rowid = d.row), "
        "(SELECT count(*) FROM description_substrings s WHERE s.rowid = d.row) "
        "FROM panel_descriptions d WHERE row >= ?1 AND row < ?1 + ?2 ORDER BY row",
        block,
    ):
        yield _line("description", *row)


def _vector_digest(
    connection: sqlite3.Connection,
    index: VectorIndex,
    key: tuple[Any, str],
    block: tuple[int, int],
) -> str:
    """Digest a book's vectors in one space, from every segment that has any of them."""
    first_row, n_panels = block

    def add(segments: list[Any]) -> str:
        found = hashlib.sha256()
        for segment in segments:
            rows, vectors = segment.block(first_row, n_panels)
            if rows.size:
                found.update((rows - first_row).astype("<i8").tobytes())
                found.update(vectors.tobytes())
        return found.hexdigest()

    return index.with_segments(connection, key[0], key[1], add)


def _line(*values: Any) -> str:
    plain = [path_from_sql(v) if isinstance(v, bytes) else v for v in values]
    return json.dumps(plain)
