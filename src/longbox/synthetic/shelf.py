"""A small shelf of drawn books to try Longbox on: different styles, directions and stories.

The first book tells how the cat steals the potion, so that a first search has something to find;
the others are a black and white book read from right to left, a vertical strip in colour, and an
old-looking short story. All are lettered in English and have about twenty pages together, because
the demo has to index them while somebody waits.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from longbox.book import Direction
from longbox.synthetic.books import draw_book
from longbox.synthetic.files import write_book
from longbox.synthetic.recipe import BookRecipe, Layout, Style

_SHELF: tuple[tuple[str, BookRecipe], ...] = (
    (
        "The Potion Thief",
        BookRecipe(
            seed=11,
            n_pages=7,
            style=Style.FLAT,
            title="The Potion Thief",
            series="Lantern Street",
            layouts=(Layout.STAGGERED, Layout.INSET, Layout.SLANTED),
            story=("theft",),
            cast=("witch", "cat", "knight"),
            prop="potion",
            number="1",
        ),
    ),
    (
        "Moon Mail",
        BookRecipe(
            seed=24,
            n_pages=6,
            style=Style.SCREENTONE,
            direction=Direction.RTL,
            title="Moon Mail",
            series="Paper Harbor",
            layouts="manga",
            story=("letter",),
            cast=("rabbit", "astronaut", "bear"),
            number="1",
        ),
    ),
    (
        "The Long Rope",
        BookRecipe(
            seed=37,
            n_pages=3,
            style=Style.FLAT,
            direction=Direction.TTB,
            title="The Long Rope",
            series="Tin Moon Stories",
            story=("rescue",),
            cast=("robot", "fox", "ghost"),
            number="1",
            matter=False,
        ),
    ),
    (
        "The Case of the Crown",
        BookRecipe(
            seed=48,
            n_pages=4,
            style=Style.PAPER,
            title="The Case of the Crown",
            series="Odd Corners",
            layouts="classic",
            story=("mystery",),
            cast=("detective", "pirate", "chef"),
            prop="crown",
            number="1",
        ),
    ),
)


def draw_shelf(folder: Path | str, seed: int = 0, *, quality: int = 88) -> list[Path]:
    """Draw a demo shelf into a folder; returns the paths of its books.

    Args:
        folder: Made if missing. Books that are there under the same names are drawn again.
        seed: 0 draws the shelf that the documentation shows; others draw other stories' details.
        quality: JPEG quality of the pages.
    """
    root = Path(folder)
    root.mkdir(parents=True, exist_ok=True)
    return [
        write_book(draw_book(recipe), root / f"{name}.cbz", quality=quality)
        for name, recipe in demo_recipes(seed).items()
    ]


def demo_recipes(seed: int = 0) -> dict[str, BookRecipe]:
    """Return the recipes of the demo shelf by file name, without suffix."""
    return {name: replace(recipe, seed=recipe.seed + 1000 * seed) for name, recipe in _SHELF}
