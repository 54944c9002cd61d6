"""ZIP archives: CBZ, and what EPUB is packed in.

The standard library reads them. Around it stand the checks that it lacks: the central directory
is measured before it is parsed (a directory of millions of names would fill the memory), members
that share bytes are refused (bombs and quines are built from overlaps), and names that claim to be
UTF-8 but are not no longer make the whole archive unreadable.

Members are unpacked in small pieces: bzip2 and LZMA turn a few bytes into megabytes at once.
"""

from __future__ import annotations

import bisect
import io
import struct
import zipfile
from pathlib import Path
from typing import IO

from longbox.errors import IngestError, PageError, UnsafeFileError
from longbox.ingest.containers import (
    BROKEN_ARCHIVE,
    PIECE_BYTES,
    Entry,
    Listing,
    Member,
    admit,
    read_bounded,
    too_many_files,
)
from longbox.ingest.naming import decode_name, printable
from longbox.ingest.options import IngestOptions

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4s4B4HL2L5H2L")
_CENTRAL_BYTES = 46
_FLAGS = 5  # place among the fields of a central directory entry
_NAME_LENGTH = 12
_LOCAL_BYTES = 30
_UTF8_FLAG = 0x800
_ENCRYPTED_FLAG = 0x1
_EXPANDING = (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_SMALL_PIECE = 4096
_CUT = "the ZIP is damaged or cut short; copy it again or repack it"


class ZipContainer:
    """An open ZIP archive.

    Args:
        path: The file.
        options: The limits.

    Raises:
        IngestError: It is damaged.
        UnsafeFileError: It breaks a limit.
    """

    format = "cbz"

    def __init__(self, path: Path, options: IngestOptions) -> None:
        where = printable(str(path))
        self._file: IO[bytes] = path.open("rb")
        try:
            directory_start, directory = _directory(self._file, options, where)
            self._zip = _open(self._file, directory_start, directory)
            self._infos = self._zip.infolist()
            _refuse_overlaps(self._infos, directory_start, where)
            self.listing: Listing = admit(
                (_entry(key, info) for key, info in enumerate(self._infos) if not _is_folder(info)),
                options,
                where,
            )
        except (zipfile.BadZipFile, *BROKEN_ARCHIVE) as error:
            self._file.close()
            raise IngestError(f"{where}: {_CUT}") from error
        except IngestError:
            self._file.close()
            raise

    def read(self, member: Member, limit_bytes: int) -> bytes:
        """Return a member's bytes; see Container.read."""
        info = self._infos[member.key]
        if member.is_encrypted:
            raise PageError("it is encrypted; unpack it with its password")
        if info.file_size > limit_bytes:
            raise PageError(f"it is larger than {limit_bytes / 1e6:.0f} MB; not read")
        piece = _SMALL_PIECE if info.compress_type in _EXPANDING else PIECE_BYTES
        try:
            with self._zip.open(info) as stream:
                return read_bounded(stream, info.file_size, piece)
        except NotImplementedError as error:
            method = f"method {info.compress_type}"
            raise PageError(f"packed with {method}, which cannot be read; repack it") from error
        except (zipfile.BadZipFile, *BROKEN_ARCHIVE) as error:
            raise PageError("it is damaged inside the archive; copy the file again") from error

    def close(self) -> None:
        """Let go of the file."""
        self._zip.close()
        self._file.close()


def _is_folder(info: zipfile.ZipInfo) -> bool:
    return info.filename.endswith(("/", "\\"))


def _entry(key: int, info: zipfile.ZipInfo) -> Entry:
    mode = info.external_attr >> 16
    kind = mode & 0o170000
    name = info.orig_filename.split("\0", 1)[0]
    if not info.flag_bits & _UTF8_FLAG:
        name = decode_name(name.encode("cp437"))
    return Entry(
        name=name,
        key=key,
        size_bytes=info.file_size,
        packed_bytes=info.compress_size,
        is_plain=info.create_system != 3 or kind in (0, 0o100000),
        is_encrypted=bool(info.flag_bits & _ENCRYPTED_FLAG),
    )


def _directory(file: IO[bytes], options: IngestOptions, where: str) -> tuple[int, bytes]:
    """Return where the central directory starts and its bytes, within the limits.

    Raises:
        zipfile.BadZipFile: There is none.
        UnsafeFileError: It is too large.
    """
    file_size = file.seek(0, 2)
    tail_start = max(0, file_size - (1 << 16) - _END.size)
    file.seek(tail_start)
    tail = file.read()
    found = tail.rfind(b"PK\x05\x06")
    if found < 0 or found + _END.size > len(tail):
        raise zipfile.BadZipFile("no end record")
    size = _END.unpack_from(tail, found)[5]
    end = tail_start + found
    locator = end - 20
    if locator >= 0:
        file.seek(locator)
        if file.read(4) == b"PK\x06\x07":
            end = locator - _END64.size
            file.seek(max(end, 0))
            record = file.read(_END64.size)
            if len(record) < _END64.size or not record.startswith(b"PK\x06\x06"):
                raise zipfile.BadZipFile("bad ZIP64 end record")
            size = _END64.unpack(record)[8]
    if size > options.max_entries * (_CENTRAL_BYTES + 1) + options.max_name_bytes:
        raise UnsafeFileError(f"{where}: its list of contents takes {size / 1e6:.0f} MB; not read")
    start = end - size
    if start < 0:
        raise zipfile.BadZipFile("directory before the file")
    file.seek(start)
    directory = file.read(size)
    _count_entries(directory, options, where)
    return start, directory


def _count_entries(directory: bytes, options: IngestOptions, where: str) -> None:
    position = count = 0
    while position + _CENTRAL_BYTES <= len(directory):
        fields = _CENTRAL.unpack_from(directory, position)
        position += _CENTRAL_BYTES + sum(fields[_NAME_LENGTH : _NAME_LENGTH + 3])
        count += 1
        if count > options.max_entries:
            raise UnsafeFileError(too_many_files(where, options))


def _open(file: IO[bytes], start: int, directory: bytes) -> zipfile.ZipFile:
    file.seek(0)
    try:
        return zipfile.ZipFile(file)
    except UnicodeDecodeError:
        return zipfile.ZipFile(_Patched(file, _without_utf8_flags(start, directory)))


def _without_utf8_flags(start: int, directory: bytes) -> dict[int, int]:
    """Return the bytes to change (place in the file, value) so that no name claims to be UTF-8.

    The flag is bit 3 of the second flag byte, in the central directory and in each local header.
    """
    patches: dict[int, int] = {}
    position = 0
    while position + _CENTRAL_BYTES <= len(directory):
        fields = _CENTRAL.unpack_from(directory, position)
        high = (fields[_FLAGS] & ~_UTF8_FLAG) >> 8
        patches[start + position + 9] = high
        patches[fields[-1] + 7] = high
        position += _CENTRAL_BYTES + sum(fields[_NAME_LENGTH : _NAME_LENGTH + 3])
    return patches


class _Patched(io.RawIOBase):
    """A file in which some bytes read differently."""

    def __init__(self, file: IO[bytes], patches: dict[int, int]) -> None:
        self._file = file
        self._patches = patches
        self._places = sorted(patches)

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int = -1) -> bytes:
        position = self._file.tell()
        data = bytearray(self._file.read(size))
        first = bisect.bisect_left(self._places, position)
        last = bisect.bisect_left(self._places, position + len(data))
        for place in self._places[first:last]:
            data[place - position] = self._patches[place]
        return bytes(data)


def _refuse_overlaps(infos: list[zipfile.ZipInfo], directory_start: int, where: str) -> None:
    ordered = sorted(infos, key=lambda info: info.header_offset)
    ends = [info.header_offset for info in ordered[1:]] + [directory_start]
    for info, following in zip(ordered, ends, strict=False):
        if info.header_offset + _LOCAL_BYTES + info.compress_size > following:
            raise UnsafeFileError(
                f"{where}: '{printable(info.orig_filename)}' shares its bytes with another entry, "
                "like a zip bomb; not read"
            )
