"""Books of a library written for other programs.

Everything is written into a hidden folder beside its place first, book by book, and moved there at
the end, file by file where the target is there already: a run that fails or is stopped before that
leaves the target as it was. Files are named as the comic,
so that readers find them beside it; of two comics of one name the second carries its book id.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from longbox.correction import record_of
from longbox.errors import LibraryError, QueryError
from longbox.interchange import FORMATS, file_stem
from longbox.library import Library, corrected_books, read_corrections
from longbox.page_types import to_comicinfo

Tell = Callable[[int, int], None]
_FORBIDDEN = '<>:"/\\|?*'
_LONGEST_BYTES = 180


def export_books(
    library: Library,
    format_name: str,
    target: Path,
    book_ids: Sequence[str],
    tell: Tell,
    *,
    replaces: bool = False,
) -> list[Path]:
    """Write a sidecar of every book into a folder: all of them, or none.

    Args:
        library: Where the books are.
        format_name: One of `longbox.interchange.FORMATS`.
        target: The folder; made when it is not there.
        book_ids: Which books.
        tell: Told how many are done of how many.
        replaces: Overwrite files that are there.

    Returns:
        The files, in the order of the books.

    Raises:
        LibraryError: A file is there already, a book cannot be read, or the disk refuses.
    """
    chosen = FORMATS[format_name]
    taken: set[str] = set()
    names: list[str] = []
    with _whole(target) as folder:
        for done, book_id in enumerate(book_ids):
            annotated = library.annotated_book(book_id)
            name = _name(file_stem(annotated.book), book_id, chosen.suffix, taken)
            _require_free(target / name, replaces=replaces)
            (folder / name).write_bytes(chosen.write(annotated, to_comicinfo))
            names.append(name)
            tell(done + 1, len(book_ids))
        _move(folder, target, names)
    return [target / name for name in names]


def export_corrections(
    library: Library, target: Path, book_ids: Sequence[str] | None, *, replaces: bool = False
) -> int:
    """Write corrections as JSON lines, oldest first within a book: a backup, and training data.

    Args:
        library: Where they are.
        target: The file.
        book_ids: Of which books; of all, also of books that are gone, when None.
        replaces: Overwrite a file that is there.

    Returns:
        How many.

    Raises:
        LibraryError: The file is there already, corrections are damaged, or the disk refuses.
    """
    _require_free(target, replaces=replaces)
    lines = list(correction_lines(library, book_ids))
    with _whole(target.parent) as folder:
        (folder / target.name).write_bytes(b"".join(lines))
        _move(folder, target.parent, [target.name])
    return len(lines)


def correction_lines(library: Library, book_ids: Sequence[str] | None) -> Iterator[bytes]:
    """Yield corrections as JSON lines, a book at a time, oldest first within it.

    Args:
        library: Where they are.
        book_ids: Of which books; of all, also of books that are gone, when None.

    Raises:
        LibraryError: Corrections are damaged.
    """
    chosen = corrected_books(library.root) if book_ids is None else tuple(book_ids)
    for book_id in chosen:
        for correction in read_corrections(library.root, book_id):
            record = {"book_id": book_id, **record_of(correction)}
            line = json.dumps(record, ensure_ascii=False)
            yield f"{line}\n".encode("utf-8", "backslashreplace")


def find_books(library: Library, wanted: Sequence[str], gone: Sequence[str] = ()) -> list[str]:
    """Return the books that people named: by id, by the start of an id, or by their file.

    Args:
        library: Where they are.
        wanted: The names; all books of the library when empty.
        gone: Ids that may be named too although the library has no such book now.

    Raises:
        QueryError: One names no book, or several.
    """
    ids = library.book_ids()
    if not wanted:
        return list(ids)
    by_path = {path: known.book_id for path, known in library.known_files().items()}
    found: list[str] = []
    for name in wanted:
        path = os.path.normpath(_without_tilde(name).absolute())
        matches = {b for p, b in by_path.items() if b is not None and p == path}
        matches |= {b for b in (*ids, *gone) if len(name) >= 4 and b.startswith(name.lower())}
        if len(matches) != 1:
            what = "no book" if not matches else f"{len(matches)} books"
            raise QueryError(f"{name}: {what} of this library; name its book id or its file")
        found += matches
    return list(dict.fromkeys(found))


def _without_tilde(name: str) -> Path:
    try:
        return Path(name).expanduser()
    except RuntimeError:  # there is no such user: a file may be called so
        return Path(name)


def _require_free(target: Path, *, replaces: bool) -> None:
    if target.is_dir():
        raise LibraryError(f"{target}: is a folder; move it away or write elsewhere")
    if target.exists() and not replaces:
        raise LibraryError(f"{target}: already there; --force replaces it")


@contextmanager
def _whole(target: Path) -> Iterator[Path]:
    """Give a folder to write in that is gone afterwards, whatever happens."""
    if target.exists() and not target.is_dir():
        raise LibraryError(f"{target}: is a file; name a folder")
    where = target if target.is_dir() else target.absolute().parent
    folder = where / f".longbox-{uuid.uuid4().hex[:8]}.partial"
    try:
        folder.mkdir(parents=True)
        yield folder
    except OSError as error:
        reason = error.strerror or str(error)
        raise LibraryError(f"{target}: {reason}; check its space and permissions") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _move(folder: Path, target: Path, names: Sequence[str]) -> None:
    if not target.exists():
        folder.rename(target)
        return
    for name in names:
        (folder / name).replace(target / name)


def _name(stem: str, book_id: str, suffix: str, taken: set[str]) -> str:
    """Return a file name that every system takes, used once in this export."""
    clean = "".join("_" if c in _FORBIDDEN or not c.isprintable() else c for c in stem)
    clean = clean.encode()[:_LONGEST_BYTES].decode("utf-8", "ignore").rstrip(". ") or book_id
    if clean.casefold() in taken:
        clean = f"{clean} ({book_id})"
    taken.add(clean.casefold())
    return f"{clean}{suffix}"
