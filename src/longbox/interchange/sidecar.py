"""What another program's file says of a book, whatever the format.

A reader fills in what its format can say and leaves the rest None: "says nothing" and "says there
is none" (an empty tuple) are two things. Boxes are in the pixels of the picture that the other
program saw; `fitting` brings them to the pixels of ours.
"""

from __future__ import annotations

from dataclasses import dataclass

from longbox.book import Direction, TextKind
from longbox.geometry import Box

ALL_KINDS = tuple(TextKind)


@dataclass(frozen=True, slots=True)
class SidecarPanel:
    """One panel in the other program's pixels."""

    box: Box
    polygon: tuple[tuple[float, float], ...] | None = None


@dataclass(frozen=True, slots=True)
class SidecarText:
    """One piece of lettering in the other program's pixels.

    Attributes:
        text: Its words on one line.
        box: Where, or None in formats that only say in which panel.
        kinds: What it may be, the likeliest first; formats know fewer kinds than we do.
        panel: Place of its panel in the page's list, or None.
        language: ISO 639-1 of its layer where a format has layers, else None.
    """

    text: str
    box: Box | None
    kinds: tuple[TextKind, ...] = ALL_KINDS
    panel: int | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class SidecarPage:
    """What is said of one page.

    Attributes:
        name: Of the picture as written, or None.
        index: Place in the book from 0 where the format counts pages, or None.
        width, height: Size in pixels of the picture that was seen, or 0 where it is not said.
        panels: In reading order unless `is_ordered` is False; None when nothing is said.
        texts: In reading order; None when nothing is said.
        has_places: False where the format knows texts only by their panel, so that it says nothing
            of their boxes, of their order among the kinds, or of texts outside all panels.
        type_word: The format's own word for the page's type, or None.
    """

    name: str | None = None
    index: int | None = None
    width: float = 0.0
    height: float = 0.0
    panels: tuple[SidecarPanel, ...] | None = None
    texts: tuple[SidecarText, ...] | None = None
    type_word: str | None = None
    is_ordered: bool = True
    has_places: bool = True


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What one file says of one book.

    Attributes:
        format: "cbxy", "acbf", "mokuro", "comicinfo", "coco" or "dataspec".
        pages: Those it speaks of.
        names: What the book may be called besides the sidecar's own name: the start of the comic
            file's name in mokuro's `volume`.
        n_pages: Pages that the whole book has, where the format says so, else None.
    """

    format: str
    pages: tuple[SidecarPage, ...]
    title: str | None = None
    series: str | None = None
    language: str | None = None
    direction: Direction | None = None
    names: tuple[str, ...] = ()
    n_pages: int | None = None
