"""One comic file as a job: open it, reuse what the library knows of its pages, or understand it.

Pages that the library holds already are not understood again, whatever their file is called now
and wherever it lies. What the file says of itself (title, series, year) may have changed though,
so that is compared and, where it differs, written anew. A new reading direction or new page types
change what the stages see: such a book is done again. So it is with corrections: those that only
change what is written down are written down, the others make the book done again, and so does
a page type that a person takes back or changes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from longbox.book import AnnotatedBook, Book, Direction, DirectionSource, Problem
from longbox.config import Config
from longbox.errors import ComicError, LibraryError, MissingProgramError
from longbox.ingest import open_book, printable
from longbox.library import (
    BookStore,
    read_book_store,
    read_corrections,
    store_path,
    update_book_store,
    write_book_store,
)
from longbox.pipeline.books import BookStages
from longbox.pipeline.corrections import (
    BookCorrections,
    book_corrections,
    corrected_book,
    corrected_labels,
    full_recipe,
    holds_old_labels,
    split_recipe,
)
from longbox.pipeline.description_vectors import refresh_descriptions


class UnreadableCorrectionsError(ComicError):
    """A book's corrections cannot be read; without them the book would be made wrong."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """A folder that holds of a library what one job needs, on a machine that does not see it.

    Attributes:
        known: File with the ids, 8 bytes each and sorted, that the library proper knows.
        brought: The book whose files are in the folder; None for none.
    """

    known: Path
    brought: str | None = None


@dataclass(frozen=True, slots=True)
class BookJob:
    """One comic file to do.

    Attributes:
        number: Row of the job in the progress array of its run.
        stand_in: Set where `library` only stands for the library proper.
        must_fit_settings: Do it again when the library holds these pages by another recipe, or
            read in another direction than was asked for.
    """

    number: int
    path: Path
    library: Path
    recipe: str
    must_fit_settings: bool = False
    stand_in: StandIn | None = None


@dataclass(frozen=True, slots=True)
class BookResult:
    """What became of one comic file.

    Attributes:
        book_id: None when the file could not be read as a book.
        is_reused: The library already held these pages; nothing was computed.
        seconds: By stage, in the worker.
        is_retried: It failed for want of a system program, or because its corrections cannot be
            read: the next run tries again although the file is the same.
        lacks: A book that the library proper knows and the stand-in does not hold: nothing was
            done, and the job is to be given again with that book's files.
    """

    path: Path
    book_id: str | None
    title: str
    n_pages: int
    n_panels: int
    problems: tuple[Problem, ...]
    is_reused: bool
    seconds: dict[str, float]
    is_retried: bool = False
    lacks: str | None = None


Tick = Callable[[int], None]


def do_book(job: BookJob, config: Config, stages: BookStages, tick: Tick) -> BookResult:
    """Open, understand and store one book.

    Args:
        job: What to do.
        config: The settings.
        stages: The loaded stages of this process.
        tick: Called with the number of pages as soon as it is known, then with 0 after each page.

    Returns:
        The result; a file that is no readable book is a result too.
    """
    stages.clock.seconds.clear()
    clock = stages.clock
    try:
        with clock.time("ingest"):
            opened = open_book(job.path, config.ingest)
        with opened:
            if _is_lacking(job, opened.book.book_id):
                return replace(_unmade(job.path, ()), lacks=opened.book.book_id)
            corrections = _corrections(job, opened.book)
            stored = _stored(job, opened.book)
            book = _with_kept_direction(opened.book, stored)
            opened.book = corrected_book(book, corrections)
            tick(len(opened.book.pages))
            if stored is not None and _is_reusable(job, opened.book, stored, corrections):
                renewed = _renew(job, opened.book, stored, corrections)
                return _result(job.path, renewed, True, clock.seconds)
            done = stages.understand(opened, lambda: tick(0), corrections)
        with clock.time("store"):
            recipe = full_recipe(job.recipe, corrections)
            write_book_store(job.library, done.annotated, done.vectors, recipe)
            refresh_descriptions(job.library, done.annotated, stages.sentences)
    except UnreadableCorrectionsError as error:
        problem = Problem(printable(str(job.path)), None, "corrections", str(error))
        return failed_book(job.path, problem, is_retried=True)
    except ComicError as error:
        problem = Problem(printable(str(job.path)), error.page, "ingest", str(error))
        return failed_book(job.path, problem, is_retried=isinstance(error, MissingProgramError))
    return _result(job.path, done.annotated, False, clock.seconds)


def failed_book(path: Path, problem: Problem, *, is_retried: bool = False) -> BookResult:
    """Return the result of a file that did not become a book."""
    return replace(_unmade(path, (problem,)), is_retried=is_retried)


def _unmade(path: Path, problems: tuple[Problem, ...]) -> BookResult:
    return BookResult(path, None, path.name, 0, 0, problems, False, {})


def _is_lacking(job: BookJob, book_id: str) -> bool:
    """Whether the library proper knows a book that the job's stand-in does not hold."""
    if job.stand_in is None or job.stand_in.brought == book_id:
        return False
    known, wanted = job.stand_in.known.read_bytes(), bytes.fromhex(book_id)
    size = len(wanted)
    ids = range(0, len(known), size)
    at = bisect_left(ids, wanted, key=lambda i: known[i : i + size]) * size
    return known[at : at + size] == wanted


def lost_book(path: Path, page: int, reason: str) -> BookResult:
    """Return the result of a book whose worker died or was given up at a page."""
    problem = Problem(printable(str(path)), page, "pipeline", " ".join(reason.split()))
    return failed_book(path, problem)


def _result(
    path: Path, annotated: AnnotatedBook, is_reused: bool, seconds: dict[str, float]
) -> BookResult:
    book = annotated.book
    return BookResult(
        path,
        book.book_id,
        book.title,
        len(annotated.pages),
        annotated.n_panels,
        () if is_reused else annotated.problems,
        is_reused,
        dict(seconds),
    )


def _corrections(job: BookJob, book: Book) -> BookCorrections:
    try:
        return book_corrections(read_corrections(job.library, book.book_id))
    except (LibraryError, ValueError) as error:
        raise UnreadableCorrectionsError(" ".join(str(error).split())) from error


def _stored(job: BookJob, book: Book) -> BookStore | None:
    """Return what the library holds of these pages; a damaged store is made again."""
    path = store_path(job.library, book.book_id)
    if not path.is_file():
        return None
    try:
        return read_book_store(path)
    except LibraryError:
        return None


def _with_kept_direction(book: Book, stored: BookStore | None) -> Book:
    """Keep the direction that a person once gave, where now there is only a guess."""
    if stored is None or book.direction_source is not DirectionSource.GUESS:
        return book
    before = stored.annotated.book
    if before.direction_source is not DirectionSource.OPTION:
        return book
    return replace(book, direction=before.direction, direction_source=DirectionSource.OPTION)


def _is_reusable(job: BookJob, book: Book, stored: BookStore, corrections: BookCorrections) -> bool:
    before = stored.annotated.book
    settings, deep_mark, _ = split_recipe(stored.recipe)
    if deep_mark != corrections.deep_mark or holds_old_labels(stored.annotated, corrections):
        return False
    if [p.declared_type for p in book.pages] != [p.declared_type for p in before.pages]:
        return False
    if _counted_direction(job, book) not in (None, before.direction):
        return False
    return not job.must_fit_settings or settings == job.recipe


def _counted_direction(job: BookJob, book: Book) -> Direction | None:
    """Return the direction that the book must have been read in; None where any will do."""
    is_told = book.direction_source in (DirectionSource.METADATA, DirectionSource.CORRECTION)
    is_asked = job.must_fit_settings and book.direction_source is DirectionSource.OPTION
    return book.direction if is_told or is_asked else None


def _renew(
    job: BookJob, book: Book, stored: BookStore, corrections: BookCorrections
) -> AnnotatedBook:
    """Write anew what the file says of itself and what people call it, if that changed."""
    before = stored.annotated
    old, new = before.book.metadata, book.metadata
    if new.language is None and "lettering" in old.sources:
        new = replace(new, language=old.language, sources=(*new.sources, "lettering"))
    after = corrected_labels(replace(before, book=replace(before.book, metadata=new)), corrections)
    recipe = full_recipe(split_recipe(stored.recipe)[0], corrections)
    if after != before or recipe != stored.recipe:
        update_book_store(job.library, after, recipe)
    return after
