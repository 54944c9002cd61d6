"""What trained models made of books, as rows of the catalog.

Vectors of several models can be in the catalog and in segments at once; only those of the model
that answers are shown to searches. So a new model is prepared beside the old one, and changing
over is one transaction.

A store counts for a book while it was made from the very store that is merged. When only the
descriptions changed since, its rows still are the right panels: it goes on answering, and its book
is listed to be embedded again.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from longbox.errors import LibraryError
from longbox.library.answering import read_answering
from longbox.library.learned_stores import model_folders, read_learned_with_digest
from longbox.library.merging import ADD_SPACE
from longbox.library.reading import move_damaged
from longbox.library.records import LearnedStore
from longbox.library.stores import STORE_SUFFIX, disk_errors, stamp_of
from longbox.vectors import PanelVectors


def attach_learned(connection: sqlite3.Connection, root: Path, book_id: str) -> None:
    """Give a book that was just merged the vectors that models made of it.

    Models that it has rows of already are left alone. A damaged store is moved away: it is made
    again by the next `longbox embed`. Of two models that share a stage, the newer store counts.
    """
    folders = model_folders(root)
    if not folders:
        return
    (book_row,) = connection.execute(
        "SELECT book_row FROM books WHERE book_id = ?", (book_id,)
    ).fetchone()
    known = {
        model
        for (model,) in connection.execute(
            "SELECT model FROM book_models WHERE book_row = ?", (book_row,)
        )
    }
    retired = read_answering(root).retired
    paths = [f / f"{book_id}{STORE_SUFFIX}" for f in folders if f.name not in {*known, *retired}]
    stamps = {path: stamp for path in paths if (stamp := stamp_of(path)) is not None}
    for path in sorted(stamps, key=lambda p: -int(stamps[p].split()[1])):
        try:
            store, digest = read_learned_with_digest(path)
        except LibraryError as error:
            move_damaged(root, path, error)
            continue
        attach_store(connection, root, book_row, store, (digest, stamps[path]))


def attach_store(
    connection: sqlite3.Connection,
    root: Path,
    book_row: int,
    store: LearnedStore,
    mark: tuple[str, str],
) -> None:
    """Note a learned store and, where it fits its book, list its vectors for the index.

    Args:
        connection: Inside the caller's transaction.
        root: The library's folder.
        book_row: Whose.
        store: As it was read.
        mark: SHA-256 of its bytes, and its stamp from before it was read.
    """
    learned = store.learned
    is_fitting = misfit(connection, book_row, store) is None
    connection.execute(
        "INSERT OR REPLACE INTO book_models VALUES (?, ?, ?, ?, ?, ?)",
        (book_row, store.model, *mark, store.made_from.description_sha256, is_fitting),
    )
    if not is_fitting:
        return
    is_answering = read_answering(root).model == store.model
    spaces = (learned.fused, learned.contextual)
    connection.execute(
        "INSERT OR IGNORE INTO models VALUES (?, ?, ?, ?, ?)",
        (store.model, *(v.fingerprint for v in spaces), learned.fused.dimension, is_answering),
    )
    connection.executemany(
        ADD_SPACE,
        [
            (book_row, *_key(v), v.dimension, int(v.mask.sum()), store.model)
            for v in spaces
            if v.mask.any()
        ],
    )


def misfit(connection: sqlite3.Connection, book_row: int, store: LearnedStore) -> str | None:
    """Say why a learned store does not count for its book as it is merged now; None if it does."""
    sha256, n_panels, n_pages = connection.execute(
        "SELECT store_sha256, n_panels, n_pages FROM books WHERE book_row = ?", (book_row,)
    ).fetchone()
    learned = store.learned
    if store.made_from.book_sha256 != sha256:
        return "was made from another version of the book"
    if (len(learned.fused.mask), len(learned.page_mask)) != (n_panels, n_pages):
        return "has other panels or pages than the book"
    said = connection.execute(
        "SELECT fused, contextual, dimension FROM models WHERE model = ?", (store.model,)
    ).fetchone()
    fused, contextual = learned.fused, learned.contextual
    if said not in (None, (fused.fingerprint, contextual.fingerprint, fused.dimension)):
        return "has other fingerprints or another length than the model's other vectors"
    for item in (fused, contextual):
        other = connection.execute(
            "SELECT dimension FROM book_spaces WHERE space = ? AND fingerprint = ? LIMIT 1",
            _key(item),
        ).fetchone()
        if other is not None and other[0] != item.dimension:
            return (
                f"has {item.dimension} numbers a vector, where {item.fingerprint} gave {other[0]}"
            )
    return None


def lacking(connection: sqlite3.Connection, model: str) -> tuple[str, ...]:
    """Return the books without vectors of a model, or with ones that are out of date, by id."""
    rows = connection.execute(f"{_LACKING} ORDER BY b.book_id", {"model": model})
    return tuple(book_id for (book_id,) in rows)


_LACKING = (
    "SELECT b.book_id FROM books b LEFT JOIN book_models m "
    "ON m.book_row = b.book_row AND m.model = :model WHERE (m.model IS NULL OR NOT m.is_fitting "
    "OR m.description_sha256 IS NOT b.description_sha256)"
)


def answering_model(connection: sqlite3.Connection) -> str | None:
    """Return the model whose vectors answer searches; None before any were made."""
    row = connection.execute("SELECT model FROM models WHERE is_answering").fetchone()
    return None if row is None else str(row[0])


def answering_fingerprints(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Return the fingerprints of the spaces of the model that answers searches."""
    rows = connection.execute("SELECT fused, contextual FROM models WHERE is_answering")
    return tuple(name for row in rows for name in row)


def unmerged(connection: sqlite3.Connection, root: Path) -> list[tuple[str, str]]:
    """Return (book, model) of learned stores that are not the merged ones, by size and time."""
    found: list[tuple[str, str]] = []
    retired = read_answering(root).retired
    for folder in model_folders(root):
        if folder.name in retired:
            continue
        with disk_errors(folder):
            there = {p.name.removesuffix(STORE_SUFFIX): stamp_of(p) for p in folder.iterdir()}
        books = connection.execute(
            "SELECT b.book_id, m.learned_stamp FROM books b LEFT JOIN book_models m "
            "ON m.book_row = b.book_row AND m.model = ? ORDER BY b.book_id",
            (folder.name,),
        )
        found += [(book_id, folder.name) for book_id, s in books if there.get(book_id) != s]
    return found


def forget_lost_models(connection: sqlite3.Connection, root: Path) -> None:
    """Note it when all vectors of a model were deleted by hand: its books lack them then."""
    there = {folder.name for folder in model_folders(root)}
    known = connection.execute("SELECT DISTINCT model FROM book_models").fetchall()
    for (model,) in known:
        if model not in there:
            connection.execute("DELETE FROM book_models WHERE model = ?", (model,))


def drop_models(connection: sqlite3.Connection, models: tuple[str, ...], kept: str) -> None:
    """Take models out of the catalog, and the segments that only they had vectors in.

    Where a model shares a stage with the one that is kept, and their vectors are the same, the
    vectors stay as that one's.
    """
    for model in models:
        marks: dict[str, Any] = {"old": model, "new": kept}
        connection.execute(
            "UPDATE book_spaces SET model = :new WHERE model = :old AND EXISTS ("
            "SELECT 1 FROM models m JOIN book_models b USING (model) WHERE m.model = :new "
            "AND b.book_row = book_spaces.book_row AND b.is_fitting "
            "AND book_spaces.fingerprint IN (m.fused, m.contextual))",
            marks,
        )
        connection.execute("DELETE FROM book_spaces WHERE model = :old", marks)
        connection.execute("DELETE FROM book_models WHERE model = :old", marks)
        connection.execute("DELETE FROM models WHERE model = :old", marks)
    connection.execute(
        "DELETE FROM segments WHERE space IN ('fused', 'contextual') AND NOT EXISTS ("
        "SELECT 1 FROM models m WHERE segments.fingerprint IN (m.fused, m.contextual))"
    )


def _key(item: PanelVectors) -> tuple[str, str]:
    return item.space.value, item.fingerprint
