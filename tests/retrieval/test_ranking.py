"""Fusing lists, and how far apart two hashes are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longbox.retrieval.ranking import RankedList, fuse, hamming


def ranked(name: str, *items: int, weight: float = 1.0) -> RankedList:
    return RankedList(name, items, [1.0 / (i + 1) for i in range(len(items))], weight)


def test_no_lists_no_candidates() -> None:
    assert fuse([], lambda item: item) == []
    assert fuse([ranked("text")], lambda item: item) == []


@given(st.lists(st.integers(0, 1000), unique=True, max_size=30))
def test_single_list_keeps_its_order(items: list[int]) -> None:
    assert [c.key for c in fuse([ranked("vision", *items)], lambda i: i)] == items


def test_agreement_beats_one_first_place() -> None:
    fused = fuse([ranked("text", 1, 2), ranked("vision", 3, 2)], lambda i: i)
    assert fused[0].key == 2
    assert {name: m.rank for name, m in fused[0].matched.items()} == {"text": 2, "vision": 2}


def test_weight_decides_between_lists() -> None:
    fused = fuse([ranked("text", 1), ranked("vision", 2, weight=2.0)], lambda i: i)
    assert [c.key for c in fused] == [2, 1]


def test_weight_too_small_for_a_share_still_names_its_item() -> None:
    (candidate,) = fuse([ranked("text", 7, weight=1e-323)], lambda i: i)
    assert candidate.best_item == 7


def test_page_is_as_good_as_its_best_panel() -> None:
    # Panels 10..14 are page 1, panel 20 is page 2.
    fused = fuse([ranked("text", 20, 10, 11, 12, 13, 14)], lambda i: i // 10)
    assert [c.key for c in fused] == [2, 1]
    assert fused[1].best_item == 10
    assert fused[1].matched["text"].rank == 2


def test_page_gathers_support_from_different_panels() -> None:
    fused = fuse([ranked("text", 20, 10), ranked("vision", 30, 11)], lambda i: i // 10)
    assert fused[0].key == 1


@pytest.mark.parametrize(("a", "b", "bits"), [("00", "00", 0), ("ff", "00", 8), ("0f", "0e", 1)])
def test_hamming(a: str, b: str, bits: int) -> None:
    assert hamming(a, b) == bits
