"""Does a sidecar fit a book, and what does it say that the library does not?

Pages are matched by the name of their picture (whole path, then without extension, then without
folders), by number where the format counts, else by place when the counts agree. Boxes are brought
to our pixels; a page of another shape, a name that the book does not have or a box beyond the page
means another book or another edition, and the whole sidecar is refused: half a correction is
worse than none.

What agrees with the library is left out, so that a file that we wrote ourselves and nobody changed
does not turn guesses into truth, unless the caller wants it kept.
"""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from longbox.book import AnnotatedBook, AnnotatedPage, Book, Direction, Page, PageType, TextRegion
from longbox.correction import (
    CorrectedField,
    CorrectedPanel,
    CorrectedText,
    Correction,
    panels_value,
    texts_value,
    word_value,
)
from longbox.errors import SidecarError
from longbox.geometry import Box, bounding_box
from longbox.interchange.comparing import (
    Outline,
    is_same_wording,
    likeness_of,
    same_panels,
    same_texts,
)
from longbox.interchange.sidecar import Sidecar, SidecarPage, SidecarPanel, SidecarText

# A page of the same shape in another size differs by rounding only.
_SAME_SHAPE = 0.01
# How far a box may reach over the page's edge: rounding and hand-drawn frames, not another size.
_OVERHANG = 0.02
_SAME_PLACE_IOU = 0.3
# Formats without page sizes: boxes that reach no further than this on any of so many pages were
# drawn on smaller pictures.
_SMALLER_REACH = 0.7
_SMALLER_PAGES = 3
_LARGEST_PX = 1e6  # of a page's side


@dataclass(frozen=True, slots=True)
class StageRules:
    """What other stages know, handed in because stages do not import each other.

    Attributes:
        type_of_word: The page type that ComicInfo's word means, or None.
        word_of_type: ComicInfo's word for a page type.
        reading_order: Indices of boxes in reading order, for files that have none.
    """

    type_of_word: Callable[[str | None], PageType | None]
    word_of_type: Callable[[PageType], str]
    reading_order: Callable[[Sequence[Box], Direction], Sequence[int]]


def match_pages(sidecar: Sidecar, book: Book, *, is_guess: bool = False) -> dict[int, SidecarPage]:
    """Return what is said of each page, in our pixels, by page index.

    Args:
        sidecar: The file.
        book: The book that it may belong to.
        is_guess: Nothing else says that they belong together, so chance must be ruled out: the
            file must speak of every readable page, by its name, in its size.

    Raises:
        SidecarError: It does not fit the book; the message says where.
    """
    if sidecar.n_pages is not None and sidecar.n_pages != len(book.pages):
        raise SidecarError(f"it is of {sidecar.n_pages} pages, the book has {len(book.pages)}")
    places = _places(sidecar.pages, book, by_place=not is_guess)
    if is_guess:
        _require_certain(sidecar.pages, places, book)
    matched: dict[int, SidecarPage] = {}
    for said, index in zip(sidecar.pages, places, strict=True):
        if index in matched:
            raise SidecarError(f"two of its pages are page {index + 1} of the book")
        page = book.pages[index]
        if page.is_readable:
            matched[index] = _in_our_pixels(said, page)
    _require_same_size(sidecar.pages, places, matched)
    return matched


def _require_certain(pages: Sequence[SidecarPage], places: Sequence[int], book: Book) -> None:
    missing = {page.index for page in book.pages if page.is_readable} - set(places)
    if missing:
        raise SidecarError(f"it says nothing of page {min(missing) + 1}")
    for said, index in zip(pages, places, strict=True):
        page = book.pages[index]
        has_size = said.width > 0 and said.height > 0 and page.is_readable
        if has_size and max(abs(said.width - page.width), abs(said.height - page.height)) > 1:
            raise SidecarError(f"page {index + 1} is of another size")


def _require_same_size(
    pages: Sequence[SidecarPage], places: Sequence[int], matched: Mapping[int, SidecarPage]
) -> None:
    """Refuse boxes of smaller pictures where the format does not say how large they were."""
    reaches: list[float] = []
    for said, index in zip(pages, places, strict=True):
        boxes = [p.box for p in said.panels or ()]
        if said.width <= 0 and boxes and index in matched:
            around, size = bounding_box(boxes), matched[index]
            reaches.append(max(around.x1 / size.width, around.y1 / size.height))
    if len(reaches) >= _SMALLER_PAGES and max(reaches) < _SMALLER_REACH:
        raise SidecarError(
            f"on none of its {len(reaches)} pages do panels reach beyond {max(reaches):.0%} of the "
            "page: made for a smaller size"
        )


def _places(pages: Sequence[SidecarPage], book: Book, *, by_place: bool) -> list[int]:
    numbered = [said.index for said in pages if said.index is not None]
    if len(numbered) == len(pages):
        if any(index >= len(book.pages) for index in numbered):
            raise SidecarError(
                f"it speaks of page {max(numbered) + 1}, the book has {len(book.pages)}"
            )
        return numbered
    found = _by_name([said.name or "" for said in pages], [p.source for p in book.pages])
    lost = [said.name or "" for said, index in zip(pages, found, strict=True) if index is None]
    if not lost:
        return [index for index in found if index is not None]
    if by_place and len(lost) == len(pages) == len(book.pages):
        return list(range(len(pages)))  # other names, or none: the sizes will tell
    raise SidecarError(
        f"{len(lost)} of its {len(pages)} pages are not in the book, such as {lost[0][:60]!r}"
    )


def _by_name(names: Sequence[str], sources: Sequence[str]) -> list[int | None]:
    """Return the source of each name, by the strictest way that finds it without doubt."""
    found: list[int | None] = [None] * len(names)
    for way in (_plain, _without_extension, _last_part, _last_stem):
        keys = [way(source) for source in sources]
        counts = Counter(keys)
        index_of = {key: i for i, key in enumerate(keys) if counts[key] == 1}
        for i, name in enumerate(names):
            if found[i] is None and name:
                found[i] = index_of.get(way(name))
    return found


def _plain(name: str) -> str:
    escaped = name.encode("utf-8", "backslashreplace").decode()  # as the writers do
    return unicodedata.normalize("NFC", escaped.replace("\\", "/").removeprefix("./")).casefold()


def _without_extension(name: str) -> str:
    folder, slash, file = _plain(name).rpartition("/")
    return f"{folder}{slash}{file.rpartition('.')[0] or file}"


def _last_part(name: str) -> str:
    return _plain(name).rpartition("/")[2]


def _last_stem(name: str) -> str:
    return _without_extension(name).rpartition("/")[2]


def _in_our_pixels(said: SidecarPage, page: Page) -> SidecarPage:
    where = f"page {page.index + 1}"
    factors = 1.0, 1.0
    if said.width > 0 and said.height > 0:
        if not (1 <= said.width < _LARGEST_PX and 1 <= said.height < _LARGEST_PX):
            raise SidecarError(f"{where}: a picture of {said.width:g} x {said.height:g} cannot be")
        factors = page.width / said.width, page.height / said.height
        if abs(factors[0] / factors[1] - 1) > _SAME_SHAPE:
            raise SidecarError(
                f"{where} is {page.width} x {page.height} pixels in the book and "
                f"{said.width:.0f} x {said.height:.0f} in the file, another shape"
            )
    panels = None if said.panels is None else tuple(_scaled(p, factors) for p in said.panels)
    texts = None
    if said.texts is not None:
        texts = tuple(
            replace(t, box=None if t.box is None else t.box.scale(*factors)) for t in said.texts
        )
    boxes = [p.box for p in panels or ()] + [t.box for t in texts or () if t.box is not None]
    boxes += [_around(p.polygon) for p in panels or () if p.polygon]
    if boxes:
        _require_inside(where, bounding_box(boxes), page)
    return replace(said, width=page.width, height=page.height, panels=panels, texts=texts)


def _around(polygon: Outline) -> Box:
    xs, ys = [x for x, _ in polygon], [y for _, y in polygon]
    return Box(min(xs), min(ys), max(xs), max(ys))


def _require_inside(where: str, around: Box, page: Page) -> None:
    margin = max(2.0, _OVERHANG * max(page.width, page.height))
    reach = around.expand(-margin) if min(around.width, around.height) > 2 * margin else around
    if reach.x0 < 0 or reach.y0 < 0 or reach.x1 > page.width or reach.y1 > page.height:
        raise SidecarError(
            f"{where} is {page.width} x {page.height} pixels, but boxes reach to "
            f"{around.x1:.0f}, {around.y1:.0f}: made for another size"
        )


def _scaled(panel: SidecarPanel, factors: tuple[float, float]) -> SidecarPanel:
    x, y = factors
    polygon = None if panel.polygon is None else tuple((a * x, b * y) for a, b in panel.polygon)
    return SidecarPanel(panel.box.scale(x, y), polygon)


def to_corrections(
    sidecar: Sidecar,
    annotated: AnnotatedBook,
    rules: StageRules,
    said_by: tuple[str, str],
    *,
    keeps_all: bool = False,
) -> tuple[Correction, ...]:
    """Return what a sidecar says of a book as corrections.

    Args:
        sidecar: The file.
        annotated: The book as the library has it.
        rules: What other stages know.
        said_by: Origin and time (ISO 8601) of the corrections.
        keeps_all: Also what agrees with the library, so that no later run can change it.

    Raises:
        SidecarError: The sidecar does not fit the book.
    """
    matched = match_pages(sidecar, annotated.book)
    direction = sidecar.direction or annotated.book.direction
    found: list[tuple[int | None, CorrectedField, str, bool]] = []
    for index in sorted(matched):
        now = annotated.pages[index]
        found += _of_page(matched[index], now, rules, direction, annotated.book)
    found += _of_book(sidecar, annotated.book)
    origin, made_at = said_by
    return tuple(
        Correction(annotated.book.book_id, index, field, value, made_at, origin)
        for index, field, value, is_same in found
        if keeps_all or not is_same
    )


def _of_book(sidecar: Sidecar, book: Book) -> list[tuple[int | None, CorrectedField, str, bool]]:
    metadata = book.metadata
    said = (
        (CorrectedField.TITLE, sidecar.title, metadata.title),
        (CorrectedField.SERIES, sidecar.series, metadata.series),
        (CorrectedField.LANGUAGE, sidecar.language, metadata.language),
        (CorrectedField.DIRECTION, sidecar.direction, book.direction.value),
    )
    return [(None, name, word_value(new), new == now) for name, new, now in said if new is not None]


def _of_page(
    said: SidecarPage,
    now: AnnotatedPage,
    rules: StageRules,
    direction: Direction,
    book: Book,
) -> list[tuple[int | None, CorrectedField, str, bool]]:
    found: list[tuple[int | None, CorrectedField, str, bool]] = []
    index = now.page.index
    panels = _panels(said, now.page, rules, direction)
    if panels is not None:
        is_same = same_panels(panels, now)
        found.append((index, CorrectedField.PANELS, panels_value(panels), is_same))
    if said.texts is not None:
        texts = _texts(said, panels or (), now, book.metadata.language)
        is_same = same_texts(texts, now.texts)
        found.append((index, CorrectedField.TEXTS, texts_value(texts), is_same))
    page_type = rules.type_of_word(said.type_word)
    if page_type is not None:
        words = rules.word_of_type(page_type), rules.word_of_type(now.label.page_type)
        found.append(
            (index, CorrectedField.PAGE_TYPE, word_value(page_type.value), words[0] == words[1])
        )
    return found


def _panels(
    said: SidecarPage, page: Page, rules: StageRules, direction: Direction
) -> tuple[CorrectedPanel, ...] | None:
    if said.panels is None:
        return None
    panels = [CorrectedPanel(p.box.clip(page.width, page.height), p.polygon) for p in said.panels]
    if not panels:  # a page without panels is one
        panels = [CorrectedPanel(Box(0, 0, page.width, page.height))]
    if not said.is_ordered:
        order = rules.reading_order([p.box for p in panels], direction)
        panels = [panels[i] for i in order]
    return tuple(panels)


def _texts(
    said: SidecarPage, panels: Sequence[CorrectedPanel], now: AnnotatedPage, language: str | None
) -> tuple[CorrectedText, ...]:
    layers = {t.language for t in said.texts or ()}
    chosen = [t for t in said.texts or () if len(layers) == 1 or t.language == language]
    if not chosen and said.texts:
        chosen = [t for t in said.texts if t.language == said.texts[0].language]
    left = list(now.texts)
    found: list[tuple[CorrectedText, TextRegion | None]] = []
    for text in chosen:
        twin = _twin(text, left)
        if twin is not None:
            left.remove(twin)
        box = text.box
        if box is None and text.panel is not None and text.panel < len(panels):
            box = twin.box if twin is not None else panels[text.panel].box
        if box is None:
            continue
        kind = twin.kind if twin is not None and twin.kind in text.kinds else text.kinds[0]
        box = box.clip(now.page.width, now.page.height)
        found.append((CorrectedText(box, text.text, kind, text.panel), twin))
    if said.has_places:
        return tuple(text for text, _ in found)
    outside = [t for t in now.texts if t.panel is None and t.text.strip()]
    found += [(CorrectedText(t.box, t.text, t.kind, None), t) for t in outside]
    return tuple(text for text, _ in _in_known_order(found))


def _in_known_order(
    found: Sequence[tuple[CorrectedText, TextRegion | None]],
) -> list[tuple[CorrectedText, TextRegion | None]]:
    """Order texts as the library does, as far as it knows them; else panel by panel."""
    if all(twin is not None and twin.panel == text.panel for text, twin in found):
        return sorted(found, key=lambda item: item[1].order if item[1] is not None else 0)
    unknown = {text.panel for text, twin in found if twin is None}

    def key(item: tuple[CorrectedText, TextRegion | None]) -> tuple[float, int]:
        text, twin = item
        panel = math.inf if text.panel is None else text.panel
        return panel, 0 if twin is None or text.panel in unknown else twin.order

    return sorted(found, key=key)


def _twin(text: SidecarText, left: Sequence[TextRegion]) -> TextRegion | None:
    """Return the library's text in the same place, or of the same words where no place is said."""
    if text.box is not None:
        box = text.box
        best = max(left, key=lambda t: t.box.iou(box), default=None)
        return best if best is not None and best.box.iou(box) >= _SAME_PLACE_IOU else None
    near = [t for t in left if t.panel == text.panel]
    # The usual case, without measuring; elsewhere, where the panels have other numbers now.
    for known in (*near, *left):
        if is_same_wording(text.text, known.text):
            return known
    likeness = {id(t): likeness_of(t.text, text.text) for t in near}
    best = max(near, key=lambda t: likeness[id(t)], default=None)
    return best if best is not None and likeness[id(best)] >= 0.5 else None
