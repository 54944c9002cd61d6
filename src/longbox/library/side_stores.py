"""Reading the files that lie beside the book stores: descriptions, and what models made of a book.

Both are uncompressed ZIPs that nothing but their own reader opens. Whatever a damaged or foreign
file raises becomes one line that says which file, what is wrong and what makes it anew.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TypeVar

from longbox.errors import DiskError, LibraryError, ModelError
from longbox.library.stored_vectors import disk_trouble
from longbox.library.stores import read_store_bytes

Store = TypeVar("Store")


@dataclass(frozen=True, slots=True)
class SideStore:
    """What messages say of a kind of file.

    Attributes:
        what: What a damaged one holds: "description store".
        unreadable: What a foreign one is: "not a readable description store".
        missing: What there is not, and what makes it.
        remedy: What to do with a bad one.
    """

    what: str
    unreadable: str
    missing: str
    remedy: str

    def read(
        self, path: Path, unpack: Callable[[Path, zipfile.ZipFile], Store]
    ) -> tuple[Store, str]:
        """Read a file whole: what is in it, and the SHA-256 of its bytes.

        Raises:
            LibraryError: It is missing, damaged, compressed, or of a newer format.
        """
        try:
            data = read_store_bytes(path)
        except LibraryError as error:
            if path.exists():
                raise
            raise LibraryError(f"{path}: {self.missing}") from error
        with self.explained(path), zipfile.ZipFile(BytesIO(data)) as archive:
            if any(i.compress_type != zipfile.ZIP_STORED for i in archive.infolist()):
                raise LibraryError(f"{path}: a store is never compressed; {self.remedy}")
            store = unpack(path, archive)
        return store, hashlib.sha256(data).hexdigest()

    @contextmanager
    def explained(self, path: Path) -> Iterator[None]:
        """Turn what a damaged file raises into a LibraryError of one line."""
        try:
            yield
        except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
            if (trouble := disk_trouble(error)) is not None:
                raise DiskError(
                    f"{path}: cannot be read ({trouble.strerror}); check the disk and run again"
                ) from error
            raise LibraryError(f"{path}: damaged {self.what} ({error}); {self.remedy}") from error
        except (KeyError, ValueError, TypeError, IndexError, OverflowError, ModelError) as error:
            reason = " ".join(str(error).split())[:200]
            raise LibraryError(f"{path}: {self.unreadable} ({reason}); {self.remedy}") from error
