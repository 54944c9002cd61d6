"""Plan a whole book: which page is what, which panels it has, what stands where.

The plan is all that the truth needs and all that the drawing needs; it holds no pixels. Layouts are
chosen first, because the story is told to measure: as many beats as there are panels.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from longbox.book import Direction, PageType
from longbox.synthetic.balloons import Lettered, Room, place_texts
from longbox.synthetic.layouts import Frame, Sheet, arrange
from longbox.synthetic.matter import plan_matter
from longbox.synthetic.palette import RGB, WHITE
from longbox.synthetic.plan import PagePlan, PanelPlan, PlacedText
from longbox.synthetic.recipe import BookRecipe, Layout, Style
from longbox.synthetic.staging import clear_part, stage
from longbox.synthetic.story import PanelStory, Story, tell_story

_STRIP_GUTTERS: tuple[RGB, ...] = (
    (255, 255, 255),
    (255, 255, 255),
    (18, 18, 24),
    (232, 238, 250),
    (250, 240, 228),
    (36, 30, 60),
)


@dataclass(frozen=True, slots=True)
class BookPlan:
    """A story and the pages that tell it."""

    story: Story
    pages: tuple[PagePlan, ...]


@dataclass(frozen=True, slots=True)
class _Layed:
    index: int
    page_type: PageType
    sheet: Sheet
    frames: tuple[Frame, ...]
    is_spread: bool


def plan_book(recipe: BookRecipe) -> BookPlan:
    """Plan every page of a book."""
    types = page_types(recipe.n_pages, matter=recipe.matter)
    layed = [_lay_out(recipe, i, kind) for i, kind in enumerate(types)]
    n_panels = sum(len(page.frames) for page in layed)
    story = tell_story(recipe, max(n_panels, 1))
    style = lettering_style(recipe)
    pages: list[PagePlan] = []
    told = 0
    for page in layed:
        if not page.frames:
            pages.append(plan_matter(recipe, story, page.index, page.page_type, style))
            continue
        beats = story.panels[told : told + len(page.frames)]
        told += len(beats)
        pages.append(_plan_page(recipe, story, page, beats, style))
    return BookPlan(story, tuple(pages))


def page_types(n_pages: int, *, matter: bool) -> list[PageType]:
    """Say what each page of a book of this length is; short books have only their story."""
    types = [PageType.STORY] * n_pages
    if not matter or n_pages < 3:
        return types
    types[0] = PageType.COVER
    if n_pages >= 4:
        types[-1] = PageType.BACK_COVER
    if n_pages >= 6:
        types[1] = PageType.TITLE
    if n_pages >= 8:
        for i in range(n_pages // 2, n_pages - 2, 14):
            types[i] = PageType.ADVERTISEMENT
    if n_pages >= 10:
        types[-3] = PageType.TEXT_PAGE
    if n_pages >= 12:
        types[-2] = PageType.PREVIEW
    if n_pages >= 16:
        types[1], types[2] = PageType.BLANK, PageType.TITLE
    return types


def lettering_style(recipe: BookRecipe) -> Lettered:
    """Choose a book's letters: size, faces, capitals, columns."""
    rng = random.Random(f"letters-{recipe.seed}")
    width, _ = recipe.size
    size = max(12, round(width * (0.031 if recipe.is_webtoon else 0.0245)))
    is_vertical = recipe.language == "ja" and recipe.direction is Direction.RTL
    is_upper = recipe.language != "ja" and rng.random() < 0.8
    return Lettered(size, rng.randrange(1000), recipe.direction, is_vertical, is_upper)


def _lay_out(recipe: BookRecipe, index: int, page_type: PageType) -> _Layed:
    """Choose a story page's layout and cut it; other pages have no frames yet."""
    rng = random.Random(f"layout-{recipe.seed}-{index}")
    width, height = recipe.size
    if page_type is not PageType.STORY:
        return _Layed(index, page_type, Sheet(width, height, 0, 0), (), is_spread=False)
    layout = rng.choice(recipe.layout_choices)
    is_spread = layout is Layout.SPREAD
    sheet = Sheet(
        width * (2 if is_spread else 1),
        height,
        round(width * rng.uniform(0.03, 0.055)),
        round(width * rng.uniform(0.010, 0.022)),
    )
    frames = arrange(layout, sheet, recipe.direction, rng)
    is_splash = layout is Layout.SPLASH
    return _Layed(index, PageType.SPLASH if is_splash else page_type, sheet, frames, is_spread)


def _plan_page(
    recipe: BookRecipe, story: Story, page: _Layed, beats: Sequence[PanelStory], style: Lettered
) -> PagePlan:
    rng = random.Random(f"page-{recipe.seed}-{page.index}")
    cast = {c.name: c for c in story.cast}
    panels: list[PanelPlan] = []
    texts: list[PlacedText] = []
    for order, (frame, beat) in enumerate(zip(page.frames, beats, strict=True)):
        clear = clear_part(frame, page.frames)
        figures = stage(beat, clear, cast, recipe.direction, rng)
        seed = place_seed(recipe.seed, beat.place)
        panels.append(PanelPlan(frame, beat, figures, seed))
        above = tuple(f.box for f in page.frames if f.layer > frame.layer)
        lines = [n for n in beat.lines if rng.random() < recipe.text_density]
        texts += place_texts(lines, Room(order, clear, figures, above), style, rng)
    return PagePlan(
        page.index,
        page.page_type,
        int(page.sheet.width),
        int(page.sheet.height),
        tuple(panels),
        tuple(texts),
        _gutter(recipe, rng),
        is_spread=page.is_spread,
    )


def place_seed(seed: int, place: str) -> int:
    """Return the seed of one place of one book: it looks the same in every panel."""
    return random.Random(f"place-{seed}-{place}").randrange(1 << 30)


def _gutter(recipe: BookRecipe, rng: random.Random) -> RGB:
    if recipe.is_webtoon and recipe.style not in (Style.INK, Style.SCREENTONE, Style.DARK):
        return rng.choice(_STRIP_GUTTERS)
    if recipe.style is Style.DARK:
        return (10, 10, 16)
    return WHITE
