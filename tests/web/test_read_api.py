"""What the reader's script asks for: pages in parts, and words inside one book."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from longbox.book import (
    AnnotatedBook,
    AnnotatedPage,
    Book,
    Direction,
    DirectionSource,
    Metadata,
    Page,
    PageLabel,
    PageType,
    Panel,
    TextKind,
    TextRegion,
)
from longbox.config import Config
from longbox.correction import CorrectedField, CorrectedPanel, Correction, panels_value
from longbox.geometry import Box
from longbox.library import Library
from longbox.web import WebOptions, create_app
from longbox.web.read.finding import find_texts
from longbox.web.read.reading import OpenBook


@pytest.fixture
def client(drawn_library: Path) -> Iterator[TestClient]:
    with Library.open(drawn_library, read_only=True) as library:
        app = create_app(library, Config(), WebOptions(is_read_only=True))
        with TestClient(app, base_url="http://127.0.0.1") as made:
            yield made


def book_of(root: Path, title: str) -> AnnotatedBook:
    with Library.open(root, read_only=True) as library:
        books = [library.annotated_book(i) for i in library.book_ids()]
    return next(b for b in books if title in b.book.title)


def lettered(*texts: str) -> OpenBook:
    """A book of one page that says these texts."""
    box = Box(0, 0, 100, 40)
    regions = tuple(
        TextRegion(box, text, 1.0, TextKind.DIALOGUE, "test", 0, i) for i, text in enumerate(texts)
    )
    page = AnnotatedPage(
        Page(0, "1.png", "0" * 64, 400, 600),
        (Panel(Box(0, 0, 400, 600), 0, 1.0, "test"),),
        regions,
        PageLabel(PageType.STORY, 1.0, "test"),
    )
    book = Book(
        "0" * 16, "a.cbz", "cbz", Metadata(), Direction.LTR, DirectionSource.GUESS, (page.page,)
    )
    return OpenBook(AnnotatedBook(book, (page,)), "mark")


def test_a_part_of_a_book_has_its_panels_and_texts(client: TestClient, drawn_library: Path) -> None:
    book = book_of(drawn_library, "Potion")
    found = client.get(f"/api/v1/books/{book.book.book_id}/reading?from=1&to=3").json()
    assert (found["title"], found["direction"], found["n_pages"]) == (
        book.book.title,
        "ltr",
        len(book.pages),
    )
    assert [p["page_index"] for p in found["pages"]] == [1, 2]
    told, known = found["pages"][0], book.pages[1]
    assert [p["box"] for p in told["panels"]] == [
        pytest.approx(p.box.as_tuple(), abs=0.06) for p in known.panels
    ]
    assert [p["panel_id"] for p in told["panels"]] == [
        f"{book.book.book_id}-0001-{p.order:02d}" for p in known.panels
    ]
    assert [(t["text"], t["kind"], t["panel"]) for t in told["texts"]] == [
        (t.text, t.kind, t.panel) for t in known.texts
    ]


def test_what_did_not_change_is_not_sent_again(client: TestClient, drawn_library: Path) -> None:
    address = f"/api/v1/books/{book_of(drawn_library, 'Moon').book.book_id}/reading"
    first = client.get(address)
    again = client.get(address, headers={"If-None-Match": first.headers["etag"]})
    other = client.get(f"{address}?from=1", headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code, other.status_code) == (200, 304, 200)
    assert again.content == b""


@pytest.mark.parametrize("query", ["from=5000", "from=2&to=2", "from=3&to=1"])
def test_a_part_outside_the_book_is_empty(
    client: TestClient, drawn_library: Path, query: str
) -> None:
    book_id = book_of(drawn_library, "Potion").book.book_id
    assert client.get(f"/api/v1/books/{book_id}/reading?{query}").json()["pages"] == []


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/api/v1/books/0000000000000000/reading", 404),
        ("/api/v1/books/0000000000000000/words?q=cat", 404),
        ("/api/v1/books/..%2f..%2fetc/reading", 404),
        ("/api/v1/books/zz/reading", 422),
        ("/read/0000000000000000", 404),
        ("/read/{book}?page=0", 422),
        ("/read/{book}?view=sideways", 422),
        ("/api/v1/books/{book}/reading?from=-1", 422),
        ("/api/v1/books/{book}/words?q=", 422),
        ("/api/v1/books/{book}/words?q=" + "a" * 201, 422),
    ],
)
def test_what_is_not_there_is_refused_in_one_line(
    client: TestClient, drawn_library: Path, address: str, status: int
) -> None:
    answer = client.get(address.format(book=book_of(drawn_library, "Potion").book.book_id))
    assert answer.status_code == status
    if address.startswith("/api"):
        assert "\n" not in answer.json()["error"]


def test_panels_that_a_person_drew_are_shown_before_any_run(library_copy: Path) -> None:
    book = book_of(library_copy, "Potion")
    book_id = book.book.book_id
    page = book.pages[1].page
    halves = [Box(0, 0, page.width, 500), Box(0, 500, page.width, page.height)]
    with Library.open(library_copy) as library:
        app = create_app(library, Config(), WebOptions())
        with TestClient(app, base_url="http://127.0.0.1") as client:
            address = f"/api/v1/books/{book_id}/reading?from=1&to=2"
            before = client.get(address)
            library.add_correction(
                Correction(
                    book_id,
                    1,
                    CorrectedField.PANELS,
                    panels_value([CorrectedPanel(box) for box in halves]),
                    "2026-01-01T00:00:00+00:00",
                )
            )
            after = client.get(address, headers={"If-None-Match": before.headers["etag"]})
    told = after.json()["pages"][0]
    assert [p["box"] for p in told["panels"]] == [list(box.as_tuple()) for box in halves]
    assert told["is_corrected"]
    assert [p["panel_id"] for p in told["panels"]] == [None, None]
    texts = [(t["box"], t["panel"]) for t in told["texts"]]
    assert texts
    for box, panel in texts:
        middle = (box[1] + box[3]) / 2
        assert panel == (0 if middle < 500 else 1)


def test_words_are_found_with_their_place(client: TestClient, drawn_library: Path) -> None:
    book = book_of(drawn_library, "Potion")
    page = next(p for p in book.pages if any(len(t.text.split()[0]) > 3 for t in p.texts))
    text = next(t for t in page.texts if len(t.text.split()[0]) > 3)
    sought = text.text.split()[0].lower()
    found = client.get(
        f"/api/v1/books/{book.book.book_id}/words", params={"q": sought, "limit": 500}
    ).json()
    places = [(h["page_index"], h["text_index"]) for h in found["hits"]]
    assert (page.page.index, page.texts.index(text)) in places
    assert places == sorted(places)
    assert found["total"] == len(places)
    for hit in found["hits"]:
        marked = [piece["text"].lower() for piece in hit["pieces"] if piece["is_match"]]
        assert all(sought in part for part in marked)


@pytest.mark.parametrize(
    ("text", "sought", "marked"),
    [
        ("The CAFÉ is\nclosed", "cafe is closed", ["CAFÉ is\nclosed"]),
        ("Über alles", "uber", ["Über"]),
        ("Who took the potion, cat?", "cat potion", ["potion", "cat"]),
        ("ハルコ どこ行くの", "どこ", ["どこ"]),
        ("ﬁne weather", "fine", ["ﬁne"]),
        ("aaaa", "aa", ["aaaa"]),
        ("Straße", "STRASSE", ["Straße"]),
        ("nothing of it", "cat", []),
        ("the cat", "cat dog", []),
        ("", "cat", []),
        ("<b>cat</b>", "<b>", ["<b>"]),
    ],
)
def test_case_accents_and_line_breaks_do_not_matter(
    text: str, sought: str, marked: list[str]
) -> None:
    found = find_texts(lettered(text), sought, 10)
    assert found.total == (1 if marked else 0)
    pieces = found.hits[0].pieces if found.hits else ()
    assert [p.text for p in pieces if p.is_match] == marked
    assert "".join(p.text for p in pieces) == (text if marked else "")


def test_only_white_space_finds_nothing() -> None:
    assert find_texts(lettered("a b", " "), " \n ", 10).total == 0


def test_hits_are_bounded_but_counted() -> None:
    found = find_texts(lettered(*["cat"] * 30), "cat", 7)
    assert (found.total, len(found.hits)) == (30, 7)


def test_half_a_character_in_a_title_breaks_nothing(
    client: TestClient, drawn_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book_id = book_of(drawn_library, "Potion").book.book_id
    real = Library.annotated_book

    def damaged(self: Library, wanted: str) -> AnnotatedBook:
        found = real(self, wanted)
        metadata = replace(found.book.metadata, title="odd \udcff", series=None)
        return replace(found, book=replace(found.book, metadata=metadata))

    monkeypatch.setattr(Library, "annotated_book", damaged)
    assert client.get(f"/api/v1/books/{book_id}/reading").json()["title"] == "odd ?"
    assert client.get(f"/read/{book_id}").status_code == 200
