"""ComicInfo.xml, schema 2.1: the metadata that most taggers write into comic archives.

Fields with a place of their own in Metadata go there; every other filled field is kept as text
under its own name in Metadata.other, unknown ones too. Writers differ, so names are matched
without regard to case, -1 (the schema's "not set") counts as empty, and a bad number is left out
without refusing the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from longbox.book import Credit, Metadata
from longbox.errors import PageError
from longbox.ingest.documents import local_name, parse_xml, text_of
from longbox.ingest.languages import language_code

CREDIT_ROLES = {
    "writer": "writer",
    "penciller": "penciller",
    "inker": "inker",
    "colorist": "colorist",
    "letterer": "letterer",
    "coverartist": "cover artist",
    "editor": "editor",
    "translator": "translator",
}
_TEXT_FIELDS = {
    "title": "title",
    "series": "series",
    "number": "number",
    "publisher": "publisher",
    "summary": "summary",
}
_NUMBER_FIELDS = {"volume": "volume", "year": "year", "month": "month", "day": "day"}
_LIST_FIELDS = {"genre": "genres", "tags": "tags", "characters": "characters"}
_RANGES = {"year": (1000, 9999), "month": (1, 12), "day": (1, 31), "volume": (0, 99_999)}
_MOST_FIELDS = 200
_MOST_PAGES = 20_000
_MOST_NAMES = 1_000
_LIST_BREAK = re.compile(r"\s*[,;]\s*")


@dataclass(frozen=True, slots=True)
class PageInfo:
    """What ComicInfo says of one page.

    Attributes:
        page_type: As written ("FrontCover"), or None.
        is_double: The DoublePage flag.
        bookmark: The bookmark's text, or None.
    """

    page_type: str | None = None
    is_double: bool = False
    bookmark: str | None = None


@dataclass(frozen=True, slots=True)
class ComicInfo:
    """The contents of one ComicInfo.xml.

    Attributes:
        metadata: Everything about the book.
        manga: The Manga field in lower case: "unknown", "no", "yes", "yesandrighttoleft" or "".
        pages: What is said of pages, by page index from 0.
    """

    metadata: Metadata
    manga: str = ""
    pages: dict[int, PageInfo] = field(default_factory=dict)


def read_comicinfo(data: bytes) -> ComicInfo:
    """Read a ComicInfo.xml.

    Raises:
        PageError: It is damaged, hostile or no ComicInfo.
    """
    root = parse_xml(data)
    if local_name(root.tag) != "comicinfo":
        raise PageError("the XML is not a ComicInfo document")
    fields: dict[str, tuple[str, str]] = {}
    pages: dict[int, PageInfo] = {}
    for element in list(root)[:_MOST_FIELDS]:
        key = local_name(element.tag)
        if key == "pages":
            pages = _pages(element)
        elif (text := text_of(element)) and text != "-1":
            fields.setdefault(key, (element.tag.rpartition("}")[2], text))
    manga = fields.get("manga", ("", ""))[1].replace(" ", "").lower()
    return ComicInfo(_metadata(fields), manga, pages)


def split_names(text: str) -> tuple[str, ...]:
    """Return the parts of a comma or semicolon list, without repeats."""
    parts = (part.strip() for part in _LIST_BREAK.split(text))
    return tuple(dict.fromkeys(part for part in parts if part))[:_MOST_NAMES]


def _metadata(fields: dict[str, tuple[str, str]]) -> Metadata:
    texts: dict[str, str | None] = {}
    numbers: dict[str, int | None] = {}
    lists: dict[str, tuple[str, ...]] = {}
    credits: list[Credit] = []
    other: list[tuple[str, str]] = []
    language = None
    for key, (name, text) in fields.items():
        if key in _TEXT_FIELDS:
            texts[_TEXT_FIELDS[key]] = text
        elif key in _NUMBER_FIELDS and (number := whole_number(text, *_RANGES[key])) is not None:
            numbers[_NUMBER_FIELDS[key]] = number
        elif key in _LIST_FIELDS:
            lists[_LIST_FIELDS[key]] = split_names(text)
        elif key in CREDIT_ROLES:
            credits.extend(Credit(CREDIT_ROLES[key], person) for person in split_names(text))
        elif key == "languageiso" and (code := language_code(text)):
            language = code
        else:
            other.append((name, text))
    return Metadata(
        title=texts.get("title"),
        series=texts.get("series"),
        number=texts.get("number"),
        volume=numbers.get("volume"),
        year=numbers.get("year"),
        month=numbers.get("month"),
        day=numbers.get("day"),
        language=language,
        publisher=texts.get("publisher"),
        summary=texts.get("summary"),
        genres=lists.get("genres", ()),
        tags=lists.get("tags", ()),
        characters=lists.get("characters", ()),
        credits=tuple(credits),
        other=tuple(other),
        sources=("comicinfo",),
    )


def whole_number(text: str, lowest: int, highest: int) -> int | None:
    """Return a whole number within bounds, or None."""
    if not re.fullmatch(r"\s*[0-9]{1,6}(\.0+)?\s*", text):
        return None
    value = int(float(text))
    return value if lowest <= value <= highest else None


def _pages(element: Element) -> dict[int, PageInfo]:
    pages: dict[int, PageInfo] = {}
    for page in list(element)[:_MOST_PAGES]:
        get = _attributes(page)
        index = whole_number(get("image"), 0, 999_999)
        if local_name(page.tag) == "page" and index is not None:
            pages[index] = PageInfo(
                page_type=get("type")[:100] or None,
                is_double=get("doublepage").lower() in ("true", "1"),
                bookmark=get("bookmark")[:500] or None,
            )
    return pages


def _attributes(element: Element) -> Callable[[str], str]:
    values = {local_name(name): " ".join(value.split()) for name, value in element.attrib.items()}
    return lambda name: values.get(name, "")
