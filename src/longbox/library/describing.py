"""Descriptions become rows of the catalog, for the panels they were made for.

Only what is done (clean or repaired) and fits the page's present panels becomes searchable; the
rest is listed, so that it can be counted and asked for again.

A vector segment never changes, and a book that is in one keeps its rows. So descriptions that
replace others with vectors give the whole book fresh rows: what the old segment holds of it then
answers nothing, whoever is writing a segment at that moment.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from longbox.errors import LibraryError
from longbox.geometry import Box
from longbox.library.description_stores import (
    DESCRIPTIONS_NAME,
    description_path,
    fitting,
    read_descriptions_with_digest,
)
from longbox.library.folding import fold, storable
from longbox.library.learned import attach_learned
from longbox.library.merging import (
    ADD_SPACE,
    PADDING,
    delete_descriptions,
    insert_book,
    refresh_book,
)
from longbox.library.reading import move_damaged, read_store_with_digest
from longbox.library.records import DescriptionStore, PanelsOfPage
from longbox.library.stores import STORE_SUFFIX, disk_errors, stamp_of, store_path
from longbox.vectors import Space

STAGE: Final = "descriptions"


def merge_descriptions(connection: sqlite3.Connection, root: Path, book_id: str) -> None:
    """Bring a book's descriptions in the catalog in line with its description store.

    Raises:
        LibraryError: The book is not in the library, or one of its stores is damaged (a
            description store is then moved to `damaged/`).
    """
    row = connection.execute(
        "SELECT book_row, description_sha256 FROM books WHERE book_id = ?", (book_id,)
    ).fetchone()
    if row is None:
        raise LibraryError(f"{book_id}: no such book in this library; index it first")
    stamp = stamp_of(description_path(root, book_id))
    found = _read(root, book_id)
    if row[1] != (None if found is None else found[1]):
        if row[1] is not None and _has_vectors(connection, row[0]):
            store, digest = read_store_with_digest(store_path(root, book_id))
            insert_book(connection, store, digest)
            refresh_book(connection, book_id)
        else:
            _detach(connection, row[0])
        if found is not None:
            attach_store(connection, book_id, *found)
    attach_learned(connection, root, book_id)
    connection.execute("DELETE FROM problems WHERE book_id = ? AND stage = ?", (book_id, STAGE))
    connection.execute("UPDATE books SET description_stamp = ? WHERE book_id = ?", (stamp, book_id))


def unmerged_descriptions(connection: sqlite3.Connection, root: Path) -> list[str]:
    """Return the books whose description store is not the merged one, by size and time alone.

    A store that was copied looks changed too; merging it again changes nothing.
    """
    folder = root / DESCRIPTIONS_NAME
    with disk_errors(folder):
        paths = list(folder.iterdir()) if folder.is_dir() else []
        there = {path.name.removesuffix(STORE_SUFFIX): stamp_of(path) for path in paths}
    books = connection.execute("SELECT book_id, description_stamp FROM books ORDER BY book_id")
    return [book_id for book_id, stamp in books if there.get(book_id) != stamp]


def attach_descriptions(connection: sqlite3.Connection, root: Path, book_id: str) -> None:
    """Give a book that was just merged the descriptions it has; a problem when it cannot be."""
    connection.execute("SAVEPOINT descriptions")
    try:
        merge_descriptions(connection, root, book_id)
    except LibraryError as error:
        connection.execute("ROLLBACK TO descriptions")
        attach_learned(connection, root, book_id)
        _note(connection, book_id, str(error))
    connection.execute("RELEASE descriptions")


def give_up_descriptions(
    connection: sqlite3.Connection, root: Path, book_id: str, reason: str
) -> None:
    """Set a damaged description store aside and note it; the book stays."""
    move_damaged(root, description_path(root, book_id))
    merge_descriptions(connection, root, book_id)
    _note(connection, book_id, reason)


def _note(connection: sqlite3.Connection, book_id: str, reason: str) -> None:
    connection.execute("DELETE FROM problems WHERE book_id = ? AND stage = ?", (book_id, STAGE))
    connection.execute(
        "INSERT INTO problems (book_id, page, stage, reason) VALUES (?, NULL, ?, ?)",
        (book_id, STAGE, storable(reason)),
    )


def present_panels(connection: sqlite3.Connection, book_row: int) -> tuple[PanelsOfPage, ...]:
    """Return the panels of a merged book; `first` is the first panel's row in the library."""
    panels: dict[int, list[tuple[int, Box]]] = {}
    for page_row, order, *box in connection.execute(
        "SELECT p.page_row, p.panel_order, p.x0, p.y0, p.x1, p.y1 FROM books b "
        "JOIN panels p ON p.row >= b.first_row AND p.row < b.first_row + b.n_panels "
        "WHERE b.book_row = ? ORDER BY p.row",
        (book_row,),
    ):
        panels.setdefault(page_row, []).append((order, Box(*box)))
    pages = connection.execute(
        "SELECT page_row, page_index, digest, first_row FROM pages WHERE book_row = ? "
        "ORDER BY page_index",
        (book_row,),
    )
    return tuple(
        PanelsOfPage(
            index,
            digest,
            first,
            tuple(order for order, _ in panels.get(page_row, ())),
            tuple(box for _, box in panels.get(page_row, ())),
        )
        for page_row, index, digest, first in pages
    )


def vector_rows(connection: sqlite3.Connection, book_row: int) -> list[tuple[int, int, int]]:
    """Return where the searchable descriptions' vectors belong: (store row, panel row, number)."""
    return connection.execute(
        "SELECT d.store_row, g.first_row, g.n_panels FROM page_descriptions d "
        "JOIN pages g USING (book_row, page_index) "
        "WHERE d.book_row = ? AND d.is_done AND d.is_fitting ORDER BY g.first_row",
        (book_row,),
    ).fetchall()


def unfit_pages(connection: sqlite3.Connection, store: DescriptionStore) -> frozenset[int]:
    """Return the described pages that have other panels now than those described."""
    row = connection.execute(
        "SELECT book_row FROM books WHERE book_id = ?", (store.book_id,)
    ).fetchone()
    now = () if row is None else present_panels(connection, row[0])
    found = fitting(store, now)
    return frozenset(page.description.page_index for page, fits, _ in found if fits is None)


def _read(root: Path, book_id: str) -> tuple[DescriptionStore, str] | None:
    path = description_path(root, book_id)
    if not path.exists():
        return None
    try:
        return read_descriptions_with_digest(path)
    except LibraryError as error:
        move_damaged(root, path, error)
        raise


def _has_vectors(connection: sqlite3.Connection, book_row: int) -> bool:
    found = connection.execute(
        "SELECT 1 FROM book_spaces WHERE book_row = ? AND space = ?",
        (book_row, Space.DESCRIPTION.value),
    ).fetchone()
    return found is not None


def attach_store(
    connection: sqlite3.Connection, book_id: str, store: DescriptionStore, digest: str
) -> None:
    """Add the rows of a book's descriptions; it has none."""
    (book_row,) = connection.execute(
        "SELECT book_row FROM books WHERE book_id = ?", (book_id,)
    ).fetchone()
    _require_dimension(connection, book_id, store)
    texts: list[tuple[int, str, str]] = []
    n_vectors = 0
    for described, now, first in fitting(store, present_panels(connection, book_row)):
        said = described.description
        is_searched = now is not None and said.state.is_done
        connection.execute(
            "INSERT INTO page_descriptions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                book_row,
                said.page_index,
                said.state.value,
                said.state.is_done,
                now is not None,
                first,
                storable(said.model),
                storable(said.made_at),
                storable(said.summary),
            ),
        )
        if now is None or not is_searched:
            continue
        for i, order in enumerate(now.orders):
            text = storable(said.panel_text(order))
            if folded := fold_lines(text):
                texts.append((now.first + i, text, folded + PADDING))
        if store.vectors is not None:
            n_vectors += int(store.vectors.mask[first : first + len(now.orders)].sum())
    _insert_texts(connection, texts)
    connection.execute(
        "UPDATE books SET n_described = ?, description_sha256 = ? WHERE book_row = ?",
        (len(texts), digest, book_row),
    )
    if store.vectors is not None and n_vectors:
        vectors = store.vectors
        connection.execute(
            ADD_SPACE,
            (
                book_row,
                vectors.space.value,
                vectors.fingerprint,
                vectors.dimension,
                n_vectors,
                None,
            ),
        )


def fold_lines(text: str) -> str:
    """Return the searched form of a text of several lines."""
    return "\n".join(filter(None, (fold(line) for line in text.splitlines())))


def _insert_texts(connection: sqlite3.Connection, texts: list[tuple[int, str, str]]) -> None:
    connection.executemany("INSERT INTO panel_descriptions VALUES (?, ?, ?)", texts)
    for index in ("description_words", "description_substrings"):
        connection.executemany(
            f"INSERT INTO {index} (rowid, folded) VALUES (?, ?)",
            [(row, folded) for row, _, folded in texts],
        )


def _detach(connection: sqlite3.Connection, book_row: int) -> None:
    """Take a book's descriptions out; it has no vectors of them in any segment."""
    first_row, n_panels = connection.execute(
        "SELECT first_row, n_panels FROM books WHERE book_row = ?", (book_row,)
    ).fetchone()
    delete_descriptions(connection, (first_row, first_row + n_panels))
    connection.execute("DELETE FROM page_descriptions WHERE book_row = ?", (book_row,))
    connection.execute(
        "UPDATE books SET n_described = 0, description_sha256 = NULL WHERE book_row = ?",
        (book_row,),
    )


def _require_dimension(
    connection: sqlite3.Connection, book_id: str, store: DescriptionStore
) -> None:
    if store.vectors is None:
        return
    row = connection.execute(
        "SELECT dimension FROM book_spaces WHERE space = ? AND fingerprint = ? LIMIT 1",
        (store.vectors.space.value, store.vectors.fingerprint),
    ).fetchone()
    if row is not None and row[0] != store.vectors.dimension:
        raise LibraryError(
            f"{book_id}: description vectors of {store.vectors.dimension} numbers, but "
            f"{store.vectors.fingerprint} gave {row[0]} before; give the encoder a new fingerprint"
        )
