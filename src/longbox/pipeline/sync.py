"""Files that moved, went away or came back, without reading what did not change.

A missing file's book stays in the library, hidden from search, until one of two things brings it
back: the file returns, or a file with the same pages is found elsewhere. Only files that the
library does not know are opened to look for it, and only while a book is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from longbox.config import Config
from longbox.errors import ComicError, IngestError
from longbox.ingest import open_book, stamp
from longbox.library import Library
from longbox.pipeline.shelf import shelf_books, stored_name


@dataclass(frozen=True, slots=True)
class SyncOutcome:
    """What changed on the shelf.

    Attributes:
        missing: Paths that are newly gone and were found nowhere else.
        returned: Paths that are back.
        moved: (old path, new path) of books found elsewhere by their contents.
        n_new: Comic files in the folders that the library does not hold.
    """

    missing: tuple[str, ...]
    returned: tuple[str, ...]
    moved: tuple[tuple[str, str], ...]
    n_new: int


def sync_library(library: Library, config: Config, paths: Sequence[Path] = ()) -> SyncOutcome:
    """Bring the library's file list in line with the disk.

    Args:
        library: The library.
        config: Settings for opening files.
        paths: Where to look for moved files; by default the folders of all known files.

    Returns:
        What changed.

    Raises:
        IngestError: A path to look in does not exist.
    """
    for path in paths:
        if not path.exists():
            raise IngestError(f"{path}: there is no such file or folder; check the path")
    report = library.sync()
    known = library.known_files()
    gone = {
        file.book_id: path
        for path, file in known.items()
        if file.book_id is not None and not Path(path).exists()
    }
    folders = list(paths) or sorted({Path(path).parent for path in known})
    there = shelf_books([folder for folder in folders if folder.exists()])
    unknown = [path for path in there if stored_name(path) not in known]
    moved: list[tuple[str, str]] = []
    for path in unknown if gone else []:
        try:
            with open_book(path, config.ingest) as opened:
                book_id = opened.book.book_id
        except ComicError:
            # Not a book we know; `longbox index` will say what is wrong with it.
            continue
        if book_id in gone:
            old = gone.pop(book_id)
            library.merge_book(book_id, str(path), stamp(path))
            library.forget_file(old)
            moved.append((old, str(path)))
    relocated = {old for old, _ in moved}
    missing = tuple(p for p in report.missing if p not in relocated)
    return SyncOutcome(missing, report.returned, tuple(moved), len(unknown) - len(moved))
