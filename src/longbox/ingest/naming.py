"""Names of files inside comics: safe to print, junk or page, and their natural order.

Names inside archives come from strangers. They are never used as a path on this machine; they
only choose a member, sort pages and appear in messages. So a name is kept as a cleaned path with
forward slashes, and whatever a terminal could act on (control characters, newlines, direction
overrides, broken surrogates) is written as an escape.

Pages are sorted the way people count: page2 before page10, case ignored, folder by folder. Equal
keys fall back to the plain name, so the order never depends on the order in the archive.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import cache

PAGE_SUFFIXES = frozenset(
    ".jpg .jpeg .jpe .jfif .png .webp .gif .avif .avifs .jxl .bmp .tif .tiff "
    ".jp2 .j2k .heic .heif".split()
)
COMIC_SUFFIXES = frozenset(
    ".cbz .zip .cbr .rar .cb7 .7z .cbt .tar .tgz .tbz .tbz2 .txz .tar.gz .tar.bz2 .tar.xz "
    ".pdf .epub".split()
)
_JUNK_NAMES = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db", "icon\r", "@eadir", "__macosx"})
_LONGEST_SHOWN = 300


def printable(text: str) -> str:
    r"""Return text that fits on one line of any terminal and in UTF-8.

    Control characters, line separators, lone surrogates, direction overrides and other invisible
    signs become escapes such as \x1b; wide and hard spaces become plain ones; a text above 300
    characters is cut in the middle.
    """
    if len(text) > _LONGEST_SHOWN:
        text = text[: _LONGEST_SHOWN // 2] + "..." + text[-_LONGEST_SHOWN // 2 :]
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    if unicodedata.category(char) == "Zs":
        return " "
    return char.encode("unicode_escape").decode("ascii")


def decode_name(raw: bytes) -> str:
    """Return the text of a member name whose encoding nobody wrote down.

    UTF-8 where it is valid, else Shift-JIS where that gives kana or kanji, else CP437, which
    knows every byte.
    """
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        text = raw.decode("cp932")
    except UnicodeDecodeError:
        return raw.decode("cp437")
    return text if any("\u3040" <= char <= "\u9fff" for char in text) else raw.decode("cp437")


def clean_path(name: str) -> tuple[str, str | None]:
    """Return a member's path with forward slashes, and what was wrong with it.

    An absolute or drive path loses its start, as unzip does it. A path with ".." keeps its text
    and is reported as "outside"; the caller leaves such a member out.

    Returns:
        The path, and None, "absolute" or "outside".
    """
    path = name.replace("\\", "/")
    fault = None
    if len(path) > 1 and path[1] == ":" and path[0].isalpha() and path[0].isascii():
        path, fault = path[2:], "absolute"
    if path.startswith("/"):
        fault = "absolute"
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        return path, "outside"
    return "/".join(parts), fault


def suffix_of(name: str) -> str:
    """Return the lower-case suffix with its dot, ".tar.gz" for a packed tar, or ""."""
    base = name.rsplit("/", 1)[-1].lower()
    stem, dot, last = base.rpartition(".")
    if not dot or not stem:
        return ""
    return f".tar.{last}" if stem.endswith(".tar") else f".{last}"


def is_junk(path: str) -> bool:
    """Say whether any part of a path is hidden or left behind by an operating system."""
    return any(
        (part.startswith(".") and part not in (".", "..")) or part.lower() in _JUNK_NAMES
        for part in path.split("/")
    )


def is_page_name(path: str) -> bool:
    """Say whether a path names a picture that counts as a page."""
    return suffix_of(path) in PAGE_SUFFIXES and not is_junk(path)


def is_comic_name(path: str) -> bool:
    """Say whether a file name looks like a comic file."""
    return suffix_of(path) in COMIC_SUFFIXES and not is_junk(path.rsplit("/", 1)[-1])


@cache
def _natural_key() -> Callable[[str], object]:
    from natsort import natsort_keygen, ns

    return natsort_keygen(alg=ns.PATH | ns.IGNORECASE)


def natural_order(name: str) -> tuple[object, str]:
    """Return the sort key of a path: people's order first, then the plain text."""
    return _natural_key()(unicodedata.normalize("NFC", name)), name
