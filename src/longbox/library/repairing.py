"""Putting a library right, after a check has said what is wrong.

What is damaged is moved to `damaged/` and never deleted, but for vector segments and leftovers,
which are made of the stores. What people typed stays where it is as far as it can be read, and the
damaged file is kept beside. Then the catalog is made again, or only told what is gone, and the
indexes are brought in line. Every step can be repeated: a repair that was killed is run again.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from longbox.errors import LibraryError
from longbox.library.catalog import CATALOG_NAME, Catalog, path_from_sql
from longbox.library.catalog_check import open_for_reading
from longbox.library.checking import check_library
from longbox.library.corrections import (
    read_corrections,
    replace_damaged_corrections,
    writers_turn,
)
from longbox.library.describing import give_up_descriptions
from longbox.library.findings import CheckReport, Finding, Matter, RepairReport
from longbox.library.learned_merging import give_up_learned
from longbox.library.leftovers import clean_partial
from longbox.library.library import Library
from longbox.library.merging import refresh_book
from longbox.library.reading import keep_aside, move_aside, move_damaged
from longbox.library.rebuilding import add_stored_path, merge_store
from longbox.library.saved_searches import (
    SEARCHES_NAME,
    read_searches,
    replace_damaged_searches,
)
from longbox.library.store_check import is_store_whole
from longbox.library.stores import STORE_SUFFIX, disk_errors, store_path
from longbox.library.upkeep import give_up_book

Tell = Callable[[int, int], None]
_STORES: Final = (Matter.BOOK, Matter.DESCRIPTION, Matter.LEARNED)


def repair_library(
    root: Path, found: CheckReport, *, is_deep: bool = False, progress: Tell | None = None
) -> RepairReport:
    """Repair what a check found, and check again.

    Args:
        root: The library's folder.
        found: What `check_library` said of it just now.
        is_deep: Check deeply afterwards.
        progress: Called with what is done and what there is to do, of each long step in turn.

    Raises:
        LibraryError: The disk refuses, or another process is writing.
    """
    todo = [finding for finding in found.findings if finding.is_repairable]
    done: list[str] = []
    next_steps: list[str] = []
    if any(f.matter is Matter.NEWER and f.file == CATALOG_NAME for f in found.findings):
        todo = []
    for finding in todo:
        if finding.matter is Matter.TYPED:
            done.append(_salvage(root, finding))
        elif finding.matter is Matter.DERIVED:
            done.append(_set_aside(root, finding))
        elif finding.matter is Matter.MISNAMED:
            done.append(_rename(root, finding))
    # A store that was renamed, or made again meanwhile, is not to be set aside.
    todo = [f for f in todo if f.matter not in _STORES or not is_store_whole(root, f)]
    if any(finding.matter is Matter.CATALOG for finding in todo):
        done += _rebuild(root, todo, next_steps, progress)
    elif todo:
        done += _update(root, todo, next_steps, progress)
    return RepairReport(
        tuple(done),
        tuple(dict.fromkeys(next_steps)),
        check_library(root, is_deep=is_deep, progress=progress),
    )


def _salvage(root: Path, finding: Finding) -> str:
    """Keep what can be read of what people typed; the damaged file is copied aside first."""
    path = root / finding.file
    is_search = finding.file == SEARCHES_NAME
    with writers_turn(root):
        if _is_typed_whole(root, path):
            return f"{finding.file}: is whole by now"
        kept = keep_aside(root, path).relative_to(root).as_posix()
        # One step puts the new file in the place of the damaged one: it is never missing.
        n = (
            replace_damaged_searches(root)
            if is_search
            else replace_damaged_corrections(root, path.stem)
        )
    what = "searches" if is_search else "corrections"
    return f"{finding.file}: {n:,} {what} could be read and are kept; look at them, and at {kept}"


def _is_typed_whole(root: Path, path: Path) -> bool:
    try:
        if path.name == SEARCHES_NAME:
            read_searches(root)
        else:
            read_corrections(root, path.stem)
    except LibraryError:
        return False
    return True


def _set_aside(root: Path, finding: Finding) -> str:
    path = root / finding.file
    kept = move_aside(root, path).relative_to(root).as_posix()
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return f"{finding.file}: set aside as {kept}"


def _rename(root: Path, finding: Finding) -> str:
    """Give a store its book's name, or set it aside where that book has one."""
    path = root / finding.file
    right = path.with_name(f"{finding.what.removeprefix('holds book ')}{STORE_SUFFIX}")
    with disk_errors(path):
        if not right.exists():
            path.rename(right)
            return f"{finding.file}: is {right.name} now"
    moved = move_damaged(root, path)
    return f"{finding.file}: set aside as {_inside(root, moved)}; {right.name} is there already"


def _rebuild(
    root: Path, todo: Sequence[Finding], next_steps: list[str], tell: Tell | None
) -> list[str]:
    """Make the catalog and the indexes again, after damaged stores were moved away."""
    done = []
    for finding in todo:
        if finding.matter in _STORES:
            moved = move_damaged(root, root / finding.file)
            done.append(f"{finding.file}: {_aside(root, moved)}")
            next_steps.append(_next_step(finding, ()))
    report = Library.rebuild(root, tell)
    aside = f"; the damaged one is kept as {report.set_aside}" if report.set_aside else ""
    done.append(f"{CATALOG_NAME}: made again from {report.books:,} books{aside}")
    next_steps.append(
        "`longbox index FOLDER` with the folders of your comics: files whose record was lost are "
        "read again, books that are whole are not made again"
    )
    return done


def _update(
    root: Path, todo: Sequence[Finding], next_steps: list[str], tell: Tell | None
) -> list[str]:
    """Tell the catalog what is gone or new, and bring the indexes in line."""
    done = []
    for finding in todo:
        if finding.matter is Matter.SEGMENT:
            shutil.rmtree(root / finding.file, ignore_errors=True)
            done.append(f"{finding.file}: made again from the stores")
        elif finding.matter is Matter.LEFTOVER:
            done.append(f"{finding.file}: deleted")
    clean_partial(root)
    # Opened only now: opening repairs some things by itself.
    with Library.open(root) as library:
        catalog = Catalog(root / CATALOG_NAME)
        try:
            for finding in todo:
                if finding.matter in (*_STORES, Matter.UNMERGED):
                    done.append(_settle(catalog, root, finding, next_steps))
                elif finding.matter is Matter.MISNAMED and finding.file.startswith("books/"):
                    _merge(catalog, root, finding.what.removeprefix("holds book "))
        finally:
            catalog.close()
        library.update_indexes(tell)
    return done


def _settle(catalog: Catalog, root: Path, finding: Finding, next_steps: list[str]) -> str:
    path = root / finding.file
    book_id = path.name.removesuffix(STORE_SUFFIX)
    if finding.matter is Matter.UNMERGED:
        if path.parent.name == "books":
            _merge(catalog, root, book_id)
        return f"{finding.file}: taken into the catalog"  # the others by updating the indexes
    was_there = path.exists()
    next_steps.append(_next_step(finding, _files_of(root, book_id)))
    reason = f"{finding.file}: {finding.what}"
    if finding.matter is Matter.BOOK:
        give_up_book(catalog, root, book_id, reason)
    elif finding.matter is Matter.DESCRIPTION:
        with catalog.transaction() as connection:
            if _is_listed(connection, book_id):
                give_up_descriptions(connection, root, book_id, reason)
            else:
                move_damaged(root, path)
    else:
        with catalog.transaction() as connection:
            if _is_listed(connection, book_id):
                give_up_learned(connection, root, book_id, path.parent.name)
            else:
                move_damaged(root, path)
    return f"{finding.file}: {'set aside in damaged/' if was_there else 'noted as gone'}"


def _merge(catalog: Catalog, root: Path, book_id: str) -> None:
    """Take a book's store into the catalog without its comic file, as a rebuild does."""
    with catalog.transaction() as connection:
        error = merge_store(connection, root, store_path(root, book_id))
        if error is not None:
            raise error
        known = connection.execute("SELECT 1 FROM files WHERE book_id = ? LIMIT 1", (book_id,))
        if known.fetchone() is None:
            paths = {path for (path,) in connection.execute("SELECT path FROM files")}
            add_stored_path(connection, book_id, paths)
        refresh_book(connection, book_id)


def _is_listed(connection: sqlite3.Connection, book_id: str) -> bool:
    row = connection.execute("SELECT 1 FROM books WHERE book_id = ?", (book_id,)).fetchone()
    return row is not None


def _files_of(root: Path, book_id: str) -> tuple[str, ...]:
    with closing(open_for_reading(root / CATALOG_NAME)) as connection:
        rows = connection.execute(
            "SELECT path FROM files WHERE book_id = ? ORDER BY is_missing, path", (book_id,)
        ).fetchall()
    return tuple(path_from_sql(path) for (path,) in rows)


def _next_step(finding: Finding, files: Sequence[str]) -> str:
    """Return the command that makes again what was set aside."""
    if finding.matter is Matter.DESCRIPTION:
        return "`longbox describe` describes again what was set aside; kept answers cost nothing"
    if finding.matter is Matter.LEARNED:
        return "`longbox embed` makes the vectors again that were set aside"
    if not files:
        return "`longbox index FOLDER` with the folders of your comics makes the book again"
    where = "" if any(Path(file).exists() for file in files) else ", which is not there now: put it"
    back = " back, or its store (--repair --from BACKUP)" if where else ""
    return f"`longbox index` makes the book again from {files[0]}{where}{back}"


def _aside(root: Path, moved: Path | None) -> str:
    return "is gone" if moved is None else f"set aside as {_inside(root, moved)}"


def _inside(root: Path, moved: Path | None) -> str:
    return "nothing" if moved is None else moved.relative_to(root).as_posix()
