"""Draw a book: its truth at once, its pixels page by page when asked for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from longbox.book import (
    AnnotatedBook,
    AnnotatedPage,
    Book,
    Credit,
    DirectionSource,
    Metadata,
    Page,
    PageLabel,
    Panel,
    TextRegion,
)
from longbox.errors import ComicError
from longbox.geometry import Box
from longbox.synthetic.cast import Character
from longbox.synthetic.matter import empty_story, title_of
from longbox.synthetic.page_art import draw_page
from longbox.synthetic.pages import BookPlan, plan_book
from longbox.synthetic.plan import PagePlan
from longbox.synthetic.recipe import BookRecipe
from longbox.synthetic.staging import body_box, head_box
from longbox.synthetic.story import PanelStory

SOURCE = "synthetic"


@dataclass(frozen=True, slots=True)
class TextTruth:
    """What the nouns do not say of a text; in the order of the page's texts.

    Attributes:
        text: As the story tells it; the truth's text is as lettered, often in capitals.
        tone: say, think, shout, caption or sound.
        speaker: Name of who says it, or None.
        angle: Turn of the lettering in degrees, counterclockwise.
    """

    text: str
    tone: str
    speaker: str | None
    angle: float


@dataclass(frozen=True, slots=True)
class FigureTruth:
    """Where a character stands in a panel: boxes in page pixels, the body's only roughly so."""

    name: str
    face: Box
    body: Box


class SyntheticBook:
    """A drawn book.

    Attributes:
        recipe: What it was drawn from.
        truth: The nouns: pages, panels and texts in reading order, page types. The digests and the
            book id name the recipe's pages, not any file: pages match those of a written file by
            `Page.source`, the member's name.
        story: For every page, what happens in each of its panels, in the order of the truth's.
        texts: For every page, more about each of its texts, in the order of the truth's.
        cast: The characters with their looks.
    """

    def __init__(self, recipe: BookRecipe) -> None:
        """Plan the book; nothing is drawn yet."""
        self.recipe = recipe
        self._plan: BookPlan = plan_book(recipe)

    @cached_property
    def truth(self) -> AnnotatedBook:
        """All that is known of the book, in the nouns that the stages use."""
        return _truth(self.recipe, self._plan)

    @cached_property
    def story(self) -> tuple[tuple[PanelStory, ...], ...]:
        """What happens in every panel, by page."""
        return tuple(
            tuple(p.story for p in page.panels) or (empty_story(page.page_type.value),)
            for page in self._plan.pages
        )

    @cached_property
    def texts(self) -> tuple[tuple[TextTruth, ...], ...]:
        """Tone and speaker of every text, by page."""
        return tuple(
            tuple(TextTruth(t.line.text, t.line.tone, t.line.speaker, t.angle) for t in page.texts)
            for page in self._plan.pages
        )

    @cached_property
    def figures(self) -> tuple[tuple[tuple[FigureTruth, ...], ...], ...]:
        """Who stands where, by page and panel; one empty panel on pages around the story."""
        return tuple(
            tuple(
                tuple(FigureTruth(f.name, head_box(f), body_box(f)) for f in panel.figures)
                for panel in page.panels
            )
            or ((),)
            for page in self._plan.pages
        )

    @property
    def cast(self) -> tuple[Character, ...]:
        """Who is in the book."""
        return self._plan.story.cast

    @property
    def title(self) -> str:
        """The book's title."""
        return title_of(self.recipe, self._plan.story)

    @property
    def n_pages(self) -> int:
        """Number of pages."""
        return len(self._plan.pages)

    def pixels(self, page_index: int) -> NDArray[np.uint8]:
        """Draw a page, uint8 (H, W, 3). Nothing is kept: memory is that of one page.

        Raises:
            ComicError: There is no such page.
        """
        if not 0 <= page_index < self.n_pages:
            raise ComicError(
                f"no page {page_index + 1}: the book has {self.n_pages}", page=page_index
            )
        return draw_page(self._plan.pages[page_index], self.recipe.style, self.recipe.seed)


def draw_book(recipe: BookRecipe) -> SyntheticBook:
    """Make the book of a recipe; its pages are drawn when their pixels are asked for."""
    return SyntheticBook(recipe)


def _truth(recipe: BookRecipe, plan: BookPlan) -> AnnotatedBook:
    pages = tuple(_annotated(recipe, page) for page in plan.pages)
    digests = "".join(p.page.digest for p in pages)
    book = Book(
        hashlib.sha256(digests.encode()).hexdigest()[:16],
        f"synthetic-{recipe.seed}",
        SOURCE,
        Metadata(
            title=title_of(recipe, plan.story),
            series=recipe.series or plan.story.series,
            number=recipe.number or "1",
            language=recipe.language,
            characters=tuple(c.name for c in plan.story.cast),
            credits=(Credit("writer", "Longbox"), Credit("penciller", "Longbox")),
            sources=(SOURCE,),
        ),
        recipe.direction,
        DirectionSource.METADATA,
        tuple(p.page for p in pages),
    )
    return AnnotatedBook(book, pages)


def _annotated(recipe: BookRecipe, plan: PagePlan) -> AnnotatedPage:
    digest = hashlib.sha256(f"{recipe!r}/{plan.index}".encode()).hexdigest()
    page = Page(
        plan.index,
        f"page_{plan.index + 1:03d}.jpg",
        digest,
        plan.width,
        plan.height,
        is_declared_double=plan.is_spread,
    )
    whole = (Panel(Box(0, 0, plan.width, plan.height), 0, 1.0, SOURCE),)
    panels = tuple(
        Panel(p.frame.box, order, 1.0, SOURCE, None if p.frame.is_box else p.frame.polygon)
        for order, p in enumerate(plan.panels)
    )
    texts = tuple(
        TextRegion(
            t.box,
            t.lettered,
            1.0,
            t.line.kind,
            SOURCE,
            _panel_of(t.panel, t.box, panels or whole),
            order,
            recipe.language,
            t.lettering.is_vertical,
        )
        for order, t in enumerate(plan.texts)
    )
    return AnnotatedPage(
        page,
        panels or whole,
        texts,
        PageLabel(plan.page_type, 1.0, SOURCE),
        is_spread=plan.is_spread,
    )


def _panel_of(panel: int | None, box: Box, panels: tuple[Panel, ...]) -> int | None:
    """Return a text's panel: its own, or the one it lies in on a page around the story."""
    if panel is not None:
        return panel
    return next((p.order for p in panels if box.covered_by(p.box) > 0.5), None)
