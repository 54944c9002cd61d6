"""The padded Zarr dataset and the Parquet tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from described_books import draw_description, draw_description_vectors
from drawn_books import Drawn, add, draw_book, filled, flagged

from longbox.book import AnnotatedPage, Metadata, PageFlag, PageType
from longbox.description import AnswerState
from longbox.errors import LibraryError
from longbox.library import Library, write_description_store, zarr_export

BOOKS = [
    draw_book(1, [["one", "two", ""], ["three"]], metadata=Metadata(series="S", year=2001)),
    draw_book(2, [[], ["猫 \x00"]], kinds=[PageType.BLANK], path="/shelf/caf\udce9.cbz"),
    draw_book(3, [["old"]], encoder="v0"),
    draw_book(4, [["five", "six"]] * 7),
]
PAGES: list[tuple[str, AnnotatedPage]] = [
    (d.book_id, page) for d in BOOKS for page in d.annotated.pages
]


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return filled(tmp_path / "library", BOOKS)


@pytest.mark.parametrize("chunk", [1, 3, 256])
def test_xarray_reads_the_dataset_with_the_names_of_the_design(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    import xarray

    monkeypatch.setattr(zarr_export, "_MAX_CHUNK_PAGES", chunk)
    seen: list[tuple[int, int]] = []
    library.export_zarr(tmp_path / "out.zarr", lambda done, total: seen.append((done, total)))
    assert seen == [(i, 4) for i in range(1, 5)]
    dataset = xarray.open_zarr(tmp_path / "out.zarr", consolidated=True).load()
    assert dict(dataset.sizes) == {
        "page": 12,
        "panel": 3,
        "corner": 4,
        "modality": 3,
        "vision_dimension": 32,
        "text_dimension": 16,
        "composition_dimension": 5,
    }
    assert dataset.modality.values.tolist() == ["vision", "text", "composition"]
    assert dataset.panel_vision_embeddings.dims == ("page", "panel", "vision_dimension")
    assert dataset.panel_vision_embeddings.attrs["fingerprint"] == "vision-v1"
    assert dataset.attrs["fingerprints"]["panel_semantic_embeddings"] == "text-v1"
    for i, (book_id, page) in enumerate(PAGES):
        n = len(page.panels)
        assert dataset.book_id.values[i] == book_id
        assert dataset.page_index.values[i] == page.page.index
        assert dataset.page_type.values[i] == page.label.page_type.value
        assert dataset.panel_masks.values[i].tolist() == [True] * n + [False] * (3 - n)
        assert dataset.reading_order.values[i].tolist() == [*range(n)] + [-1] * (3 - n)
        assert np.isnan(dataset.panel_boxes.values[i, n:]).all()
        for column, panel in enumerate(page.panels):
            assert tuple(dataset.panel_boxes.values[i, column]) == panel.box.as_tuple()
            assert (
                dataset.panel_id.values[i, column]
                == f"{book_id}-{page.page.index:04d}-{column:02d}"
            )
    assert dataset.panel_text.values[0].tolist() == ["one", "two", ""]


def test_exported_vectors_are_the_stored_ones_and_masked_where_there_are_none(
    library: Library, tmp_path: Path
) -> None:
    import xarray

    library.export_zarr(tmp_path / "out.zarr")
    dataset = xarray.open_zarr(tmp_path / "out.zarr", consolidated=True).load()
    masks = dataset.modality_masks.values
    vision, text = BOOKS[0].vectors[0], BOOKS[0].vectors[1]
    pictures = dataset.panel_vision_embeddings.values
    got = np.concatenate([pictures[0], pictures[1, :1]])
    np.testing.assert_allclose(got, vision.vectors, atol=8e-3)
    np.testing.assert_array_equal(masks[0, :, 1], text.mask[:3])
    assert not dataset.panel_semantic_embeddings.values[0, 0].any()
    old = 4  # the page of book 3, which another encoder made
    assert dataset.panel_masks.values[old, 0]
    assert not masks[old].any()
    assert not pictures[old].any()
    assert not masks[~dataset.panel_masks.values].any()


def test_an_empty_library_exports_an_empty_dataset(tmp_path: Path) -> None:
    import pyarrow.parquet
    import xarray

    with Library.create(tmp_path / "library") as library:
        library.export_zarr(tmp_path / "out.zarr")
        library.export_parquet(tmp_path / "out")
    dataset = xarray.open_zarr(tmp_path / "out.zarr", consolidated=True).load()
    assert dataset.sizes["page"] == 0
    assert pyarrow.parquet.read_table(tmp_path / "out" / "panels.parquet").num_rows == 0


def test_parquet_tables_hold_every_book_page_panel_and_text(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow.parquet

    from longbox.library import parquet_export

    monkeypatch.setattr(parquet_export, "ROW_GROUP", 4)
    monkeypatch.setattr(parquet_export, "VECTOR_ROW_GROUP", 3)
    library.export_parquet(tmp_path / "out")
    tables = {
        p.stem: pyarrow.parquet.read_table(p).to_pylist() for p in (tmp_path / "out").iterdir()
    }
    assert {name: len(rows) for name, rows in tables.items()} == {
        "books": 4,
        "pages": 12,
        "panels": 20,
        "texts": 19,
        "descriptions": 0,
        "page_vectors": 0,
    }
    assert tables["books"][0]["series"] == "S"
    assert tables["books"][0]["year"] == 2001
    assert tables["books"][1]["file"] == "/shelf/caf\\xe9.cbz"
    assert tables["pages"][2]["page_type"] == "blank"
    assert tables["panels"][1]["text"] == "two"
    assert tables["panels"][1]["panel_id"] == f"{1:016x}-0000-01"
    assert tables["panels"][0]["text_confidence"] == pytest.approx(0.5)
    assert tables["panels"][2]["text_confidence"] is None  # a silent panel
    assert tables["texts"][0]["kind"] == "dialogue"


def describe(library: Library, drawn: Drawn, texts: list[str]) -> None:
    pages = [
        draw_description(drawn.annotated, 0, texts),
        draw_description(drawn.annotated, 1, ["cut off"], state=AnswerState.TRUNCATED),
    ]
    vectors = draw_description_vectors(drawn.annotated)
    write_description_store(library.root, drawn.book_id, pages, vectors)
    library.merge_descriptions(drawn.book_id)
    library.update_indexes()


def test_descriptions_and_flags_are_exported_to_zarr_with_their_mask(tmp_path: Path) -> None:
    import xarray

    drawn = flagged(BOOKS[0], {0: (PageFlag.LANDSCAPE, PageFlag.WATERMARK)})
    with filled(tmp_path / "library", [drawn, BOOKS[3]]) as library:
        describe(library, drawn, ["a cat", "a dog", ""])
        library.export_zarr(tmp_path / "out.zarr")
    dataset = xarray.open_zarr(tmp_path / "out.zarr", consolidated=True).load()
    column = dataset.modality.values.tolist().index("description")
    mask = dataset.modality_masks.values[:, :, column]
    assert mask[0].tolist() == [True, True, True]
    assert not mask[1:].any()  # a truncated answer, and a book that was never described
    vectors = draw_description_vectors(drawn.annotated).vectors
    got = dataset.panel_description_embeddings.values
    np.testing.assert_allclose(got[0], vectors[:3], atol=8e-3)
    assert not got[1:].any()
    assert dataset.panel_description.values[0].tolist()[0].startswith("a cat\n")
    assert dataset.panel_description.values[1, 0] == ""
    assert dataset.page_flags.values.tolist()[:2] == ["landscape,watermark", ""]


def test_descriptions_and_flags_are_exported_to_parquet(tmp_path: Path) -> None:
    import pyarrow.parquet

    drawn = flagged(BOOKS[0], {1: (PageFlag.PROSE,)})
    with filled(tmp_path / "library", [drawn]) as library:
        describe(library, drawn, ["a cat", "", "\ud800"])
        library.export_parquet(tmp_path / "out")
    tables = {
        p.stem: pyarrow.parquet.read_table(p).to_pylist() for p in (tmp_path / "out").iterdir()
    }
    assert [page["flags"] for page in tables["pages"]] == [[], ["prose"]]
    assert tables["panels"][0]["description"].startswith("a cat\n")
    first, second, third = tables["descriptions"]
    assert (first["panel_id"], first["description"]) == (f"{1:016x}-0000-00", "a cat")
    assert first["characters"] == ["Ann"]
    assert (first["state"], first["is_fitting"]) == ("clean", True)
    assert (second["panel"], third["state"], third["page_index"]) == (2, "truncated", 1)
    with Library.open(tmp_path / "library") as library:
        add(library, Drawn(drawn.annotated, ()), recipe="r9")
        changed = draw_book(1, [["one", "two"], ["three"]])
        add(library, changed, recipe="r10")
        library.export_parquet(tmp_path / "later")
    rows = pyarrow.parquet.read_table(tmp_path / "later" / "descriptions.parquet").to_pylist()
    assert [(r["panel_id"] is None, r["is_fitting"]) for r in rows] == [
        (True, False),
        (True, False),
        (False, True),
    ]


def test_descriptions_that_are_not_merged_stop_an_export(tmp_path: Path) -> None:
    drawn = BOOKS[0]
    with filled(tmp_path / "library", [drawn]) as library:
        describe(library, drawn, ["a cat", "", ""])
        write_description_store(library.root, drawn.book_id, (), None)
        with pytest.raises(LibraryError, match="not merged"):
            library.export_parquet(tmp_path / "out")
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["export_zarr", "export_parquet"])
def test_an_export_is_there_whole_or_not_at_all(
    library: Library, tmp_path: Path, kind: str
) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(LibraryError, match="already there"):
        getattr(library, kind)(tmp_path / "taken")
    store = library.root / "books" / f"{4:016x}.zarr.zip"
    whole = store.read_bytes()
    store.write_bytes(whole[:500])
    with pytest.raises(LibraryError, match="damaged"):
        getattr(library, kind)(tmp_path / "out")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["library", "taken"]
    store.write_bytes(whole)
    (tmp_path / ".out.partial").mkdir()
    (tmp_path / ".out.partial" / "left").write_text("by a killed run")
    getattr(library, kind)(tmp_path / "out")
    assert not list((tmp_path / "out").rglob("left"))
