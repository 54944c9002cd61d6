"""The pages that deserve a person's look, and what the catalog alone says of all pages."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from longbox.book import AnnotatedBook, AnnotatedPage, Page, PageFlag, PageLabel, PageType
from longbox.library.catalog import path_from_sql
from longbox.library.merging import load_book
from longbox.library.records import FlaggedPage


def flagged_pages(
    connection: sqlite3.Connection, flags: Sequence[PageFlag] = ()
) -> tuple[FlaggedPage, ...]:
    """Return the pages that have any of these flags, by file and page; all flags without any."""
    wanted = set(flags) or set(PageFlag)
    marks = ", ".join("?" * len(wanted))
    rows = connection.execute(
        "SELECT b.book_id, b.title, coalesce((SELECT path FROM files f WHERE "
        "f.book_id = b.book_id ORDER BY f.is_missing, f.path LIMIT 1), ''), g.page_index, "
        "b.n_pages, g.page_type, (SELECT group_concat(flag) FROM page_flags a "
        "WHERE a.page_row = g.page_row) FROM pages g JOIN books b USING (book_row) "
        f"WHERE g.page_row IN (SELECT page_row FROM page_flags WHERE flag IN ({marks}))",
        sorted(flag.value for flag in wanted),
    )
    found = [
        FlaggedPage(
            book_id, title, path_from_sql(file), index, n_pages, PageType(kind), flags_of(said)
        )
        for book_id, title, file, index, n_pages, kind, said in rows
    ]
    return tuple(sorted(found, key=lambda page: (page.file, page.book_id, page.page_index)))


def outlines(connection: sqlite3.Connection) -> tuple[AnnotatedBook, ...]:
    """Return every book with its pages' sizes, labels and flags, and nothing on the pages."""
    pages: dict[int, list[AnnotatedPage]] = {}
    for (
        book_row,
        index,
        digest,
        width,
        height,
        kind,
        sure,
        source,
        look,
        spread,
        said,
    ) in connection.execute(
        "SELECT book_row, page_index, digest, width, height, page_type, label_confidence, "
        "label_source, picture_hash, is_spread, (SELECT group_concat(flag) FROM page_flags f "
        "WHERE f.page_row = g.page_row) FROM pages g ORDER BY book_row, page_index"
    ):
        page = Page(index, "", digest, width, height)
        label = PageLabel(PageType(kind), sure, source)
        flags = flags_of(said)
        pages.setdefault(book_row, []).append(
            AnnotatedPage(page, (), (), label, look, bool(spread), flags)
        )
    books = connection.execute("SELECT book_row, book_json FROM books ORDER BY book_id").fetchall()
    found = []
    for book_row, said in books:
        seen = tuple(pages.get(book_row, ()))
        book = replace(load_book(said), pages=tuple(page.page for page in seen))
        found.append(AnnotatedBook(book, seen))
    return tuple(found)


def flag_counts(connection: sqlite3.Connection) -> tuple[tuple[PageFlag, int], ...]:
    """Return how many pages have each flag that occurs, in the order of PageFlag."""
    rows = connection.execute("SELECT flag, count(*) FROM page_flags GROUP BY flag")
    counts = dict(rows.fetchall())
    return tuple((flag, counts[flag.value]) for flag in PageFlag if flag.value in counts)


def flags_of(said: str | None) -> tuple[PageFlag, ...]:
    """Return flags that SQL joined with commas, in the order of PageFlag."""
    names = set((said or "").split(","))
    return tuple(flag for flag in PageFlag if flag.value in names)
