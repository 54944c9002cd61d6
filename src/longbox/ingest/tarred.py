"""tar archives: CBT, plain or packed with gzip, bzip2 or xz.

A packed tar is unpacked once into an anonymous temporary file, with limits on its size and on
how much it grows; then it is read like a plain one. Links, devices, pipes and sparse files are
never followed or filled. A tar that ends early keeps the members before the break.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from longbox.errors import IngestError, PageError, UnsafeFileError
from longbox.ingest.containers import (
    BROKEN_ARCHIVE,
    PIECE_BYTES,
    Entry,
    Listing,
    Member,
    Spool,
    admit,
    open_packed,
    read_bounded,
)
from longbox.ingest.naming import decode_name, printable
from longbox.ingest.options import MIB, IngestOptions

_DAMAGED = "the tar is damaged or cut short; copy it again or repack it"
_HEADER_LIMIT = 4 * MIB
_PLAIN = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)


class TarContainer:
    """An open tar archive.

    Args:
        path: The file.
        packing: "tar" for a plain one, else gzip, bzip2 or xz.
        options: The limits.

    Raises:
        IngestError: It is damaged or no tar.
        UnsafeFileError: It breaks a limit.
    """

    format = "cbt"

    def __init__(self, path: Path, packing: str, options: IngestOptions) -> None:
        where = printable(str(path))
        self._infos: list[tarfile.TarInfo] = []
        self._spool: Spool | None = None
        self._file: IO[bytes] = path.open("rb")
        self._is_cut = False
        try:
            plain: IO[bytes] = self._file
            if packing != "tar":
                self._spool = Spool(options.max_total_bytes, where)
                self._is_cut = _unpack(self._file, packing, self._spool, options, where)
                plain = self._spool.file
            plain.seek(0)
            self._reader = _Bounded(plain)
            self._tar = tarfile.TarFile(fileobj=self._reader, mode="r", errors="surrogateescape")
            listing = admit(self._entries(), options, where)
        except (tarfile.TarError, *BROKEN_ARCHIVE) as error:
            self._close_files()
            raise IngestError(f"{where}: {_DAMAGED}") from error
        except IngestError:
            self._close_files()
            raise
        notices = listing.notices
        if self._is_cut:
            notices += ("the archive ends early; the pages after the break are missing",)
        self.listing: Listing = Listing(listing.members, notices, listing.n_archives)

    def _entries(self) -> Iterator[Entry]:
        infos = iter(self._tar)
        while True:
            try:
                info = next(infos)
            except StopIteration:
                return
            except (tarfile.TarError, *BROKEN_ARCHIVE):
                self._is_cut = True
                return
            if info.isdir():
                continue
            self._infos.append(info)
            name = decode_name(info.name.encode("utf-8", "surrogateescape"))
            is_plain = info.type in _PLAIN and not info.issparse()
            yield Entry(name, len(self._infos) - 1, info.size, None, is_plain)

    def read(self, member: Member, limit_bytes: int) -> bytes:
        """Return a member's bytes; see Container.read."""
        if member.size_bytes > limit_bytes:
            raise PageError(f"it is larger than {limit_bytes / 1e6:.0f} MB; not read")
        try:
            stream = self._tar.extractfile(self._infos[member.key])
            data = read_bounded(stream, limit_bytes) if stream is not None else b""
        except (tarfile.TarError, *BROKEN_ARCHIVE) as error:
            raise PageError("it is damaged inside the archive; copy the file again") from error
        if len(data) != member.size_bytes:
            raise PageError("the archive ends inside it; copy the file again")
        return data

    def close(self) -> None:
        """Let go of the file and of the temporary one."""
        self._tar.close()
        self._close_files()

    def _close_files(self) -> None:
        self._file.close()
        if self._spool is not None:
            self._spool.close()


class _Bounded:
    """A file that tarfile cannot be talked into reading whole (a header may claim any length)."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > _HEADER_LIMIT:
            raise tarfile.ReadError(f"a header of {size} bytes")
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def write(self, data: bytes) -> int:
        raise tarfile.ReadError(f"{len(data)} bytes to write into a file that is only read")

    def close(self) -> None:
        self._file.close()


def _unpack(
    file: IO[bytes], packing: str, spool: Spool, options: IngestOptions, where: str
) -> bool:
    """Unpack a stream into the spool; return whether it ended early.

    Raises:
        UnsafeFileError: It grows too much.
    """
    stream = open_packed(packing, file)
    packed_bytes = max(Path(file.name).stat().st_size, 1)
    while True:
        try:
            piece = stream.read1(PIECE_BYTES)
        except BROKEN_ARCHIVE:
            return True
        if not piece:
            return False
        spool.write(piece)
        ratio = spool.size_bytes / packed_bytes
        if ratio > options.max_ratio and spool.size_bytes > options.ratio_floor_bytes:
            limit = f"{options.max_ratio:.0f} times its size"
            raise UnsafeFileError(f"{where}: unpacks to more than {limit}, like a bomb; not read")
