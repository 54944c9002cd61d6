"""Bind books: story pages and the pages that publishers put around them, in plausible orders.

`plan_types` writes the sequence of page types of one book; there are several habits (a western
issue with advertisements, a manga volume, an anthology, a web comic without covers, a fragment, a
book that is no comic, and one that keeps no rule). `draw_insert` draws one page from a template.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum

from longbox.book import PageType, Panel, TextRegion
from longbox.errors import ConfigError
from longbox.geometry import Box
from longbox.synthetic.insert_sheet import SOURCE, Art, Pixels, Sheet
from longbox.synthetic.insert_templates import HELD_OUT, TEMPLATES, TUNING

_S, _AD = PageType.STORY, PageType.ADVERTISEMENT


class Habit(StrEnum):
    """How a publisher puts a book together."""

    ISSUE = "issue"
    VOLUME = "volume"
    ANTHOLOGY = "anthology"
    WEB = "web"
    FRAGMENT = "fragment"
    NO_COMIC = "no_comic"
    WILD = "wild"


@dataclass(frozen=True, slots=True, eq=False)
class Insert:
    """A drawn page: pixels uint8 (H, W, 3), and its truth."""

    page_type: PageType
    template: str
    pixels: Pixels
    panels: tuple[Panel, ...]
    texts: tuple[TextRegion, ...]


def template_names(page_type: PageType, *, held_out: bool) -> tuple[str, ...]:
    """Return the templates of a type: those to train with, or the one kept for measuring."""
    kept = HELD_OUT.get(page_type)
    if held_out:
        return () if kept is None else (kept,)
    return tuple(name for name in TEMPLATES[page_type] if name != kept)


def tuning_template(page_type: PageType) -> str | None:
    """Return the template that is left out to compare ways of training; None: no such."""
    return TUNING.get(page_type)


def draw_insert(
    page_type: PageType, template: str, size: tuple[int, int], art: Art, rng: random.Random
) -> Insert:
    """Draw one page that is not part of a story.

    Args:
        page_type: Any.
        template: Its name.
        size: Width and height in pixels.
        art: Gives a picture whenever one is needed, RGB uint8 (H, W, 3).
        rng: Chooses words, colours and places.

    Raises:
        ConfigError: There is no such template.
    """
    known = TEMPLATES.get(page_type, {})
    if template not in known:
        names = ", ".join(known) or "none"
        raise ConfigError(f"no template {template!r} of {page_type.value}; there are: {names}")
    sheet = Sheet(size, art, rng)
    known[template](sheet)
    whole = (Panel(Box(0, 0, *size), 0, 1.0, SOURCE),)
    return Insert(
        page_type, template, sheet.pixels(), tuple(sheet.panels) or whole, tuple(sheet.texts)
    )


def plan_types(habit: Habit, rng: random.Random) -> list[PageType]:
    """Write the page types of one book. STORY stands for splashes as well: the art decides."""
    match habit:
        case Habit.ISSUE:
            return _issue(rng)
        case Habit.VOLUME:
            return _volume(rng)
        case Habit.ANTHOLOGY:
            return _anthology(rng)
        case Habit.WEB:
            title = [PageType.TITLE] if rng.random() < 0.6 else []
            return [*title, *[_S] * rng.randint(3, 14), *_some(rng, PageType.TEXT_PAGE, 0.15)]
        case Habit.FRAGMENT:
            whole = plan_types(rng.choice((Habit.ISSUE, Habit.VOLUME, Habit.ANTHOLOGY)), rng)
            start = rng.randrange(max(1, len(whole) - 3))
            return whole[start : start + rng.randint(2, 16)]
        case Habit.NO_COMIC:
            kind = rng.choice((PageType.NOT_COMIC, PageType.NOT_COMIC, PageType.TEXT_PAGE))
            body = [kind if rng.random() < 0.9 else PageType.TEXT_PAGE for _ in range(12)]
            return [*_some(rng, PageType.COVER, 0.7), *_some(rng, PageType.TITLE, 0.5), *body]
        case Habit.WILD:
            types = [t for t in PageType if t is not PageType.SPLASH]
            return [rng.choice(types) if rng.random() < 0.5 else _S for _ in range(14)]


def _some(rng: random.Random, page_type: PageType, chance: float, most: int = 1) -> list[PageType]:
    return [page_type] * rng.randint(1, most) if rng.random() < chance else []


def _issue(rng: random.Random) -> list[PageType]:
    front = [
        PageType.COVER,
        *_some(rng, _AD, 0.5, 2),
        *_some(rng, PageType.TITLE, 0.5),
        *_some(rng, PageType.COVER, 0.06),
    ]
    story: list[PageType] = []
    gap = rng.randint(3, 7)
    has_ads = rng.random() < 0.7
    for i in range(rng.randint(8, 22)):
        if i and i % gap == 0 and has_ads:
            story += [_AD] * rng.choice((1, 1, 2))
        story.append(_S)
    back = [
        *_some(rng, PageType.TEXT_PAGE, 0.5, 2),
        *_some(rng, PageType.PREVIEW, 0.5, 2),
        *_some(rng, _AD, 0.5, 2),
        *_some(rng, PageType.BACK_COVER, 0.75),
        *_some(rng, PageType.NOT_COMIC, 0.25),
    ]
    return [*front, *story, *back]


def _volume(rng: random.Random) -> list[PageType]:
    front = [
        *_some(rng, PageType.NOT_COMIC, 0.15),
        PageType.COVER,
        *_some(rng, PageType.BLANK, 0.5, 2),
        *_some(rng, PageType.TITLE, 0.85, 3),
    ]
    story: list[PageType] = []
    for chapter in range(rng.randint(1, 4)):
        story += _some(rng, PageType.TITLE, 0.6) if chapter else []
        story += [_S] * rng.randint(4, 9)
        story += _some(rng, PageType.BLANK, 0.1)
    back = [
        *_some(rng, PageType.TEXT_PAGE, 0.6, 2),
        *_some(rng, PageType.PREVIEW, 0.5),
        *_some(rng, _AD, 0.4, 2),
        *_some(rng, PageType.TITLE, 0.3),
        *_some(rng, PageType.BLANK, 0.4, 2),
        *_some(rng, PageType.BACK_COVER, 0.7),
        *_some(rng, PageType.NOT_COMIC, 0.15),
    ]
    return [*front, *story, *back]


def _anthology(rng: random.Random) -> list[PageType]:
    pages = [PageType.COVER, *_some(rng, _AD, 0.6), *_some(rng, PageType.TITLE, 0.3)]
    for _ in range(rng.randint(2, 4)):
        pages += _some(rng, PageType.TITLE, 0.3)
        pages += [_S] * rng.randint(2, 7)
        pages += _some(rng, PageType.TEXT_PAGE, 0.5, 3)
        pages += _some(rng, _AD, 0.5, 2)
    return [*pages, *_some(rng, PageType.PREVIEW, 0.3), *_some(rng, PageType.BACK_COVER, 0.7)]
