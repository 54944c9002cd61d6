"""The panel page in a browser: parts that come later, keys, a phone, both directions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from longbox.library import Library

if TYPE_CHECKING:
    from playwright.sync_api import Page


def _panel(served: Any, direction: str, number: int) -> tuple[Library, list[str], str]:
    library: Library = served.app.state.services.library
    books = [b for b in library.books().books if b.direction == direction]
    book = max(books, key=lambda book: book.n_panels)
    ids = [
        f"{book.book_id}-{page.page.index:04d}-{panel.order:02d}"
        for page, panel in library.annotated_book(book.book_id).panels()
    ]
    return library, ids, f"{served.address}/panel/{ids[number]}"


def test_columns_fill_themselves_and_lead_on(page: Page, served: Any) -> None:
    _, ids, address = _panel(served, "ltr", 4)
    page.goto(address)
    first = page.locator("#near-vision .near__panel").first
    first.wait_for()
    assert page.locator("#near-description .near__lacking").inner_text()
    target = first.get_attribute("href")
    first.click()
    page.wait_for_url(f"**{target}")
    page.go_back()
    page.wait_for_url(f"**/panel/{ids[4]}")


def test_arrow_keys_follow_the_books_direction(page: Page, served: Any) -> None:
    for direction, key in (("ltr", "ArrowRight"), ("rtl", "ArrowLeft")):
        _, ids, address = _panel(served, direction, 3)
        page.goto(address)
        page.locator("#near-vision h3").wait_for()
        page.keyboard.press(key)
        page.wait_for_url(f"**/panel/{ids[4]}")
        page.keyboard.press("ArrowLeft" if key == "ArrowRight" else "ArrowRight")
        page.wait_for_url(f"**/panel/{ids[3]}")


def test_the_strip_is_in_reading_order_with_the_panel_in_its_middle(
    page: Page, served: Any
) -> None:
    for direction in ("ltr", "rtl"):
        _, _, address = _panel(served, direction, 4)
        page.goto(address)
        page.wait_for_load_state("load")
        lefts = page.locator(".filmstrip__crop").evaluate_all(
            "all => all.map((each) => each.getBoundingClientRect().left)"
        )
        assert lefts == sorted(lefts, reverse=direction == "rtl")
        apart = page.evaluate(
            """() => {
              const strip = document.querySelector(".filmstrip").getBoundingClientRect();
              const here = document.querySelector('.filmstrip [aria-current]');
              const box = here.getBoundingClientRect();
              return Math.abs(box.left + box.width / 2 - strip.left - strip.width / 2);
            }"""
        )
        assert apart < 40


def test_the_page_in_small_leads_to_its_other_panels(page: Page, served: Any) -> None:
    library, ids, _ = _panel(served, "ltr", 0)
    several = next(i for i in ids if i.endswith("-01"))
    page.goto(f"{served.address}/panel/{several}")
    assert library.panel_row
    page.get_by_role("link", name="Panel 1", exact=True).click()
    page.wait_for_url(f"**/panel/{several[:-2]}00")


def test_the_model_is_asked_when_its_part_comes_into_view(page: Page, served: Any) -> None:
    _, _, address = _panel(served, "ltr", 5)
    page.goto(address)
    page.locator("#model-title").scroll_into_view_if_needed()
    page.locator(".model__figure").wait_for(timeout=60_000)
    page.locator("#attention").scroll_into_view_if_needed()
    page.locator(".page-map--attention").wait_for(timeout=60_000)
    page.get_by_role("button", name="1", exact=True).click()
    page.locator('[aria-pressed="true"]:text-is("1")').wait_for()


def test_a_phone_shows_it_all_without_scrolling_sideways(phone: Page, served: Any) -> None:
    _, _, address = _panel(served, "rtl", 4)
    phone.goto(address)
    phone.locator("#near-vision .near__panel").first.wait_for()
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    box = phone.locator(".panel-stage__crop").bounding_box()
    assert box is not None
    assert box["width"] > 150
