"""What stands where on a study shelf: archetypes of pages, and the panels that words are in.

Every book has the same archetypes in an order of its own. Words go to panels of story pages that
have room for lettering, each panel at most one. The two words of a motif or a topic are in books of
different works, and in several works each, so that nothing but the motif or the topic ties them.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from longbox.errors import ConfigError
from longbox.geometry import Box
from longbox.synthetic.layouts import Frame, Sheet, arrange_tiers
from longbox.synthetic.study_truth import Archetype, PlantedWord, WordKind
from longbox.synthetic.study_words import LOOKS, MOTIFS, NAMES, TOPICS, Motif

Slot = tuple[int, int, int]  # book, page, panel

_ORDER: Final = (
    Archetype.TYPICAL_GRID,
    Archetype.DENSE_GRID,
    Archetype.DOMINANT_PANEL,
    Archetype.SPLASH,
    Archetype.EXTREME_ASPECT,
    Archetype.LANDSCAPE,
    Archetype.DARK,
    Archetype.PROSE_PAGE,
    Archetype.WHITE,
    Archetype.NOT_COMIC,
    Archetype.TYPICAL_GRID,
    Archetype.DOMINANT_PANEL,
    Archetype.DENSE_GRID,
    Archetype.TYPICAL_GRID,
    Archetype.EXTREME_ASPECT,
)
MIN_PAGES: Final = 1 + len(set(_ORDER))
MIN_BOOKS: Final = 4
_SPOKEN: Final = (
    Archetype.TYPICAL_GRID,
    Archetype.DOMINANT_PANEL,
    Archetype.LANDSCAPE,
    Archetype.SPLASH,
)
_N_RANDOM, _N_ONE_BOOK, _N_SCENES = 6, 2, 2
_BOOKS_A_WORD, _PANELS_A_BOOK = 4, 3
_WIDTH, _HEIGHT = 640, 920


@dataclass(frozen=True, slots=True)
class PageSketch:
    """A page's archetype, paper and panels; pages that are set from a template have no frames."""

    archetype: Archetype
    sheet: Sheet
    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class Planting:
    """What is planted in a panel."""

    word: str
    motif: Motif | None = None
    topic: str = ""


@dataclass(frozen=True, slots=True)
class ShelfPlan:
    """A planned shelf.

    Attributes:
        works: The work of each book.
        books: The pages of each book.
        plantings: What is planted, by panel.
        scenes: The scene of a page, where it is not its own; pages of a book that name the same
            scene are drawn in one place with the same characters.
        fillers: Names that are lettered where nothing is planted.
    """

    works: tuple[int, ...]
    books: tuple[tuple[PageSketch, ...], ...]
    words: tuple[PlantedWord, ...]
    plantings: dict[Slot, Planting]
    scenes: dict[tuple[int, int], str]
    fillers: tuple[str, ...]


def plan_shelf(seed: int, n_books: int, n_pages: int) -> ShelfPlan:
    """Choose archetypes, layouts and planted words.

    Raises:
        ConfigError: There are too few books or pages for what is to be planted.
    """
    if n_books < MIN_BOOKS or n_pages < MIN_PAGES:
        raise ConfigError(
            f"a study shelf of {n_books} books with {n_pages} pages is too small; "
            f"draw {MIN_BOOKS} books with {MIN_PAGES} pages at least"
        )
    n_works = min(len(LOOKS), max(2, n_books // 3))
    works = tuple(book % n_works for book in range(n_books))
    books = tuple(_sketch_book(seed, book, n_pages) for book in range(n_books))
    planter = _Planter(random.Random(f"study-words-{seed}"), works, books)
    planter.plant_scenes()
    planter.plant_themes()
    planter.plant_anywhere()
    return ShelfPlan(
        works,
        books,
        tuple(planter.words),
        planter.plantings,
        planter.scenes,
        tuple(planter.names),
    )


def _sketch_book(seed: int, book: int, n_pages: int) -> tuple[PageSketch, ...]:
    rng = random.Random(f"study-pages-{seed}-{book}")
    inside = [_ORDER[i % len(_ORDER)] for i in range(n_pages - 1)]
    rng.shuffle(inside)
    return tuple(sketch_page(archetype, rng) for archetype in (Archetype.COVER, *inside))


def sketch_page(archetype: Archetype, rng: random.Random) -> PageSketch:
    """Choose the paper and the panels of a page."""
    width, height = _WIDTH, _HEIGHT
    if archetype is Archetype.LANDSCAPE:
        width, height = height, width
    sheet = Sheet(width, height, round(width * rng.uniform(0.03, 0.05)), rng.randint(8, 13))
    return PageSketch(archetype, sheet, _frames(archetype, sheet, rng))


def _frames(archetype: Archetype, sheet: Sheet, rng: random.Random) -> tuple[Frame, ...]:
    whole = Box(0, 0, sheet.width, sheet.height)
    match archetype:
        case Archetype.SPLASH:
            box = whole if rng.random() < 0.5 else sheet.inner
            return arrange_tiers(box, [1], sheet, rng, 0.0)
        case Archetype.DOMINANT_PANEL:
            return _dominant(sheet, rng)
        case Archetype.DENSE_GRID:
            counts = rng.choice(([3, 3, 3], [3, 3, 3, 3], [3, 3, 3, 2], [2, 3, 3, 3]))
            return arrange_tiers(sheet.inner, counts, sheet, rng, 0.08)
        case Archetype.TYPICAL_GRID:
            counts = rng.choice(([2, 2, 2], [2, 2], [2, 1, 2], [1, 2, 2], [2, 2, 1]))
            return arrange_tiers(sheet.inner, counts, sheet, rng, 0.15)
        case Archetype.DARK:
            counts = rng.choice(([1, 1], [1, 2], [2, 1], [1, 1, 1]))
            return arrange_tiers(sheet.inner, counts, sheet, rng, 0.2)
        case Archetype.EXTREME_ASPECT:
            counts = [1] * rng.randint(4, 6) if rng.random() < 0.6 else [rng.randint(4, 5)]
            return arrange_tiers(sheet.inner, counts, sheet, rng, 0.1)
        case Archetype.LANDSCAPE:
            counts = rng.choice(([1, 2], [2, 2], [3], [2], [2, 1]))
            return arrange_tiers(sheet.inner, counts, sheet, rng, 0.15)
        case _:
            return ()


def _dominant(sheet: Sheet, rng: random.Random) -> tuple[Frame, ...]:
    """One panel on more than six tenths of the page, above or below a tier of small ones."""
    inner, g = sheet.inner, sheet.gutter
    share = rng.uniform(0.68, 0.76)
    small = [rng.choice((2, 3))]
    if rng.random() < 0.5:
        cut = inner.y0 + inner.height * share
        big = arrange_tiers(Box(inner.x0, inner.y0, inner.x1, cut), [1], sheet, rng, 0.0)
        rest = Box(inner.x0, cut + g, inner.x1, inner.y1)
        return (*big, *arrange_tiers(rest, small, sheet, rng, 0.1))
    cut = inner.y1 - inner.height * share
    first = Box(inner.x0, inner.y0, inner.x1, cut - g)
    big = arrange_tiers(Box(inner.x0, cut, inner.x1, inner.y1), [1], sheet, rng, 0.0)
    return (*arrange_tiers(first, small, sheet, rng, 0.1), *big)


class _Planter:
    """Deals words to free panels."""

    def __init__(
        self,
        rng: random.Random,
        works: Sequence[int],
        books: Sequence[Sequence[PageSketch]],
    ) -> None:
        self._rng = rng
        self._works = works
        self.names = list(NAMES)
        rng.shuffle(self.names)
        self.words: list[PlantedWord] = []
        self.plantings: dict[Slot, Planting] = {}
        self.scenes: dict[tuple[int, int], str] = {}
        self._pages = [
            (b, p)
            for b, pages in enumerate(books)
            for p, page in enumerate(pages)
            if page.archetype is Archetype.TYPICAL_GRID
        ]
        self._free = [
            (b, p, i)
            for b, pages in enumerate(books)
            for p, page in enumerate(pages)
            if page.archetype in _SPOKEN
            for i in range(len(page.frames))
        ]

    def plant_scenes(self) -> None:
        """Plant two words each in a scene of two pages, a page a word."""
        books = [b for b in sorted({b for b, _ in self._pages}) if len(self._typical(b)) > 1]
        for number, book in enumerate(self._rng.sample(books, min(_N_SCENES, len(books)))):
            theme = f"scene {number + 1}"
            for page in self._rng.sample(self._typical(book), 2):
                self.scenes[book, page] = theme
                word = self._word(WordKind.ONE_SCENE, theme)
                slots = [slot for slot in self._free if slot[:2] == (book, page)]
                self._put(slots, Planting(word))

    def plant_themes(self) -> None:
        """Plant two words for each motif and topic, in books of different works."""
        half = (max(self._works) + 1) // 2
        sides = [
            [b for b, work in enumerate(self._works) if (work < half) == is_first]
            for is_first in (True, False)
        ]
        for motif in MOTIFS:
            for side in sides:
                word = self._word(WordKind.MOTIF, motif.name)
                self._put(self._spread(side), Planting(word, motif=motif))
        for topic in TOPICS:
            for side in sides:
                word = self._word(WordKind.TOPIC, topic)
                self._put(self._spread(side), Planting(word, topic=topic))

    def plant_anywhere(self) -> None:
        """Plant words without any relation: over the whole shelf, and in one book."""
        books = sorted({b for b, _, _ in self._free})
        for book in self._rng.sample(books, min(_N_ONE_BOOK, len(books))):
            for _ in range(2):
                own = [slot for slot in self._free if slot[0] == book]
                slots = self._rng.sample(own, min(2 * _PANELS_A_BOOK, len(own) // 2))
                self._put(slots, Planting(self._word(WordKind.ONE_BOOK, f"book {book + 1}")))
        n = _BOOKS_A_WORD * _PANELS_A_BOOK
        for number in range(_N_RANDOM):
            slots = self._rng.sample(self._free, min(n, len(self._free) // (_N_RANDOM - number)))
            self._put(slots, Planting(self._word(WordKind.RANDOM, "")))

    def _typical(self, book: int) -> list[int]:
        return [p for b, p in self._pages if b == book]

    def _word(self, kind: WordKind, theme: str) -> str:
        word = self.names.pop()
        self.words.append(PlantedWord(word, kind, theme))
        return word

    def _spread(self, books: Sequence[int]) -> list[Slot]:
        """Choose panels in some of these books, the same number in each."""
        slots: list[Slot] = []
        for book in self._rng.sample(list(books), min(_BOOKS_A_WORD, len(books))):
            own = [slot for slot in self._free if slot[0] == book]
            slots += self._rng.sample(own, min(_PANELS_A_BOOK, len(own)))
        return slots

    def _put(self, slots: Sequence[Slot], planting: Planting) -> None:
        for slot in slots:
            self._free.remove(slot)
            self.plantings[slot] = planting
