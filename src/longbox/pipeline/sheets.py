"""Contact sheets of a book: every page small, with all that was seen on it.

A sheet is bounded in pixels, since picture formats and memory are: a long book becomes several
numbered ones (`night-1.jpg`, `night-2.jpg`), of which only one is in memory. They are written under
hidden names and renamed together at the end.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from longbox.book import AnnotatedPage, Problem
from longbox.config import Config
from longbox.errors import QueryError
from longbox.ingest import OpenBook, open_book
from longbox.pipeline.books import BookStages
from longbox.pipeline.overlays import (
    GAP_PX,
    STRIP_PX,
    contact_sheet,
    draw_overlay,
    draw_unread,
)

if TYPE_CHECKING:
    from PIL.Image import Image

SHEET_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
_MOST_SIDE_PX = 16_000  # WebP holds 16,383
_MOST_PX = 40_000_000  # 120 MB as RGB, twice that while it is put together

Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class SheetLayout:
    """What is drawn on a sheet, and how.

    Attributes:
        pages: Indices of the pages to draw; all of them when None.
        columns: Pages side by side, as far as a sheet is wide enough.
        side_px: Longer side of a page on the sheet.
    """

    pages: tuple[int, ...] | None = None
    columns: int = 6
    side_px: int = 420

    def fitted(self) -> tuple[int, int]:
        """Return how many pages stand side by side and how many on one sheet."""
        width, height = self.side_px + GAP_PX, self.side_px + STRIP_PX + GAP_PX
        most = max(1, _MOST_PX // (width * height))
        columns = max(1, min(self.columns, most, (_MOST_SIDE_PX - GAP_PX) // width))
        rows = max(1, min(most // columns, (_MOST_SIDE_PX - GAP_PX) // height))
        return columns, columns * rows


def write_sheets(
    path: Path,
    output: Path,
    config: Config,
    layout: SheetLayout = SheetLayout(),
    *,
    replaces: bool = False,
    tell: Tell = lambda _done, _total: None,
) -> tuple[list[Path], tuple[Problem, ...]]:
    """Understand a book as indexing does, and draw what was seen: all sheets are written, or none.

    The whole book is understood whatever is drawn of it: a page's type hangs on its neighbours.

    Args:
        path: A comic file, or a folder of pictures.
        output: The picture to write; several sheets carry a number behind its name.
        config: The settings.
        layout: Which pages, and how to lay them out.
        replaces: Overwrite pictures that are there.
        tell: Told how many pages and sheets are done of how many.

    Returns:
        The files, and what went wrong on the way.

    Raises:
        IngestError: The file is no book.
        QueryError: The book has no such page, or the output cannot be written there.
    """
    _require_writable(output)
    stages = BookStages(config, n_threads=2)
    with open_book(path, config.ingest) as opened:
        wanted = _wanted(path, layout.pages, len(opened.book.pages))
        columns, n_on_sheet = layout.fitted()
        groups = [wanted[i : i + n_on_sheet] for i in range(0, len(wanted), n_on_sheet)]
        targets = _targets(output, len(groups), replaces=replaces)
        n_done, n_steps = 0, len(opened.book.pages) + 1 + len(groups)

        def step() -> None:
            nonlocal n_done
            n_done += 1
            tell(n_done, n_steps)

        annotated = stages.understand(opened, step).annotated
        problems: list[Problem] = []
        with _together(targets) as partials:
            for group, partial in zip(groups, partials, strict=True):
                pictures = [
                    _picture(opened, annotated.pages[i], stages, problems, layout.side_px)
                    for i in group
                ]
                contact_sheet(pictures, columns).save(partial)
                step()
    return targets, (*annotated.problems, *problems)


def _require_writable(output: Path) -> None:
    if output.suffix.lower() not in SHEET_SUFFIXES:
        raise QueryError(f"{output}: name a {', '.join(SHEET_SUFFIXES)} file")
    if not output.absolute().parent.is_dir():
        raise QueryError(f"{output}: its folder is not there; make it first")


def _wanted(path: Path, pages: Sequence[int] | None, n_pages: int) -> list[int]:
    wanted = sorted(set(range(n_pages) if pages is None else pages))
    if not wanted:
        raise QueryError(f"{path}: no page was asked for")
    if wanted[0] < 0 or wanted[-1] >= n_pages:
        raise QueryError(f"{path}: there is no page {wanted[-1] + 1}; it has {n_pages}")
    return wanted


def _targets(output: Path, n: int, *, replaces: bool) -> list[Path]:
    """Return the files to write, none of which is there unless it may be replaced."""
    several = [output.with_name(f"{output.stem}-{i + 1}{output.suffix}") for i in range(n)]
    targets = several if n > 1 else [output]
    for target in targets:
        if target.is_dir() or (target.exists() and not replaces):
            raise QueryError(f"{target}: already there; --force replaces it")
    return targets


@contextmanager
def _together(targets: Sequence[Path]) -> Iterator[list[Path]]:
    """Give hidden files to write that become the targets when all are whole, and else are gone."""
    run = uuid.uuid4().hex[:8]
    partials = [t.with_name(f".longbox-{run}-{i}{t.suffix}") for i, t in enumerate(targets)]
    try:
        yield partials
        for partial, target in zip(partials, targets, strict=True):
            partial.replace(target)
    finally:
        for partial in partials:
            partial.unlink(missing_ok=True)


def _picture(
    opened: OpenBook,
    seen: AnnotatedPage,
    stages: BookStages,
    problems: list[Problem],
    side_px: int,
) -> Image:
    """Return a page with what was seen on it, or a card that stands for a page without pixels."""
    if seen.page.is_readable and seen.panels:  # others have their problem already
        with stages.pages.guard("ingest", seen.page, opened.book, problems):
            return draw_overlay(opened.pixels(seen.page.index), seen, side_px)
    return draw_unread(seen, side_px)
