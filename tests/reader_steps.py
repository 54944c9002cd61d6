"""Steps that tests of the reader share: open a book in it, and ask where it is."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longbox.book import AnnotatedBook
from longbox.library import Library

if TYPE_CHECKING:
    from playwright.sync_api import Page

WHERE = """async () => {
  for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
  const leaf = document.querySelector('.leaf:not(.leaf--waiting)');
  const hole = leaf.querySelector('.shade').style.clipPath.match(/-?[\\d.]+px/g).map(parseFloat);
  const [x0, y0, , y1, x1] = hole.slice(-10);
  const page = leaf.querySelector('.page-sheet').getBoundingClientRect();
  const size = JSON.parse(document.querySelector('[data-reader]').dataset.book)
    .outline[Number(leaf.querySelector('.page-sheet').dataset.page)];
  const scale = page.width / size[0];
  return {
    page: Number(leaf.querySelector('.page-sheet').dataset.page),
    dimmed: Number(getComputedStyle(leaf.querySelector('.shade')).opacity),
    lit: [x0 - page.x, y0 - page.y, x1 - page.x, y1 - page.y].map(value => value / scale),
    window: [x0, y0, x1, y1],
    zoom: scale,
  };
}"""


@cache
def books(root: Path) -> dict[str, AnnotatedBook]:
    with Library.open(root, read_only=True) as library:
        found = [library.annotated_book(i) for i in library.book_ids()]
    return {b.book.title: b for b in found}


def book_of(served: Any, title: str) -> AnnotatedBook:
    return next(b for name, b in books(served.root).items() if title in name)


def still(page: Page) -> None:
    """Let the camera cut, so that what a test sees is where it stands."""
    page.emulate_media(reduced_motion="reduce")


def open_reader(page: Page, served: Any, title: str, query: str = "") -> AnnotatedBook:
    book = book_of(served, title)
    page.goto(f"{served.address}/read/{book.book.book_id}{query}")
    page.wait_for_selector("[data-reader][data-ready]")
    return book


def where(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(WHERE)
    return found


def place(page: Page) -> str:
    return page.locator("[data-place]").inner_text()
