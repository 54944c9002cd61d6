from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest

from longbox.web.search.desk import HITS_A_PART
from waiting import PATIENCE_S

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

    from conftest import Served

STOLEN = "8f895163a0a88f63-0002-02"
HITS = "#hits > [data-hit]"
FIRST = f"{HITS}:first-child"

# Gives the page a file, as a drop or a paste does.
GIVE = """async ([address, kind]) => {
  const blob = await (await fetch(address)).blob();
  const data = new DataTransfer();
  data.items.add(new File([blob], "crop.webp", {type: "image/webp"}));
  const made = kind === "drop"
    ? new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true})
    : new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true});
  document.querySelector("main").dispatchEvent(made);
}"""


def until(page: Page, claim: str, arg: object = None) -> None:
    """Wait for a claim in JavaScript; the page's policy forbids what `wait_for_function` does."""
    deadline = time.monotonic() + PATIENCE_S
    while not page.evaluate(f"arg => Boolean({claim})", arg):
        assert time.monotonic() < deadline, claim
        page.wait_for_timeout(30)


def search(page: Page, served: Served, query: str = "") -> None:
    page.goto(f"{served.address}/search{query}")
    until(page, "document.documentElement.classList.contains('is-live')")


def ask(page: Page, words: str) -> None:
    page.fill("#q", words)
    page.press("#q", "Enter")
    until(page, "new URLSearchParams(location.search).get('q') === arg", words)


def panels(page: Page) -> list[str]:
    found: list[str] = page.eval_on_selector_all(HITS, "all => all.map(e => e.dataset.panel)")
    return found


def give(page: Page, kind: str, panel: str = STOLEN) -> None:
    page.evaluate(GIVE, [f"/pictures/panel/{panel}/640.webp", kind])
    page.wait_for_url(re.compile("with=picture"))
    page.wait_for_selector(HITS)


def test_words_find_a_panel_and_are_marked(page: Page, served: Served) -> None:
    search(page, served)
    ask(page, "cat steals the potion")
    assert panels(page)[0] == STOLEN
    assert page.inner_text(f"{FIRST} mark") == "cat steals the potion"
    assert page.title() == "cat steals the potion · Search · Longbox"
    crop = page.locator(f"{FIRST} .hit__crop-img")
    crop.evaluate("image => image.decode()")
    box = crop.bounding_box()
    natural = crop.evaluate("image => image.naturalWidth / image.naturalHeight")
    assert box is not None
    wanted = max(natural, 0.8)  # a narrower one stands in a frame of this shape, whole
    assert box["width"] / box["height"] == pytest.approx(wanted, rel=0.04)
    assert page.locator(f"{FIRST} .mini__panel").count() == 1
    assert "of 100" in page.locator(f"{FIRST} .why").inner_text()
    until(page, "document.querySelector('#search-say').textContent.includes('shown')")


def test_facet_changes_count_and_address_and_back_restores_it(page: Page, served: Served) -> None:
    search(page, served, "?q=friends")
    assert "70 panels" in page.inner_text("[data-left]")
    before = panels(page)
    page.check("#group-type input[value=cover]")
    page.wait_for_url(re.compile("type=cover"))
    until(page, "document.querySelector('[data-left]').textContent.startsWith('8 ')")
    assert len(panels(page)) <= 8
    assert page.is_checked("#group-type input[value=cover]")
    page.go_back()
    until(page, "document.querySelector('[data-left]').textContent.startsWith('70')")
    assert panels(page)[: len(before)] == before
    assert not page.is_checked("#group-type input[value=cover]")
    page.go_forward()
    until(page, "document.querySelector('[data-left]').textContent.startsWith('8 ')")


def test_form_works_without_a_script(browser: Browser, served: Served) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{served.address}/search?q=friends&by=page")
    page.check("#group-type input[value=cover]")
    page.click("[data-apply]")
    assert page.is_checked("#group-type input[value=cover]")
    assert "by=page" in page.url
    page.goto(f"{served.address}/search?q=friends")
    first = page.locator(HITS).count()
    page.click("[data-more]")
    assert f"start={HITS_A_PART}" in page.url
    assert first == HITS_A_PART
    assert page.get_attribute("#hits", "start") == str(HITS_A_PART + 1)
    context.close()


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_picture_finds_its_panel_first(page: Page, served: Served, kind: str) -> None:
    search(page, served)
    give(page, kind)
    assert panels(page)[0] == STOLEN
    assert page.inner_text(f"{FIRST} .why__one:first-child .why__name") == "picture"
    assert page.locator(".term--picture img").count() == 1
    assert page.input_value("#q") == ""
    ask(page, "rain")  # words join the picture
    assert page.locator(".term").count() == 2


def test_part_of_a_picture_is_chosen_with_mouse_and_keys(page: Page, served: Served) -> None:
    search(page, served)
    give(page, "drop")
    page.click("[data-region]")
    until(page, "document.querySelector('[data-region-picture]').complete")
    stage = page.locator("[data-stage]").bounding_box()
    assert stage is not None
    x, y, w, h = stage["x"], stage["y"], stage["width"], stage["height"]
    page.mouse.move(x + 2, y + h * 0.02)
    page.mouse.down()
    page.mouse.move(x + w * 0.5, y + h * 0.5, steps=4)
    page.mouse.up()
    page.focus("[data-frame]")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    label = page.get_attribute("[data-frame]", "aria-label")
    assert label is not None
    assert re.search(r"from [23] % to 5[12] % across, 2 % to 52 % down", label), label
    page.click("[data-region-go]")
    page.wait_for_url(re.compile("%40"))
    page.wait_for_selector(".term__region")
    assert page.locator(HITS).count() > 0
    page.click("[data-region]")
    page.keyboard.press("Escape")
    assert not page.is_visible("#region")
    page.click("[data-region]")
    page.click("[data-region-all]")
    page.wait_for_url(re.compile("picture(?!.*%40)"))


def test_arithmetic_is_built_by_clicking(page: Page, served: Served) -> None:
    search(page, served, "?q=friends")
    second = panels(page)[1]
    _menu(page, 1).get_by_text("+ this panel").click()
    page.wait_for_selector(".term--panel")
    assert second not in panels(page)
    assert page.locator(".term__label").first.inner_text().strip() == "friends"
    page.click(".term--panel [aria-label$='counts more']")
    until(page, "document.querySelector('.term--panel .numbers').textContent === '2×'")
    page.click(".term--panel .term__sign")
    page.wait_for_selector(".term--panel.term--minus")
    assert f"with=-2%3Apanel%3A{second}" in page.url
    page.click(".term--panel .term__away")
    until(page, "!document.querySelector('.term')")
    assert page.url.endswith("?q=friends")


def _menu(page: Page, number: int) -> Locator:
    page.locator(".menu__open").nth(number).click()
    return page.locator(".menu[open] .menu__body")


def test_more_like_this_by_context(page: Page, served: Served) -> None:
    search(page, served, "?q=cat+steals+the+potion")
    _menu(page, 0).get_by_text("what happens around it").click()
    page.wait_for_url(re.compile("space=contextual"))
    page.wait_for_selector(".found__bar .chip")
    assert set(page.locator(".why__name").all_inner_texts()) == {"neighbours"}
    ask(page, "rain")  # a panel and words: the panel still answers there
    page.click(".term--panel .term__away")
    page.wait_for_selector("text=That cannot be answered")
    assert page.input_value("#q") == "rain"


def test_slider_weighs_and_is_reset(page: Page, served: Served) -> None:
    search(page, served, f"?with=panel:{STOLEN}")
    page.click("#group-weights summary")
    # The next part comes by itself when the end of the list is near the window.
    before = panels(page)[:HITS_A_PART]
    assert len(before) == HITS_A_PART
    page.focus("#w-vision")
    page.keyboard.press("Home")
    page.wait_for_url(re.compile("w_vision=0"))
    until(page, "!document.querySelector('.why__one--vision')")
    assert panels(page)[:HITS_A_PART] != before
    assert page.evaluate("document.activeElement.id") == "w-vision"
    page.click("[data-reset-weights]")
    until(page, "!location.search.includes('w_vision')")
    page.wait_for_selector(".why__one--vision")
    after = panels(page)
    assert after[:HITS_A_PART] == before
    assert len(set(after)) == len(after)
    assert page.locator("#w-description").count() == 0  # this library has none


def test_pages_and_books_show_what_matched_in_them(page: Page, served: Served) -> None:
    search(page, served, "?q=potion")
    page.click("nav >> text=Pages")
    page.wait_for_selector(".hits--page")
    assert page.locator(f"{FIRST} .mini__panel").count() > 1
    page.click("nav >> text=Books")
    page.wait_for_selector(".hits--book")
    assert page.locator(f"{FIRST} .strip__one").count() > 1
    assert page.locator(HITS).count() <= 5


def test_endless_list_repeats_nothing_and_comes_back(page: Page, served: Served) -> None:
    search(page, served, "?q=friends")
    at_end = "scrollTo(0, document.body.scrollHeight), document.body.innerText"
    until(page, f"({at_end}).includes('That is all.')")
    found = panels(page)
    assert len(found) == len(set(found)) > 48
    last = page.locator(HITS).nth(50)
    last.scroll_into_view_if_needed()
    page.wait_for_timeout(250)
    y = page.evaluate("scrollY")
    last.locator(".hit__crop").click()
    page.wait_for_url(re.compile("/panel/"))
    page.go_back()
    until(page, "Math.abs(scrollY - arg) < 40", arg=y)
    assert panels(page) == found


def test_keys_move_open_read_and_look_for_likes(page: Page, served: Served) -> None:
    search(page, served, "?q=potion")
    ids = panels(page)
    for key in ("j", "j", "k", "ArrowRight"):
        page.keyboard.press(key)
    here = "document.activeElement.closest('[data-hit]')?.dataset.panel"
    assert page.evaluate(here) == ids[1]
    page.keyboard.press("ArrowDown")
    assert page.evaluate(here) not in ids[:2]
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.type("jk")
    assert page.input_value("#q") == "jk"
    page.locator(f"{FIRST} .hit__crop").focus()
    page.keyboard.press("l")
    page.wait_for_url(re.compile("with=panel"))
    page.wait_for_selector(".term--panel")
    page.go_back()
    until(page, "document.querySelector('[data-hit]').dataset.panel === arg", arg=ids[0])
    page.locator(f"{FIRST} .hit__crop").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"/panel/{ids[0]}"))
    page.go_back()
    page.locator(f"{FIRST} .hit__crop").focus()
    page.keyboard.press("r")
    page.wait_for_url(re.compile("/read/"))


def test_skip_link_keeps_the_hits(page: Page, served: Served) -> None:
    search(page, served, "?q=friends")
    page.evaluate("document.querySelector('[data-hit]').dataset.mark = 'same'")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)
    assert page.url.endswith("#main")
    assert page.get_attribute(FIRST, "data-mark") == "same"


def test_phone_needs_no_sideways_scrolling(phone: Page, served: Served) -> None:
    for query in (
        "",
        "?q=potion",
        "?q=potion&by=page",
        "?q=potion&by=book",
        f"?with=panel:{STOLEN}",
    ):
        search(phone, served, query)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390, query
    phone.click("[popovertarget=narrow]:not(.narrow__close)")
    until(phone, "document.getElementById('narrow').matches(':popover-open')")
    phone.locator("#group-type label", has_text="Story").tap()
    phone.wait_for_url(re.compile("type=story"))
    assert phone.evaluate("document.getElementById('narrow').matches(':popover-open')")
    phone.click(".narrow__close")
    assert not phone.is_visible("#narrow-body")


def test_hostile_title_is_only_text(page: Page, served: Served) -> None:
    search(page, served, "?q=treasure")  # the page fixture fails on any dialog or script error
    assert page.inner_text(f"{FIRST} .hit__title").startswith("<script>alert(1)")
    page.check("#group-series input[value^='<script>']")
    page.wait_for_url(re.compile("series="))
    until(page, "document.querySelector('[data-left]').textContent.startsWith('4 ')")
    search(
        page,
        served,
        "?q=%3Cimg+src%3Dx+onerror%3Dalert(1)%3E&type=%22%3E%3Cscript%3Ealert(2)%3C/script%3E",
    )
    assert page.input_value("#q") == "<img src=x onerror=alert(1)>"
    assert "is no page type" in page.inner_text(".search__note")


def test_nothing_found_gives_advice(page: Page, served: Served) -> None:
    search(page, served, '?q="zzqqx"&type=cover&w_text=0')
    assert "Asked: " in page.inner_text(".nothing")
    page.click("text=Ask every space as usual")
    page.wait_for_selector(HITS)


def test_search_is_saved_asked_again_and_forgotten(page: Page, served_copy: Served) -> None:
    search(page, served_copy, "?q=potion")
    page.click(".save summary")
    page.fill("#save-name", "All <i>potions</i>")
    page.press("#save-name", "Enter")
    page.wait_for_selector(".toast")
    search(page, served_copy)
    page.click("text=All <i>potions</i>")
    page.wait_for_selector(HITS)
    assert page.url.endswith("?q=potion")
    page.go_back()
    page.click("[data-forget] button")
    until(page, "!document.querySelector('[data-forget]')")
    page.reload()
    assert page.locator(".saved").count() == 0
