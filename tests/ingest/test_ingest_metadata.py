"""ComicInfo.xml, EPUB metadata and file names: what is read, and who is believed."""

from __future__ import annotations

from pathlib import Path

import pytest
from drawn_comics import epub_members, page, pages, write_folder, write_zip

from longbox.book import Book, Credit
from longbox.errors import PageError
from longbox.ingest import open_book
from longbox.ingest.comicinfo import read_comicinfo

FULL = """<?xml version="1.0" encoding="utf-8"?>
<ComicInfo xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <Title>The Fall</Title><Series>Lantern Street</Series><Number>1.5</Number><Count>12</Count>
  <Volume>2</Volume><AlternateSeries>Nights</AlternateSeries><AlternateNumber>3</AlternateNumber>
  <AlternateCount>4</AlternateCount><Summary>A  lamp
  goes out.</Summary><Notes>scanned</Notes><Year>2019</Year><Month>4</Month><Day>31</Day>
  <Writer>Ann Lee, Bo Li; Ann Lee</Writer><Penciller>Cy</Penciller><Inker>Di</Inker>
  <Colorist>Ed</Colorist><Letterer>Flo</Letterer><CoverArtist>Gus</CoverArtist>
  <Editor>Hal</Editor><Translator>Ida</Translator><Publisher>Box</Publisher>
  <Imprint>Small Box</Imprint><Genre>Mystery, Horror</Genre><Tags>rain, night</Tags>
  <Web>https://example.org</Web><PageCount>3</PageCount><LanguageISO>en-GB</LanguageISO>
  <Format>Annual</Format><BlackAndWhite>Yes</BlackAndWhite><Manga>YesAndRightToLeft</Manga>
  <Characters>Mo, Nia</Characters><Teams>Five</Teams><Locations>Quay</Locations>
  <ScanInformation>me</ScanInformation><StoryArc>Dark</StoryArc><StoryArcNumber>1</StoryArcNumber>
  <SeriesGroup>Street</SeriesGroup><AgeRating>Teen</AgeRating><CommunityRating>4.5</CommunityRating>
  <MainCharacterOrTeam>Mo</MainCharacterOrTeam><Review>fine</Review><GTIN>123</GTIN>
  <Unheard>kept</Unheard>
  <Pages>
    <Page Image="0" Type="FrontCover" ImageSize="10" Key="k" ImageWidth="60" ImageHeight="90"/>
    <Page Image="1" DoublePage="true" Bookmark="Chapter 1"/>
    <Page Image="2" Type="BackCover" DoublePage="False"/>
  </Pages>
</ComicInfo>"""


def book_with(tmp_path: Path, text: str | bytes, where: str = "ComicInfo.xml") -> Book:
    data = text.encode() if isinstance(text, str) else text
    name = tmp_path / "Other Name 07 (1999).cbz"
    with open_book(write_zip(name, [*pages(3), (where, data)])) as opened:
        return opened.book


def test_every_field_of_comicinfo_is_kept(tmp_path: Path) -> None:
    metadata = book_with(tmp_path, FULL).metadata
    assert metadata.title == "The Fall"
    assert metadata.series == "Lantern Street"
    assert metadata.number == "1.5"
    assert (metadata.volume, metadata.year, metadata.month, metadata.day) == (2, 2019, 4, 31)
    assert metadata.summary == "A lamp goes out."
    assert (metadata.language, metadata.publisher) == ("en", "Box")
    assert metadata.genres == ("Mystery", "Horror")
    assert metadata.tags == ("rain", "night")
    assert metadata.characters == ("Mo", "Nia")
    assert metadata.credits[:3] == (
        Credit("writer", "Ann Lee"),
        Credit("writer", "Bo Li"),
        Credit("penciller", "Cy"),
    )
    roles = {credit.role for credit in metadata.credits}
    assert roles >= {"inker", "colorist", "letterer", "cover artist", "editor", "translator"}
    other = dict(metadata.other)
    for name in (
        "Count AlternateSeries AlternateNumber AlternateCount Notes Imprint Web PageCount Format "
        "BlackAndWhite Manga Teams Locations ScanInformation StoryArc StoryArcNumber SeriesGroup "
        "AgeRating CommunityRating MainCharacterOrTeam Review GTIN Unheard"
    ).split():
        assert other[name], name
    assert metadata.sources == ("comicinfo", "filename")


def test_page_types_spreads_and_bookmarks_reach_the_pages(tmp_path: Path) -> None:
    first, second, third = book_with(tmp_path, FULL).pages
    assert (first.declared_type, second.declared_type) == ("FrontCover", None)
    assert third.declared_type == "BackCover"
    assert [found.is_declared_double for found in (first, second, third)] == [False, True, False]
    assert second.bookmark == "Chapter 1"


@pytest.mark.parametrize("where", ["ComicInfo.xml", "comicinfo.XML", "deep/er/ComicInfo.xml"])
def test_comicinfo_is_found_wherever_it_lies(tmp_path: Path, where: str) -> None:
    assert book_with(tmp_path, FULL, where).metadata.series == "Lantern Street"


def test_outermost_comicinfo_wins_and_a_broken_one_is_passed_over(tmp_path: Path) -> None:
    inner = "<ComicInfo><Series>Inner</Series></ComicInfo>"
    members = [*pages(1), ("a/ComicInfo.xml", inner.encode()), ("ComicInfo.xml", FULL.encode())]
    with open_book(write_zip(tmp_path / "1.cbz", members)) as opened:
        assert opened.book.metadata.series == "Lantern Street"
    members[2] = ("ComicInfo.xml", b"<broken")
    with open_book(write_zip(tmp_path / "2.cbz", members)) as opened:
        assert opened.book.metadata.series == "Inner"
        assert "ComicInfo.xml" in opened.book.problems[0].reason


def test_values_that_mean_nothing_are_empty() -> None:
    text = (
        "<ComicInfo><Volume>-1</Volume><Year>-1</Year><Month>13</Month><Number></Number>"
        "<Count>-1</Count><Title>  </Title><LanguageISO>xx-weird-q</LanguageISO></ComicInfo>"
    )
    metadata = read_comicinfo(text.encode()).metadata
    assert (metadata.volume, metadata.year, metadata.month) == (None, None, None)
    assert (metadata.number, metadata.title, metadata.language) == (None, None, "xx")
    assert dict(metadata.other) == {"Month": "13"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_comicinfo_in_other_encodings(encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    text = f'<?xml version="1.0" encoding="{declared}"?>'
    text += "<ComicInfo><Series>Mädchen ♥</Series></ComicInfo>"
    assert read_comicinfo(text.encode(encoding)).metadata.series == "Mädchen ♥"


def test_xml_that_is_no_comicinfo_is_refused() -> None:
    with pytest.raises(PageError, match="not a ComicInfo"):
        read_comicinfo(b"<html/>")


def test_file_name_fills_only_gaps_of_the_same_series(tmp_path: Path) -> None:
    text = b"<ComicInfo><Series>Lantern Street</Series></ComicInfo>"
    for name, number in (("lantern street 07 (1999).cbz", "7"), ("Foo 07 (1999).cbz", None)):
        with open_book(write_zip(tmp_path / name, [*pages(1), ("ComicInfo.xml", text)])) as opened:
            metadata = opened.book.metadata
            assert metadata.series == "Lantern Street"
            assert metadata.number == number
            assert metadata.year == 1999


def test_name_without_series_takes_it_from_the_folder_above(tmp_path: Path) -> None:
    write_folder(tmp_path / "Lantern Street (2019)" / "Chapter 12", pages(1))
    with open_book(tmp_path / "Lantern Street (2019)" / "Chapter 12") as opened:
        metadata = opened.book.metadata
    assert (metadata.series, metadata.number, metadata.year) == ("Lantern Street", "12", 2019)


EPUB_METADATA = """<dc:title>Der Fall</dc:title><dc:language>de-AT</dc:language>
<dc:creator id="a">Ann Lee</dc:creator><meta refines="#a" property="role">art</meta>
<dc:creator opf:role="aut">Bo Li</dc:creator><dc:publisher>Box</dc:publisher>
<dc:date>2019-04-02</dc:date><dc:description>A lamp.</dc:description>
<dc:subject>Mystery</dc:subject><dc:identifier>urn:x</dc:identifier>"""


def test_epub_metadata_with_epub_3_series(tmp_path: Path) -> None:
    series = (
        '<meta property="belongs-to-collection" id="c">Lantern Street</meta>'
        '<meta refines="#c" property="group-position">3</meta>'
        '<meta property="rendition:layout">pre-paginated</meta>'
    )
    members = epub_members(pages(2), metadata=EPUB_METADATA + series)
    with open_book(write_zip(tmp_path / "x.epub", members)) as opened:
        metadata = opened.book.metadata
    assert (metadata.title, metadata.series, metadata.number) == ("Der Fall", "Lantern Street", "3")
    assert (metadata.language, metadata.publisher, metadata.summary) == ("de", "Box", "A lamp.")
    assert (metadata.year, metadata.month, metadata.day) == (2019, 4, 2)
    assert metadata.credits == (Credit("penciller", "Ann Lee"), Credit("writer", "Bo Li"))
    assert metadata.tags == ("Mystery",)
    assert dict(metadata.other)["rendition:layout"] == "pre-paginated"
    assert metadata.sources[0] == "epub"


def test_epub_metadata_with_calibre_series(tmp_path: Path) -> None:
    series = (
        '<meta name="calibre:series" content="Lantern Street"/>'
        '<meta name="calibre:series_index" content="2.0"/>'
    )
    members = epub_members(pages(1), metadata=series)
    with open_book(write_zip(tmp_path / "x.epub", members)) as opened:
        assert opened.book.title == "Lantern Street #2"


def test_epub_pages_follow_the_spine_not_the_names(tmp_path: Path) -> None:
    members = epub_members([("z.jpg", page(1)), ("a.jpg", page(2)), ("m.jpg", page(3))])
    with open_book(write_zip(tmp_path / "x.epub", members)) as opened:
        sources = [found.source for found in opened.book.pages]
    assert sources == ["OEBPS/img/z.jpg", "OEBPS/img/a.jpg", "OEBPS/img/m.jpg"]


def epub_page(tmp_path: Path, body: str, extra: list[tuple[str, bytes]]) -> Book:
    members = epub_members(pages(1))
    text = f'<html xmlns="http://www.w3.org/1999/xhtml"><body>{body}</body></html>'.encode()
    members = [(n, text if n.endswith(".xhtml") else data) for n, data in members]
    with open_book(write_zip(tmp_path / "x.epub", [*members, *extra])) as opened:
        return opened.book


@pytest.mark.parametrize(
    "body",
    [
        '<img src="img/page1.jpg"/>',
        '<img src="./img/../img/page1.jpg#here"/>',
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
        '<image xlink:href="img/page1.jpg"/></svg>',
        '<svg xmlns="http://www.w3.org/2000/svg"><image href="img/page1.jpg"/></svg>',
        '<object data="img/page1.jpg" type="image/jpeg"/>',
        "<div style=\"background-image: url('img/page1.jpg')\"/>",
        '<img src="img/page1.jpg"/><img src="img/page1.jpg"/>',
    ],
)
def test_epub_page_picture_is_found_however_it_is_shown(tmp_path: Path, body: str) -> None:
    book = epub_page(tmp_path, body, [])
    assert [found.source for found in book.pages] == ["OEBPS/img/page1.jpg"]


def test_epub_page_of_several_pictures_keeps_them_and_drops_decorations(tmp_path: Path) -> None:
    body = '<img src="img/page1.jpg"/><img src="img/two.jpg"/><img src="img/dot.jpg"/>'
    extra = [("OEBPS/img/two.jpg", page(2)), ("OEBPS/img/dot.jpg", page(3, width=5, height=5))]
    book = epub_page(tmp_path, body, extra)
    assert [found.source for found in book.pages] == ["OEBPS/img/page1.jpg", "OEBPS/img/two.jpg"]


def test_epub_picture_beside_one_that_is_damaged_stays(tmp_path: Path) -> None:
    body = '<img src="img/page1.jpg"/><img src="img/bad.jpg"/>'
    book = epub_page(tmp_path, body, [("OEBPS/img/bad.jpg", b"not a picture")])
    assert [found.is_readable for found in book.pages] == [True, False]


def test_epub_paths_with_escapes_and_spaces(tmp_path: Path) -> None:
    extra = [("OEBPS/img/a b ü.jpg", page(5))]
    book = epub_page(tmp_path, '<img src="img/a%20b%20%C3%BC.jpg"/>', extra)
    assert [found.source for found in book.pages] == ["OEBPS/img/a b ü.jpg"]
