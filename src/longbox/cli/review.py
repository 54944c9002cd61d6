"""`longbox library review`: pages and books that deserve a person's look, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from longbox.book import PageFlag
from longbox.cli.terminal import (
    JsonOption,
    LibraryOption,
    notes,
    one_line,
    open_library,
    plural,
    print_json,
    results,
)
from longbox.library import FlaggedPage, Library
from longbox.page_types import FLAG_ADVICE, left_out_of_training


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One line of the list.

    Attributes:
        page: Index from 0; None when the whole book is meant.
        todo: What a person can do about it.
    """

    file: str
    title: str
    book_id: str
    page: int | None
    flag: PageFlag
    todo: str


def review(
    flag: Annotated[list[PageFlag] | None, typer.Option(help="Only this flag.")] = None,
    library: LibraryOption = None,
    json: JsonOption = False,
) -> None:
    """List the pages and books that deserve a look, and what to do about each."""
    wanted = tuple(dict.fromkeys(flag or PageFlag))
    with open_library(library) as opened:
        pages = opened.flagged_pages(wanted)
        counts = dict(opened.status().flags)
        n_pages, n_left_out = _left_out(opened)
    items = review_items(pages, wanted)
    if json:
        print_json(
            {
                "pages": n_pages,
                "left_out_of_training": n_left_out,
                "flags": {str(name): n for name, n in counts.items()},
                "items": items,
            }
        )
        return
    _print(items, pages)
    results.print(f"{n_left_out:,} of {plural(n_pages, 'page')} left out of training by default")
    if not items:
        notes.print("nothing to review")


def _left_out(library: Library) -> tuple[int, int]:
    """Count all pages, and those that training leaves out: by flags and by what pages are."""
    found = [is_left for book in library.outlines() for is_left in left_out_of_training(book)]
    return len(found), sum(found)


def review_items(pages: Sequence[FlaggedPage], wanted: Sequence[PageFlag]) -> list[ReviewItem]:
    """Return the list by flag, file and page; a book that is flagged on every page is one line."""
    items = []
    for flag in wanted:
        flagged = [page for page in pages if flag in page.flags]
        n_flagged: dict[str, int] = {}
        for page in flagged:
            n_flagged[page.book_id] = n_flagged.get(page.book_id, 0) + 1
        said: set[str] = set()
        for page in flagged:
            is_whole = page.n_pages > 1 and n_flagged[page.book_id] == page.n_pages
            if is_whole and page.book_id in said:
                continue
            said.add(page.book_id)
            index = None if is_whole else page.page_index
            items.append(
                ReviewItem(page.file, page.title, page.book_id, index, flag, FLAG_ADVICE[flag])
            )
    return items


def _print(items: Sequence[ReviewItem], pages: Sequence[FlaggedPage]) -> None:
    flag = None
    for item in items:
        if item.flag is not flag:
            flag = item.flag
            n_flagged = sum(flag in page.flags for page in pages)
            results.print(f"{flag}: {plural(n_flagged, 'page')}", style="bold", markup=False)
            results.print(f"  to do: {item.todo}", style="dim", markup=False)
        place = "every page" if item.page is None else f"page {item.page + 1}"
        results.print(f"  {one_line(item.file)}, {place}", markup=False)
