"""Maps of a library: who is on them, what they say of themselves, and how they age."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from longbox.analysis import (
    LibraryMap,
    MapOptions,
    Unit,
    make_map,
    map_path,
    page_means,
    read_map,
    show_map,
)
from longbox.errors import LibraryError, ModelError, QueryError, SpaceMismatchError
from longbox.library import Library, write_learned_store
from longbox.pipeline.features import source_features
from longbox.vectors import Metric, Space, unit
from numbered_libraries import PANELS, numbered, put
from panel_models import RandomModel

VISION, PANELS_MAP, PAGES_MAP = Space.VISION, Unit.PANELS, Unit.PAGES


def test_a_panel_without_the_modality_is_on_no_map(tmp_path: Path) -> None:
    with numbered(tmp_path, 2) as library:
        made = make_map(library, Space.TEXT)
        columns = library.panel_columns(made.rows)
        assert made.rows.size == made.n_known == 2 * 4 * 2
        assert set(columns.panel) == {0, 2}
        assert columns.rows.tolist() == made.rows.tolist()


def test_what_was_made_is_read_back(tmp_path: Path) -> None:
    with numbered(tmp_path, 1) as library:
        made = make_map(library, VISION)
        kept = read_map(tmp_path, VISION, "v1", PANELS_MAP)
    assert kept is not None
    assert kept.books == made.books
    for name in ("rows", "places", "clusters"):
        assert np.array_equal(getattr(kept, name), getattr(made, name))
    assert (kept.method, kept.n_known, kept.made_at) == (made.method, made.n_known, made.made_at)
    assert read_map(tmp_path, Space.TEXT, "t1", PANELS_MAP) is None


def test_a_page_is_the_mean_of_its_panels(tmp_path: Path) -> None:
    with numbered(tmp_path, 2) as library:
        made = make_map(library, VISION, PAGES_MAP)
        assert made.vector_of == "mean of panels"
        assert made.rows.tolist() == library.page_starts().tolist()


def test_a_page_in_context_is_its_strip_vector(tmp_path: Path) -> None:
    model = RandomModel(1)
    with numbered(tmp_path, 2) as library:
        library.begin_model(model.fingerprint)
        for book_id in library.book_ids():
            source = library.book_source(book_id)
            n_pages = len(source.store.annotated.pages)
            made_of_book = model.embed(source_features(source), n_pages)
            write_learned_store(
                tmp_path, model.fingerprint, book_id, made_of_book, source.made_from
            )
            assert library.merge_learned(book_id, model.fingerprint)
        library.update_indexes()
        made = make_map(library, Space.CONTEXTUAL, PAGES_MAP)
        assert made.vector_of == "strip"
        strips = {
            int(row): v
            for rows, chunk in library.strip_vectors()
            for row, v in zip(rows, chunk, strict=True)
        }
        assert made.rows.tolist() == sorted(strips)
        learned = library.learned_vectors(library.book_ids()[0])
        assert learned is not None
        starts = library.page_starts()
        assert np.allclose(strips[int(starts[0])], learned.strips[0])


def test_vectors_of_another_encoder_are_never_given(tmp_path: Path) -> None:
    with numbered(tmp_path, 1) as library, pytest.raises(SpaceMismatchError):
        list(library.vectors(VISION, "v2"))


def test_a_book_without_its_file_is_on_no_map(tmp_path: Path) -> None:
    with numbered(tmp_path, 2) as library:
        library.sync()  # no file of these is there
        assert library.book_blocks(VISION, "v1") == ()
        made = make_map(library, VISION)
        assert (made.rows.size, made.n_known, made.n_clusters) == (0, 0, 0)
        shown = show_map(library, VISION, PANELS_MAP)
        assert shown is not None
        assert not shown.is_stale


def test_means_do_not_depend_on_where_chunks_end() -> None:
    rng = np.random.default_rng(0)
    rows, vectors = np.arange(40), unit(rng.standard_normal((40, 5)))
    starts = np.array([0, 1, 4, 11, 30])
    whole = [m for _, m in page_means(iter([(rows, vectors)]), starts, Metric.COSINE)]
    naive = unit(np.array([v.mean(axis=0) for v in np.split(vectors, starts[1:])]))
    assert np.allclose(np.concatenate(whole), naive, atol=1e-6)
    for size in (1, 3, 7):
        chunks = ((rows[i : i + size], vectors[i : i + size]) for i in range(0, 40, size))
        found = list(page_means(chunks, starts, Metric.COSINE))
        assert np.concatenate([r for r, _ in found]).tolist() == starts.tolist()
        assert np.allclose(np.concatenate([m for _, m in found]), naive, atol=1e-6)
    assert not list(page_means(iter(()), starts, Metric.COSINE))


def test_a_page_whose_panels_cancel_out_is_left_out() -> None:
    vectors = np.array([[1, 0], [-1, 0], [0, 1]], dtype=np.float32)
    found = list(page_means(iter([(np.arange(3), vectors)]), np.array([0, 2]), Metric.COSINE))
    assert np.concatenate([rows for rows, _ in found]).tolist() == [2]


def test_a_library_above_the_bounds_is_sampled_and_says_so(tmp_path: Path) -> None:
    told: list[str] = []
    options = MapOptions(max_fitted=20, max_points=50)
    with numbered(tmp_path, 6) as library:
        made = make_map(library, VISION, options=options, tell=lambda *said: told.append(said[0]))
        assert (made.n_known, made.rows.size, made.n_fitted) == (72, 50, 20)
        assert made.is_sampled
        again = make_map(library, VISION, options=options)
        assert np.array_equal(made.rows, again.rows)
        assert np.array_equal(made.places, again.places)
        other = make_map(library, VISION, options=MapOptions(max_fitted=20, max_points=50, seed=1))
        assert not np.array_equal(made.rows, other.rows)
    assert set(told) == {"reading", "placing"}  # so few are placed by PCA, which has no rounds


def test_a_space_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with numbered(tmp_path, 1) as library, pytest.raises(QueryError, match="longbox embed"):
        make_map(library, Space.FUSED)
    with Library.create(tmp_path / "empty") as empty, pytest.raises(QueryError, match="no vision"):
        show_map(empty, VISION, PANELS_MAP)


def test_a_read_only_library_gets_no_map(tmp_path: Path) -> None:
    numbered(tmp_path, 1).close()
    with Library.open(tmp_path, read_only=True) as library:
        with pytest.raises(LibraryError, match="read-only"):
            make_map(library, VISION)
        assert show_map(library, VISION, PANELS_MAP) is None


def test_a_map_says_what_changed_and_shows_what_stayed(tmp_path: Path) -> None:
    with numbered(tmp_path, 3, n_pages=3) as library:
        make_map(library, VISION)
        fresh = show_map(library, VISION, PANELS_MAP)
        assert fresh is not None
        assert not fresh.is_stale
        put(library, 4, n_pages=3)
        put(library, 1, n_pages=3, seed=99)
        library.remove_book(f"{2:016x}")
        library.update_indexes()
        shown = show_map(library, VISION, PANELS_MAP)
        assert shown is not None
        assert (shown.n_books_new, shown.n_books_changed, shown.is_stale) == (1, 2, True)
        columns = library.panel_columns(shown.map.rows)
        assert [book.book_id for book in columns.books] == [f"{3:016x}"]
        assert shown.map.rows.size == 3 * PANELS


def test_points_find_their_panels_after_a_rebuild(tmp_path: Path) -> None:
    with numbered(tmp_path, 2) as library:
        put(library, 1, seed=5)  # its rows come last now; a rebuild gives it the first ones
        library.update_indexes()
        before = make_map(library, VISION)
        names_before = named(library, before)
    Library.rebuild(tmp_path)
    with Library.open(tmp_path) as library:
        shown = show_map(library, VISION, PANELS_MAP)
        assert shown is not None
        assert not shown.is_stale
        assert shown.map.rows.tolist() != before.rows.tolist()
        assert named(library, shown.map) == names_before


def named(library: Library, made: LibraryMap) -> dict[str, tuple[float, ...]]:
    """Return places by panel id."""
    records = library.panel_records(made.rows.tolist())
    return {
        str(record.panel_id): tuple(place)
        for record, place in zip(records, made.places.tolist(), strict=True)
    }


def test_maps_of_encoders_that_are_gone_are_deleted(tmp_path: Path) -> None:
    old = map_path(tmp_path, VISION, "v0", PANELS_MAP)
    old.parent.mkdir(parents=True)
    old.write_bytes(b"old")
    with numbered(tmp_path, 1) as library:
        make_map(library, VISION)
    assert [path.name for path in old.parent.iterdir()] == ["vision-v1-panels.npz"]


def test_a_fingerprint_never_leads_out_of_the_folder(tmp_path: Path) -> None:
    for hostile in ("../../etc", "a/b", ".hidden", "", "x" * 500, "\udcff"):
        path = map_path(tmp_path, VISION, hostile, PANELS_MAP)
        assert path.parent == tmp_path / "maps"
        assert len(path.name) < 128


@pytest.mark.parametrize("kind", ["cut", "noise", "pickle", "other", "wrong_numbers", "missing"])
def test_a_damaged_map_is_one_line(tmp_path: Path, kind: str) -> None:
    with numbered(tmp_path, 1) as library:
        make_map(library, VISION)
        path = map_path(tmp_path, VISION, "v1", PANELS_MAP)
        damage(path, kind)
        with pytest.raises(LibraryError, match="make it again") as error:
            show_map(library, VISION, PANELS_MAP)
        assert "\n" not in str(error.value)


def damage(path: Path, kind: str) -> None:
    """Spoil a map in some way."""
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files}
    if kind == "cut":
        path.write_bytes(path.read_bytes()[:-200])
    elif kind == "noise":
        path.write_bytes(b"PK" + bytes(range(256)) * 4)
    elif kind == "pickle":
        np.savez(path, **(arrays | {"rows": np.array([{"a": 1}], dtype=object)}))
    elif kind == "other":
        about = json.loads(arrays["about"].tobytes()) | {"fingerprint": "v2"}
        arrays["about"] = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
        np.savez(path, **arrays)
    elif kind == "wrong_numbers":
        arrays["places"] = arrays["places"] * np.float32(np.nan)
        np.savez(path, **arrays)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("rows.npy", b"")


def test_an_array_whose_head_is_no_python_is_one_line(tmp_path: Path) -> None:
    # Found by fuzzing: NumPy mends the head of an old array with Python's own tokenizer.
    path = map_path(tmp_path, VISION, "v1", PANELS_MAP)
    path.parent.mkdir()
    head = b"{'descr': '<i8', 'fortran_order': False, 'shape': (1, ("
    head += b" " * (118 - len(head) - 1) + b"\n"
    array = b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rows.npy", array)
    with pytest.raises(LibraryError, match="damaged map"):
        read_map(tmp_path, VISION, "v1", PANELS_MAP)


def test_a_map_that_unpacks_to_too_much_is_not_read(tmp_path: Path) -> None:
    path = map_path(tmp_path, VISION, "v1", PANELS_MAP)
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows.npy", b"")
    claim = (1 << 29) + 1
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02") + 24  # the unpacked size in the directory
    data[at : at + 4] = claim.to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(LibraryError, match="too large"):
        read_map(tmp_path, VISION, "v1", PANELS_MAP)


def test_values_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    from dataclasses import replace

    with numbered(tmp_path, 1) as library:
        made = make_map(library, VISION)
    for wrong in (
        {"places": made.places[1:]},
        {"rows": made.rows[::-1].copy()},
        {"clusters": made.clusters - 5},
        {"n_fitted": 99},
    ):
        with pytest.raises(ModelError):
            replace(made, **wrong)  # type: ignore[arg-type]


def test_columns_say_what_is_known_of_panels(tmp_path: Path) -> None:
    with numbered(tmp_path, 2) as library:
        rows = np.concatenate([rows for rows, _ in library.vectors(VISION, "v1", chunk_rows=5)])
        found = library.panel_columns(rows[::-1])
        assert found.rows.tolist() == sorted(rows.tolist())
        assert [book.year for book in found.books] == [2001, 2002]
        assert found.book.tolist() == [0] * 12 + [1] * 12
        assert found.text_characters.tolist() == [5, 0, 0] * 8
        assert np.allclose(found.area_fraction, 1 / 3)
        assert found.flags.tolist() == ([0] * 9 + [2] * 3) * 2
        assert found.page_type.tolist() == ([0] * 3 + [1] * 9) * 2
        assert library.panel_columns(np.array([10**9])).rows.size == 0
        assert library.panel_columns(np.empty(0, np.int64)).books == ()
