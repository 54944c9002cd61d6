"""Files that are there whole or not at all: written beside their place, synced, renamed."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from longbox.errors import LibraryError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a path to write to; the file gets its place when the block ends without an error.

    Args:
        path: The place; its folder is made. What a killed process left beside it is deleted.

    Raises:
        LibraryError: The disk refuses.
    """
    partial = path.with_name(f".{uuid.uuid4().hex[:8]}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f".*-{path.name}"):
            left.unlink(missing_ok=True)
        try:
            yield partial
            with partial.open("rb") as written:
                os.fsync(written.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise LibraryError(f"{path}: {reason}; check the disk's space and permissions") from error
