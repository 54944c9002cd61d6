"""A folder of pictures as a book.

Only pictures that lie directly in the folder are its pages; a sub-folder with pictures is a book
of its own. A symbolic link counts when it leads to a plain file inside the same folder, so that a
folder cannot show other files of this machine as its pages. Pipes and sockets are left out without
being opened.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from longbox.errors import IngestError, PageError
from longbox.ingest.containers import Entry, Listing, Member, admit, read_bounded
from longbox.ingest.naming import is_page_name, printable
from longbox.ingest.options import IngestOptions


class FolderContainer:
    """A folder whose own pictures are pages.

    Args:
        path: The folder.
        options: The limits.

    Raises:
        IngestError: It cannot be listed.
        UnsafeFileError: It breaks a limit.
    """

    format = "folder"

    def __init__(self, path: Path, options: IngestOptions) -> None:
        self._names: list[str] = []
        self._folder = path
        try:
            self.listing: Listing = admit(self._entries(), options, printable(str(path)))
        except OSError as error:
            reason = f"the folder cannot be listed ({error.strerror})"
            raise IngestError(f"{printable(str(path))}: {reason}; check its permissions") from error

    def _entries(self) -> Iterator[Entry]:
        with os.scandir(self._folder) as found:
            names = sorted((item.name for item in found), key=os.fsencode)
        root = self._folder.resolve()
        for name in names:
            path = self._folder / name
            if _is_folder(path):
                continue
            facts = plain_file(path, root)
            self._names.append(name)
            yield Entry(
                name=name.replace("\\", "_"),
                key=len(self._names) - 1,
                size_bytes=facts.st_size if facts else 0,
                is_plain=facts is not None,
            )

    def read(self, member: Member, limit_bytes: int) -> bytes:
        """Return a picture's bytes; see Container.read."""
        path = self._folder / self._names[member.key]
        try:
            with path.open("rb") as stream:
                return read_bounded(stream, limit_bytes)
        except OSError as error:
            raise PageError(
                f"it cannot be read ({error.strerror}); check its permissions"
            ) from error

    def close(self) -> None:
        """Nothing is kept open."""


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a link to a name that no disk takes
        return False


def plain_file(path: Path, root: Path) -> os.stat_result | None:
    """Return what stat says of a plain file inside a folder, or None when it is something else.

    Args:
        path: A path in the folder.
        root: The folder, resolved; a link that leads out of it is not followed.
    """
    try:
        if path.is_symlink() and not path.resolve().is_relative_to(root):
            return None
        facts = path.stat()
    except (OSError, RuntimeError):  # a dangling link, a loop of links
        return None
    return facts if stat.S_ISREG(facts.st_mode) else None


def holds_pictures(names: list[str]) -> bool:
    """Say whether any of the file names in a folder is a page."""
    return any(is_page_name(name) for name in names)
