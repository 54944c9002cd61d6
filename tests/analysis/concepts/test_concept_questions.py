"""Closer than, near to, forms a cluster: questions about concepts, and the first four together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import silhouette_samples

from longbox.analysis import Units
from longbox.analysis.concepts import (
    RED_SONJA,
    SELECTIONS,
    Concept,
    LikenessOptions,
    NeighbourOptions,
    Questions,
    arithmetic,
    ask,
    closer,
    form_clusters,
    neighbours,
    parse_spec,
)
from longbox.analysis.concepts.book_clusters import silhouettes
from longbox.errors import QueryError
from longbox.vectors import Space, unit
from planted_shelves import PlantedShelf, planted_shelf, units_of


def pages_shelf(seed: int) -> tuple[PlantedShelf, dict[str, NDArray[np.bool_]]]:
    shelf = planted_shelf(seed, n_works=20, dimension=64)
    idea = shelf.direction()
    members = {
        name: shelf.pages(0.15, shelf.some_books(40)) for name in ("magic", "spells", "cars")
    }
    shelf.plant(members["magic"], idea, 0.9)
    shelf.plant(members["spells"], shelf.direction_near(idea, 0.7), 0.9)
    shelf.plant(members["cars"], shelf.direction(), 0.9)
    return shelf, members


def test_the_related_idea_is_the_closer_one() -> None:
    for seed in range(3):
        shelf, members = pages_shelf(seed)
        concepts = [Concept(name, chosen) for name, chosen in members.items()]
        found = closer(shelf.units(), *concepts, seed=seed)
        assert found.closer_to == "spells"
        assert found.verdict == "closer to spells"
        assert found.exchanged == "work"
        assert found.within_books
        assert found.low is not None
        assert found.low > 0
        swapped = closer(shelf.units(), concepts[0], concepts[2], concepts[1], seed=seed)
        assert swapped.closer_to == "spells"


def test_two_halves_of_one_idea_are_not_told_apart_more_often_than_said() -> None:
    n_claimed = 0
    for seed in range(30):
        shelf = planted_shelf(seed, n_works=14, dimension=32, pages=12)
        idea = shelf.direction()
        first, other = shelf.pages(0.2), shelf.pages(0.3)
        shelf.plant(first, idea, 0.8)
        shelf.plant(other, shelf.direction_near(idea, 0.5), 0.8)
        half = (shelf.rng.random(len(shelf.sizes)) < 0.5)[shelf.book]
        halves = Concept("one", other & half), Concept("two", other & ~half)
        found = closer(shelf.units(), Concept("idea", first), *halves, seed=seed)
        n_claimed += found.closer_to is not None
    assert n_claimed <= 4


def genres(seed: int, n_of_each: int) -> tuple[Units, list[Concept]]:
    """Make three genres, the second near the first."""
    shelf = planted_shelf(seed, n_works=40, dimension=48, pages=10)
    idea = shelf.direction()
    directions = (idea, shelf.direction_near(idea, 0.8), shelf.direction())
    concepts = []
    for i, (name, direction) in enumerate(
        zip(("Red Sonja", "Conan", "Batman"), directions, strict=True)
    ):
        chosen = shelf.whole(np.arange(i * n_of_each, (i + 1) * n_of_each))
        shelf.plant(chosen, direction, 1.5)
        concepts.append(Concept(name, chosen))
    return shelf.units(), concepts


def test_series_are_exchanged_as_works_where_there_are_enough() -> None:
    units, concepts = genres(0, 4)
    found = closer(units, *concepts)
    assert (found.exchanged, found.n_arrangements) == ("work", 70)
    assert found.closer_to == "Conan"
    assert found.p is not None
    assert found.p >= 2 / 70
    assert found.n_other_works == 28
    assert found.n_nearer_than_second is not None
    assert found.n_nearer_than_third is not None
    assert found.n_nearer_than_second < found.n_nearer_than_third


def test_of_two_series_books_are_exchanged_and_the_verdict_says_so() -> None:
    units, concepts = genres(1, 1)
    own = [int(c.members[np.flatnonzero(c.members)[0]]) for c in concepts]
    assert own == [1, 1, 1]
    found = closer(units, *concepts)
    if found.n_arrangements < 40:
        assert found.p is None
        assert found.verdict.startswith("cannot be told")
    else:
        assert found.exchanged == "book"
        assert found.verdict.endswith("(as far as these works go)") or found.closer_to is None


def test_two_books_cannot_be_exchanged() -> None:
    rng = np.random.default_rng(0)
    units = units_of(unit(rng.standard_normal((15, 4))), np.arange(3), np.array([5, 5, 5]))
    found = closer(units, *(Concept(str(b), units.book == b) for b in range(3)))
    assert found.p is None
    assert found.closer_to is None
    assert found.n_arrangements == 2
    assert found.verdict.startswith("cannot be told")
    assert found.difference is not None


def test_units_of_two_concepts_leave_none_to_compare() -> None:
    rng = np.random.default_rng(0)
    units = units_of(unit(rng.standard_normal((15, 4))), np.arange(3), np.array([5, 5, 5]))
    same = Concept("same", units.book == 0)
    with pytest.raises(QueryError, match="none of it has"):
        closer(units, same, replace(same, name="again"), Concept("other", units.book == 2))


def test_neighbours_are_the_nearest_that_are_no_members() -> None:
    shelf, members = pages_shelf(0)
    units = shelf.units()
    concept = Concept("magic", members["magic"])
    anywhere = NeighbourOptions(k=25, outside_own_books=False)
    found = neighbours(units, concept, anywhere)
    x = unit(units.vectors - units.vectors.mean(axis=0))
    scores = x @ unit(x[concept.members].mean(axis=0))
    scores[concept.members] = -9
    assert found.at.tolist() == np.argsort(-scores, kind="stable")[:25].tolist()
    assert found.scores == pytest.approx(np.sort(scores)[::-1][:25], abs=1e-5)
    assert found.rows.tolist() == units.rows[found.at].tolist()
    assert (found.n_members, found.n_candidates) == (concept.n, units.n - concept.n)
    outside = neighbours(units, concept, NeighbourOptions(k=25))
    assert not np.isin(units.book[outside.at], units.book[concept.members]).any()
    one_each = neighbours(units, concept, replace(anywhere, most_of_a_book=1))
    assert len(set(units.book[one_each.at].tolist())) == one_each.at.size == 25


def test_what_was_added_is_near_and_what_was_taken_away_is_not() -> None:
    shelf, members = pages_shelf(1)
    both = shelf.pages(0.1, shelf.some_books(30))
    ideas = [shelf.direction(), shelf.direction()]
    night, rain = (shelf.pages(0.15, shelf.some_books(40)) for _ in range(2))
    shelf.plant(night | both, ideas[0], 1.5)
    shelf.plant(rain | both, ideas[1], 1.5)
    units = shelf.units()
    options = NeighbourOptions(k=20, outside_own_books=False)
    a, b = Concept("night", night & ~both), Concept("rain", rain & ~both)
    added = arithmetic(units, [(1, a), (1, b)], options)
    assert added.of == "night + rain"
    assert both[added.at].mean() > 0.7
    less = arithmetic(units, [(1, Concept("both", both)), (-1, b)], options)
    assert less.of == "both - rain"
    assert (a.members & ~rain)[less.at].mean() > 0.7
    assert not members["magic"][added.at].all()


def test_sums_that_are_nothing_are_refused() -> None:
    shelf, members = pages_shelf(0)
    units, magic = shelf.units(), Concept("magic", members["magic"])
    with pytest.raises(QueryError, match="cancel out"):
        arithmetic(units, [(1, magic), (-1, magic)])
    with pytest.raises(QueryError, match="nothing to add up"):
        arithmetic(units, [])
    with pytest.raises(QueryError, match="no vector in this space"):
        neighbours(units, Concept("none", np.zeros(units.n, dtype=np.bool_)))


def test_in_euclidean_spaces_a_concept_is_a_point() -> None:
    shelf, members = pages_shelf(0)
    units = replace(shelf.units(), space=Space.COMPOSITION)
    concept = Concept("magic", members["magic"])
    found = neighbours(units, concept, NeighbourOptions(k=5, outside_own_books=False))
    away = np.linalg.norm(units.vectors - units.vectors[concept.members].mean(axis=0), axis=1)
    away[concept.members] = np.inf
    assert found.at.tolist() == np.argsort(away, kind="stable")[:5].tolist()
    assert found.scores == pytest.approx(1 / (1 + np.sort(away)[:5]), abs=1e-5)


def test_silhouettes_of_many_sets_are_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    points = rng.standard_normal((12, 3))
    distances = np.linalg.norm(points[:, None] - points, axis=2)
    chosen = np.stack([rng.permutation(12) < 4 for _ in range(5)])
    naive = [
        silhouette_samples(distances, row.astype(int), metric="precomputed")[row].mean()
        for row in chosen
    ]
    assert silhouettes(distances, chosen) == pytest.approx(naive)


def test_planted_genres_form_a_cluster_and_random_works_do_not() -> None:
    p = []
    for seed in range(20):
        units, concepts = genres(seed, 4)
        shelf_books = [int(line.series.split()[1]) for line in units.books]  # type: ignore[union-attr]
        random = np.isin(np.array(shelf_books)[units.book], np.arange(20, 24))
        planted, nothing = form_clusters(
            units, [concepts[0], Concept("random", random)], seed=seed, n_draws=199
        )
        assert planted.verdict == "a cluster"
        assert (planted.points, planted.n) == ("work", 4)
        assert planted.silhouette is not None
        assert planted.expected is not None
        assert planted.silhouette > planted.expected
        p.append(nothing.p)
    assert sum(one <= 0.05 for one in p if one is not None) <= 4


def test_a_set_of_one_series_says_only_that_it_is_like_itself() -> None:
    units, _ = genres(2, 1)
    series = [line.series for line in units.books]
    name = max(set(series), key=series.count)
    chosen = np.array([one == name for one in series])[units.book]
    found = form_clusters(units, [Concept("series", chosen)])[0]
    assert found.points == "book"
    assert found.n == series.count(name)
    assert found.verdict == "a cluster (of one work: it is like itself)"


def test_sets_that_cannot_be_asked_about() -> None:
    rng = np.random.default_rng(0)
    units = units_of(unit(rng.standard_normal((15, 4))), np.arange(3), np.array([5, 5, 5]))
    found = form_clusters(units, [Concept("one book", units.book == 0)])[0]
    assert (found.silhouette, found.p, found.q) == (None, None, None)
    assert found.verdict.startswith("cannot be told")
    with pytest.raises(QueryError, match="not whole books"):
        form_clusters(units, [Concept("first pages", units.page_index == 0)])


def test_the_first_four_questions_are_asked_at_once() -> None:
    assert [parse_spec(text).name for text in SELECTIONS] == [
        *dict.fromkeys([*RED_SONJA.closer[0], "Dracula", "Vampirella", "Moon Knight"]),
        "zombie stories",
    ]
    shelf = planted_shelf(5, n_works=60, dimension=48, pages=10)
    names = RED_SONJA.names()
    assert len(names) == 7
    sword, night, dead = (shelf.direction() for _ in range(3))
    planted = {
        "Red Sonja": sword,
        "Conan": sword,
        "Dracula": night,
        "Vampirella": night,
        "zombie stories": dead,
    }
    members = {name: shelf.whole(np.arange(4 * i, 4 * i + 4)) for i, name in enumerate(names)}
    for name, direction in planted.items():
        shelf.plant(members[name], direction, 1.8)
    concepts = [Concept(name, members[name]) for name in names]
    answers = ask(shelf.units(), concepts, RED_SONJA, LikenessOptions(n_resampled=99))
    assert answers.closer[0].closer_to == "Conan"
    assert answers.clusters[0].verdict == "a cluster"
    assert answers.likenesses is not None
    says = {frozenset((p.first, p.second)): p for p in answers.likenesses.pairs()}
    assert says[frozenset(("Dracula", "Vampirella"))].q <= 0.05  # type: ignore[operator]
    assert says[frozenset(("Batman", "Moon Knight"))].q > 0.05  # type: ignore[operator]
    with pytest.raises(QueryError, match="Moon Knight: no such concept"):
        ask(shelf.units(), concepts[:5], Questions(alike=(("Batman", "Moon Knight"),)))
