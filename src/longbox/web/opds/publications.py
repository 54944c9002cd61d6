"""Feeds as OPDS 2.0: the same feeds in JSON, as Readium's web publications list them.

Links to feeds lead to their JSON twins; pictures and files are the same.
"""

from __future__ import annotations

import json
from typing import Any, Final

from longbox.web.addresses import opds_address
from longbox.web.opds.feeds import IMAGE, THUMBNAIL, Book, Door, FacetLink, Feed

FEED_TYPE: Final = "application/opds+json"
PUBLICATION_TYPE: Final = "application/opds-publication+json"


def write_json(feed: Feed) -> bytes:
    """Return a feed as OPDS 2.0 JSON."""
    links = [_link("self", feed.href), _link("start", opds_address())]
    links.append(
        {
            "rel": "search",
            "href": twin(opds_address("search")) + "{?q}",
            "type": FEED_TYPE,
            "templated": True,
        }
    )
    relatives = (("up", feed.up), ("first", feed.first), ("previous", feed.previous))
    links += [_link(rel, href) for rel, href in (*relatives, ("next", feed.next)) if href]
    metadata: dict[str, Any] = {"title": feed.title, "modified": feed.updated}
    if feed.total is not None:
        metadata["numberOfItems"] = feed.total
    if feed.per_page is not None:
        metadata["itemsPerPage"] = feed.per_page
    whole: dict[str, Any] = {"metadata": metadata, "links": links}
    doors = [entry for entry in feed.entries if isinstance(entry, Door)]
    books = [entry for entry in feed.entries if isinstance(entry, Book)]
    if doors:
        whole["navigation"] = [{**_link(d.rel, d.href), "title": d.title} for d in doors]
    if books or not doors:
        whole["publications"] = [publication(book) for book in books]
    if feed.facets:
        whole["facets"] = _facets(feed.facets)
    return _written(whole)


def write_publication(book: Book) -> bytes:
    """Return a single book as OPDS 2.0 JSON."""
    return _written(publication(book))


def publication(book: Book) -> dict[str, Any]:
    """Return a book as a publication."""
    metadata: dict[str, Any] = {
        "@type": "http://schema.org/ComicIssue",
        "title": book.title,
        "identifier": book.urn,
        "modified": book.updated,
    }
    optional = {
        "language": book.language,
        "publisher": book.publisher,
        "description": book.summary,
        "author": list(book.authors),
        "subject": list(book.subjects),
        "numberOfPages": book.n_pages,
        "published": None if book.year is None else f"{book.year:04d}",
        "belongsTo": {"series": book.series} if book.series else None,
    }
    metadata |= {name: value for name, value in optional.items() if value}
    pictures = [each for each in book.links if each.rel in (IMAGE, THUMBNAIL)]
    files = [each for each in book.links if each.rel not in (IMAGE, THUMBNAIL)]
    links: list[dict[str, Any]] = [
        {"rel": each.rel, "href": each.href, "type": each.type} for each in files
    ]
    if book.alternate:
        links.append({"rel": "alternate", "href": book.alternate, "type": "text/html"})
    shown = [{"href": each.href, "type": each.type} for each in pictures]
    return {"metadata": metadata, "links": links, "images": shown}


def twin(href: str) -> str:
    """Return the address of a feed's JSON twin."""
    root = opds_address()
    return opds_address("v2") + href[len(root) :]


def _link(rel: str, href: str) -> dict[str, Any]:
    return {"rel": rel, "href": twin(href), "type": FEED_TYPE}


def _facets(facets: tuple[FacetLink, ...]) -> list[dict[str, Any]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for facet in facets:
        rel = "self" if facet.is_active else "facet"
        groups.setdefault(facet.group, []).append({**_link(rel, facet.href), "title": facet.title})
    return [{"metadata": {"title": name}, "links": links} for name, links in groups.items()]


def _written(whole: dict[str, Any]) -> bytes:
    # Lone surrogates of odd names would not be UTF-8; as JSON escapes they are harmless.
    return json.dumps(whole, ensure_ascii=True).encode("ascii")
