"""What is written is read back, up to the losses that docs/interchange.md lists."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from xml.etree.ElementTree import fromstring

import pytest
from annotated_books import book, full_metadata, page

from longbox.book import (
    AnnotatedBook,
    AnnotatedPage,
    Direction,
    Metadata,
    Page,
    PageLabel,
    PageType,
    TextKind,
)
from longbox.correction import CorrectedField, Correction, panels_of, texts_of
from longbox.geometry import Box
from longbox.ingest.comicinfo import read_comicinfo as ingest_comicinfo
from longbox.interchange import FORMATS, StageRules, match_pages, read_sidecar, to_corrections
from longbox.page_types import from_comicinfo, to_comicinfo
from longbox.panels import reading_order

RULES = StageRules(from_comicinfo, to_comicinfo, reading_order)
SAID_BY = ("test", "2026-01-01T00:00:00+00:00")


def written(format_name: str, annotated: AnnotatedBook) -> bytes:
    return FORMATS[format_name].write(annotated, to_comicinfo)


def changes(data: bytes, annotated: AnnotatedBook, *, keeps_all: bool = False) -> list[Correction]:
    sidecar = read_sidecar("file", data)
    return list(to_corrections(sidecar, annotated, RULES, SAID_BY, keeps_all=keeps_all))


@pytest.fixture
def annotated() -> AnnotatedBook:
    return book(page(0), page(1, page_type=PageType.BACK_COVER), page(2, kinds=()))


@pytest.mark.parametrize("format_name", list(FORMATS))
def test_what_nobody_changed_is_no_correction(format_name: str, annotated: AnnotatedBook) -> None:
    assert changes(written(format_name, annotated), annotated) == []


@pytest.mark.parametrize("format_name", list(FORMATS))
def test_file_is_recognised_by_its_contents(format_name: str, annotated: AnnotatedBook) -> None:
    assert read_sidecar("x.bin", written(format_name, annotated)).format == format_name


@pytest.mark.parametrize("format_name", list(FORMATS))
def test_same_book_gives_the_same_bytes(format_name: str, annotated: AnnotatedBook) -> None:
    assert written(format_name, annotated) == written(format_name, annotated)


@pytest.mark.parametrize("format_name", list(FORMATS))
def test_empty_and_unreadable_books_can_be_written(format_name: str) -> None:
    lost = AnnotatedPage(
        Page(0, "gone.jpg", "0" * 64, 0, 0), (), (), PageLabel(PageType.STORY, 0, "unread")
    )
    written(format_name, book())
    written(format_name, book(lost))
    only = book(lost, page(1))
    if format_name != "comicinfo":
        assert set(match_pages(read_sidecar("f", written(format_name, only)), only.book)) == {1}


@pytest.mark.parametrize("format_name", ["cbxy", "acbf", "coco", "dataspec"])
def test_panels_come_back_in_order(format_name: str, annotated: AnnotatedBook) -> None:
    matched = match_pages(read_sidecar("f", written(format_name, annotated)), annotated.book)
    tolerance = 0.51 if format_name == "acbf" else 0.011
    for index, said in matched.items():
        expected = [p.box.as_tuple() for p in annotated.pages[index].panels]
        assert said.panels is not None
        assert len(said.panels) == len(expected)
        for panel, corners in zip(said.panels, expected, strict=True):
            assert panel.box.as_tuple() == pytest.approx(corners, abs=tolerance)


@pytest.mark.parametrize("format_name", ["acbf", "mokuro", "coco"])
def test_texts_come_back_with_words_order_and_place(
    format_name: str, annotated: AnnotatedBook
) -> None:
    matched = match_pages(read_sidecar("f", written(format_name, annotated)), annotated.book)
    said, told = matched[0].texts or (), annotated.pages[0].texts
    assert [t.text for t in said] == [t.text for t in told]
    assert all(t.kind in s.kinds for s, t in zip(said, told, strict=True))
    for s, t in zip(said, told, strict=True):
        assert s.box is not None
        assert s.box.as_tuple() == pytest.approx(t.box.as_tuple(), abs=0.51)


def test_dataspec_keeps_the_panel_of_each_text(annotated: AnnotatedBook) -> None:
    said = read_sidecar("f", written("dataspec", annotated)).pages[0].texts or ()
    told = {(t.panel, t.text) for t in annotated.pages[0].texts}
    assert {(t.panel, t.text) for t in said} == told


@pytest.mark.parametrize("format_name", ["mokuro", "acbf", "coco", "dataspec"])
def test_changed_words_keep_what_the_format_cannot_say(
    format_name: str, annotated: AnnotatedBook
) -> None:
    changed = written(format_name, annotated).replace(b"Line <4>", b"LINE <4>")
    changed = changed.replace(b"Line &lt;4&gt;", b"LINE &lt;4&gt;")
    found = changes(changed, annotated)
    assert {(c.page_index, c.field) for c in found} == {
        (0, CorrectedField.TEXTS),
        (1, CorrectedField.TEXTS),
    }
    texts = texts_of(found[0].value)
    before = {t.text.lower(): t for t in annotated.pages[0].texts}
    assert any(t.text.startswith("LINE") for t in texts)
    for text in texts:
        assert text.kind is before[text.text.lower()].kind
        assert text.box.iou(before[text.text.lower()].box) > 0.9


def test_dataspec_leaves_texts_outside_panels_alone(annotated: AnnotatedBook) -> None:
    first = annotated.pages[0]
    title = replace(first.texts[0], text="A TITLE", panel=None, box=Box(5, 2, 90, 15))
    texts = (title, *(replace(t, order=t.order + 1) for t in first.texts))
    target = replace(annotated, pages=(replace(first, texts=texts), *annotated.pages[1:]))
    data = written("dataspec", target)
    assert b"A TITLE" not in data
    assert changes(data, target) == []
    (found, _) = changes(data.replace(b"Line <1>", b"LINE <1>"), target)
    assert texts_of(found.value)[0].text == "A TITLE"


def test_cbxy_is_what_the_specification_says(annotated: AnnotatedBook) -> None:
    with zipfile.ZipFile(io.BytesIO(written("cbxy", annotated))) as archive:
        assert archive.namelist()[0] == "scans/p1.json"
        first = json.loads(archive.read("scans/p1.json"))
    assert (first["page"], first["width"], first["height"]) == ("scans/p1.jpg", 600, 900)
    assert first["panels"][0]["w"] == pytest.approx((295 - 10) / 600)


def test_cbxy_of_a_resized_page_is_scaled() -> None:
    small, large = book(page(0, size=(600, 900))), book(page(0, size=(1200, 1800)))
    found = changes(written("cbxy", small), large, keeps_all=True)
    assert panels_of(found[0].value)[0].box.as_tuple() == pytest.approx((20, 40, 590, 600))


def test_cbxy_draft_entries_named_as_pictures_are_read(annotated: AnnotatedBook) -> None:
    target = io.BytesIO()
    document = {"width": 600, "height": 900, "panels": [{"x": 0, "y": 0, "w": 1.2, "h": 0.5}]}
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("scans/p2.jpg", json.dumps({**document, "later": 1}))
    (found,) = changes(target.getvalue(), annotated)
    assert found.page_index == 1
    assert panels_of(found.value)[0].box == Box(0, 0, 600, 450)


def test_two_pictures_that_differ_in_their_extension_keep_their_panels() -> None:
    twins = book(page(0, "a.jpg"), page(1, "a.png", size=(300, 450)))
    matched = match_pages(read_sidecar("f", written("cbxy", twins)), twins.book)
    assert [said.name for said in matched.values()] == ["a.jpg", "a.png"]


def test_mokuro_file_of_the_program_itself_is_read() -> None:
    block = {
        "box": [20, 30, 80, 200],
        "vertical": True,
        "font_size": 24.5,
        "lines_coords": [[[50.0, 30.0], [80.0, 30.0], [80.0, 200.0], [50.0, 200.0]]],
        "lines": ["今日は", "雨だ。"],
    }
    volume = {
        "version": "0.2.1",
        "title": "Night",
        "title_uuid": "0",
        "volume": "Night 1",
        "volume_uuid": "1",
        "pages": [
            {
                "version": "0.2.1",
                "img_width": 600,
                "img_height": 900,
                "blocks": [block],
                "img_path": "p1.jpg",
            }
        ],
    }
    (found,) = changes(json.dumps(volume).encode(), book(page(0, kinds=())))
    (text,) = texts_of(found.value)
    assert (text.text, text.kind, text.panel) == ("今日は雨だ。", TextKind.DIALOGUE, None)


def test_acbf_sample_of_the_specification_is_read() -> None:
    document = """<?xml version='1.0' encoding='utf-8'?>
    <ACBF xmlns="http://www.acbf.info/xml/acbf/1.1"><meta-data><book-info>
      <book-title lang="en">Hound</book-title>
      <coverpage><image href="cover.jpg"/></coverpage>
      <languages><text-layer lang="en" show="false"/><text-layer lang="sk" show="true"/></languages>
    </book-info></meta-data><body bgcolor="#ffffff"><page><title lang="en">Lady</title>
      <image href="page1.jpg"/>
      <text-layer lang="sk"><text-area points="63,61 374,57 379,97 63,93" type="commentary">
        <p>ZLE</p></text-area></text-layer>
      <text-layer lang="en"><text-area points="63,61 374,57 379,97 63,93" type="commentary">
        <p>BAD <emphasis>KARMA</emphasis></p></text-area></text-layer>
      <frame points="45,36 500,35 500,445 44,446"/><frame points="510,35 590,35 590,442 511,443"/>
    </page></body></ACBF>"""
    target = book(page(0, "cover.jpg"), page(1, "page1.jpg"))
    panels, texts = changes(document.encode(), target)
    assert (panels.page_index, texts.page_index) == (1, 1)
    first = panels_of(panels.value)[0]
    assert first.box == Box(44, 35, 500, 446)
    assert first.polygon is not None
    (text,) = texts_of(texts.value)  # the layer in the book's own language
    assert (text.text, text.kind) == ("BAD KARMA", TextKind.CAPTION)


def test_acbf_of_an_unknown_language_says_nothing_of_it() -> None:
    silent = book(page(0), metadata=Metadata(series="Night"))
    assert changes(written("acbf", silent), silent) == []


def test_acbf_shows_the_only_page_as_cover_and_as_body() -> None:
    only = book(page(0))
    sidecar = read_sidecar("f", written("acbf", only))
    assert [p.name for p in sidecar.pages] == ["scans/p1.jpg"]


def test_comicinfo_keeps_every_field_the_book_had() -> None:
    whole = book(page(0), page(1), metadata=full_metadata(), direction=Direction.RTL)
    back = ingest_comicinfo(written("comicinfo", whole))
    expected = replace(full_metadata(), summary="A summary", other=())
    assert replace(back.metadata, other=()) == expected
    assert set(full_metadata().other) <= set(back.metadata.other)
    assert back.manga == "yesandrighttoleft"
    tags = [element.tag for element in fromstring(written("comicinfo", whole))]
    assert tags.index("Title") < tags.index("Year") < tags.index("Odd") < tags.index("Pages")


def test_comicinfo_page_types_come_back(annotated: AnnotatedBook) -> None:
    changed = written("comicinfo", annotated).replace(b'Type="BackCover"', b'Type="Advertisement"')
    (found,) = changes(changed, annotated)
    assert (found.page_index, found.value) == (1, '"advertisement"')
    pages = ingest_comicinfo(written("comicinfo", annotated)).pages
    assert [pages[i].page_type for i in range(3)] == ["Story", "BackCover", "Story"]


def test_comicinfo_names_become_corrections_of_the_book() -> None:
    said = b"<ComicInfo><Title>Rain</Title><LanguageISO>fr-FR</LanguageISO></ComicInfo>"
    found = changes(said, book(page(0)))
    assert {(c.field, c.value) for c in found} == {("title", '"Rain"'), ("language", '"fr"')}


def test_manga_field_follows_the_direction() -> None:
    told = Metadata(other=(("Manga", "YesAndRightToLeft"),))
    turned = book(page(0), metadata=told, direction=Direction.LTR)
    assert ingest_comicinfo(written("comicinfo", turned)).manga == "yes"


def test_coco_categories_are_matched_by_name_and_boxes_ordered() -> None:
    target = book(page(0, kinds=()))
    file = {
        "images": [{"id": 7, "file_name": "/data/p1.jpg", "width": 600, "height": 900}],
        "categories": [{"id": 4, "name": "Face"}, {"id": 9, "name": "Panel"}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 9, "bbox": [310, 10, 280, 400]},
            {"id": 2, "image_id": 7, "category_id": 9, "bbox": [10, 10, 280, 400], "score": 0.9},
            {"id": 3, "image_id": 7, "category_id": 4, "bbox": [20, 20, 30, 30]},
        ],
    }
    (found,) = changes(json.dumps(file).encode(), target)
    assert [p.box.x0 for p in panels_of(found.value)] == [10, 310]
    turned = replace(target, book=replace(target.book, direction=Direction.RTL))
    (found,) = changes(json.dumps(file).encode(), turned)
    assert [p.box.x0 for p in panels_of(found.value)] == [310, 10]


def test_dataspec_of_one_page_and_of_lines_is_read() -> None:
    target = book(page(0, kinds=()), page(1, kinds=()))
    record = {
        "page_image_path": "out/p2.jpg",
        "panels": [
            {"panel_coords": [10, 10, 100, 100], "text": {"dialogue": ["B"], "narration": None}},
            {"panel_coords": [150, 10, 100, 100], "text": {"dialogue": ["A"]}},
        ],
        "reading_order": [1, 0],
    }
    (panels, texts) = changes(json.dumps(record).encode(), target)
    assert (panels.page_index, [p.box.x0 for p in panels_of(panels.value)]) == (1, [150, 10])
    assert [(t.text, t.panel) for t in texts_of(texts.value)] == [("A", 0), ("B", 1)]
    other = {**record, "page_image_path": "out/p1.jpg"}
    lines = "\n".join(json.dumps(r) for r in (record, other)).encode()
    assert {c.page_index for c in changes(lines, target)} == {0, 1}


def test_names_that_are_no_text_can_be_written() -> None:
    odd = book(page(0, "p\udcff\x07.jpg"), path="/shelf/odd\udcff.cbz")
    write: Callable[[str], bytes] = lambda name: written(name, odd)  # noqa: E731
    for name in FORMATS:
        assert read_sidecar(name, write(name)).format == name


def test_comicinfo_keeps_the_words_that_the_file_had_for_its_pages() -> None:
    words = ("Letters", "Deleted", "Other", None, "Roundup")
    pages = [page(i, page_type=PageType.TEXT_PAGE) for i in range(5)]
    told = book(
        *(
            replace(p, page=replace(p.page, declared_type=word))
            for p, word in zip(pages, words, strict=True)
        )
    )
    back = ingest_comicinfo(written("comicinfo", told)).pages
    assert [back[i].page_type for i in range(5)] == [
        "Letters",
        "Deleted",
        "Other",
        "Editorial",
        "Roundup",
    ]
    label = PageLabel(PageType.STORY, 1.0, "correction")
    put_right = replace(told, pages=(replace(told.pages[0], label=label), *told.pages[1:]))
    assert ingest_comicinfo(written("comicinfo", put_right)).pages[0].page_type == "Story"


@pytest.mark.parametrize("format_name", ["acbf", "mokuro", "coco", "dataspec"])
def test_lines_of_a_script_without_spaces_come_back(format_name: str) -> None:
    seen = page(0, kinds=(TextKind.DIALOGUE, TextKind.SOUND_EFFECT))
    lines = tuple(replace(t, text="雨が\n降る", language="ja") for t in seen.texts)
    japanese = book(replace(seen, texts=lines), metadata=Metadata(language="ja"))
    assert changes(written(format_name, japanese), japanese) == []
    kept = changes(written(format_name, japanese), japanese, keeps_all=True)
    (texts,) = [c.value for c in kept if c.field is CorrectedField.TEXTS]
    assert {t.text for t in texts_of(texts)} == {"雨が降る"}


def test_coco_image_without_annotations_says_nothing(annotated: AnnotatedBook) -> None:
    whole = json.loads(written("coco", annotated))
    whole["annotations"] = [a for a in whole["annotations"] if a["image_id"] == 1]
    assert changes(json.dumps(whole).encode(), annotated) == []


def test_dataspec_in_another_order_keeps_kinds_and_places(annotated: AnnotatedBook) -> None:
    records = json.loads(written("dataspec", annotated))
    records[0]["reading_order"] = [2, 0, 1]
    found = changes(json.dumps(records).encode(), annotated)
    assert [(c.page_index, c.field) for c in found] == [(0, "panels"), (0, "texts")]
    before = {t.text: (t.kind, t.box) for t in annotated.pages[0].texts}
    assert {t.text: (t.kind, t.box) for t in texts_of(found[1].value)} == before


def test_cbxy_entries_stay_in_the_folder_they_are_unpacked_in() -> None:
    names = ("../../etc/p.jpg", "/abs/p.jpg", "C:\\evil\\p.jpg", "..", "a/./b.jpg")
    tricky = book(*(page(i, name) for i, name in enumerate(names)))
    with zipfile.ZipFile(io.BytesIO(written("cbxy", tricky))) as archive:
        entries = archive.namelist()
    assert len(set(entries)) == len(names)
    for entry in entries:
        parts = entry.split("/")
        assert ".." not in parts
        assert parts[0]
        assert not parts[0].endswith(":")
    assert changes(written("cbxy", tricky), tricky) == []
