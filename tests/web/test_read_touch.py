"""The reader under fingers: swipes that follow, taps at the sides, two taps on a panel."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from reader_steps import book_of, open_reader, place, still, where

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from conftest import Served


class Finger:
    """A real touch, through the browser's own input, at the pace of its own clock.

    What is a tap and what is a swift swipe is judged by the times of the events, so these must not
    be those of a machine that has other things to do.
    """

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)
        self._now_s = time.time()

    def send(self, kind: str, *points: tuple[float, float], after_s: float = 0.016) -> None:
        if kind == "touchStart":
            self._now_s = max(self._now_s, time.time())
        self._now_s += after_s
        touches = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        event = {"type": kind, "touchPoints": touches, "timestamp": self._now_s}
        self._session.send("Input.dispatchTouchEvent", event)

    def tap(self, x: float, y: float) -> None:
        self.send("touchStart", (x, y))
        self.send("touchEnd")


def test_the_page_follows_the_finger_and_turns(phone: Page, served: Served) -> None:
    open_reader(phone, served, "Potion", "?page=2&view=page")
    phone.wait_for_selector('.leaf--waiting [data-page="2"] img', state="attached")
    finger = Finger(phone)
    finger.send("touchStart", (300, 400))
    for x in (280, 240, 200, 160):
        finger.send("touchMove", (x, 400))
    phone.wait_for_function(
        """() => {
          const x = page => document.querySelector(`.leaf:has([data-page="${page}"])`)
            .getBoundingClientRect().x;
          return Math.abs(x(1) + 140) < 2 && Math.abs(x(2) - 250) < 2;
        }"""
    )
    finger.send("touchMove", (60, 400))
    finger.send("touchEnd")
    phone.wait_for_function(
        "() => document.querySelector('[data-place]').textContent.includes('Page 3')"
    )


def test_a_half_swipe_springs_back(phone: Page, served: Served) -> None:
    still(phone)
    open_reader(phone, served, "Potion", "?page=2&view=page")
    finger = Finger(phone)
    finger.send("touchStart", (200, 400))
    finger.send("touchMove", (180, 400))
    finger.send("touchMove", (160, 400))
    finger.send("touchMove", (161, 400), after_s=0.12)
    finger.send("touchMove", (160, 400), after_s=0.12)
    finger.send("touchEnd")
    where(phone)
    assert "Page 2" in place(phone)
    assert phone.locator(".leaf:not(.leaf--waiting)").evaluate("l => l.style.transform") == ""


def test_taps_at_the_sides_go_the_way_the_book_is_read(phone: Page, served: Served) -> None:
    still(phone)
    for title, on in (("Potion", 370), ("Moon", 20)):
        open_reader(phone, served, title, "?page=3&view=guided&panel=1")
        first = where(phone)
        Finger(phone).tap(on, 400)
        phone.wait_for_function(
            "() => document.querySelector('[data-place]').textContent.includes('panel 2')"
        )
        assert where(phone)["lit"] != pytest.approx(first["lit"], abs=1)
        Finger(phone).tap(390 - on, 400)
        phone.wait_for_function(
            "() => document.querySelector('[data-place]').textContent.includes('panel 1')"
        )


def test_a_tap_in_the_middle_brings_the_bars(phone: Page, served: Served) -> None:
    open_reader(phone, served, "Potion", "?page=2&view=page")
    phone.wait_for_function("() => document.body.classList.contains('bars-away')")
    Finger(phone).tap(195, 400)
    phone.wait_for_function("() => !document.body.classList.contains('bars-away')")
    assert "Page 2" in place(phone)


def test_two_taps_look_closely_and_two_more_go_back(phone: Page, served: Served) -> None:
    still(phone)
    book = open_reader(phone, served, "Potion", "?page=3&view=page")
    phone.locator(".leaf:not(.leaf--waiting) .texts").wait_for(state="attached")
    sheet = phone.locator(".leaf:not(.leaf--waiting) .page-sheet")
    small = sheet.bounding_box()
    assert small is not None
    page = book.pages[2]
    scale = small["width"] / page.page.width
    panel = min(page.panels, key=lambda p: p.box.width)
    x, y = panel.box.center
    finger = Finger(phone)

    def twice() -> None:
        finger.tap(small["x"] + x * scale, small["y"] + y * scale)
        finger.tap(small["x"] + x * scale, small["y"] + y * scale)

    twice()
    wider = """w => document.querySelector('.leaf:not(.leaf--waiting) .page-sheet')
      .getBoundingClientRect().width > w"""
    phone.wait_for_function(wider, arg=small["width"] * 1.1)
    large = sheet.bounding_box()
    assert large is not None
    middle = large["x"] + x * large["width"] / page.page.width
    assert middle == pytest.approx(195, abs=25)
    twice()
    phone.wait_for_function(f"w => !({wider})(w)", arg=small["width"] * 1.05)
    assert "Page 3" in place(phone)


def test_a_pinch_zooms_and_a_drag_looks_around(phone: Page, served: Served) -> None:
    still(phone)
    open_reader(phone, served, "Potion", "?page=3&view=page")
    finger = Finger(phone)
    sheet = phone.locator(".leaf:not(.leaf--waiting) .page-sheet")
    finger.send("touchStart", (170, 400), (220, 400))
    for apart in (60, 90, 120, 150):
        finger.send("touchMove", (195 - apart, 400), (195 + apart, 400))
    finger.send("touchEnd")
    box = sheet.bounding_box()
    assert box is not None
    assert box["width"] > 390 * 2
    finger.send("touchStart", (200, 400))
    for x in (220, 260, 300):
        finger.send("touchMove", (x, 400))
    finger.send("touchEnd")
    moved = sheet.bounding_box()
    assert moved is not None
    assert moved["x"] - box["x"] == pytest.approx(100, abs=12)
    assert "Page 3" in place(phone)


def test_the_bars_fit_a_phone(phone: Page, served: Served) -> None:
    open_reader(phone, served, "Potion", "?page=2")
    assert book_of(served, "Potion")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    for box in [e.bounding_box() for e in phone.locator(".bar a, .bar button:visible").all()]:
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
