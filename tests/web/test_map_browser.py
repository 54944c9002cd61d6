"""The map in a browser: points, what they are, choosing them, spaces side by side, keys, touch."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from longbox.analysis import make_map
from longbox.vectors import Space
from mapped_libraries import put_maps
from numbered_libraries import numbered, put
from waiting import until

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from conftest import Served

    Serve = Callable[..., Served]

# Of the points with these indices, CSS pixels from the top left of the window.
PLACES_JS = """
([pane, indices]) => {
  const found = document.querySelector("[data-map]").mapPage.panes[pane];
  const box = found.field.getBoundingClientRect();
  return indices.map((i) => {
    const [x, y] = found.screenOf(i);
    return [x + box.left, y + box.top];
  });
}
"""
FRAMES_JS = """
async () => {
  for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
}
"""
# What the pane does when it has come to rest, its list and its focus, comes a moment after a key.
RESTS_JS = """
() => {
  const found = document.querySelector("[data-map]").mapPage.panes[0];
  return !found.isMoving && found.focus >= 0;
}
"""
PANE_JS = """
(pane) => {
  const found = document.querySelector("[data-map]").mapPage.panes[pane];
  const { points, camera, focus, isChosen, isIn } = found;
  return {
    n: points.n, zoom: camera.zoom, x: camera.x, y: camera.y, focus,
    name: focus < 0 ? null : points.name(focus), address: focus < 0 ? null : points.address(focus),
    chosen: isChosen ? isChosen.reduce((sum, one) => sum + one, 0) : 0,
    shown: isIn.reduce((sum, one) => sum + one, 0),
  };
}
"""


@pytest.fixture(scope="module")
def mapped_root(drawn_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = Path(shutil.copytree(drawn_library, tmp_path_factory.mktemp("mapped") / "library"))
    put_maps(root)
    return root


@pytest.fixture
def mapped(mapped_root: Path, serve: Serve) -> Served:
    return serve(mapped_root)


def show(page: Page, served: Served, query: str = "space=vision") -> Locator:
    """Open the map and wait until every pane is drawn."""
    page.goto(f"{served.address}/map?{query}")
    n = query.count("space=")
    page.locator("[data-ready]").nth(n - 1).wait_for()
    page.evaluate(FRAMES_JS)
    return page.locator("[data-field]").first


def pane(page: Page, at: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(PANE_JS, at)
    return found


def places(page: Page, *indices: int, at: int = 0) -> list[list[float]]:
    found: list[list[float]] = page.evaluate(PLACES_JS, [at, list(indices)])
    return found


def inner(page: Page) -> list[list[float]]:
    """Return the places of the second and third point of the second row of the grid."""
    side = math.ceil(math.sqrt(pane(page)["n"]))
    return places(page, side + 1, side + 2)


def n_colours(field: Locator) -> int:
    """Return how many colours are in the canvas."""
    colours: int = field.locator("canvas").evaluate(
        "(c) => new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height)"
        ".data.buffer)).size"
    )
    return colours


def test_points_are_drawn_in_the_colours_of_the_legend(mapped: Served, page: Page) -> None:
    field = show(page, mapped, "space=vision&colour=cluster")
    assert n_colours(field) > 3
    counts = page.locator("[data-legend] .map-key__count").all_inner_texts()
    assert sum(int(count.replace(",", "")) for count in counts) == pane(page)["n"]
    page.select_option("#map-colour", "book")
    assert "colour=book" in page.url
    assert page.locator("[data-legend] .map-key__name").first.inner_text() != "cluster 1"


def test_pointing_at_a_point_shows_its_picture_and_words(mapped: Served, page: Page) -> None:
    show(page, mapped)
    [[x, y]] = places(page, 5)
    page.mouse.move(x, y)
    tip = page.locator("[data-tip]")
    tip.wait_for()
    assert pane(page)["name"] in tip.inner_text()
    picture = tip.locator("img")
    picture.evaluate("(image) => image.decode()")
    assert picture.evaluate("(image) => image.naturalWidth") > 0
    page.mouse.move(2, 2)
    tip.wait_for(state="hidden")


def test_a_click_opens_the_panel(mapped: Served, page: Page) -> None:
    show(page, mapped)
    [[x, y]] = places(page, 7)
    page.mouse.move(x, y)
    address = pane(page)["address"]
    page.mouse.click(x, y)
    page.wait_for_url(f"**{address}")


def test_a_lasso_selects_what_lies_in_it(mapped: Served, page: Page) -> None:
    show(page, mapped)
    page.click("[data-mode=lasso]")
    [[x, y], [next_x, _]] = inner(page)
    step = next_x - x
    around = [(-0.5, -0.5), (2.5, -0.5), (2.5, 0.5), (0.5, 0.5), (0.5, 1.5), (-0.5, 1.5)]
    corners = [(x + dx * step, y + dy * step) for dx, dy in around]
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner, steps=8)
    page.mouse.up()
    assert pane(page)["chosen"] == 4  # three of the first row, one of the second
    assert "4 panels" in page.locator("[data-chosen-said]").inner_text()
    assert page.locator("[data-chosen-pictures] img").count() == 4
    assert "/search?book=" in (page.get_attribute("[data-chosen-search]", "href") or "")
    page.click("[data-chosen-clear]")
    assert pane(page)["chosen"] == 0
    assert page.locator("[data-chosen]").is_hidden()


def test_a_rectangle_selects_and_is_saved_as_a_file(mapped: Served, page: Page) -> None:
    show(page, mapped)
    [[x, y], [next_x, _]] = inner(page)
    half = (next_x - x) / 2
    page.keyboard.down("Shift")
    page.mouse.move(x - half, y - half)
    page.mouse.down()
    page.mouse.move(x + 3 * half, y + half, steps=5)
    page.mouse.up()
    page.keyboard.up("Shift")
    assert pane(page)["chosen"] == 2
    with page.expect_download() as loading:
        page.click("[data-chosen-json]")
    said = json.loads(Path(loading.value.path()).read_text(encoding="utf-8"))
    assert (said["space"], said["of"], len(said["points"])) == ("vision", "panels", 2)
    first = said["points"][0]
    assert first["panel_id"].startswith(first["book_id"])
    with page.expect_download() as loading:
        page.click("[data-chosen-csv]")
    lines = Path(loading.value.path()).read_text(encoding="utf-8").splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("panel_id,book_id,title,page_index,panel")
    assert lines[1].startswith(first["panel_id"])


def test_two_maps_point_at_and_choose_the_same_panel(mapped: Served, page: Page) -> None:
    show(page, mapped, "space=vision&space=text&colour=book")
    assert pane(page, 1)["n"] < pane(page, 0)["n"]  # silent panels are on no map of lettering
    [[x, y]] = places(page, 2, at=1)
    page.mouse.move(x, y)
    assert pane(page, 0)["name"] == pane(page, 1)["name"] is not None
    page.keyboard.down("Shift")
    page.mouse.click(x, y)
    page.keyboard.up("Shift")
    assert pane(page, 0)["chosen"] == pane(page, 1)["chosen"] == 1
    key = page.locator("[data-legend]").first.locator(".map-key").first
    book = key.locator(".map-key__name").inner_text()
    key.click()
    for at in (0, 1):
        assert pane(page, at)["shown"] < pane(page, at)["n"]
        other = page.locator("[data-legend]").nth(at).get_by_role("button", name=book).first
        assert other.get_attribute("aria-pressed") == "false"
    key.click()
    assert pane(page, 0)["shown"] == pane(page, 0)["n"]


def test_dragging_and_the_wheel_move_the_map(mapped: Served, page: Page) -> None:
    field = show(page, mapped)
    box = field.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.wheel(0, -400)
    near = pane(page)
    assert near["zoom"] > 1
    page.mouse.down()
    page.mouse.move(box["x"] + 160, box["y"] + 130, steps=4)
    page.mouse.up()
    assert pane(page)["x"] < near["x"]
    page.click("[data-zoom=fit]")
    assert (pane(page)["zoom"], pane(page)["x"]) == (1, 0)


def test_everything_can_be_done_by_keyboard(mapped: Served, page: Page) -> None:
    field = show(page, mapped)
    field.focus()
    page.keyboard.press("+")
    page.keyboard.press("ArrowRight")
    until(lambda: page.evaluate(RESTS_JS))
    now = pane(page)
    assert now["zoom"] > 1
    assert now["x"] > 0
    assert now["name"] == page.locator("[data-spoken]").inner_text()
    page.keyboard.press("Space")
    assert pane(page)["chosen"] == 1
    page.keyboard.press("a")
    in_view = pane(page)["chosen"]
    assert 1 < in_view < now["n"]
    page.keyboard.press("Escape")
    assert pane(page)["chosen"] == 0
    page.locator("[data-list] summary").press("Enter")
    item = page.locator("[data-listed] li").first
    item.wait_for()
    assert item.locator("a").inner_text() == now["name"]
    item.locator("input").press("Space")
    assert pane(page)["chosen"] == 1
    field.focus()
    page.evaluate(FRAMES_JS)
    page.keyboard.press("Enter")
    page.wait_for_url("**/panel/**")


def test_a_finger_pans_shows_and_opens(mapped: Served, phone: Page) -> None:
    field = show(phone, mapped)
    field.scroll_into_view_if_needed()
    [[x, y]] = places(phone, 30)
    phone.touchscreen.tap(x, y)
    tip = phone.locator("[data-tip]")
    tip.wait_for()
    address = pane(phone)["address"]
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    tip.locator("a").tap()
    phone.wait_for_url(f"**{address}")


@pytest.fixture
def small(tmp_path: Path, serve: Serve) -> Served:
    """A server on a library of one book, so that its map takes no time."""
    numbered(tmp_path / "small", 1).close()
    return serve(tmp_path / "small")


def test_a_missing_map_is_made_by_a_job(small: Served, page: Page) -> None:
    page.goto(f"{small.address}/map?space=vision&of=pages")
    page.get_by_role("button", name="Make the map").click()
    page.locator("[data-ready]").wait_for(timeout=60_000)
    assert pane(page)["n"] == 4
    said = page.locator("[data-said]").inner_text()
    assert "by the mean of their panels, too few for UMAP" in said


def test_a_map_that_is_out_of_date_says_so_and_is_made_again(small: Served, page: Page) -> None:
    library = small.app.state.services.library
    make_map(library, Space.VISION)
    put(library, 2)
    library.update_indexes()
    show(page, small, "space=vision")
    assert pane(page)["n"] == 12
    page.get_by_text("1 book came since").wait_for()
    page.get_by_role("button", name="Make it again").click()
    page.get_by_text("24 panels").wait_for(timeout=60_000)
    assert page.get_by_text("came since").is_hidden()


def test_a_shared_library_offers_no_button(served: Served, page: Page) -> None:
    page.goto(f"{served.address}/map?space=vision")
    page.get_by_text("There is no map of this space yet").wait_for()
    assert page.get_by_role("button", name="Make the map").count() == 0
