"""Clusters, their names, and what is suggested for them."""

from __future__ import annotations

import numpy as np
import pytest

from longbox.characters import (
    ALONE,
    ClusterOptions,
    KnownLook,
    NamedCharacter,
    Place,
    cluster_regions,
    exemplars,
    names_by_look,
    names_by_place,
    region_distances,
    suggest_name,
)
from longbox.errors import ConfigError, ModelError
from longbox.geometry import Box
from longbox.vectors import unit

NEAR = ClusterOptions(0.3)


def two_people(n: int = 6, seed: int = 0) -> np.ndarray:
    """Vectors of two characters by turns, n each."""
    rng = np.random.default_rng(seed)
    means = np.eye(2, 16, dtype=np.float32)[np.arange(2 * n) % 2]
    return unit(means + rng.normal(0, 0.05, means.shape))


def numbers(n: int) -> np.ndarray:
    return np.arange(n, dtype=np.int64)


def test_no_region_and_one_region() -> None:
    assert cluster_regions(np.zeros((0, 0), np.float32), numbers(0)).tolist() == []
    one = np.ones((1, 1), np.float32)
    assert cluster_regions(one, numbers(1)).tolist() == [ALONE]
    assert cluster_regions(one, numbers(1), ClusterOptions(0.3, 1)).tolist() == [0]


def test_two_people_are_two_clusters_whatever_the_order_and_again() -> None:
    vectors = two_people()
    labels = cluster_regions(vectors, numbers(12), NEAR)
    assert labels.tolist() == [0, 1] * 6
    assert cluster_regions(vectors, numbers(12), NEAR).tolist() == labels.tolist()
    mixed = np.random.default_rng(1).permutation(12)
    found = cluster_regions(vectors[mixed], numbers(12), NEAR)
    assert len({(int(a), int(b)) for a, b in zip(found, mixed % 2, strict=True)}) == 2


def test_identical_panels_are_one_cluster() -> None:
    vectors = np.tile(np.array([[0.6, 0.8]], np.float32), (5, 1))
    assert cluster_regions(vectors, numbers(5), ClusterOptions(0.0)).tolist() in (
        [0] * 5,
        [ALONE] * 5,
    )
    assert cluster_regions(vectors, numbers(5), NEAR).tolist() == [0] * 5


def test_regions_of_one_panel_are_two_people_however_alike() -> None:
    vectors = np.tile(np.array([[0.6, 0.8]], np.float32), (2, 1))
    assert cluster_regions(vectors, np.array([4, 4]), NEAR).tolist() == [ALONE, ALONE]
    assert region_distances(vectors, np.array([4, 4])).tolist() == [[0, 2], [2, 0]]


def test_largest_cluster_comes_first_and_the_small_are_left_alone() -> None:
    vectors = np.eye(3, dtype=np.float32)[[0, 1, 1, 2, 2, 2]]
    assert cluster_regions(vectors, numbers(6), NEAR).tolist() == [ALONE, 1, 1, 0, 0, 0]


def test_most_typical_member_is_the_first_exemplar() -> None:
    vectors = unit(np.array([[1, 0.5], [1, 0], [1, -0.5], [0, 1]]))
    assert exemplars(vectors, np.array([0, 1, 2]), 2).tolist() == [1, 0]
    assert exemplars(vectors, np.array([], np.int64), 2).tolist() == []


def test_what_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelError, match="3 panel numbers"):
        cluster_regions(two_people(1), numbers(3))
    monkeypatch.setattr("longbox.characters.clusters.MOST_REGIONS_AT_ONCE", 3)
    with pytest.raises(ModelError, match="fewer books"):
        cluster_regions(two_people(2), numbers(4))
    for bad in ((-0.1, 2), (2.1, 2), (float("nan"), 2), (0.3, 0)):
        with pytest.raises(ConfigError, match="out of range"):
            ClusterOptions(*bad)


def place(page: int, x: float = 0, book: str = "a") -> Place:
    return Place(book, page, Box(x, 0, x + 10, 10))


def test_name_follows_the_exemplars_to_the_new_cluster() -> None:
    places = [place(0), place(1), place(2), place(3)]
    named = [NamedCharacter("Pepper", (place(2, 1), place(3), place(0))), NamedCharacter("X", ())]
    assert names_by_place(np.array([0, 0, 1, 1]), places, named) == {0: "Pepper", 1: "Pepper"}
    carrot = NamedCharacter("Carrot", (place(0), place(1)))
    assert names_by_place(np.array([0, 0, 1, 1]), places, [*named, carrot])[0] == "Carrot"
    assert names_by_place(np.array([ALONE] * 4), places, named) == {}
    elsewhere = [NamedCharacter("Pepper", (place(0, 40), place(0, 0, "b")))]
    assert names_by_place(np.array([0, 0, 1, 1]), places, elsewhere) == {}


def test_name_reaches_another_book_only_where_it_looks_alike() -> None:
    vectors = two_people()
    labels = cluster_regions(vectors, numbers(12), NEAR)
    pepper = KnownLook("Pepper", np.eye(1, 16, dtype=np.float32))
    nobody = KnownLook("Nobody", np.zeros((0, 16), np.float32))
    assert names_by_look(labels, vectors, [pepper, nobody], 0.3) == {0: "Pepper"}
    assert names_by_look(labels, vectors, [nobody], 0.3) == {}
    assert names_by_look(np.zeros(0, np.int64), np.zeros((0, 0), np.float32), [pepper], 1) == {}


def test_suggested_is_who_is_said_there_and_not_elsewhere() -> None:
    said = [frozenset(s) for s in ("M", "M", "ME", "E", "E", "E", "", "")]
    members = np.arange(8) < 3
    assert suggest_name(members, said) == "M"
    assert suggest_name(~members, said) == "E"
    assert suggest_name(members, [frozenset("M")] * 8) is None  # said everywhere
    assert suggest_name(members, [frozenset()] * 8) is None
    assert suggest_name(np.arange(8) < 1, said) is None
