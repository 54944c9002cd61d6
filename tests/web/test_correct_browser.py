"""A person puts pages right in a browser: by mouse, by keyboard, by touch, and beside others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from correcting import APPLY, book_named, describe_page, use_jobs
from longbox.config import Config
from longbox.correction import CorrectedField, Correction, latest
from longbox.geometry import Box
from longbox.library import Library
from longbox.pipeline import files_of, index_shelf, present_page
from longbox.web.jobs import Kind

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from conftest import Served


@dataclass(frozen=True)
class Bench:
    """A server on a library of its own, and the tiny book in it: two pages of two panels."""

    address: str
    library: Library
    book_id: str

    def path(self, page: int = 1, queue: str = "") -> str:
        return f"{self.address}/correct/{self.book_id}/{page}" + (
            f"?queue={queue}" if queue else ""
        )

    def boxes(self, page_index: int = 0) -> list[list[int]]:
        found = present_page(
            self.library.annotated_book(self.book_id),
            page_index,
            self.library.corrections(self.book_id),
        )
        return [[round(v) for v in panel.box.as_tuple()] for panel in found.page.panels]

    def counting(self) -> dict[CorrectedField, str]:
        return {c.field: c.value for c in latest(self.library.corrections(self.book_id))}


@pytest.fixture
def bench(served_copy: Served, browser: Browser) -> Iterator[Bench]:
    use_jobs(served_copy.app)
    library = served_copy.app.state.services.library
    yield Bench(served_copy.address, library, book_named(library, "<script>").book.book_id)
    # Pages follow jobs that wait; a server that ends in the middle of that looks like a fault.
    for context in browser.contexts:
        for page in context.pages:
            page.close()


# The editor asked for the picture first, so it has it when this has it.
PICTURE_IS_READ = """async () => {
  const image = new Image();
  image.src = document.querySelector(".stage__svg image").getAttribute("href");
  await image.decode();
  await new Promise((done) => setTimeout(done, 100));
}"""


def opened(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("#stage[data-ready]")


def screen(page: Page, x: float, y: float) -> tuple[float, float]:
    """Return where a point of the comic's page is on the screen."""
    found = page.evaluate(
        """([x, y]) => {
            const svg = document.querySelector('.stage__svg');
            const p = new DOMPoint(x, y).matrixTransform(svg.getScreenCTM());
            return [p.x, p.y];
        }""",
        [x, y],
    )
    return found[0], found[1]


def drag(
    page: Page, start: tuple[float, float], end: tuple[float, float], alt: bool = True
) -> None:
    """Drag between two points of the comic's page; with Alt nothing snaps."""
    if alt:
        page.keyboard.down("Alt")
    page.mouse.move(*screen(page, *start))
    page.mouse.down()
    page.mouse.move(*screen(page, (start[0] + end[0]) / 2, (start[1] + end[1]) / 2))
    page.mouse.move(*screen(page, *end))
    page.mouse.up()
    if alt:
        page.keyboard.up("Alt")


def click(page: Page, x: float, y: float, **how: Any) -> None:
    at = screen(page, x, y)
    for key in how.get("keys", ()):
        page.keyboard.down(key)
    page.mouse.click(*at)
    for key in how.get("keys", ()):
        page.keyboard.up(key)


def saved(page: Page, act: Callable[[], None]) -> None:
    with page.expect_response(lambda r: r.request.method == "PUT" and r.ok):
        act()
    page.wait_for_selector("body:not(.is-dirty)")


def save(page: Page) -> None:
    saved(page, lambda: page.keyboard.press("Control+Enter"))


def n_panels(page: Page) -> int:
    return page.locator("#panel-list > li").count()


def test_edge_is_dragged_undone_saved_and_survives_the_next_run(page: Page, bench: Bench) -> None:
    before = bench.boxes()
    opened(page, bench.path())
    first = before[0]
    middle = (first[0] + first[2]) / 2
    click(page, middle, first[3] - 30)
    drag(page, (middle, first[3]), (middle, first[3] - 60))
    assert page.locator("body.is-dirty").count() == 1
    page.keyboard.press("Control+z")
    assert page.locator("body.is-dirty").count() == 0
    page.keyboard.press("Control+Shift+z")
    save(page)
    assert abs(bench.boxes()[0][3] - (first[3] - 60)) <= 2
    assert bench.boxes()[1] == before[1]

    files, _ = files_of(bench.library, [bench.book_id])
    index_shelf(files, bench.library, Config(), in_process=True)
    page.reload()
    page.wait_for_selector("#stage[data-ready]")
    assert "in search" in page.locator("[data-part=state]").inner_text()
    assert page.locator("[data-field=bottom]").first.input_value() == str(bench.boxes()[0][3])


def test_saved_change_is_undone_by_taking_it_back(page: Page, bench: Bench) -> None:
    before = bench.boxes()
    opened(page, bench.path())
    page.locator("#panel-list [data-do=select]").first.click()
    page.keyboard.press("Escape")
    click(page, 200, 150)
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("ArrowDown")
    save(page)
    assert bench.boxes()[0] == [
        before[0][0] + 10,
        before[0][1] + 1,
        before[0][2] + 10,
        before[0][3] + 1,
    ]
    while page.locator("[data-undo]:enabled").count():
        page.keyboard.press("Control+z")
    assert page.locator("body.is-dirty").count() == 1
    save(page)
    assert bench.counting()[CorrectedField.PANELS] == "null"
    page.keyboard.press("Control+Shift+z")
    save(page)
    assert bench.counting()[CorrectedField.PANELS] != "null"


def test_panels_are_drawn_split_merged_and_deleted(page: Page, bench: Bench) -> None:
    before = bench.boxes()
    opened(page, bench.path())
    page.keyboard.press("b")
    drag(page, (100, 400), (300, 500))
    assert n_panels(page) == 3
    page.keyboard.press("Escape")
    click(page, 200, 450)
    page.keyboard.press("h")
    assert n_panels(page) == 4
    page.keyboard.press("m")
    assert n_panels(page) == 3
    page.keyboard.press("Delete")
    assert n_panels(page) == 2
    click(page, 200, before[0][3] - 30)
    page.keyboard.press("k")
    drag(page, (10, 150), (395, 150), alt=False)
    assert n_panels(page) == 3
    page.keyboard.press("Escape")
    click(page, 200, before[0][3] - 30)
    page.keyboard.press("k")
    drag(page, (10, 180), (395, 260), alt=False)
    assert n_panels(page) == 4
    assert page.locator("#panel-list [data-polygon]:not([hidden])").count() == 2
    save(page)
    assert len(bench.boxes()) == 4
    polygons = bench.counting()[CorrectedField.PANELS]
    assert polygons.count('"polygon":[[') == 2


def test_panels_are_put_in_order_by_number_by_clicks_and_by_dragging(
    page: Page, bench: Bench
) -> None:
    first, second = bench.boxes()
    opened(page, bench.path())
    click(page, 200, second[3] - 40)
    page.keyboard.press("1")
    save(page)
    assert bench.boxes() == [second, first]
    page.keyboard.press("o")
    click(page, 200, first[3] - 40)
    click(page, 200, second[3] - 40)
    save(page)
    assert bench.boxes() == [first, second]
    grip = page.locator("#panel-list [data-grip]").first.bounding_box()
    target = page.locator("#panel-list > li").nth(1).bounding_box()
    assert grip is not None
    assert target is not None
    page.mouse.move(grip["x"] + 8, grip["y"] + 12)
    page.mouse.down()
    page.mouse.move(grip["x"] + 8, target["y"] + target["height"] - 2, steps=4)
    page.mouse.up()
    save(page)
    assert bench.boxes() == [second, first]


def test_lettering_is_written_anew_with_kind_and_panel(page: Page, bench: Bench) -> None:
    opened(page, bench.path())
    n_texts = page.locator("#text-list > li").count()
    page.keyboard.press("t")
    drag(page, (60, 400), (300, 460))
    page.keyboard.type("<script>alert(1)</script> & more")
    row = page.locator("#text-list > li").nth(n_texts)
    row.locator("[data-field=kind]").select_option("caption")
    row.locator("[data-field=panel]").select_option(label="panel 2")
    page.locator("#page-type").select_option("splash")
    save(page)
    said = bench.counting()
    assert "<script>alert(1)</script> & more" in said[CorrectedField.TEXTS]
    assert '"caption","panel":1' in said[CorrectedField.TEXTS]
    assert said[CorrectedField.PAGE_TYPE] == '"splash"'
    assert CorrectedField.PANELS not in said
    page.reload()
    page.wait_for_selector("#stage[data-ready]")
    field = page.locator("#text-list textarea").nth(n_texts)
    assert field.input_value() == "<script>alert(1)</script> & more"


def test_numbers_in_the_list_do_what_dragging_does(page: Page, bench: Bench) -> None:
    opened(page, bench.path())
    page.locator("#panel-list [data-do=select]").nth(1).click()
    field = page.get_by_label("Panel 2: left, pixels")
    field.fill("33")
    field.press("Tab")
    page.get_by_label("Panel 2: place in the reading order").fill("1")
    page.get_by_label("Panel 2: place in the reading order").press("Tab")
    save(page)
    assert bench.boxes()[0][0] == 33


def test_page_is_put_right_by_keyboard_alone(page: Page, bench: Bench) -> None:
    first = bench.boxes()[0]
    opened(page, bench.path())
    page.locator("[data-act=zoom-out]").focus()
    for _ in range(80):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.getAttribute('aria-label') ?? ''").startswith(
            "Panel 1 of 2"
        ):
            break
    page.keyboard.press("Alt+Shift+ArrowDown")
    page.keyboard.press("Alt+ArrowRight")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Enter")
    page.wait_for_selector("body:not(.is-dirty)")
    expect(page.locator("[data-part=state]")).to_contain_text("Saved;")
    assert bench.boxes()[0] == [first[0] - 10, first[1], first[2] + 1 - 10, first[3] + 10]


def test_border_snaps_to_the_picture(page: Page, bench: Bench) -> None:
    opened(page, bench.path())
    page.evaluate(PICTURE_IS_READ)
    page.keyboard.press("b")
    # The drawn panels begin at 20, 20 and end at 380, 290; the hand misses by three pixels.
    drag(page, (23, 313), (377, 577), alt=False)
    boxes = page.evaluate(
        "[...document.querySelectorAll('#panel-list > .is-selected [data-field]')]"
        ".map(f => +f.value)"
    )
    assert all(abs(a - b) <= 2 for a, b in zip(boxes[1:], (20, 310, 380, 580), strict=True)), boxes


def test_later_of_two_is_shown_both_and_chooses(page: Page, browser: Browser, bench: Bench) -> None:
    context = browser.new_context(viewport={"width": 1100, "height": 700})
    other = context.new_page()
    opened(page, bench.path())
    opened(other, bench.path())
    other.locator("#panel-list [data-do=delete]").first.click()
    save(other)
    theirs = bench.boxes()
    assert len(theirs) == 1

    page.keyboard.press("b")
    drag(page, (100, 400), (300, 500))
    page.keyboard.press("Control+Enter")
    dialog = page.get_by_role("dialog", name="Somebody else put this page right")
    dialog.wait_for()
    assert dialog.locator(".sketch").count() == 2
    assert bench.boxes() == theirs
    dialog.get_by_role("button", name="Take theirs").click()
    expect(page.locator("#panel-list > li")).to_have_count(1)
    assert page.locator("body.is-dirty").count() == 0
    page.keyboard.press("Control+z")
    assert n_panels(page) == 3
    save(page)
    assert len(bench.boxes()) == 3

    other.locator("#page-type").select_option("cover")
    other.keyboard.press("Control+Enter")
    other.get_by_role("button", name="Keep mine").click()
    other.wait_for_selector("body:not(.is-dirty)")
    assert bench.counting()[CorrectedField.PAGE_TYPE] == '"cover"'
    expect(other.locator("#panel-list > li")).to_have_count(3)
    assert len(bench.boxes()) == 3
    context.close()


MODEL = [Box(20, 20, 200, 290), Box(200, 20, 380, 290), Box(20, 310, 380, 580)]


def test_who_is_right_is_voted_and_the_queue_goes_on(page: Page, bench: Bench) -> None:
    for index in (0, 1):
        describe_page(bench.library, bench.book_id, index, MODEL)
    page.goto(f"{bench.address}/review?reason=disagreement")
    page.get_by_role("link", name="Start with the first").click()
    page.wait_for_selector("#stage[data-ready]")
    assert page.locator(".view--detector").count() == 2
    assert page.locator(".view--model").count() == 3
    assert (
        page.locator("[data-part=disagreements]").inner_text() == "the model sees <b>other</b> ones"
    )
    expect(page.locator("[data-part=progress-words]")).to_have_text("0 of 2 reviewed")
    here = page.url
    with page.expect_navigation():
        page.keyboard.press("l")
    page.wait_for_selector("#stage[data-ready]")
    index = int(here.split("?")[0].rsplit("/", 1)[1]) - 1
    assert [Box(*box) for box in bench.boxes(index)] == MODEL
    assert bench.counting()[CorrectedField.REVIEW] == '"model"'
    assert page.url != here
    with page.expect_navigation():
        page.get_by_role("button", name="Undo", exact=True).last.click()
    page.wait_for_selector("#stage[data-ready]")
    assert len(bench.boxes(index)) == 2
    saved(page, lambda: page.keyboard.press("x"))
    assert bench.counting()[CorrectedField.REVIEW] == '"both_wrong"'


@pytest.mark.parametrize("verdict", ["detector", "right"])
def test_verdict_says_nothing_of_panels(page: Page, bench: Bench, verdict: str) -> None:
    describe_page(bench.library, bench.book_id, 0, MODEL)
    opened(page, bench.path())
    saved(page, lambda: page.locator(f"[data-verdict={verdict}]").click())
    assert page.locator(f"[data-verdict={verdict}][aria-pressed=true]").count() == 1
    assert set(bench.counting()) == {CorrectedField.REVIEW}
    saved(page, lambda: page.locator(f"[data-verdict={verdict}]").click())
    assert bench.counting()[CorrectedField.REVIEW] == "null"


def test_next_unreviewed_saves_and_leads_on(page: Page, bench: Bench) -> None:
    opened(page, bench.path(queue="all"))
    page.locator("#page-type").select_option("cover")
    page.locator("body").click(position={"x": 600, "y": 100})
    with page.expect_navigation():
        page.keyboard.press("n")
    assert bench.counting()[CorrectedField.PAGE_TYPE] == '"cover"'
    assert "queue=all" in page.url


def test_page_says_when_it_is_in_search(
    page: Page, served_copy: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "job_works"))
    kind = Kind(APPLY.name, "correct_job_works:pretend", APPLY.what, APPLY.arguments, APPLY.check)
    use_jobs(served_copy.app, kind)
    library = served_copy.app.state.services.library
    book_id = book_named(library, "<script>").book.book_id
    opened(page, f"{served_copy.address}/correct/{book_id}/1")
    page.locator("#page-type").select_option("cover")
    save(page)
    assert page.locator("[data-part=state]").inner_text().startswith("Saved")
    files, _ = files_of(library, [book_id])
    index_shelf(files, library, Config(), in_process=True)
    expect(page.locator("[data-part=state]")).to_have_text("Saved, and in search")


def test_right_to_left_page_keeps_its_direction(page: Page, bench: Bench) -> None:
    book_id = book_named(bench.library, "Moon Mail").book.book_id
    opened(page, f"{bench.address}/correct/{book_id}/3")
    box = [
        round(v) for v in bench.library.annotated_book(book_id).pages[2].panels[0].box.as_tuple()
    ]
    badge = page.locator(".panel circle").first
    assert float(badge.get_attribute("cx") or 0) > (box[0] + box[2]) / 2
    click(page, (box[0] + box[2]) / 2, box[1] + 12)
    page.keyboard.press("v")
    boxes = page.evaluate(
        "[...document.querySelectorAll('#panel-list > li')].slice(0, 2)"
        ".map(li => +li.querySelector('[data-field=left]').value)"
    )
    assert boxes[0] > boxes[1]


def test_webtoon_fills_the_width_and_scrolls(page: Page, bench: Bench) -> None:
    book_id = book_named(bench.library, "Long Rope").book.book_id
    opened(page, f"{bench.address}/correct/{book_id}/1")
    before = page.locator(".stage__svg").get_attribute("viewBox")
    page.mouse.move(400, 400)
    page.mouse.wheel(0, 300)
    expect(page.locator(".stage__svg")).not_to_have_attribute("viewBox", before or "")
    last = page.locator("#panel-list [data-do=select]").last
    last.click()
    assert "is-selected" in (page.locator(".panel").last.get_attribute("class") or "")


def test_finger_draws_chooses_and_drags(phone: Page, bench: Bench) -> None:
    first = bench.boxes()[0]
    opened(phone, bench.path())
    phone.touchscreen.tap(*screen(phone, 200, first[3] - 40))
    assert phone.locator(".panel.is-selected").count() == 1
    phone.locator("[data-act=split]").click()
    assert n_panels(phone) == 3
    phone.locator("[data-undo]").click()
    assert n_panels(phone) == 2
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_reader_of_a_shared_library_sees_and_cannot_touch(page: Page, served: Served) -> None:
    library = served.app.state.services.library
    book_id = book_named(library, "<script>").book.book_id
    opened(page, f"{served.address}/correct/{book_id}/1")
    assert page.locator(".panel").count() == 2
    assert page.locator("[data-save]").count() == 0
    assert page.locator("#text-list textarea").first.is_disabled()
    click(page, 200, 250)
    page.keyboard.press("Delete")
    assert n_panels(page) == 2


def test_what_was_said_is_taken_back_from_the_history(page: Page, bench: Bench) -> None:
    opened(page, bench.path())
    page.locator("#page-type").select_option("cover")
    save(page)
    page.goto(f"{bench.address}/correct/{bench.book_id}")
    button = page.locator("[data-take-back][data-field]")
    button.click()
    with page.expect_navigation():
        page.get_by_role("button", name="Really take it back?").click()
    assert bench.counting()[CorrectedField.PAGE_TYPE] == "null"
    assert page.get_by_text("taken back").count() == 1


def test_book_is_named_and_turned_and_the_later_is_told(page: Page, bench: Bench) -> None:
    opened(page, bench.path())
    page.get_by_role("button", name="The book").click()
    page.get_by_label("Title", exact=True).fill("A <b>New</b> Name")
    page.get_by_label("Read", exact=True).select_option("rtl")
    form = page.get_by_role("dialog", name="The book")
    saved(page, lambda: form.get_by_role("button", name="Save").click())
    expect(page.locator("[data-part=title]")).to_contain_text("A <b>New</b> Name")
    assert bench.counting()[CorrectedField.DIRECTION] == '"rtl"'

    said = Correction(
        bench.book_id, None, CorrectedField.SERIES, '"Theirs"', "2030-01-01T00:00:00+00:00"
    )
    bench.library.add_correction(said)
    page.get_by_role("button", name="The book").click()
    page.get_by_label("Series", exact=True).fill("Mine")
    form.get_by_role("button", name="Save").click()
    expect(page.locator("[data-theirs=series]")).to_have_text("now: Theirs")
    assert bench.counting()[CorrectedField.SERIES] == '"Theirs"'
    saved(page, lambda: form.get_by_role("button", name="Save").click())
    assert bench.counting()[CorrectedField.SERIES] == '"Mine"'
