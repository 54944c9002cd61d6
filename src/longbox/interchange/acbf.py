"""ACBF, the Advanced Comic Book Format: frames and text layers in one XML document.

Written as version 1.1 (its schema is public; 1.0 and 1.2 are read by the same names, whatever their
namespace). A frame is a polygon in page pixels, their order is the reading order; a text area has a
polygon, a type and paragraphs. The cover is a page of its own outside the body. ACBF gives no page
sizes, no reading direction that we could establish, and no link from text to panel; page
transitions, styles, jumps and embedded pictures are not ours to write and are skipped on reading.

Its nine text types are not our five kinds: `_TYPES` and `_KINDS` say what becomes what. What comes
back as several possible kinds is decided by what the library has in that place.
"""

from __future__ import annotations

import math
from xml.etree.ElementTree import Element

from longbox.book import AnnotatedBook, AnnotatedPage, Credit, Metadata, Panel, TextKind, TextRegion
from longbox.errors import SidecarError
from longbox.geometry import Box
from longbox.interchange.parsing import (
    MOST_BOXES,
    MOST_PAGES,
    children,
    clean_line,
    join_lines,
    local_name,
    parse_xml,
    require_few,
    text_of,
)
from longbox.interchange.sidecar import Sidecar, SidecarPage, SidecarPanel, SidecarText
from longbox.interchange.writing import add, page_name, to_xml

UNKNOWN_LANGUAGE = "und"  # a layer must name one
NAMESPACE = "http://www.acbf.info/xml/acbf/1.1"
_MOST_POINTS = 2_000
_TYPES = {
    TextKind.DIALOGUE: "speech",
    TextKind.CAPTION: "commentary",
    TextKind.PROSE: "formal",
    TextKind.SOUND_EFFECT: "sign",
    TextKind.OTHER: "sign",
}
_KINDS = {
    "speech": (TextKind.DIALOGUE,),
    "thought": (TextKind.DIALOGUE,),
    "code": (TextKind.DIALOGUE,),
    "audio": (TextKind.DIALOGUE,),
    "commentary": (TextKind.CAPTION,),
    "formal": (TextKind.PROSE,),
    "letter": (TextKind.PROSE, TextKind.CAPTION),
    "heading": (TextKind.OTHER, TextKind.CAPTION),
    "sign": (TextKind.OTHER, TextKind.SOUND_EFFECT),
}
_ACTIVITIES = {
    "writer": "Writer",
    "artist": "Artist",
    "penciller": "Penciller",
    "inker": "Inker",
    "colorist": "Colorist",
    "letterer": "Letterer",
    "cover artist": "CoverArtist",
    "editor": "Editor",
    "translator": "Translator",
}


def write_acbf(annotated: AnnotatedBook) -> bytes:
    """Return a book's frames and text layers as an ACBF document without pictures."""
    book = annotated.book
    language = book.metadata.language or UNKNOWN_LANGUAGE
    pages = [page for page in annotated.pages if page.page.is_readable]
    root = Element("ACBF", {"xmlns": NAMESPACE})
    about = add(root, "meta-data")
    info = add(about, "book-info")
    _add_authors(info, book.metadata.credits)
    add(info, "book-title", book.title, lang=language)
    _add_details(info, book.metadata)
    if pages:
        _add_page(add(info, "coverpage"), pages[0], language)
    add(add(info, "languages"), "text-layer", None, lang=language, show="false")
    if book.metadata.series:
        number = book.metadata.number or "1"
        add(info, "sequence", number, title=book.metadata.series)
    if book.metadata.publisher or book.metadata.year:
        publishing = add(about, "publish-info")
        if book.metadata.publisher:
            add(publishing, "publisher", book.metadata.publisher)
        if book.metadata.year:
            add(publishing, "publish-date", str(book.metadata.year))
    document = add(about, "document-info")
    add(add(document, "author"), "nickname", "Longbox")
    add(document, "id", book.book_id)
    body = add(root, "body")
    # The cover stands outside the body, but a body must have a page.
    for page in pages[1:] or pages:
        _add_page(add(body, "page"), page, language)
    return to_xml(root)


def read_acbf(name: str, data: bytes) -> Sidecar:
    """Read an ACBF document.

    Raises:
        SidecarError: It is damaged or hostile.
    """
    return read_acbf_tree(name, parse_xml(name, data))


def read_acbf_tree(name: str, root: Element) -> Sidecar:
    """Read an ACBF document that is parsed already.

    Raises:
        SidecarError: It has no pages, or a polygon that is none.
    """
    infos = [i for about in children(root, "meta-data") for i in children(about, "book-info")]
    elements = [c for info in infos[:1] for c in children(info, "coverpage")][:1]
    elements += [page for body in children(root, "body") for page in children(body, "page")]
    require_few(name, "pages", len(elements), MOST_PAGES)
    pages = [_page(f"{name}: page {i + 1}", element) for i, element in enumerate(elements)]
    if not pages:
        raise SidecarError(f"{name}: the ACBF document has no pages")
    if len(pages) > 1 and pages[0].name is not None and pages[0].name == pages[1].name:
        del pages[0]  # a cover that the body shows again
    return Sidecar("acbf", tuple(pages), language=_language(infos))


def _language(infos: list[Element]) -> str | None:
    """Return the document's language where it has only one."""
    layers = [
        _code(layer)
        for info in infos
        for languages in children(info, "languages")
        for layer in children(languages, "text-layer")
    ]
    return layers[0] if len(set(layers)) == 1 else None


def _code(element: Element) -> str | None:
    """Return an element's language as ISO 639-1, or None."""
    code = element.get("lang", "").split("-")[0].strip().lower()
    return code if len(code) == 2 and code.isascii() and code.isalpha() else None


def _page(where: str, element: Element) -> SidecarPage:
    images = children(element, "image")
    href = (images[0].get("href") or "").strip() if images else ""
    frames = children(element, "frame")
    layers = children(element, "text-layer")
    require_few(where, "frames", len(frames), MOST_BOXES)
    panels = [
        SidecarPanel(*_outline(f"{where}: frame {i + 1}", frame.get("points", "")))
        for i, frame in enumerate(frames)
    ]
    texts = [text for layer in layers for text in _texts(where, layer)]
    require_few(where, "texts", len(texts), MOST_BOXES)
    return SidecarPage(
        href or None,
        panels=tuple(panels) if frames else None,
        texts=tuple(texts) if layers else None,
    )


def _texts(where: str, layer: Element) -> list[SidecarText]:
    language = _code(layer)
    texts = []
    for i, area in enumerate(children(layer, "text-area")):
        box, _ = _outline(f"{where}: text {i + 1}", area.get("points", ""))
        words = join_lines([text_of(p) for p in children(area, "p")])
        kinds = _KINDS.get((area.get("type") or "speech").strip().lower(), (TextKind.OTHER,))
        if words:
            texts.append(SidecarText(words, box, kinds, None, language))
    return texts


def _outline(where: str, points: str) -> tuple[Box, tuple[tuple[float, float], ...] | None]:
    """Read "x,y x,y ..." as a bounding box, and as a polygon where that is no upright rectangle."""
    pairs = points.split()
    if not 3 <= len(pairs) <= _MOST_POINTS:
        raise SidecarError(f"{where}: an outline has 3 to {_MOST_POINTS} points, not {len(pairs)}")
    try:
        corners = tuple((float(x), float(y)) for x, y in (pair.split(",") for pair in pairs))
    except ValueError as error:
        raise SidecarError(f"{where}: {points[:60]!r} is no list of points") from error
    if not all(math.isfinite(v) and abs(v) < 1e9 for corner in corners for v in corner):
        raise SidecarError(f"{where}: a point is beyond every page")
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    box = Box(min(xs), min(ys), max(xs), max(ys))
    if box.area <= 0:
        raise SidecarError(f"{where}: the outline has no area")
    is_upright = len(corners) == 4 and all(
        x in (box.x0, box.x1) and y in (box.y0, box.y1) for x, y in corners
    )
    return box, None if is_upright else corners


def _add_authors(info: Element, credits: tuple[Credit, ...]) -> None:
    for credit in credits or (Credit("other", "Unknown"),):
        author = add(info, "author", activity=_ACTIVITIES.get(credit.role, "Other"))
        first, _, last = credit.name.rpartition(" ")
        if first:
            add(author, "first-name", first)
            add(author, "last-name", last)
        else:
            add(author, "nickname", last)


def _add_details(info: Element, metadata: Metadata) -> None:
    if metadata.characters:
        characters = add(info, "characters")
        for name in metadata.characters:
            add(characters, "name", name)
    if metadata.summary:
        add(add(info, "annotation"), "p", metadata.summary)
    if words := (*metadata.genres, *metadata.tags):  # its list of genres is closed
        add(info, "keywords", ", ".join(words))


def _add_page(element: Element, page: AnnotatedPage, language: str) -> None:
    add(element, "image", href=page_name(page))
    texts = [text for text in page.texts if clean_line(text.text)]
    if texts:
        layer = add(element, "text-layer", lang=language)
        for text in texts:
            _add_text(layer, text)
    for panel in page.panels:
        add(element, "frame", points=_points(panel))


def _add_text(layer: Element, text: TextRegion) -> None:
    area = add(layer, "text-area", points=_corners(text.box), type=_TYPES[text.kind])
    for line in text.text.splitlines():
        if line.strip():
            add(area, "p", line)


def _points(panel: Panel) -> str:
    if panel.polygon is None:
        return _corners(panel.box)
    return " ".join(f"{round(x)},{round(y)}" for x, y in panel.polygon)


def _corners(box: Box) -> str:
    x0, y0, x1, y1 = (round(v) for v in box.as_tuple())
    x1, y1 = max(x1, x0 + 1), max(y1, y0 + 1)
    return f"{x0},{y0} {x1},{y0} {x1},{y1} {x0},{y1}"


def is_acbf(root: Element) -> bool:
    """Say whether a document is ACBF."""
    return local_name(root) == "acbf"
