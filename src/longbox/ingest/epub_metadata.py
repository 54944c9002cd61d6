"""Book metadata from an EPUB's package document.

Dublin Core elements, EPUB 3 collections, and the series that calibre writes.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from longbox.book import Credit, Metadata
from longbox.ingest.comicinfo import split_names, whole_number
from longbox.ingest.documents import local_name, text_of
from longbox.ingest.languages import language_code

# MARC relators, which EPUB uses, as ComicInfo's words.
_ROLES = {
    "aut": "writer",
    "art": "penciller",
    "ill": "penciller",
    "ink": "inker",
    "clr": "colorist",
    "cov": "cover artist",
    "edt": "editor",
    "trl": "translator",
    "ltr": "letterer",
}
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{1,2})(?:-([0-9]{1,2}))?)?")
_MOST_ELEMENTS = 500


def epub_metadata(element: Element | None) -> Metadata:
    """Read the <metadata> element of a package document; absent fields stay empty."""
    if element is None:
        return Metadata()
    elements = list(element)[:_MOST_ELEMENTS]
    core: dict[str, list[Element]] = {}
    named: dict[str, str] = {}
    refined: dict[tuple[str, str], str] = {}
    for item in elements:
        if local_name(item.tag) != "meta":
            core.setdefault(local_name(item.tag), []).append(item)
            continue
        if item.get("name"):
            named.setdefault(item.get("name", ""), " ".join(item.get("content", "").split()))
        if item.get("property") and item.get("refines"):
            refined[item.get("refines", "").lstrip("#"), item.get("property", "")] = text_of(item)
    series, number = _series(elements, named, refined)
    year, month, day = _date(core.get("date", []))
    languages = [
        code for item in core.get("language", []) if (code := language_code(text_of(item)))
    ]
    return Metadata(
        title=_first(core, "title"),
        series=series,
        number=number,
        year=year,
        month=month,
        day=day,
        language=languages[0] if languages else None,
        publisher=_first(core, "publisher"),
        summary=_first(core, "description"),
        tags=tuple(
            dict.fromkeys(
                tag for item in core.get("subject", []) for tag in split_names(text_of(item))
            )
        ),
        credits=_credits(core, refined),
        other=_other(core, elements),
        sources=("epub",),
    )


def _first(core: dict[str, list[Element]], name: str) -> str | None:
    return next((text for item in core.get(name, []) if (text := text_of(item))), None)


def _series(
    elements: list[Element], named: dict[str, str], refined: dict[tuple[str, str], str]
) -> tuple[str | None, str | None]:
    for item in elements:
        if item.get("property") == "belongs-to-collection" and (name := text_of(item)):
            kind = refined.get((item.get("id", ""), "collection-type"), "series")
            if kind == "series":
                return name, _plain_number(refined.get((item.get("id", ""), "group-position")))
    return named.get("calibre:series") or None, _plain_number(named.get("calibre:series_index"))


def _plain_number(text: str | None) -> str | None:
    """Return "3" for calibre's "3.0" and leave "1.5" as it is."""
    return (re.sub(r"\.0+$", "", text.strip()) or None) if text else None


def _date(elements: list[Element]) -> tuple[int | None, int | None, int | None]:
    for item in elements:
        if found := _DATE.match(text_of(item)):
            year, month, day = (found.group(n) or "" for n in (1, 2, 3))
            if whole_number(year, 1000, 9999) is not None:
                return int(year), whole_number(month, 1, 12), whole_number(day, 1, 31)
    return None, None, None


def _credits(
    core: dict[str, list[Element]], refined: dict[tuple[str, str], str]
) -> tuple[Credit, ...]:
    credits: list[Credit] = []
    for kind, default in (("creator", "writer"), ("contributor", "contributor")):
        for item in core.get(kind, []):
            code = next(
                (value for name, value in item.attrib.items() if local_name(name) == "role"), ""
            )
            code = code or refined.get((item.get("id", ""), "role"), "")
            if name := text_of(item):
                credits.append(Credit(_ROLES.get(code.lower(), code.lower() or default), name))
    return tuple(credits)


def _other(core: dict[str, list[Element]], elements: list[Element]) -> tuple[tuple[str, str], ...]:
    found = [
        (name, text_of(item))
        for name in ("identifier", "rights", "source")
        for item in core.get(name, [])
    ]
    found += [
        (item.get("property", ""), text_of(item))
        for item in elements
        if item.get("property", "").startswith("rendition:")
    ]
    return tuple((name, text) for name, text in found if text)
