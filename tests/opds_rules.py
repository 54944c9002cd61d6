"""The rules of Atom (RFC 4287), OPDS 1.2 and OPDS-PSE that our feeds must keep, as checks."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

ATOM = "{http://www.w3.org/2005/Atom}"
OPDS = "{http://opds-spec.org/2010/catalog}"
PSE = "{http://vaemendis.net/opds-pse/ns}"
OPENSEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"
ACQUISITION = "http://opds-spec.org/acquisition"
STREAM = "http://vaemendis.net/opds-pse/stream"
NAVIGATION_TYPE = "application/atom+xml;profile=opds-catalog;kind=navigation"
ACQUISITION_TYPE = "application/atom+xml;profile=opds-catalog;kind=acquisition"
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")


def checked_feed(data: bytes) -> Element:
    """Parse a feed and hold it against the rules."""
    root = fromstring(data)
    assert root.tag == f"{ATOM}feed"
    _has_identity(root)
    assert root.find(f"{ATOM}author/{ATOM}name") is not None  # or every entry must have one
    links = links_of(root)
    own = [link for link in links if link.get("rel") == "self"]
    assert len(own) == 1
    assert own[0].get("type") in (NAVIGATION_TYPE, ACQUISITION_TYPE)
    assert [link.get("type") for link in links if link.get("rel") == "start"] == [NAVIGATION_TYPE]
    for link in links:
        _is_link(link)
    _facets_are_right(links)
    is_acquisition = own[0].get("type") == ACQUISITION_TYPE
    ids = []
    for entry in root.findall(f"{ATOM}entry"):
        checked_entry(entry, is_acquisition=is_acquisition)
        ids.append(entry.findtext(f"{ATOM}id"))
    assert len(set(ids)) == len(ids)
    return root


def checked_entry(entry: Element, *, is_acquisition: bool) -> None:
    """Hold an entry against the rules."""
    _has_identity(entry)
    links = links_of(entry)
    for link in links:
        _is_link(link)
    acquisitions = [link for link in links if str(link.get("rel")).startswith(ACQUISITION)]
    if is_acquisition:
        assert acquisitions, "an entry of an acquisition feed needs an acquisition link"
    else:
        assert not acquisitions
        assert any("profile=opds-catalog" in str(link.get("type")) for link in links)
        assert entry.find(f"{ATOM}content") is not None
    for kind in ("content", "summary"):
        said = entry.find(f"{ATOM}{kind}")
        if said is not None:
            assert said.get("type") == "text"
            assert not list(said)
    for link in (link for link in links if link.get("rel") == STREAM):
        assert str(link.get("type")).startswith("image/")
        assert int(str(link.get(f"{PSE}count"))) > 0
        assert "{pageNumber}" in str(link.get("href"))
        assert "{maxWidth}" in str(link.get("href"))


def links_of(element: Element) -> list[Element]:
    return element.findall(f"{ATOM}link")


def link_to(element: Element, rel: str) -> str | None:
    """Address of the first link of a relation."""
    found = [link.get("href") for link in links_of(element) if link.get("rel") == rel]
    return found[0] if found else None


def entry_called(feed: Element, title: str) -> Element:
    return next(e for e in feed.findall(f"{ATOM}entry") if e.findtext(f"{ATOM}title") == title)


def _has_identity(element: Element) -> None:
    for name in ("id", "title", "updated"):
        assert len(element.findall(f"{ATOM}{name}")) == 1, name
    assert _IRI.fullmatch(str(element.findtext(f"{ATOM}id")))
    assert datetime.fromisoformat(str(element.findtext(f"{ATOM}updated"))).tzinfo is not None


def _is_link(link: Element) -> None:
    href = str(link.get("href")).replace("{pageNumber}", "0").replace("{maxWidth}", "1")
    split = urlsplit(href)
    assert (split.scheme, split.netloc) == ("", ""), "addresses stay on this server"
    assert split.path.startswith("/")
    assert re.fullmatch(r"[!-~]+", href), "an address is ASCII without spaces"
    assert link.get("type")


def _facets_are_right(links: list[Element]) -> None:
    active: dict[str, int] = {}
    for link in links:
        if link.get("rel") != "http://opds-spec.org/facet":
            continue
        assert link.get("title")
        group = str(link.get(f"{OPDS}facetGroup"))
        assert link.get(f"{OPDS}activeFacet") in (None, "true")
        active[group] = active.get(group, 0) + (link.get(f"{OPDS}activeFacet") == "true")
    assert all(n <= 1 for n in active.values()), active
