"""Stores of single books: written whole, read back, damage noticed."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawn_books import DIMENSIONS, draw_book

from longbox.book import AnnotatedBook, Problem
from longbox.errors import LibraryError
from longbox.library import has_store, read_book_store, store_path, write_book_store
from longbox.library.stored_vectors import read_vectors, unpacked
from longbox.vectors import PanelVectors, Space


def test_store_gives_back_the_book_and_its_vectors(tmp_path: Path) -> None:
    drawn = draw_book(7, problems=(Problem("/x", 1, "ingest", "broken"),))
    store = read_book_store(write_book_store(tmp_path, drawn.annotated, drawn.vectors, "r1"))
    assert store.annotated == drawn.annotated
    assert store.recipe == "r1"
    for before, after in zip(
        sorted(drawn.vectors, key=lambda v: v.space), store.vectors, strict=True
    ):
        assert (before.space, before.fingerprint) == (after.space, after.fingerprint)
        np.testing.assert_array_equal(before.mask, after.mask)
        np.testing.assert_allclose(before.vectors, after.vectors, atol=8e-3)


def test_same_book_gives_the_same_bytes(tmp_path: Path) -> None:
    drawn = draw_book(1)
    first = write_book_store(tmp_path / "a", drawn.annotated, drawn.vectors, "r1")
    again = write_book_store(tmp_path / "b", drawn.annotated, drawn.vectors, "r1")
    assert first.read_bytes() == again.read_bytes()


def test_has_store_knows_the_recipe(tmp_path: Path) -> None:
    drawn = draw_book(1)
    assert not has_store(tmp_path, drawn.book_id, "r1")
    write_book_store(tmp_path, drawn.annotated, drawn.vectors, "r1")
    assert has_store(tmp_path, drawn.book_id, "r1")
    assert not has_store(tmp_path, drawn.book_id, "r2")


def test_writing_leaves_nothing_partial(tmp_path: Path) -> None:
    drawn = draw_book(1)
    write_book_store(tmp_path, drawn.annotated, drawn.vectors, "r1")
    assert [p.name for p in (tmp_path / "books").iterdir()] == [f"{drawn.book_id}.zarr.zip"]
    assert list((tmp_path / "partial").iterdir()) == []


def test_book_without_pages_or_vectors(tmp_path: Path) -> None:
    empty = draw_book(2, [])
    store = read_book_store(write_book_store(tmp_path, empty.annotated, (), "r1"))
    assert store.annotated == empty.annotated
    assert store.vectors == ()
    vectors = tuple(
        PanelVectors(s, "f", np.zeros((0, d), np.float32), np.zeros(0, bool))
        for s, d in DIMENSIONS.items()
    )
    store = read_book_store(write_book_store(tmp_path, empty.annotated, vectors, "r1"))
    assert [v.vectors.shape for v in store.vectors] == [(0, 5), (0, 16), (0, 32)]


def test_names_that_are_not_utf8_and_odd_texts_survive(tmp_path: Path) -> None:
    odd = "caf\udce9 \udc80"
    drawn = draw_book(3, [["NUL \x00 emoji 🐉 \u2028 ' \" \\ }"]], path=f"/shelf/{odd}.cbz")
    path = write_book_store(tmp_path, drawn.annotated, drawn.vectors, "r1")
    assert read_book_store(path).annotated == drawn.annotated


def test_zarr_reads_a_store_without_longbox(tmp_path: Path) -> None:
    import zarr
    from zarr.storage import ZipStore

    drawn = draw_book(4)
    path = write_book_store(tmp_path, drawn.annotated, drawn.vectors, "r1")
    store = ZipStore(path, mode="r")
    group = zarr.open_group(store=store, mode="r")
    assert group.attrs["recipe"] == "r1"
    assert group["page_offsets"][:].tolist() == [0, 3, 6, 9, 12]
    assert group["vectors/vision/vectors"].dtype == np.int8
    assert group["vectors/composition/vectors"].dtype == np.float16
    assert group["vectors/vision"].attrs["fingerprint"] == "vision-v1"
    assert group["panel_boxes"][1].tolist() == [0, 100, 300, 190]
    store.close()


def test_fast_reader_agrees_with_zarr(tmp_path: Path) -> None:
    import zarr
    from zarr.storage import ZipStore

    drawn = draw_book(5)
    path = write_book_store(tmp_path, drawn.annotated, drawn.vectors, "r1")
    store = ZipStore(path, mode="r")
    group = zarr.open_group(store=store, mode="r")
    for space in DIMENSIONS:
        fingerprint, vectors, mask = read_vectors(path, space)
        assert fingerprint == f"{space}-v1"
        kept = group[f"vectors/{space}/vectors"][:]
        np.testing.assert_array_equal(vectors, unpacked(kept))
        np.testing.assert_array_equal(mask, group[f"vectors/{space}/mask"][:])
    store.close()


def test_fast_reader_reads_a_modality_that_no_panel_has(tmp_path: Path) -> None:
    drawn = draw_book(6)
    n = drawn.annotated.n_panels
    none = PanelVectors(Space.TEXT, "f", np.zeros((n, 4), np.float32), np.zeros(n, bool))
    path = write_book_store(tmp_path, drawn.annotated, (none,), "r1")
    _, vectors, mask = read_vectors(path, Space.TEXT)
    assert vectors.shape == (n, 4)
    assert not mask.any()
    assert not read_book_store(path).vectors[0].mask.any()


@pytest.mark.parametrize("at", [0.02, 0.2, 0.5, 0.8, 0.99])
def test_a_flipped_byte_never_reads_as_something_else(tmp_path: Path, at: float) -> None:
    drawn = draw_book(1)
    path = write_book_store(tmp_path, drawn.annotated, drawn.vectors, "r1")
    data = bytearray(path.read_bytes())
    before = read_book_store(path)
    data[int(len(data) * at)] ^= 0xFF
    path.write_bytes(data)
    try:
        after = read_book_store(path)
    except LibraryError as error:
        message = str(error)
    else:  # a byte that means nothing (a date, an attribute)
        message = path.name
        assert after.annotated == before.annotated
        assert all(
            np.array_equal(a.vectors, b.vectors)
            for a, b in zip(before.vectors, after.vectors, strict=True)
        )
    assert path.name in message
    assert "\n" not in message


@pytest.mark.parametrize("keep", [0.0, 0.1, 0.5, 0.95])
def test_a_truncated_store_is_an_error_of_one_line(tmp_path: Path, keep: float) -> None:
    drawn = draw_book(1)
    path = write_book_store(tmp_path, drawn.annotated, drawn.vectors, "r1")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(LibraryError, match="damaged book store"):
        read_book_store(path)
    assert not has_store(tmp_path, drawn.book_id, "r1")


def test_a_zip_that_is_no_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "0000000000000001.zarr.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello.txt", "hello")
    with pytest.raises(LibraryError, match="not a readable book store"):
        read_book_store(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zarr.json", "0" * 1000)
    with pytest.raises(LibraryError, match="never compressed"):
        read_book_store(path)


def test_a_store_under_another_books_name_is_refused(tmp_path: Path) -> None:
    drawn = draw_book(1)
    path = write_book_store(tmp_path, drawn.annotated, drawn.vectors, "r1")
    other = path.rename(store_path(tmp_path, f"{2:016x}"))
    with pytest.raises(LibraryError, match="holds book"):
        read_book_store(other)


def test_a_missing_store_says_so(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="no such book store"):
        read_book_store(store_path(tmp_path, f"{1:016x}"))


@pytest.mark.parametrize("book_id", ["", "../../etc/passwd", "0123", "G" * 16, "0" * 17])
def test_a_book_id_cannot_lead_elsewhere(tmp_path: Path, book_id: str) -> None:
    with pytest.raises(LibraryError, match="not a book id"):
        store_path(tmp_path, book_id)


def test_vectors_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    drawn, other = draw_book(1), draw_book(2, [["one"]])
    with pytest.raises(LibraryError, match="1 vision vectors for 12 panels"):
        write_book_store(tmp_path, drawn.annotated, other.vectors, "r1")
    with pytest.raises(LibraryError, match="came twice"):
        write_book_store(tmp_path, drawn.annotated, drawn.vectors * 2, "r1")
    huge = PanelVectors(
        Space.COMPOSITION, "f", np.full((12, 2), 1e6, np.float32), np.ones(12, bool)
    )
    with pytest.raises(LibraryError, match="float16"):
        write_book_store(tmp_path, drawn.annotated, (huge,), "r1")
    assert not (tmp_path / "books").exists()


def test_a_disk_that_refuses_is_an_error_of_one_line(tmp_path: Path) -> None:
    drawn = draw_book(1)
    (tmp_path / "books").write_text("a file where the folder should be")
    with pytest.raises(LibraryError, match="check the disk"):
        write_book_store(tmp_path, drawn.annotated, drawn.vectors, "r1")


def test_rewriting_replaces_while_a_reader_holds_the_old_one(tmp_path: Path) -> None:
    drawn = draw_book(1)
    path = write_book_store(tmp_path, drawn.annotated, drawn.vectors, "r1")
    with zipfile.ZipFile(path) as held:
        longer = replace(drawn.annotated, problems=(Problem("f", None, "text", "x"),))
        write_book_store(tmp_path, longer, drawn.vectors, "r2")
        assert held.testzip() is None
    store = read_book_store(path)
    assert isinstance(store.annotated, AnnotatedBook)
    assert (store.recipe, len(store.annotated.problems)) == ("r2", 1)
