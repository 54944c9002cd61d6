"""What people put right, laid over what the stages see.

The latest correction of each field counts. Panels and texts are put in the place of detection and
OCR before anything is made of them, so kinds, orders and vectors follow from the corrected ones; a
page type is put over the label at the end, and flags that contradict it are taken off. What was
taken back does not count: the stages are asked again.

A store says in its recipe which corrections it was made with, in two marks:
`<recipe>+<deep>.<light>`. Deep ones (panels, texts, direction, language)
change what the stages compute, so the book is done again; light ones (title, series, page types)
only change what is written down. A verdict on a page (review) is in neither mark. Where the marks
differ from the corrections on the disk the store is out of date, whatever became of the run that
should have made it.

A text's panel is a number, and numbers mean other panels once panels change. So it is believed
when the panels were corrected before the text was, or when the text touches that panel; else the
text goes to the panel that its box lies in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from longbox.book import (
    AnnotatedBook,
    AnnotatedPage,
    Book,
    Direction,
    DirectionSource,
    Metadata,
    Page,
    PageFlag,
    PageLabel,
    PageType,
    Panel,
    TextRegion,
)
from longbox.correction import (
    CorrectedField,
    CorrectedPanel,
    CorrectedText,
    Correction,
    latest,
    panels_of,
    texts_of,
    time_of,
    word_of,
)
from longbox.geometry import Box
from longbox.text import panel_of

SOURCE = "correction"
# Flags that cannot stand beside a type that a person gave, unless it is one of these.
_FLAGGED_TYPES = {
    PageFlag.PROSE: (PageType.TEXT_PAGE, PageType.ADVERTISEMENT, PageType.NOT_COMIC),
    PageFlag.NEAR_BLANK: (PageType.BLANK,),
    PageFlag.NOT_COMIC_BOOK: (PageType.TEXT_PAGE, PageType.NOT_COMIC),
}
_NOTHING = "0" * 8
_DEEP = (
    CorrectedField.PANELS,
    CorrectedField.TEXTS,
    CorrectedField.DIRECTION,
    CorrectedField.LANGUAGE,
)


@dataclass(frozen=True, slots=True)
class BookCorrections:
    """The corrections of one book that count, read from their JSON.

    Attributes:
        words: Title, series, direction and language.
        panels, texts, page_types: By page index.
        sure_pages: Pages whose texts were put right after their panels, so that the panel
            numbers of the texts mean the corrected panels.
        deep_mark, light_mark: Eight hex digits that change with the corrections of their sort.
    """

    words: Mapping[CorrectedField, str] = field(default_factory=dict)
    panels: Mapping[int, tuple[CorrectedPanel, ...]] = field(default_factory=dict)
    texts: Mapping[int, tuple[CorrectedText, ...]] = field(default_factory=dict)
    page_types: Mapping[int, PageType] = field(default_factory=dict)
    sure_pages: frozenset[int] = frozenset()
    deep_mark: str = _NOTHING
    light_mark: str = _NOTHING

    @property
    def mark(self) -> str:
        """What the store's recipe says of them; empty for none."""
        marks = f"{self.deep_mark}.{self.light_mark}"
        return "" if marks == f"{_NOTHING}.{_NOTHING}" else marks


NO_CORRECTIONS = BookCorrections()


def book_corrections(corrections: Sequence[Correction]) -> BookCorrections:
    """Read a book's corrections, oldest first, into what counts.

    Raises:
        ValueError: One is not of the shape that its field asks for.
    """
    counting = [
        c
        for c in latest(corrections)
        if not c.is_withdrawal and c.field is not CorrectedField.REVIEW
    ]
    words: dict[CorrectedField, str] = {}
    panels: dict[int, tuple[CorrectedPanel, ...]] = {}
    texts: dict[int, tuple[CorrectedText, ...]] = {}
    types: dict[int, PageType] = {}
    times = {(c.field, c.page_index): time_of(c) for c in counting}
    for c in counting:
        if c.page_index is None:
            words[c.field] = word_of(c.field, c.value)
        elif c.field is CorrectedField.PANELS:
            panels[c.page_index] = panels_of(c.value)
        elif c.field is CorrectedField.TEXTS:
            texts[c.page_index] = texts_of(c.value)
        else:
            types[c.page_index] = PageType(word_of(c.field, c.value))
    sure = frozenset(
        page
        for page in texts
        if page in panels
        and times[CorrectedField.PANELS, page] <= times[CorrectedField.TEXTS, page]
    )
    deep = [c for c in counting if c.field in _DEEP]
    light = [c for c in counting if c.field not in _DEEP]
    # Two books with the same values may differ in what their texts' panel numbers mean.
    extra = [str(page) for page in sorted(sure)]
    return BookCorrections(words, panels, texts, types, sure, _mark(deep, extra), _mark(light, []))


def full_recipe(recipe: str, corrections: BookCorrections) -> str:
    """Return the recipe of a store that these corrections are applied in."""
    return f"{recipe}+{corrections.mark}" if corrections.mark else recipe


def split_recipe(recipe: str) -> tuple[str, str, str]:
    """Return the settings' part of a store's recipe, its deep mark and its light mark."""
    settings, _, marks = recipe.partition("+")
    deep, _, light = marks.partition(".")
    return settings, deep or _NOTHING, light or _NOTHING


def corrected_metadata(metadata: Metadata, corrections: BookCorrections) -> Metadata:
    """Return metadata with title, series and language as they were put right."""
    words = corrections.words
    said = {
        name.value: words[name]
        for name in (CorrectedField.TITLE, CorrectedField.SERIES, CorrectedField.LANGUAGE)
        if name in words
    }
    if not said:
        return metadata
    return replace(
        metadata,
        title=said.get("title", metadata.title),
        series=said.get("series", metadata.series),
        language=said.get("language", metadata.language),
        sources=(SOURCE, *(s for s in metadata.sources if s != SOURCE)),
    )


def corrected_book(book: Book, corrections: BookCorrections) -> Book:
    """Return a book with its metadata and direction as they were put right."""
    metadata = corrected_metadata(book.metadata, corrections)
    said = corrections.words.get(CorrectedField.DIRECTION)
    if said is None:
        return replace(book, metadata=metadata)
    return replace(
        book,
        metadata=metadata,
        direction=Direction(said),
        direction_source=DirectionSource.CORRECTION,
    )


def corrected_panels(page: Page, corrections: BookCorrections) -> tuple[Panel, ...] | None:
    """Return a page's panels as they were put right; None where nobody did.

    Boxes are cut at the page's edges; a page that is left without a panel is one panel.
    """
    said = corrections.panels.get(page.index)
    if said is None:
        return None
    found = [(p, p.box.clip(page.width, page.height)) for p in said]
    kept = [(p, box) for p, box in found if box.area > 0]
    if not kept:
        return (Panel(Box(0, 0, page.width, page.height), 0, 1.0, SOURCE),)
    return tuple(
        Panel(box, i, 1.0, SOURCE, _on_page(p.polygon, page)) for i, (p, box) in enumerate(kept)
    )


def corrected_texts(
    page: Page, panels: Sequence[Panel], language: str | None, corrections: BookCorrections
) -> tuple[TextRegion, ...] | None:
    """Return a page's texts as they were put right; None where nobody did."""
    said = corrections.texts.get(page.index)
    if said is None:
        return None
    is_sure = page.index in corrections.sure_pages
    regions: list[TextRegion] = []
    for text in said:
        box = text.box.clip(page.width, page.height)
        if box.area <= 0 or not text.text.strip():
            continue
        panel = _panel_of(text, box, panels, is_sure=is_sure)
        is_vertical = box.height > 1.5 * box.width and any(ord(c) > 0x2E7F for c in text.text)
        regions.append(
            TextRegion(
                box,
                text.text,
                1.0,
                text.kind,
                SOURCE,
                panel,
                len(regions),
                language,
                is_vertical,
            )
        )
    return tuple(regions)


def corrected_labels(annotated: AnnotatedBook, corrections: BookCorrections) -> AnnotatedBook:
    """Return a book with the labels of its pages as they were put right, and fitting flags."""
    if not corrections.page_types:
        return annotated
    return replace(annotated, pages=tuple(_labelled(p, corrections) for p in annotated.pages))


def _labelled(page: AnnotatedPage, corrections: BookCorrections) -> AnnotatedPage:
    said = corrections.page_types.get(page.page.index)
    if said is None:
        return page
    flags = tuple(f for f in page.flags if said in _FLAGGED_TYPES.get(f, (said,)))
    return replace(page, label=PageLabel(said, 1.0, SOURCE), flags=flags)


def holds_old_labels(annotated: AnnotatedBook, corrections: BookCorrections) -> bool:
    """Whether a page has a type that a person gave once and that does not count any more.

    What the stages would say of it is not kept, so such a book is done again.
    """
    return any(
        page.label.source == SOURCE
        and corrections.page_types.get(page.page.index) is not page.label.page_type
        for page in annotated.pages
    )


def _on_page(
    polygon: tuple[tuple[float, float], ...] | None, page: Page
) -> tuple[tuple[float, float], ...] | None:
    """Return an outline cut at the page's edges, point by point."""
    if polygon is None:
        return None
    width, height = page.width, page.height
    return tuple((min(max(x, 0.0), width), min(max(y, 0.0), height)) for x, y in polygon)


def _panel_of(
    text: CorrectedText, box: Box, panels: Sequence[Panel], *, is_sure: bool
) -> int | None:
    told = next((p for p in panels if p.order == text.panel), None)
    if told is not None and (is_sure or box.intersection_area(told.box) > 0):
        return told.order
    return panel_of(box, panels)


def _mark(corrections: Sequence[Correction], extra: Sequence[str]) -> str:
    if not corrections:
        return _NOTHING
    found = hashlib.sha256("\n".join(extra).encode())
    for c in corrections:
        found.update(f"{c.field.value}\n{c.page_index}\n{c.value}\n".encode())
    return found.hexdigest()[:8]
