"""The shelf, a book's page and jobs in a browser: live, by keyboard, on a phone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from catalogued_books import catalogue, catalogued_book, full_metadata
from longbox.book import Metadata
from longbox.web.jobs import Kind
from tiny_comics import draw_cbz

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from conftest import Served

    Serve = Callable[..., Served]

HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)> \u202e مرحبا {{7*7}}'


@dataclass(frozen=True)
class Given:
    n: int = 0
    note: str = ""


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of 130 books, two of them hostile."""
    books = [
        catalogued_book(f"book {n}", Metadata(title=f"Book {n}", year=1900 + n)) for n in range(128)
    ]
    books += [
        catalogued_book(HOSTILE, full_metadata(HOSTILE)),
        catalogued_book("long", full_metadata("longest " * 1250)),
    ]
    return catalogue(tmp_path_factory.mktemp("many") / "library", books)


def _n_books(page: Page) -> int:
    return page.locator(".shelf__book").count()


def test_shelf_scrolls_on_and_is_filtered_as_one_types(
    many: Path, serve: Serve, page: Page
) -> None:
    page.goto(serve(many).address)
    assert _n_books(page) == 60
    for wanted in (120, 130):
        page.mouse.wheel(0, 100_000)
        page.wait_for_function(
            "n => document.querySelectorAll('.shelf__book').length === n", arg=wanted
        )
    assert page.get_by_role("link", name="More books").count() == 0
    page.evaluate("scrollTo(0, 0)")
    page.get_by_label("Filter by title or series").fill("book 11")
    page.wait_for_function("() => document.querySelectorAll('.shelf__book').length === 11")
    assert page.locator("#shelf-count").inner_text() == "11"
    assert "text=book%2011" in page.url
    page.get_by_label("Sort by").select_option("year")
    page.wait_for_url("**sort=year**")
    page.wait_for_function(
        "() => document.querySelector('.shelf__book .cover__title').textContent === 'Book 119'"
    )
    page.reload()  # the address keeps it all
    assert _n_books(page) == 11
    assert page.get_by_label("Sort by").input_value() == "year"
    page.get_by_label("Filter by title or series").fill("nothing like it")
    page.get_by_text("No title or series has").wait_for()


def test_hostile_titles_do_nothing_and_break_nothing(many: Path, serve: Serve, page: Page) -> None:
    served = serve(many)
    hostile = catalogued_book(HOSTILE).book.book_id
    long = catalogued_book("long").book.book_id
    addresses = ("/?text=script", f"/book/{hostile}", f"/book/{long}", "/health", "/?sort=year")
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 800})
        for address in addresses:
            page.goto(served.address + address)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
    page.goto(f"{served.address}/book/{hostile}")
    assert "<script>alert(1)</script>" in page.locator("h1").inner_text()
    assert page.locator("img[src=x]").count() == 0


def test_book_whose_file_is_gone_keeps_its_place_without_a_picture(
    many: Path, serve: Serve, page: Page
) -> None:
    page.goto(serve(many).address)
    page.wait_for_function("() => document.querySelectorAll('.cover__picture.is-lost').length >= 8")
    frame = page.locator(".cover__frame").first.bounding_box()
    assert frame is not None
    assert frame["height"] > 150


def test_shelf_is_used_with_the_keyboard(many: Path, serve: Serve, page: Page) -> None:
    page.goto(serve(many).address)
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "masthead-q"
    page.get_by_label("Filter by title or series").focus()
    seen = []
    for _ in range(5):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.textContent.trim()"))
    assert "Add a folder" in seen
    first = page.locator(".shelf__book a").first
    first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/book/*")
    assert page.get_by_role("link", name="Read", exact=True).first.is_visible()


def test_reading_goes_on_where_it_stopped(many: Path, serve: Serve, phone: Page) -> None:
    served = serve(many)
    one, two = (catalogued_book(f"book {n}").book.book_id for n in (1, 2))
    kept = {
        one: {"page": 1, "panel": None, "at": 1},
        two: {"page": 2, "panel": 0, "at": 2},
        "f" * 16: {"page": 1, "panel": None, "at": 3},
        "../evil": {"page": 1, "panel": None, "at": 4},
        "e" * 16: "nonsense",
    }
    phone.goto(served.address)
    assert phone.locator("[data-reading]").is_hidden()
    phone.evaluate("kept => localStorage.setItem('longbox.reading.v1', kept)", json.dumps(kept))
    phone.reload()
    cards = phone.locator(".reading__book")
    cards.first.wait_for()
    assert cards.count() == 2
    assert (
        cards.nth(0).locator("a").get_attribute("href") == f"/read/{two}?page=3&view=guided&panel=1"
    )
    assert cards.nth(1).locator("a").get_attribute("href") == f"/read/{one}?page=2"
    assert "page 2 of 3" in cards.nth(1).inner_text()
    phone.goto(f"{served.address}/book/{one}")
    assert phone.locator("[data-read]").inner_text() == "Read on, page 2"
    phone.goto(served.address)
    cards.first.wait_for()
    phone.get_by_role("button", name="Take Book 2 off this row").click()
    assert cards.count() == 1
    phone.reload()
    cards.first.wait_for()
    assert cards.count() == 1
    phone.evaluate("localStorage.setItem('longbox.reading.v1', '[1, {')")
    phone.reload()
    assert phone.locator("[data-reading]").is_hidden()


def test_progress_is_live_and_a_job_is_stopped(
    many: Path, serve: Serve, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "job_works"))
    served = serve(many)
    board = served.app.state.services.jobs
    board.register(Kind("count", "web_job_works:count", lambda a: f"count to {a.n} <b>", Given))
    board.submit("count", {"n": 1000})
    waiting = board.submit("count", {"n": 3})
    page.goto(served.address)
    card = page.locator(".job").first
    card.get_by_text("count to 1000 <b>").wait_for()
    page.wait_for_function("() => document.querySelector('[data-job-bar]').value > 0.002")
    assert page.locator("[data-jobs]").inner_text().startswith("2 jobs")
    before = card.locator("[data-job-now]").inner_text()
    page.wait_for_function(
        "before => document.querySelector('[data-job-now]').textContent !== before", arg=before
    )
    card.get_by_role("button", name="Stop this job").click()
    page.locator('.job[data-state="stopped"]').wait_for()
    page.locator('.job[data-state="done"]').wait_for()  # the next one ran
    page.get_by_text("counted to 3").first.wait_for()
    page.locator("[data-jobs]").wait_for(state="hidden")
    assert page.locator("details[data-job-problems]").nth(1).inner_text().startswith("1 problem")
    page.goto(f"{served.address}/jobs")
    assert page.locator(f'[data-job-id="{waiting.job_id}"]').get_attribute("data-state") == "done"
    assert page.get_by_text("Nothing is under way").is_visible()


def test_folder_is_added_and_its_books_appear(
    tmp_path: Path, serve: Serve, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    shelf = tmp_path / "home" / "Comics"
    draw_cbz(shelf / "robot.cbz", [0, 1])
    served = serve(tmp_path / "library")
    page.goto(served.address)
    page.get_by_role("link", name="Add a folder").click()
    page.get_by_label("Folder or file").fill("/no/such/folder")
    page.get_by_role("button", name="Read the comics in it").click()
    page.get_by_text("there is no such file or folder").wait_for()
    page.goto(f"{served.address}/add")
    page.get_by_role("link", name=str(tmp_path / "home")).click()
    page.get_by_role("link", name="Comics", exact=True).click()
    page.get_by_text("1 comic file right here").wait_for()
    page.get_by_role("button", name="Read the comics in it").click()
    page.locator(".job").wait_for()
    page.get_by_role("link", name="To the shelf").click()  # the empty shelf fills by itself
    page.locator(".shelf__book").wait_for(timeout=60_000)
    assert page.locator(".cover__title").inner_text() == "robot"
    page.wait_for_function("() => document.querySelector('.cover__picture').naturalWidth > 0")
