"""Lettering and descriptions: searched together or apart, never mixed up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from longbox.book import (
    AnnotatedBook,
    AnnotatedPage,
    Book,
    Direction,
    DirectionSource,
    FileStamp,
    Hit,
    Metadata,
    Page,
    PageFlag,
    PageLabel,
    PageType,
    Panel,
    PanelId,
    TextKind,
    TextRegion,
)
from longbox.config import Config, SearchOptions
from longbox.description import AnswerState, PageDescription, PanelDescription
from longbox.encoders import sentence_encoder
from longbox.errors import QueryError, SpaceMismatchError
from longbox.geometry import Box
from longbox.library import Filters, Library, Writing, write_book_store, write_description_store
from longbox.retrieval import PanelTerm, Searcher, SearchRequest, parse_query
from longbox.vectors import PanelVectors, Space

LETTERED = ["The dragon is coming!", "Pass the salt, please.", "", "Good night."]
DESCRIBED = [
    "A woman points at an empty sky.",
    "A green dragon sits at a kitchen table and eats soup.",
    "An old lighthouse in heavy rain.",
    "",
]
BOOK_ID = f"{7:016x}"


def draw() -> AnnotatedBook:
    boxes = [Box(0, 100 * i, 300, 100 * i + 90) for i in range(4)]
    page = Page(0, "1.png", "d" * 64, 300, 400)
    texts = tuple(
        TextRegion(boxes[i], text, 0.9, TextKind.DIALOGUE, "drawn", i, i, "en")
        for i, text in enumerate(LETTERED)
        if text
    )
    panels = tuple(Panel(box, i, 1.0, "drawn") for i, box in enumerate(boxes))
    label = PageLabel(PageType.STORY, 1.0, "drawn")
    seen = AnnotatedPage(page, panels, texts, label, "f0" * 8, flags=(PageFlag.WATERMARK,))
    book = Book(
        BOOK_ID, "/shelf/soup.cbz", "cbz", Metadata(title="Soup"), Direction.LTR,
        DirectionSource.GUESS, (page,),
    )  # fmt: skip
    return AnnotatedBook(book, (seen,))


def embedded(space: Space, texts: list[str], fingerprint: str | None = None) -> PanelVectors:
    encoder = sentence_encoder()
    mask = np.array([bool(text) for text in texts])
    rows = np.zeros((len(texts), encoder.dimension), np.float32)
    rows[mask] = encoder.encode_documents([text for text in texts if text])
    return PanelVectors(space, fingerprint or encoder.fingerprint, rows, mask)


def fill(root: Path, *, is_described: bool = True, fingerprint: str | None = None) -> Library:
    library = Library.create(root)
    annotated = draw()
    write_book_store(root, annotated, (embedded(Space.TEXT, LETTERED),), "drawn")
    if is_described:
        panels = tuple(PanelDescription(i, i + 1, text) for i, text in enumerate(DESCRIBED) if text)
        said = PageDescription(
            0, "d" * 64, AnswerState.CLEAN, "Soup.", panels, (), "vlm", "p", 1, 1, 0.0, "2026"
        )
        vectors = embedded(Space.DESCRIPTION, DESCRIBED, fingerprint)
        write_description_store(root, BOOK_ID, [said], vectors)
    library.merge_book(BOOK_ID, annotated.book.path, FileStamp(1, 1))
    library.update_indexes()
    return library


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return fill(tmp_path_factory.mktemp("described"))


def ask(library: Library, query: str, **options: object) -> tuple[Hit, ...]:
    request = SearchRequest(parse_query(query), **options)  # type: ignore[arg-type]
    return Searcher(library, Config()).search(request)


def by_panel(hits: tuple[Hit, ...]) -> dict[int, set[str]]:
    return {hit.panel: set(hit.matched) for hit in hits}


def test_both_kinds_are_searched_and_the_hit_says_which_matched(described: Library) -> None:
    found = by_panel(ask(described, "dragon"))
    assert {"text", "words", "substring"} <= found[0]
    assert "description_words" not in found[0]
    assert {"description", "description_words", "description_substring"} <= found[1]
    assert "words" not in found[1]
    assert found[2] == {"description"}  # a silent panel, found by its description alone


def test_a_search_in_one_kind_hears_nothing_of_the_other(described: Library) -> None:
    text = by_panel(ask(described, "dragon", within=Writing.TEXT))
    assert set.union(*text.values()) <= {"text", "words", "substring"}
    assert next(iter(text)) == 0
    assert 2 not in text
    told = by_panel(ask(described, "dragon", within=Writing.DESCRIPTION))
    lists = {"description", "description_words", "description_substring"}
    assert set.union(*told.values()) <= lists
    assert next(iter(told)) == 1
    assert 3 not in told  # nothing was described there


def test_hits_carry_what_is_described(described: Library) -> None:
    hits = ask(described, "lighthouse", within=Writing.DESCRIPTION)
    assert hits[0].description == DESCRIBED[2]
    assert hits[0].text == ""
    plain = next(hit for hit in ask(described, "good night") if hit.panel == 3)
    assert plain.description == ""


def test_meaning_finds_a_description_without_a_common_word(described: Library) -> None:
    hits = ask(described, "a tower that warns ships during a storm", within=Writing.DESCRIPTION)
    assert hits[0].panel == 2
    assert set(hits[0].matched) == {"description"}


def test_subtracted_words_are_subtracted_within_their_own_kind(described: Library) -> None:
    weights = {"text": 0.0, "description": 0.0}
    found = by_panel(ask(described, '"dragon" - "soup"', weights=weights))
    assert set(found) == {0}
    found = by_panel(ask(described, '"dragon" - "coming"', weights=weights))
    assert set(found) == {1}


def test_a_panel_is_liked_by_its_description_too(described: Library) -> None:
    (page,) = {hit.panel_id for hit in ask(described, "lighthouse") if hit.panel == 2}
    request = SearchRequest((PanelTerm(PanelId.parse(page)),))
    hits = Searcher(described, Config()).search(request)
    assert {name for hit in hits for name in hit.matched} == {"description"}


def test_lists_can_be_weighed_apart(described: Library) -> None:
    hits = ask(described, "dragon", weights={"description_words": 500.0})
    assert hits[0].panel == 1
    hits = ask(described, "dragon", weights={"words": 500.0})
    assert hits[0].panel == 0
    muted = replace(
        SearchOptions(),
        description_weight=0.0,
        description_words_weight=0.0,
        description_substring_weight=0.0,
    )
    searcher = Searcher(described, replace(Config(), search=muted))
    assert set(by_panel(searcher.search(SearchRequest(parse_query("dragon"))))) == {0, 1, 3}


def test_flags_narrow_a_search(described: Library) -> None:
    watermark = (PageFlag.WATERMARK,)
    assert ask(described, "dragon", filters=Filters(flags=watermark))
    assert not ask(described, "dragon", filters=Filters(without_flags=watermark))


def test_a_library_without_descriptions_is_searched_as_before(tmp_path: Path) -> None:
    with fill(tmp_path, is_described=False) as library:
        hits = ask(library, "dragon")
        assert set.union(*by_panel(hits).values()) <= {"text", "words", "substring"}
        assert all(hit.description == "" for hit in hits)
        with pytest.raises(QueryError, match="longbox describe"):
            ask(library, "dragon", within=Writing.DESCRIPTION)


def test_descriptions_embedded_by_another_encoder_are_never_compared(tmp_path: Path) -> None:
    with fill(tmp_path, fingerprint="another sentence encoder") as library:
        with pytest.raises(SpaceMismatchError, match="longbox describe"):
            ask(library, "dragon")
        assert ask(library, "dragon", within=Writing.TEXT)[0].panel == 0
        words_only = {"description": 0.0}
        assert "description_words" in by_panel(ask(library, "dragon", weights=words_only))[1]
