"""A learned store taken into the catalog, and one model put in the place of another.

A vector segment never changes, and a book that is in one keeps its rows. So vectors that replace
others of the same space give the whole book fresh rows, as descriptions do. Vectors of a new space
(another model's) need none: they go into segments of their own.
"""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import numpy as np

from longbox.errors import LibraryError
from longbox.library.answering import Answering, read_answering, write_answering
from longbox.library.catalog import Catalog
from longbox.library.describing import attach_descriptions
from longbox.library.learned import (
    answering_model,
    attach_store,
    drop_models,
    forget_lost_models,
    misfit,
    unmerged,
)
from longbox.library.learned_stores import (
    VECTORS_NAME,
    learned_path,
    read_learned_store,
    read_learned_with_digest,
)
from longbox.library.merging import insert_book, refresh_book
from longbox.library.reading import is_damage, move_damaged, read_store_with_digest
from longbox.library.records import LearnedStore
from longbox.library.stores import disk_errors, partial_path, stamp_of, store_path


def merge_learned(connection: sqlite3.Connection, root: Path, book_id: str, model: str) -> bool:
    """Bring the catalog in line with what a model made of a book.

    Returns:
        Whether the vectors count: they are there and were made from the merged book.

    Raises:
        LibraryError: The book is not in the library, or the store is damaged (it is then moved
            to `damaged/`).
    """
    row = connection.execute("SELECT book_row FROM books WHERE book_id = ?", (book_id,)).fetchone()
    if row is None:
        raise LibraryError(f"{book_id}: no such book in this library; index it first")
    path = learned_path(root, model, book_id)
    key = (row[0], model)
    stamp = stamp_of(path)
    if stamp is None:
        connection.execute("DELETE FROM book_models WHERE book_row = ? AND model = ?", key)
        return False
    try:
        store, digest = read_learned_with_digest(path)
    except LibraryError as error:
        move_damaged(root, path, error)
        raise
    is_fitting = misfit(connection, row[0], store) is None
    if is_fitting and _is_merged(connection, key, digest):
        connection.execute(
            "UPDATE book_models SET learned_stamp = ? WHERE book_row = ? AND model = ?",
            (stamp, *key),
        )
    elif is_fitting and _replaces(connection, root, row[0], store):
        give_fresh_rows(connection, root, book_id)
        is_fitting = _counts(connection, book_id, model)
    else:
        attach_store(connection, root, row[0], store, (digest, stamp))
    return is_fitting


def give_fresh_rows(connection: sqlite3.Connection, root: Path, book_id: str) -> None:
    """Merge a book again, with its descriptions and learned vectors as they are on disk.

    Raises:
        LibraryError: Its store is damaged.
    """
    store, digest = read_store_with_digest(store_path(root, book_id))
    insert_book(connection, store, digest)
    refresh_book(connection, book_id)
    attach_descriptions(connection, root, book_id)


def give_up_learned(connection: sqlite3.Connection, root: Path, book_id: str, model: str) -> None:
    """Set a damaged learned store aside; the next `longbox embed` makes it again."""
    move_damaged(root, learned_path(root, model, book_id))
    give_fresh_rows(connection, root, book_id)


def merge_left_learned(catalog: Catalog, root: Path) -> None:
    """Merge the learned stores that a killed run wrote and did not come to merge."""
    with catalog.guarded() as connection:
        left = unmerged(connection, root)
        models = {m for (m,) in connection.execute("SELECT DISTINCT model FROM book_models")}
    if any(not (root / VECTORS_NAME / model).is_dir() for model in models):
        with catalog.transaction() as connection:
            forget_lost_models(connection, root)
    for book_id, model in left:
        with catalog.transaction() as connection:
            try:
                merge_learned(connection, root, book_id, model)
            except LibraryError as error:
                if not is_damage(error):
                    raise
                # The book is gone, or the store is set aside: it lacks it now.
                connection.execute(
                    "DELETE FROM book_models WHERE model = ? AND book_row = "
                    "(SELECT book_row FROM books WHERE book_id = ?)",
                    (model, book_id),
                )


def settle_models(catalog: Catalog, root: Path) -> None:
    """Let the catalog show the model that `answering.json` names, also after a kill between both.

    Without that file the model that made vectors of the most books is chosen.
    """
    chosen = read_answering(root)
    with catalog.guarded() as connection:
        known = {m for (m,) in connection.execute("SELECT model FROM models")}
        shown = answering_model(connection)
    is_settled = shown == (chosen.model if chosen.model in known else None)
    if is_settled and not known.intersection(chosen.retired) and (chosen.model or not known):
        return
    with catalog.transaction() as connection:
        settle_rows(connection, root)


def settle_rows(connection: sqlite3.Connection, root: Path) -> None:
    """Do what `settle_models` does inside the caller's transaction."""
    chosen = read_answering(root)
    if chosen.model is None:
        best = connection.execute(
            "SELECT model FROM book_models WHERE is_fitting "
            "GROUP BY model ORDER BY count(*) DESC, model LIMIT 1"
        ).fetchone()
        if best is None:
            return
        chosen = Answering(best[0])
        write_answering(root, chosen)
    connection.execute("UPDATE models SET is_answering = (model = ?)", (chosen.model,))
    if chosen.model is not None:
        drop_models(connection, chosen.retired, chosen.model)


def sweep_retired(catalog: Catalog, root: Path) -> None:
    """Delete the folders of retired models, once the catalog no longer knows them."""
    if not read_answering(root).retired:
        return
    swept: list[Path] = []
    with catalog.transaction():  # who begins a model again holds this lock
        chosen = read_answering(root)
        for model in chosen.retired:
            folder = root / VECTORS_NAME / model
            if folder.is_dir():
                swept.append(partial_path(root, model))
                with disk_errors(folder):
                    folder.rename(swept[-1])
        write_answering(root, Answering(chosen.model))
    for folder in swept:
        shutil.rmtree(folder, ignore_errors=True)


def _is_merged(connection: sqlite3.Connection, key: tuple[int, str], digest: str) -> bool:
    row = connection.execute(
        "SELECT learned_sha256 FROM book_models WHERE book_row = ? AND model = ? AND is_fitting",
        key,
    ).fetchone()
    return row is not None and row[0] == digest


def _counts(connection: sqlite3.Connection, book_id: str, model: str) -> bool:
    row = connection.execute(
        "SELECT m.is_fitting FROM books b JOIN book_models m USING (book_row) "
        "WHERE b.book_id = ? AND m.model = ?",
        (book_id, model),
    ).fetchone()
    return row is not None and bool(row[0])


def _replaces(
    connection: sqlite3.Connection, root: Path, book_row: int, store: LearnedStore
) -> bool:
    """Say whether the book has other vectors in one of the store's spaces."""
    held = connection.execute(
        "SELECT space, fingerprint, model FROM book_spaces "
        "WHERE book_row = ? AND model IS NOT NULL",
        (book_row,),
    ).fetchall()
    for space, fingerprint, model in held:
        if model == store.model:
            return True
        for item in (store.learned.fused, store.learned.contextual):
            if (item.space.value, item.fingerprint) != (space, fingerprint):
                continue
            try:
                other = read_learned_store(learned_path(root, model, store.book_id)).learned
            except LibraryError:
                return True
            theirs = next(v for v in (other.fused, other.contextual) if v.space is item.space)
            if not np.array_equal(theirs.vectors, item.vectors):
                return True
    return False
