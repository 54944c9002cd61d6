"""Vectors become places and clusters: seeded, for any number, near to what they are like."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from longbox.analysis import MapOptions, Method, Projector
from longbox.analysis.maps.islands import draw_near
from longbox.errors import ConfigError
from longbox.vectors import Space, unit


def clouds(n_each: int, n_clouds: int = 3, dimension: int = 16) -> NDArray[np.float32]:
    """Draw clouds of unit vectors, one after another, that lie far apart."""
    rng = np.random.default_rng(1)
    middles = np.eye(n_clouds, dimension)
    return unit(
        np.repeat(middles, n_each, axis=0)
        + rng.normal(scale=0.08, size=(n_each * n_clouds, dimension))
    )


@pytest.fixture(scope="module")
def fitted() -> Projector:
    return Projector(clouds(60), Space.VISION)


@pytest.mark.parametrize("n", [0, 1, 2, 5, 31])
def test_few_vectors_are_placed_by_their_widest_directions(n: int) -> None:
    vectors = clouds(20)[:n]
    made = Projector(vectors, Space.VISION)
    assert made.method is Method.PCA
    assert made.fitted.places.shape == (n, 2)
    assert np.abs(made.fitted.places).max(initial=0) <= 1
    assert made.fitted.clusters.shape == (n,)
    assert made.place(np.empty((0, 16), np.float32)).places.shape == (0, 2)


def test_two_vectors_do_not_lie_on_each_other() -> None:
    made = Projector(clouds(1, 2), Space.VISION)
    assert np.linalg.norm(made.fitted.places[0] - made.fitted.places[1]) > 1


def test_vectors_that_are_all_the_same_get_places() -> None:
    made = Projector(np.repeat(clouds(1, 1), 20, axis=0), Space.VISION)
    assert np.isfinite(made.fitted.places).all()
    assert (made.fitted.clusters == 0).all()


def test_what_is_alike_lies_together(fitted: Projector) -> None:
    assert fitted.method is Method.UMAP
    places = fitted.fitted.places.reshape(3, 60, 2)
    middles = places.mean(axis=1)
    within = np.linalg.norm(places - middles[:, None], axis=2).max()
    apart = min(np.linalg.norm(middles[a] - middles[b]) for a, b in ((0, 1), (0, 2), (1, 2)))
    assert apart > within


def test_clusters_are_of_the_space_and_the_largest_is_the_first(fitted: Projector) -> None:
    clusters = fitted.fitted.clusters.reshape(3, 60)
    assert not set(clusters[0]) & set(clusters[1])
    assert not set(clusters[1]) & set(clusters[2])
    sizes = np.bincount(fitted.fitted.clusters)
    assert (np.diff(sizes) <= 0).all()


def test_the_widest_direction_lies_level(fitted: Projector) -> None:
    spread = fitted.fitted.places.std(axis=0)
    assert spread[0] >= spread[1]


def test_further_vectors_are_placed_among_their_like(fitted: Projector) -> None:
    places = fitted.fitted.places.reshape(3, 60, 2)
    further = clouds(60) + np.float32(0.01)
    for cloud in range(3):
        found = fitted.place(unit(further[cloud * 60 : cloud * 60 + 5])).places.mean(axis=0)
        far = np.linalg.norm(places.mean(axis=1) - found, axis=1)
        assert int(far.argmin()) == cloud


def test_the_same_seed_gives_the_same_map_and_tells_its_rounds() -> None:
    told: list[tuple[int, int]] = []
    first = Projector(clouds(20), Space.COMPOSITION, tell=lambda *said: told.append(said))
    second = Projector(clouds(20), Space.COMPOSITION)
    assert np.array_equal(first.fitted.places, second.fitted.places)
    assert np.array_equal(first.fitted.clusters, second.fitted.clusters)
    assert told[-1][0] == told[-1][1] > 1
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_a_group_that_lies_far_away_comes_near_and_stays_as_it_is() -> None:
    rng = np.random.default_rng(0)
    main, far = rng.uniform(-1, 1, (400, 2)), rng.uniform(-0.1, 0.1, (6, 2)) + 50
    moved = draw_near(np.concatenate([far, main]).astype(np.float32))
    gaps = np.linalg.norm(moved[:6, None] - moved[None, 6:], axis=2)
    assert 0.2 < gaps.min() < 0.6
    assert np.allclose(moved[:6] - moved[0], far - far[0], atol=1e-4)
    assert np.allclose(moved[6:], main, atol=1e-6)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 10])
def test_points_in_one_place_or_on_a_line_have_no_groups(n: int) -> None:
    together = np.ones((n, 2), dtype=np.float32)
    assert np.array_equal(draw_near(together), together)
    line = np.stack([np.arange(n), np.arange(n)], axis=1).astype(np.float32)
    assert draw_near(line).shape == (n, 2)
    assert np.isfinite(draw_near(line)).all()


@pytest.mark.parametrize(
    "wrong",
    [{"n_neighbours": 1}, {"min_distance": 2.0}, {"max_fitted": 9, "max_points": 8}, {"seed": -1}],
)
def test_options_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        MapOptions(**wrong)  # type: ignore[arg-type]
