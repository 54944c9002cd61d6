"""Description stores, and what becomes of them in the library."""

from __future__ import annotations

import sqlite3
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from described_books import (
    DIMENSION,
    FINGERPRINT,
    draw_all,
    draw_description,
    draw_description_vectors,
)
from drawn_books import Drawn, add, draw_book, draw_vectors, filled

from longbox.book import AnnotatedBook
from longbox.description import AnswerState
from longbox.errors import LibraryError
from longbox.geometry import Box
from longbox.library import (
    Library,
    WordsQuery,
    Writing,
    check_library,
    description_path,
    read_description_store,
    segment_writing,
    segments,
    upkeep,
    write_book_store,
    write_description_store,
)
from longbox.vectors import QueryVector, Space

DRAWN = draw_book(1)  # four pages of three panels
BOOK = DRAWN.annotated


def describe(library: Library, drawn: Drawn = DRAWN, word: str = "scene", seed: int = 0) -> None:
    vectors = draw_description_vectors(drawn.annotated, seed)
    write_description_store(
        library.root, drawn.book_id, draw_all(drawn.annotated, word), vectors, drawn.annotated
    )
    library.merge_descriptions(drawn.book_id)
    library.update_indexes()


def moved(drawn: Drawn, page: int) -> Drawn:
    """The same book after another detector: one page has its panels in other places."""
    pages = list(drawn.annotated.pages)
    panels = tuple(
        replace(p, box=Box(p.box.x0, p.box.y0, p.box.x1 - 7, p.box.y1)) for p in pages[page].panels
    )
    pages[page] = replace(pages[page], panels=panels)
    return Drawn(AnnotatedBook(drawn.annotated.book, tuple(pages)), drawn.vectors)


def with_less(drawn: Drawn, page: int) -> Drawn:
    """The same book after another detector: one page lost its last panel."""
    pages = list(drawn.annotated.pages)
    pages[page] = replace(pages[page], panels=pages[page].panels[:-1])
    annotated = AnnotatedBook(drawn.annotated.book, tuple(pages))
    return Drawn(annotated, draw_vectors(9, annotated.n_panels))


def found(library: Library, *terms: str) -> set[str]:
    """The descriptions (first lines) of the panels that these words find."""
    hits = library.match_words(WordsQuery(terms), 99, writing=Writing.DESCRIPTION)
    records = library.panel_records([h.row for h in hits])
    assert len(records) == len(hits)
    return {r.description.splitlines()[0] for r in records}


def by_vector(library: Library, row: np.ndarray, k: int = 1) -> list[str]:
    hits = library.nearest(QueryVector(Space.DESCRIPTION, FINGERPRINT, row), k)
    return [str(r.panel_id) for r in library.panel_records([h.row for h in hits])]


# ---- the store


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    pages = draw_all(BOOK)
    vectors = draw_description_vectors(BOOK)
    path = write_description_store(tmp_path, DRAWN.book_id, pages, vectors, BOOK)
    assert path == description_path(tmp_path, DRAWN.book_id)
    store = read_description_store(path)
    assert tuple(p.description for p in store.pages) == pages
    assert store.pages[1].boxes == tuple(p.box for p in BOOK.pages[1].panels)
    assert store.vectors is not None
    np.testing.assert_allclose(store.vectors.vectors, vectors.vectors, atol=8e-3)
    np.testing.assert_array_equal(store.vectors.mask, vectors.mask)


def test_the_same_descriptions_give_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    pages = draw_all(BOOK)
    first = write_description_store(tmp_path / "a", DRAWN.book_id, pages, None, BOOK)
    other = write_description_store(tmp_path / "b", DRAWN.book_id, pages[::-1], None, BOOK)
    assert first.read_bytes() == other.read_bytes()


def test_no_pages_and_no_vectors_are_a_store_too(tmp_path: Path) -> None:
    store = read_description_store(write_description_store(tmp_path, DRAWN.book_id, (), None, BOOK))
    assert (store.pages, store.vectors) == ((), None)


def test_a_plain_zarr_reader_opens_it(tmp_path: Path) -> None:
    import zarr

    vectors = draw_description_vectors(BOOK)
    path = write_description_store(tmp_path, DRAWN.book_id, draw_all(BOOK), vectors, BOOK)
    with zarr.storage.ZipStore(path, mode="r") as opened:
        group = zarr.open_group(store=opened, mode="r")
        assert group.attrs["kind"] == "longbox descriptions"
        assert group["vectors/description/vectors"].shape == (BOOK.n_panels, DIMENSION)
        assert group["page_offsets"][:].tolist() == [0, 3, 6, 9, 12]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: (p[0], p[0]), "twice"),
        (lambda p: (replace(p[0], page_index=99),), "page 100 is not in the book"),
        (lambda p: (replace(p[0], page_index=-1),), "not in the book"),
        (lambda p: (replace(p[0], page_digest="0" * 64),), "another picture"),
    ],
)
def test_descriptions_of_something_else_are_refused(tmp_path: Path, change, message: str) -> None:
    with pytest.raises(LibraryError, match=message):
        write_description_store(tmp_path, DRAWN.book_id, change(draw_all(BOOK)), None, BOOK)
    assert not description_path(tmp_path, DRAWN.book_id).exists()


def test_vectors_of_another_space_or_number_are_refused(tmp_path: Path) -> None:
    vectors = draw_description_vectors(BOOK)
    short = replace(vectors, vectors=vectors.vectors[:-1], mask=vectors.mask[:-1])
    for wrong, message in ((short, "11 description vectors for 12"), (DRAWN.vectors[0], "vision")):
        with pytest.raises(LibraryError, match=message):
            write_description_store(tmp_path, DRAWN.book_id, (), wrong, BOOK)
    with pytest.raises(LibraryError, match="write_description_store"):
        write_book_store(tmp_path, BOOK, (vectors,), "r")


def test_a_book_that_was_never_indexed_cannot_be_described(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="no such book store"):
        write_description_store(tmp_path, DRAWN.book_id, (), None)


def spoil(path: Path, name: str, data: bytes) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {n: archive.read(n) for n in archive.namelist()}
    assert name in members
    members[name] = data
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for n, content in members.items():
            archive.writestr(n, content)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("descriptions_json/c/0", b"[]"),
        ("descriptions_json/c/0", b"no json"),
        ("page_offsets/c/0", np.array([0, 9, 3, 6, 12], "<i8").tobytes()),
        ("page_offsets/c/0", np.array([0, 3, 6, 9, 99], "<i8").tobytes()),
        ("panel_boxes/c/0/0", np.full((12, 4), np.nan).tobytes()),
        ("panel_order/zarr.json", b'{"shape": [1000000000000], "codecs": [{"name": "bytes"}]}'),
        ("vectors/description/zarr.json", b'{"attributes": {"fingerprint": "x", "dimension": 7}}'),
        ("zarr.json", b"[]"),
        ("zarr.json", b'{"attributes": {"format": 1, "kind": "longbox book", "book_id": "x"}}'),
        ("zarr.json", b'{"attributes": {"format": 99}}'),
    ],
)
def test_a_spoilt_store_is_an_error_of_one_line(tmp_path: Path, name: str, data: bytes) -> None:
    vectors = draw_description_vectors(BOOK)
    path = write_description_store(tmp_path, DRAWN.book_id, draw_all(BOOK), vectors, BOOK)
    spoil(path, name, data)
    with pytest.raises(LibraryError) as caught:
        read_description_store(path)
    assert "\n" not in str(caught.value)


def test_a_cut_store_is_set_aside_and_can_be_written_again(tmp_path: Path) -> None:
    with filled(tmp_path, [DRAWN]) as library:
        describe(library)
        path = description_path(tmp_path, DRAWN.book_id)
        path.write_bytes(path.read_bytes()[:-300])
        with pytest.raises(LibraryError, match="damaged"):
            library.merge_descriptions(DRAWN.book_id)
        assert not path.exists()
        assert (tmp_path / "damaged" / "descriptions" / path.name).is_file()
        assert found(library, "scene")  # the merged ones stay until there is better
        describe(library, word="again")
        assert len(found(library, "again")) == 12


# ---- in the library


def test_descriptions_are_found_by_their_words_and_vectors_and_lettering_is_not(
    tmp_path: Path,
) -> None:
    with filled(tmp_path, [DRAWN, draw_book(2)]) as library:
        assert not library.has_descriptions()
        describe(library)
        assert library.has_descriptions()
        assert library.descriptions(DRAWN.book_id) == draw_all(BOOK)
        assert library.descriptions(draw_book(2).book_id) == ()
        assert found(library, "scene", "1") >= {"scene 1 0"}
        assert found(library, "book") == set()
        assert library.match_words(WordsQuery(("scene",)), 9) == []
        assert library.match_substring("cene", 9) == []
        assert len(library.match_substring("cene", 99, writing=Writing.DESCRIPTION)) == 12
        vectors = draw_description_vectors(BOOK)
        for row, (page, panel) in enumerate(BOOK.panels()):
            name = f"{DRAWN.book_id}-{page.page.index:04d}-{panel.order:02d}"
            if vectors.mask[row]:
                assert by_vector(library, vectors.vectors[row]) == [name]
        assert len(by_vector(library, vectors.vectors[0], 99)) == int(vectors.mask.sum())
        status = library.status()
        assert (status.described_pages, status.unfit_descriptions) == (4, 0)


def test_descriptions_of_a_large_library_are_found_by_codes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "NUMPY_BYTES", 0)
    monkeypatch.setattr(segment_writing, "_ROTATION_ROUNDS", 1)
    monkeypatch.setattr(segment_writing, "_LEAST_TRAINING", 256)
    drawn = draw_book(1, [["a", "b"]] * 200)
    with filled(tmp_path, [drawn]) as library:
        monkeypatch.setattr(segments, "EXACT_BYTES", 0)
        describe(library, drawn)
        (folder,) = library.root.glob("index/description-*")
        names = {path.name for path in folder.iterdir()}
        assert {"ivf.faiss", "vectors.npy"} <= names
        vectors = draw_description_vectors(drawn.annotated)
        for at in np.flatnonzero(vectors.mask)[::40].tolist():
            page, panel = divmod(at, 2)
            wanted = f"{drawn.book_id}-{page:04}-{panel:02}"
            assert by_vector(library, vectors.vectors[at]) == [wanted]
        assert check_library(tmp_path).findings == ()


def test_only_done_answers_are_searched_and_the_others_are_kept(tmp_path: Path) -> None:
    states = list(AnswerState)
    pages = tuple(
        draw_description(BOOK, p, [f"{state.value} word"] * 3, state=state)
        for p, state in enumerate(states)
    )
    with filled(tmp_path, [DRAWN]) as library:
        vectors = draw_description_vectors(BOOK)
        write_description_store(tmp_path, DRAWN.book_id, pages, vectors)
        library.merge_descriptions(DRAWN.book_id)
        library.update_indexes()
        assert found(library, "word") == {"clean word", "repaired word"}
        assert len(by_vector(library, vectors.vectors[0], 99)) == 5  # of 6, one is masked
        assert library.descriptions(DRAWN.book_id) == pages
        assert library.status().unfinished_descriptions == 2


@pytest.mark.parametrize("change", [moved, with_less])
def test_after_another_detector_only_pages_with_the_same_panels_keep_theirs(
    tmp_path: Path, change
) -> None:
    with filled(tmp_path, [DRAWN]) as library:
        describe(library)
        add(library, change(DRAWN, 1), recipe="r2")
        library.update_indexes()
        assert {text.split()[1] for text in found(library, "scene")} == {"0", "2", "3"}
        assert library.unfit_descriptions(DRAWN.book_id) == {1}
        assert library.status().unfit_descriptions == 1
        vectors = draw_description_vectors(BOOK)
        for row in (0, 6, 8, 11):
            page, panel = list(BOOK.panels())[row]
            name = f"{DRAWN.book_id}-{page.page.index:04d}-{panel.order:02d}"
            assert by_vector(library, vectors.vectors[row]) == [name]
        names = by_vector(library, vectors.vectors[3], 99)
        assert not [n for n in names if n.split("-")[1] == "0001"]
        add(library, DRAWN, recipe="r1")  # the old detector again: everything fits again
        assert len(found(library, "scene")) == 12


def test_a_page_written_again_unchanged_keeps_the_panels_it_was_made_for(tmp_path: Path) -> None:
    changed = moved(DRAWN, 1)
    with filled(tmp_path, [DRAWN]) as library:
        describe(library)
        add(library, changed, recipe="r2")
        new = draw_description(changed.annotated, 2, ["fresh"] * 3, prompt="p2")
        pages = [new if p.page_index == 2 else p for p in library.descriptions(DRAWN.book_id)]
        vectors = draw_description_vectors(changed.annotated, seed=5)
        write_description_store(tmp_path, DRAWN.book_id, pages, vectors)
        library.merge_descriptions(DRAWN.book_id)
        library.update_indexes()
        assert library.unfit_descriptions(DRAWN.book_id) == {1}
        assert {t.split()[1] for t in found(library, "scene")} == {"0", "3"}
        assert found(library, "fresh") == {"fresh"}
        assert not [n for n in by_vector(library, vectors.vectors[3], 99) if "-0001-" in n]
        redone = draw_description(changed.annotated, 1, ["redone"] * 3, prompt="p2")
        pages = [redone if p.page_index == 1 else p for p in pages]
        write_description_store(tmp_path, DRAWN.book_id, pages, vectors)
        library.merge_descriptions(DRAWN.book_id)
        assert found(library, "redone") == {"redone"}
        assert library.unfit_descriptions(DRAWN.book_id) == frozenset()


def test_describing_again_replaces_words_and_vectors(tmp_path: Path) -> None:
    with filled(tmp_path, [DRAWN, draw_book(2)]) as library:
        describe(library)
        describe(library, word="other", seed=3)
        assert found(library, "scene") == set()
        assert len(found(library, "other")) == 12
        vectors = draw_description_vectors(BOOK, 3)
        assert len(by_vector(library, vectors.vectors[0], 99)) == int(vectors.mask.sum())
        assert by_vector(library, vectors.vectors[7]) == [f"{DRAWN.book_id}-0002-01"]
        assert len(library.match_words(WordsQuery(("book",)), 99)) == 24
        path = description_path(tmp_path, DRAWN.book_id)
        path.unlink()
        library.merge_descriptions(DRAWN.book_id)
        library.update_indexes()
        assert not library.has_descriptions()
        assert by_vector(library, vectors.vectors[0], 99) == []


def test_merging_again_changes_nothing(tmp_path: Path) -> None:
    with filled(tmp_path, [DRAWN]) as library:
        describe(library)
        rows = library.match_words(WordsQuery(("scene",)), 99, writing=Writing.DESCRIPTION)
        library.merge_descriptions(DRAWN.book_id)
        add(library, DRAWN)
        again = library.match_words(WordsQuery(("scene",)), 99, writing=Writing.DESCRIPTION)
        assert rows == again


def test_the_digest_of_the_contents_tells_descriptions_and_a_rebuild_gives_the_same(
    tmp_path: Path,
) -> None:
    with filled(tmp_path / "a", [DRAWN, draw_book(2)]) as library:
        bare = library.fingerprint_contents()
        describe(library)
        described = library.fingerprint_contents()
        assert described != bare
        assert any(line.startswith('["description"') for line in library.dump())
    Library.rebuild(tmp_path / "a")
    with Library.open(tmp_path / "a") as library:
        assert library.fingerprint_contents() == described
        assert len(found(library, "scene")) == 12
    with filled(tmp_path / "b", [draw_book(2)]) as other:
        write_book_store(other.root, BOOK, DRAWN.vectors, "r1")
        write_description_store(
            other.root, DRAWN.book_id, draw_all(BOOK), draw_description_vectors(BOOK)
        )
        add(other, DRAWN)  # a merge of the book takes its descriptions along
        other.update_indexes()
        assert other.fingerprint_contents() == described


def test_removing_a_book_removes_its_descriptions(tmp_path: Path) -> None:
    with filled(tmp_path, [DRAWN]) as library:
        describe(library)
        library.remove_book(DRAWN.book_id)
        library.update_indexes()
        assert not description_path(tmp_path, DRAWN.book_id).exists()
        assert not library.has_descriptions()
        assert library.status().described_pages == 0
        add(library, DRAWN)
        assert not library.has_descriptions()


def test_a_book_without_a_merge_has_no_descriptions_to_merge(tmp_path: Path) -> None:
    with filled(tmp_path, [draw_book(2)]) as library:
        with pytest.raises(LibraryError, match="no such book"):
            library.merge_descriptions(DRAWN.book_id)
        with pytest.raises(LibraryError, match="not a book id"):
            library.descriptions("../../etc/passwd")


def test_a_damaged_store_costs_a_rebuild_only_the_descriptions(tmp_path: Path) -> None:
    with filled(tmp_path, [DRAWN]) as library:
        describe(library)
    description_path(tmp_path, DRAWN.book_id).write_bytes(b"PK broken")
    Library.rebuild(tmp_path)
    with Library.open(tmp_path) as library:
        assert library.status().books == 1
        assert not library.has_descriptions()
        assert [p for p in library.status().problems if "describe" in p.reason]
        describe(library)
        assert library.status().problems == ()


def test_a_store_that_breaks_between_merge_and_index_costs_only_its_vectors(
    tmp_path: Path,
) -> None:
    with filled(tmp_path, [DRAWN]) as library:
        pages, vectors = draw_all(BOOK), draw_description_vectors(BOOK)
        path = write_description_store(tmp_path, DRAWN.book_id, pages, vectors)
        library.merge_descriptions(DRAWN.book_id)
        path.write_bytes(b"PK broken")
        library.update_indexes()
        assert not library.has_descriptions()
        assert (tmp_path / "damaged" / "descriptions" / path.name).is_file()
        assert len(library.match_words(WordsQuery(("book",)), 99)) == 12
        vision = library.nearest(QueryVector(Space.VISION, "vision-v1", np.ones(32, "f4")), 99)
        assert len(vision) == 12


def test_a_store_replaced_while_it_is_indexed_waits_for_its_merge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with filled(tmp_path, [DRAWN]) as library:
        vectors = draw_description_vectors(BOOK)
        write_description_store(tmp_path, DRAWN.book_id, draw_all(BOOK), vectors)
        library.merge_descriptions(DRAWN.book_id)
        later = draw_description_vectors(BOOK, 8)

        def replaced(*_: object) -> None:
            write_description_store(tmp_path, DRAWN.book_id, draw_all(BOOK, "later"), later)

        with monkeypatch.context() as patched:
            patched.setattr(upkeep, "merge_left_descriptions", replaced)
            library.update_indexes()
        assert by_vector(library, vectors.vectors[0], 9) == []
        assert len(found(library, "scene")) == 12
        library.update_indexes()
        assert by_vector(library, later.vectors[0]) == [f"{DRAWN.book_id}-0000-00"]
        assert len(by_vector(library, later.vectors[0], 99)) == int(later.mask.sum())
        assert len(found(library, "later")) == 12


def test_what_a_killed_run_wrote_and_never_merged_is_taken_in_by_the_next(tmp_path: Path) -> None:
    with filled(tmp_path, [DRAWN, draw_book(2)]) as library:
        describe(library)
        generation = library._catalog.generation()
        library.update_indexes()
        assert library._catalog.generation() == generation  # nothing new, nothing written
        other = draw_book(2)
        pages = draw_all(other.annotated, "unmerged")
        write_description_store(tmp_path, other.book_id, pages, None)
        assert found(library, "unmerged") == set()
        assert library.unfit_descriptions(other.book_id) == frozenset()
        library.update_indexes()
        assert len(found(library, "unmerged")) == 12
        description_path(tmp_path, DRAWN.book_id).unlink()  # by hand
        library.update_indexes()
        assert found(library, "scene") == set()


def test_one_encoder_cannot_change_the_length_of_description_vectors(tmp_path: Path) -> None:
    other = draw_book(2)
    vectors = draw_description_vectors(other.annotated)
    odd = replace(vectors, vectors=vectors.vectors[:, :3])
    with filled(tmp_path, [DRAWN, other]) as library:
        describe(library)
        write_description_store(tmp_path, other.book_id, draw_all(other.annotated, "odd"), odd)
        with pytest.raises(LibraryError, match="new fingerprint"):
            library.merge_descriptions(other.book_id)
        assert found(library, "odd") == set()
        add(library, moved(other, 0), recipe="r2")  # the book itself is merged all the same
        assert [p for p in library.status().problems if "fingerprint" in p.reason]


def test_what_a_model_writes_is_stored_whatever_it_is(tmp_path: Path) -> None:
    nasty = 'nul \x00 lone \ud800 "quoted" NEAR( 🐉 \u202e'
    page = draw_description(BOOK, 0, [nasty, "", ""], summary=nasty)
    page = replace(page, model=nasty, made_at=nasty, problem=nasty)
    with filled(tmp_path, [DRAWN]) as library:
        write_description_store(tmp_path, DRAWN.book_id, [page], None)
        library.merge_descriptions(DRAWN.book_id)
        assert library.descriptions(DRAWN.book_id) == (page,)
        assert len(library.match_substring("🐉", 9, writing=Writing.DESCRIPTION)) == 1
        assert library.fingerprint_contents()


def test_a_full_text_index_of_descriptions_stays_sound(tmp_path: Path) -> None:
    with filled(tmp_path, [DRAWN]) as library:
        describe(library)
        describe(library, word="b", seed=1)
        add(library, moved(DRAWN, 0), recipe="r2")
    with sqlite3.connect(tmp_path / "catalog.sqlite") as connection:
        for index in ("words", "substrings", "description_words", "description_substrings"):
            connection.execute(f"INSERT INTO {index} ({index}, rank) VALUES ('integrity-check', 1)")
    connection.close()
