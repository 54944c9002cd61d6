"""The queue of pages that deserve a person's look: `review.sqlite`, derived, beside the catalog.

A file of its own, so that the catalog keeps its format and nothing is computed twice: what makes a
page doubtful is worked out once a version of its book (named by the hashes of its stores) and
again only when that changes. A list of a library with a million pages is then one look into an
index. A request works for a bounded time on books that are new; what is left is said in the answer
and done by the next. Verdicts are read from `corrections/`, where only changed files are opened.

Where the folder cannot be written the queue is kept in memory. The file may be deleted at any time.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from longbox.book import PageFlag
from longbox.correction import CorrectedField, Verdict, latest, word_of
from longbox.errors import LibraryError
from longbox.library.catalog import Catalog, distrust, foreign_schema
from longbox.library.catalog_errors import explain
from longbox.library.corrections import CORRECTIONS_NAME, corrected_books, read_corrections
from longbox.library.flagging import flags_of
from longbox.library.review_reasons import (
    DoubtfulPage,
    ReviewReason,
    doubtful_pages,
    reasons_of,
)

REVIEW_NAME: Final = "review.sqlite"
_FORMAT: Final = 1
_BUDGET_S: Final = 1.5
_BATCH: Final = 32
_BUSY_S: Final = 10.0
# A folder that changed less than this ago may change again within the same tick of its clock.
_SETTLED_NS: Final = 2_000_000_000
_ALL: Final = (1 << len(ReviewReason)) - 1
_SCHEMA: Final = """
DROP TABLE IF EXISTS books; DROP TABLE IF EXISTS pages; DROP TABLE IF EXISTS verdicts;
DROP TABLE IF EXISTS verdict_files;
CREATE TABLE books (book_id TEXT PRIMARY KEY, version TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE pages (book_id TEXT, page_index INTEGER, reasons INTEGER NOT NULL,
  need REAL NOT NULL, verdict TEXT, PRIMARY KEY (book_id, page_index)) WITHOUT ROWID;
CREATE INDEX pages_by_need ON pages (need DESC, book_id, page_index);
CREATE INDEX open_pages ON pages (need DESC, book_id, page_index) WHERE verdict IS NULL;
CREATE TABLE verdicts (book_id TEXT, page_index INTEGER, verdict TEXT NOT NULL,
  PRIMARY KEY (book_id, page_index)) WITHOUT ROWID;
CREATE TABLE verdict_files (book_id TEXT PRIMARY KEY, stamp TEXT NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """A page of the queue.

    Attributes:
        need: 0 to 1; the queue begins with the highest.
        verdict: What a person said of it, or None.
    """

    book_id: str
    title: str
    page_index: int
    width: int
    height: int
    reasons: tuple[ReviewReason, ...]
    flags: tuple[PageFlag, ...]
    need: float
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class ReviewCounts:
    """How much there is to review.

    Attributes:
        total, reviewed: Pages of the queue; of these, pages with a verdict.
        reasons: The same two by reason.
        n_books_left: Books that were not looked at yet; ask again.
    """

    total: int
    reviewed: int
    reasons: dict[ReviewReason, tuple[int, int]]
    n_books_left: int


class ReviewQueue:
    """The queue of one open library; any thread may ask."""

    def __init__(self, catalog: Catalog, root: Path) -> None:
        """Get ready; nothing is opened before somebody asks."""
        self._catalog, self._root = catalog, root
        self._lock = threading.Lock()
        self._opened: sqlite3.Connection | None = None
        self._generation = -1
        self._folder_ns = -1
        self._n_left = 0
        self._counted: tuple[tuple[int, int], ReviewCounts] | None = None

    def counts(self) -> ReviewCounts:
        """Count the pages of the queue, all and by reason."""
        with self._current() as connection:
            (version,) = connection.execute("PRAGMA data_version").fetchone()
            key = (version, connection.total_changes)
            if self._counted is None or self._counted[0] != key or self._n_left:
                self._counted = (key, self._count(connection))
            return self._counted[1]

    def items(
        self,
        reason: ReviewReason | None = None,
        *,
        limit: int = 60,
        offset: int = 0,
        with_reviewed: bool = False,
    ) -> tuple[ReviewItem, ...]:
        """List a part of the queue, most needed first.

        Args:
            reason: Only pages with this one; any without.
            limit: At most so many.
            offset: How many to pass over.
            with_reviewed: Also pages that have a verdict.
        """
        with self._current() as connection:
            rows = connection.execute(
                "SELECT book_id, page_index, reasons, need, verdict FROM pages "
                f"WHERE (reasons & ?) {'' if with_reviewed else 'AND verdict IS NULL'} "
                "ORDER BY need DESC, book_id, page_index LIMIT ? OFFSET ?",
                (reason.bit if reason else _ALL, max(limit, 0), max(offset, 0)),
            ).fetchall()
        return self._items(rows)

    def after(
        self, book_id: str, page_index: int, reason: ReviewReason | None = None
    ) -> ReviewItem | None:
        """Return the next page without a verdict, from a page on and then from the beginning.

        The page itself is never the next one.
        """
        mask = reason.bit if reason else _ALL
        sql = (
            "SELECT book_id, page_index, reasons, need, verdict FROM pages WHERE verdict IS NULL "
            "AND (reasons & ?) AND NOT (book_id = ? AND page_index = ?) {} "
            "ORDER BY need DESC, book_id, page_index LIMIT 1"
        )
        here = (book_id, page_index)
        with self._current() as connection:
            own = connection.execute(
                "SELECT need FROM pages WHERE book_id = ? AND page_index = ?", here
            ).fetchone()
            rows = []
            if own is not None:
                rows = connection.execute(
                    sql.format("AND need <= ? AND (need < ? OR (book_id, page_index) > (?, ?))"),
                    (mask, *here, own[0], own[0], *here),
                ).fetchall()
            rows = rows or connection.execute(sql.format(""), (mask, *here)).fetchall()
        found = self._items(rows)
        return found[0] if found else None

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    # ---- inside; the lock is held

    @contextmanager
    def _current(self) -> Iterator[sqlite3.Connection]:
        """Give the queue, in line with the catalog and the corrections as far as time allows."""
        with self._lock:
            if self._opened is None:
                self._opened = self._open()
            try:
                self._update_pages(self._opened)
                self._update_verdicts(self._opened)
                yield self._opened
            except sqlite3.Error as error:
                raise explain(error, self._root / REVIEW_NAME) from error

    def _open(self) -> sqlite3.Connection:
        path = self._root / REVIEW_NAME
        if not self._catalog.read_only:
            try:
                return _connected(str(path))
            except sqlite3.DatabaseError:
                path.unlink(missing_ok=True)  # damaged, and nothing in it but what is made again
            try:
                return _connected(str(path))
            except sqlite3.Error:
                pass  # a full or forbidden disk: the queue itself needs none
        return _connected(":memory:")

    def _update_pages(self, connection: sqlite3.Connection) -> None:
        generation = self._catalog.generation()
        if generation == self._generation and not self._n_left:
            return
        until = time.monotonic() + _BUDGET_S
        with self._catalog.snapshot() as catalog:
            books = {
                book_id: (row, f"{store}.{said}")
                for book_id, row, store, said in catalog.execute(
                    "SELECT book_id, book_row, store_sha256, coalesce(description_sha256, '') "
                    "FROM books WHERE NOT is_missing"
                )
            }
            known = dict(connection.execute("SELECT book_id, version FROM books").fetchall())
            _forget(connection, [b for b in known if b not in books])
            todo = [b for b, (_, version) in books.items() if known.get(b) != version]
            while todo and time.monotonic() < until:
                batch, todo = todo[:_BATCH], todo[_BATCH:]
                rows = {books[b][0]: b for b in batch}
                found = doubtful_pages(catalog, self._root, rows)
                with connection:
                    for row, pages in found.items():
                        _replace(connection, rows[row], books[rows[row]][1], pages)
        self._n_left, self._generation = len(todo), generation

    def _update_verdicts(self, connection: sqlite3.Connection) -> None:
        folder = self._root / CORRECTIONS_NAME
        try:
            changed_ns = folder.stat().st_mtime_ns
        except FileNotFoundError:
            changed_ns = 0
        if changed_ns == self._folder_ns:
            return
        stamps: dict[str, str] = {}
        for book_id in corrected_books(self._root):
            found = (folder / f"{book_id}.json").stat()
            stamps[book_id] = f"{found.st_size} {found.st_mtime_ns} {found.st_ino}"
        known = dict(connection.execute("SELECT book_id, stamp FROM verdict_files").fetchall())
        with connection:
            for book_id in {b for b in (*known, *stamps) if known.get(b) != stamps.get(b)}:
                self._replace_verdicts(connection, book_id, stamps.get(book_id))
        is_settled = time.time_ns() - changed_ns > _SETTLED_NS
        self._folder_ns = changed_ns if is_settled else -1

    def _replace_verdicts(
        self, connection: sqlite3.Connection, book_id: str, stamp: str | None
    ) -> None:
        try:
            said = latest(read_corrections(self._root, book_id)) if stamp else ()
        except LibraryError:  # damaged: `longbox index` says so; what was read before stays
            return
        verdicts = [
            (book_id, c.page_index, word_of(c.field, c.value))
            for c in said
            if c.field is CorrectedField.REVIEW and not c.is_withdrawal
        ]
        connection.execute("DELETE FROM verdicts WHERE book_id = ?", (book_id,))
        connection.executemany("INSERT INTO verdicts VALUES (?, ?, ?)", verdicts)
        connection.execute("DELETE FROM verdict_files WHERE book_id = ?", (book_id,))
        if stamp:
            connection.execute("INSERT INTO verdict_files VALUES (?, ?)", (book_id, stamp))
        _mark(connection, book_id)

    def _count(self, connection: sqlite3.Connection) -> ReviewCounts:
        rows = connection.execute(
            "SELECT reasons, count(*), count(verdict) FROM pages GROUP BY reasons"
        ).fetchall()
        by_reason = {
            reason: (
                sum(n for mask, n, _ in rows if mask & reason.bit),
                sum(done for mask, _, done in rows if mask & reason.bit),
            )
            for reason in ReviewReason
        }
        return ReviewCounts(
            sum(n for _, n, _ in rows), sum(done for _, _, done in rows), by_reason, self._n_left
        )

    def _items(
        self, rows: Sequence[tuple[str, int, int, float, str | None]]
    ) -> tuple[ReviewItem, ...]:
        wanted = json.dumps([[book_id, index] for book_id, index, *_ in rows])
        with self._catalog.guarded() as catalog:
            found = catalog.execute(
                "SELECT b.book_id, g.page_index, b.title, g.width, g.height, "
                "(SELECT group_concat(flag) FROM page_flags f WHERE f.page_row = g.page_row) "
                "FROM json_each(?) w JOIN books b ON b.book_id = json_extract(w.value, '$[0]') "
                "JOIN pages g ON g.book_row = b.book_row "
                "AND g.page_index = json_extract(w.value, '$[1]')",
                (wanted,),
            ).fetchall()
        known = {(book_id, index): rest for book_id, index, *rest in found}
        return tuple(
            ReviewItem(
                book_id,
                known[book_id, index][0],
                index,
                known[book_id, index][1],
                known[book_id, index][2],
                reasons_of(mask),
                flags_of(known[book_id, index][3]),
                need,
                None if verdict is None else Verdict(verdict),
            )
            for book_id, index, mask, need, verdict in rows
            if (book_id, index) in known  # else removed a moment ago
        )


def _connected(where: str) -> sqlite3.Connection:
    connection = sqlite3.connect(where, timeout=_BUSY_S, check_same_thread=False)
    try:
        distrust(connection)
        if foreign_schema(connection) is not None:
            raise sqlite3.DatabaseError("it holds a trigger or view that no Longbox made")
        if where != ":memory:":
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA wal_autocheckpoint = 100")  # pages; it is small
        if connection.execute("PRAGMA user_version").fetchone()[0] != _FORMAT:
            connection.executescript(_SCHEMA)
            connection.execute(f"PRAGMA user_version = {_FORMAT}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _replace(
    connection: sqlite3.Connection, book_id: str, version: str, pages: Sequence[DoubtfulPage]
) -> None:
    connection.execute("DELETE FROM pages WHERE book_id = ?", (book_id,))
    connection.executemany(
        "INSERT INTO pages VALUES (?, ?, ?, ?, NULL)",
        [(book_id, p.page_index, p.reasons, p.need) for p in pages],
    )
    connection.execute("INSERT OR REPLACE INTO books VALUES (?, ?)", (book_id, version))
    _mark(connection, book_id)


def _forget(connection: sqlite3.Connection, gone: Sequence[str]) -> None:
    if not gone:
        return
    with connection:
        for table in ("books", "pages"):
            connection.execute(
                f"DELETE FROM {table} WHERE book_id IN (SELECT value FROM json_each(?))",
                (json.dumps(list(gone)),),
            )


def _mark(connection: sqlite3.Connection, book_id: str) -> None:
    """Bring the verdicts of a book's pages in the queue in line with what people said."""
    connection.execute(
        "UPDATE pages SET verdict = (SELECT verdict FROM verdicts v WHERE "
        "v.book_id = pages.book_id AND v.page_index = pages.page_index) WHERE book_id = ?",
        (book_id,),
    )
