"""Reading order of texts inside a panel."""

from __future__ import annotations

import random

import pytest

from longbox.book import Direction, Panel, TextKind, TextRegion
from longbox.geometry import Box
from longbox.text import order_texts

PANEL = (Panel(Box(0, 0, 400, 300), 0, 1.0, "test"),)


def read(direction: Direction, **boxes: tuple[float, float, float, float]) -> str:
    texts = [
        TextRegion(Box(*box), name, 0.9, TextKind.DIALOGUE, "test", 0, 0)
        for name, box in boxes.items()
    ]
    random.Random(0).shuffle(texts)
    return "".join(t.text for t in order_texts(texts, PANEL, direction))


@pytest.mark.parametrize(("direction", "order"), [(Direction.LTR, "ABC"), (Direction.RTL, "BAC")])
def test_texts_at_one_height_start_from_the_side_of_the_book(
    direction: Direction, order: str
) -> None:
    placed = {"A": (10, 20, 110, 80), "B": (290, 12, 390, 70), "C": (150, 200, 250, 260)}
    assert read(direction, **placed) == order


def test_a_high_text_on_the_far_side_comes_before_a_low_one_on_the_near_side() -> None:
    assert read(Direction.LTR, A=(300, 10, 390, 60), B=(10, 200, 110, 260)) == "AB"


def test_texts_above_each_other_beside_a_tall_one_are_a_column() -> None:
    tall, upper, lower = (300, 10, 390, 290), (150, 20, 250, 120), (160, 160, 260, 280)
    assert read(Direction.RTL, A=tall, B=upper, C=lower) == "ABC"
    assert read(Direction.LTR, A=tall, B=upper, C=lower) == "BCA"


def test_texts_on_the_same_place_are_all_kept() -> None:
    same = (10.0, 10.0, 60.0, 40.0)
    assert sorted(read(Direction.LTR, A=same, B=same, C=same)) == ["A", "B", "C"]
    assert read(Direction.LTR, A=(5, 5, 5, 5)) == "A"


def test_a_strip_is_read_downwards_and_one_height_from_the_left() -> None:
    assert read(Direction.TTB, A=(300, 10, 390, 60), B=(10, 12, 90, 60), C=(5, 90, 50, 99)) == "BAC"
    assert read(Direction.TTB, A=(300, 10, 390, 60), B=(10, 70, 90, 120)) == "AB"


def test_order_does_not_depend_on_where_it_starts() -> None:
    rng = random.Random(1)
    for _ in range(30):
        boxes = []
        for _ in range(9):
            x, y = rng.uniform(0, 300), rng.uniform(0, 240)
            boxes.append(Box(x, y, x + rng.uniform(5, 99), y + rng.uniform(5, 60)))
        texts = [TextRegion(b, str(b), 0.9, TextKind.OTHER, "t", 0, 0) for b in boxes]
        orders = set()
        for _ in range(4):
            rng.shuffle(texts)
            orders.add(tuple(t.text for t in order_texts(texts, PANEL, Direction.RTL)))
        assert len(orders) == 1
        assert sorted(next(iter(orders))) == sorted(map(str, boxes))
