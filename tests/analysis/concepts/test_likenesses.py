"""Likenesses of concepts: the numbers against naive ones, and what they are held against."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from longbox.analysis import Units
from longbox.analysis.concepts import (
    Concept,
    Level,
    LikenessOptions,
    Verdict,
    coherence,
    dendrogram,
    likenesses,
)
from longbox.analysis.concepts.comparing import comparable
from longbox.analysis.concepts.shifts import shift_against_all
from longbox.errors import ConfigError, ModelError, QueryError
from longbox.vectors import unit
from planted_shelves import PlantedShelf, planted_shelf, units_of

QUICK = LikenessOptions(n_draws=499, n_resampled=99)


def small_units(seed: int = 0, sizes: tuple[int, ...] = (7, 9, 5, 8, 11), d: int = 6) -> Units:
    rng = np.random.default_rng(seed)
    vectors = unit(rng.standard_normal((sum(sizes), d)) + 1)
    return units_of(vectors, np.arange(len(sizes)), np.array(sizes))


def random_members(units: Units, seed: int, share: float = 0.3) -> NDArray[np.bool_]:
    return np.random.default_rng(seed).random(units.n) < share


def centred(units: Units) -> NDArray[np.float32]:
    return unit(units.vectors - units.vectors.mean(axis=0))


def test_a_likeness_is_the_mean_over_pairs_of_different_books() -> None:
    units = small_units()
    a, b = random_members(units, 1), random_members(units, 2)
    found = likenesses(units, [Concept("a", a), Concept("b", b)], QUICK)
    x, own_a, own_b = centred(units), a & ~b, b & ~a
    dots = [
        x[i] @ x[j]
        for i, j in itertools.product(np.flatnonzero(own_a), np.flatnonzero(own_b))
        if units.book[i] != units.book[j]
    ]
    norms = [np.linalg.norm(x[own].mean(axis=0)) for own in (own_a, own_b)]
    assert found.values[0, 1] == pytest.approx(np.mean(dots) / norms[0] / norms[1], abs=1e-5)
    assert found.n_shared[0, 1] == (a & b).sum()
    assert found.pairs()[0].n_first == own_a.sum()


def test_without_common_books_a_likeness_is_the_cosine_of_the_means() -> None:
    units = small_units()
    a, b = units.book < 2, units.book >= 3
    found = likenesses(units, [Concept("a", a), Concept("b", b)], QUICK)
    means = unit(np.stack([centred(units)[own].mean(axis=0) for own in (a, b)]))
    assert found.values[0, 1] == pytest.approx(float(means[0] @ means[1]), abs=1e-5)


def test_shifted_sets_are_those_of_a_naive_shift() -> None:
    units = small_units(3, (10, 12, 11))
    a, b = random_members(units, 4, 0.4), random_members(units, 6, 0.4)
    shelf = comparable(units)
    shifted = shift_against_all(
        shelf,
        np.stack([a, b]),
        [Level.PARTS, Level.PARTS],
        0,
        (20_000, np.random.default_rng(0)),
    )
    x = shelf.vectors.astype(np.float64)
    sets, held = [], []
    for book in range(3):
        own = units.book == book
        held.append((x[own & b & ~a] - x[own & ~a].mean(axis=0)).sum(axis=0))
        free = np.flatnonzero(own & ~b)
        residuals = x[free] - x[free].mean(axis=0)
        sets.append([residuals[np.roll(a[free], k)].sum(axis=0) for k in range(free.size)])
        assert 0 < a[free].sum() < free.size
        assert (own & b & ~a).any()
    across = [sum(held) - one for one in held]
    everything = [
        sum(own @ other for own, other in zip(chosen, across, strict=True))
        for chosen in itertools.product(*sets)
    ]
    assert shifted.observed[1] == pytest.approx(everything[0], abs=1e-4)
    assert shifted.n_arrangements[1] == len(everything)
    drawn = shifted.draws[:, 1]
    assert drawn.mean() == pytest.approx(np.mean(everything), abs=0.05 * np.std(everything))
    assert drawn.std() == pytest.approx(np.std(everything), rel=0.03)
    gaps = np.abs(drawn[:500, None] - np.array(everything)).min(axis=1)
    assert gaps.max() < 1e-4  # every draw is one of the shifts


def planted(seed: int) -> tuple[Units, dict[str, NDArray[np.bool_]]]:
    """Plant two related ideas, a third, and pairs that share only books or only scenes."""
    shelf = planted_shelf(seed, n_works=20, dimension=64)
    idea = shelf.direction()
    members = {
        "magic": shelf.pages(0.15, shelf.some_books(40)),
        "spells": shelf.pages(0.15, shelf.some_books(40)),
        "cars": shelf.pages(0.15, shelf.some_books(40)),
    }
    shelf.plant(members["magic"], idea, 0.9)
    shelf.plant(members["spells"], shelf.direction_near(idea, 0.8), 0.9)
    shelf.plant(members["cars"], shelf.direction(), 0.9)
    few = np.flatnonzero(shelf.works < 3)
    members |= {f"books {i}": shelf.pages(0.3, few) for i in range(2)}
    scenes, even = shelf.pages(0.3, shelf.some_books(20), run=8), np.arange(shelf.n) % 2 == 0
    members |= {"scenes 0": scenes & even, "scenes 1": scenes & ~even}
    return shelf.units(), members


def test_planted_relations_are_found_and_confounds_are_not_claimed() -> None:
    n_wrong = n_right = n_incoherent = 0
    for seed in range(8):
        units, members = planted(seed)
        concepts = [Concept(name, chosen) for name, chosen in members.items()]
        found = likenesses(units, concepts, LikenessOptions(n_draws=499, n_resampled=99, seed=seed))
        for pair in found.pairs():
            is_claimed = pair.verdict in (Verdict.ALIKE, Verdict.LESS_ALIKE)
            if {pair.first, pair.second} == {"magic", "spells"}:
                n_right += pair.verdict is Verdict.ALIKE
            else:
                n_wrong += is_claimed
        says = {one.name: one.verdict for one in found.coherences}
        assert says["magic"] is says["cars"] is Verdict.ALIKE
        n_incoherent += sum(
            says[f"{kind} {i}"] is Verdict.ALIKE for kind in ("books", "scenes") for i in (0, 1)
        )
    assert n_right >= 7
    assert n_wrong <= 4  # of 160, none of them related
    assert n_incoherent <= 5  # of 32


def test_p_of_unrelated_incoherent_sets_is_as_often_small_as_it_says() -> None:
    p = []
    for seed in range(12):
        shelf = planted_shelf(seed, n_works=8, dimension=32, pages=20)
        chosen = [shelf.pages(0.2, run=5) for _ in range(6)]
        concepts = [Concept(str(i), members) for i, members in enumerate(chosen)]
        options = LikenessOptions(n_draws=199, n_resampled=99, with_coherence=False, seed=seed)
        found = likenesses(shelf.units(), concepts, options)
        p += [pair.p_sets for pair in found.pairs()]
    told = np.array(p, dtype=np.float64)
    assert told.size == 180
    assert (told <= 0.05).mean() <= 0.1
    assert (told <= 0.5).mean() > 0.2  # it is a test, not a constant


def test_ideas_that_avoid_each_other_are_not_called_less_alike() -> None:
    """Units of both are left out, so what is left of one avoids the other: no news."""
    n_claimed = 0
    for seed in range(6):
        shelf = planted_shelf(seed, n_works=15, dimension=48)
        first, second = shelf.pages(0.4), shelf.pages(0.4)
        shelf.plant(first, shelf.direction(), 0.9)
        shelf.plant(second, shelf.direction(), 0.9)
        options = LikenessOptions(n_draws=199, n_resampled=99, with_coherence=False, seed=seed)
        found = likenesses(shelf.units(), [Concept("a", first), Concept("b", second)], options)
        assert found.n_shared[0, 1] > 50
        n_claimed += found.verdicts[0][1] is not Verdict.NOT_TOLD_APART
    assert n_claimed <= 1


def works_shelf(seed: int) -> tuple[PlantedShelf, dict[str, NDArray[np.bool_]]]:
    shelf = planted_shelf(seed, n_works=60, dimension=64, pages=10)
    genre = shelf.direction()
    members = {
        "swords": shelf.whole(np.arange(3)),
        "sorcery": shelf.whole(np.arange(3, 6)),
        "others": shelf.whole(np.arange(6, 9)),
    }
    shelf.plant(members["swords"], genre, 1.5)
    shelf.plant(members["sorcery"], shelf.direction_near(genre, 0.9), 1.5)
    return shelf, members


def test_whole_books_are_compared_with_random_works() -> None:
    n_right = n_wrong = 0
    for seed in range(3):
        shelf, members = works_shelf(seed)
        concepts = [Concept(name, chosen) for name, chosen in members.items()]
        found = likenesses(shelf.units(), concepts, LikenessOptions(seed=seed, n_resampled=99))
        assert set(found.levels) == {Level.BOOKS}
        says = {frozenset((p.first, p.second)): p.verdict for p in found.pairs()}
        n_right += says.pop(frozenset(("swords", "sorcery"))) is Verdict.ALIKE
        n_wrong += sum(v in (Verdict.ALIKE, Verdict.LESS_ALIKE) for v in says.values())
        assert found.coherences[0].verdict is Verdict.ALIKE
    assert n_right >= 2
    assert n_wrong <= 1


def test_one_book_cannot_tell_anything() -> None:
    units = small_units()
    one = units.book == 0
    concepts = [
        Concept("head", one & (units.page_index < 3)),
        Concept("tail", one & (units.page_index > 4)),
    ]
    found = likenesses(units, concepts, QUICK)
    pair = found.pairs()[0]
    assert pair.verdict is Verdict.ONE_BOOK
    assert not pair.verdict.is_told
    assert (pair.value, pair.low, pair.p_sets, pair.q) == (None, None, None, None)
    assert found.coherences[0].verdict is Verdict.ONE_BOOK
    assert coherence(units, concepts[0]).p is None
    with pytest.raises(QueryError, match="no two of these concepts"):
        dendrogram(found)


def test_too_few_works_cannot_tell_anything() -> None:
    units = small_units()
    concepts = [Concept("a", units.book == 0), Concept("b", units.book == 1)]
    pair = likenesses(units, concepts, QUICK).pairs()[0]
    assert pair.verdict is Verdict.TOO_FEW
    assert pair.value is not None
    assert pair.p_sets is pair.q is None


def test_the_same_seed_gives_the_same_answer_and_another_does_not() -> None:
    units, members = planted(0)
    concepts = [Concept(name, chosen) for name, chosen in members.items()][:3]
    first, again, other = (
        likenesses(units, concepts, LikenessOptions(n_draws=199, n_resampled=99, seed=seed))
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first.p_sets, again.p_sets, equal_nan=True)
    assert np.array_equal(first.low, again.low, equal_nan=True)
    assert np.array_equal(first.values, other.values, equal_nan=True)
    assert not np.array_equal(first.low, other.low, equal_nan=True)


def test_values_lie_in_their_intervals_and_say_what_was_drawn() -> None:
    units, members = planted(1)
    one_book = np.zeros(units.n, dtype=np.bool_)
    one_book[np.flatnonzero(units.book == 4)[:4]] = True
    concepts = [Concept("magic", members["magic"]), Concept("cars", members["cars"])]
    found = likenesses(units, [*concepts, Concept("one book", one_book)], QUICK)
    assert found.drawn_by == ("book", "book", "unit")
    for pair in found.pairs():
        assert pair.low is not None
        assert pair.high is not None
        assert -1 <= pair.low < pair.value < pair.high <= 1  # type: ignore[operator]
    assert found.n.tolist() == [c.sum() for c in (members["magic"], members["cars"], one_book)]
    assert (found.n_units, found.n_known) == (units.n, units.n)


def test_a_tree_puts_related_ideas_together_and_says_how_surely() -> None:
    units, members = planted(2)
    alone = np.zeros(units.n, dtype=np.bool_)
    alone[np.flatnonzero(units.book == 0)[:3]] = True
    beside = np.zeros(units.n, dtype=np.bool_)
    beside[np.flatnonzero(units.book == 0)[4:6]] = True
    names = ("magic", "cars", "spells")
    concepts = [Concept(name, members[name]) for name in names]
    concepts += [Concept("alone", alone), Concept("beside", beside)]
    tree = dendrogram(likenesses(units, concepts, QUICK))
    assert tree.left_out in (("alone",), ("beside",))
    leaves = [tree.names[leaf] for leaf in tree.order]
    assert abs(leaves.index("magic") - leaves.index("spells")) == 1
    first = {tree.names[int(leaf)] for leaf in tree.merges[0, :2]}
    assert first == {"magic", "spells"}
    assert tree.supports[0] > 0.9
    assert tree.supports[-1] == 1.0  # all leaves are under the last merge in every draw


def test_what_cannot_be_compared_is_refused() -> None:
    units = small_units()
    some = Concept("some", units.book == 0)
    with pytest.raises(QueryError, match="1 concepts; give 2 to"):
        likenesses(units, [some])
    with pytest.raises(QueryError, match="none of it has a vision vector"):
        likenesses(units, [some, Concept("none", np.zeros(units.n, dtype=np.bool_))])
    with pytest.raises(QueryError, match="select it again"):
        likenesses(units, [some, Concept("other", np.ones(3, dtype=np.bool_))])
    with pytest.raises(ModelError, match="members must be bool"):
        Concept("numbers", np.zeros(3))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="at least 99"):
        LikenessOptions(n_draws=5)
    with pytest.raises(QueryError, match="no pages have"):
        comparable(units.taken(np.zeros(units.n, dtype=np.bool_)))


def test_units_of_a_book_must_follow_each_other() -> None:
    units = small_units(sizes=(3, 3))
    mixed = np.array([0, 1, 0, 1, 0, 1], dtype=np.int32)
    with pytest.raises(ModelError, match="must follow each other"):
        comparable(replace(units, book=mixed))


def test_of_a_concept_and_its_part_nothing_is_left_to_compare() -> None:
    units, members = planted(3)
    part = members["magic"] & (np.arange(units.n) % 2 == 0)
    found = likenesses(units, [Concept("all", members["magic"]), Concept("some", part)], QUICK)
    assert found.verdicts[0][1] is found.verdicts[1][0] is Verdict.CONTAINED
    assert found.pairs()[0].value is None
    assert found.pairs()[0].n_second == 0
