"""Annotated books for the tests of the formats: every kind of text, awkward names, odd pages."""

from __future__ import annotations

from dataclasses import replace

from longbox.book import (
    AnnotatedBook,
    AnnotatedPage,
    Book,
    Credit,
    Direction,
    DirectionSource,
    Metadata,
    Page,
    PageLabel,
    PageType,
    Panel,
    TextKind,
    TextRegion,
)
from longbox.geometry import Box


def page(
    index: int,
    source: str | None = None,
    *,
    kinds: tuple[TextKind, ...] = tuple(TextKind),
    page_type: PageType = PageType.STORY,
    size: tuple[int, int] = (600, 900),
) -> AnnotatedPage:
    """Two panels on top, one below; a text of each kind in turn in the three."""
    width, height = size
    half, third = width / 2, height / 3
    boxes = [
        Box(10, 20, half - 5, third),
        Box(half + 5, 20, width - 10, third),
        Box(10.5, third + 12.25, width - 10, height - 9),
    ]
    panels = tuple(Panel(box, i, 0.8, "rules") for i, box in enumerate(boxes))
    texts = []
    for i, kind in enumerate(kinds):
        host = boxes[i % 3]
        box = Box.from_xywh(host.x0 + 10 + 20 * (i // 3), host.y0 + 15 + 40 * (i // 3), 120, 30)
        texts.append(TextRegion(box, f'Line <{i}> & "more"', 0.9, kind, "ocr", i % 3, i, "en"))
    texts.sort(key=lambda t: (t.panel, t.order))
    ordered = tuple(replace(t, order=i) for i, t in enumerate(texts))
    return AnnotatedPage(
        Page(index, source or f"scans/p{index + 1}.jpg", f"{index:064x}", width, height),
        panels,
        ordered,
        PageLabel(page_type, 0.7, "rules"),
        "0" * 16,
    )


def book(
    *pages: AnnotatedPage,
    metadata: Metadata | None = None,
    direction: Direction = Direction.LTR,
    path: str = "/shelf/Night 1.cbz",
    book_id: str = "0123456789abcdef",
) -> AnnotatedBook:
    made = Book(
        book_id,
        path,
        "cbz",
        metadata or Metadata(series="Night", number="1", language="en"),
        direction,
        DirectionSource.GUESS,
        tuple(p.page for p in pages),
    )
    return AnnotatedBook(made, pages)


def full_metadata() -> Metadata:
    return Metadata(
        title="Rain & <Roof>",
        series="Night",
        number="1.5",
        volume=2,
        year=1998,
        month=3,
        day=4,
        language="ja",
        publisher="Us",
        summary="A \x0b summary",
        genres=("Crime", "Noir"),
        tags=("wet",),
        characters=("Ann", "Bob"),
        credits=(Credit("writer", "A. Writer"), Credit("cover artist", "Mono")),
        other=(("Web", "https://example.org/?a=1&b=2"), ("Imprint", "Deep"), ("Odd", "kept")),
        sources=("comicinfo",),
    )
