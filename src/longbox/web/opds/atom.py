"""Feeds as Atom with the OPDS 1.2 and OPDS-PSE vocabularies, and the OpenSearch description.

Everything that comes from a book goes through ElementTree, which escapes it, and through `text`,
which takes out what XML 1.0 cannot hold at all. Addresses are relative to the server's root:
clients resolve them, and a proxy in front of the server changes nothing.
"""

from __future__ import annotations

import re
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from longbox.web.addresses import opds_address, static_address
from longbox.web.opds.feeds import FACET, STREAM, Book, Door, Feed, Kind, Link

ATOM: Final = "http://www.w3.org/2005/Atom"
OPDS: Final = "http://opds-spec.org/2010/catalog"
PSE: Final = "http://vaemendis.net/opds-pse/ns"
DC: Final = "http://purl.org/dc/terms/"
OPENSEARCH: Final = "http://a9.com/-/spec/opensearch/1.1/"
OPENSEARCH_TYPE: Final = "application/opensearchdescription+xml"
ENTRY_TYPE: Final = "application/atom+xml;type=entry;profile=opds-catalog"
# All that XML 1.0 does not allow in a document, whatever the escape.
_NO_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def feed_type(kind: Kind) -> str:
    """Return the media type of a feed."""
    return f"application/atom+xml;profile=opds-catalog;kind={kind}"


def text(value: str) -> str:
    """Return a text without the characters that XML cannot hold."""
    return _NO_XML.sub("", value)


def write_feed(feed: Feed) -> bytes:
    """Return a feed as an Atom document."""
    root = _root("feed")
    _say(root, "id", feed.urn)
    _say(root, "title", feed.title)
    _say(root, "updated", feed.updated)
    _say(root, "icon", static_address("base/icon.svg"))
    author = SubElement(root, "author")
    _say(author, "name", "Longbox")
    own = feed_type(feed.kind)
    _link(root, Link("self", feed.href, own))
    _link(root, Link("start", opds_address(), feed_type(Kind.NAVIGATION)))
    _link(root, Link("search", opds_address("opensearch.xml"), OPENSEARCH_TYPE))
    for rel, href in (("first", feed.first), ("previous", feed.previous), ("next", feed.next)):
        if href:
            _link(root, Link(rel, href, own))
    if feed.up:
        _link(root, Link("up", feed.up, feed_type(Kind.NAVIGATION)))
    for facet in feed.facets:
        link = _link(root, Link(FACET, facet.href, own, facet.title))
        link.set("opds:facetGroup", text(facet.group))
        if facet.is_active:
            link.set("opds:activeFacet", "true")
    if feed.total is not None:
        _say(root, "opensearch:totalResults", str(feed.total))
        _say(root, "opensearch:startIndex", str(feed.start + 1))
    if feed.per_page is not None:
        _say(root, "opensearch:itemsPerPage", str(feed.per_page))
    for entry in feed.entries:
        if isinstance(entry, Door):
            _door(SubElement(root, "entry"), entry)
        else:
            _book(SubElement(root, "entry"), entry)
    return _document(root)


def write_entry(book: Book) -> bytes:
    """Return a single book as an Atom entry document."""
    root = _root("entry")
    _book(root, book)
    if not book.authors:
        _say(SubElement(root, "author"), "name", "unknown")
    return _document(root)


def write_opensearch() -> bytes:
    """Return the description of how the catalogue is searched."""
    root = Element("OpenSearchDescription", {"xmlns": OPENSEARCH})
    _say(root, "ShortName", "Longbox")
    _say(root, "Description", "Books by their names, panels by what is in them")
    _say(root, "InputEncoding", "UTF-8")
    _say(root, "OutputEncoding", "UTF-8")
    # Braces must stay: clients replace them.
    template = opds_address("search") + "?q={searchTerms}"
    SubElement(root, "Url", {"type": feed_type(Kind.ACQUISITION), "template": template})
    SubElement(root, "Url", {"type": "application/atom+xml", "template": template})
    return _document(root)


def _root(name: str) -> Element:
    return Element(
        name,
        {
            "xmlns": ATOM,
            "xmlns:opds": OPDS,
            "xmlns:pse": PSE,
            "xmlns:dcterms": DC,
            "xmlns:opensearch": OPENSEARCH,
        },
    )


def _door(entry: Element, door: Door) -> None:
    _say(entry, "title", door.title)
    _say(entry, "id", door.urn)
    _say(entry, "updated", door.updated)
    content = _say(entry, "content", door.summary)
    content.set("type", "text")
    _link(entry, Link(door.rel, door.href, feed_type(door.kind)))


def _book(entry: Element, book: Book) -> None:
    _say(entry, "title", book.title)
    _say(entry, "id", book.urn)
    _say(entry, "updated", book.updated)
    for name in book.authors:
        _say(SubElement(entry, "author"), "name", name)
    if book.language:
        _say(entry, "dcterms:language", book.language)
    if book.publisher:
        _say(entry, "dcterms:publisher", book.publisher)
    if book.year is not None:
        _say(entry, "dcterms:issued", f"{book.year:04d}")
    for subject in book.subjects:
        SubElement(entry, "category", {"term": text(subject), "label": text(subject)})
    if book.summary:
        _say(entry, "summary", book.summary).set("type", "text")
    for link in book.links:
        _link(entry, link)
    if book.stream is not None:
        stream = _link(entry, Link(STREAM, book.stream.href, "image/jpeg"))
        stream.set("pse:count", str(book.stream.count))
    if book.alternate:
        _link(entry, Link("alternate", book.alternate, "text/html"))


def _link(parent: Element, link: Link) -> Element:
    made = SubElement(parent, "link", {"rel": link.rel, "href": link.href, "type": link.type})
    if link.title:
        made.set("title", text(link.title))
    if link.n_bytes is not None:
        made.set("length", str(link.n_bytes))
    return made


def _say(parent: Element, name: str, value: str) -> Element:
    made = SubElement(parent, name)
    made.text = text(value)
    return made


def _document(root: Element) -> bytes:
    found: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return found
