"""The commands on a library with descriptions and flagged pages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from longbox.book import (
    AnnotatedBook,
    AnnotatedPage,
    Book,
    Direction,
    DirectionSource,
    FileStamp,
    Metadata,
    Page,
    PageFlag,
    PageLabel,
    PageType,
    Panel,
    TextKind,
    TextRegion,
)
from longbox.cli.app import app
from longbox.description import AnswerState, PageDescription, PanelDescription
from longbox.geometry import Box
from longbox.library import Library, write_book_store, write_description_store
from longbox.page_types import FLAG_ADVICE
from longbox.vectors import PanelVectors, Space

BOX = Box(0, 0, 300, 400)


def draw(number: int, flags: Sequence[tuple[PageFlag, ...]]) -> AnnotatedBook:
    """Draw a book with a panel and a text a page."""
    pages = tuple(
        AnnotatedPage(
            Page(i, f"{i}.png", f"{10 * number + i:064x}", 300, 400),
            (Panel(BOX, 0, 1.0, "drawn"),),
            (TextRegion(BOX, f"Hello {i}", 0.4, TextKind.DIALOGUE, "drawn", 0, 0),),
            PageLabel(PageType.STORY, 1.0, "drawn"),
            flags=said,
        )
        for i, said in enumerate(flags)
    )
    book = Book(
        f"{number:016x}", f"/shelf/book \x1b[2J{number}.cbz", "cbz", Metadata(title=f"B{number}"),
        Direction.LTR, DirectionSource.GUESS, tuple(page.page for page in pages),
    )  # fmt: skip
    return AnnotatedBook(book, pages)


BOOKS = [
    draw(1, [(), (PageFlag.LANDSCAPE, PageFlag.PROSE), (PageFlag.WATERMARK,)]),
    draw(2, [(PageFlag.NOT_COMIC_BOOK,)] * 2),
]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("described")
    with Library.create(folder) as library:
        for annotated in BOOKS:
            vectors = PanelVectors(
                Space.COMPOSITION, "c", np.ones((annotated.n_panels, 2), "f4"),
                np.ones(annotated.n_panels, bool),
            )  # fmt: skip
            write_book_store(folder, annotated, (vectors,), "r")
            library.merge_book(annotated.book.book_id, annotated.book.path, FileStamp(1, 1))
        said = PageDescription(
            0, BOOKS[0].pages[0].page.digest, AnswerState.REPAIRED, "A page with a whale.",
            (PanelDescription(0, 1, "A whale \x1b[31mbelow a ship.", ("Ahab",), shot="wide"),),
            (), "drawn-vlm", "p", 1, 1, 0.0, "2026-01-01",
        )  # fmt: skip
        failed = replace(said, page_index=1, page_digest=BOOKS[0].pages[1].page.digest, panels=())
        failed = replace(failed, state=AnswerState.FAILED, problem="no answer")
        write_description_store(folder, BOOKS[0].book.book_id, [said, failed], None)
        library.merge_descriptions(BOOKS[0].book.book_id)
        library.update_indexes()
    return folder


def run(root: Path, *words: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, [*words, "--library", str(root)])
    assert done.exit_code == code, done.output
    return done.stdout


def test_search_in_descriptions_shows_them_and_the_list_that_matched(root: Path) -> None:
    out = run(root, "search", "whale", "--in", "description")
    assert "A whale [31mbelow a ship." in out
    assert "\x1b[31m" not in out
    assert "description_words #1" in out
    (hit,) = json.loads(run(root, "search", "whale", "--json"))["hits"]
    assert set(hit["matched"]) == {"description_words", "description_substring"}
    assert hit["description"].startswith("A whale")
    run(root, "search", "whale", "--in", "text", code=1)
    run(root, "search", "whale", "--in", "colour", code=2)


def test_search_by_flags(root: Path) -> None:
    def pages(*words: str) -> list[tuple[str, int]]:
        hits = json.loads(run(root, "search", "hello", "--json", *words))["hits"]
        return sorted((hit["title"], hit["page"]) for hit in hits)

    assert pages("--flag", "landscape", "--flag", "watermark") == [("B1", 1), ("B1", 2)]
    assert pages("--without-flag", "not_comic_book", "--without-flag", "prose") == [
        ("B1", 0),
        ("B1", 2),
    ]


def test_review_lists_pages_and_whole_books_by_flag(root: Path) -> None:
    said = json.loads(run(root, "library", "review", "--json"))
    assert (said["pages"], said["left_out_of_training"]) == (5, 3)  # a watermark is left in
    assert said["flags"] == {"landscape": 1, "prose": 1, "watermark": 1, "not_comic_book": 2}
    assert [(item["flag"], item["title"], item["page"]) for item in said["items"]] == [
        ("landscape", "B1", 1),
        ("prose", "B1", 1),
        ("watermark", "B1", 2),
        ("not_comic_book", "B2", None),
    ]
    assert all(item["todo"] == FLAG_ADVICE[PageFlag(item["flag"])] for item in said["items"])
    assert said["items"][0]["file"] == BOOKS[0].book.path
    out = run(root, "library", "review")
    assert "not_comic_book: 2 pages" in out
    assert "2.cbz, every page" in out
    assert "3 of 5 pages left out of training by default" in out
    assert "\x1b[2J" not in out


def test_review_of_one_flag(root: Path) -> None:
    said = json.loads(run(root, "library", "review", "--flag", "prose", "--json"))
    assert [item["flag"] for item in said["items"]] == ["prose"]
    assert (
        "nothing to review"
        in CliRunner()
        .invoke(app, ["library", "review", "--flag", "duplicate", "--library", str(root)])
        .output
    )


def test_every_flag_has_advice() -> None:
    assert set(FLAG_ADVICE) == set(PageFlag)


def test_show_prints_description_flags_and_confidence(root: Path) -> None:
    book = BOOKS[0].book.book_id
    out = run(root, "show", f"{book}-0000-00")
    for part in ("read 40% sure", "Hello 0", "drawn-vlm", "repaired", "A whale", "Ahab"):
        assert part in out
    assert "the page: A page with a whale." in out
    assert "page flagged: landscape, prose" in run(root, "show", f"{book}-0001-00")
    said = json.loads(run(root, "show", f"{book}-0000-00", "--json"))
    assert said["text_confidence"] == pytest.approx(0.4, abs=0.005)
    assert said["page_description"]["model"] == "drawn-vlm"
    assert said["page_description"]["is_fitting"]
    bare = json.loads(run(root, "show", f"{BOOKS[1].book.book_id}-0000-00", "--json"))
    assert (bare["page_description"], bare["flags"]) == (None, ["not_comic_book"])


def test_status_counts_described_pages_and_flags(root: Path) -> None:
    out = run(root, "status")
    assert "1 page described\n" in out
    assert "1 page described without a usable answer" in out
    assert "4 pages flagged (landscape 1, prose 1, watermark 1, not_comic_book 2)" in out
    said = json.loads(run(root, "status", "--json"))
    assert (said["described_pages"], said["unfinished_descriptions"]) == (1, 1)
    assert said["flags"]["not_comic_book"] == 2
