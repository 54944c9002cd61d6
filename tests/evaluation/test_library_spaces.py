"""Spaces gathered from a library: whole books, one encoder, only what is up to date."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from library.described_books import draw_all, draw_description_vectors
from library.drawn_books import Drawn, add, draw_book, filled
from longbox.evaluation import gather_spaces, measure_spaces
from longbox.library import Library, store_path, write_description_store, write_learned_store
from longbox.pipeline.features import source_features
from longbox.vectors import Space
from panel_models import RandomModel


def embed(library: Library, model: RandomModel, books: list[Drawn]) -> None:
    library.begin_model(model.fingerprint)
    for drawn in books:
        source = library.book_source(drawn.book_id)
        made = model.embed(source_features(source), len(source.store.annotated.pages))
        write_learned_store(library.root, model.fingerprint, drawn.book_id, made, source.made_from)
        library.merge_learned(drawn.book_id, model.fingerprint)


def test_an_empty_library_lacks_every_space(tmp_path: Path) -> None:
    with Library.create(tmp_path) as library:
        found = gather_spaces(library)
    assert found.spaces == ()
    reasons = {a.space: a.reason for a in found.absent}
    assert set(reasons) == set(Space)
    assert reasons[Space.FUSED] == "no fused vectors yet; run `longbox embed`"


def test_rows_are_those_of_the_books(tmp_path: Path) -> None:
    books = [draw_book(1), draw_book(2)]
    with filled(tmp_path, books) as library:
        found = gather_spaces(library)
    spaces = {s.space: s for s in found.spaces}
    assert set(spaces) == {Space.VISION, Space.TEXT, Space.COMPOSITION}
    text = spaces[Space.TEXT]
    assert text.vectors.shape[0] == 24
    for number, drawn in enumerate(books):
        here = text.books == number
        (wanted,) = (v for v in drawn.vectors if v.space is Space.TEXT)
        assert np.array_equal(text.mask[here], wanted.mask)
        assert np.allclose(text.vectors[here], wanted.vectors, atol=8e-3)
        assert text.pages[here].tolist() == [p.page.index for p, _ in drawn.annotated.panels()]
    assert [h.name for h in measure_spaces(found)] == ["vision", "text", "composition"]


def test_learned_vectors_count_for_the_books_they_were_made_from(tmp_path: Path) -> None:
    books = [draw_book(1), draw_book(2)]
    with filled(tmp_path, books) as library:
        embed(library, RandomModel(1), books)
        spaces = {s.space: s for s in gather_spaces(library).spaces}
        assert int(spaces[Space.FUSED].mask.sum()) == 24
        assert int(spaces[Space.CONTEXTUAL].mask.sum()) == 24
        redrawn = replace(books[0], vectors=draw_book(9).vectors)
        add(library, redrawn, recipe="r2")
        fused = {s.space: s for s in gather_spaces(library).spaces}[Space.FUSED]
        assert set(fused.books.tolist()) == {1}


def test_descriptions_are_a_space(tmp_path: Path) -> None:
    drawn = draw_book(1)
    with filled(tmp_path, [drawn]) as library:
        vectors = draw_description_vectors(drawn.annotated)
        said = draw_all(drawn.annotated)
        write_description_store(tmp_path, drawn.book_id, said, vectors, drawn.annotated)
        spaces = {s.space: s for s in gather_spaces(library).spaces}
    assert np.array_equal(spaces[Space.DESCRIPTION].mask, vectors.mask)


def test_vectors_of_two_encoders_are_never_mixed(tmp_path: Path) -> None:
    books = [draw_book(1), draw_book(2), draw_book(3, encoder="v2")]
    with filled(tmp_path, books) as library:
        found = gather_spaces(library)
    vision = next(s for s in found.spaces if s.space is Space.VISION)
    assert vision.fingerprint == "vision-v1"
    assert set(vision.books.tolist()) == {0, 1}
    assert any("12 vision vectors by vision-v2" in note for note in found.notes)


def test_a_large_library_is_sampled_and_says_so(tmp_path: Path) -> None:
    books = [draw_book(n) for n in range(1, 6)]
    with filled(tmp_path, books) as library:
        found = gather_spaces(library, max_panels=20, seed=4)
        again = gather_spaces(library, max_panels=20, seed=4)
    assert found.notes == ("measured on 24 panels of 2 of 5 books, drawn with seed 4",)
    assert np.array_equal(found.spaces[0].vectors, again.spaces[0].vectors)


def test_a_damaged_book_is_left_out_and_named(tmp_path: Path) -> None:
    books = [draw_book(1), draw_book(2)]
    with filled(tmp_path, books) as library:
        store_path(tmp_path, books[0].book_id).write_bytes(b"broken")
        found = gather_spaces(library)
    assert set(found.spaces[0].books.tolist()) == {1}
    assert any(note.startswith("left out: ") and "\n" not in note for note in found.notes)
