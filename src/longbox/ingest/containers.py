"""What every archive and folder offers: a list of members that are fit to be read, and reading.

Each kind of archive lists what it holds as Entry values; admit() makes Members of them by one set
of rules, so that a link, a bomb or a name with ".." meets the same answer in a ZIP, a tar, a 7z
and a RAR:

- a book above a limit (entries, total size, ratio) is refused as a whole: UnsafeFileError;
- a single member that is no plain file (link, device, pipe) or whose name leads outside is left
  out, and one notice says so;
- of two members with the same name the later one counts, as it would after unpacking.

Nothing is ever written under a name that an archive chose. Formats that cannot be read in any
order (7z, packed tar) are unpacked once into one anonymous temporary file.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
import tempfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import IO, Protocol

from longbox.errors import IngestError, PageError, UnsafeFileError
from longbox.ingest.naming import clean_path, is_junk, is_page_name, printable, suffix_of
from longbox.ingest.options import IngestOptions

# What parsers of hostile bytes were seen to raise beside their own exceptions.
BROKEN_ARCHIVE = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
)
_DOCUMENT_SUFFIXES = frozenset({".xml", ".opf", ".xhtml", ".html", ".htm", ".svg"})
_ARCHIVE_SUFFIXES = frozenset({".zip", ".cbz", ".rar", ".cbr", ".7z", ".cb7", ".tar", ".cbt"})
PIECE_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Entry:
    """One member as an archive lists it.

    Attributes:
        name: Its name, decoded, not cleaned.
        key: The archive's own number for it.
        size_bytes: Unpacked size as declared.
        packed_bytes: Packed size where the archive gives one for each member.
        is_plain: A regular file; links, devices and pipes are not.
        is_encrypted: It needs a password.
    """

    name: str
    key: int
    size_bytes: int
    packed_bytes: int | None = None
    is_plain: bool = True
    is_encrypted: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """One file inside a comic that may be read: a page or a document.

    Attributes:
        path: Cleaned path inside the archive, forward slashes, not yet safe to print.
        key: The archive's own number for it.
        size_bytes: Unpacked size as declared.
        is_encrypted: It needs a password.
    """

    path: str
    key: int
    size_bytes: int
    is_encrypted: bool = False

    @property
    def shown(self) -> str:
        """The path as it may be printed."""
        return printable(self.path)


@dataclass(frozen=True, slots=True)
class Listing:
    """The members of an archive that are fit to be read, and what was left out and why."""

    members: tuple[Member, ...]
    notices: tuple[str, ...] = ()
    n_archives: int = 0


class Container(Protocol):
    """An open archive or folder."""

    format: str
    listing: Listing

    def read(self, member: Member, limit_bytes: int) -> bytes:
        """Return a member's bytes.

        Raises:
            PageError: It is damaged, encrypted or larger than the limit.
            MissingProgramError: A system program is needed.
        """
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


@dataclass(slots=True)
class _Notices:
    """Collects what was left out, one line for each kind however many there are."""

    first: dict[str, str] = field(default_factory=dict)
    count: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, name: str) -> None:
        self.first.setdefault(kind, printable(name))
        self.count[kind] = self.count.get(kind, 0) + 1

    def lines(self) -> tuple[str, ...]:
        return tuple(
            kind.replace("{name}", self.first[kind]) + (f" (and {n - 1} more)" if n > 1 else "")
            for kind, n in self.count.items()
        )


def admit(entries: Iterable[Entry], options: IngestOptions, where: str) -> Listing:
    """Decide which members of an archive may be read.

    Args:
        entries: What the archive lists, in its own order.
        options: The limits.
        where: The file's name for messages.

    Raises:
        UnsafeFileError: There are too many members, or the pages unpack to too much.
    """
    notices = _Notices()
    chosen: dict[str, tuple[Member, int | None]] = {}
    n_archives = 0
    for count, entry in enumerate(entries, start=1):
        if count > options.max_entries:
            raise UnsafeFileError(too_many_files(where, options))
        path, fault = clean_path(entry.name)
        suffix = suffix_of(path)
        n_archives += suffix in _ARCHIVE_SUFFIXES
        if not (is_page_name(path) or (suffix in _DOCUMENT_SUFFIXES and not is_junk(path))):
            continue
        if fault == "outside":
            notices.add("'{name}' points outside the archive and was left out", entry.name)
            continue
        if not entry.is_plain:
            notices.add("'{name}' is a link or device, not a file, and was left out", entry.name)
            continue
        if fault == "absolute":
            notices.add("'{name}' is an absolute name; its start was ignored", entry.name)
        if path in chosen:
            notices.add("'{name}' is there twice; the later one counts", entry.name)
        chosen[path] = (
            Member(path, entry.key, entry.size_bytes, entry.is_encrypted),
            entry.packed_bytes,
        )
    _check_sizes(list(chosen.values()), options, where)
    return Listing(tuple(member for member, _ in chosen.values()), notices.lines(), n_archives)


def _check_sizes(
    chosen: Sequence[tuple[Member, int | None]], options: IngestOptions, where: str
) -> None:
    total = 0
    for member, packed in chosen:
        if not is_page_name(member.path):
            continue
        total += member.size_bytes
        ratio = member.size_bytes / max(packed, 1) if packed is not None else 0.0
        if ratio > options.max_ratio and member.size_bytes > options.ratio_floor_bytes:
            raise UnsafeFileError(
                f"{where}: '{member.shown}' unpacks to {ratio:.0f} times its size (limit "
                f"{options.max_ratio:.0f}), like a zip bomb; not read"
            )
    if total > options.max_total_bytes:
        raise UnsafeFileError(
            f"{where}: the pages unpack to {total / 1e9:.1f} GB, above the limit of "
            f"{options.max_total_bytes / 1e9:.1f} GB; not read"
        )


def read_bounded(stream: IO[bytes], limit_bytes: int, piece_bytes: int = PIECE_BYTES) -> bytes:
    """Read a stream to its end, piece by piece.

    Raises:
        PageError: There is more than the limit.
    """
    pieces: list[bytes] = []
    size = 0
    while piece := stream.read(piece_bytes):
        size += len(piece)
        if size > limit_bytes:
            raise PageError(f"it is larger than {limit_bytes / 1e6:.0f} MB; not read")
        pieces.append(piece)
    return b"".join(pieces)


class Spool:
    """An anonymous temporary file that takes an archive's contents up to a limit.

    Args:
        max_bytes: The most it takes.
        where: The comic's name for messages.
    """

    def __init__(self, max_bytes: int, where: str) -> None:
        self._max_bytes = max_bytes
        self._where = where
        self._file = tempfile.TemporaryFile(prefix="longbox-")  # noqa: SIM115
        self.size_bytes = 0

    @property
    def file(self) -> IO[bytes]:
        """The open file."""
        return self._file

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Add bytes at the end.

        Raises:
            UnsafeFileError: The limit is passed.
            IngestError: The temporary folder is full.
        """
        size = len(data)
        if self.size_bytes + size > self._max_bytes:
            limit = f"{self._max_bytes / 1e9:.1f} GB"
            raise UnsafeFileError(f"{self._where}: unpacks to more than {limit}; not read further")
        try:
            self._file.write(data)
        except OSError as error:
            raise IngestError(
                f"{self._where}: the temporary folder is full; set TMPDIR to another"
            ) from error
        self.size_bytes += size
        return size

    def read(self, offset: int, size_bytes: int) -> bytes:
        """Return bytes that were written."""
        self._file.seek(offset)
        data = self._file.read(size_bytes)
        self._file.seek(0, 2)
        return data

    def close(self) -> None:
        """Delete it."""
        self._file.close()


def too_many_files(where: str, options: IngestOptions) -> str:
    """Return the message for an archive with too many members."""
    return (
        f"{where}: more than {options.max_entries} files inside; "
        "split the archive or raise max_entries"
    )


def open_packed(kind: str, file: IO[bytes]) -> gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile:
    """Return a stream that unpacks gzip, bzip2 or xz."""
    if kind == "gzip":
        return gzip.GzipFile(fileobj=file, mode="rb")
    if kind == "bzip2":
        return bz2.BZ2File(file, mode="rb")
    return lzma.LZMAFile(file, mode="rb")
