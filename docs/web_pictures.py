"""Make the pictures of docs/web.md: the page as it looks, on the drawn demo shelf.

    python docs/web_pictures.py [--png FOLDER] [--library FOLDER]

Draws and indexes the demo shelf, serves it, and takes pictures in Debian's chromium. `--png` also
writes them without loss, to be looked at; `--library` takes another library than the drawn one
(for looking only: docs/pictures/web shows nothing but what Longbox draws).
"""

from __future__ import annotations

import argparse
import io
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from longbox.analysis.studies import (
    ClusterQuestion,
    StudyKind,
    keep_study,
    study_clusters,
    told_clusters,
)
from longbox.config import Config
from longbox.library import Library
from longbox.pipeline import index_shelf
from longbox.synthetic import draw_shelf
from longbox.web import Server, WebOptions, create_app

TARGET = Path(__file__).resolve().parent / "pictures" / "web"
WIDE, PHONE = (1280, 800), (390, 844)


@dataclass(frozen=True)
class Shot:
    """One picture: where, on what screen, and keys to press first."""

    name: str
    address: str
    screen: tuple[int, int] = WIDE
    theme: str = "light"
    keys: tuple[str, ...] = ()
    wait_s: float = 1.5


SHOTS = (
    Shot("shelf", "/"),
    Shot("shelf-dark", "/", theme="dark"),
    Shot("shelf-phone", "/", PHONE),
    Shot("search", "/search?q=the+cat+steals+the+potion"),
    Shot("search-dark", "/search?q=the+cat+steals+the+potion", theme="dark"),
    Shot("search-phone", "/search?q=the+cat+steals+the+potion", PHONE),
    Shot("search-pages", "/search?q=potion&by=page"),
    Shot("book", "/book/{ltr}"),
    Shot("read", "/read/{ltr}?page=2&view=page"),
    Shot("read-spread", "/read/{rtl}?page=3&view=spread"),
    Shot("guided", "/read/{ltr}?page=3&view=guided&panel=2", theme="dark"),
    Shot("guided-phone", "/read/{rtl}?page=3&view=guided&panel=2", PHONE),
    Shot("strip-phone", "/read/{ttb}?page=1&view=strip", PHONE),
    Shot("panel", "/panel/{ltr}-0002-01", wait_s=6.0),
    Shot("panel-phone", "/panel/{ltr}-0002-01", PHONE, wait_s=6.0),
    Shot("correct", "/correct/{ltr}/3"),
    Shot("correct-phone", "/correct/{ltr}/3", PHONE),
    Shot("review", "/review"),
    Shot("map", "/map", wait_s=4.0),
    Shot("map-dark", "/map", theme="dark", wait_s=4.0),
    Shot("study", "/study"),
    Shot("study-kinds", "/study/{clusters}", wait_s=3.0),
    Shot("study-kinds-phone", "/study/{clusters}", PHONE, theme="dark", wait_s=3.0),
    Shot("study-book", "/book/{ltr}/reading?beside={rtl}", wait_s=6.0),
    Shot("health", "/health", wait_s=3.0),
    Shot("jobs", "/jobs"),
    Shot("api", "/api"),
)


@contextmanager
def serving(root: Path, *, is_read_only: bool) -> Iterator[str]:
    """Serve a library from a thread; yield its address."""
    options = WebOptions(port=0, is_read_only=is_read_only)
    with Library.open(root, read_only=is_read_only) as library:
        server = Server(create_app(library, Config(), options), options)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.is_started:
            time.sleep(0.05)
        yield server.address
        server.stop()
        thread.join(30)


def studies(root: Path) -> dict[str, str]:
    """Return the newest study of each kind that is kept in a library."""
    found = sorted((root / "studies").glob("*-*.json"), key=lambda path: path.stat().st_mtime)
    return {path.stem.partition("-")[0]: path.stem for path in found}


def study(library: Library) -> None:
    """Keep a study of a library's pages."""
    question = ClusterQuestion()
    generation = library.generation()
    found = told_clusters(study_clusters(library, question))
    keep_study(library.root, StudyKind.CLUSTERS, question, found, generation)


def books(root: Path) -> dict[str, str]:
    """Return the largest book of each direction."""
    found: dict[str, tuple[int, str]] = {}
    with Library.open(root, read_only=True) as library:
        for outline in library.outlines():
            direction = outline.book.direction.value
            found[direction] = max(
                found.get(direction, (0, "")), (len(outline.pages), outline.book.book_id)
            )
    some = max(found.values())[1]
    return {d: found.get(d, (0, some))[1] for d in ("ltr", "rtl", "ttb")}


def take(page: Page, address: str, shot: Shot) -> Image.Image:
    """Open an address and take its picture."""
    page.set_viewport_size({"width": shot.screen[0], "height": shot.screen[1]})
    page.emulate_media(color_scheme="dark" if shot.theme == "dark" else "light")
    page.goto(address)
    page.wait_for_load_state("load")
    for key in shot.keys:
        page.keyboard.press(key)
    page.wait_for_timeout(shot.wait_s * 1000)
    return Image.open(io.BytesIO(page.screenshot()))


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--png", type=Path)
    parser.add_argument("--library", type=Path)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        root = arguments.library or Path(folder) / "library"
        if arguments.library is None:
            draw_shelf(Path(folder) / "shelf")
            with Library.create(root) as library:
                index_shelf([Path(folder) / "shelf"], library, Config(), in_process=True)
                study(library)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
        )
        known = {"clusters": "", **studies(root), **books(root)}
        with serving(root, is_read_only=arguments.library is not None) as address:
            page = browser.new_page()
            for shot in SHOTS:
                if arguments.only and arguments.only not in shot.name:
                    continue
                picture = take(page, address + shot.address.format(**known), shot)
                if arguments.png:
                    arguments.png.mkdir(parents=True, exist_ok=True)
                    picture.save(arguments.png / f"{shot.name}.png")
                if arguments.library is None:
                    TARGET.mkdir(parents=True, exist_ok=True)
                    picture.convert("RGB").save(TARGET / f"{shot.name}.webp", quality=82, method=6)
                print(shot.name)
        browser.close()


if __name__ == "__main__":
    main()
