from __future__ import annotations

import pytest

from longbox.encoders.legible import is_legible, learned_scripts

ENGLISH = ["the", "cat", "##s", "[UNK]", *(f"##ab{i}" for i in range(30)), "は", "##は", "п", "ия"]


def by_character(text: str) -> list[tuple[int, int]]:
    return [(i, i + 1) for i in range(len(text))]


def test_script_of_lone_letters_is_not_learned() -> None:
    assert learned_scripts(ENGLISH) == {"LATIN"}
    assert learned_scripts([]) == frozenset()


def test_script_of_joined_letters_is_learned() -> None:
    russian = [f"и{chr(ord('а') + i)}" for i in range(30)]
    assert learned_scripts([*ENGLISH, *russian]) == {"LATIN", "CYRILLIC"}


def test_thousands_of_han_characters_are_learned_with_their_kana() -> None:
    scripts = learned_scripts([*ENGLISH, *(chr(0x4E00 + i) for i in range(2000))])
    assert scripts == {"LATIN", "CJK"}
    assert is_legible("猫は", by_character("猫は"), [False, False], scripts)


@pytest.mark.parametrize(("text", "expected"), [("猫", False), ("は", False), ("a", True)])
def test_lone_letters_are_read_in_learned_scripts_only(text: str, expected: bool) -> None:
    latin = frozenset({"LATIN"})
    assert is_legible(text, [(0, 1)], [False], latin) is expected
    assert is_legible(text, [(0, 1)], [False], None)


def test_unknown_symbols_do_not_count_but_unknown_words_do() -> None:
    spans = [(0, 1), (2, 4), (5, 7)]
    assert is_legible("♪ la la", spans, [True, False, False], None)
    assert not is_legible("猫 la la", spans, [True, False, False], None)
