"""Sidecars and corrections read into a library.

First a plan: which book a file belongs to, and what it says that the library does not. Only then
is anything written, all files of one command together. The book is found by the comic's name,
which a sidecar carries; where that names none, by trying every book of the library, and then its
pages must all be there under their names and in their size; a file that fits several, or none, is
refused with the reason. What people take back goes the same way: as one more correction.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from longbox.book import AnnotatedBook
from longbox.correction import (
    CorrectedField,
    Correction,
    check_correction,
    correction_of,
    latest,
    time_after,
    withdrawals,
)
from longbox.errors import SidecarError
from longbox.ingest import printable
from longbox.interchange import (
    FORMATS,
    MOST_BYTES,
    Sidecar,
    StageRules,
    match_pages,
    read_sidecar,
    to_corrections,
)
from longbox.library import Library
from longbox.page_types import from_comicinfo, to_comicinfo
from longbox.panels import reading_order
from longbox.pipeline.corrections import book_corrections, split_recipe

RULES = StageRules(from_comicinfo, to_comicinfo, reading_order)
Tell = Callable[[int, int], None]
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What one file would change.

    Attributes:
        format: Its format, or "corrections".
        book_ids: The books it speaks of.
        titles: Their titles, "" for books that are not in the library.
        corrections: What is new in it, oldest first.
        n_agreeing: Things it says that the library has already.
    """

    path: Path
    format: str
    book_ids: tuple[str, ...]
    titles: tuple[str, ...]
    corrections: tuple[Correction, ...]
    n_agreeing: int


def plan_import(
    library: Library,
    path: Path,
    book_id: str | None = None,
    *,
    keeps_all: bool = False,
    tell: Tell = lambda _done, _total: None,
) -> ImportPlan:
    """Read a file and say what it would change; nothing is written.

    Args:
        library: The library.
        path: A sidecar of any format, or corrections that Longbox exported.
        book_id: The book it belongs to; found by name and contents when not given.
        keeps_all: Also keep what agrees with the library, so that later runs cannot change it.
        tell: Told how many books were tried of how many, where all must be.

    Raises:
        SidecarError: It cannot be read, or fits no book, or several.
        LibraryError: A book cannot be read.
    """
    name, data = path.name, _read(path)
    if _is_corrections(data):
        return _plan_corrections(library, path, data, book_id)
    sidecar = read_sidecar(name, data)
    annotated = _owner(library, path, sidecar, book_id, tell)
    before = library.corrections(annotated.book.book_id)
    said_by = f"{sidecar.format}: {printable(name)[:200]}", time_after(before)
    try:
        everything = to_corrections(sidecar, annotated, RULES, said_by, keeps_all=True)
        new = to_corrections(sidecar, annotated, RULES, said_by, keeps_all=keeps_all)
    except SidecarError as error:
        raise SidecarError(f"{name}: does not fit {annotated.book.title}: {error}") from error
    waiting = _waiting(library, annotated.book.book_id, before)
    if waiting:  # what agrees with the library may still overrule what waits to change it
        kept = set(new)
        new = tuple(c for c in everything if c in kept or (c.field, c.page_index) in waiting)
    for correction in new:
        _require_usable(name, correction)
    return ImportPlan(
        path,
        sidecar.format,
        (annotated.book.book_id,),
        (annotated.book.title,),
        new,
        len(everything) - len(new),
    )


def withdraw_corrections(
    library: Library,
    book_id: str,
    page_index: int | None = None,
    corrected: CorrectedField | None = None,
) -> tuple[Correction, ...]:
    """Take back what was said of a book; on the disk when this returns, applied by the next run.

    Args:
        library: The library.
        book_id: The book, which may be gone.
        page_index: Only what is said of this page; of all pages and of the book when None.
        corrected: Only this field; all of them when None.

    Returns:
        The withdrawals that were added; empty when there was nothing to take back.

    Raises:
        LibraryError: The corrections are damaged, or the library is read-only.
    """
    taken = withdrawals(library.corrections(book_id), page_index, corrected)
    library.add_corrections(taken)
    return taken


def _waiting(
    library: Library, book_id: str, corrections: Sequence[Correction]
) -> set[tuple[CorrectedField, int | None]]:
    """Return the fields and pages of which something is said that the book does not show yet."""
    _, *marks = split_recipe(library.book_store(book_id).recipe)
    wanted = book_corrections(corrections)
    if marks == [wanted.deep_mark, wanted.light_mark]:
        return set()
    return {(c.field, c.page_index) for c in latest(corrections)}


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except IsADirectoryError as error:
        raise SidecarError(f"{path}: is a folder; name the files in it") from error
    except OSError as error:
        raise SidecarError(f"{path}: cannot be read ({error.strerror})") from error
    if len(data) > MOST_BYTES:
        raise SidecarError(f"{path.name}: more than {MOST_BYTES / 2**20:.0f} MiB is no sidecar")
    return data


def _owner(
    library: Library, path: Path, sidecar: Sidecar, book_id: str | None, tell: Tell
) -> AnnotatedBook:
    if book_id is not None:
        return library.annotated_book(book_id)
    if sidecar.format == "comicinfo" and not sidecar.pages and sidecar.n_pages is None:
        fitting: list[str] = []
        reasons = ["it says nothing of pages"]
        named = _named(library, path, sidecar)
        if len(named) == 1:
            return library.annotated_book(named[0])
    else:
        fitting, reasons = _fitting(library, sidecar, _named(library, path, sidecar), tell)
    if len(fitting) == 1:
        return library.annotated_book(fitting[0])
    if fitting:
        raise SidecarError(
            f"{path.name}: fits {len(fitting)} books ({', '.join(fitting[:4])}); say which with "
            "--book ID"
        )
    why = f" ({reasons[0]})" if reasons else ""
    raise SidecarError(f"{path.name}: fits no book of the library{why}; name one with --book ID")


def _fitting(
    library: Library, sidecar: Sidecar, named: Sequence[str], tell: Tell
) -> tuple[list[str], list[str]]:
    """Return the books that a sidecar fits, and why others do not: those of its name, else all."""
    found: list[str] = []
    reasons: list[str] = []
    can_tell = any(page.name for page in sidecar.pages)  # numbers alone would fit any book
    candidates = named or (library.book_ids() if can_tell else ())
    for done, candidate in enumerate(candidates):
        try:
            match_pages(sidecar, library.annotated_book(candidate).book, is_guess=not named)
            found.append(candidate)
        except SidecarError as error:
            reasons.append(str(error))
        tell(done + 1, len(candidates))
    return found, reasons if named else []


def _named(library: Library, path: Path, sidecar: Sidecar) -> list[str]:
    """Return the books whose file is called as the sidecar."""
    names = {_folded(path.name), *(_folded(n) for n in sidecar.names)}
    for suffix in (*(f.suffix for f in FORMATS.values()), path.suffix):
        if suffix and path.name.lower().endswith(suffix.lower()):
            names.add(_folded(path.name[: -len(suffix)]))
    if path.name.lower() == "comicinfo.xml":
        names = {_folded(path.absolute().parent.name)}
    found = {
        known.book_id: None
        for file, known in sorted(library.known_files().items())
        if known.book_id is not None
        and (_folded(Path(file).stem) in names or _folded(Path(file).name) in names)
    }
    return list(found)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold().strip()


def _is_corrections(data: bytes) -> bool:
    first = data.lstrip().split(b"\n", 1)[0]
    return first.startswith(b"{") and b'"book_id"' in first and b'"made_at"' in first


def _plan_corrections(library: Library, path: Path, data: bytes, only: str | None) -> ImportPlan:
    """Plan to read back what `longbox export corrections` wrote, also of books not here yet."""
    found: list[Correction] = []
    for number, line in enumerate(data.splitlines(), start=1):
        if line.strip():
            found.append(_correction(f"{path.name}: line {number}", line))
    if other := {c.book_id for c in found} - {only or c.book_id for c in found}:
        raise SidecarError(
            f"{path.name}: holds corrections of other books too, such as {min(other)}; leave out "
            "--book, or take `longbox export corrections --book ID`"
        )
    known = {book_id: set(library.corrections(book_id)) for book_id in {c.book_id for c in found}}
    new = [c for c in dict.fromkeys(found) if c not in known[c.book_id]]
    here = frozenset(library.book_ids())
    book_ids = tuple(sorted(known))
    books = {b: library.annotated_book(b).book for b in book_ids if b in here}
    for c in new:
        n_pages = len(books[c.book_id].pages) if c.book_id in books else None
        if n_pages is not None and c.page_index is not None and c.page_index >= n_pages:
            raise SidecarError(f"{path.name}: {c.book_id} has no page {c.page_index + 1}")
    titles = tuple(books[b].title if b in books else "" for b in book_ids)
    return ImportPlan(path, "corrections", book_ids, titles, tuple(new), len(found) - len(new))


def _correction(where: str, line: bytes) -> Correction:
    try:
        record = json.loads(line)
        return correction_of(_book_id(record), record)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:120]
        raise SidecarError(f"{where}: is no correction ({reason})") from error


def _book_id(record: dict[str, object]) -> str:
    book_id = record["book_id"]
    if not isinstance(book_id, str) or len(book_id) != 16 or not set(book_id) <= _HEX:
        raise ValueError(f"{str(book_id)[:40]!r} is not a book id")
    return book_id


def _require_usable(where: str, correction: Correction) -> None:
    try:
        check_correction(correction)
    except (ValueError, OverflowError) as error:
        raise SidecarError(f"{where}: {correction.field}: {error}") from error


def files_of(library: Library, book_ids: Sequence[str]) -> tuple[list[Path], list[str]]:
    """Return a comic file of each book that has one, and the books that have none.

    Raises:
        LibraryError: The library cannot be read.
    """
    wanted = dict.fromkeys(book_ids)
    homes: dict[str, Path] = {}
    for file, known in sorted(library.known_files().items()):
        book_id = known.book_id
        if book_id is not None and book_id in wanted and Path(file).exists():
            homes.setdefault(book_id, Path(file))
    return list(homes.values()), [b for b in wanted if b not in homes]
