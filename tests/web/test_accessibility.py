"""axe-core finds nothing serious on any page, light or dark, wide or on a phone.

axe cannot see everything (it judges no wording), but what it calls serious or critical keeps
somebody out. Only the faults leave the browser: everything that axe found right took four times as
long to send as to find. In the dark a page has other colours and the same structure, so that is
what is judged there.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from longbox.library import Library

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from conftest import Look, Served

_RULES = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
_COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
_RUN = """async (rules) => {
  const found = await axe.run({ runOnly: rules, resultTypes: ["violations"], preload: false });
  return found.violations.filter((one) => ["serious", "critical"].includes(one.impact)).map(
    (one) => `${one.id} (${one.impact}): ${one.nodes[0].html.slice(0, 160)} and `
      + `${one.nodes.length - 1} more`
  );
}"""
# Scripts draw after a page has loaded, and live progress never ends.
_SETTLED = """() => new Promise((done) => {
  let quiet = setTimeout(done, 200);
  const watch = new MutationObserver(() => {
    clearTimeout(quiet);
    quiet = setTimeout(done, 200);
  });
  watch.observe(document, { subtree: true, childList: true, attributes: true });
  setTimeout(done, 2000);
})"""
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


def _faults(page: Page, rules: dict[str, Any]) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found: list[str] = page.evaluate(_RUN, rules)
    return found


def _open(page: Page, served: Served, address: str) -> None:
    kept = {path.stem.partition("-")[0]: path.stem for path in served.root.glob("studies/*.json")}
    page.goto(served.address + address.format(book=_first_book(served.root), **kept))
    page.wait_for_load_state("load")
    page.evaluate(_SETTLED)


@pytest.mark.parametrize("name", PAGES)
def test_no_serious_finding_on_a_wide_screen(look: Look, served: Served, name: str) -> None:
    page, script_faults = look("wide")
    page.emulate_media(color_scheme="light")
    _open(page, served, PAGES[name])
    faults = _faults(page, _RULES)
    page.emulate_media(color_scheme="dark")
    faults += [f"dark: {fault}" for fault in _faults(page, _COLOURS)]
    assert not faults, "\n".join(faults)
    assert not script_faults


@pytest.mark.parametrize("name", PAGES)
def test_no_serious_finding_on_a_phone_and_no_sideways_scroll(
    look: Look, served: Served, name: str
) -> None:
    phone, script_faults = look("phone")
    _open(phone, served, PAGES[name])
    faults = _faults(phone, _RULES)
    assert not faults, "\n".join(faults)
    width = phone.evaluate("document.documentElement.scrollWidth")
    assert width <= 390, f"the page is {width} px wide on a phone of 390"
    assert not script_faults


def test_axe_itself_finds_a_fault(page: Page) -> None:
    page.set_content("<html><body><img src='data:,'><button></button></body></html>")
    assert _faults(page, _RULES)


def test_axe_itself_finds_a_colour_that_only_the_dark_has(page: Page) -> None:
    dark = "@media (prefers-color-scheme: dark) { body { background: #333; color: #444 } }"
    page.set_content(f"<html><head><style>{dark}</style></head><body>night</body></html>")
    assert _faults(page, _COLOURS) == []
    page.emulate_media(color_scheme="dark")
    assert _faults(page, _COLOURS)
