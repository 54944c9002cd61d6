"""axe-core finds nothing serious on any page, light or dark, wide or on a phone.

axe cannot see everything (it judges no wording), but what it calls serious or critical keeps
somebody out.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from longbox.library import Library

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from conftest import Served

_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PAGES = {
    "shelf": "/",
    "search, nothing asked": "/search",
    "search": "/search?q=potion",
    "search by page": "/search?q=potion&by=page",
    "nothing found": "/search?q=zzzzqqqq&within=text",
    "book": "/book/{book}",
    "page view": "/read/{book}?view=page",
    "spread": "/read/{book}?view=spread&page=3",
    "strip": "/read/{book}?view=strip",
    "guided view": "/read/{book}?view=guided&page=2&panel=1",
    "panel": "/panel/{book}-0001-00",
    "correct": "/correct/{book}/2",
    "review": "/review",
    "map": "/map",
    "study": "/study",
    "kinds of pages": "/study/{clusters}",
    "spaces compared": "/study/{spaces}",
    "ideas compared": "/study/{concepts}",
    "a book along its pages": "/book/{book}/reading",
    "jobs": "/jobs",
    "health": "/health",
    "the API": "/api",
    "nowhere": "/no/such/page",
}


@cache
def _first_book(root: Path) -> str:
    with Library.open(root, read_only=True) as library:
        return min(
            library.annotated_book(b).book.title + "\0" + b
            for b in library.book_ids()
            if library.annotated_book(b).n_panels > 6
        ).partition("\0")[2]


def _faults(page: Page) -> list[str]:
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": _RULES}})
    return [
        f"{v['id']} ({v['impact']}): {v['nodes'][0]['html'][:160]} and {len(v['nodes']) - 1} more"
        for v in found.response["violations"]
        if v["impact"] in ("serious", "critical")
    ]


def _open(page: Page, served: Served, address: str) -> None:
    kept = {path.stem.partition("-")[0]: path.stem for path in served.root.glob("studies/*.json")}
    page.goto(served.address + address.format(book=_first_book(served.root), **kept))
    page.wait_for_load_state("load")
    page.wait_for_timeout(400)  # what scripts draw after that; live progress never ends


@pytest.mark.parametrize("name", PAGES)
def test_no_serious_finding_on_a_wide_screen(page: Page, served: Served, name: str) -> None:
    _open(page, served, PAGES[name])
    faults = _faults(page)
    page.emulate_media(color_scheme="dark")
    faults += [f"dark: {fault}" for fault in _faults(page)]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("name", PAGES)
def test_no_serious_finding_on_a_phone_and_no_sideways_scroll(
    phone: Page, served: Served, name: str
) -> None:
    _open(phone, served, PAGES[name])
    faults = _faults(phone)
    assert not faults, "\n".join(faults)
    width = phone.evaluate("document.documentElement.scrollWidth")
    assert width <= 390, f"the page is {width} px wide on a phone of 390"


def test_axe_itself_finds_a_fault(page: Page) -> None:
    page.set_content("<html><body><img src='data:,'><button></button></body></html>")
    assert _faults(page)
