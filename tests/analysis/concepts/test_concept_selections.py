"""From what people write to rows of a library."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from characters.looks import encode_by_tiles
from longbox.analysis import Unit, gather_units, write_map
from longbox.analysis.concepts import concept_of, parse_spec, select, select_all
from longbox.analysis.concepts import matching as matching_module
from longbox.book import AnnotatedBook, FileStamp, TextKind, TextRegion
from longbox.characters import IdentityOptions
from longbox.config import Config
from longbox.errors import QueryError
from longbox.library import Library, write_book_store
from longbox.pipeline import LookTools, cluster_books, look_at_books, name_cluster, remember_shown
from longbox.vectors import Space
from mapped_libraries import on_a_grid
from numbered_libraries import PANELS, annotated, vectors_of

PAGES = 4


def lettered(book: AnnotatedBook, lines: dict[tuple[int, int], str]) -> AnnotatedBook:
    """Give panels (page, panel) lettering of their own, in place of what was drawn."""
    pages = []
    for page in book.pages:
        texts = [
            TextRegion(panel.box, line, 1.0, TextKind.DIALOGUE, "drawn", panel.order, panel.order)
            for panel in page.panels
            if (line := lines.get((page.page.index, panel.order)))
        ]
        pages.append(replace(page, texts=tuple(texts)))
    return replace(book, pages=tuple(pages))


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """Three books of four pages of three panels; 2 is horror with Conan, 3 is another series."""
    opened = Library.create(tmp_path / "library")
    told = {
        1: {(0, 0): "the magic potion", (1, 2): "a potion of magic", (2, 1): "cats"},
        2: {(0, 1): "Magic!", (3, 0): "魔法の猫"},
        3: {(0, 0): "nothing", (2, 2): "a cat", (3, 1): "cathedral"},
    }
    known = {
        1: {"series": "Red Sonja", "year": 1950, "language": "en"},
        2: {"series": "Conan", "year": 1959, "genres": ("Horror", "Fantasy"), "language": "ja"},
        3: {"series": "Batman", "year": None, "characters": ("Batman", "Conan")},
    }
    for number, lines in told.items():
        book = lettered(annotated(number, PAGES), lines)
        metadata = replace(book.book.metadata, **known[number])  # type: ignore[arg-type]
        book = replace(book, book=replace(book.book, metadata=metadata))
        write_book_store(opened.root, book, vectors_of(book, number), "drawn")
        opened.merge_book(book.book.book_id, book.book.path, FileStamp(1, number))
    opened.update_indexes()
    return opened


def places(library: Library, text: str) -> set[tuple[int, int, int]]:
    """Return what is selected as (book, page, panel)."""
    columns = library.panel_columns(select(library, text).rows)
    numbers = [int(line.book_id, 16) for line in columns.books]
    return {
        (numbers[b], page, panel)
        for b, page, panel in zip(
            columns.book.tolist(),
            columns.page_index.tolist(),
            columns.panel.tolist(),
            strict=True,
        )
    }


def all_of(*books: int) -> set[tuple[int, int, int]]:
    return {(b, page, panel) for b in books for page in range(PAGES) for panel in range(PANELS)}


def test_words_find_every_panel_that_holds_them(library: Library) -> None:
    assert places(library, "x=magic") == {(1, 0, 0), (1, 1, 2), (2, 0, 1)}
    assert places(library, "x=magic potion") == {(1, 0, 0), (1, 1, 2)}
    assert places(library, 'x="magic potion"') == {(1, 0, 0)}
    assert places(library, "x=potion,cats") == {(1, 0, 0), (1, 1, 2), (1, 2, 1)}
    assert places(library, "x=cat") == {(3, 2, 2)}
    assert places(library, "x=cat*") == {(1, 2, 1), (3, 2, 2), (3, 3, 1)}
    assert places(library, "x=猫") == {(2, 3, 0)}


def test_words_are_all_found_where_one_search_would_stop(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = places(library, "x=magic,potion")
    asked = []
    search = library.match_words

    def stops(query: object, k: int, filters: object, writing: object) -> object:
        asked.append(filters)
        return search(query, min(k, 2), filters, writing)  # type: ignore[arg-type]

    monkeypatch.setattr(library, "match_words", stops)
    monkeypatch.setattr(matching_module, "_SURELY_ALL", 2)
    assert places(library, "x=magic,potion") == whole
    assert len(asked) > 2


def test_fields_of_books_choose_whole_books(library: Library) -> None:
    assert places(library, "x=series:sonja") == all_of(1)
    assert places(library, 'x=series:"red sonja",BATMAN') == all_of(1, 3)
    assert places(library, "x=genre:horror") == all_of(2)
    assert places(library, "x=year:1950-1959") == all_of(1, 2)
    assert places(library, "x=year:1951-") == all_of(2)
    assert places(library, "x=year:1950,1959") == all_of(1, 2)
    assert places(library, f"x=book:{2:016x}") == all_of(2)
    assert places(library, "x=language:ja") == all_of(2)
    assert places(library, "x=direction:ltr") == all_of(1, 2, 3)
    assert places(library, "x=character:conan") == all_of(3)


def test_fields_of_pages_and_panels_narrow_and_take_away(library: Library) -> None:
    covers = {(b, 0, panel) for b in (1, 2, 3) for panel in range(PANELS)}
    assert places(library, "x=type:cover") == covers
    assert places(library, "x=type:cover series:Conan,Batman") == {c for c in covers if c[0] > 1}
    last = {(b, PAGES - 1, panel) for b in (1, 2, 3) for panel in range(PANELS)}
    assert places(library, "x=flag:prose") == last
    assert places(library, "x=series:conan -type:cover -flag:prose -magic") == {
        p for p in all_of(2) if p[1] in (1, 2)
    }
    assert places(library, "x=lettering:yes series:batman") == {(3, 0, 0), (3, 2, 2), (3, 3, 1)}
    assert places(library, "x=magic -series:conan") == {(1, 0, 0), (1, 1, 2)}
    panel = f"{1:016x}-0002-01"
    assert places(library, f"x=panel:{panel}") == {(1, 2, 1)}


def test_a_lasso_takes_the_points_of_a_kept_map(library: Library) -> None:
    made = on_a_grid(library, Space.VISION)
    write_map(library.root, made)
    chosen = select(library, "x=lasso:-1,-1;0,-1;0,0;-1,0@vision/panels")
    inside = (made.places < 0).all(axis=1)
    assert chosen.rows.tolist() == made.rows[inside].tolist()
    assert 0 < inside.sum() < made.rows.size
    with pytest.raises(QueryError, match="no map of pages by text"):
        select(library, "x=lasso:-1,-1;0,-1;0,0@text/pages")


def test_a_selection_of_panels_becomes_the_pages_that_hold_them(library: Library) -> None:
    chosen = select(library, "x=magic")
    units = gather_units(library, Space.VISION, Unit.PAGES)
    concept = concept_of(units, chosen)
    pages = {
        (int(units.books[b].book_id, 16), page)
        for b, page in zip(
            units.book[concept.members].tolist(),
            units.page_index[concept.members].tolist(),
            strict=True,
        )
    }
    assert pages == {(1, 0), (1, 1), (2, 0)}
    assert chosen.pages.size == 3


def test_what_has_no_vector_in_the_space_is_counted_and_takes_no_part(library: Library) -> None:
    chosen = select(library, "x=magic")  # its panel 1 of book 2 has no text vector
    concept = concept_of(gather_units(library, Space.TEXT), chosen)
    assert (concept.n, concept.n_without_vector) == (2, 1)


def test_a_selection_says_how_much_it_found_and_where(library: Library) -> None:
    words = select(library, "x=magic").words
    assert words == "3 panels on 3 pages of 2 books; “magic”: 3 by lettering"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x=unheard", "nothing on this shelf matches 'unheard'"),
        ("x=series:conan series:batman", "nothing on this shelf"),
        ("x=book:ffff", "no book of this library"),
        ("x=book:0000", "3 books of this library"),
        (f"x=panel:{9:016x}-0000-00", "no such panel"),
    ],
)
def test_what_matches_nothing_says_so(library: Library, text: str, said: str) -> None:
    with pytest.raises(QueryError, match=said):
        select(library, text)


def test_two_concepts_cannot_have_one_name(library: Library) -> None:
    assert [s.name for s in select_all(library, ["a=magic", "b=cat"])] == ["a", "b"]
    with pytest.raises(QueryError, match="two concepts are called a"):
        select_all(library, ["a=magic", "a=cat"])


def test_a_library_without_books_selects_nothing(tmp_path: Path) -> None:
    with Library.create(tmp_path / "empty") as library:
        for text in ("x=magic", "x=type:cover", "x=series:a", "x=lettering:yes", "x=character:a"):
            assert parse_spec(text).terms
            with pytest.raises(QueryError, match="nothing on this shelf"):
                select(library, text)


def test_named_clusters_choose_the_panels_that_show_somebody(tmp_path: Path) -> None:
    from pipeline.test_library_characters import BLUE, RED, add, draw_book

    with Library.create(tmp_path / "library") as library:
        draw_book(tmp_path / "a.cbz", [[RED, BLUE], [RED, RED]], 1)
        book_id = add(library, tmp_path / "a.cbz", "Night")
        tools = LookTools("identity~tiles~panel", encode_by_tiles, None, IdentityOptions())
        looked, _ = look_at_books(library, Config(), [book_id], tools)
        group = cluster_books(library, "Night", [looked[book_id]])
        remember_shown(library, [group])
        red = group.clusters[0]
        name_cluster(library, red.key, "Sonja")
        chosen = select(library, "x=character:sonja")
        wanted = sorted({library.panel_row(member.panel_id) for member in red.members})
        assert chosen.rows.tolist() == wanted
        assert np.isin(chosen.rows, select(library, "x=series:night").rows).all()
        assert "by clusters" in chosen.words
