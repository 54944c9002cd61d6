"""The nouns of the project: what a comic is to Longbox.

A Book is what a file says of itself: pages with sizes and digests, metadata, direction. An
AnnotatedBook adds what the stages saw: panels, texts, page labels. Nothing here holds pixels or
vectors; pixels stay in the comic file, vectors in longbox.vectors. All values are frozen: a stage
returns new ones.

Indices count from 0 (page_index, panel order); only messages to people count from 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final

from longbox.geometry import Box


class Direction(StrEnum):
    """How a book is read: along its rows, or down one long strip."""

    LTR = "ltr"
    RTL = "rtl"
    TTB = "ttb"


class DirectionSource(StrEnum):
    """Who said so: a correction, the file, the user, or Longbox's own guess."""

    CORRECTION = "correction"
    METADATA = "metadata"
    OPTION = "option"
    GUESS = "guess"


class TextKind(StrEnum):
    """What a piece of lettering is to the story."""

    DIALOGUE = "dialogue"
    CAPTION = "caption"
    SOUND_EFFECT = "sound_effect"
    PROSE = "prose"
    OTHER = "other"


class PageType(StrEnum):
    """What a page is to its book (stage 2, page stream segmentation)."""

    COVER = "cover"
    STORY = "story"
    SPLASH = "splash"
    TITLE = "title"
    TEXT_PAGE = "text_page"
    ADVERTISEMENT = "advertisement"
    PREVIEW = "preview"
    BACK_COVER = "back_cover"
    BLANK = "blank"
    NOT_COMIC = "not_comic"


class PageFlag(StrEnum):
    """Why a page deserves a person's look, or should be left out of training."""

    LANDSCAPE = "landscape"
    PROSE = "prose"
    WATERMARK = "watermark"
    NEAR_BLANK = "near_blank"
    DUPLICATE = "duplicate"
    NOT_COMIC_BOOK = "not_comic_book"


@dataclass(frozen=True, slots=True)
class FileStamp:
    """What tells an unchanged comic file from a changed one without reading it.

    Attributes:
        size_bytes: Size of the file; of a folder, of all its pictures together.
        mtime_ns: Last change in nanoseconds; of a folder, the newest of its pictures'.
        n_files: 1 for a file, the number of pictures for a folder.
    """

    size_bytes: int
    mtime_ns: int
    n_files: int = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be read, kept so that a person can act on it.

    Attributes:
        file: Path of the comic file as given.
        page: Page index from 0, or None when the whole file is meant.
        stage: Which stage met it: ingest, panels, text, encoders, library.
        reason: One line: what is wrong and what to do.
    """

    file: str
    page: int | None
    stage: str
    reason: str


@dataclass(frozen=True, slots=True)
class Credit:
    """One person and what they did, the role in ComicInfo's lower-case words (writer, inker)."""

    role: str
    name: str


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is known of a book from ComicInfo.xml, EPUB metadata or its file name.

    Attributes:
        number: Issue number as printed, may be "1.5" or "½".
        language: ISO 639-1 code in lower case ("en"), or None.
        other: Every further ComicInfo field that was filled, as (field name, text).
        sources: Where the fields came from, in order of trust: "comicinfo", "epub", "filename".
    """

    title: str | None = None
    series: str | None = None
    number: str | None = None
    volume: int | None = None
    year: int | None = None
    month: int | None = None
    day: int | None = None
    language: str | None = None
    publisher: str | None = None
    summary: str | None = None
    genres: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    characters: tuple[str, ...] = ()
    credits: tuple[Credit, ...] = ()
    other: tuple[tuple[str, str], ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """One picture of a book, in reading sequence.

    Attributes:
        index: Place in the book from 0.
        source: Name of the member inside the file ("scans/page1.jpg"); "page 3" for a PDF.
        digest: Hex SHA-256 of the page's stored picture bytes.
        width: Pixels after EXIF rotation; 0 when the page cannot be decoded.
        height: As width.
        declared_type: The page type that ComicInfo.xml gives, as written there, or None.
        is_declared_double: ComicInfo's DoublePage flag.
        bookmark: ComicInfo's bookmark text, or None.
    """

    index: int
    source: str
    digest: str
    width: int
    height: int
    declared_type: str | None = None
    is_declared_double: bool = False
    bookmark: str | None = None

    @property
    def is_readable(self) -> bool:
        """Whether the page has a size, so that its pixels can be asked for."""
        return self.width > 0 and self.height > 0


@dataclass(frozen=True, slots=True)
class Book:
    """A comic as its file describes it.

    Attributes:
        book_id: 16 hex digits from the page digests in order: the same pages in another file,
            under another name or in another archive format are the same book.
        path: The file or folder it was read from.
        format: How it is packed: cbz, cbr, cb7, cbt, pdf, epub, folder.
        problems: Pages that could not be read and other findings that did not stop the book.
    """

    book_id: str
    path: str
    format: str
    metadata: Metadata
    direction: Direction
    direction_source: DirectionSource
    pages: tuple[Page, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def title(self) -> str:
        """A name to show: title or series with number, else the file's stem."""
        m = self.metadata
        number = f" #{m.number}" if m.number else ""
        if m.series:
            return f"{m.series}{number}" + (f": {m.title}" if m.title else "")
        if m.title:
            return m.title
        name = self.path.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
        return name.rsplit(".", 1)[0] if self.format != "folder" and "." in name else name


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel of a page.

    Attributes:
        box: Bounding box in page pixels.
        order: Place in the page's reading order from 0.
        confidence: 0 to 1, how sure the detector is.
        source: Which detector, or "whole_page", or "correction".
        polygon: Outline as (x, y) points where a box says too little, else None.
    """

    box: Box
    order: int
    confidence: float
    source: str
    polygon: tuple[tuple[float, float], ...] | None = None


@dataclass(frozen=True, slots=True)
class TextRegion:
    """One balloon, caption, sound effect or block of prose.

    Attributes:
        box: Bounding box of the lettering in page pixels.
        text: Its lines joined in reading order.
        confidence: 0 to 1, the recogniser's own.
        kind: What it is to the story.
        source: Which reader made it ("rapidocr", "correction", ...).
        panel: Order of the panel it belongs to, or None.
        order: Place in the page's text order from 0.
        language: ISO 639-1, or None when not known.
        is_vertical: Written in columns, as most Japanese lettering.
    """

    box: Box
    text: str
    confidence: float
    kind: TextKind
    source: str
    panel: int | None
    order: int
    language: str | None = None
    is_vertical: bool = False


@dataclass(frozen=True, slots=True)
class PageLabel:
    """What a page is, how sure we are (0 to 1), and who said so (comicinfo, rules, ...)."""

    page_type: PageType
    confidence: float
    source: str


@dataclass(frozen=True, slots=True)
class PageLook:
    """How a page looks at a glance (`longbox.page_types.look_at`); every number from 0 to 1.

    Attributes:
        brightness: Mean grey.
        contrast: Standard deviation of grey over the largest possible.
        ink_share: Pixels that differ from the paper's grey.
        edge_share: Pixels beside which grey changes sharply.
        dark_share: Pixels darker than a quarter of white.
        light_share: Pixels lighter than nine tenths of white.
        saturation: Mean saturation.
        colour_share: Pixels that are clearly coloured.
        main_colour_share: Pixels of the commonest colour (of 512).
        n_colours: Share of 512 colours that are there, as a logarithm.
        border_brightness: Mean grey of the page's margin.
        border_evenness: Share of the margin that has its commonest grey.
        fine_grain: Changes between dark and light along rows, per pixel; prose and tones have many.
        row_rhythm: How much the ink changes from row to row; lines of prose do, drawings do not.
    """

    brightness: float
    contrast: float
    ink_share: float
    edge_share: float
    dark_share: float
    light_share: float
    saturation: float
    colour_share: float
    main_colour_share: float
    n_colours: float
    border_brightness: float
    border_evenness: float
    fine_grain: float
    row_rhythm: float


LOOK_FEATURES: Final = tuple(field.name for field in fields(PageLook))


@dataclass(frozen=True, slots=True)
class AnnotatedPage:
    """A page and what the stages saw on it.

    Attributes:
        panels: In reading order; never empty for a readable page (a page without panels is one).
        texts: In reading order.
        picture_hash: 64-bit perceptual hash as 16 hex digits; near-equal pages have near-equal
            hashes. None for an unreadable page.
        is_spread: Two facing pages in one picture.
        flags: Data hygiene: why it is listed for review and left out of training by default.
        look: None where the page was not looked at.
    """

    page: Page
    panels: tuple[Panel, ...]
    texts: tuple[TextRegion, ...]
    label: PageLabel
    picture_hash: str | None = None
    is_spread: bool = False
    flags: tuple[PageFlag, ...] = ()
    look: PageLook | None = None

    def panel_texts(self, order: int) -> tuple[TextRegion, ...]:
        """Return the texts of one panel, in reading order."""
        return tuple(t for t in self.texts if t.panel == order)


@dataclass(frozen=True, slots=True)
class AnnotatedBook:
    """A book and what the stages saw on each of its pages, in page order."""

    book: Book
    pages: tuple[AnnotatedPage, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def n_panels(self) -> int:
        """Number of panels over all pages."""
        return sum(len(p.panels) for p in self.pages)

    def panels(self) -> Iterator[tuple[AnnotatedPage, Panel]]:
        """Yield every panel with its page, in reading order: the row order of all vectors."""
        for page in self.pages:
            for panel in page.panels:
                yield page, panel


BOOK_ID_PATTERN = "[0-9a-f]{16}"
_PANEL_ID = re.compile(rf"^({BOOK_ID_PATTERN})-(\d{{4,}})-(\d{{2,}})$")


@dataclass(frozen=True, slots=True)
class PanelId:
    """The name of one panel: book, page index and panel order, "3f2a9c81d0e45b77-0012-03"."""

    book_id: str
    page_index: int
    panel: int

    def __str__(self) -> str:
        return f"{self.book_id}-{self.page_index:04d}-{self.panel:02d}"

    @classmethod
    def parse(cls, text: str) -> PanelId:
        """Read a panel id back.

        Raises:
            ValueError: The text is not a panel id.
        """
        match = _PANEL_ID.match(text.strip())
        if not match:
            raise ValueError(f"{text!r} is not a panel id; one looks like 3f2a9c81d0e45b77-0012-03")
        return cls(match[1], int(match[2]), int(match[3]))


@dataclass(frozen=True, slots=True)
class Match:
    """How well a hit matched in one space: its rank there from 1, and that space's own score.

    Attributes:
        strength: 0 to 1, alike in all spaces, for people to see (`longbox.retrieval.strength`);
            None where nobody measured it.
    """

    rank: int
    score: float
    strength: float | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer of a search.

    Attributes:
        rank: From 1.
        score: Fused score over the spaces that were asked; comparable within one search only.
        panel_id: The best panel of the hit (also when searching by page or book).
        file: Path of the comic file.
        matched: Name of a space or of a list of words ("words", "substring", and for
            descriptions "description_words", "description_substring") to how it matched there.
        also: Panel ids that were folded into this hit (the same page in another edition).
        description: What a model wrote about the panel; empty where nothing is described.
    """

    rank: int
    score: float
    panel_id: str
    book_id: str
    title: str
    file: str
    page: int
    panel: int
    box: Box
    text: str
    matched: dict[str, Match]
    also: tuple[str, ...] = ()
    description: str = ""
