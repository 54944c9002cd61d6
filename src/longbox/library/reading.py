"""A store read as it is at one moment, and one that cannot be read moved out of the way."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from longbox.library.records import BookStore
from longbox.library.stores import BOOKS_NAME, disk_errors, parse_book_store, read_store_bytes

DAMAGED_NAME: Final = "damaged"


def read_store_with_digest(path: Path) -> tuple[BookStore, str]:
    """Read a book's store and the SHA-256 of its bytes."""
    data = read_store_bytes(path)  # once: another process may replace it at any moment
    return parse_book_store(path, data), hashlib.sha256(data).hexdigest()


def move_damaged(root: Path, path: Path) -> None:
    """Move a store that cannot be read out of the way, so that it is made again."""
    with disk_errors(path):
        folder = root / DAMAGED_NAME
        if path.parent.name != BOOKS_NAME:
            folder /= path.parent.name  # a book's two stores have one file name
        folder.mkdir(parents=True, exist_ok=True)
        if path.exists():
            path.replace(folder / path.name)
