"""A folder that is there whole or not at all.

It is made under a hidden name beside its place and renamed. An older one goes only when that was
asked for, and only if nothing lies in it that a report did not make.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from longbox.errors import LibraryError


@contextmanager
def whole_folder(target: Path, own: Collection[str], *, replace: bool) -> Iterator[Path]:
    """Give a folder to write in that becomes the target when all went well.

    Args:
        target: Its place.
        own: Names of files that may be in an older one.
        replace: Whether an older one may go.

    Raises:
        LibraryError: Something is there and may not go, or the disk refuses.
    """
    target = target.absolute()
    require_free(target, own, replace=replace)
    partial = target.with_name(f".{target.name}-{uuid.uuid4().hex[:8]}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.mkdir()
        try:
            yield partial
            require_free(target, own, replace=replace)
            _put(partial, target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise LibraryError(f"{target}: {reason}; check the disk's space and permissions") from error


def require_free(target: Path, own: Collection[str], *, replace: bool) -> None:
    """Make sure that a folder can be put somewhere.

    Raises:
        LibraryError: Something is there that may not go.
    """
    if not target.exists() and not target.is_symlink():
        return
    if target.is_symlink() or not target.is_dir():
        raise LibraryError(f"{target}: a file is there; choose another name")
    inside = sorted(path.name for path in target.iterdir())
    if inside and not replace:
        raise LibraryError(f"{target}: already there; choose another name, or ask to replace it")
    foreign = [name for name in inside if name not in own]
    if foreign:
        raise LibraryError(
            f"{target}: holds {foreign[0]!r}, which is not of a report; choose another name"
        )


def _put(partial: Path, target: Path) -> None:
    """Put a folder in its place; an older one is out of the way for a moment only."""
    if not target.exists():
        partial.rename(target)
        return
    old = partial.with_suffix(".old")
    target.rename(old)
    try:
        partial.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)
