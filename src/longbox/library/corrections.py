"""What people put right: `corrections/<book_id>.json`, the one thing that nothing can remake.

One file a book, all of its corrections, oldest first. A file is only ever replaced by one that
holds the same corrections and more, written beside it, synced and renamed; so it is there whole,
any worker on any machine can read it without a lock, and it outlives the catalog. Two writers
take turns through an advisory lock of the system, which a killed process lets go of by itself.

A file that cannot be read is an error and never taken for "no corrections": it would cost a
person's work. It says the SHA-256 of what it holds, because a flipped bit in a number would still
be a number; files of older versions say none, and one that is mended by hand need say none.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from longbox.correction import (
    CorrectedField,
    Correction,
    canonical_value,
    check_correction,
    correction_of,
    record_of,
)
from longbox.errors import DiskError, LibraryError, NewerFormatError
from longbox.library.catalog import Catalog
from longbox.library.locks import NO_LOCKS, take_lock
from longbox.library.stores import disk_errors, partial_path, store_path, sync_folder

CORRECTIONS_NAME: Final = "corrections"
CORRECTIONS_FORMAT: Final = 2
# What a file is, so that a Longbox that knows no verdicts still reads one without any.
_FORMAT_WITHOUT_REVIEW: Final = 1
_SUFFIX: Final = ".json"
_LOCK_NAME: Final = ".lock"
_MOST_BYTES: Final = 256 * 2**20

Check = Callable[[tuple[Correction, ...]], None]


def corrections_path(root: Path, book_id: str) -> Path:
    """Return where a book's corrections are.

    Raises:
        LibraryError: The id is not 16 hex digits.
    """
    store_path(root, book_id)  # refuses what is no book id
    return root / CORRECTIONS_NAME / f"{book_id}{_SUFFIX}"


def corrected_books(root: Path) -> tuple[str, ...]:
    """Return the ids of all books that have corrections, also of books that are gone."""
    folder = root / CORRECTIONS_NAME
    with disk_errors(folder):
        names = [p.stem for p in folder.iterdir()] if folder.is_dir() else []
    return tuple(sorted(n for n in names if len(n) == 16 and set(n) <= set("0123456789abcdef")))


def read_corrections(root: Path, book_id: str) -> tuple[Correction, ...]:
    """Return all corrections of a book, oldest first; needs no open library.

    Raises:
        LibraryError: The file is damaged or of a newer format.
    """
    path = corrections_path(root, book_id)
    return tuple(_correction(path, book_id, record) for record in _records(path, book_id))


def add_corrections(
    root: Path, corrections: Sequence[Correction], check: Check | None = None
) -> int:
    """Keep corrections behind what is there; on the disk when this returns.

    Nothing is written when one of them is unusable. A correction that is there already, to the
    letter, is not added again.

    Args:
        root: The library's folder.
        corrections: Of any books, oldest first.
        check: Given each book's corrections as they are when nobody else can write; raises what
            forbids the new ones.

    Returns:
        How many were new.

    Raises:
        LibraryError: One is unusable, a file is damaged, or the disk refuses.
    """
    by_book: dict[str, list[Correction]] = defaultdict(list)
    for correction in corrections:
        path = corrections_path(root, correction.book_id)
        try:
            check_correction(correction)
        except (ValueError, OverflowError) as error:
            raise LibraryError(
                f"{path.name}: a correction of {correction.field} is unusable: {error}"
            ) from error
        by_book[correction.book_id].append(correction)
    if not by_book:
        return 0
    n_new = 0
    with writers_turn(root):
        if check is not None:
            for book_id in by_book:
                check(read_corrections(root, book_id))
        for book_id, items in by_book.items():
            n_new += _append(root, book_id, items)
    return n_new


def _append(root: Path, book_id: str, corrections: Sequence[Correction]) -> int:
    path = corrections_path(root, book_id)
    old = _records(path, book_id)
    seen = {_key(record) for record in old}
    new: list[dict[str, Any]] = []
    for correction in corrections:
        record = record_of(correction)
        if _key(record) not in seen:
            seen.add(_key(record))
            new.append(record)
    if new:
        _write(root, book_id, [*old, *new])
    return len(new)


def _write(root: Path, book_id: str, records: list[dict[str, Any]]) -> None:
    has_review = any(record.get("field") == CorrectedField.REVIEW for record in records)
    whole = {
        "format": CORRECTIONS_FORMAT if has_review else _FORMAT_WITHOUT_REVIEW,
        "kind": "longbox corrections",
        "book_id": book_id,
        "sha256": digest_of(records),
        "corrections": records,
    }
    replace_file(root, corrections_path(root, book_id), _lines(whole, "corrections"))


def _lines(whole: dict[str, Any], name: str) -> bytes:
    """Return JSON with a line for each record.

    A book may have hundreds, and each save writes them anew: indenting takes several times as long.
    """
    head = [
        f" {json.dumps(key)}: {json.dumps(value)}" for key, value in whole.items() if key != name
    ]
    records = ",\n".join(f"  {json.dumps(record)}" for record in whole[name])
    return ("{\n" + ",\n".join([*head, f' "{name}": [\n{records}\n ]']) + "\n}\n").encode("ascii")


def replace_damaged_corrections(root: Path, book_id: str) -> int:
    """Put what can be read of a damaged file in its place; return how many corrections that is.

    In the turn of the writer alone, and after the damaged file was kept elsewhere.

    Raises:
        LibraryError: The file cannot be read at all, or the disk refuses; it is as it was.
    """
    records = {_key(record): record for record in map(record_of, _salvaged(root, book_id))}
    _write(root, book_id, list(records.values()))
    return len(records)


def _correction(path: Path, book_id: str, record: dict[str, Any]) -> Correction:
    try:
        return correction_of(book_id, record)
    except ValueError as error:
        raise _damaged(path, str(error)) from error


def _records(path: Path, book_id: str) -> list[dict[str, Any]]:
    try:
        size_bytes = path.stat().st_size
        if size_bytes > _MOST_BYTES:
            raise _damaged(path, f"it has {size_bytes / 2**20:,.0f} MiB")
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DiskError(
            f"{path}: cannot be read ({error.strerror}); check the disk and run again"
        ) from error
    try:
        whole = json.loads(data)
        if int(whole["format"]) > CORRECTIONS_FORMAT:
            raise NewerFormatError(f"{path}: made by a newer Longbox; upgrade Longbox")
        records, owner = whole["corrections"], whole["book_id"]
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise _damaged(path, str(error)) from error
    if owner != book_id or not isinstance(records, list):
        raise _damaged(path, f"it is no list of corrections of {book_id}")
    require_digest(path, whole, records)
    return records


def digest_of(records: Any) -> str:
    """Return the SHA-256 that a file of what people typed says of its records."""
    plain = json.dumps(records, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode("ascii")).hexdigest()


def require_digest(path: Path, whole: dict[str, Any], records: Any) -> None:
    """Refuse records that are not what was written; a file that says no digest is taken as it is.

    Raises:
        LibraryError: They differ.
    """
    said = whole.get("sha256")
    if said is not None and said != digest_of(records):
        raise LibraryError(
            f"{path}: its checksum does not fit; put back a copy of the file, or, where you "
            'changed it yourself, take its line "sha256" out'
        )


def _salvaged(root: Path, book_id: str) -> tuple[Correction, ...]:
    """Return what can still be read of a book's damaged corrections, oldest first."""
    path = corrections_path(root, book_id)
    with disk_errors(path):
        text = path.read_bytes().decode("utf-8", "replace")
    found: list[Correction] = []
    decoder, at = json.JSONDecoder(), text.find("[")
    while (at := text.find("{", at + 1)) > 0:
        try:
            record, end = decoder.raw_decode(text, at)
            correction = correction_of(book_id, record)
            check_correction(correction)
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            continue
        found.append(correction)
        at = end - 1
    return tuple(found)


def _damaged(path: Path, reason: str) -> LibraryError:
    reason = " ".join(reason.split())[:200]
    return LibraryError(
        f"{path}: damaged corrections ({reason}); put back a copy of the file, or move it away to "
        "go on without these corrections"
    )


def _key(record: dict[str, Any]) -> str:
    return json.dumps(record, sort_keys=True)


def replace_file(root: Path, path: Path, data: bytes) -> None:
    """Put a file of what people typed in the place of the one before; on the disk on return."""
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = partial_path(root, path.name)
        try:
            with partial.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        sync_folder(path.parent)


def take_over_rows(catalog: Catalog, root: Path) -> None:
    """Move what an older version kept in the catalog's table into files.

    Rows leave the table only when the files are on the disk; a row that is no correction of today
    stays where it is.
    """
    with catalog.guarded() as connection:
        rows = connection.execute(
            "SELECT correction_id, book_id, page_index, panel_order, field, value, made_at "
            "FROM corrections ORDER BY correction_id"
        ).fetchall()
    moved: list[int] = []
    corrections: list[Correction] = []
    for row_id, book_id, page_index, panel, field, value, made_at in rows:
        try:
            found = Correction(
                book_id, page_index, CorrectedField(field), canonical_value(value), made_at
            )
            corrections_path(root, book_id)
            check_correction(found)
        except (ValueError, TypeError, LibraryError):
            continue
        if panel is None:
            corrections.append(found)
            moved.append(row_id)
    if moved:
        add_corrections(root, corrections)
        with catalog.transaction(is_precious=True) as connection:
            connection.executemany(
                "DELETE FROM corrections WHERE correction_id = ?", [(row_id,) for row_id in moved]
            )


@contextmanager
def _lock_errors(folder: Path) -> Iterator[None]:
    """Say it where a disk has no locks at all: it is not its space or permissions."""
    try:
        yield
    except DiskError as error:
        cause = error.__cause__
        if not isinstance(cause, OSError) or cause.errno not in NO_LOCKS:
            raise
        raise DiskError(
            f"{folder}: this disk has no locks (a network folder?); put the library on a local disk"
        ) from error


@contextmanager
def writers_turn(root: Path) -> Iterator[None]:
    """Let one writer at a time add corrections; the system frees the lock of a killed one."""
    folder = root / CORRECTIONS_NAME
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / _LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        with _lock_errors(folder), disk_errors(folder):
            take_lock(handle, waits=True)
        yield
    finally:
        os.close(handle)
