"""What trained models made, in the padded dataset and in tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from drawn_books import draw_book, filled

from longbox.errors import LibraryError
from longbox.library import Library, learned_path, write_learned_store
from longbox.pipeline import embed_library
from panel_models import DIMENSION, RandomModel

BOOKS = [draw_book(1, [["one", "two"], []]), draw_book(2, [["three"]]), draw_book(3, [[]])]
MODEL = RandomModel(3)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    library = filled(tmp_path / "library", BOOKS)
    embed_library(library, MODEL)
    return library


def test_dataset_has_the_names_of_the_seeds(library: Library, tmp_path: Path) -> None:
    import xarray

    library.export_zarr(tmp_path / "out.zarr")
    data = xarray.open_zarr(tmp_path / "out.zarr", consolidated=True).load()
    assert data.modality.values.tolist() == [
        "vision", "text", "composition", "fused", "contextual",
    ]  # fmt: skip
    assert data.panel_embeddings.dims == ("page", "panel", "fused_dimension")
    assert data.contextualized_panels.attrs["fingerprint"] == MODEL.contextual
    assert data.page_embeddings.dims == ("page", "page_dimension")
    assert data.strip_embeddings.attrs["model"] == MODEL.fingerprint
    assert data.page_masks.values.tolist() == [True, False, True, False]
    assert data.panel_masks.values.tolist() == [[1, 1], [0, 0], [1, 0], [0, 0]]
    assert data.modality_masks.values[0, 1].tolist() == [True, True, True, True, True]
    assert not data.modality_masks.values[1].any()
    learned = library.learned_vectors(BOOKS[0].book_id)
    assert learned is not None
    for name, wanted in (
        ("panel_embeddings", learned.fused.vectors),
        ("contextualized_panels", learned.contextual.vectors),
    ):
        assert np.allclose(data[name].values[0], wanted, atol=1e-3)
    assert np.allclose(data.strip_embeddings.values[:2], learned.strips, atol=1e-3)
    assert not data.page_embeddings.values[1].any()


def test_book_that_waits_for_vectors_is_masked(library: Library, tmp_path: Path) -> None:
    import xarray
    from drawn_books import add

    add(library, draw_book(2, [["made anew"]]), recipe="r2")
    library.export_zarr(tmp_path / "out.zarr")
    data = xarray.open_zarr(tmp_path / "out.zarr", consolidated=True).load()
    assert data.modality_masks.values[2, 0].tolist() == [True, False, True, False, False]
    assert data.page_masks.values.tolist() == [True, False, False, False]


def test_tables_of_page_vectors(library: Library, tmp_path: Path) -> None:
    import pyarrow.parquet

    library.export_parquet(tmp_path / "out")
    rows = pyarrow.parquet.read_table(tmp_path / "out" / "page_vectors.parquet").to_pylist()
    assert [(r["book_id"], r["page_index"]) for r in rows] == [
        (BOOKS[0].book_id, 0),
        (BOOKS[1].book_id, 0),
    ]
    assert len(rows[0]["strip_embedding"]) == DIMENSION


def test_export_stops_when_vectors_were_written_and_not_merged(
    library: Library, tmp_path: Path
) -> None:
    source = library.book_source(BOOKS[0].book_id)
    learned = library.learned_vectors(BOOKS[0].book_id)
    assert learned is not None
    path = learned_path(library.root, MODEL.fingerprint, BOOKS[0].book_id)
    before = path.read_bytes()
    write_learned_store(
        library.root,
        MODEL.fingerprint,
        BOOKS[0].book_id,
        RandomModel(9).embed(_features(library), 2),
        source.made_from,
    )
    assert path.read_bytes() != before
    with pytest.raises(LibraryError, match="longbox embed"):
        library.export_zarr(tmp_path / "out.zarr")


def _features(library: Library):  # type: ignore[no-untyped-def]
    from longbox.pipeline import book_features

    return book_features(library, BOOKS[0].book_id)
