"""A sheet of characters to look at: one HTML file with each cluster's exemplars inside it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

from longbox.cli.page import data_url
from longbox.cli.terminal import notes, one_line
from longbox.config import Config
from longbox.encoders import crop_panel
from longbox.errors import ComicError
from longbox.ingest import open_pages
from longbox.library import Library
from longbox.pipeline import CharacterCluster, CharacterGroup, FoundRegion

_CROP_PX = 260


@dataclass(frozen=True, slots=True)
class _Card:
    """One cluster, ready to draw; pictures are (data URL, where it is)."""

    cluster: CharacterCluster
    n_pages: int
    pictures: tuple[tuple[str, str], ...]


def write_character_page(
    target: Path, groups: Sequence[CharacterGroup], library: Library, config: Config
) -> None:
    """Write clusters with their exemplars as one HTML page.

    An exemplar whose comic file cannot be read any more is left out with a line on stderr.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("longbox.cli", "templates"), autoescape=True
    )
    sections = []
    for group in groups:
        wanted = [e for c in group.clusters for e in c.exemplars]
        urls = _pictures(wanted, library, config)
        cards = [
            _Card(
                c,
                sum(len(pages) for pages in c.pages().values()),
                tuple((urls[e], str(e.panel_id)) for e in c.exemplars if e in urls),
            )
            for c in group.clusters
        ]
        sections.append((group, cards))
    html = environment.get_template("characters.html").render(sections=sections)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(html, encoding="utf-8")


def _pictures(
    wanted: Sequence[FoundRegion], library: Library, config: Config
) -> dict[FoundRegion, str]:
    """Return data URLs of regions, every file opened and every page decoded once."""
    pages: dict[str, dict[int, list[FoundRegion]]] = {}
    for found in wanted:
        of_book = pages.setdefault(found.book_id, {})
        of_book.setdefault(found.region.page_index, []).append(found)
    urls: dict[FoundRegion, str] = {}
    for book_id, by_page in pages.items():
        path = Path(library.annotated_book(book_id).book.path)
        if not os.path.lexists(path):
            notes.print(f"{one_line(str(path))}: the comic file is gone", style="yellow")
            continue
        try:
            with open_pages(path, config.ingest) as opened:
                for index, regions in sorted(by_page.items()):
                    pixels = opened.pixels(index)
                    for found in regions:
                        urls[found] = data_url(crop_panel(pixels, found.region.box), _CROP_PX)
        except ComicError as error:
            notes.print(one_line(str(error)), style="yellow", markup=False)
    return urls
