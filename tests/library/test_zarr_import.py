"""Exported datasets read back to learn from, and what is refused of those from elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from drawn_books import draw_book, filled, flagged

from longbox.book import PageFlag, PageType
from longbox.errors import LibraryError
from longbox.features import BookFeatures
from longbox.library import read_zarr_books
from longbox.pipeline import book_features
from longbox.vectors import Space

BOOKS = [
    draw_book(1, [["one", "two"], [], ["three"]], kinds=[PageType.STORY, PageType.COVER]),
    flagged(draw_book(2, [["four"], ["five", "six", "seven"]]), {0: (PageFlag.PROSE,)}),
    draw_book(3, [[]]),
]
D = 6


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[BookFeatures]]:
    folder = tmp_path_factory.mktemp("exported")
    with filled(folder / "library", BOOKS) as library:
        library.export_zarr(folder / "out.zarr")
        return folder / "out.zarr", [book_features(library, b.book_id) for b in BOOKS]


def dataset(folder: Path, n_pages: int = 4, **changed: Any) -> Path:
    """Write a dataset as another program might: no books, no modality masks."""
    path = folder / "foreign.zarr"
    group = zarr.open_group(path, mode="w", zarr_format=3)
    masks = np.zeros((n_pages, 3), np.bool_)
    masks[:, :2] = True
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((n_pages, 3, D)).astype(np.float16) * masks[..., None]
    arrays: dict[str, Any] = {
        "panel_masks": masks,
        "panel_vision_embeddings": vectors,
        "panel_semantic_embeddings": vectors[..., ::-1],
        **changed,
    }
    for name, array in arrays.items():
        if array is None:
            continue
        made = group.create_array(name, shape=array.shape, dtype=array.dtype)
        made[...] = array
        made.attrs["fingerprint"] = f"their-{name}"
    return path


def records(n_pages: int = 4, **changed: Any) -> list[dict[str, Any]]:
    return [
        {"book_id": f"b{i // 2}", "page_name": f"p{i}.png", "num_panels": 2, **changed}
        for i in range(n_pages)
    ]


def metadata(folder: Path, content: Any) -> Path:
    path = folder / "metadata.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_export_comes_back_as_it_was(exported: tuple[Path, list[BookFeatures]]) -> None:
    path, wanted = exported
    found = read_zarr_books(path)
    assert [b.book_id for b in found] == [b.book_id for b in wanted]
    for ours, theirs in zip(found, wanted, strict=True):
        assert ours.pages.tolist() == theirs.pages.tolist()
        assert ours.is_story.tolist() == theirs.is_story.tolist()
        assert ours.utterances is None
        for space in (Space.VISION, Space.TEXT, Space.COMPOSITION):
            one, two = ours.of(space), theirs.of(space)
            assert one.mask.tolist() == two.mask.tolist()
            assert np.allclose(one.vectors, two.vectors, atol=2e-3)
            assert not one.mask.any() or one.fingerprint == two.fingerprint
        assert not ours.description.mask.any()
    assert found[0].wordings == ("one", "two", "three")
    assert found[2].n_panels == 0


def test_metadata_makes_books_of_a_dataset_that_names_none(tmp_path: Path) -> None:
    told = records(series="S", language="en")
    path = metadata(tmp_path, [told[2], told[0], told[3], told[1]])
    found = read_zarr_books(dataset(tmp_path), path)
    assert [b.book_id for b in found] == ["b1", "b0"]
    assert [b.n_panels for b in found] == [4, 4]
    assert found[1].pages.tolist() == [1, 1, 3, 3]
    assert (found[0].series, found[0].language) == ("S", "en")
    assert found[0].vision.fingerprint == "their-panel_vision_embeddings"
    assert np.allclose(np.linalg.norm(found[0].vision.vectors, axis=1), 1, atol=1e-5)
    assert found[0].is_story.all()


def test_metadata_under_a_key_and_numbers_as_ids_are_read(tmp_path: Path) -> None:
    path = metadata(tmp_path, {"metadata": records(book_id=7)})
    found = read_zarr_books(dataset(tmp_path), path)
    assert [(b.book_id, b.series) for b in found] == [("7", "7")]


def test_dataset_without_books_needs_metadata(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="give metadata JSON"):
        read_zarr_books(dataset(tmp_path))


def test_metadata_of_another_dataset_is_refused(
    exported: tuple[Path, list[BookFeatures]], tmp_path: Path
) -> None:
    rows = [
        (2, BOOKS[0]),
        (0, BOOKS[0]),
        (1, BOOKS[0]),
        (1, BOOKS[1]),
        (3, BOOKS[1]),
        (0, BOOKS[1]),
    ]
    told = [{"book_id": b.book_id, "num_panels": n} for n, b in rows]
    assert len(read_zarr_books(exported[0], metadata(tmp_path, [*told[:5], {
        "book_id": BOOKS[2].book_id, "num_panels": 0}]))) == 3  # fmt: skip
    with pytest.raises(LibraryError, match="record 5 is of book"):
        read_zarr_books(exported[0], metadata(tmp_path, told))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "not readable as JSON"),
        ("{", "not readable as JSON"),
        ("[" * 100_000, "not readable as JSON"),
        ("null", "is no list of pages"),
        ({"pages": 3}, "is no list of pages"),
        (records(3), "3 records for 4 pages"),
        (["x"] * 4, "record 0 is no object"),
        (records(book_id=None), "record 0 has no book_id"),
        (records(book_id=""), "record 0 has no book_id"),
        (records(book_id=["b"]), "book_id is no name"),
        (records(book_id="b" * 5000), "book_id is no name"),
        (records(page_name={}), "page_name is no name"),
        (records(num_panels=3), "num_panels 3, the dataset has 2"),
        (records(num_panels=True), "num_panels True"),
        (records(num_panels="2"), "num_panels 2"),
        ([*records(2), *records(2, series="S")], "several series"),
    ],
)
def test_hostile_metadata_is_one_line(tmp_path: Path, content: Any, said: str) -> None:
    with pytest.raises(LibraryError, match=said) as caught:
        read_zarr_books(dataset(tmp_path), metadata(tmp_path, content))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"panel_masks": None}, "has no array panel_masks"),
        ({"panel_masks": np.ones((4, 3), np.float32)}, "panel_masks is float32"),
        ({"panel_masks": np.ones(4, np.bool_)}, "panel_masks is bool"),
        ({"panel_masks": np.ones((5, 3), np.bool_)}, "records for 5 pages"),
        ({"panel_vision_embeddings": np.ones((4, 2, D), np.float16)}, "does not fit"),
        ({"panel_vision_embeddings": np.ones((4, 3), np.float16)}, "cannot be"),
        ({"panel_vision_embeddings": np.ones((4, 3, 9000), np.float16)}, "does not fit"),
        ({"panel_vision_embeddings": np.full((4, 3, D), np.nan, np.float16)}, "not finite"),
        ({"panel_vision_embeddings": np.full((4, 3, D), np.inf, np.float32)}, "not finite"),
        ({"panel_vision_embeddings": np.ones((4, 3, D), np.int64)}, "cannot be"),
        (
            {"panel_vision_embeddings": None, "panel_semantic_embeddings": None},
            "has no panel_vision_embeddings",
        ),
        ({"page_type": np.zeros(4, np.int64)}, "page_type is int64"),
        ({"page_type": np.array(["story"] * 3, np.dtypes.StringDType())}, "3 rows for 4 pages"),
    ],
)
def test_hostile_dataset_is_one_line(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    told = metadata(tmp_path, records())
    with pytest.raises(LibraryError, match=said) as caught:
        read_zarr_books(dataset(tmp_path, **changed), told)
    assert "\n" not in str(caught.value)


def test_missing_rows_are_masked_where_nothing_says_which(tmp_path: Path) -> None:
    vectors = np.ones((4, 3, D), np.float16)
    vectors[1, 0] = 0
    path = dataset(tmp_path, panel_vision_embeddings=vectors)
    found = read_zarr_books(path, metadata(tmp_path, records()))
    assert found[0].vision.mask.tolist() == [True, True, False, True]


def test_space_that_does_not_name_its_encoder_is_refused(tmp_path: Path) -> None:
    path = dataset(tmp_path)
    group: Any = zarr.open_group(path, mode="a", zarr_format=3)
    del group["panel_vision_embeddings"].attrs["fingerprint"]
    with pytest.raises(LibraryError, match="which encoder made it"):
        read_zarr_books(path, metadata(tmp_path, records()))


def test_size_that_is_only_declared_is_refused(tmp_path: Path) -> None:
    path = dataset(tmp_path)
    group: Any = zarr.open_group(path, mode="a", zarr_format=3)
    del group["panel_masks"]
    shape = (1 << 30, 1 << 10)
    group.create_array("panel_masks", shape=shape, chunks=(16, 16), dtype="bool", fill_value=True)
    with pytest.raises(LibraryError, match="more than can be read"):
        read_zarr_books(path, metadata(tmp_path, records()))
    del group["panel_masks"]
    group.create_array("panel_masks", shape=shape, chunks=(1 << 25, 1 << 10), dtype="bool")
    with pytest.raises(LibraryError, match="in chunks of"):
        read_zarr_books(path, metadata(tmp_path, records()))


@pytest.mark.parametrize("damage", ["zarr.json", "panel_masks/zarr.json", "panel_masks/c/0/0"])
def test_damaged_file_is_one_line(tmp_path: Path, damage: str) -> None:
    path = dataset(tmp_path)
    (path / damage).write_bytes(b"\x00\xff{")
    with pytest.raises(LibraryError, match=r"foreign\.zarr") as caught:
        read_zarr_books(path, metadata(tmp_path, records()))
    assert "\n" not in str(caught.value)


def test_older_zarr_and_no_zarr_are_refused(tmp_path: Path) -> None:
    zarr.open_group(tmp_path / "old.zarr", mode="w", zarr_format=2)
    for name in ("old.zarr", "nothing.zarr"):
        with pytest.raises(LibraryError, match="Zarr"):
            read_zarr_books(tmp_path / name)
    (tmp_path / "file.zarr").write_text("no folder")
    with pytest.raises(LibraryError, match="there is no Zarr folder"):
        read_zarr_books(tmp_path / "file.zarr")


def test_same_page_twice_is_refused(tmp_path: Path) -> None:
    text = np.dtypes.StringDType()
    twice = {"book_id": np.array(["a"] * 4, text), "page_index": np.array([0, 1, 1, 2])}
    with pytest.raises(LibraryError, match="same page twice"):
        read_zarr_books(dataset(tmp_path, **twice))
    negative = {**twice, "page_index": np.array([0, 1, -1, 2])}
    with pytest.raises(LibraryError, match="page_index"):
        read_zarr_books(dataset(tmp_path, **negative))
