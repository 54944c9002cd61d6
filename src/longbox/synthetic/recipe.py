"""What a drawn book should be like: the recipe, its styles, layouts and named mixes.

A recipe is the whole input of a book: the same recipe gives the same truth and the same pixels.
Everything that is not asked for is chosen by the seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from longbox.book import Direction
from longbox.errors import ConfigError

LANGUAGES = ("en", "fr", "es", "de", "ja")

_MAX_PAGES = 2000
_MIN_SIDE_PX = 200
_MAX_SIDE_PX = 8000


class Style(StrEnum):
    """How a book is drawn and printed."""

    FLAT = "flat"
    INK = "ink"
    SCREENTONE = "screentone"
    HALFTONE = "halftone"
    DARK = "dark"
    PAPER = "paper"


class Layout(StrEnum):
    """How the panels of one page are arranged."""

    GRID = "grid"
    STAGGERED = "staggered"
    SPLASH = "splash"
    INSET = "inset"
    BLEED = "bleed"
    OVERLAP = "overlap"
    SLANTED = "slanted"
    WEBTOON = "webtoon"
    YONKOMA = "yonkoma"
    SPREAD = "spread"


MIXES: dict[str, tuple[Layout, ...]] = {
    "western": (Layout.STAGGERED, Layout.GRID, Layout.INSET, Layout.STAGGERED, Layout.SPLASH),
    "manga": (Layout.SLANTED, Layout.BLEED, Layout.STAGGERED, Layout.OVERLAP, Layout.SPLASH),
    "webtoon": (Layout.WEBTOON,),
    "strip": (Layout.YONKOMA,),
    "classic": (Layout.GRID, Layout.STAGGERED),
    "wild": (Layout.OVERLAP, Layout.INSET, Layout.SLANTED, Layout.BLEED, Layout.SPREAD),
    "everything": tuple(layout for layout in Layout if layout is not Layout.WEBTOON),
}


@dataclass(frozen=True, slots=True)
class BookRecipe:
    """What to draw.

    Attributes:
        seed: Chooses everything that the other fields leave open.
        n_pages: Pages of the book, covers included; 0 is an empty book.
        layouts: Layouts to draw story pages from, or the name of a mix (see MIXES). A vertical
            book (ttb) is always a webtoon.
        language: Lettering of the story: en, fr, es, de, ja (vertical when right to left).
        page_width: Pixels; None takes 1000, or 800 for a webtoon.
        page_height: Pixels; None takes 1400, or 2400 for a webtoon.
        title: Of this book; None lets the story name itself.
        text_density: 0 draws silent panels, 1 keeps every line that finds room.
        matter: Whether covers, titles, advertisements and other pages around the story are drawn.
        story: Arcs to tell first, by name ("theft", "map" ...); then the seed goes on choosing.
        cast: Kinds of the leading characters ("witch", "cat" ...); the seed fills up to three.
        prop: What the first arc is about ("potion", "key" ...); None lets the seed choose. Arcs
            that are about one thing only (a map, a letter) keep to it.

    Raises:
        ConfigError: A number is out of range, or a mix, language or size is not known.
    """

    seed: int = 0
    n_pages: int = 8
    direction: Direction = Direction.LTR
    style: Style = Style.FLAT
    layouts: tuple[Layout, ...] | str = "western"
    language: str = "en"
    page_width: int | None = None
    page_height: int | None = None
    title: str | None = None
    series: str | None = None
    number: str | None = None
    text_density: float = 1.0
    matter: bool = True
    story: tuple[str, ...] = ()
    cast: tuple[str, ...] = ()
    prop: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.n_pages <= _MAX_PAGES:
            raise ConfigError(f"n_pages is {self.n_pages}; give 0 to {_MAX_PAGES}")
        if self.seed < 0:
            raise ConfigError(f"seed is {self.seed}; give 0 or more")
        if self.language not in LANGUAGES:
            raise ConfigError(f"language {self.language!r} is none of {', '.join(LANGUAGES)}")
        if not 0.0 <= self.text_density <= 1.0:
            raise ConfigError(f"text_density is {self.text_density}; give 0 to 1")
        if isinstance(self.layouts, str) and self.layouts not in MIXES:
            raise ConfigError(
                f"no mix of layouts is named {self.layouts!r}; try {', '.join(MIXES)}"
            )
        if not self.layouts:
            raise ConfigError("layouts is empty; name at least one layout or a mix")
        for side in (self.page_width, self.page_height):
            if side is not None and not _MIN_SIDE_PX <= side <= _MAX_SIDE_PX:
                raise ConfigError(
                    f"a page side of {side} px; give {_MIN_SIDE_PX} to {_MAX_SIDE_PX}"
                )

    @property
    def is_webtoon(self) -> bool:
        """Whether the book is one long vertical strip."""
        return self.direction is Direction.TTB

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of a single page in pixels."""
        width, height = (800, 2400) if self.is_webtoon else (1000, 1400)
        return self.page_width or width, self.page_height or height

    @property
    def layout_choices(self) -> tuple[Layout, ...]:
        """The layouts that story pages are drawn from."""
        if self.is_webtoon:
            return (Layout.WEBTOON,)
        return MIXES[self.layouts] if isinstance(self.layouts, str) else self.layouts
