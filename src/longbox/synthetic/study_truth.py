"""What is planted in a shelf that is drawn for the study: archetypes, words, and what ties words.

Every page has an archetype. Words are planted in the lettering of known panels. Two words are tied
by what their panels show (`Bond.PICTURE`: one motif, in books of different works), by what is said
around them (`Bond.WORDS`: one topic, in different works), or by nothing that a study should call a
relation: they may only share a book, or one scene of it. A tool that is right finds the first two
in the right spaces and claims none of the others.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import combinations
from typing import Any


class Archetype(StrEnum):
    """What a page looks like at a glance."""

    COVER = "cover"
    SPLASH = "splash"
    DOMINANT_PANEL = "dominant_panel"
    DENSE_GRID = "dense_grid"
    TYPICAL_GRID = "typical_grid"
    PROSE_PAGE = "prose_page"
    DARK = "dark"
    WHITE = "white"
    EXTREME_ASPECT = "extreme_aspect"
    LANDSCAPE = "landscape"
    NOT_COMIC = "not_comic"


class WordKind(StrEnum):
    """Where a planted word occurs.

    MOTIF: on panels that show one motif. TOPIC: in sentences about one topic. RANDOM: anywhere.
    ONE_BOOK: anywhere in one book. ONE_SCENE: on one page of one book.
    """

    MOTIF = "motif"
    TOPIC = "topic"
    RANDOM = "random"
    ONE_BOOK = "one_book"
    ONE_SCENE = "one_scene"


class Bond(StrEnum):
    """What ties two words; only PICTURE and WORDS are relations."""

    PICTURE = "picture"
    WORDS = "words"
    SCENE = "scene"
    BOOK = "book"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class PlantedWord:
    """A word, where it occurs, and the motif, topic, book or scene that it belongs to."""

    word: str
    kind: WordKind
    theme: str = ""


@dataclass(frozen=True, slots=True)
class WordPair:
    """Two planted words and what ties them."""

    first: str
    second: str
    bond: Bond


@dataclass(frozen=True, slots=True)
class StudyPanel:
    """A drawn panel.

    Attributes:
        box: x0, y0, x1, y1 in page pixels.
        motif: Name of the motif that it shows, or "".
        topic: What its lettering is about, or "".
        words: The planted words in its lettering.
    """

    box: tuple[float, float, float, float]
    motif: str = ""
    topic: str = ""
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StudyPage:
    """A drawn page: its file in the book, size in pixels, archetype, panels in reading order."""

    source: str
    width: int
    height: int
    archetype: Archetype
    panels: tuple[StudyPanel, ...]


@dataclass(frozen=True, slots=True)
class StudyBook:
    """A drawn book; books of one series are drawn in one style and on paper of one tint."""

    file: str
    title: str
    series: str
    style: str
    pages: tuple[StudyPage, ...]


@dataclass(frozen=True, slots=True)
class StudyTruth:
    """All that was planted in a shelf."""

    seed: int
    books: tuple[StudyBook, ...]
    words: tuple[PlantedWord, ...]

    def pairs(self) -> tuple[WordPair, ...]:
        """Return every pair of planted words with what ties them."""
        return tuple(WordPair(a.word, b.word, _bond(a, b)) for a, b in combinations(self.words, 2))

    def panels_with(self, word: str) -> int:
        """Count the panels that a planted word is lettered in."""
        return sum(
            word in panel.words
            for book in self.books
            for page in book.pages
            for panel in page.panels
        )

    def archetypes(self) -> dict[tuple[str, int], Archetype]:
        """Return the archetype of every page by its book's title and its index from 0."""
        return {
            (book.title, index): page.archetype
            for book in self.books
            for index, page in enumerate(book.pages)
        }

    def to_json(self) -> str:
        """Write the truth as JSON; `from_json` reads it back."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str) -> StudyTruth:
        """Read a truth back.

        Raises:
            ValueError: The text is not one.
        """
        try:
            record = json.loads(text)
            return cls(
                int(record["seed"]),
                tuple(_book(book) for book in record["books"]),
                tuple(
                    PlantedWord(w["word"], WordKind(w["kind"]), w["theme"]) for w in record["words"]
                ),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(
                f"no truth of a study shelf ({error}); draw the shelf again"
            ) from error


def _bond(a: PlantedWord, b: PlantedWord) -> Bond:
    if a.kind is b.kind and a.theme == b.theme:
        same = {
            WordKind.MOTIF: Bond.PICTURE,
            WordKind.TOPIC: Bond.WORDS,
            WordKind.ONE_BOOK: Bond.BOOK,
            WordKind.ONE_SCENE: Bond.SCENE,
        }
        return same.get(a.kind, Bond.NONE)
    return Bond.NONE


def _book(record: dict[str, Any]) -> StudyBook:
    pages = tuple(
        StudyPage(
            page["source"],
            page["width"],
            page["height"],
            Archetype(page["archetype"]),
            tuple(
                StudyPanel(tuple(p["box"]), p["motif"], p["topic"], tuple(p["words"]))
                for p in page["panels"]
            ),
        )
        for page in record["pages"]
    )
    return StudyBook(record["file"], record["title"], record["series"], record["style"], pages)
