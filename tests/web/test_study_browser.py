"""The study in a browser: ask, wait, read; strips by keys; nothing lost when the page is left."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from longbox.analysis.studies import STUDIES_NAME, StudyKind, keep_study
from longbox.library import Library
from made_studies import spaces_found

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from conftest import Served


def test_ideas_are_asked_and_their_answer_opens(page: Page, studied: Served) -> None:
    page.goto(f"{studied.address}/study")
    card = page.locator("form[data-ask=concepts]")
    card.locator("textarea").fill("potions = potion\n\n  moon = title:moon  ")
    card.locator("select[name=unit]").select_option("panels")
    card.get_by_text("More", exact=True).click()
    card.get_by_label("What lies near a sum?").fill("potions - 2 moon")
    card.get_by_role("button", name="Compare them").click()
    page.wait_for_url(re.compile(r"/study/concepts-[0-9a-f]{12}"), timeout=60_000)
    assert page.locator("h1").text_content() == "potions, moon: panels by picture"
    assert page.locator(".idea h3").all_text_contents() == [
        "potions",
        "moon",
        "potions - 2 moon",
    ]
    picture = page.locator(".exhibit__picture").first
    picture.scroll_into_view_if_needed()
    page.wait_for_function("() => document.querySelector('.exhibit__picture').naturalWidth > 0")
    assert page.locator(".exhibit__link").first.get_attribute("href")
    # What was written is there again.
    page.goto(f"{studied.address}/study?concept=cats+%3D+cat")
    assert page.locator("textarea").input_value().split("\n")[-1] == "cats = cat"
    assert "potions = potion" in page.locator("textarea").input_value()


def test_a_question_that_makes_no_sense_says_why(page: Page, studied: Served) -> None:
    page.goto(f"{studied.address}/study")
    card = page.locator("form[data-ask=concepts]")
    card.locator("textarea").fill("magic = serie:x")
    card.get_by_role("button", name="Compare them").click()
    page.get_by_text("did you mean series:?").wait_for()
    assert card.get_by_role("button", name="Compare them").is_enabled()


def test_a_study_is_deleted_and_the_focus_stays_in_the_list(page: Page, studied: Served) -> None:
    for number in range(2):
        keep_study(studied.root, StudyKind.SPACES, {"extra": number}, spaces_found(), 0)
    page.goto(f"{studied.address}/study")
    rows = page.locator(".kept__one")
    n = rows.count()
    rows.first.locator("[data-forget]").focus()
    page.keyboard.press("Enter")
    page.wait_for_function(f"() => document.querySelectorAll('.kept__one').length === {n - 1}")
    assert page.evaluate("document.activeElement.hasAttribute('data-forget')")
    page.goto(studied.address + (rows.first.locator("a").get_attribute("href") or ""))
    page.get_by_role("button", name="Delete").click()
    page.wait_for_url(f"{studied.address}/study")
    left = {path.stem for path in (studied.root / STUDIES_NAME).glob("*.json")}
    assert len(left) == n - 2


def _book(served: Served) -> str:
    with Library.open(served.root, read_only=True) as library:
        return max(library.books().books, key=lambda book: book.n_panels).book_id


def test_strips_are_walked_by_keys_and_by_pointing(page: Page, served: Served) -> None:
    book_id = _book(served)
    page.goto(f"{served.address}/book/{book_id}/reading")
    field = page.get_by_role("slider").first
    field.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert field.get_attribute("aria-valuenow") == "3"
    assert (field.get_attribute("aria-valuetext") or "").startswith("page 3: ")
    page.keyboard.press("End")
    assert field.get_attribute("aria-valuenow") == field.get_attribute("aria-valuemax")
    page.keyboard.press("Home")
    box = page.locator("svg.strip__drawn").first.bounding_box()
    assert box
    n = int(field.get_attribute("aria-valuemax") or 0)
    page.mouse.move(box["x"] + box["width"] * 1.5 / n, box["y"] + 5)
    assert page.locator("[data-look-page]").first.text_content() == "Page 2"
    page.wait_for_function(
        "() => document.querySelector('[data-look-picture]').src.endsWith('/1/320.webp')"
    )
    field.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{served.address}/read/{book_id}?page=2")


def test_the_shelf_and_what_is_alike_come_by_themselves(page: Page, served: Served) -> None:
    page.goto(f"{served.address}/book/{_book(served)}/reading")
    page.locator(".standings__group").first.wait_for(timeout=60_000)
    alike = page.locator("#alike-vision")
    alike.scroll_into_view_if_needed()
    page.locator(".alike__one a").first.wait_for(timeout=60_000)


def test_a_report_can_neither_ask_the_server_nor_read_the_cookie(
    page: Page, studied: Served
) -> None:
    folder = studied.root / STUDIES_NAME / "report"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.html").write_text(
        "<!doctype html><title>x</title><style>p{color:red}</style><p>still</p><script>"
        "let said = [];"
        "try { document.cookie; said.push('cookie') } catch { said.push('none') }"
        "try { localStorage.x; said.push('memory') } catch { said.push('none') }"
        "fetch('/api/v1/jobs').then(() => said.push('asked'), () => said.push('none'))"
        ".then(() => { document.querySelector('p').textContent = said.join(' ') });"
        "</script>"
    )
    context = page.context
    other = context.new_page()  # what is refused there is wanted, and no fault
    other.goto(f"{studied.address}/study/report/report.html")
    other.wait_for_function("() => document.querySelector('p').textContent !== 'still'")
    assert other.locator("p").text_content() == "none none none"
    other.close()
    (folder / "report.html").unlink()


@pytest.mark.parametrize("kind", list(StudyKind))
def test_pages_of_studies_fit_a_phone(phone: Page, served: Served, kind: StudyKind) -> None:
    name = next(p.stem for p in (served.root / STUDIES_NAME).glob(f"{kind}-*.json"))
    phone.goto(f"{served.address}/study/{name}")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    assert phone.locator("h1").is_visible()
