"""Pages around a story: every template draws, truth lies on the page, books are bound in order."""

from __future__ import annotations

import random

import numpy as np
import pytest

from longbox.book import PageType
from longbox.errors import ConfigError
from longbox.synthetic import Habit, draw_insert, plan_types, template_names

SIZE = (240, 340)
AROUND = [t for t in PageType if t not in (PageType.STORY, PageType.SPLASH)]


def art(rng: random.Random) -> np.ndarray:
    return np.full((50, 70, 3), rng.randrange(256), np.uint8)


def every_template() -> list[tuple[PageType, str]]:
    return [
        (kind, name)
        for kind in AROUND
        for held_out in (False, True)
        for name in template_names(kind, held_out=held_out)
    ]


@pytest.mark.parametrize(("kind", "name"), every_template())
def test_a_template_draws_a_page_with_its_truth_on_it(kind: PageType, name: str) -> None:
    made = draw_insert(kind, name, SIZE, art, random.Random(3))
    assert made.pixels.shape == (SIZE[1], SIZE[0], 3)
    assert made.page_type is kind
    assert made.panels
    for box in (p.box for p in made.panels):
        assert 0 <= box.x0 < box.x1 <= SIZE[0]
        assert 0 <= box.y0 < box.y1 <= SIZE[1]
    for text in made.texts:
        assert text.text.strip()
        assert text.box.y1 <= SIZE[1]
        assert text.box.covered_by(made.panels[0].box.__class__(0, 0, *SIZE)) > 0.8


@pytest.mark.parametrize("size", [SIZE, (240, 90), (160, 800)])
@pytest.mark.parametrize("kind", list(PageType))
def test_pages_composed_at_random_keep_their_truth_on_the_page(
    kind: PageType, size: tuple[int, int]
) -> None:
    for seed in range(5):
        made = draw_insert(kind, "mixed", size, art, random.Random(seed))
        assert made.pixels.shape == (size[1], size[0], 3)
        boxes = [*(p.box for p in made.panels), *(t.box for t in made.texts)]
        assert all(0 <= b.x0 < b.x1 and 0 <= b.y0 < b.y1 for b in boxes)
        assert all(b.x1 <= size[0] + 1 for b in (p.box for p in made.panels))
        assert all(b.y1 <= size[1] for b in boxes)


def test_the_same_seed_draws_the_same_page_and_another_does_not() -> None:
    one, two, other = (
        draw_insert(PageType.ADVERTISEMENT, "product", SIZE, art, random.Random(s))
        for s in (1, 1, 2)
    )
    assert np.array_equal(one.pixels, two.pixels)
    assert one.texts == two.texts
    assert not np.array_equal(one.pixels, other.pixels)


def test_held_out_templates_are_never_among_those_trained_with() -> None:
    for kind in AROUND:
        held = template_names(kind, held_out=True)
        assert len(held) == 1
        assert not set(held) & set(template_names(kind, held_out=False))
        assert template_names(kind, held_out=False)


@pytest.mark.parametrize(
    ("kind", "name"), [(PageType.STORY, "bleed"), (PageType.COVER, "no such template")]
)
def test_an_unknown_template_is_one_line(kind: PageType, name: str) -> None:
    with pytest.raises(ConfigError, match="no template"):
        draw_insert(kind, name, SIZE, art, random.Random(0))


@pytest.mark.parametrize("habit", list(Habit))
def test_every_habit_binds_a_book(habit: Habit) -> None:
    for seed in range(50):
        types = plan_types(habit, random.Random(seed))
        assert types
        assert PageType.SPLASH not in types


def test_an_issue_begins_with_its_cover_and_tells_a_story() -> None:
    for seed in range(20):
        types = plan_types(Habit.ISSUE, random.Random(seed))
        assert types[0] is PageType.COVER
        assert types.count(PageType.STORY) >= 8
