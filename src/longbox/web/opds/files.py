"""Books as files to download: what kind they are, and names that are safe anywhere.

Which file is sent is what the catalog says of a book; nothing of a request but the book's id
chooses it. A folder of pictures is no file, so it is packed while it is sent (`archives`).
"""

from __future__ import annotations

import re
import stat
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from longbox.errors import IngestError
from longbox.ingest import printable

CBZ: Final = "application/vnd.comicbook+zip"
_TYPES: Final = {
    ".cbz": CBZ,
    ".zip": CBZ,
    ".cbr": "application/vnd.comicbook-rar",
    ".rar": "application/vnd.comicbook-rar",
    ".cb7": "application/x-cb7",
    ".7z": "application/x-cb7",
    ".cbt": "application/x-cbt",
    ".tar": "application/x-cbt",
    ".pdf": "application/pdf",
    ".epub": "application/epub+zip",
}
_OTHER: Final = "application/octet-stream"
_LONGEST_STEM: Final = 120
# What some system or some header cannot have in a name.
_UNSAFE: Final = re.compile(
    r'[\x00-\x1f\x7f-\x9f<>:"/\\|?*%;\u200e\u200f\u202a-\u202e\u2066-\u2069]+'
)


@dataclass(frozen=True, slots=True)
class BookFile:
    """A book's file as it is offered.

    Attributes:
        name: Safe anywhere, with its suffix.
        type: Media type.
        n_bytes: None for a folder, which is packed while it is sent.
        changed_ns: When it was last changed.
    """

    path: Path
    name: str
    type: str
    n_bytes: int | None
    changed_ns: int

    @property
    def is_folder(self) -> bool:
        """Whether it is packed while it is sent."""
        return self.n_bytes is None


def book_file(path: str, title: str) -> BookFile:
    """Look at a book's file.

    Args:
        path: As the catalog has it.
        title: Of the book; names a folder's archive.

    Raises:
        IngestError: It is gone, or no plain file or folder any more.
    """
    file = Path(path)
    try:
        facts = file.stat()
    except (OSError, ValueError) as error:
        raise IngestError(
            f"{_shown(path)}: the comic file is gone; if it moved, run `longbox index` on its new "
            "folder or `longbox library sync`"
        ) from error
    if stat.S_ISDIR(facts.st_mode):
        return BookFile(file, f"{safe_stem(title)}.cbz", CBZ, None, facts.st_mtime_ns)
    if not stat.S_ISREG(facts.st_mode):
        raise IngestError(f"{_shown(path)}: is no plain file any more; run `longbox library sync`")
    suffix = file.suffix.lower() if file.suffix.lower() in _TYPES else ""
    name = f"{safe_stem(file.stem if suffix else title)}{suffix}"
    return BookFile(file, name, _TYPES.get(suffix, _OTHER), facts.st_size, facts.st_mtime_ns)


def safe_stem(text: str) -> str:
    """Return a name without a suffix that every system and every header can hold."""
    spaced = _UNSAFE.sub(" ", text.encode("utf-8", "replace").decode())
    name = " ".join(spaced.split()).strip(" .")
    return name[:_LONGEST_STEM].strip(" .") or "comic"


def attachment(name: str) -> str:
    """Return a Content-Disposition (RFC 6266): plain ASCII for old clients, UTF-8 for others."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    # What only looks like a quotation mark has become one.
    stem, dot, suffix = _UNSAFE.sub(" ", plain).rpartition(".")
    ascii_name = f"{safe_stem(stem)}{dot}{suffix.strip()}"
    return f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}"


def _shown(path: str) -> str:
    """Return a path's last part: where a library lies is nobody's business."""
    return printable(path.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1])
