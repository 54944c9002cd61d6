"""Plan the pages around the story: cover, title, text page, advertisement, preview, back cover.

Each has lettering of kind "other" (titles, prices) or "prose", and one panel in the truth: the
whole page, or the picture on it.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from longbox.book import PageType, TextKind
from longbox.geometry import Box
from longbox.synthetic.balloons import Lettered, sound_size
from longbox.synthetic.cast import Character
from longbox.synthetic.fonts import face_for
from longbox.synthetic.layouts import Frame
from longbox.synthetic.lettering import set_lines
from longbox.synthetic.palette import RGB, WHITE
from longbox.synthetic.phrasebook import Phrasebook
from longbox.synthetic.plan import PagePlan, PanelPlan, PlacedFigure, PlacedText
from longbox.synthetic.recipe import BookRecipe, Style
from longbox.synthetic.story import Line, PanelStory, Presence, Story

_INK: RGB = (24, 20, 32)
_TITLE_COLOURS: tuple[tuple[RGB, RGB], ...] = (
    ((255, 214, 60), (70, 20, 60)),
    ((255, 250, 235), (190, 40, 50)),
    ((255, 120, 60), (30, 26, 70)),
)
_DARK_PAPER: RGB = (22, 22, 32)


def plan_matter(
    recipe: BookRecipe, story: Story, index: int, page_type: PageType, style: Lettered
) -> PagePlan:
    """Plan one page that is not part of the story."""
    rng = random.Random(f"matter-{recipe.seed}-{index}")
    page = _Page(recipe, story, style, rng)
    motif = _PLANNERS[page_type](page)
    return PagePlan(
        index,
        page_type,
        page.width,
        page.height,
        tuple(page.panels),
        tuple(page.texts),
        page.paper,
        motif,
    )


def empty_story(event: str) -> PanelStory:
    """Return the story of a page on which nothing happens."""
    return PanelStory("matter", 0, event, "", "day", "", (), None, None, "", ())


class _Page:
    """A page being planned: lettering goes down it, or where it is told to."""

    def __init__(
        self, recipe: BookRecipe, story: Story, style: Lettered, rng: random.Random
    ) -> None:
        self.recipe, self.story, self.style, self.rng = recipe, story, style, rng
        self.width, self.height = recipe.size
        self.book = Phrasebook(recipe.language, rng)
        self.panels: list[PanelPlan] = []
        self.texts: list[PlacedText] = []
        self.paper: RGB = _DARK_PAPER if recipe.style is Style.DARK else WHITE
        self.ink: RGB = (230, 230, 236) if recipe.style is Style.DARK else _INK

    @property
    def lead(self) -> Character:
        """The story's leading character."""
        return next(c for c in self.story.cast if c.name == self.story.lead)

    def fields(self) -> dict[str, str]:
        """Placeholders of the phrases around the story."""
        return {
            **self.book.prop_fields(self.story.prop),
            **self.book.place_fields({"A": self.story.place}),
            **self.book.role_fields("hero", self.lead),
        }

    def letter(
        self,
        text: str,
        role: str,
        size: float,
        top: float,
        *,
        kind: TextKind = TextKind.OTHER,
        color: RGB | None = None,
    ) -> float:
        """Set a centred text below `top`; returns where it ends. Too wide a text shrinks."""
        limit = self.width * 0.84
        face = face_for(text, role, self.style.pick)
        lettering = set_lines(text, face, max(10, round(size)), limit)
        if lettering.width > limit:
            lettering = set_lines(text, face, max(10, round(size * limit / lettering.width)), limit)
        x = round((self.width - lettering.width) / 2)
        box = Box(x, round(top), x + lettering.width, round(top) + lettering.height)
        line = Line(kind, "caption", text, None)
        self.texts.append(PlacedText(line, lettering, box, None, color=color or self.ink))
        return box.y1

    def letter_title(self, text: str, size: float, top: float, colors: tuple[RGB, RGB]) -> float:
        """Set an outlined title below `top`; returns where it ends."""
        face = face_for(text, "title", self.style.pick)
        limit = self.width * 0.88
        lettering = set_lines(text, face, round(size), limit, leading=1.05)
        if lettering.width > limit:
            size *= limit / lettering.width
            lettering = set_lines(text, face, max(10, round(size)), limit, leading=1.05)
        wide, high = sound_size(lettering, 0.0)
        x = round((self.width - wide) / 2)
        box = Box(x, round(top), x + wide, round(top) + high)
        line = Line(TextKind.OTHER, "caption", text, None)
        self.texts.append(
            PlacedText(line, lettering, box, None, color=colors[0], outline=colors[1])
        )
        return box.y1

    def scene(self, event: str, box: Box, *, shot: str, n: int, has_border: bool) -> None:
        """Put a picture of the cast on the page."""
        light = self.rng.choice(("day", "dusk", "night"))
        cast = self.story.cast[:n]
        poses = [self.rng.choice(("point", "cheer", "hold", "wave")) for _ in cast]
        present = tuple(
            Presence(c.name, c.kind, pose, self.rng.choice(("happy", "determined", "joy")))
            for c, pose in zip(cast, poses, strict=True)
        )
        holder = present[0].name
        kinds = " and the ".join(c.kind for c in cast)
        story = PanelStory(
            "matter",
            0,
            event,
            self.story.place,
            light,
            shot,
            present,
            holder,
            self.story.prop,
            f"The {kinds} {self.book.english_place(self.story.place)}.",
            (),
        )
        b = Box(round(box.x0), round(box.y0), round(box.x1), round(box.y1))
        corners = ((b.x0, b.y0), (b.x1, b.y0), (b.x1, b.y1), (b.x0, b.y1))
        frame = Frame(corners, has_border=has_border)
        tall = min(b.height * 0.52, b.width / n * 1.35)
        spread = min(b.width / n, tall * 0.78)
        figures = tuple(
            PlacedFigure(
                c,
                p.pose,
                p.emotion,
                b.center[0] + spread * (i - (n - 1) / 2),
                b.y0 + b.height * (0.95 - 0.05 * (i % 2)),
                tall * c.look.height,
                1 if i < n / 2 else -1,
                self.story.prop if i == 0 else None,
            )
            for i, (c, p) in enumerate(zip(cast, present, strict=True))
        )
        seed = random.Random(f"place-{self.recipe.seed}-{self.story.place}").randrange(1 << 30)
        # Those behind are drawn first: order figures from the back to the front.
        figures = tuple(sorted(figures, key=lambda f: f.ground))
        self.panels.append(PanelPlan(frame, story, figures, seed))


def _plan_cover(page: _Page) -> str:
    page.scene(
        "cover",
        Box(0, 0, page.width, page.height),
        shot="establishing",
        n=min(3, len(page.story.cast)),
        has_border=False,
    )
    colors = page.rng.choice(_TITLE_COLOURS)
    series = page.recipe.series or page.story.series
    end = page.letter_title(series.upper(), page.width * 0.062, page.height * 0.035, (WHITE, _INK))
    end = page.letter_title(
        title_of(page.recipe, page.story), page.width * 0.13, end + page.height * 0.016, colors
    )
    number = page.recipe.number or "1"
    page.letter_title(
        f"{page.book.matter('issue')} {number}",
        page.width * 0.035,
        end + page.height * 0.014,
        (WHITE, _INK),
    )
    return "cover"


def _plan_title(page: _Page) -> str:
    end = page.letter(
        title_of(page.recipe, page.story), "title", page.width * 0.085, page.height * 0.12
    )
    end = page.letter(
        page.recipe.series or page.story.series,
        "caption",
        page.width * 0.04,
        end + page.height * 0.025,
    )
    side = min(page.width * 0.6, page.height * 0.42)
    x = (page.width - side) / 2
    top = max(end + page.height * 0.05, page.height * 0.34)
    side = min(side, page.height * 0.92 - top - page.width * 0.12)
    page.scene(
        "title", Box(x, top, page.width - x, top + side), shot="establishing", n=2, has_border=True
    )
    end = top + side + page.height * 0.03
    end = page.letter(page.book.matter("written"), "caption", page.width * 0.03, end)
    page.letter(
        f"Longbox, {page.book.matter('drawn_by')} {page.recipe.seed}",
        "caption",
        page.width * 0.03,
        end + page.height * 0.008,
    )
    return "title"


def _plan_text_page(page: _Page) -> str:
    head = page.book.matter(page.rng.choice(("letters", "editorial")))
    end = page.letter(head, "headline", page.width * 0.05, page.height * 0.06)
    paragraphs = list(page.book.matter("prose"))
    page.rng.shuffle(paragraphs)
    size = max(10, round(page.width * 0.021))
    gap, margin = page.width * 0.05, page.width * 0.08
    column = (page.width - 2 * margin - gap) / 2
    tops = [end + page.height * 0.035] * 2
    for text in paragraphs * 2:
        filled = text.format_map(page.fields())
        face = face_for(filled, "prose", 0)
        lettering = set_lines(filled, face, size, column, align="left", leading=1.3)
        side = 0 if tops[0] + lettering.height < page.height * 0.94 else 1
        if tops[side] + lettering.height > page.height * 0.94:
            break
        x, y = round(margin + side * (column + gap)), round(tops[side])
        box = Box(x, y, x + lettering.width, y + lettering.height)
        line = Line(TextKind.PROSE, "caption", filled, None)
        page.texts.append(PlacedText(line, lettering, box, None, color=page.ink))
        tops[side] = box.y1 + size * 1.1
    return "text"


def _plan_advertisement(page: _Page) -> str:
    goods = page.book.matter("ad_goods")
    prop = page.rng.choice(sorted(goods))
    colors = page.rng.choice(_TITLE_COLOURS)
    page.letter_title(
        page.rng.choice(page.book.matter("ad_heads")), page.width * 0.15, page.height * 0.06, colors
    )
    end = page.letter_title(goods[prop], page.width * 0.075, page.height * 0.66, (WHITE, _INK))
    end = page.letter(
        page.rng.choice(page.book.matter("ad_lines")),
        "caption",
        page.width * 0.04,
        end + page.height * 0.02,
        color=_INK,
    )
    page.letter_title(
        page.book.matter("price"),
        page.width * 0.09,
        max(end + page.height * 0.03, page.height * 0.84),
        colors,
    )
    return f"ad-{prop}"


def _plan_preview(page: _Page) -> str:
    end = page.letter_title(
        page.book.matter("next"),
        page.width * 0.075,
        page.height * 0.05,
        page.rng.choice(_TITLE_COLOURS),
    )
    top = end + page.height * 0.03
    margin = page.width * 0.08
    page.scene(
        "preview",
        Box(margin, top, page.width - margin, page.height * 0.8),
        shot="establishing",
        n=min(2, len(page.story.cast)),
        has_border=True,
    )
    text = page.rng.choice(page.book.matter("preview")).format_map(page.fields())
    page.letter(text[0].upper() + text[1:], "caption", page.width * 0.045, page.height * 0.84)
    return "preview"


def _plan_back_cover(page: _Page) -> str:
    text = page.rng.choice(page.book.matter("back")).format_map(page.fields())
    page.letter(
        text[0].upper() + text[1:], "caption", page.width * 0.042, page.height * 0.62, color=_INK
    )
    page.letter_title("Longbox", page.width * 0.06, page.height * 0.88, (WHITE, _INK))
    return f"back-{page.story.prop}"


def _plan_blank(page: _Page) -> str:
    page.paper = page.rng.choice((WHITE, (250, 246, 236), (240, 240, 240)))
    return "blank"


def title_of(recipe: BookRecipe, story: Story) -> str:
    """Return the book's title: the recipe's, else the story's own."""
    return recipe.title or story.title


_PLANNERS: dict[PageType, Callable[[_Page], str]] = {
    PageType.COVER: _plan_cover,
    PageType.TITLE: _plan_title,
    PageType.TEXT_PAGE: _plan_text_page,
    PageType.ADVERTISEMENT: _plan_advertisement,
    PageType.PREVIEW: _plan_preview,
    PageType.BACK_COVER: _plan_back_cover,
    PageType.BLANK: _plan_blank,
}
