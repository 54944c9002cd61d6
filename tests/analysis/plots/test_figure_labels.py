"""Names on figures: on neither each other nor the edge, and as few points as can be."""

from __future__ import annotations

import numpy as np
import pytest

from longbox.analysis.plots.labels import free_places
from longbox.analysis.plots.maps import middle_of
from longbox.analysis.plots.styles import shortened, wrapped

ROOM = np.array([8.0, 6.0])


def n_meeting(middles: np.ndarray, halves: np.ndarray) -> int:
    over = halves[:, None] + halves[None] - np.abs(middles[:, None] - middles[None])
    meets = (over > 1e-9).all(axis=2)
    return int(np.triu(meets, 1).sum())


@pytest.mark.parametrize("seed", range(8))
def test_names_do_not_lie_on_each_other_and_stay_inside(seed: int) -> None:
    rng = np.random.default_rng(seed)
    anchors = rng.random((12, 2)) * ROOM
    halves = np.stack([rng.uniform(0.3, 0.9, 12), rng.uniform(0.1, 0.25, 12)], axis=1)
    middles = free_places(anchors, halves, ROOM, rng.random((300, 2)) * ROOM)
    assert n_meeting(middles, halves) == 0
    assert (middles - halves >= -1e-9).all()
    assert (middles + halves <= ROOM + 1e-9).all()


def test_names_of_one_place_are_told_apart() -> None:
    halves = np.full((4, 2), [0.6, 0.2])
    middles = free_places(np.full((4, 2), 3.0), halves, ROOM, np.empty((0, 2)))
    assert n_meeting(middles, halves) == 0


def test_a_name_leaves_the_points_that_it_names_visible() -> None:
    points = np.random.default_rng(0).normal(3.0, 0.25, (200, 2))
    half = np.array([[0.6, 0.2]])
    middle = free_places(np.array([[3.0, 3.0]]), half, ROOM, points)
    covered = (np.abs(points - middle) < half).all(axis=1).sum()
    assert covered < 10
    assert np.linalg.norm(middle - 3.0) < 2


def test_no_names_is_no_work() -> None:
    assert free_places(np.empty((0, 2)), np.empty((0, 2)), ROOM, np.empty((0, 2))).shape == (0, 2)


def test_the_middle_of_two_pieces_is_in_the_larger() -> None:
    rng = np.random.default_rng(0)
    pieces = np.concatenate([rng.normal(0, 0.05, (300, 2)), rng.normal(5, 0.05, (60, 2))])
    assert np.linalg.norm(middle_of(pieces)) < 0.5


def test_the_middle_of_one_point_is_the_point() -> None:
    assert middle_of(np.array([[0.25, 0.75]])) == (0.25, 0.75)


@pytest.mark.parametrize(
    ("words", "most", "expected"),
    [
        ("short", 10, "short"),
        ("a long name here", 7, "a long…"),
        ("鳥の目の話", 6, "鳥の…"),
        ("", 5, ""),
    ],
)
def test_words_are_shortened_by_columns(words: str, most: int, expected: str) -> None:
    assert shortened(words, most) == expected


def test_lines_are_no_wider_than_asked_and_no_more() -> None:
    lines = wrapped("one book: a very long title of a comic that never ends", 20, 2).split("\n")
    assert len(lines) == 2
    assert all(len(line) <= 20 for line in lines)
    assert lines[-1].endswith("…")
