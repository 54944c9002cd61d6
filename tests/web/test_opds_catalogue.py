"""The OPDS catalogue, opened and followed as a reader of comics does."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from defusedxml.ElementTree import fromstring
from PIL import Image

from longbox.config import Config
from longbox.library import Library
from longbox.pipeline import index_shelf
from longbox.web.opds.files import attachment, safe_stem
from opds_rules import (
    ACQUISITION,
    ATOM,
    OPENSEARCH,
    STREAM,
    checked_entry,
    checked_feed,
    entry_called,
    link_to,
    links_of,
)
from tiny_comics import draw_page


@pytest.fixture
def reader(served: Any) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.address, timeout=60) as client:
        yield client


def feed(client: httpx.Client, address: str | None) -> Any:
    assert address is not None
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return checked_feed(answer.content)


def test_a_reader_gets_from_the_root_to_a_downloaded_book_and_its_pages(
    reader: httpx.Client,
) -> None:
    root = feed(reader, "/opds")
    books = feed(reader, link_to(entry_called(root, "All books"), "subsection"))
    entry = books.findall(f"{ATOM}entry")[0]

    (file,) = [link for link in links_of(entry) if str(link.get("rel")).startswith(ACQUISITION)]
    sent = reader.get(str(file.get("href")))
    assert sent.headers["content-type"] == file.get("type") == "application/vnd.comicbook+zip"
    assert len(sent.content) == int(str(file.get("length")))
    assert zipfile.ZipFile(io.BytesIO(sent.content)).testzip() is None

    (stream,) = [link for link in links_of(entry) if link.get("rel") == STREAM]
    n_pages = int(str(stream.get("{http://vaemendis.net/opds-pse/ns}count")))
    for number in (0, n_pages - 1):
        address = str(stream.get("href"))
        address = address.replace("{pageNumber}", str(number)).replace("{maxWidth}", "300")
        page = reader.get(address)
        assert page.headers["content-type"] == "image/jpeg"
        assert Image.open(io.BytesIO(page.content)).width == 300
    beyond = str(stream.get("href")).replace("{pageNumber}", str(n_pages))
    assert reader.get(beyond.replace("{maxWidth}", "300")).status_code == 404

    for rel in ("http://opds-spec.org/image", "http://opds-spec.org/image/thumbnail"):
        picture = reader.get(str(link_to(entry, rel)))
        assert Image.open(io.BytesIO(picture.content)).format == "JPEG"


def test_every_feed_that_the_root_leads_to_keeps_the_rules(reader: httpx.Client) -> None:
    seen: set[str] = set()
    todo = ["/opds"]
    while todo:
        address = todo.pop()
        if address in seen:
            continue
        seen.add(address)
        found = feed(reader, address)
        todo += [
            str(link.get("href"))
            for link in found.iter(f"{ATOM}link")
            if "profile=opds-catalog" in str(link.get("type"))
        ]
    assert any(address.startswith("/opds/books?series=") for address in seen)
    assert any("sort=newest" in address for address in seen)
    assert len(seen) > 8


def test_parts_of_a_list_follow_each_other(
    reader: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("longbox.web.opds.catalogue.BOOKS_A_PART", 2)
    titles: list[str] = []
    address: str | None = "/opds/books"
    parts = 0
    while address:
        part = feed(reader, address)
        titles += [str(e.findtext(f"{ATOM}title")) for e in part.findall(f"{ATOM}entry")]
        total = int(str(part.findtext(f"{OPENSEARCH}totalResults")))
        address, parts = link_to(part, "next"), parts + 1
    assert len(titles) == total
    assert parts == -(-total // 2)
    assert link_to(part, "previous") is not None


def test_hostile_titles_are_text(reader: httpx.Client) -> None:
    answer = reader.get("/opds/books?q=script")
    found = checked_feed(answer.content)
    (entry,) = found.findall(f"{ATOM}entry")
    title = str(entry.findtext(f"{ATOM}title"))
    assert title.startswith("<script>alert(1)</script>")
    assert b"<script" not in answer.content
    disposition = reader.get(str(link_to(entry, f"{ACQUISITION}/open-access"))).headers
    assert "<" not in disposition["content-disposition"]


def test_an_entry_of_its_own_says_all_that_the_file_says(reader: httpx.Client) -> None:
    listed = feed(reader, "/opds/books?q=script").find(f"{ATOM}entry/{ATOM}link[@rel='alternate']")
    book_id = str(listed.get("href")).removeprefix("/book/")
    answer = reader.get(f"/opds/books/{book_id}")
    entry = fromstring(answer.content)
    checked_entry(entry, is_acquisition=True)
    assert entry.find(f"{ATOM}author/{ATOM}name") is not None
    assert "<script>" in str(entry.findtext(f"{ATOM}summary"))
    assert reader.get("/opds/books/0123456789abcdef").status_code == 404


def test_opensearch_finds_books_by_name_and_panels_by_what_is_in_them(
    reader: httpx.Client,
) -> None:
    described = reader.get(str(link_to(feed(reader, "/opds"), "search")))
    root = fromstring(described.content)
    template = str(root.find(f"{OPENSEARCH}Url").get("template"))
    found = feed(reader, template.replace("{searchTerms}", "robot"))
    titles = [str(e.findtext(f"{ATOM}title")) for e in found.findall(f"{ATOM}entry")]
    assert any(", panel " in title for title in titles)
    panel = next(e for e in found.findall(f"{ATOM}entry") if ", panel " in str(e[0].text))
    crop = reader.get(str(link_to(panel, "http://opds-spec.org/image")))
    assert Image.open(io.BytesIO(crop.content)).format == "JPEG"
    nothing = feed(reader, template.replace("{searchTerms}", ""))
    assert nothing is not None


def test_a_panels_stream_begins_at_its_page(reader: httpx.Client) -> None:
    found = feed(reader, "/opds/search?q=robot")
    panel = next(e for e in found.findall(f"{ATOM}entry") if "page 2, panel" in str(e[0].text))
    (stream,) = [link for link in links_of(panel) if link.get("rel") == STREAM]
    address = str(stream.get("href"))
    first = address.replace("{pageNumber}", "0").replace("{maxWidth}", "320")
    book_id = address.split("/")[3]
    whole = reader.get(f"/opds/pages/{book_id}/1?width=320")
    assert reader.get(first).content == whole.content


def test_saved_searches_are_feeds_of_their_hits_and_one_archive(served_copy: Any) -> None:
    library: Library = served_copy.app.state.services.library
    saved = library.save_search("Robots & <friends> \u202e/../", "q=robot")
    broken = library.save_search("Nothing any more", "with=panel:0123456789abcdef-0000-00")
    with httpx.Client(base_url=served_copy.address, timeout=120) as client:
        listed = feed(client, "/opds/searches")
        assert len(listed.findall(f"{ATOM}entry")) == 2
        found = feed(client, f"/opds/searches/{saved.search_id}")
        entries = found.findall(f"{ATOM}entry")
        assert len(entries) > 2
        archive = client.get(str(link_to(entries[0], f"{ACQUISITION}/open-access")))
        packed = zipfile.ZipFile(io.BytesIO(archive.content))
        assert packed.testzip() is None
        names = packed.namelist()
        assert names[-1] == "ComicInfo.xml"
        assert len(names) - 1 == len(set(names) - {"ComicInfo.xml"}) > 1
        assert all("/" not in name and "\\" not in name for name in names)
        info = fromstring(packed.read("ComicInfo.xml"))
        assert info.findtext("PageCount") == str(len(names) - 1)
        assert str(info.findtext("Title")).startswith("Robots & <friends>")
        # The first page of the archive is the page of the first hit.
        book_id, page = _place(entries[1])
        whole = client.get(f"/opds/pages/{book_id}/{page}?width=1920")
        assert packed.read(names[0]) == whole.content
        disposition = archive.headers["content-disposition"]
        assert "/" not in disposition.split("''")[0]
        assert "%2F" not in disposition
        lost = client.get(f"/opds/searches/{broken.search_id}")
        assert lost.status_code in (200, 400)
        assert client.get("/opds/searches/0123456789ab").status_code == 404


def _place(entry: Any) -> tuple[str, int]:
    panel_id = str(link_to(entry, "alternate")).removeprefix("/panel/")
    book_id, page, _ = panel_id.split("-")
    return book_id, int(page)


def test_an_archive_holds_no_more_than_its_bound(
    served_copy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("longbox.web.opds.packing.MOST_PAGES", 2)
    saved = served_copy.app.state.services.library.save_search("Robots", "q=robot")
    with httpx.Client(base_url=served_copy.address, timeout=120) as client:
        sent = client.get(f"/opds/searches/{saved.search_id}/search.cbz")
    assert len(zipfile.ZipFile(io.BytesIO(sent.content)).namelist()) == 3


def test_a_folder_of_pictures_is_sent_as_one_archive(
    tmp_path: Path, library_copy: Path, serve: Any
) -> None:
    folder = tmp_path / "shelf" / "a folder ✨"
    folder.mkdir(parents=True)
    for number in (2, 5):
        draw_page(number).save(folder / f"{number}.png")
    with Library.open(library_copy) as library:
        index_shelf([folder.parent], library, Config(), in_process=True)
    shown = {path.name: path.read_bytes() for path in folder.iterdir()}
    draw_page(7).save(folder / "5.png")  # changed behind the library's back
    served = serve(library_copy)
    with httpx.Client(base_url=served.address, timeout=60) as client:
        (entry,) = feed(client, "/opds/books?q=folder").findall(f"{ATOM}entry")
        sent = client.get(str(link_to(entry, f"{ACQUISITION}/open-access")))
        assert "filename*=UTF-8''a%20folder%20%E2%9C%A8.cbz" in sent.headers["content-disposition"]
        packed = zipfile.ZipFile(io.BytesIO(sent.content))
        assert packed.namelist() == ["0001.png", "ComicInfo.xml"]
        assert packed.read("0001.png") == shown["2.png"]
        assert "could not be read" in str(
            fromstring(packed.read("ComicInfo.xml")).findtext("Notes")
        )
        shutil.rmtree(folder)
        assert client.get(str(link_to(entry, f"{ACQUISITION}/open-access"))).status_code == 404
        assert "tmp" not in client.get(str(link_to(entry, f"{ACQUISITION}/open-access"))).text


def test_files_come_in_ranges_and_only_when_they_changed(reader: httpx.Client) -> None:
    entry = feed(reader, "/opds/books").find(f"{ATOM}entry")
    address = str(link_to(entry, f"{ACQUISITION}/open-access"))
    whole = reader.get(address)
    part = reader.get(address, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    rest = reader.get(address, headers={"Range": f"bytes={len(whole.content) - 5}-"})
    assert rest.content == whole.content[-5:]
    assert reader.get(address, headers={"Range": "bytes=999999999-"}).status_code == 416
    again = reader.get(address, headers={"If-None-Match": whole.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert whole.headers["last-modified"].endswith("GMT")
    assert reader.head(address).headers["content-length"] == str(len(whole.content))


@pytest.mark.parametrize("address", ["/opds", "/opds/books", "/opds/v2", "/opds/opensearch.xml"])
def test_unchanged_feeds_are_not_sent_again(reader: httpx.Client, address: str) -> None:
    first = reader.get(address)
    again = reader.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_json_twin_says_the_same_as_the_atom_feeds(reader: httpx.Client) -> None:
    root = reader.get("/opds/v2").json()
    addresses = [door["href"] for door in root["navigation"]]
    assert addresses[0] == "/opds/v2/books"
    assert all(reader.get(each).status_code == 200 for each in addresses)
    books = reader.get(addresses[0]).json()
    atom = feed(reader, "/opds/books").findall(f"{ATOM}entry")
    titles = [str(entry.findtext(f"{ATOM}title")) for entry in atom]
    assert [each["metadata"]["title"] for each in books["publications"]] == titles
    assert books["metadata"]["numberOfItems"] == len(titles)
    for each in books["publications"]:
        assert each["links"]
        assert each["images"]
    self_link = next(link for link in books["links"] if link["rel"] == "self")
    assert self_link == {
        "rel": "self",
        "href": "/opds/v2/books",
        "type": "application/opds+json",
    }


def test_a_reader_with_basic_authentication_gets_in(library_copy: Path, serve: Any) -> None:
    served = serve(library_copy, token="secret-token")
    with httpx.Client(base_url=served.address) as client:
        refused = client.get("/opds")
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith("Basic")
        assert client.get("/opds", auth=("anybody", "secret-token")).status_code == 200
        assert client.get("/opds", auth=("anybody", "wrong")).status_code == 401


def test_an_empty_library_is_an_empty_catalogue(tmp_path: Path, serve: Any) -> None:
    served = serve(tmp_path / "empty")
    with httpx.Client(base_url=served.address) as client:
        for address in ("/opds", "/opds/books", "/opds/series", "/opds/searches"):
            found = feed(client, address)
            assert (address == "/opds") == bool(found.findall(f"{ATOM}entry"))


@pytest.mark.parametrize(
    ("title", "stem"),
    [
        ("../../etc/passwd", "etc passwd"),
        ('a "quoted" \r\nSet-Cookie: x', "a quoted Set-Cookie x"),
        ("", "comic"),
        ("...", "comic"),
        ("進撃", "進撃"),
        ("x" * 500, "x" * 120),
        ("evil\u202egnp.exe", "evil gnp.exe"),
        ("lone \ud800 surrogate", "lone surrogate"),
    ],
)
def test_names_of_downloads_are_safe_anywhere(title: str, stem: str) -> None:
    assert safe_stem(title) == stem
    written = attachment(f"{safe_stem(title)}.cbz")
    assert written.isascii()
    assert "\r" not in written
    assert "/" not in written
    assert written.count('"') == 2
