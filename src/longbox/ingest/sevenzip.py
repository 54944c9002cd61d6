"""7z archives: CB7.

A 7z is one packed stream that is read from its start, so the pages (and only they) are unpacked
once, in one pass, into an anonymous temporary file; after that any page is at hand. The limits
hold while unpacking, whatever the header declares. Memory that a decoder would take for its
dictionary is checked before decoding starts.

Two methods are not read, because nobody packs pictures with them and a damaged file must not bring
the process down: the decoder of PPMd writes where it should not within seconds of fuzzing, and that
of Deflate64 could not be tried.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from longbox.errors import EncryptedFileError, IngestError, PageError, UnsafeFileError
from longbox.ingest.containers import BROKEN_ARCHIVE, Entry, Listing, Member, Spool, admit
from longbox.ingest.naming import clean_path, printable
from longbox.ingest.options import IngestOptions

if TYPE_CHECKING:
    import py7zr

_LZMA1 = b"\x03\x01\x01"
_LZMA2 = b"\x21"
_NOT_READ = {b"\x03\x04\x01": "PPMd", b"\x04\x01\x09": "Deflate64"}
_START = struct.Struct("<12xQQ4x")  # where the header is and its size, in bytes
_PACKED_HEADER = b"\x17"
_LARGEST_PACKED_HEADER = 1 << 20
_LOCKED = "the 7z needs a password; unpack it and index the folder"
_DAMAGED = "the 7z is damaged or cut short; copy it again or repack it"


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Where an unpacked member lies in the spool."""

    offset: int
    size_bytes: int


class SevenZipContainer:
    """An open 7z archive.

    Args:
        path: The file.
        options: The limits.

    Raises:
        IngestError: It is damaged.
        EncryptedFileError: Its contents or its header need a password.
        UnsafeFileError: It breaks a limit.
    """

    format = "cb7"

    def __init__(self, path: Path, options: IngestOptions) -> None:
        import py7zr

        self._where = printable(str(path))
        self._max_total_bytes = options.max_total_bytes
        self._spool: Spool | None = None
        self._stretches: dict[str, _Stretch] = {}
        self._failure: str | None = None
        self._file: IO[bytes] = path.open("rb")
        try:
            _check_packed_header(self._file, self._where)
            self._archive = py7zr.SevenZipFile(
                self._file, "r", max_extract_size=options.max_total_bytes
            )
            if self._archive.password_protected:
                raise EncryptedFileError(f"{self._where}: {_LOCKED}")
            _check_coders(self._archive, options, self._where)
            self._names = [info.filename for info in self._archive.files]
            self.listing: Listing = admit(self._entries(), options, self._where)
            self._check_growth(path, options)
        except py7zr.exceptions.PasswordRequired as error:
            self._file.close()
            raise EncryptedFileError(f"{self._where}: {_LOCKED}") from error
        except _broken() as error:
            self._file.close()
            raise IngestError(f"{self._where}: {_DAMAGED}") from error
        except IngestError:
            self._file.close()
            raise

    def _entries(self) -> list[Entry]:
        return [
            Entry(
                name=info.filename,
                key=key,
                size_bytes=info.uncompressed,
                is_plain=not (info.is_symlink or info.is_junction or info.is_socket),
            )
            for key, info in enumerate(self._archive.files)
            if not info.is_directory
        ]

    def _check_growth(self, path: Path, options: IngestOptions) -> None:
        total = sum(member.size_bytes for member in self.listing.members)
        ratio = total / max(path.stat().st_size, 1)
        if ratio > options.max_ratio and total > options.ratio_floor_bytes:
            growth = f"unpacks to {ratio:.0f} times its size"
            raise UnsafeFileError(f"{self._where}: {growth}, like a bomb; not read")

    def read(self, member: Member, limit_bytes: int) -> bytes:
        """Return a member's bytes; see Container.read."""
        if member.size_bytes > limit_bytes:
            raise PageError(f"it is larger than {limit_bytes / 1e6:.0f} MB; not read")
        if self._spool is None:
            self._spool = Spool(self._max_total_bytes, self._where)
            self._unpack(self._spool)
        stretch = self._stretches.get(member.path)
        if stretch is None:
            if member.size_bytes == 0:
                return b""
            raise PageError(
                self._failure or "it is not in the archive's stream; repack the archive"
            )
        return self._spool.read(stretch.offset, stretch.size_bytes)

    def _unpack(self, spool: Spool) -> None:
        import py7zr

        writer = _writer_factory(spool, self._stretches)
        wanted = {self._names[member.key] for member in self.listing.members}
        try:
            self._archive.extract(targets=wanted, factory=writer)
        except py7zr.exceptions.CrcError as error:
            self._failure = "the 7z is damaged here or before; copy it again"
            self._stretches.pop(clean_path(str(error.filename))[0], None)
        except py7zr.exceptions.UnsupportedCompressionMethodError:
            self._failure = "packed with a method this version cannot read; repack the archive"
        except _broken():
            self._failure = "the 7z is damaged here or before; copy it again"

    def close(self) -> None:
        """Let go of the file and of the temporary one."""
        self._archive.close()
        self._file.close()
        if self._spool is not None:
            self._spool.close()


def _writer_factory(spool: Spool, stretches: dict[str, _Stretch]) -> Any:
    """Return a py7zr writer factory that puts members one after another into the spool."""
    from py7zr.io import Py7zIO, WriterFactory

    class SpoolWriter(Py7zIO):
        def __init__(self, path: str) -> None:
            self._path = path
            self._offset = spool.size_bytes

        def write(self, data: bytes | bytearray) -> int:
            return spool.write(data)

        def read(self, size: int | None = None) -> bytes:  # noqa: ARG002 - py7zr's interface
            return b""

        def seek(self, offset: int, whence: int = 0) -> int:  # noqa: ARG002 - the same
            return 0

        def flush(self) -> None:
            return None

        def size(self) -> int:
            return spool.size_bytes - self._offset

        def close(self) -> None:
            stretches[self._path] = _Stretch(self._offset, self.size())

    class SpoolFactory(WriterFactory):
        def create(self, filename: str) -> SpoolWriter:
            return SpoolWriter(clean_path(filename)[0])

    return SpoolFactory()


@cache
def _broken() -> tuple[type[BaseException], ...]:
    """Return what py7zr and the decoders behind it were seen to raise for damaged archives."""
    import py7zr

    found: list[type[BaseException]] = [
        *BROKEN_ARCHIVE,
        SystemError,
        py7zr.exceptions.ArchiveError,
    ]
    for module, name in (("brotli", "error"), ("backports.zstd", "ZstdError")):
        with suppress(ImportError, AttributeError):
            found.append(getattr(import_module(module), name))
    return tuple(found)


def _check_packed_header(file: IO[bytes], where: str) -> None:
    """Refuse methods that are not read before the list of contents is unpacked by one of them.

    Raises:
        UnsafeFileError: It names such a method.
    """
    start = file.read(_START.size)
    file.seek(0)
    if len(start) < _START.size:
        return
    offset, size = _START.unpack(start)
    if size > _LARGEST_PACKED_HEADER or offset > 1 << 62:
        return  # a packed header only says how it is packed: this is no such one, or is none
    file.seek(_START.size + offset)
    header = file.read(size)
    file.seek(0)
    if header.startswith(_PACKED_HEADER):
        for name, method in _NOT_READ.items():
            if name in header:
                raise _not_read(where, method)


def _not_read(where: str, method: str) -> UnsafeFileError:
    return UnsafeFileError(
        f"{where}: packed with {method}, which is not read; repack it with 7-Zip's usual method "
        "(LZMA2)"
    )


def _check_coders(archive: py7zr.SevenZipFile, options: IngestOptions, where: str) -> None:
    streams = getattr(archive.header, "main_streams", None)
    if streams is None:
        return
    for folder in streams.unpackinfo.folders:
        for coder in folder.coders:
            if (method := _NOT_READ.get(coder["method"])) is not None:
                raise _not_read(where, method)
            size = _dictionary_bytes(coder["method"], coder.get("properties") or b"")
            if size > options.max_dictionary_bytes:
                memory = f"{size / 1e6:.0f} MB"
                raise UnsafeFileError(f"{where}: its decoder asks for {memory} of memory; not read")


def _dictionary_bytes(method: bytes, properties: bytes) -> int:
    if method == _LZMA1 and len(properties) >= 5:
        return int.from_bytes(properties[1:5], "little")
    if method == _LZMA2 and properties:
        bits = properties[0] & 63
        return 0xFFFFFFFF if bits >= 40 else (2 | (bits & 1)) << (bits // 2 + 11)
    return 0
