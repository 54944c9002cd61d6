"""A book as strips to draw: one place a page from left to right, one strip for each thing.

Paths are in units of one page across and 40 down, and are stretched to the page's width; one path
a strip, so that a book of a thousand pages is a few kilobytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.reading import BookReading
from longbox.book import PageType
from longbox.wording import plural, spoken

HEIGHT: Final = 40.0
_MARGIN: Final = 0.12
_MOST_APART: Final = 120  # pages; more have no gaps between their bars
_MOST_PEOPLE: Final = 12
# Page types that have a look of their own; the others are quiet.
_TYPE_LOOKS: Final = {
    PageType.COVER: "cover",
    PageType.BACK_COVER: "cover",
    PageType.STORY: "story",
    PageType.SPLASH: "splash",
}


@dataclass(frozen=True, slots=True)
class Strip:
    """One strip.

    Attributes:
        look: How it is drawn: bars, types, line, scenes or people.
        top: What its upper edge stands for; empty where it has no scale.
        paths: What is drawn with which class.
        why_none: Why there is nothing to draw; empty where there is.
    """

    name: str
    about: str
    look: str
    top: str
    paths: tuple[tuple[str, str], ...]
    why_none: str = ""


@dataclass(frozen=True, slots=True)
class BookStrips:
    """All strips of a book.

    Attributes:
        n: Pages.
        changes: Where the tempo changes, in pages from the left.
        facts: What is said of each page, as JSON: words, and its index from 0.
        types: Page types that occur, with how they are drawn.
    """

    reading: BookReading
    n: int
    strips: tuple[Strip, ...]
    changes: tuple[int, ...]
    facts: str
    types: tuple[tuple[str, str, int], ...]


def draw_strips(reading: BookReading) -> BookStrips:
    """Draw a book along its pages."""
    pages, panels = reading.pages, reading.panels
    story = pages.is_story
    found = [
        _types(reading),
        _bars(
            "Panels",
            "panels on each page; the line is their running median",
            pages.n_panels,
            story,
            line=pages.pace,
        ),
        _bars("Lettering", "characters of lettering on each page", pages.n_characters, story),
        _bars(
            "Panel size",
            "mean share of the page that a panel has",
            pages.mean_area,
            story,
            is_share=True,
        ),
        _scenes(reading),
    ]
    if np.isfinite(panels.surprise).any():
        found.append(_surprise(reading))
    if reading.presence.keys:
        found.append(_people(reading))
    counted = [(spoken(t.value), _TYPE_LOOKS.get(t, "other")) for t in pages.page_types]
    return BookStrips(
        reading=reading,
        n=pages.page_index.size,
        strips=tuple(found),
        changes=tuple(
            int(np.searchsorted(pages.page_index, change.page_index))
            for change in reading.tempo_changes
        ),
        facts=json.dumps(_facts(reading)),
        types=tuple((*each, counted.count(each)) for each in dict.fromkeys(counted)),
    )


def page_words(reading: BookReading) -> list[tuple[int, str]]:
    """Say of each page what the strips show there, by its index from 0."""
    pages = reading.pages
    begins = {border.panel_id.page_index for border in reading.scenes.borders}
    changes = {change.page_index for change in reading.tempo_changes}
    found = []
    for at, index in enumerate(pages.page_index.tolist()):
        said = [
            spoken(pages.page_types[at].value),
            plural(int(pages.n_panels[at]), "panel"),
            plural(int(pages.n_characters[at]), "character"),
        ]
        said += ["a scene begins"] if index in begins else []
        said += ["the tempo changes"] if index in changes else []
        found.append((index, ", ".join(said)))
    return found


def _facts(reading: BookReading) -> list[list[Any]]:
    return [[index, said] for index, said in page_words(reading)]


def _types(reading: BookReading) -> Strip:
    looks: dict[str, list[int]] = {}
    for at, page_type in enumerate(reading.pages.page_types):
        looks.setdefault(_TYPE_LOOKS.get(page_type, "other"), []).append(at)
    gap = _gap(len(reading.pages.page_types))
    paths = tuple(
        (f"strip__type--{look}", _columns(((at, HEIGHT) for at in places), gap))
        for look, places in looks.items()
    )
    return Strip("Pages", "what each page is to the book", "types", "", paths)


def _bars(
    name: str,
    about: str,
    values: NDArray[Any],
    story: NDArray[np.bool_],
    *,
    line: NDArray[np.float64] | None = None,
    is_share: bool = False,
) -> Strip:
    known = np.where(np.isfinite(values), values, 0.0).astype(np.float64)
    highest = float(known.max(initial=0.0))
    heights = HEIGHT * known / (highest or 1.0)
    gap = _gap(story.size)
    paths = [
        (name, _columns(((at, float(heights[at])) for at in np.flatnonzero(places).tolist()), gap))
        for name, places in (("strip__bar", story), ("strip__bar--other", ~story))
    ]
    if line is not None:
        points = [(at + 0.5, float(value)) for at, value in enumerate(line)]
        paths.append(("strip__line", _line(points, 0.0, highest)))
    top = f"{highest:.0%}".replace("%", " %") if is_share else f"{highest:,.0f}"
    return Strip(name, about, "bars", top if highest else "", tuple(paths))


def _scenes(reading: BookReading) -> Strip:
    about = "scenes in turn; the line is how much changes from panel to panel"
    if reading.scenes.why_none:
        return Strip("Scenes", about, "scenes", "", (), reading.scenes.why_none)
    x = _panel_places(reading)
    n = float(reading.pages.page_index.size)
    borders = [0.0, *(float(x[border.at]) for border in reading.scenes.borders), n]
    bands: list[list[str]] = [[], []]
    for at, (start, end) in enumerate(pairwise(borders)):
        bands[at % 2].append(f"M{start:.2f} 0V{HEIGHT:.0f}H{end:.2f}V0Z")
    novelty = reading.panels.novelty
    known = novelty[np.isfinite(novelty)]
    highest = max(float(known.max(initial=0.0)), reading.scenes.threshold)
    line = _line(list(zip(x.tolist(), novelty.tolist(), strict=True)), 0.0, highest)
    edges = "".join(f"M{at:.2f} 0V{HEIGHT:.0f}" for at in borders[1:-1])
    return Strip(
        "Scenes",
        about,
        "scenes",
        "",
        (
            ("strip__scene", "".join(bands[0])),
            ("strip__scene--other", "".join(bands[1])),
            ("strip__line", line),
            ("strip__edge", edges),
        ),
    )


def _surprise(reading: BookReading) -> Strip:
    surprise = reading.panels.surprise
    known = surprise[np.isfinite(surprise)]
    x = _panel_places(reading)
    low, high = float(known.min()), float(known.max())
    line = _line(list(zip(x.tolist(), surprise.tolist(), strict=True)), low, high)
    about = "how unexpected each panel is to the model after those before it"
    return Strip("Surprise", about, "line", f"{high:.2f}", (("strip__line", line),))


def _people(reading: BookReading) -> Strip:
    presence = reading.presence
    n = min(len(presence.keys), _MOST_PEOPLE)
    row = HEIGHT / n
    paths = []
    for number in range(n):
        there = np.unique(reading.panels.page[presence.is_there[number]])
        top = number * row
        path = "".join(f"M{at} {top:.2f}h1v{row * 0.8:.2f}h-1Z" for at in there.tolist())
        paths.append(("strip__person" if number % 2 else "strip__person--other", path))
    named = [
        name or f"no name ({key[:12]})"
        for name, key in zip(presence.names, presence.keys, strict=True)
    ]
    about = f"who is there, from the top: {', '.join(each[:40] for each in named[:n])}"
    return Strip("Characters", about, "people", "", tuple(paths))


def _panel_places(reading: BookReading) -> NDArray[np.float64]:
    """Return where each panel is, in pages from the left."""
    panels = reading.panels
    on_page = np.maximum(np.bincount(panels.page, minlength=reading.pages.page_index.size), 1)
    first = np.r_[0, np.flatnonzero(np.diff(panels.page)) + 1] if panels.page.size else np.empty(0)
    starts = np.zeros(panels.page.size, dtype=np.int64)
    if panels.page.size:
        starts[first.astype(np.int64)] = first
        starts = np.maximum.accumulate(starts)
    order = np.arange(panels.page.size) - starts
    places: NDArray[np.float64] = panels.page + order / on_page[panels.page]
    return places


def _gap(n_pages: int) -> float:
    return _MARGIN if n_pages <= _MOST_APART else 0.0


def _columns(bars: Iterable[tuple[int, float]], gap: float) -> str:
    return "".join(
        f"M{at + gap:.2f} {HEIGHT:.0f}V{HEIGHT - height:.1f}H{at + 1 - gap:.2f}V{HEIGHT:.0f}Z"
        for at, height in bars
        if height > 0
    )


def _line(points: Sequence[tuple[float, float]], low: float, high: float) -> str:
    """Draw a line, broken where nothing is known."""
    span = (high - low) or 1.0
    drawn: list[str] = []
    is_down = False
    for x, value in points:
        if not np.isfinite(value):
            is_down = False
            continue
        y = HEIGHT - 2 - (HEIGHT - 4) * min(max((value - low) / span, 0.0), 1.0)
        drawn.append(f"{'L' if is_down else 'M'}{x:.2f} {y:.1f}")
        is_down = True
    return "".join(drawn)
