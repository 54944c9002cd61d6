"""RAR archives: CBR, RAR 3 and RAR 5.

rarfile reads the list of contents and members that are merely stored. Packed members need one of
the system programs unrar, unar, 7z or bsdtar; without one the book is refused with the line to
install it. Neighbouring volumes are never opened: a comic is one file.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from longbox.errors import EncryptedFileError, IngestError, MissingProgramError, PageError
from longbox.ingest.containers import BROKEN_ARCHIVE, Entry, Listing, Member, admit, read_bounded
from longbox.ingest.naming import printable
from longbox.ingest.options import IngestOptions

if TYPE_CHECKING:
    import rarfile

RAR_PROGRAMS = ("unrar", "unar", "7zz", "7z", "bsdtar")
RAR_INSTALL = (
    "install one of unrar, unar, 7-Zip or bsdtar "
    "(Debian, Ubuntu: apt install unar; macOS: brew install unar)"
)
_LOCKED = "the RAR needs a password; unpack it and index the folder"
_LATER_PART = "a later part of a RAR in several volumes; unpack the set and index the folder"
_DAMAGED = "the RAR is damaged or cut short; copy it again or repack it"
_SPLIT = 0x01 | 0x02


class RarContainer:
    """An open RAR archive.

    Args:
        path: The file.
        options: The limits.

    Raises:
        IngestError: It is damaged, or not the first of several volumes.
        EncryptedFileError: Its header needs a password.
        UnsafeFileError: It breaks a limit.
    """

    format = "cbr"

    def __init__(self, path: Path, options: IngestOptions) -> None:
        import rarfile

        where = printable(str(path))
        self._where = where
        try:
            self._rar = rarfile.RarFile(path.resolve(), part_only=True)
            self._infos = list(self._rar.infolist())
            if not self._infos and self._rar.needs_password():
                raise EncryptedFileError(f"{where}: {_LOCKED}")
            self.listing: Listing = admit(
                (_entry(key, info) for key, info in enumerate(self._infos) if not info.is_dir()),
                options,
                where,
            )
        except (rarfile.PasswordRequired, rarfile.NoCrypto) as error:
            raise EncryptedFileError(f"{where}: {_LOCKED}") from error
        except rarfile.NeedFirstVolume as error:
            raise IngestError(f"{where}: {_LATER_PART}") from error
        except (rarfile.Error, *BROKEN_ARCHIVE) as error:
            raise IngestError(f"{where}: {_DAMAGED}") from error

    def read(self, member: Member, limit_bytes: int) -> bytes:
        """Return a member's bytes; see Container.read."""
        import rarfile

        if member.is_encrypted:
            raise PageError("it is encrypted; unpack it with its password")
        if member.size_bytes > limit_bytes:
            raise PageError(f"it is larger than {limit_bytes / 1e6:.0f} MB; not read")
        info = self._infos[member.key]
        if info.flags & _SPLIT:
            raise PageError("it goes on in another volume; unpack the set and index the folder")
        try:
            with self._rar.open(info) as stream:
                data = read_bounded(stream, limit_bytes)
        except rarfile.RarCannotExec as error:
            raise MissingProgramError(
                f"{self._where}: reading packed RAR pages needs a program; {RAR_INSTALL}"
            ) from error
        except (rarfile.Error, *BROKEN_ARCHIVE) as error:
            raise PageError("it is damaged inside the archive; copy the file again") from error
        if len(data) != member.size_bytes:
            raise PageError("the archive ends inside it; copy the file again")
        return data

    def close(self) -> None:
        """Let go of the file."""
        self._rar.close()


def rar_program() -> str | None:
    """Return the path of the first installed program that unpacks RAR, or None."""
    return next((found for name in RAR_PROGRAMS if (found := shutil.which(name))), None)


def _entry(key: int, info: rarfile.RarInfo) -> Entry:
    return Entry(
        name=info.filename,
        key=key,
        size_bytes=info.file_size or 0,
        packed_bytes=info.compress_size or 0,
        is_plain=info.is_file() and not info.is_symlink() and info.file_redir is None,
        is_encrypted=info.needs_password(),
    )
