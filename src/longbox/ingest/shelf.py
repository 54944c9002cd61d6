"""From the files and folders that a person names to comic files, and quick change detection.

A folder is walked to its bottom. Comic files in it are books; a folder that directly holds
pictures is a book too, also when it holds comic files or further folders. So a "Series" with
"Chapter 1/*.jpg" and so on gives one book a chapter. Hidden files and what operating systems leave
behind are passed over. Symbolic links are followed, each real folder and file is taken once, so
loops end.

Nothing here fails because of one bad path: what cannot be listed or does not exist is returned as
it is, and open_book says what is wrong with it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from longbox.book import FileStamp
from longbox.errors import IngestError
from longbox.ingest.folders import holds_pictures, plain_file
from longbox.ingest.naming import is_comic_name, is_junk, is_page_name, natural_order, printable

_LATER_VOLUME = re.compile(r"\.part(?!0*1\.)[0-9]+\.rar$", re.IGNORECASE)
_COMICINFO = "comicinfo.xml"


def find_books(paths: Sequence[Path]) -> list[Path]:
    """Return the comic files and picture folders that paths lead to.

    Args:
        paths: Files, which are taken as they are, and folders, which are walked.

    Returns:
        Books in natural order within each given path, in the order given, each one once.
    """
    books: list[Path] = []
    taken: set[tuple[int, int]] = set()
    for path in paths:
        if path.is_dir():
            found = _walk(path, taken)
            books.extend(sorted(found, key=_order_below(path)))
        elif _take(path, taken):
            books.append(path)
    return books


def _order_below(root: Path) -> Callable[[Path], tuple[object, str]]:
    return lambda book: natural_order(book.relative_to(root).as_posix())


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_dev, facts.st_ino


def _take(path: Path, taken: set[tuple[int, int]]) -> bool:
    """Mark a file or folder as taken; False when it already was."""
    identity = _identity(path)
    if identity is None:
        return True
    if identity in taken:
        return False
    taken.add(identity)
    return True


def _walk(root: Path, taken: set[tuple[int, int]]) -> list[Path]:
    books: list[Path] = []
    pending = [root]
    whole = root.resolve()
    while pending:
        folder = pending.pop()
        if not _take(folder, taken):
            continue
        try:
            with os.scandir(folder) as items:
                entries = sorted(items, key=lambda item: natural_order(item.name))
        except OSError:
            books.append(folder)
            continue
        names: list[str] = []
        subfolders: list[Path] = []
        for entry in entries:
            if is_junk(entry.name) or _leads_up(entry, whole):
                continue
            if _is_folder(entry):
                subfolders.append(folder / entry.name)
            else:
                names.append(entry.name)
        if holds_pictures(names):
            books.append(folder)
        comics = [name for name in names if is_comic_name(name) and not _LATER_VOLUME.search(name)]
        books.extend(folder / name for name in comics if _take(folder / name, taken))
        pending.extend(reversed(subfolders))
    return books


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _leads_up(entry: os.DirEntry[str], root: Path) -> bool:
    """Say whether a link leads to the walked folder or to one that holds it.

    People arrange shelves with links, so these are followed; but one to `/` or `..` that came with
    a download would make the whole disk part of the shelf.
    """
    if not entry.is_symlink() or not _is_folder(entry):
        return False
    return root.is_relative_to(Path(entry.path).resolve())


def stamp(path: Path) -> FileStamp:
    """Return what tells a changed comic from an unchanged one, without reading it.

    Args:
        path: A comic file, or a folder of pictures, whose own pictures and ComicInfo.xml count.

    Raises:
        IngestError: It does not exist or may not be read.
    """
    try:
        if not path.is_dir():
            facts = path.stat()
            return FileStamp(facts.st_size, facts.st_mtime_ns)
        return _folder_stamp(path)
    except OSError as error:
        reason = f"cannot be read ({error.strerror}); check that it is there"
        raise IngestError(f"{printable(str(path))}: {reason}") from error


def _folder_stamp(path: Path) -> FileStamp:
    size_bytes = newest_ns = n_files = 0
    root: Path | None = None
    with os.scandir(path) as entries:
        for entry in entries:
            is_page = is_page_name(entry.name)
            if not is_page and entry.name.lower() != _COMICINFO:
                continue
            if entry.is_symlink():
                root = root or path.resolve()
                facts = plain_file(Path(entry.path), root)
                if facts is None:
                    continue
            elif entry.is_file():
                facts = entry.stat()
            else:
                continue
            newest_ns = max(newest_ns, facts.st_mtime_ns)
            if is_page:
                size_bytes += facts.st_size
                n_files += 1
    return FileStamp(size_bytes, newest_ns, n_files)
