"""Identity vectors: a space of their own, in which a drawn character is near itself."""

from __future__ import annotations

import numpy as np
import pytest

from characters.looks import encode_by_tiles
from longbox.characters import (
    IdentityOptions,
    IdentityVectors,
    Match,
    PanelPicture,
    Region,
    RegionKind,
    cut_regions,
    identity_vectors,
    match_regions,
)
from longbox.errors import ModelError, SpaceMismatchError
from longbox.evaluation import pair_auc
from longbox.geometry import Box
from longbox.synthetic import BookRecipe, draw_book


def drawn_vectors() -> tuple[np.ndarray, list[frozenset[str]], np.ndarray]:
    book = draw_book(BookRecipe(seed=3, n_pages=3, matter=False, page_width=500, page_height=700))
    crops, names, panels = [], [], []
    number = 0
    for page, by_panel in zip(book.truth.pages, book.figures, strict=True):
        pixels = PanelPicture(book.pixels(page.page.index), tuple(t.box for t in page.texts))
        for figures in by_panel:
            number += 1
            for who in figures:
                box = who.body.clip(500, 700)
                crops += cut_regions(pixels, [Region(box, RegionKind.FIGURE, 1.0)])
                names.append(frozenset((who.name,)))
                panels.append(number)
    return identity_vectors(crops, encode_by_tiles), names, np.array(panels)


def test_a_drawn_character_is_nearer_itself_than_others_on_average() -> None:
    vectors, names, panels = drawn_vectors()
    assert len(set(names)) >= 2
    found = pair_auc(vectors @ vectors.T, names, panels)
    rng = np.random.default_rng(0)
    dealt = [[names[i] for i in rng.permutation(len(names))] for _ in range(50)]
    chance = [pair_auc(vectors @ vectors.T, who, panels) for who in dealt]
    assert found > np.quantile(chance, 0.95)
    assert np.mean(chance) == pytest.approx(0.5, abs=0.05)


def test_vectors_are_unit_whatever_the_crop() -> None:
    crops = [np.zeros((1, 1, 3), np.uint8), np.full((3, 90, 3), 255, np.uint8)]
    for weight in (0.0, 0.7):
        vectors = identity_vectors(crops, encode_by_tiles, IdentityOptions(weight))
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert identity_vectors([], encode_by_tiles).shape == (0, 0)


def test_colour_counts_as_much_as_asked() -> None:
    red, blue = (np.full((32, 32, 3), c, np.uint8) for c in ((220, 30, 30), (30, 30, 220)))

    def same(_: object) -> np.ndarray:
        return np.ones((2, 4), np.float32) / 2

    for weight, likeness in ((0.0, 1.0), (1.0, 0.5)):
        vectors = identity_vectors([red, blue], same, IdentityOptions(weight))
        assert vectors[0] @ vectors[1] == pytest.approx(likeness, abs=1e-5)


def test_encoder_that_loses_a_crop_is_found_out() -> None:
    with pytest.raises(ModelError, match="2 regions got 1"):
        identity_vectors([np.zeros((9, 9, 3), np.uint8)] * 2, lambda _: np.ones((1, 4), np.float32))


def test_two_identity_spaces_never_meet() -> None:
    options = IdentityOptions()
    ours = IdentityVectors(options.fingerprint("lite0", "panel"), np.eye(2, dtype=np.float32))
    other = IdentityVectors(options.fingerprint("lite0", "salient"), np.eye(2, dtype=np.float32))
    with pytest.raises(SpaceMismatchError, match="longbox characters"):
        match_regions(ours, other, 1)
    assert ours.fingerprint != "lite0"
    with pytest.raises(ModelError, match="finite"):
        IdentityVectors("x", np.full((1, 2), np.nan, np.float32))


def test_matches_come_best_first_without_the_query_itself() -> None:
    rows = np.array([[1, 0], [0.6, 0.8], [0, 1], [0.6, 0.8]], np.float32)
    stored = IdentityVectors("s", rows)
    found = match_regions(IdentityVectors("s", rows[:1]), stored, 9, np.arange(4) == 0)
    assert [m.row for m in found] == [1, 3, 2]
    assert found[0] == Match(1, pytest.approx(0.6))
    nobody = IdentityVectors("s", np.zeros((0, 2), np.float32))
    assert match_regions(nobody, stored, 3) == match_regions(stored, nobody, 3) == []


def test_region_boxes_are_those_of_geometry() -> None:
    assert Region(Box(0, 0, 1, 1), RegionKind.FACE, 1.0).box.area == 1
