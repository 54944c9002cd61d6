"""Every error that Longbox raises on purpose.

    LongboxError
      ComicError            one file, page or picture is bad; the shelf goes on without it
        IngestError           a file cannot become a book
          UnsafeFileError       it breaks a safety limit: traversal, bomb, too many entries
          EncryptedFileError    it needs a password
          MissingProgramError   it needs a system program that is not installed
        PageError             one page cannot be decoded
        SidecarError          another program's file cannot be read, or fits no book
      LibraryError          the library folder is missing, damaged, locked or of another format
        NewerFormatError      a file in it is whole, but a newer Longbox made it
        DiskError             the disk refuses to read or write; nothing says that a file is damaged
      ModelError            an encoder or model cannot be loaded or does not fit
        SpaceMismatchError    vectors of two different spaces were about to be compared
      QueryError            a search query cannot be understood
      ConfigError           a setting is unknown or has a wrong value
      ConflictError         somebody else changed the same thing in between
      BusyError             too much is asked at once
      ClusterError          a scheduler, its workers or the storage between them cannot be used

Messages say what was wrong, where, and what to do. Where a caller would expect a builtin
(ValueError for a bad value), the class is one too.
"""


class LongboxError(Exception):
    """Anything that Longbox reports in one line instead of a traceback."""


class ComicError(LongboxError):
    """One comic file, page or picture is bad; everything else can go on.

    Attributes:
        page: Index of the page from 0, or None when the whole file is meant.
    """

    def __init__(self, message: str, *, page: int | None = None) -> None:
        super().__init__(message)
        self.page = page


class IngestError(ComicError):
    """A file cannot be read as a book."""


class UnsafeFileError(IngestError):
    """A file breaks a safety limit and was not read further."""


class EncryptedFileError(IngestError):
    """A file needs a password."""


class MissingProgramError(IngestError):
    """A file needs a system program that is not installed."""


class PageError(ComicError):
    """One page of a book cannot be decoded."""


class SidecarError(ComicError):
    """Another program's file cannot be read, or does not fit the book it is meant for."""


class LibraryError(LongboxError):
    """The library is missing, damaged, locked, or of a format this version cannot read."""


class NewerFormatError(LibraryError):
    """A newer Longbox made this file: it is whole, and must be left as it is."""


class DiskError(LibraryError):
    """The disk refused to read or write: no reason to take a file for damaged."""


class ModelError(LongboxError):
    """An encoder or model cannot be loaded, or its shapes do not fit."""


class SpaceMismatchError(ModelError, ValueError):
    """Vectors of two different spaces or fingerprints were about to be compared."""


class QueryError(LongboxError, ValueError):
    """A search query cannot be understood."""


class ConfigError(LongboxError, ValueError):
    """A setting is unknown or its value is not allowed."""


class ConflictError(LongboxError):
    """Somebody else changed the same thing in between; nothing was overwritten."""


class BusyError(LongboxError):
    """Too much is asked at once; it can be done in a moment."""


class ClusterError(LongboxError):
    """A scheduler cannot be reached, has no worker of use, or results cannot be brought home."""
