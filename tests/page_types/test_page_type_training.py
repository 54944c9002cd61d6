"""What training learns from: labels that a library's people and files told, pages kept apart."""

from __future__ import annotations

import importlib
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from longbox.book import LOOK_FEATURES, FileStamp, PageLabel, PageType
from longbox.encoders import picture_encoder
from longbox.library import Library, write_book_store
from longbox.page_types import LAYOUT_FEATURES
from longbox.vectors import PanelVectors, Space, unit
from page_books import book, page, text

REPOSITORY = Path(__file__).resolve().parents[2]
LABELS = {
    0: PageLabel(PageType.COVER, 1.0, "comicinfo"),
    1: PageLabel(PageType.STORY, 0.8, "sequence"),
    2: PageLabel(PageType.ADVERTISEMENT, 1.0, "correction"),
}


class Reader:
    """A sentence encoder that counts letters."""

    fingerprint = "letters"
    dimension = 3

    def encode_documents(self, texts: Sequence[str]) -> np.ndarray:
        return unit(np.array([[len(t), 1, 0] for t in texts], np.float32).reshape(-1, 3))

    def can_read(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([bool(t) for t in texts], np.bool_)


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The training scripts, which are no part of the package."""
    monkeypatch.syspath_prepend(REPOSITORY)
    return importlib.import_module("training.page_type_library")


def a_library(root: Path, labels: dict[int, PageLabel], pictures: str) -> Path:
    pages = [
        replace(page(i, text(f"Page {i}!"), n_panels=i + 1), label=labels[i]) for i in range(3)
    ]
    drawn = book(pages)
    rows = unit(np.random.default_rng(0).normal(size=(6, 256)).astype(np.float32))
    vectors = (PanelVectors(Space.VISION, pictures, rows, np.ones(6, np.bool_)),)
    with Library.create(root) as library:
        write_book_store(root, drawn, vectors, "recipe")
        library.merge_book(drawn.book.book_id, "/shelf/test.cbz", FileStamp(1, 1))
    return root


def sources(room: Any, root: Path) -> list[Any]:
    return room.library_sources(root, Reader(), picture_encoder())


def test_an_empty_library_teaches_nothing(room: Any, tmp_path: Path) -> None:
    Library.create(tmp_path / "lib").close()
    assert sources(room, tmp_path / "lib") == []


def test_a_book_that_only_the_model_labelled_teaches_nothing(room: Any, tmp_path: Path) -> None:
    guessed = dict.fromkeys(range(3), LABELS[1])
    assert sources(room, a_library(tmp_path / "lib", guessed, "other")) == []


def test_declared_and_corrected_pages_are_learnt_and_the_others_are_context(
    room: Any, tmp_path: Path
) -> None:
    root = a_library(tmp_path / "lib", LABELS, picture_encoder().fingerprint)
    (source,) = sources(room, root)
    order = list(PageType)
    assert source.types.tolist() == [
        order.index(PageType.COVER),
        -1,
        order.index(PageType.ADVERTISEMENT),
    ]
    assert source.layout.shape[::2] == (3, len(LAYOUT_FEATURES))
    assert source.look.shape == (3, len(LOOK_FEATURES))
    assert not source.look_mask.any()
    assert np.linalg.norm(source.picture, axis=1) == pytest.approx(1, abs=1e-2)
    assert source.sentence_mask.all()


def test_vectors_of_another_encoder_are_left_out(room: Any, tmp_path: Path) -> None:
    (source,) = sources(room, a_library(tmp_path / "lib", LABELS, "hf:other"))
    assert not source.picture.any()


def test_a_library_book_is_bound_in_its_own_order(room: Any, tmp_path: Path) -> None:
    binding = importlib.import_module("training.page_type_binder")
    (source,) = sources(room, a_library(tmp_path / "lib", LABELS, "hf:other"))
    binder = binding.Binder([source], random.Random(0))
    assert [(0, 0), (0, 1), (0, 2)] in [binder.book() for _ in range(40)]
    rows = binder.rows([(0, 0), (0, 1), (0, 2)], np.random.default_rng(0))
    assert not rows.look_mask.any()
    assert not rows.picture_mask.any()


@pytest.mark.usefixtures("room")
def test_what_is_tuned_on_is_never_learnt() -> None:
    data = importlib.import_module("training.page_type_data")
    kinds = list(PageType)

    def source(name: str, group: str) -> Any:
        n = 4
        types = [kinds.index(t) for t in (PageType.STORY, PageType.COVER, *[PageType.TITLE] * 2)]
        return data.Source(
            name,
            group,
            np.array(types),
            np.array(["", "quiet", "recap", "mixed"]),
            np.zeros((n, 2), np.float32),
            np.ones(n, np.bool_),
            np.zeros((n, 3, 2), np.float32),
            np.zeros((n, 2), np.float32),
            np.zeros((n, 2), np.float32),
            np.ones(n, np.bool_),
        )

    known, tuning = data.tuning_split([source("a", "ink-ltr"), source("b", "halftone-ltr")])
    assert [s.templates.tolist() for s in known] == [["", "mixed"]]
    assert [s.templates.tolist() for s in tuning] == [["", "quiet", "recap", "quiet", "recap"]]


@pytest.mark.usefixtures("room")
def test_a_page_is_aged_in_place_and_the_same_way_from_the_same_seed() -> None:
    aging = importlib.import_module("training.page_type_aging")
    pixels = np.random.default_rng(0).integers(0, 255, (60, 40, 3), dtype=np.uint8)
    pages = [aging.aged(pixels, random.Random(seed)) for seed in range(30)]
    assert {p.shape for p in pages} == {pixels.shape}
    assert all(p.dtype == np.uint8 for p in pages)
    assert any((p != pixels).any() for p in pages)
    assert np.array_equal(pages[3], aging.aged(pixels, random.Random(3)))
