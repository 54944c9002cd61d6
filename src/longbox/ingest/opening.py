"""Open a comic: find out what it is, list its pages, merge its metadata, decide its direction.

What a file is comes from its first bytes. Pages are hashed and measured one at a time, so opening
takes the memory of one stored page, never of the book.

A book of which at least one page can be read is a Book, and what is wrong with the rest is in its
problems. A file that holds no page, or of which no page can be read, is an error.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from longbox.book import Book, Metadata, Page, Problem
from longbox.errors import EncryptedFileError, IngestError, PageError
from longbox.ingest.comicinfo import ComicInfo, PageInfo, read_comicinfo
from longbox.ingest.containers import Container
from longbox.ingest.direction import choose_direction, looks_like_strip, stated_direction
from longbox.ingest.epub import is_epub, read_epub
from longbox.ingest.epub_metadata import epub_metadata
from longbox.ingest.folders import FolderContainer
from longbox.ingest.headers import archive_format, picture_format
from longbox.ingest.merging import merge_metadata, name_metadata
from longbox.ingest.naming import is_junk, is_page_name, natural_order, printable
from longbox.ingest.open_pages import OpenBook
from longbox.ingest.options import IngestOptions
from longbox.ingest.page_sources import PageSource, StoredPages
from longbox.ingest.pdf import PdfPages
from longbox.ingest.pictures import probe
from longbox.ingest.rarred import RarContainer
from longbox.ingest.sevenzip import SevenZipContainer
from longbox.ingest.tarred import TarContainer
from longbox.ingest.zipped import ZipContainer

_HEAD_BYTES = 1024
_DEFAULTS = IngestOptions()


@dataclass(frozen=True, slots=True)
class _Opened:
    """A page source and the metadata that was found beside the pages."""

    source: PageSource
    metadata: tuple[Metadata, ...] = ()
    comicinfo: ComicInfo | None = None
    notices: tuple[str, ...] = ()


def open_book(path: Path, options: IngestOptions = _DEFAULTS) -> OpenBook:
    """Open a comic file or a folder of pictures.

    Args:
        path: CBZ, CBR, CB7, CBT, PDF, EPUB, or a folder; told by content, not by name.
        options: Direction and limits.

    Returns:
        The open book; close it after use.

    Raises:
        IngestError: It is no comic, holds no readable page, or is damaged as a whole.
        UnsafeFileError: It breaks a limit.
        EncryptedFileError: It needs a password.
        MissingProgramError: It needs a system program that is not installed.
    """
    where = printable(str(path))
    opened = open_file(path, options, where)
    try:
        return OpenBook(_describe(path, opened, options, where), opened.source, where)
    except BaseException:
        opened.source.close()
        raise


def open_file(path: Path, options: IngestOptions, where: str) -> _Opened:
    """Open a file or folder and list its pages without looking at them.

    Raises:
        IngestError: As open_book.
    """
    kind = _kind(path, where)
    if kind == "pdf":
        return _Opened(PdfPages(path, options))
    if kind == "folder":
        return _from_container(FolderContainer(path, options), options, where)
    if kind == "zip":
        return _from_container(ZipContainer(path, options), options, where)
    if kind == "7z":
        return _from_container(SevenZipContainer(path, options), options, where)
    if kind == "rar":
        return _from_container(RarContainer(path, options), options, where)
    return _from_container(TarContainer(path, kind, options), options, where)


def _kind(path: Path, where: str) -> str:
    """Return zip, rar, 7z, pdf, tar, gzip, bzip2, xz or folder.

    Raises:
        IngestError: It cannot be opened or is of no known kind.
    """
    try:
        str(path).encode("utf-8")
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return "folder"
        if not stat.S_ISREG(mode):
            raise IngestError(
                f"{where}: not a file but a pipe, socket or device; give a comic file"
            )
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except UnicodeEncodeError as error:
        raise IngestError(f"{where}: its name is not valid UTF-8; rename it") from error
    except FileNotFoundError as error:
        raise IngestError(f"{where}: does not exist; check the path") from error
    except OSError as error:
        raise IngestError(
            f"{where}: cannot be opened ({error.strerror}); check its permissions"
        ) from error
    except ValueError as error:
        raise IngestError(f"{where}: not a path") from error
    if not head:
        raise IngestError(f"{where}: the file is empty; copy it again")
    kind = archive_format(head)
    if kind is None:
        if picture_format(head) is not None:
            raise IngestError(f"{where}: a single picture, not a comic; give the folder it is in")
        raise IngestError(f"{where}: not a CBZ, CBR, CB7, CBT, PDF or EPUB, whatever its name says")
    return kind


def _from_container(container: Container, options: IngestOptions, where: str) -> _Opened:
    try:
        return _list_pages(container, options, where)
    except BaseException:
        container.close()
        raise


def _list_pages(container: Container, options: IngestOptions, where: str) -> _Opened:
    comicinfo, notices = _comicinfo(container, options)
    if container.format == "cbz" and is_epub(container):
        return _from_epub(container, options, where, comicinfo, notices)
    pages = [member for member in container.listing.members if is_page_name(member.path)]
    pages.sort(key=lambda member: natural_order(member.path))
    source = StoredPages(container, pages, options)
    if not pages and container.listing.n_archives:
        n_archives = container.listing.n_archives
        raise IngestError(f"{where}: holds {n_archives} archives and no page; unpack them first")
    if source.all_encrypted:
        advice = "unpack it with its password and index the folder"
        raise EncryptedFileError(f"{where}: its pages are encrypted; {advice}")
    return _Opened(source, (), comicinfo, notices)


def _from_epub(
    container: Container,
    options: IngestOptions,
    where: str,
    comicinfo: ComicInfo | None,
    notices: tuple[str, ...],
) -> _Opened:
    def area(data: bytes) -> int:
        size = probe(data, options)
        return size.width * size.height

    package = read_epub(container, options, where, area)
    source = StoredPages(
        container,
        package.pages,
        options,
        notices=package.notices,
        direction=package.direction,
        book_format="epub",
    )
    return _Opened(source, (epub_metadata(package.metadata),), comicinfo, notices)


def _comicinfo(
    container: Container, options: IngestOptions
) -> tuple[ComicInfo | None, tuple[str, ...]]:
    """Return the first readable ComicInfo.xml, the outermost first, and faults of others."""
    found = [
        member
        for member in container.listing.members
        if member.path.rsplit("/", 1)[-1].lower() == "comicinfo.xml" and not is_junk(member.path)
    ]
    found.sort(key=lambda member: (member.path.count("/"), member.path))
    notices: list[str] = []
    for member in found[:10]:
        try:
            return read_comicinfo(container.read(member, options.max_xml_bytes)), tuple(notices)
        except PageError as error:
            notices.append(f"'{member.shown}' was not used: {error}")
    return None, tuple(notices)


def _describe(path: Path, opened: _Opened, options: IngestOptions, where: str) -> Book:
    source, comicinfo = opened.source, opened.comicinfo
    if not source.names:
        raise IngestError(f"{where}: no page in it; a comic needs pictures (JPEG, PNG, WebP ...)")
    pages, faults = _pages(source, comicinfo.pages if comicinfo else {})
    if all(not page.is_readable for page in pages):
        raise IngestError(f"{where}: no readable page; page 1 ({pages[0].source}): {faults[0][1]}")
    notices = [*opened.notices, *source.notices, *_page_info_notices(comicinfo, len(pages))]
    problems = [Problem(str(path), None, "ingest", notice) for notice in notices]
    problems += [
        Problem(str(path), index, "ingest", f"'{pages[index].source}': {fault}")
        for index, fault in faults
    ]
    tagged = [comicinfo.metadata] if comicinfo else []
    metadata = merge_metadata([*tagged, *opened.metadata], name_metadata(path))
    manga = comicinfo.manga if comicinfo else ""
    direction, direction_source = choose_direction(
        stated_direction(manga, source.direction),
        options.direction,
        manga,
        metadata.language,
        lambda: looks_like_strip(pages, source.grey),
    )
    return Book(
        book_id=book_id_of([page.digest for page in pages]),
        path=str(path),
        format=source.format,
        metadata=metadata,
        direction=direction,
        direction_source=direction_source,
        pages=tuple(pages),
        problems=tuple(problems),
    )


def _pages(
    source: PageSource, said: dict[int, PageInfo]
) -> tuple[list[Page], list[tuple[int, str]]]:
    pages: list[Page] = []
    faults: list[tuple[int, str]] = []
    for index, name in enumerate(source.names):
        facts = source.inspect(index)
        info = said.get(index, PageInfo())
        pages.append(
            Page(
                index,
                name,
                facts.digest,
                facts.width,
                facts.height,
                info.page_type,
                info.is_double,
                info.bookmark,
            )
        )
        if facts.fault is not None:
            faults.append((index, facts.fault))
    return pages, faults


def _page_info_notices(comicinfo: ComicInfo | None, n_pages: int) -> list[str]:
    outside = [index for index in comicinfo.pages if index >= n_pages] if comicinfo else []
    if not outside:
        return []
    claim = f"ComicInfo.xml describes page {min(outside) + 1}, but the book has {n_pages}"
    return [f"{claim}; pages may be missing"]


def book_id_of(digests: Sequence[str]) -> str:
    """Return 16 hex digits that stand for these page digests in this order."""
    return hashlib.sha256("\n".join(digests).encode("ascii")).hexdigest()[:16]
