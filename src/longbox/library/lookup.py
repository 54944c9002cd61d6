"""What the catalog knows of a panel, and how much it holds in all."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from longbox.book import Direction, PageType, PanelId
from longbox.errors import QueryError
from longbox.geometry import Box
from longbox.library.catalog import CATALOG_NAME, FORMAT, path_from_sql
from longbox.library.description_stores import DESCRIPTIONS_NAME
from longbox.library.flagging import flag_counts, flags_of
from longbox.library.learned import answering_fingerprints, answering_model, lacking
from longbox.library.learned_stores import model_folders
from longbox.library.ledger import problems
from longbox.library.merging import confidence_of
from longbox.library.records import LibraryStatus, PageFile, PanelRecord, SpaceStatus
from longbox.library.stores import BOOKS_NAME
from longbox.vectors import Space

_RECORD_SQL = """
SELECT p.row, b.book_id, g.page_index, p.panel_order, b.title,
  coalesce((SELECT path FROM files f WHERE f.book_id = b.book_id
            ORDER BY f.is_missing, f.path LIMIT 1), ''),
  p.x0, p.y0, p.x1, p.y1, coalesce(t.text, ''), g.width, g.height, g.page_type, b.language,
  b.direction, b.series, b.year, g.picture_hash, g.is_spread, b.is_missing,
  coalesce(d.text, ''), substr(b.text_confidence, p.row - b.first_row + 1, 1),
  (SELECT group_concat(flag) FROM page_flags f WHERE f.page_row = g.page_row)
FROM json_each(?) wanted
JOIN panels p ON p.row = wanted.value
JOIN pages g ON g.page_row = p.page_row
JOIN books b ON b.book_row = g.book_row
LEFT JOIN panel_text t ON t.row = p.row
LEFT JOIN panel_descriptions d ON d.row = p.row
"""


def panel_records(connection: sqlite3.Connection, rows: Sequence[int]) -> list[PanelRecord]:
    """Return what is known of panels, in the order asked; rows that are gone are left out."""
    wanted = json.dumps([int(row) for row in rows])
    found = {row[0]: _record(row) for row in connection.execute(_RECORD_SQL, (wanted,))}
    return [found[row] for row in rows if row in found]


def panel_row(connection: sqlite3.Connection, panel_id: PanelId) -> int:
    """Return a panel's row.

    Raises:
        QueryError: There is no such panel.
    """
    found = connection.execute(
        "SELECT p.row FROM books b JOIN pages g USING (book_row) JOIN panels p "
        "ON p.row >= g.first_row AND p.row < g.first_row + g.n_panels "
        "WHERE b.book_id = ? AND g.page_index = ? AND p.panel_order = ?",
        (panel_id.book_id, panel_id.page_index, panel_id.panel),
    ).fetchone()
    if found is None:
        raise QueryError(f"{panel_id}: no such panel in this library; `longbox search` shows ids")
    return int(found[0])


def page_rows(connection: sqlite3.Connection, book_id: str, page_index: int) -> range:
    """Return the rows of a page's panels in reading order; empty when there is no such page."""
    found = connection.execute(
        "SELECT g.first_row, g.n_panels FROM books b JOIN pages g USING (book_row) "
        "WHERE b.book_id = ? AND g.page_index = ?",
        (book_id, page_index),
    ).fetchone()
    return range(0) if found is None else range(found[0], found[0] + found[1])


def page_file(connection: sqlite3.Connection, book_id: str, page_index: int) -> PageFile:
    """Return where a page's picture is.

    Raises:
        QueryError: There is no such page.
    """
    found = connection.execute(
        "SELECT coalesce((SELECT path FROM files f WHERE f.book_id = b.book_id "
        "ORDER BY f.is_missing, f.path LIMIT 1), ''), g.width, g.height, g.digest "
        "FROM books b JOIN pages g USING (book_row) WHERE b.book_id = ? AND g.page_index = ?",
        (book_id, page_index),
    ).fetchone()
    if found is None:
        raise QueryError(f"{book_id}: no page {page_index + 1} of such a book in this library")
    file, width, height, digest = found
    return PageFile(book_id, page_index, path_from_sql(file), width, height, digest)


def status(connection: sqlite3.Connection, root: Path) -> LibraryStatus:
    """Count what the library holds."""
    books, pages, panels, missing = connection.execute(
        "SELECT count(*), coalesce(sum(n_pages), 0), coalesce(sum(n_panels), 0), "
        "coalesce(sum(is_missing), 0) FROM books"
    ).fetchone()
    failed, index_bytes = connection.execute(
        "SELECT (SELECT count(*) FROM files WHERE is_failed), "
        "(SELECT coalesce(sum(size_bytes), 0) FROM segments)"
    ).fetchone()
    catalog_files = (root / f"{CATALOG_NAME}{suffix}" for suffix in ("", "-wal"))
    folders = (root / BOOKS_NAME, root / DESCRIPTIONS_NAME, *model_folders(root))
    stores = [path for folder in folders if folder.is_dir() for path in folder.iterdir()]
    described, unfit, unfinished = connection.execute(
        "SELECT coalesce(sum(is_done AND is_fitting), 0), "
        "coalesce(sum(is_done AND NOT is_fitting), 0), "
        "coalesce(sum(NOT is_done), 0) FROM page_descriptions"
    ).fetchone()
    (flagged,) = connection.execute("SELECT count(DISTINCT page_row) FROM page_flags").fetchone()
    model = answering_model(connection)
    return LibraryStatus(
        format=FORMAT,
        books=books,
        pages=pages,
        panels=panels,
        missing_books=missing,
        failed_files=failed,
        problems=problems(connection),
        spaces=_space_statuses(connection),
        catalog_bytes=sum(path.stat().st_size for path in catalog_files if path.exists()),
        stores_bytes=sum(path.stat().st_size for path in stores),
        index_bytes=index_bytes,
        described_pages=described,
        unfit_descriptions=unfit,
        unfinished_descriptions=unfinished,
        flagged_pages=flagged,
        flags=flag_counts(connection),
        model=model,
        unembedded_books=0 if model is None else len(lacking(connection, model)),
    )


def _space_statuses(connection: sqlite3.Connection) -> tuple[SpaceStatus, ...]:
    rows = connection.execute(
        "SELECT s.space, s.fingerprint, max(s.dimension), sum(s.n_vectors), "
        "sum(s.n_vectors * EXISTS (SELECT 1 FROM segment_books sb JOIN segments g "
        "USING (segment_id) WHERE sb.book_row = s.book_row AND g.space = s.space "
        "AND g.fingerprint = s.fingerprint)) "
        "FROM book_spaces s WHERE s.model IS NULL "
        "OR s.fingerprint IN (SELECT value FROM json_each(?)) "
        "GROUP BY s.space, s.fingerprint ORDER BY s.space, 4 DESC, s.fingerprint",
        (json.dumps(answering_fingerprints(connection)),),
    )
    return tuple(SpaceStatus(Space(space), *rest) for space, *rest in rows)


def _record(row: tuple[Any, ...]) -> PanelRecord:
    found, book_id, page, order, title, file, x0, y0, x1, y1, text, width, height, kind, *rest = row
    language, direction, series, year, picture_hash, is_spread, is_missing, *more = rest
    description, confidence, flags = more
    return PanelRecord(
        row=found,
        panel_id=PanelId(book_id, page, order),
        book_id=book_id,
        title=title,
        file=path_from_sql(file),
        page_index=page,
        panel=order,
        box=Box(x0, y0, x1, y1),
        text=text,
        page_width=width,
        page_height=height,
        page_type=PageType(kind),
        language=language,
        direction=Direction(direction),
        series=series,
        year=year,
        picture_hash=picture_hash,
        is_spread=bool(is_spread),
        is_missing=bool(is_missing),
        description=description,
        text_confidence=confidence_of(confidence[0]) if confidence else None,
        flags=flags_of(flags),
    )
