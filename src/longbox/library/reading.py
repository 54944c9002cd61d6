"""A store read as it is at one moment, and what cannot be read moved out of the way.

Nothing that is moved to `damaged/` replaces what was moved there before, and what is only
unreadable today (the disk refuses, or a newer Longbox made it) is not moved at all.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from itertools import count
from pathlib import Path
from typing import Final

from longbox.errors import DiskError, LibraryError, NewerFormatError
from longbox.library.records import BookStore
from longbox.library.stores import (
    BOOKS_NAME,
    disk_errors,
    parse_book_store,
    partial_path,
    read_store_bytes,
    sync_folder,
)

DAMAGED_NAME: Final = "damaged"


def read_store_with_digest(path: Path) -> tuple[BookStore, str]:
    """Read a book's store and the SHA-256 of its bytes."""
    data = read_store_bytes(path)  # once: another process may replace it at any moment
    return parse_book_store(path, data), hashlib.sha256(data).hexdigest()


def is_damage(error: LibraryError) -> bool:
    """Say whether a store that raised this is damaged, and may be made again."""
    return not isinstance(error, DiskError | NewerFormatError)


def move_damaged(root: Path, path: Path, error: LibraryError | None = None) -> Path | None:
    """Move a store that cannot be read out of the way, so that it is made again.

    Args:
        root: The library's folder.
        path: The store.
        error: What reading it raised; where that is no damage, the store stays.

    Returns:
        Where it is now; None where nothing was moved.
    """
    if error is not None and not is_damage(error):
        return None
    folder = root / DAMAGED_NAME
    if path.parent.name != BOOKS_NAME:
        folder /= path.parent.name  # a book's two stores have one file name
    with disk_errors(path):
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            return None
        target = free_name(folder / path.name)
        path.replace(target)
    return target


def move_aside(root: Path, path: Path) -> Path:
    """Move a file of a library into `damaged/`, under its own name; return where it is now.

    Raises:
        LibraryError: The disk refuses.
    """
    with disk_errors(path):
        target = _place_aside(root, path)
        path.replace(target)
    return target


def keep_aside(root: Path, path: Path) -> Path:
    """Give a file a second name in `damaged/`, so that its place can be taken in one step.

    It stays where it is: who is killed before the place is taken has hidden nothing.

    Raises:
        LibraryError: The disk refuses.
    """
    with disk_errors(path):
        target = _place_aside(root, path)
        try:
            os.link(path, target)
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            partial = partial_path(root, path.name)
            try:
                shutil.copy2(path, partial)
                partial.replace(target)
            finally:
                partial.unlink(missing_ok=True)
        sync_folder(target.parent)
    return target


def _place_aside(root: Path, path: Path) -> Path:
    target = root / DAMAGED_NAME / path.relative_to(root)
    target.parent.mkdir(parents=True, exist_ok=True)
    return free_name(target)


def free_name(path: Path) -> Path:
    """Return a path that nothing is at: this one, or with `.2`, `.3` ... behind its name."""
    if not path.exists():
        return path
    names = (path.with_name(f"{path.name}.{n}") for n in count(2))
    return next(name for name in names if not name.exists())
