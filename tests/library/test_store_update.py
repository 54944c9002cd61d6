"""A stored book's annotation rewritten while its vectors stay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawn_books import STAMP, Drawn, draw_book, filled

from longbox.book import AnnotatedBook, Direction, Metadata
from longbox.errors import LibraryError
from longbox.library import (
    Filters,
    WordsQuery,
    has_store,
    read_book_store,
    store_path,
    update_book_store,
    write_book_store,
)
from longbox.library.stored_vectors import read_vectors
from longbox.vectors import QueryVector, Space


def told_anew(drawn: Drawn) -> AnnotatedBook:
    """Return the book with other metadata, direction, declared types and path."""
    old = drawn.annotated
    pages = tuple(
        replace(page, page=replace(page.page, declared_type="FrontCover")) for page in old.pages
    )
    book = replace(
        old.book,
        metadata=Metadata(series="Dragons", year=1987),
        direction=Direction.RTL,
        path="/elsewhere/new.cbz",
        pages=tuple(page.page for page in pages),
    )
    return replace(old, book=book, pages=pages)


def test_annotation_changes_while_vectors_and_recipe_stay_as_they_are(tmp_path: Path) -> None:
    drawn = draw_book(1)
    path = write_book_store(tmp_path, drawn.annotated, drawn.vectors, "r1")
    before = {space.space: read_vectors(path, space.space) for space in drawn.vectors}
    new = told_anew(drawn)
    assert update_book_store(tmp_path, new) == path
    assert read_book_store(path).annotated == new
    assert has_store(tmp_path, drawn.book_id, "r1")
    for space, (fingerprint, vectors, mask) in before.items():
        found = read_vectors(path, space)
        assert found[0] == fingerprint
        assert found[1].tobytes() == vectors.tobytes()
        np.testing.assert_array_equal(found[2], mask)
    written = write_book_store(tmp_path / "b", new, drawn.vectors, "r1")
    assert path.read_bytes() == written.read_bytes()
    assert list((tmp_path / "partial").iterdir()) == []


def test_a_book_without_panels_or_vectors_is_updated_too(tmp_path: Path) -> None:
    drawn = draw_book(2, [])
    write_book_store(tmp_path, drawn.annotated, (), "r1")
    path = update_book_store(tmp_path, told_anew(drawn))
    assert read_book_store(path).annotated.book.metadata.series == "Dragons"


def test_search_follows_after_a_merge(tmp_path: Path) -> None:
    drawn = draw_book(1, [["a dragon", "sleeps"]])
    with filled(tmp_path, [drawn]) as library:
        wanted = Filters(series="dragons", year_min=1980, direction=Direction.RTL)
        query = QueryVector(Space.VISION, "vision-v1", drawn.vectors[0].vectors[1])
        assert library.match_words(WordsQuery(("dragon",)), 5, wanted) == []
        assert library.nearest(query, 5, wanted) == []
        new = told_anew(drawn)
        update_book_store(tmp_path, new)
        library.merge_book(drawn.book_id, new.book.path, STAMP)
        library.update_indexes()
        (hit,) = library.match_words(WordsQuery(("dragon",)), 5, wanted)
        (record,) = library.panel_records([hit.row])
        assert (record.title, record.series, record.year) == ("Dragons", "Dragons", 1987)
        best = library.panel_records([h.row for h in library.nearest(query, 5, wanted)])
        assert [r.panel for r in best] == [1, 0]


def test_without_a_readable_store_nothing_is_made(tmp_path: Path) -> None:
    drawn = draw_book(1)
    with pytest.raises(LibraryError, match="no such book store"):
        update_book_store(tmp_path, drawn.annotated)
    assert not (tmp_path / "books").exists()
    path = write_book_store(tmp_path, drawn.annotated, drawn.vectors, "r1")
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(LibraryError, match="damaged"):
        update_book_store(tmp_path, drawn.annotated)


def test_other_pages_or_panels_are_refused_and_change_nothing(tmp_path: Path) -> None:
    drawn = draw_book(1, [["a", "b"], ["c"]])
    path = write_book_store(tmp_path, drawn.annotated, drawn.vectors, "r1")
    before = path.read_bytes()
    for texts, reason in (
        ([["a", "b"]], "holds 2 pages, not 1"),
        ([["a"], ["b", "c"]], "page 1 has 2 panels, not 1"),
        ([["a", "b"], ["c", "d"]], "page 2 has 1 panels, not 2"),
    ):
        with pytest.raises(LibraryError, match=reason):
            update_book_store(tmp_path, draw_book(1, texts).annotated)
    first, second = drawn.annotated.pages
    turned = replace(
        first,
        panels=tuple(replace(p, order=i) for i, p in enumerate(reversed(first.panels))),
    )
    with pytest.raises(LibraryError, match="in another order"):
        update_book_store(tmp_path, replace(drawn.annotated, pages=(turned, second)))
    assert store_path(tmp_path, drawn.book_id).read_bytes() == before
