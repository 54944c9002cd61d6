"""ComicInfo.xml: metadata and page types, as most comic managers know them (schema 2.1).

Every field that the book had is written back, also those that we have no place for: ingest keeps
them as text under their own names. Elements follow the schema's order, unknown ones come last
before Pages. The format counts pages from 0 and knows right to left, but no strips, panels or
texts. Page types go through words that the caller translates.
"""

from __future__ import annotations

from collections.abc import Callable
from xml.etree.ElementTree import Element

from longbox.book import AnnotatedBook, AnnotatedPage, Direction, Metadata, PageType
from longbox.errors import SidecarError
from longbox.interchange.parsing import (
    MOST_PAGES,
    children,
    local_name,
    parse_xml,
    require_few,
    text_of,
)
from longbox.interchange.sidecar import Sidecar, SidecarPage
from longbox.interchange.writing import add, to_xml

_ORDER = (
    "Title Series Number Count Volume AlternateSeries AlternateNumber AlternateCount Summary Notes "
    "Year Month Day Writer Penciller Inker Colorist Letterer CoverArtist Editor Translator "
    "Publisher Imprint Genre Tags Web PageCount LanguageISO Format BlackAndWhite Manga Characters "
    "Teams Locations ScanInformation StoryArc StoryArcNumber SeriesGroup AgeRating"
).split()
_AFTER_PAGES = ("CommunityRating", "MainCharacterOrTeam", "Review", "GTIN")
_CREDITS = {
    "writer": "Writer",
    "penciller": "Penciller",
    "inker": "Inker",
    "colorist": "Colorist",
    "letterer": "Letterer",
    "cover artist": "CoverArtist",
    "editor": "Editor",
    "translator": "Translator",
}


def write_comicinfo(annotated: AnnotatedBook, type_word: Callable[[PageType], str]) -> bytes:
    """Return a book's metadata and page types as ComicInfo.xml.

    Args:
        annotated: The book.
        type_word: ComicInfo's word for a page type.
    """
    book = annotated.book
    fields = _fields(book.metadata)
    fields["PageCount"] = str(len(annotated.pages))
    manga = _manga(book.direction, fields.get("Manga"))
    if manga is not None:
        fields["Manga"] = manga
    root = Element("ComicInfo")
    unknown = [tag for tag in fields if tag not in _ORDER and tag not in _AFTER_PAGES]
    for tag in (*_ORDER, *unknown):
        if fields.get(tag):
            add(root, tag, fields[tag])
    pages = add(root, "Pages")
    for page in annotated.pages:
        _add_page(pages, page, type_word)
    for tag in _AFTER_PAGES:
        if fields.get(tag):
            add(root, tag, fields[tag])
    return to_xml(root)


def read_comicinfo(name: str, data: bytes) -> Sidecar:
    """Read what can be corrected out of a ComicInfo.xml.

    Raises:
        SidecarError: It is damaged or hostile.
    """
    return read_comicinfo_tree(name, parse_xml(name, data))


def read_comicinfo_tree(name: str, root: Element) -> Sidecar:
    """Read a ComicInfo.xml that is parsed already.

    Raises:
        SidecarError: A page has no number, or two pages have the same.
    """
    fields = {local_name(child): text_of(child) for child in root if local_name(child) != "pages"}
    elements = [page for pages in children(root, "pages") for page in children(pages, "page")]
    require_few(name, "pages", len(elements), MOST_PAGES)
    pages: dict[int, SidecarPage] = {}
    for element in elements:
        attributes = {key.lower(): value.strip() for key, value in element.attrib.items()}
        number = attributes.get("image", "")
        if not (number.isascii() and number.isdigit() and len(number) < 7):
            raise SidecarError(f"{name}: a Page has Image={number[:20]!r}; it must count from 0")
        if int(number) in pages:
            raise SidecarError(f"{name}: page {int(number) + 1} is described twice")
        word = attributes.get("type", "")[:100]
        pages[int(number)] = SidecarPage(index=int(number), type_word=word or None)
    count = fields.get("pagecount", "")
    return Sidecar(
        "comicinfo",
        tuple(pages[index] for index in sorted(pages)),
        title=fields.get("title") or None,
        series=fields.get("series") or None,
        language=_language(fields.get("languageiso", "")),
        direction=_direction(fields.get("manga", "")),
        n_pages=int(count) if count.isascii() and count.isdigit() and len(count) < 7 else None,
    )


def is_comicinfo(root: Element) -> bool:
    """Say whether a document is ComicInfo."""
    return local_name(root) == "comicinfo"


def _fields(metadata: Metadata) -> dict[str, str]:
    """Return the filled fields by their ComicInfo names."""
    numbers = {
        "Volume": metadata.volume,
        "Year": metadata.year,
        "Month": metadata.month,
        "Day": metadata.day,
    }
    texts = {
        "Title": metadata.title,
        "Series": metadata.series,
        "Number": metadata.number,
        "Summary": metadata.summary,
        "Publisher": metadata.publisher,
        "LanguageISO": metadata.language,
        "Genre": ", ".join(metadata.genres),
        "Tags": ", ".join(metadata.tags),
        "Characters": ", ".join(metadata.characters),
        **{tag: None if n is None else str(n) for tag, n in numbers.items()},
    }
    for role, tag in _CREDITS.items():
        texts[tag] = ", ".join(c.name for c in metadata.credits if c.role == role)
    # A field that we could not read as what it should be (a year in words) stands in `other` too.
    other = {tag: text for tag, text in metadata.other if tag.isidentifier() and tag.isascii()}
    return {tag: text for tag, text in texts.items() if text} | {
        tag: text for tag, text in other.items() if not texts.get(tag)
    }


def _manga(direction: Direction, said: str | None) -> str | None:
    """Return the Manga field: what was said as long as it agrees with the direction."""
    is_told_rtl = (said or "").replace(" ", "").lower() == "yesandrighttoleft"
    if direction is Direction.RTL:
        return "YesAndRightToLeft"
    return "Yes" if is_told_rtl else said


def _add_page(pages: Element, page: AnnotatedPage, type_word: Callable[[PageType], str]) -> None:
    attributes = {"Image": str(page.page.index)}
    declared = page.page.declared_type
    if declared and page.label.source != "correction":
        attributes["Type"] = declared  # what the file said itself, in its words: Letters, Deleted
    elif page.page.is_readable or page.label.source == "correction":
        attributes["Type"] = type_word(page.label.page_type)
    if page.page.is_declared_double or page.is_spread:
        attributes["DoublePage"] = "true"
    if page.page.bookmark:
        attributes["Bookmark"] = page.page.bookmark
    if page.page.is_readable:
        attributes["ImageWidth"] = str(page.page.width)
        attributes["ImageHeight"] = str(page.page.height)
    add(pages, "Page", None, **attributes)


def _direction(manga: str) -> Direction | None:
    word = manga.replace(" ", "").lower()
    return Direction.RTL if word == "yesandrighttoleft" else None


def _language(code: str) -> str | None:
    short = code.strip().split("-")[0].lower()
    return short if len(short) == 2 and short.isascii() and short.isalpha() else None
