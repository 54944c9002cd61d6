"""The reader in a browser: views, the guided view's way, words on pictures, what it remembers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from longbox.book import AnnotatedBook
from reader_steps import book_of, open_reader, place, still, where

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from conftest import Served


def remembered(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        page.evaluate("localStorage.getItem('longbox.reading.v1') ?? '{}'")
    )
    return found


def real_panels(book: AnnotatedBook, index: int) -> list[tuple[int, tuple[float, ...]]]:
    """The panels that the guided view should visit: all of a page that is told in panels."""
    page = book.pages[index]
    told_in_panels = page.label.page_type.value in ("story", "splash", "preview")
    panels = [p for p in page.panels if p.source != "whole_page"] if told_in_panels else []
    if len(panels) == 1 and panels[0].box.area > 0.85 * page.page.width * page.page.height:
        panels = []
    return [(p.order, p.box.as_tuple()) for p in panels]


@pytest.mark.parametrize(("title", "key"), [("Potion", "ArrowRight"), ("Moon", "ArrowLeft")])
def test_the_guided_view_goes_through_every_panel_and_back(
    page: Page, served: Served, title: str, key: str
) -> None:
    still(page)
    book = open_reader(page, served, title, "?page=2&view=guided")
    back = "ArrowLeft" if key == "ArrowRight" else "ArrowRight"
    way = [
        (index, panel) for index in (1, 2) for panel in (real_panels(book, index) or [(None, None)])
    ]
    assert len(way) > 4
    seen = []
    for number, (index, panel) in enumerate(way):
        if number:
            page.keyboard.press(key)
        page.wait_for_function(
            f"() => document.querySelector('.leaf:not(.leaf--waiting) [data-page=\"{index}\"]')"
        )
        found = where(page)
        seen.append(found)
        assert found["page"] == index
        if panel[1] is None:
            assert found["dimmed"] == 0
            continue
        x0, y0, x1, y1 = panel[1]
        lit = found["lit"]
        assert found["dimmed"] == 1
        assert max(lit[0] - x0, lit[1] - y0, x1 - lit[2], y1 - lit[3]) <= 1, "all of it is lit"
        # The whole panel is in the window, and as large as that and the greatest zoom allow.
        wx0, wy0, wx1, wy1 = found["window"]
        assert min(wx0, wy0, 1280 - wx1, 800 - wy1) >= -1
        fit = min(1280 / book.pages[index].page.width, 800 / book.pages[index].page.height)
        fills = wx1 - wx0 > 1278 or wy1 - wy0 > 798
        assert fills or found["zoom"] == pytest.approx(3 * fit, rel=0.01)
    for found in reversed(seen[:-1]):
        page.keyboard.press(back)
        page.wait_for_function(
            "p => document.querySelector(`.leaf:not(.leaf--waiting) [data-page='${p}']`)",
            arg=str(found["page"]),
        )
        assert where(page)["lit"] == pytest.approx(found["lit"], abs=0.5)


def test_a_webtoon_is_read_in_steps_from_top_to_bottom(page: Page, served: Served) -> None:
    still(page)
    book = open_reader(page, served, "Long Rope", "?page=1&view=guided")
    orders = []
    before = -1.0
    for _ in range(60):
        found = where(page)
        if found["page"] != 0:
            break
        assert found["window"][2] - found["window"][0] > 380, "legible, not shrunk to fit"
        top = -found["window"][1] / found["zoom"] + found["lit"][1]
        assert top > before
        before = top
        orders.append(page.evaluate("document.querySelector('[data-place]').textContent"))
        page.keyboard.press(" ")
        page.wait_for_timeout(30)
    numbers = [int(re.search(r"panel (\d+)", o)[1]) for o in orders]  # type: ignore[index]
    assert numbers == sorted(numbers)
    assert set(numbers) == {p.order + 1 for p in book.pages[0].panels}


def test_a_webtoon_opens_as_a_strip_that_loads_as_it_is_scrolled(
    page: Page, served: Served
) -> None:
    book = open_reader(page, served, "Long Rope")
    strip = page.locator(".strip")
    assert strip.is_visible()
    assert page.locator(".strip__page").count() == len(book.pages)
    assert page.locator(".strip__page img").count() < len(book.pages)
    page.keyboard.press("End")
    page.wait_for_function(
        "() => document.querySelector('[data-place]').textContent.includes('Page 3')"
    )
    page.wait_for_selector('.strip__page[data-page="2"] img')
    page.keyboard.press("Home")
    page.wait_for_function("() => document.querySelector('.strip').scrollTop === 0")


def test_two_pages_face_each_other_as_they_are_printed(page: Page, served: Served) -> None:
    still(page)
    for title, first_is_left in (("Potion", True), ("Moon", False)):
        open_reader(page, served, title, "?view=spread")
        sheets = page.locator(".leaf:not(.leaf--waiting) .page-sheet")
        assert sheets.count() == 1, "the cover stands alone"
        page.keyboard.press("PageDown")
        page.wait_for_selector('.leaf:not(.leaf--waiting) [data-page="1"]')
        left = {
            s.get_attribute("data-page"): s.bounding_box()["x"]  # type: ignore[index]
            for s in sheets.all()
        }
        assert set(left) == {"1", "2"}
        assert (left["1"] < left["2"]) is first_is_left


def test_every_view_keeps_the_place(page: Page, served: Served) -> None:
    still(page)
    open_reader(page, served, "Potion", "?page=4&view=page")
    for key, view in (("3", "strip"), ("2", "spread"), ("g", "guided"), ("g", "spread")):
        page.keyboard.press(key)
        page.wait_for_selector(f'[data-reader][data-view="{view}"]')
        shown = ".strip" if view == "strip" else ".leaf:not(.leaf--waiting)"
        page.locator(f'{shown} [data-page="3"] img').wait_for()
        assert page.locator(".strip").is_visible() is (view == "strip")
    page.wait_for_url("**view=spread**")
    page.reload()
    page.wait_for_selector('[data-reader][data-ready][data-view="spread"]')


def test_a_spread_waits_for_no_picture_that_is_there(page: Page, served: Served) -> None:
    """While the second page is on its way the first one stays in sight."""
    still(page)
    book = book_of(served, "Potion")
    page.route("**/pictures/page/*/2/*.webp", lambda _: None)
    page.goto(f"{served.address}/read/{book.book.book_id}?page=2&view=spread", wait_until="commit")
    page.wait_for_function("() => document.querySelector('.leaf [data-page=\"1\"] img')")
    assert page.locator('.leaf [data-page="1"] img').is_visible()
    page.unroute_all(behavior="ignoreErrors")


def test_a_picture_that_does_not_come_is_said_and_asked_for_again(
    page: Page, served: Served
) -> None:
    still(page)
    page.route("**/pictures/page/*/2/*.webp", lambda route: route.fulfill(status=404))
    open_reader(page, served, "Potion", "?page=2&view=page")
    page.keyboard.press("PageDown")
    again = page.locator(".leaf:not(.leaf--waiting)").get_by_role("button", name="Try again")
    again.wait_for()
    page.unroute_all(behavior="ignoreErrors")
    again.click()
    page.locator('.leaf:not(.leaf--waiting) [data-page="2"] img').wait_for()


def test_left_goes_on_in_a_book_read_from_right_to_left(page: Page, served: Served) -> None:
    still(page)
    open_reader(page, served, "Moon", "?page=2")
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector('.leaf:not(.leaf--waiting) [data-page="2"]')
    page.mouse.click(1200, 400)
    page.wait_for_selector('.leaf:not(.leaf--waiting) [data-page="1"]')


def test_lettering_can_be_selected_and_is_read_in_order(page: Page, served: Served) -> None:
    still(page)
    book = open_reader(page, served, "Potion", "?page=3")
    known = book.pages[2]
    sheet = page.locator(".leaf:not(.leaf--waiting) .page-sheet")
    sheet.locator(".texts").wait_for()
    names = sheet.locator('[role="group"]').evaluate_all(
        "groups => groups.map(group => group.getAttribute('aria-label'))"
    )
    n_panels = len(known.panels)
    assert names[:n_panels] == [f"Panel {i + 1} of {n_panels}" for i in range(n_panels)]
    target = max(known.texts, key=lambda t: t.box.area)
    element = sheet.locator(f'[data-text="{target.order}"]')
    box = element.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 1, box["y"] + 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 1, box["y"] + box["height"] - 2, steps=4)
    page.mouse.up()
    chosen = page.evaluate("getSelection().toString()").split()
    assert chosen
    assert set(chosen) <= set(target.text.split())
    assert "Page 3" in place(page), "selecting turned no page"
    assert element.evaluate("e => getComputedStyle(e).color") == "rgba(0, 0, 0, 0)"
    page.keyboard.press("t")
    assert element.evaluate("e => getComputedStyle(e).color") != "rgba(0, 0, 0, 0)"


def test_words_are_found_in_the_book_and_shown_on_the_page(page: Page, served: Served) -> None:
    still(page)
    book = open_reader(page, served, "Potion")
    index, text = next(
        (p.page.index, t) for p in book.pages[3:] for t in p.texts if len(t.text) > 12
    )
    page.keyboard.press("/")
    page.locator("[data-find-words]").fill(text.text[:12].lower())
    hit = page.locator(".hits__way").filter(has_text=f"Page {index + 1}").first
    hit.click()
    marked = page.locator(".text--found")
    marked.wait_for()
    assert text.text[:8] in marked.inner_text().replace("\n", " ")
    assert f"Page {index + 1}" in place(page)
    page.keyboard.press("Escape")
    assert page.locator('[data-drawer="find"]').is_hidden()
    assert marked.count() == 0


def test_the_place_is_remembered_offered_and_in_the_address(page: Page, served: Served) -> None:
    still(page)
    page.goto(f"{served.address}/health")
    book = open_reader(page, served, "Potion")
    assert page.locator(".toast").count() == 0
    page.keyboard.press("PageDown")
    page.keyboard.press("PageDown")
    page.wait_for_url("**page=3**")
    page.wait_for_function(
        "() => localStorage.getItem('longbox.reading.v1')?.includes('\"page\":2')"
    )
    assert remembered(page)[book.book.book_id]["page"] == 2
    page.go_back()
    assert page.url.endswith("/health"), "back leaves the reader, whatever was turned"
    open_reader(page, served, "Potion")
    page.get_by_role("button", name="Go on there").click()
    page.wait_for_url("**page=3**")


def test_what_is_remembered_is_bounded_and_survives_nonsense(page: Page, served: Served) -> None:
    still(page)
    page.goto(f"{served.address}/health")
    page.evaluate(
        """() => {
          const many = {};
          for (let i = 0; i < 900; i++) many['b' + i] = {page: 2, panel: null, at: i};
          localStorage.setItem('longbox.reading.v1', JSON.stringify(many));
          localStorage.setItem('longbox.reader.v1', '{"fit": 7, "skip": "yes", "dim": "dark"}');
        }"""
    )
    book = open_reader(page, served, "Potion", "?page=2")
    page.wait_for_function(
        "id => localStorage.getItem('longbox.reading.v1').includes(id)", arg=book.book.book_id
    )
    found = remembered(page)
    assert len(found) == 500
    assert "b899" in found
    assert "b0" not in found


def test_the_end_offers_the_way_on_and_back(page: Page, served: Served) -> None:
    still(page)
    book = open_reader(page, served, "Potion", "?page=7")
    last = len(book.pages)
    page.keyboard.press("End")
    page.keyboard.press("PageDown")
    assert page.get_by_role("heading", name="The end").is_visible()
    page.keyboard.press("PageUp")
    assert page.get_by_role("heading", name="The end").is_hidden()
    assert f"Page {last} of {last}" in place(page)


def test_motion_is_smooth_unless_somebody_wants_none(page: Page, served: Served) -> None:
    moves = """() => {
      const camera = document.querySelector('.leaf:not(.leaf--waiting) .camera');
      const before = camera.style.transform;
      const key = new KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true});
      document.dispatchEvent(key);
      const moving = camera.getAnimations().map(each => each.effect.getTiming().duration);
      return [camera.style.transform !== before, moving];
    }"""
    open_reader(page, served, "Potion", "?page=3&view=guided")
    assert page.evaluate(moves) == [True, [420]]
    still(page)
    assert page.evaluate(moves) == [True, []]


def test_the_next_page_is_decoded_before_it_is_asked_for(page: Page, served: Served) -> None:
    open_reader(page, served, "Potion", "?page=2&view=guided")
    page.wait_for_function(
        "() => document.querySelector('.leaf--waiting [data-page=\"2\"] img')?.naturalWidth > 0"
    )
    # In the very task of the key press the next leaf is there with its picture: nothing is waited
    # for, and nothing blank comes between.
    found = page.evaluate(
        """() => {
          const key = new KeyboardEvent('keydown', {key: 'PageDown', bubbles: true});
          document.dispatchEvent(key);
          const top = [...document.querySelectorAll('.leaf:not(.leaf--waiting)')]
            .sort((a, b) => b.style.zIndex - a.style.zIndex)[0];
          const picture = top.querySelector('img');
          return [top.querySelector('.page-sheet').dataset.page, picture.complete];
        }"""
    )
    assert found == ["2", True]
    assert page.locator(".leaf").count() <= 4


def test_a_large_zoom_and_double_click_come_back_with_escape(page: Page, served: Served) -> None:
    still(page)
    book = open_reader(page, served, "Potion", "?page=3")
    page.locator(".leaf:not(.leaf--waiting) .texts").wait_for()
    sheet = page.locator(".leaf:not(.leaf--waiting) .page-sheet")
    small = sheet.bounding_box()
    assert small is not None
    panel = book.pages[2].panels[0]
    scale = small["width"] / book.pages[2].page.width
    y = panel.box.center[1]
    page.mouse.dblclick(640, small["y"] + y * scale)
    page.wait_for_function(
        f"() => document.querySelector('.leaf:not(.leaf--waiting) .page-sheet')"
        f".getBoundingClientRect().width > {small['width'] * 1.2}"
    )
    page.keyboard.press("Escape")
    assert sheet.bounding_box() == pytest.approx(small, abs=1)
    assert "/read/" in page.url


def test_settings_change_the_view_and_stay(page: Page, served: Served) -> None:
    still(page)
    open_reader(page, served, "Potion", "?page=3")
    page.keyboard.press("s")
    page.locator('[data-settings] label:has([name="fit"][value="width"])').click()
    page.locator('[data-settings] label:has([name="background"][value="black"])').click()
    page.keyboard.press("Escape")
    sheet = page.locator(".leaf:not(.leaf--waiting) .page-sheet")
    assert sheet.bounding_box()["width"] == pytest.approx(1280, abs=1)  # type: ignore[index]
    page.keyboard.press(" ")
    assert sheet.bounding_box()["y"] < -300  # type: ignore[index]
    assert "Page 3" in place(page), "space scrolls before it turns"
    page.reload()
    page.wait_for_selector("[data-reader][data-ready]")
    assert page.locator('[data-reader][data-background="black"]').count() == 1


def test_bars_leave_and_come_back(page: Page, served: Served) -> None:
    open_reader(page, served, "Potion", "?page=2")
    body = page.locator("body")
    page.wait_for_function("() => document.body.classList.contains('bars-away')")
    page.mouse.click(640, 400)
    page.wait_for_function("() => !document.body.classList.contains('bars-away')")
    page.keyboard.press("b")
    assert "bars-away" in (body.get_attribute("class") or "")
    page.keyboard.press("Tab")
    assert "bars-away" not in (body.get_attribute("class") or "")


def test_the_first_picture_and_the_words_need_no_script(browser: Browser, served: Served) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    book = book_of(served, "Potion")
    page.goto(f"{served.address}/read/{book.book.book_id}?page=2")
    picture = page.locator("[data-first]")
    assert picture.evaluate("p => p.complete && p.naturalWidth > 0")
    said = page.locator("[data-transcript]").inner_text()
    for text in book.pages[1].texts:
        assert " ".join(text.text.split()) in " ".join(said.split())
    page.get_by_role("link", name="Forward").click()
    page.wait_for_url("**page=3**")
    context.close()


def test_a_hostile_title_stays_text(page: Page, served: Served) -> None:
    still(page)
    open_reader(page, served, "script", "?page=1")
    page.keyboard.press("c")
    page.keyboard.press("Escape")
    page.keyboard.press("End")
    page.keyboard.press("PageDown")
    assert "<script>alert(1)</script>" in page.locator(".bar__book").inner_text()
    assert page.locator("[onload]").count() == 0


def test_correcting_is_offered_only_where_it_is_allowed(
    page: Page, served: Served, library_copy: Path, serve: Any
) -> None:
    still(page)
    open_reader(page, served, "Potion", "?page=2")
    assert page.locator("[data-correct]").count() == 0
    open_ = serve(library_copy)
    book = open_reader(page, open_, "Potion", "?page=3&view=guided&panel=2")
    page.get_by_role("button", name="This page").click()
    id_ = book.book.book_id
    assert page.locator("[data-correct]").get_attribute("href") == f"/correct/{id_}/3"
    assert page.locator("[data-like]").get_attribute("href") == f"/panel/{id_}-0002-01"
